"""What was asked while the bot was away: answered newest first, and told to its owner in one line."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from greenroom.clock import MICROSECOND
from greenroom.delivery import Means
from greenroom.storage import Turn, asked_at
from greenroom.telemetry import get_log
from greenroom.turns.lanes import Lanes

__all__ = ["LATE", "WAS_AWAY", "Backlog"]

WAS_AWAY = "outage"
"""Kind of the entry in the journal that says what came in meanwhile."""
LATE = timedelta(minutes=2) // MICROSECOND
"""Microseconds by which an event comes in late that was missed when it happened."""
PAUSE = 1.0
"""Seconds in which nothing more of the kind comes in: then all of it is there."""
CAUGHT_UP = timedelta(minutes=10) // MICROSECOND
"""Microseconds after which the platform has told all that was missed, once the account listens again."""
LONGEST = 10
"""So many pauses it is waited for at the most."""


class Backlog:
    """Gathers the late turns of one account until the platform has told all that was missed, then admits them: the
    newest conversation first, within a conversation in order. They are rows of the ledger already: a crash meanwhile
    loses none."""

    def __init__(self, means: Means, *, lanes: Lanes) -> None:
        self._account = means.account
        self._admitting = lanes
        self._ledger = means.ledger
        self._clock = means.clock
        self._late: list[Turn] = []
        self.lanes: Counter[str] = Counter()
        """Lane → how many of its turns are kept: whatever arrives for it is to be kept too, or it would overtake."""
        self._came = asyncio.Event()
        self._listens_since = 0
        self._gone = asyncio.Event()
        self._gone.set()
        self._log = get_log().bind(account=means.account)

    def listens(self) -> None:
        """Hear that the account listens again from now on: what happened before this moment was missed. Not told of an
        account's first connection, which begins at now."""
        self._listens_since = self._clock.micros()

    @property
    def kept(self) -> Sequence[Turn]:
        """The turns that are kept."""
        return tuple(self._late)

    def keep(self, turn: Turn) -> None:
        """Take a turn that is on disk: a late one, or one behind a late one. The lanes leave it there meanwhile."""
        self._admitting.give_back(turn)
        self._admitting.kept.add(turn.seq)
        self._late.append(turn)
        self.lanes[turn.lane] += 1
        self._gone.clear()
        self._came.set()

    async def settle(self) -> None:
        """Wait until nothing is kept."""
        await self._gone.wait()

    async def run(self) -> None:
        """Let go of what is kept, whenever all of it is there; for ever."""
        while True:
            await self._came.wait()
            for _ in range(LONGEST):
                self._came.clear()
                await self._clock.sleep(PAUSE)
                if not self._came.is_set():
                    break
            self._came.clear()
            self._let_go()

    def _let_go(self) -> None:
        late, self._late = self._late, []
        self.lanes.clear()
        self._admitting.kept.clear()
        lanes: dict[str, list[Turn]] = {}
        for turn in sorted(late, key=asked_at):
            lanes.setdefault(turn.lane, []).append(turn)
        for turns in sorted(lanes.values(), key=lambda turns: asked_at(turns[-1]), reverse=True):
            for turn in turns:
                self._admitting.admit(turn)
        if missed := [turn for turn in late if turn.late and self._was_missed(turn)]:
            self._tell(missed)
        self._gone.set()

    def _was_missed(self, turn: Turn) -> bool:
        """Say whether it happened while the account did not listen. A server may deliver late what happened while it
        did, and say of it what it likes: the bot was not away for that."""
        since = self._listens_since
        return asked_at(turn) < since and turn.received < since + CAUGHT_UP

    def _tell(self, late: list[Turn]) -> None:
        now = self._clock.micros()
        too_old = sum(turn.expires < now for turn in late)
        rest = len(late) - too_old
        words = [f"{len(late)} came in on {self._account} while the bot was away"]
        if rest:
            words.append(f"{rest} {'is' if rest == 1 else 'are'} seen to, the newest first")
        if too_old:
            words.append(f"{too_old} {'is' if too_old == 1 else 'are'} too old by now and left alone")
        self._ledger.note(None, WAS_AWAY, "; ".join(words))
        self._log.warning("was away", came_in=len(late), seen_to=rest, too_old=too_old)
