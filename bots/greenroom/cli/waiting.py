"""The list of turns that wait for a person, as `held` and `dead` show it."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from greenroom.cli.choosing import choose
from greenroom.cli.showing import console, say, write_json

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
    turns = asyncio.run(_turns(file, states, limit))
    if as_json:
        write_json([as_object(turn) for turn in turns])
        return
    if not turns:
        say(nothing)
        return
    place = console()
    for turn in reversed(turns):
        place.print(turn_lines(turn, file.timezone, with_date=True, with_number=True))
    say("")
    for line in helps:
        say(line)


async def _turns(file: "BotFile", states: "Sequence[State]", limit: int) -> "list[Turn]":
    from greenroom.cli.asking import reading

    async with reading(file) as ledger:
        return await ledger.turns(states=states, limit=limit)
