"""Subscribers out of files and into them, row by row: however many they are, only some are in memory."""

from __future__ import annotations

import asyncio
import csv
import json as jsonlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rich import progress
from rich.console import Console

from newsbot.bootstrap import Kit
from newsbot.cli.common import Quit
from newsbot.cli.subscribers.rows import FIELDS, Reader, Row, cells, record
from newsbot.core import changes
from newsbot.core.model import Address, Subscriber
from newsbot.store.install import info

BATCH = 250
"""Rows stored in one step: some ten milliseconds in which Redis does nothing else."""
LONGEST = 1 << 16
"""Bytes of a line. The longest row there can be has half of it."""
EVERY = 1000
"""Rows after which the bar moves."""
MANY = 100_000
"""Stored rows that are worth writing the embedded Redis' file anew: a million make 700 MB of it, which the next start would
read for longer than it waits."""

Told = Callable[[int], None]
"""How far it is."""


async def read_in(kit: Kit, file: Path, complain: Callable[[str], None], seen: Told) -> tuple[int, int]:
    """Store everybody of this file; how many, and how many rows were bad: those are told by line, and left out.

    Storing a row again changes nothing, so an import that was interrupted is completed by another one. Raises Quit.
    """
    reader, batch = Reader(kit.plain), dict[Address, Subscriber]()
    good = bad = 0
    for number, row, upto in rows_of(file):
        try:
            if isinstance(row, str):
                raise ValueError(row)
            one = reader.read(row)
        except ValueError as error:
            complain(f"{file}:{number}: {error}")
            bad += 1
            continue
        if one.address in batch or len(batch) == BATCH:
            good += await stored(kit, batch)
            seen(upto)
        batch[one.address] = one
    good += await stored(kit, batch)
    if good >= MANY and not kit.plain.settings.redis_url:
        await compact(kit)
    return good, bad


async def compact(kit: Kit) -> None:
    """Have the embedded Redis write its append-only file anew, and wait for it: it may end with this command."""
    await kit.redis.call("BGREWRITEAOF")
    while await busy(kit):  # noqa: ASYNC110  Redis tells nobody when it is done
        await asyncio.sleep(0.1)


async def busy(kit: Kit) -> bool:
    """Whether Redis writes its file anew, or is about to."""
    facts = info(await kit.redis.call("INFO", "persistence"))
    return any(facts[f"aof_rewrite_{what}"] != "0" for what in ("scheduled", "in_progress"))


async def stored(kit: Kit, batch: dict[Address, Subscriber]) -> int:
    """Store these and empty the batch; how many they were."""
    many = len(batch)
    for after in await kit.subscribers.put_many(list(batch.values())):
        await put(kit, after)
    batch.clear()
    return many


async def put(kit: Kit, after: Subscriber) -> Subscriber:
    """Store one in place of what is there; what waits for it comes once, whatever became of its times."""
    before, now = await kit.subscribers.get(after.address), await kit.audiences.now(after.address.platform)
    made = await kit.audiences.digested()
    return await kit.subscribers.put(*changes.changed(before, after, made, now, kit.plain.settings.site.zone))


async def write_out(kit: Kit, file: Path, seen: Told) -> int:
    """Write everybody as CSV or JSON lines, as `read_in` reads them; how many. Raises OSError."""
    many = 0
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        if file.suffix == ".csv":
            writer.writerow(FIELDS)
        async for one in kit.subscribers.all():
            row = record(one)
            if file.suffix == ".csv":
                writer.writerow(cells(row))
            else:
                target.write(jsonlib.dumps(row, ensure_ascii=False) + "\n")
            many += 1
            if many % EVERY == 0:
                seen(many)
    return many


def rows_of(file: Path) -> Iterator[tuple[int, Row | str, int]]:
    """(line number, row or what is wrong with it, bytes up to there) of a CSV or JSON-lines file. Raises Quit.

    One row a line, in CSV too: a quote that is not closed must not take the rest of the file along.
    """
    try:
        with file.open("rb") as source:
            header: list[str] | None = None
            for number, text, upto in lines(source):
                if text is None:
                    yield number, f"is longer than {LONGEST} bytes", upto
                elif not text.strip():
                    continue
                elif file.suffix != ".csv":
                    yield number, parsed(text), upto
                elif header is None:
                    header = headed(f"{file}:{number}", text)
                else:
                    yield number, split(header, text), upto
    except OSError as error:
        raise Quit(f"{file}: {error.strerror}", 2) from None


def lines(source: BinaryIO) -> Iterator[tuple[int, str | None, int]]:
    """(number, text, bytes up to its end) of each line; None for one that is too long."""
    number = upto = 0
    while piece := source.readline(LONGEST):
        number, upto = number + 1, upto + len(piece)
        whole = len(piece) < LONGEST or piece.endswith(b"\n")
        while not (piece.endswith(b"\n") or whole) and (piece := source.readline(LONGEST)):
            upto += len(piece)
        # Line by line: one line in another encoding must not take the others along.
        yield number, piece.decode("utf-8-sig", errors="replace").rstrip("\r\n") if whole else None, upto


def parsed(line: str) -> Row | str:
    """The JSON object of this line, or what is wrong with it."""
    try:
        found = jsonlib.loads(line)
    except (ValueError, RecursionError):
        return "not a JSON object" if "\ufffd" not in line else "is not UTF-8"
    if "\ufffd" in line:
        return "is not UTF-8"
    return found if isinstance(found, dict) else "not a JSON object"


def headed(where: str, line: str) -> list[str]:
    """The columns this header names. Raises Quit."""
    found = [name.strip() for name in next(csv.reader([line]))]
    if "address" not in found:
        raise Quit(f"{where}: the header has no column 'address'", 2)
    if strange := [name for name in found if name not in FIELDS]:
        raise Quit(f"{where}: {strange[0]!r}: unknown column; known: {', '.join(FIELDS)}", 2)
    if twice := [name for place, name in enumerate(found) if name in found[:place]]:
        raise Quit(f"{where}: the header has the column {twice[0]!r} twice", 2)
    return found


def split(header: list[str], line: str) -> Row | str:
    """The row of this CSV line, or what is wrong with it."""
    if "\ufffd" in line:
        return "is not UTF-8"
    try:
        values = next(csv.reader([line], strict=True))
    except csv.Error as error:
        return str(error)
    if len(values) > len(header):
        return f"{len(values)} values under {len(header)} columns"
    return dict(zip(header, values, strict=False))


@contextmanager
def bar(what: str, total: int | None, *, shown: bool) -> Iterator[tuple[Told, Callable[[str], None]]]:
    """A bar on stderr, on a terminal only: how it is moved, and how a line is told above it."""
    console = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TaskProgressColumn(),
        progress.TimeRemainingColumn(),
    )
    if not (shown and sys.stderr.isatty()):
        yield (lambda _: None), (lambda line: print(line, file=sys.stderr))
        return
    with progress.Progress(*columns, console=console, transient=True) as drawn:
        task = drawn.add_task(what, total=total)
        yield (lambda done: drawn.update(task, completed=done)), console.print
