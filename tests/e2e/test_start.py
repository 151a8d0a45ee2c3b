"""What is wrong at the start is said in one line that names the place, with the right exit code; nothing is sent."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.e2e.house import Done, House

WRONG = "123456789:AAwrong-wrong-wrong-wrong-wrong-wro"

FILES = {
    "unknown key": ("[web]\nprot = 1\n", ("web.prot", "unknown key")),
    "unknown section": ("[wob]\nport = 1\n", ("wob", "unknown key")),
    "unknown platform key": ("[telegram]\nratte = 1\n", ("telegram.ratte", "unknown key")),
    "wrong type": ('[web]\nport = "x"\n', ("web.port", "integer")),
    "wrong platform type": ('[telegram]\nrate = "fast"\n', ("telegram.rate", "number")),
    "no table": ("web = 3\n", ("web", "must be a table")),
    "no platform table": ("slack = 3\n", ("slack", "must be a table")),
    "no TOML": ("[web\nport = 1\n", ("line 1",)),
    "twice": ("[web]\nport = 1\nport = 2\n", ("line 3",)),
    "unknown role": ('[[person]]\nname = "Ed"\nroles = ["boss"]\n', ("person.0.roles.0", "'editor'")),
    "username": ('[[person]]\nname = "Ed"\nroles = ["editor"]\ntelegram = "@ed"\n', ("telegram", "numeric id")),
    "unknown zone": ('[site]\nzone = "Asia/Soul"\n', ("site.zone", "Asia/Soul")),
    "another encoding": ("[site]\nname = '\udcbf\udcb9'\n", ("cannot be read",)),
}

VARIABLES: dict[str, tuple[dict[str, str | None], tuple[str, ...]]] = {
    "missing file": ({"NEWSBOT_CONFIG": "nowhere.toml"}, ("NEWSBOT_CONFIG", "nowhere.toml", "does not exist")),
    "unknown section": ({"NEWSBOT_WOB__PORT": "1"}, ("NEWSBOT_WOB__PORT", "unknown key")),
    "unknown name": ({"NEWSBOT_WOB": "1"}, ("NEWSBOT_WOB", "unknown key")),
    "unknown key": ({"NEWSBOT_WEB__PROT": "1"}, ("NEWSBOT_WEB__PROT", "web.prot", "unknown key")),
    "unknown platform key": ({"NEWSBOT_SLACK__RATTE": "1"}, ("NEWSBOT_SLACK__RATTE", "slack.ratte", "unknown key")),
    "wrong type": ({"PORT": "http"}, ("PORT", "web.port", "integer")),
    "no JSON": ({"NEWSBOT_PERSON": "[{"}, ("NEWSBOT_PERSON", "not valid JSON")),
    "no address": ({"REDIS_URL": "http://:hunter2/x@1"}, ("REDIS_URL", "redis://")),
    "broken address": ({"REDIS_URL": "redis://:hunter2#x@localhost"}, ("REDIS_URL", "redis://")),
    "no token": ({"TELEGRAM_BOT_TOKEN": None, "SLACK_BOT_TOKEN": None}, ("no platform has a token",)),
    "line break": ({"TELEGRAM_BOT_TOKEN": f"{WRONG[:20]}\n{WRONG[20:]}"}, ("TELEGRAM_BOT_TOKEN", "line break")),
    "blank": ({"SLACK_BOT_TOKEN": "xoxb-hunter2 hunter2"}, ("SLACK_BOT_TOKEN", "space")),
    "missing secret": ({"SLACK_BOT_TOKEN": None, "SLACK_BOT_TOKEN_FILE": "gone"}, ("SLACK_BOT_TOKEN_FILE", "gone")),
    "base address": ({"TELEGRAM_API_BASE": "ftp://x"}, ("TELEGRAM_API_BASE", "http://")),
}

ARGUMENTS = {
    "missing site": (("run", "--site", "nowhere"), ("nowhere", "does not exist")),
    "missing second site": (("watcher", "--site", "site", "--site", "nowhere"), ("nowhere", "does not exist")),
    "nothing to watch": (("watcher",), ("nothing to watch", "--site")),
    "unknown option": (("run", "--stie", "site"), ("--stie",)),
    "unknown command": (("rnu",), ("rnu",)),
}


async def all_of(*started: object) -> list[Done]:
    """Every command's end; two at a time, as there are few cores."""
    gate = asyncio.Semaphore(2)

    async def one(command: object) -> Done:
        async with gate:
            return await command  # type: ignore[misc]

    return list(await asyncio.gather(*(one(command) for command in started)))


def complains(done: Done, code: int, *words: str) -> None:
    """One line on stderr with these words and nothing secret, nothing on stdout, this exit code."""
    assert done.code == code, done
    assert done.err.count("\n") == 1, done
    assert done.err.startswith("newsbot: "), done
    assert not done.out, done
    assert all(word in done.err for word in words), done
    assert "hunter2" not in done.err, done
    assert WRONG[:20] not in done.err, done


FEW = ("unknown key", "wrong platform type", "unknown section", "missing file", "no token", "line break")
CHOICES = [pytest.param(True, id="few"), pytest.param(False, id="others", marks=pytest.mark.slow)]


@pytest.mark.parametrize("few", CHOICES)
async def test_a_mistake_in_the_config_file_is_named_with_file_and_key(house: House, few: bool) -> None:
    files = {name: case for name, case in FILES.items() if (name in FEW) is few}

    def asked(name: str, text: str) -> object:
        path = house.folder / f"{name}.toml"
        path.write_bytes(text.encode(errors="surrogateescape"))
        return house.does("run", NEWSBOT_CONFIG=path.name, NEWSBOT_PERSON=None, PORT=None)

    ends = await all_of(*(asked(name, text) for name, (text, _) in files.items()))
    for done, (name, (_, words)) in zip(ends, files.items(), strict=True):
        complains(done, 2, f"{name}.toml", *words)


@pytest.mark.slow
async def test_the_usual_config_file_is_named_too(house: House) -> None:
    (house.folder / "config").mkdir()
    (house.folder / "config" / "newsbot.toml").write_text("[web]\nprot = 1\n")
    complains(await house.does("run"), 2, "config/newsbot.toml", "web.prot", "unknown key")


@pytest.mark.parametrize("few", CHOICES)
async def test_a_mistake_in_a_variable_is_named_with_the_variable(house: House, few: bool) -> None:
    cases = [case for name, case in VARIABLES.items() if (name in FEW) is few]
    ends = await all_of(*(house.does("run", **more) for more, _ in cases))
    for done, (_, words) in zip(ends, cases, strict=True):
        complains(done, 2, *words)


async def test_a_mistake_on_the_command_line_is_named(house: House) -> None:
    ends = await all_of(*(house.does(*arguments) for arguments, _ in ARGUMENTS.values()))
    for done, (_, words) in zip(ends, ARGUMENTS.values(), strict=True):
        complains(done, 2, *words)


@pytest.mark.slow
async def test_a_data_folder_that_cannot_be_written_ends_with_1(house: House) -> None:
    (house.folder / "file").write_text("")
    for command in ("run", "worker"):
        done = await house.does(command, NEWSBOT_DATA__FOLDER="file/data")
        complains(done, 1, "data folder file/data", "Not a directory")


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["\r\n"])
async def test_a_secret_file_may_end_with_a_line_break(house: House, tmp_path: Path, ending: str) -> None:
    file = tmp_path / "token"
    file.write_bytes((house.secrets[0] + ending).encode())
    proc = await house.run(TELEGRAM_BOT_TOKEN=None, TELEGRAM_BOT_TOKEN_FILE=str(file))
    await proc.says("platform.on", platform="telegram")
    assert await proc.stops() == 0
