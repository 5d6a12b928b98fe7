"""Messages that one person writes in a row: which of them one answer is for, and how long it waits for more."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from greenroom.clock import MICROSECOND
from greenroom.storage import Draft, Ledger, State, Turn, asked_at
from greenroom_adapters.contract import Kind, TextEvent

__all__ = ["IS_FOR_ALL", "NOBODY", "Followers", "followers_of", "reason_of_follower", "reopened", "worth_waiting_until"]

IS_FOR_ALL = "one answer for all of it"
"""Beginning of the reason of a turn that the answer to another one is for as well."""
LONGEST = 5
"""So many times `gather` an answer waits at the most, for somebody who does not stop writing."""


def followers_of(turn: Turn, behind: Iterable[Turn], *, gather: timedelta | None) -> list[Turn]:
    """Return the turns of `behind` (those after `turn` in its lane, in order) that one answer is for: what the same
    person wrote straight after it under the same rule, each within `gather` of the one before; None: at any time."""
    event, found, before = turn.event, list[Turn](), turn
    if not isinstance(event, TextEvent):
        return found
    for follower in behind:
        if follower.state.is_over:
            continue
        later = follower.event
        if (
            not isinstance(later, TextEvent)
            or later.author.id != event.author.id
            or follower.rule != turn.rule
            or later.kind is Kind.COMMAND
            or follower.state is not State.RECEIVED
            or (gather is not None and asked_at(follower) - asked_at(before) > gather // MICROSECOND)
        ):
            break
        found.append(follower)
        before = follower
    return found


def reason_of_follower(turn: Turn) -> str:
    """Return why a turn is over that the answer to `turn` is for as well."""
    return f"{IS_FOR_ALL}: turn {turn.seq}"


async def reopened(turn: Turn, draft: Draft | None, ledger: Ledger) -> list[Turn]:
    """Return the turns that this draft of `turn` was for as well, to be worked on again because it is dropped; queued
    with the ledger. Whoever calls resumes them."""
    found: list[Turn] = []
    for seq in draft.also if draft is not None else ():
        follower = await ledger.turn(seq)
        if follower is None or follower.state is not State.IGNORED or follower.reason != reason_of_follower(turn):
            continue
        follower.state, follower.reason, follower.starts, follower.not_before = State.RECEIVED, "", 0, 0
        ledger.work_again(follower)
        ledger.note(seq, "taken up again", f"what answered it is dropped: turn {turn.seq}")
        found.append(follower)
    return found


def worth_waiting_until(turn: Turn, behind: Iterable[Turn], *, gather: timedelta) -> int:
    """Return when work on the turn may begin (microseconds since 1970): not while its author is still writing."""
    end = turn.received + LONGEST * (gather // MICROSECOND)
    times = [min(follower.not_before, end) for follower in followers_of(turn, behind, gather=gather)]
    return max(turn.not_before, *times) if times else turn.not_before


@dataclass(frozen=True, slots=True)
class Followers:
    """The turns that one answer is for beside the first, and their texts as they read when the engine was asked."""

    turns: tuple[Turn, ...] = ()
    texts: tuple[str, ...] = ()

    @classmethod
    def of(cls, turns: Iterable[Turn]) -> Self:
        """Take these turns as they read now."""
        turns = tuple(turns)
        return cls(turns, tuple(turn.event.text for turn in turns if isinstance(turn.event, TextEvent)))


NOBODY = Followers()
"""Nothing was written straight after it."""
