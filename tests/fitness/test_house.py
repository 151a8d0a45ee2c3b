"""The house rules that a tool can hold: sizes, keys, banned words in code."""

from __future__ import annotations

import ast
import itertools
import re
import subprocess
from pathlib import Path

import pytest

from newsbot.store.redis import PRELUDES

ROOT = Path(__file__).parents[2]
CODE = {".py", ".lua", ".js", ".css", ".html", ".sh"}


def files() -> list[Path]:
    """Every file git knows or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def sources(folder: str = "newsbot") -> list[Path]:
    """Our own Python files below a folder."""
    return [path for path in files() if path.suffix == ".py" and path.is_relative_to(ROOT / folder)]


def test_no_file_is_longer_than_one_reading_holds() -> None:
    long = {str(path.relative_to(ROOT)): n for path in files() if path.suffix in CODE if (n := lines(path)) > 400}
    assert not long


def lines(path: Path) -> int:
    """How many lines."""
    return path.read_text("utf-8").count("\n") + 1


@pytest.mark.slow
def test_no_function_outgrows_a_screen() -> None:
    long = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > 45:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} {length}")
    assert not long


def test_redis_keys_are_named_in_one_place() -> None:
    strays = [
        str(path.relative_to(ROOT))
        for path in sources()
        if path.name != "keys.py" and re.search(r"""["']nb:""", path.read_text("utf-8"))
    ]
    assert not strays


def test_every_key_part_the_scripts_build_stands_in_the_table() -> None:
    table = (ROOT / "newsbot/store/keys.py").read_text("utf-8")
    for script in (ROOT / "newsbot/store/lua").glob("*.lua"):
        for name in re.findall(r"prefix \.\. '([a-z]+)", script.read_text("utf-8")):
            assert re.search(rf"nb:\{{<bot>\}}:{name}\b", table) or name in {"push", "map", "chat"}, (
                f"{script.name}: {name}"
            )


def test_every_script_says_its_keys_and_arguments() -> None:
    for script in (ROOT / "newsbot/store/lua").glob("*.lua"):
        head = script.read_text("utf-8").split("\nlocal", 1)[0]
        if script.stem not in itertools.chain(*PRELUDES.values()):
            assert "-- KEYS" in head, script.name
            assert "-- ARGV" in head, script.name
            assert "-- Replies" in head, script.name


@pytest.mark.parametrize(
    "word", ["pickle", "yaml.unsafe_load", "yaml.full_load", "eval(", "exec(", "datetime.now()", "unittest.mock"]
)
def test_what_must_never_stand_in_the_code(word: str) -> None:
    guilty = [
        str(path.relative_to(ROOT))
        for path in [*sources(), *sources("tests")]
        if path != Path(__file__) and re.search(rf"(?<![\w.]){re.escape(word)}", path.read_text("utf-8"))
    ]
    assert not guilty


def test_the_libraries_of_a_platform_stay_in_its_room() -> None:
    for library, room in (
        ("telegram", "telegram"),
        ("slack_bolt", "slack"),
        ("slack_sdk", "slack"),
        ("pyreqwest", "telegram"),
    ):
        for path in sources():
            inside = path.is_relative_to(ROOT / "newsbot/platforms" / room)
            if not inside and re.search(rf"^\s*(from|import) {library}\b", path.read_text("utf-8"), re.MULTILINE):
                raise AssertionError(f"{path.relative_to(ROOT)} imports {library}")


def test_the_core_reads_no_clock_and_draws_no_lots_but_for_ids() -> None:
    for path in sources("newsbot/core"):
        text = path.read_text("utf-8")
        assert "import time" not in text, path.name
        assert "import random" not in text, path.name
        assert ".now(" not in text, path.name
        assert "structlog" not in text, path.name


def test_the_sandbox_knows_nothing_of_newsbot() -> None:
    for path in sources("newsbot/sandbox"):
        for found in re.findall(r"(?:from|import) (newsbot[\w.]*)", path.read_text("utf-8")):
            assert found.startswith("newsbot.sandbox"), f"{path.name} imports {found}"
