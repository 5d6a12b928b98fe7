"""Turns as they come to rest, read from the ledger while the bot works."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from greenroom.clock import SystemClock
from greenroom.storage import Ledger, State, Turn

__all__ = ["More", "resting"]

LOOK = 0.4
"""Seconds between two looks; a multiple of those between two looks for commands, so that a bot wakes up for both."""
SHOWN = 40
"""Turns of one look that are shown; of a burst the rest is counted."""
WATCHED = 200
"""The newest turns, whose states are compared from look to look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class More:
    """Turns that came to rest in the same moment and are only counted."""

    count: int


async def resting(ledger: Ledger, *, since: int) -> AsyncGenerator[Turn | More, None]:
    """Yield every turn that comes to rest, or to wait for a person, after `since` (microseconds since 1970), oldest
    change first, for ever. Of a burst the last ones are yielded and the others counted."""
    seen: dict[int, tuple[State, int]] = {}
    newest = 0
    clock = SystemClock()
    revision: object = None
    while True:
        before, revision = revision, ledger.revision()
        if revision == before:
            await clock.beat(LOOK)
            continue
        turns = await ledger.turns(limit=WATCHED)
        rested = [turn for turn in turns if turn.state >= State.HELD]
        fresh = sorted(
            (turn for turn in rested if turn.changed > since and seen.get(turn.seq) != (turn.state, turn.changed)),
            key=lambda turn: (turn.changed, turn.seq),
        )
        seen = {turn.seq: (turn.state, turn.changed) for turn in rested}
        latest = turns[0].seq if turns else 0
        passed = max(0, latest - newest - WATCHED) if newest else 0
        newest = latest
        if unseen := passed + max(0, len(fresh) - SHOWN):
            yield More(count=unseen)
        for turn in fresh[-SHOWN:]:
            yield turn
        await clock.beat(LOOK)
