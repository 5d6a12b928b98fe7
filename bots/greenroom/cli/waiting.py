"""The list of turns that wait for a person, as `held` and `dead` show it."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from greenroom.cli.choosing import choose
from greenroom.cli.showing import console, say, write_json
from greenroom.cli.versions import SHOWN

if TYPE_CHECKING:
    from greenroom.settings import BotFile
    from greenroom.storage import State, Turn

__all__ = ["Limit", "show_waiting"]

Limit = Annotated[int, typer.Option(metavar="N", min=1, help="How many at the most, newest first.")]


def show_waiting(
    bot: str | None,
    states: "Sequence[State]",
    limit: int,
    *,
    as_json: bool,
    nothing: str,
    helps: Sequence[str],
) -> None:
    """Write the turns in `states`, the newest last, and what `helps` with them; `nothing` where there are none."""
    from greenroom.cli.turn_words import as_object, turn_lines

    file = choose(bot).in_force()
    turns, in_force = asyncio.run(_turns(file, states, limit))
    if as_json:
        write_json([{**as_object(turn), "is_of_earlier_persona": _is_earlier(turn, in_force)} for turn in turns])
        return
    if not turns:
        say(nothing)
        return
    place = console()
    for turn in reversed(turns):
        remark = f"written by an earlier persona, {turn.persona[:SHOWN]}" if _is_earlier(turn, in_force) else ""
        place.print(turn_lines(turn, file.timezone, with_date=True, with_number=True, remark=remark))
    say("")
    for line in helps:
        say(line)


def _is_earlier(turn: "Turn", in_force: str) -> bool:
    """Say whether another version of the persona than the one `in_force` wrote a draft that may still go out."""
    from greenroom.storage import State

    return turn.state is State.HELD and bool(turn.persona) and bool(in_force) and turn.persona != in_force


async def _turns(file: "BotFile", states: "Sequence[State]", limit: int) -> "tuple[list[Turn], str]":
    """Return the turns, and the version of the persona that is in force; empty: none ever was."""
    from greenroom.cli.asking import reading

    async with reading(file) as ledger:
        kept = (await ledger.kept_files()).get("persona")
        return await ledger.turns(states=states, limit=limit), "" if kept is None else kept.version
