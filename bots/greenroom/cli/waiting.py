"""The list of turns that wait for a person, as `held` and `dead` show it."""

import asyncio
import os
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from greenroom.cli.choosing import BOT_BY_ENVIRONMENT, choose
from greenroom.cli.showing import console, facts, say, write_json
from greenroom.cli.versions import SHOWN

if TYPE_CHECKING:
    from greenroom.cli.passed_on import PassedOn
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
    helps: Sequence[tuple[str, str]],
    helps_with_passed_on: Sequence[tuple[str, str]] = (),
) -> None:
    """Write the turns in `states`, the newest last, and the commands that are of help with them (`helps`); `nothing`
    where there are none. What was passed on to the owner stands behind them where something is of help with that."""
    from greenroom.cli.turn_words import as_object, turn_lines

    file = choose(bot).in_force()
    turns, in_force, passed = asyncio.run(_turns(file, states, limit, with_passed_on=bool(helps_with_passed_on)))
    if as_json:
        write_json(
            [{**as_object(turn), "is_of_earlier_persona": _is_earlier(turn, in_force)} for turn in turns]
            + [{**as_object(one.turn), "passed_on": one.at.isoformat(), "told": one.untold is None} for one in passed]
        )
        return
    if not (turns or passed):
        say(nothing)
        return
    place = console()
    for turn in reversed(turns):
        remark = f"written by an earlier persona, {turn.persona[:SHOWN]}" if _is_earlier(turn, in_force) else ""
        place.print(turn_lines(turn, file.timezone, with_date=True, with_number=True, whole=True, remark=remark))
    if passed:
        say("" if turns else nothing)
        say("Passed on to you, and not answered:")
    for one in reversed(passed):
        remark = f"passed on {one.at.astimezone(file.timezone):%Y-%m-%d %H:%M}"
        remark += "" if one.untold is None else f"; {one.untold}"
        place.print(turn_lines(one.turn, file.timezone, with_date=True, with_number=True, whole=True, remark=remark))
    say("")
    named = "" if bot is None or bot == os.environ.get(BOT_BY_ENVIRONMENT) else f" --bot {shlex.quote(bot)}"
    facts([(f"{words}{named}", about) for words, about in (helps if turns else helps_with_passed_on)], place)


def _is_earlier(turn: "Turn", in_force: str) -> bool:
    """Say whether another version of the persona than the one `in_force` wrote a draft that may still go out."""
    from greenroom.storage import State

    return turn.state is State.HELD and bool(turn.persona) and bool(in_force) and turn.persona != in_force


async def _turns(
    file: "BotFile", states: "Sequence[State]", limit: int, *, with_passed_on: bool
) -> "tuple[list[Turn], str, list[PassedOn]]":
    """Return the turns, the version of the persona that is in force (empty: none ever was), and what was passed on."""
    from greenroom.cli.asking import reading
    from greenroom.cli.passed_on import passed_on

    async with reading(file) as ledger:
        kept = (await ledger.kept_files()).get("persona")
        turns = await ledger.turns(states=states, limit=limit)
        passed = await passed_on(file, ledger, limit) if with_passed_on else []
        return turns, "" if kept is None else kept.version, passed
