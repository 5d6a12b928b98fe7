"""Forgetting one person, because he or the owner wants it: on every account of his platform, on disk and in memory."""

import contextlib
from collections.abc import Collection, Mapping

from greenroom.policy import Policy
from greenroom.storage import Due, Ledger, State, Turn, author_of
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
    finished first, and so is what he `asked` this by. Without desks nothing is at work but on disk.

    :raises StorageError: the ledger failed
    """
    here = {name: desks[name] for name in accounts if name in desks}
    emptied = 0
    async with contextlib.AsyncExitStack() as stack:
        for desk in here.values():
            # what waits there must not be taken up while it is given up
            await stack.enter_async_context(desk.lanes.disk)
        await ledger.committed()
        before = _in_memory(here)
        stored = [turn for turn in await ledger.turns(states=_GIVEN_UP, limit=MOST) if turn.account in accounts]
        # From here on without a pause. The turns in memory are those that count, also if they have ended meanwhile.
        for turn in ({turn.seq: turn for turn in stored} | before | _in_memory(here)).values():
            if (asked is None or turn.seq != asked.seq) and _is_given_up(turn, person):
                turn.state, turn.reason = State.IGNORED, WHY
                turn.draft, turn.outbox = None, []
                ledger.save(turn)
                if policy is not None:
                    policy.rested(turn)
                if turn.account in here:
                    here[turn.account].ended(turn)
        emptied = await ledger.forget_person(platform, person, accounts=accounts)
    return emptied


def _in_memory(desks: Mapping[str, AccountDesk]) -> dict[int, Turn]:
    return {turn.seq: turn for desk in desks.values() for turn in desk.in_memory()}


def _is_given_up(turn: Turn, person: str) -> bool:
    event, author = turn.event, author_of(turn.event)
    whose = event.direct_to if isinstance(event, Due) else None if author is None else author.id
    was_tried = any(part.number for part in turn.outbox)
    return whose == person and not was_tried and turn.state in _GIVEN_UP
