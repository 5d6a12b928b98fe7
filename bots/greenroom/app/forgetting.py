"""Forgetting one person, because he wants it: on every account of his platform, on disk and in memory."""

from collections.abc import Mapping

from greenroom.policy import Policy
from greenroom.settings import BotFile
from greenroom.storage import Ledger, State, Turn, author_of
from greenroom.turns import AccountDesk

__all__ = ["forget"]

WHY = "its author is forgotten"
HELD = 100_000
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
    at_work = [turn for name in accounts if name in desks for turn in desks[name].lanes.in_memory()]
    held = await ledger.turns(states=(State.HELD,), limit=HELD)
    for turn in (*at_work, *(turn for turn in held if turn.account in accounts)):
        whose = author_of(turn.event)
        was_tried = any(part.number for part in turn.outbox)
        if turn.seq == asked.seq or whose is None or whose.id != author.id or was_tried or turn.state not in _GIVEN_UP:
            continue
        turn.state, turn.reason = State.IGNORED, WHY
        turn.draft, turn.outbox = None, []
        ledger.save(turn)
        policy.rested(turn)
    await ledger.forget_person(platform, author.id, accounts=accounts)
