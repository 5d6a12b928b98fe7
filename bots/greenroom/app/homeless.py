"""Open turns of an account that was taken out of the bot's file: when they are too late, nobody needs them any more."""

from collections.abc import Container

from greenroom.storage import Ledger, State, Turn
from greenroom.telemetry import get_log

__all__ = ["end_homeless"]

PAGE = 1000
GONE = "the account is gone from the bot's file"


async def end_homeless(ledger: Ledger, accounts: Container[str], *, now: int) -> None:
    """End, at the start of a bot, the open turns of accounts that are not among `accounts` and whose time has passed:
    as stale, or, where one was being sent, as unknown. The others wait, should the account come back. Committed when
    it returns."""
    ended = 0
    for turn in await ledger.at_work():
        ended += turn.account not in accounts and _ended(ledger, turn, now)
    lanes = [(lane, first) for account, lane, first in await ledger.waiting_lanes() if account not in accounts]
    while lanes:
        further: list[tuple[str, int]] = []
        for (lane, _), turns in zip(lanes, await ledger.waiting(lanes, PAGE), strict=True):
            ended += sum(_ended(ledger, turn, now) for turn in turns)
            if len(turns) == PAGE:
                further.append((lane, turns[-1].seq + 1))
        lanes = further
    if ended:
        get_log().warning("ended what was open on accounts that are gone", turns=ended)
        await ledger.committed()


def _ended(ledger: Ledger, turn: Turn, now: int) -> bool:
    if turn.expires >= now:
        return False
    was_sending = turn.state is State.SENDING
    turn.state = State.UNKNOWN if was_sending else State.STALE
    turn.reason = f"it was being sent, and {GONE}" if was_sending else GONE
    ledger.save(turn)
    ledger.note(turn.seq, turn.state.word, turn.reason)
    return True
