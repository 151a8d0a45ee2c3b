"""`newsbot subscribers`: list, add, remove, show, import, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from newsbot.bootstrap import Kit
from newsbot.cli.common import As, Json, Quit, actor, ask, emit, out
from newsbot.cli.subscribers import files
from newsbot.cli.subscribers.rows import FIELDS, Reader, cell, record
from newsbot.core.model import Address, Choices, Role, Subscriber, Urgency


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
    topics: Annotated[str, typer.Option(help="Topics joined by commas, `all`, or `none` for keywords alone.")] = "all",
    urgency: Annotated[Urgency, typer.Option(help="The least urgent wanted.")] = Urgency.NORMAL,
    least: Annotated[str, typer.Option(help="The same for single topics: politics:breaking,world:flash.")] = "",
    keywords: Annotated[str, typer.Option(help="Words joined by commas that are told of whatever their topic.")] = "",
    without: Annotated[str, typer.Option(help="Words joined by commas that are never told of.")] = "",
    source: Annotated[list[str] | None, typer.Option(help="Only this source; may be given again.")] = None,
    zone: Annotated[str, typer.Option(help="Time zone, e.g. Asia/Seoul; by default the site's.")] = "",
    quiet: Annotated[str, typer.Option(help="Quiet hours: 23:00-07:00.")] = "",
    passes: Annotated[str, typer.Option(help="What comes in quiet hours: flash, breaking or none.")] = "",
    digest: Annotated[list[str] | None, typer.Option(help="When a digest comes: 08:00, mon-08:00; again.")] = None,
    gather: Annotated[bool, typer.Option("--gather", help="Normal news waits for the digest.")] = False,
    cap: Annotated[int, typer.Option(help="Alerts of a day, above which normal ones wait; 0: any number.")] = 0,
    form: Annotated[str, typer.Option(help="How much of an alert: excerpt, headline or image.")] = "",
    silent: Annotated[bool, typer.Option("--silent", help="Without a sound.")] = False,
    lang: Annotated[str, typer.Option(help="Language of the frame: ko or en; by default the site's.")] = "",
    json: Json = False,
) -> None:
    """Add or change addresses; all of them or none. What is not given is plain: at once, at any hour, with sound."""
    chosen = {
        "topics": topics,
        "urgency": urgency.value,
        "least": least,
        "keywords": keywords,
        "without": without,
        "sources": source or [],
        "zone": zone,
        "quiet": quiet,
        "passes": passes,
        "digests": digest or [],
        "gather": gather,
        "cap": cap,
        "form": form,
        "sound": not silent,
        "language": lang,
    }
    for subscriber in ask(lambda kit: put_all(kit, addresses, chosen)):
        tell(subscriber, json)


async def put_all(kit: Kit, addresses: list[str], chosen: dict[str, Any]) -> list[Subscriber]:
    """All of these with the same choices, or none of them. Raises Quit."""
    try:
        wanted = [Reader(kit.plain).read({"address": one, **chosen}) for one in addresses]
    except ValueError as error:
        raise Quit(str(error), 2) from None
    return [await files.put(kit, one) for one in wanted]


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
    """One address, with everything it chose."""

    async def question(kit: Kit) -> Subscriber | None:
        return await kit.subscribers.get(parse(kit, address))

    if (found := ask(question)) is None:
        raise Quit(f"{address}: not a subscriber")
    row = record(found)
    if json:
        emit(row)
        return
    wide = max(map(len, FIELDS)) + 2
    for column in FIELDS:
        print(f"{column:{wide}}{cell(column, row[column])}".rstrip())


def import_file(file: Path, json: Json = False) -> None:
    """Add from CSV or JSON lines; a bad row is named by its line, the others come in. Again: completes what was cut off."""

    async def question(kit: Kit) -> tuple[int, int]:
        size = file.stat().st_size if file.is_file() else None
        with files.bar(file.name, size, shown=not json) as (seen, complain):
            return await files.read_in(kit, file, complain, seen)

    good, bad = ask(question)
    emit({"imported": good, "bad": bad}) if json else out.print(f"{good} in, {bad} bad")
    if bad:
        raise typer.Exit(1)


def export(file: Path, json: Json = False) -> None:
    """Write everybody to a .csv file, or to JSON lines under any other name."""

    async def question(kit: Kit) -> int:
        with files.bar(file.name, await kit.subscribers.known(), shown=not json) as (seen, _):
            try:
                return await files.write_out(kit, file, seen)
            except OSError as error:
                raise Quit(f"{file}: {error.strerror}", 2) from None

    many = ask(question)
    emit({"exported": many}) if json else out.print(f"{many} written to {file}")


def listing(as_json: bool) -> None:
    """Everybody, one a line, as they are read: a million are never in memory together."""

    async def question(kit: Kit) -> None:
        async for one in kit.subscribers.all():
            tell(one, as_json)

    ask(question)


def parse(kit: Kit, text: str) -> Any:
    """A canonical address. Raises Quit."""
    try:
        return kit.plain.address(text)
    except ValueError as error:
        raise Quit(str(error), 2) from None


PLAIN = record(Subscriber(Address("", ""), choices=Choices()))


def tell(subscriber: Subscriber, as_json: bool) -> None:
    """One subscriber in a line; of its further choices those that are not plain."""
    row = record(subscriber)
    if as_json:
        emit(row)
        return
    more = [f"{name} {cell(name, row[name])}" for name in FIELDS[7:] if row[name] != PLAIN[name]]
    words = ["keywords " + cell("keywords", row["keywords"])] if row["keywords"] else []
    first = (row["address"], ",".join(row["topics"]), row["urgency"], row["language"], row["state"])
    print("  ".join((*first, *words, *more)))
