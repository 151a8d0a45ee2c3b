"""What the documents and the sample configuration claim is what the code does."""

from __future__ import annotations

import base64
import itertools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
import yaml
from pydantic import BaseModel
from starlette.routing import Route

from newsbot import bootstrap, platforms, settings
from newsbot.cli import build
from newsbot.core import commands, model
from newsbot.platforms.slack import inbound
from newsbot.platforms.slack.install import SCOPES
from newsbot.procs import runtime, web
from newsbot.settings import Settings
from newsbot.store.ledger.account import STATES
from newsbot.telemetry import Metrics

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
SAMPLE = ROOT / "newsbot" / "cli" / "sample" / "newsbot.toml"
MANIFEST = yaml.safe_load((ROOT / "config" / "slack-manifest.yaml").read_text("utf-8"))

LISTS = ("source", "person")
NOT_KEYS = {"platforms", "redis_url", "file"}  # filled in by the loader

KEY_LINE = re.compile(r"^#(?=\[\[|[a-z_]+ = )", re.MULTILINE)
"""A commented-out key has no blank after its `#`; prose has one."""


def sections() -> dict[str, type[BaseModel]]:
    """Every section's model by name; the platforms bring theirs."""
    found: dict[str, type[BaseModel]] = {
        name: field.annotation
        for name, field in Settings.model_fields.items()
        if name not in {*NOT_KEYS, *LISTS} and isinstance(field.annotation, type)
    }
    found |= {"source": settings.SourceSection, "person": settings.PersonSection}
    return found | {name: platforms.load(name).Settings for name in platforms.PLATFORMS}


def leaves(command: Any, *before: str) -> Iterator[tuple[str, list[str]]]:
    """("newsbot stories show", its long options), for every command that can be typed; hidden options left out."""
    children = getattr(command, "commands", None)
    if children is None or getattr(command, "invoke_without_command", False):
        names = [name for p in command.params if not getattr(p, "hidden", False) for name in p.opts]
        yield " ".join(before), [name for name in names if name.startswith("--") and name != "--help"]
    for name, child in (children or {}).items():
        yield from leaves(child, *before, name)


def terminal() -> list[tuple[str, list[str]]]:
    """Every command of the terminal."""
    return list(leaves(typer.main.get_command(build()), "newsbot"))


@pytest.mark.parametrize(("command", "options"), terminal())
def test_readme_has_every_terminal_command_with_its_options(command: str, options: list[str]) -> None:
    rows = re.findall(rf"^\| `{re.escape(command)}(?= [A-Z\[]|`)([^`]*)`", README, re.MULTILINE)
    assert rows, f"no row for `{command}`"
    assert sorted(re.findall(r"--[a-z-]+", rows[0])) == sorted(options)


def test_readme_names_no_command_that_does_not_exist() -> None:
    known = {command.split()[1] for command, _ in terminal()} | {"subscribers"}
    named = set(re.findall(r"(?:`|^ {4,})newsbot ([a-z]+)", README, re.MULTILINE))
    assert named <= known


@pytest.mark.parametrize("verb", [verb for verb in commands.VERBS if not verb.button_only], ids=lambda verb: verb.name)
def test_readme_has_every_verb_with_its_words_and_role(verb: commands.Verb) -> None:
    row = re.search(rf"^\| `/{verb.name}\b.*$", README, re.MULTILINE)
    assert row, f"no row for /{verb.name}"
    _, _, korean, role, *_ = re.split(r"(?<!\\)\|", row[0])
    assert [word.strip() for word in korean.split(",") if word.strip()] == list(verb.korean)
    assert role.strip() == verb.role.value


def test_the_korean_readme_has_the_same_commands_verbs_and_keys() -> None:
    korean = (ROOT / "README.ko.md").read_text("utf-8")
    row = re.compile(r"^\| `(/[a-z/]+|newsbot [a-z]+(?: [a-z]+)?|\[+[a-z]+\]+ [a-z_]+|[A-Z_]+)", re.MULTILINE)
    names = [row.findall(text) for text in (README, korean)]
    assert len(names[0]) > 80
    assert names[0] == names[1]
    held = [sorted(re.findall(r": `([a-z ]+)`", text)) for text in (README, korean)]
    assert held[0] == held[1]
    options = [sorted(re.findall(r"--[a-z-]+", text)) for text in (README, korean)]
    assert set(options[0]) == set(options[1])


def test_readme_names_every_environment_variable() -> None:
    variables = {name for platform in platforms.PLATFORMS for name in platforms.load(platform).VARIABLES}
    for name in variables | {"REDIS_URL", "PORT", *settings.OWN_VARIABLES}:
        assert f"`{name}`" in README, name


async def test_readme_names_every_http_path_and_no_other() -> None:
    environ = {
        "TELEGRAM_BOT_TOKEN": "1:x",
        "TELEGRAM_WEBHOOK_URL": "https://example.com/telegram/webhook",
        "TELEGRAM_WEBHOOK_SECRET": "x",
        "SLACK_BOT_TOKEN": "x",
        "SLACK_SIGNING_SECRET": "x",
        "SLACK_CLIENT_ID": "1.2",
        "SLACK_CLIENT_SECRET": "x",
        "SLACK_TOKEN_KEY": base64.b64encode(bytes(32)).decode(),
    }
    async with runtime.process(bootstrap.read_settings(environ), "redis://127.0.0.1:1", environ) as process:
        paths = {route.path for route in web.app(process).routes if isinstance(route, Route)}
    table = README.partition("\n## HTTP\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(/[^`]*)`", table, re.MULTILINE)) == paths


def test_readme_names_every_metric() -> None:
    for metric in Metrics().registry.collect():
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        assert f"`{name}`" in README, name


@pytest.mark.parametrize("section", sections())
def test_readme_and_config_file_have_every_key(section: str) -> None:
    head = f"[[{section}]]" if section in LISTS else f"[{section}]"
    sample = SAMPLE.read_text("utf-8")
    part = re.split(r"^#?\[", sample.partition(f"{head}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    keys = [*sections()[section].model_fields, *(platforms.PLATFORMS if section == "person" else ())]
    assert re.findall(r"^#([a-z_]+) = ", part, re.MULTILINE) == keys
    assert re.findall(rf"^\| `{re.escape(head)} ([a-z_]+)` \|", README, re.MULTILINE) == keys


@pytest.mark.parametrize("name", ["newsbot.toml", "slack-manifest.yaml"])
def test_the_packaged_sample_is_the_config_as_it_comes(name: str) -> None:
    ours = ["git", "diff", "--quiet", "HEAD", "--", f"config/{name}", f"newsbot/cli/sample/{name}"]
    if subprocess.run(ours, cwd=ROOT, check=False).returncode:
        pytest.skip(f"config/{name} was changed here, by `newsbot init` or by hand")
    assert (SAMPLE.parent / name).read_bytes() == (ROOT / "config" / name).read_bytes()


def test_config_file_as_it_is_means_the_defaults() -> None:
    found = bootstrap.read_settings({"NEWSBOT_CONFIG": str(SAMPLE)})
    assert found == Settings(platforms={name: {} for name in platforms.PLATFORMS}, file=str(SAMPLE))


def test_config_file_with_every_key_switched_on_says_the_defaults(tmp_path: Path) -> None:
    loud = tmp_path / "newsbot.toml"
    loud.write_text(KEY_LINE.sub("", SAMPLE.read_text("utf-8")), "utf-8")
    found = bootstrap.read_settings({"NEWSBOT_CONFIG": str(loud)})
    plain = Settings()
    assert len(found.source) == 1
    assert bootstrap.people(found, "config")[0].roles == {model.Role.EDITOR, model.Role.ON_CALL}
    for name in Settings.model_fields.keys() - {*NOT_KEYS, *LISTS}:
        assert getattr(found, name) == getattr(plain, name), name
    for name in platforms.PLATFORMS:
        assert bootstrap.platform_settings(name, found, {}) == platforms.load(name).Settings()


def test_every_key_of_the_config_file_has_a_comment_above_it() -> None:
    lines = SAMPLE.read_text("utf-8").splitlines()
    for above, line in itertools.pairwise(lines):
        if KEY_LINE.match(line) and not line.startswith("#[["):
            assert above.startswith("# "), line


def test_slack_manifest_asks_for_exactly_what_the_code_uses() -> None:
    assert MANIFEST["oauth_config"]["scopes"]["bot"] == list(SCOPES)
    assert set(SCOPES) == {
        "app_mentions:read",  # app_mention
        "chat:write",  # chat.postMessage, chat.postEphemeral, chat.update, chat.delete
        "commands",  # /news
        "channels:read",  # conversations.info, .list, .members and membership events of public channels
        "groups:read",  # the same for private channels
        "im:history",  # message.im
        "im:write",  # conversations.open
        "users:read",  # users.info
    }
    assert set(MANIFEST["settings"]["event_subscriptions"]["bot_events"]) == inbound.CLOSED | {
        *("member_joined_channel", "member_left_channel", "message.im", "app_mention", "app_home_opened"),
        *("app_uninstalled", "tokens_revoked"),  # Listener._notice
    }
    assert MANIFEST["settings"]["socket_mode_enabled"] is True
    assert MANIFEST["settings"]["interactivity"]["is_enabled"] is True
    assert [command["command"] for command in MANIFEST["features"]["slash_commands"]] == ["/news"]
    assert MANIFEST["features"]["app_home"]["messages_tab_enabled"] is True
    assert MANIFEST["features"]["app_home"]["home_tab_enabled"] is True


def test_procfile_names_commands_that_exist() -> None:
    known = {command for command, _ in terminal()}
    started = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text("utf-8").splitlines())
    assert started.keys() == {"web", "watcher", "worker"}
    assert set(started.values()) <= known


def test_contributing_explains_the_words_of_the_code() -> None:
    words = CONTRIBUTING.partition("\n## Words\n")[2].partition("\n## ")[0]
    outcomes = [kind.__name__ for kind in get_args(model.Outcome)]
    states = [*STATES.values(), *get_args(model.SubscriberState)]
    for word in [
        *outcomes,
        *states,
        *model.Urgency,
        *model.Role,
        *(row for row in model.StoryState.__args__ if row == "held"),
    ]:
        assert word in words, word


def test_documents_link_to_files_that_exist() -> None:
    for document in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs" / "decisions").glob("*.md")]:
        for path in re.findall(r"`((?:newsbot|config|docs|tests)/[A-Za-z0-9_./-]+)`", document.read_text("utf-8")):
            assert (ROOT / path).exists(), f"{document.name}: {path}"


# --- what must stand nowhere ----------------------------------------------------------------------------------------

MACHINE = re.compile(r"(?<![\w.~-])/(?:root|home|work|Users)/")
SECRET = re.compile(
    r"\b\d{6,12}:[A-Za-z0-9_-]{30,}|\bx(?:ox[a-z]|app)-[A-Za-z0-9-]{8,}|-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[A-Z0-9]{16}\b"
)
MADE_UP = re.compile(r"sandbox|canary|example|wrong|(?i:no_value)")
"""Tokens of the stand-ins and of tests say that they are none."""


def texts() -> Iterator[tuple[str, str]]:
    """(path, text) of every file that is, or would be, committed."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("no git, or no checkout")
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and not path.is_symlink():
            try:
                yield name, path.read_text("utf-8")
            except UnicodeDecodeError:
                continue  # a picture


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    found = [f"{name}: {hit[0]}" for name, text in texts() for hit in MACHINE.finditer(text) if name != own()]
    assert not found


def test_no_file_holds_what_looks_like_a_secret() -> None:
    found = [
        f"{name}: {hit[0][:12]}…"
        for name, text in texts()
        for hit in SECRET.finditer(text)
        if not MADE_UP.search(hit[0])
    ]
    assert not found


def own() -> str:
    """This file, which has to write the patterns down."""
    return Path(__file__).relative_to(ROOT).as_posix()
