"""A ledger that has strayed taken over: so that nothing is said twice, whatever the other copy has said."""

from dataclasses import replace
from datetime import timedelta

from greenroom.clock import MICROSECOND
from greenroom.scheduling.brought import begin_anew
from greenroom.settings import BotFile
from greenroom.storage import AgendaItem, Ledger, State, Turn
from greenroom.telemetry import get_log

__all__ = ["take_over"]

FRESH = timedelta(hours=1)
"""How long what was packed is believed to be the newest there is: who unpacks it later may have run it before, from
the same pack."""
PAGE = 1000
_ALL = 1_000_000
MAYBE = "taken over: the other copy may have answered it"


async def take_over(ledger: Ledger, file: BotFile, *, now: int) -> None:
    """Make a ledger that has strayed be at home here, before anything of it is worked on. In one commit.

    What was packed a short while ago goes on where it stopped. A copy begins at now: it listens from now on and posts
    what is due from now on. What it was sending, or had decided to send, is looked for on the platform first; what it
    had not decided yet is left alone.
    """
    strayed = ledger.strayed
    if strayed is None:
        return
    if strayed.packed is not None and now - strayed.packed <= FRESH // MICROSECOND:
        ledger.note(None, "taken over", f"{strayed.why}; it goes on where it stopped")
        await ledger.come_home()
        return
    at_work = await ledger.at_work()
    undecided = [*await _received(ledger), *await ledger.turns(states=(State.HELD,), limit=_ALL)]
    marks = await ledger.marks()
    agenda: list[AgendaItem] = await ledger.agenda(until=now, limit=_ALL)
    # from here on without a pause, so that it is one commit
    ledger.forget_cursors()
    begin_anew(ledger, file, now=now)
    for mark in marks.values():
        if mark.until is not None and mark.until < now:
            ledger.mark(replace(mark, until=now))
    for item in agenda:
        ledger.strike_agenda(item.id)
        ledger.note(None, "skipped", f"post {item.id}: it was due before the ledger was taken over")
    for turn in at_work:
        _doubt(ledger, turn, now)
    for turn in undecided:
        _leave(ledger, turn)
    ledger.note(None, "taken over", f"{strayed.why}; it begins at now")
    get_log().warning("taken over", why=strayed.why, left=len(undecided), looked_for=len(at_work))
    await ledger.come_home()


def _doubt(ledger: Ledger, turn: Turn, now: int) -> None:
    """Let what was about to go out be looked for first: the other copy may have sent it until now."""
    rest = [part for part in turn.outbox if not part.is_over and part.act is None]
    if turn.state is State.DRAFTED:
        _leave(ledger, turn)
        return
    if len(rest) > 1:
        turn.state, turn.reason = State.UNKNOWN, "taken over: the other copy may have sent the rest of it"
        ledger.note(turn.seq, turn.state.word, turn.reason)
    elif rest:
        (part,) = rest
        part.number = max(part.number, 1)
        part.first_tried = part.first_tried or turn.changed
        part.last_tried = now
        turn.state = State.SENDING
    ledger.save(turn)


def _leave(ledger: Ledger, turn: Turn) -> None:
    turn.state, turn.reason = State.IGNORED, MAYBE
    ledger.save(turn)
    ledger.note(turn.seq, turn.state.word, turn.reason)


async def _received(ledger: Ledger) -> list[Turn]:
    found: list[Turn] = []
    lanes = [(lane, first) for _, lane, first in await ledger.waiting_lanes()]
    while lanes:
        further: list[tuple[str, int]] = []
        for (lane, _), turns in zip(lanes, await ledger.waiting(lanes, PAGE), strict=True):
            found += turns
            if len(turns) == PAGE:
                further.append((lane, turns[-1].seq + 1))
        lanes = further
    return found
