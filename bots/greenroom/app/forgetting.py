"""Forgetting one person, because he or the owner wants it: on every account of his platform, on disk and in memory."""

import contextlib
from collections.abc import Collection, Mapping
from dataclasses import replace

from greenroom.policy import Policy
from greenroom.storage import TELL, Due, Ledger, State, Turn, author_of, is_called
from greenroom.turns import AccountDesk

__all__ = ["forget"]

WHY = "its author is forgotten"
MOST = 100_000
"""Turns that are looked into."""
_GIVEN_UP = frozenset({State.RECEIVED, State.DRAFTED, State.INTENDED, State.HELD})
"""Where turns stand that can still be given up: nothing of them went out, or surely nothing did."""


async def forget(
    ledger: Ledger,
    desks: Mapping[str, AccountDesk],
    policy: Policy | None,
    *,
    accounts: Collection[str],
    platform: str,
    person: str,
    asked: Turn | None = None,
) -> int:
    """Forget a person of this platform (or server of it), on all of its accounts; return how many turns were emptied
    at once. What waits to be answered to him, or to be looked at, is given up; what is being sent at the moment is
    finished first, and so is what he `asked` this by. What the owner is still to be told is told without the lines that
    name him. Without desks nothing is at work but on disk. One person at a time, and none while somebody who has read a
    turn is about to write of it (a `Teller`): in a running bot one lock is held over each of these.

    :raises StorageError: the ledger failed
    """
    emptied = 0
    async with contextlib.AsyncExitStack() as stack:
        for desk in desks.values():
            # what waits there must not be taken up while it is given up
            await stack.enter_async_context(desk.lanes.disk)
        await ledger.committed()
        handles = await ledger.handles_of(person, accounts=accounts)
        before = _in_memory(desks)
        stored = await ledger.turns(states=_GIVEN_UP, limit=MOST)
        # From here on without a pause. The turns in memory are those that count, also if they have ended meanwhile.
        for turn in ({turn.seq: turn for turn in stored} | before | _in_memory(desks)).values():
            if (asked is not None and turn.seq == asked.seq) or turn.state not in _GIVEN_UP:
                continue
            if turn.account in accounts and _is_his(turn, person):
                if not any(part.number for part in turn.outbox):
                    _give_up(turn, ledger, desks, policy)
            elif turn.rule == TELL and not _is_partly_out(turn) and (rest := _without(turn, handles)) is not turn:
                _give_up(turn, ledger, desks, policy)
                if rest is not None and turn.account in desks:
                    desks[turn.account].intake.put(rest)
                elif rest is not None:
                    ledger.receive(rest)
        emptied = await ledger.forget_person(platform, person, accounts=accounts)
    return emptied


def _in_memory(desks: Mapping[str, AccountDesk]) -> dict[int, Turn]:
    return {turn.seq: turn for desk in desks.values() for turn in desk.in_memory()}


def _is_partly_out(turn: Turn) -> bool:
    return any(part.post_id is not None for part in turn.outbox)


def _is_his(turn: Turn, person: str) -> bool:
    event, author = turn.event, author_of(turn.event)
    return (event.direct_to if isinstance(event, Due) else None if author is None else author.id) == person


def _give_up(turn: Turn, ledger: Ledger, desks: Mapping[str, AccountDesk], policy: Policy | None) -> None:
    turn.state, turn.reason = State.IGNORED, WHY
    turn.draft, turn.outbox = None, []
    ledger.save(turn)
    if policy is not None:
        policy.rested(turn)
    if turn.account in desks:
        desks[turn.account].ended(turn)


def _without(turn: Turn, handles: Collection[str]) -> Turn | None:
    """Return what the owner is to be told without the lines that name somebody: the turn itself where none does, and
    None where all do."""
    event = turn.event
    if not isinstance(event, Due) or event.say is None or not is_called(event.say, handles):
        return turn
    lines = [line for line in event.say.split("\n") if not is_called(line, handles)]
    if not lines:
        return None
    rest = replace(event, period=f"{event.period}-rest", say="\n".join(lines))
    return Turn(
        turn.account,
        rest.id,
        turn.lane,
        turn.kind,
        rest,
        turn.surface,
        turn.rule,
        turn.trust,
        turn.received,
        turn.expires,
    )
