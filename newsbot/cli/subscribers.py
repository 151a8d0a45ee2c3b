"""`newsbot subscribers`: list, add, remove, show, import, export."""

from __future__ import annotations

import csv
import json as jsonlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from newsbot.bootstrap import Kit
from newsbot.cli.common import As, Json, Quit, actor, ask, emit, out
from newsbot.core import topics as topic_rules
from newsbot.core.model import Address, Role, Subscriber, Urgency

Topics = Annotated[str, typer.Option(help="Topics joined by commas, or `all`.")]
Lang = Annotated[str | None, typer.Option(help="Language of the frame: ko or en; by default the site's.")]
FIELDS = ("address", "topics", "urgency", "keywords", "language", "state", "since")


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(invoke_without_command=True, help="Who gets what.")
    app.add_typer(group, name="subscribers")
    group.callback(invoke_without_command=True)(default)
    group.command("list")(list_all)
    group.command()(add)
    group.command()(remove)
    group.command()(show)
    group.command("import")(import_file)
    group.command()(export)


def default(context: typer.Context, json: Json = False) -> None:
    """List everybody."""
    if context.invoked_subcommand is None:
        listing(json)


def list_all(json: Json = False) -> None:
    """List everybody."""
    listing(json)


def add(
    addresses: list[str],
    topics: Topics = "all",
    urgency: Annotated[Urgency, typer.Option(help="The least urgent wanted.")] = Urgency.NORMAL,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """Add or change addresses; all of them or none."""
    rows = [{"address": one, "topics": topics, "urgency": urgency.value, "language": lang} for one in addresses]

    async def question(kit: Kit) -> list[Subscriber]:
        try:
            wanted = [read(kit, row) for row in rows]
        except ValueError as error:
            raise Quit(str(error), 2) from None
        return [await kit.subscribers.put(one) for one in wanted]

    for subscriber in ask(question):
        tell(subscriber, json)


def remove(
    addresses: list[str],
    erase: Annotated[bool, typer.Option("--erase", help="Forget them at once, threads included.")] = False,
    who: As = None,
    json: Json = False,
) -> None:
    """Stop addresses; their choices are kept for 30 days, unless they are erased."""

    async def question(kit: Kit) -> list[tuple[str, bool]]:
        found = [parse(kit, one) for one in addresses]
        if erase:
            by = actor(kit, who, Role.ON_CALL)
            return [(str(one), await forget(kit, one, by)) for one in found]
        return [(str(one), await kit.subscribers.set_state(one, "stopped")) for one in found]

    word = "erased" if erase else "stopped"
    for address, done in ask(question):
        emit({"address": address, word: done}) if json else out.print(
            f"{address}: {word if done else 'was not subscribed'}"
        )


async def forget(kit: Kit, address: Address, by: str) -> bool:
    """Erase this place and its threads; False where none is stored. The record of it names the index, which nothing leads
    back from."""
    found = await kit.subscribers.under(address)
    for one in found:
        await kit.audit.record(by, "erase", f"{one.address.platform} #{one.index}")
        await kit.subscribers.erase(one.address)
    return bool(found)


def show(address: str, json: Json = False) -> None:
    """One address."""

    async def question(kit: Kit) -> Subscriber | None:
        return await kit.subscribers.get(parse(kit, address))

    if (found := ask(question)) is None:
        raise Quit(f"{address}: not a subscriber")
    tell(found, json)


def import_file(file: Path, json: Json = False) -> None:
    """Add from CSV or JSON lines; a bad row is named by its line, the others come in."""

    async def question(kit: Kit) -> tuple[int, list[str]]:
        good, bad = 0, []
        for number, row in rows_of(file):
            try:
                if row is None:
                    raise ValueError("not a JSON object")
                await kit.subscribers.put(read(kit, row))
                good += 1
            except ValueError as error:
                bad.append(f"{file}:{number}: {error}")
        return good, bad

    good, bad = ask(question)
    for line in bad:
        print(line, file=sys.stderr)
    emit({"imported": good, "bad": len(bad)}) if json else out.print(f"{good} in, {len(bad)} bad")
    if bad:
        raise typer.Exit(1)


def export(file: Path, json: Json = False) -> None:
    """Write everybody to a .csv file, or to JSON lines under any other name."""

    async def question(kit: Kit) -> list[dict[str, Any]]:
        return [record(one) async for one in kit.subscribers.all()]

    found = ask(question)
    try:
        write(file, found)
    except OSError as error:
        raise Quit(f"{file}: {error.strerror}", 2) from None
    emit({"exported": len(found)}) if json else out.print(f"{len(found)} written to {file}")


def listing(as_json: bool) -> None:
    """Everybody, one a line."""

    async def question(kit: Kit) -> list[Subscriber]:
        return [one async for one in kit.subscribers.all()]

    for subscriber in ask(question):
        tell(subscriber, as_json)


def parse(kit: Kit, text: str) -> Any:
    """A canonical address. Raises Quit."""
    try:
        return kit.plain.address(text)
    except ValueError as error:
        raise Quit(str(error), 2) from None


def read(kit: Kit, row: dict[str, Any]) -> Subscriber:
    """A subscriber from a row of any of our formats. Raises ValueError naming the field."""
    if strange := [name or "a value too many" for name in row if name not in FIELDS]:
        raise ValueError(f"{strange[0]}: unknown column; known: {', '.join(FIELDS)}")
    names = row.get("topics") or "all"
    words = names if isinstance(names, list) else str(names).replace(",", " ").split()
    found = set()
    for word in words if words != ["all"] else ():
        topic = topic_rules.lookup(kit.plain.topics, word)
        if topic is None:
            raise ValueError(f"topics: no topic {word!r}; known: {', '.join(t.id for t in kit.plain.topics)}, all")
        found.add(topic.id)
    language = str(row.get("language") or kit.plain.settings.site.language)
    if language not in kit.plain.words.catalogs:
        raise ValueError(f"language: {language!r} is not one of {', '.join(kit.plain.words.catalogs)}")
    state = str(row.get("state") or "active")
    if state not in ("active", "quarantined", "stopped"):
        raise ValueError(f"state: {state!r} is not one of active, quarantined, stopped")
    urgency = str(row.get("urgency") or "normal")
    if urgency not in list(Urgency):
        raise ValueError(f"urgency: {urgency!r} is not one of {', '.join(Urgency)}")
    since = str(row.get("since") or "")
    try:
        at = int(datetime.fromisoformat(since).timestamp()) if since else 0
    except ValueError:
        raise ValueError(f"since: {since!r} is no time, e.g. 2026-11-22T09:03:00+09:00") from None
    address = kit.plain.address(str(row.get("address") or ""))
    return Subscriber(address, frozenset(found), Urgency(urgency), language, state, at)  # type: ignore[arg-type]


def rows_of(file: Path) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """(line number, row) of a CSV or JSON-lines file; None for a line that is no JSON object. Raises Quit."""
    try:
        # Line by line: one line in another encoding must not take the others along.
        lines = file.read_bytes().decode("utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise Quit(f"{file}: {error.strerror}", 2) from None
    if file.suffix == ".csv":
        reader = csv.DictReader(lines)
        if "address" not in (reader.fieldnames or ()):
            raise Quit(f"{file}:1: the header has no column 'address'", 2)
        try:
            for row in reader:
                yield reader.line_num, row
        except csv.Error as error:
            raise Quit(f"{file}:{reader.line_num}: {error}", 2) from None
        return
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield number, parsed(line)


def parsed(line: str) -> dict[str, Any] | None:
    """The JSON object of this line, or None."""
    try:
        found = jsonlib.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def write(file: Path, rows: list[dict[str, Any]]) -> None:
    """Everybody as CSV or JSON lines, as `import` reads them. Raises OSError."""
    with file.open("w", encoding="utf-8", newline="") as target:
        if file.suffix == ".csv":
            writer = csv.DictWriter(target, FIELDS)
            writer.writeheader()
            writer.writerows({**row, "topics": " ".join(row["topics"]), "keywords": ""} for row in rows)
        else:
            target.writelines(jsonlib.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def record(subscriber: Subscriber) -> dict[str, Any]:
    """The row other programs read."""
    return {
        "address": str(subscriber.address),
        "topics": sorted(subscriber.topics) or ["all"],
        "urgency": subscriber.urgency.value,
        "keywords": [],
        "language": subscriber.language,
        "state": subscriber.state,
        "since": datetime.fromtimestamp(subscriber.since, UTC).isoformat(),
    }


def tell(subscriber: Subscriber, as_json: bool) -> None:
    """One subscriber."""
    row = record(subscriber)
    emit(row) if as_json else out.print(
        f"{row['address']}  {','.join(row['topics'])}  {row['urgency']}  {row['language']}  {row['state']}"
    )
