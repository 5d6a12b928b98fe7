"""`greenroom log`: what was said, to what, why, by whom, and at what price."""

import asyncio
from collections.abc import Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenroom.cli.choosing import BotArgument, bot_among, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, console, facts, money, say, write_json

if TYPE_CHECKING:
    from greenroom.settings import BotFile
    from greenroom.storage import JournalEntry, Ledger, Turn

__all__ = ["entry_lines", "gathered", "group_lines", "log", "newest_entries"]


@for_owners
def log(
    bot: BotArgument = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="How many at the most, the newest ones.")] = 20,
    turn: Annotated[
        int | None, typer.Option(metavar="TURN", help="Everything about this one.", show_default=False)
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as it happens, until Ctrl-C.", show_default=False)
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what the bot said or left alone, and why.

    A post on several accounts is one entry with its state on each; `greenroom dead retry` tries one of them again.
    Every entry has the number of its turn; --turn shows one from its input to its receipts.

    Example: greenroom log --turn 12
    """
    from greenroom_adapters.contract import ConfigurationError

    if bot is not None and bot.isdecimal() and bot_among([bot]) is None:
        raise ConfigurationError(f"`{bot}` is no bot here; the turn of that number: `greenroom log --turn {bot}`")
    file = choose(bot).in_force()
    if turn is not None:
        asyncio.run(_one(file, turn, as_json=as_json))
        return
    try:
        asyncio.run(_many(file, limit, follow=follow, as_json=as_json))
    except KeyboardInterrupt:
        if not follow:
            raise


async def _many(file: "BotFile", limit: int, *, follow: bool, as_json: bool) -> None:
    from greenroom.cli.asking import reading
    from greenroom.cli.follow import More, resting
    from greenroom.cli.turn_words import as_object, turn_lines
    from greenroom.clock import SystemClock

    async with reading(file) as ledger:
        since = SystemClock().micros()
        entries = await newest_entries(ledger, limit)
        if as_json and not follow:
            write_json([_object(one) for one in entries])
            return
        place = console()
        if as_json:
            for one in entries:
                write_json(_object(one))
        else:
            for group in gathered(entries):
                place.print(group_lines(group, file.timezone))
        if not entries and not as_json:
            say("Nothing has been said yet.")
        if follow:
            async for turn in resting(ledger, since=since):
                if as_json:
                    write_json({"more": turn.count} if isinstance(turn, More) else as_object(turn))
                elif isinstance(turn, More):
                    say(f"… and {turn.count} more")
                else:
                    place.print(turn_lines(turn, file.timezone, with_date=True, with_number=True))


async def newest_entries(ledger: "Ledger", limit: int) -> "list[Turn | JournalEntry]":
    """Return the newest turns, and what the journal says beside them, oldest first."""
    turns = await ledger.turns(limit=limit)
    journal = [entry for entry in await ledger.journal(limit=limit) if entry.seq is None]
    entries: list[tuple[int, Turn | JournalEntry]] = [(turn.changed, turn) for turn in turns]
    entries += [(entry.at, entry) for entry in journal]
    return [one for _, one in sorted(entries, key=lambda one: one[0])[-limit:]]


def gathered(entries: "Sequence[Turn | JournalEntry]") -> "list[list[Turn | JournalEntry]]":
    """Return the entries with those of one post together, in the place of its newest."""
    from greenroom.storage import CLOCK, TELL, Turn

    groups: dict[object, list[Turn | JournalEntry]] = {}
    for number, one in enumerate(entries):
        is_post = isinstance(one, Turn) and one.kind == CLOCK and one.rule != TELL
        key: object = one.event_id.partition("#")[0] if is_post and isinstance(one, Turn) else number
        groups[key] = [*groups.pop(key, []), one]
    return list(groups.values())


def group_lines(group: "Sequence[Turn | JournalEntry]", zone: tzinfo) -> Any:
    """Return what `gathered` put together as its owner reads it, for a console of rich."""
    from greenroom.cli.turn_words import post_lines
    from greenroom.storage import Turn

    turns = sorted((one for one in group if isinstance(one, Turn)), key=lambda turn: turn.seq)
    return post_lines(turns, zone) if len(turns) > 1 else entry_lines(group[0], zone)


def _object(one: "Turn | JournalEntry") -> dict[str, Any]:
    from greenroom.cli.turn_words import as_object
    from greenroom.storage import Turn

    return as_object(one) if isinstance(one, Turn) else _entry(one)


def _entry(entry: "JournalEntry") -> dict[str, Any]:
    from greenroom.clock import from_micros

    return {"at": from_micros(entry.at).isoformat(), "turn": entry.seq, "what": entry.what, "why": entry.why}


def entry_lines(one: "Turn | JournalEntry", zone: tzinfo) -> Any:
    """Return one entry of the log as its owner reads it, for a console of rich."""
    from rich.text import Text

    from greenroom.cli.turn_words import turn_lines
    from greenroom.clock import from_micros
    from greenroom.storage import Turn
    from greenroom_adapters.text import plain

    if isinstance(one, Turn):
        return turn_lines(one, zone, with_date=True, with_number=True)
    moment = from_micros(one.at).astimezone(zone)
    return Text.assemble(
        (f"{moment:%Y-%m-%d %H:%M:%S}", "dim"),
        "  ",
        (plain(one.what, one_line=True), "yellow"),
        "  ",
        plain(one.why, one_line=True),
    )


async def _one(file: "BotFile", seq: int, *, as_json: bool) -> None:
    from greenroom.cli.asking import reading
    from greenroom.cli.turn_words import as_object
    from greenroom_adapters.contract import ConfigurationError

    async with reading(file) as ledger:
        turn = await ledger.turn(seq)
        journal = list(reversed(await ledger.journal(seq=seq, limit=1000)))
    if turn is None:
        raise ConfigurationError(f"there is no turn {seq}; `greenroom log` lists them")
    if as_json:
        write_json({**as_object(turn), "journal": [_entry(entry) for entry in journal]})
    else:
        _tell(turn, journal, file)


def _tell(turn: "Turn", journal: "list[JournalEntry]", file: "BotFile") -> None:
    from rich.text import Text

    from greenroom.cli.turn_words import STYLES, occasion
    from greenroom.clock import from_micros
    from greenroom_adapters.contract import TextEvent
    from greenroom_adapters.text import plain

    def when(micros: int) -> str:
        return f"{from_micros(micros).astimezone(file.timezone):%Y-%m-%d %H:%M:%S}"

    place = console()
    place.print(
        Text.assemble(
            (f"turn {turn.seq}", "bold"),
            "  ",
            (turn.state.word, STYLES.get(turn.state, "")),
            f"  {plain(turn.reason, one_line=True)}",
        )
    )
    event, draft = turn.event, turn.draft
    rows = [("account", turn.account), ("rule", turn.rule), ("received", when(turn.received))]
    if isinstance(event, TextEvent):
        rows += [
            ("from", f"@{event.author.handle} (id {event.author.id}, {turn.trust.value})"),
            ("said", event.text),
            ("at", event.post.url or event.post.id),
        ]
    else:
        rows.append(("because", occasion(turn)))
    if draft is not None:
        rows += [("answer", part) for part in draft.parts]
        rows += [("to do", str(act)) for act in draft.acts]
        rows.append(("engine", f"{draft.engine}{f' ({draft.model})' if draft.model else ''}, {money(draft.cost)}"))
        rows += [("note", note) for note in draft.notes]
    if turn.persona:
        rows.append(("persona", f"version {turn.persona[:12]}"))
    for part in turn.outbox:
        tries = f"{part.number} {'try' if part.number == 1 else 'tries'}"
        if part.act is not None:
            became = "refused" if part.refused else f"done at {when(part.published)}" if part.published else "not yet"
            rows.append((str(part.act), f"{became}, {tries}{f': {part.refused}' if part.refused else ''}"))
        elif part.post_id is not None:
            rows.append(("posted", f"{part.url or part.post_id} at {when(part.published)}, {tries}"))
        else:
            rows.append(("to post", f"{tries} so far"))
        rows.append(("key", part.key))
    rows.append(("changed", when(turn.changed)))
    rows += [("journal", f"{when(entry.at)}  {entry.what}: {entry.why}") for entry in journal]
    facts(rows, place)
