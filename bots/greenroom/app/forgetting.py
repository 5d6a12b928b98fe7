"""Forgetting one person, because he wants it: on every account of his platform, on disk and in memory."""

import contextlib
from collections.abc import Mapping

from greenroom.policy import Policy
from greenroom.settings import BotFile
from greenroom.storage import Ledger, State, Turn, author_of
from greenroom.turns import AccountDesk
from greenroom_adapters.contract import Author

__all__ = ["forget"]

WHY = "its author is forgotten"
MOST = 100_000
"""Turns that are looked into."""
_GIVEN_UP = frozenset({State.RECEIVED, State.DRAFTED, State.INTENDED, State.HELD})
"""Where turns stand that can still be given up: nothing of them went out, or surely nothing did."""


async def forget(
    ledger: Ledger,
    desks: Mapping[str, AccountDesk],
    policy: Policy,
    *,
    file: BotFile,
    asked: Turn,
) -> None:
    """Forget the author of `asked`, which itself is emptied once it rests. What waits to be answered to him, or to be
    looked at, is given up; what is being sent at the moment is finished first.

    :raises StorageError: the ledger failed
    """
    author = author_of(asked.event)
    if author is None:
        return
    platform = file.accounts[asked.account].platform
    accounts = [name for name, account in file.accounts.items() if account.platform == platform]
    here = {name: desks[name] for name in accounts if name in desks}
    async with contextlib.AsyncExitStack() as stack:
        for desk in here.values():
            # what waits there must not be taken up while it is given up
            await stack.enter_async_context(desk.lanes.disk)
        await ledger.committed()
        before = _in_memory(here)
        stored = [turn for turn in await ledger.turns(states=_GIVEN_UP, limit=MOST) if turn.account in accounts]
        # From here on without a pause. The turns in memory are those that count, also if they have ended meanwhile.
        for turn in ({turn.seq: turn for turn in stored} | before | _in_memory(here)).values():
            if turn.seq != asked.seq and _is_given_up(turn, author):
                turn.state, turn.reason = State.IGNORED, WHY
                turn.draft, turn.outbox = None, []
                ledger.save(turn)
                policy.rested(turn)
                if turn.account in here:
                    here[turn.account].ended(turn)
        await ledger.forget_person(platform, author.id, accounts=accounts)


def _in_memory(desks: Mapping[str, AccountDesk]) -> dict[int, Turn]:
    return {turn.seq: turn for desk in desks.values() for turn in desk.in_memory()}


def _is_given_up(turn: Turn, author: Author) -> bool:
    whose = author_of(turn.event)
    was_tried = any(part.number for part in turn.outbox)
    return whose is not None and whose.id == author.id and not was_tried and turn.state in _GIVEN_UP
