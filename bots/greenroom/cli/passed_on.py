"""What rules with `tell: true` passed on to a bot's owner, and whether he was told of it."""

from dataclasses import dataclass
from datetime import datetime

from greenroom.clock import from_micros
from greenroom.settings import BotFile
from greenroom.settings.telling import TOLD_UP_TO, UNHEARD, tell_words
from greenroom.storage import Ledger, State, Turn
from greenroom.turns.beginning import WORDS_OF_PASSED_ON

__all__ = ["PassedOn", "passed_on"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOn:
    """A turn that waits for its owner's answer."""

    turn: Turn
    at: datetime
    """When it was passed on."""
    untold: str | None
    """Why its owner has not been told of it; None: he has, as far as the ledger knows."""


async def passed_on(file: BotFile, ledger: Ledger, limit: int) -> list[PassedOn]:
    """Return what was passed on and is not answered, newest first.

    :raises StorageError: the ledger cannot be read
    """
    facts = await ledger.facts(TOLD_UP_TO)
    mark = int(facts.get(TOLD_UP_TO, "0"))
    untold = _untold(file, (await ledger.facts(UNHEARD)).get(UNHEARD))
    found: dict[int, PassedOn] = {}
    for entry in await ledger.journal(what="passed on", limit=limit):
        turn = None if entry.seq is None else await ledger.turn(entry.seq)
        if turn is not None and turn.state is State.IGNORED and turn.reason in WORDS_OF_PASSED_ON:
            why = untold if file.tell is None or entry.id > mark else None
            found.setdefault(turn.seq, PassedOn(turn=turn, at=from_micros(entry.at), untold=why))
    return list(found.values())


def _untold(file: BotFile, unheard: str | None) -> str:
    to = file.tell
    if to is None:
        return "you are not told: write `tell` into the bot file"
    if unheard == tell_words(to):
        return f"you are not told: {to.account} knows nobody of the name in `tell: {unheard}`"
    return "you are not told yet"
