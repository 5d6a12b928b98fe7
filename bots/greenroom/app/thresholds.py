"""Half, most and all of the day's money: noted once a day each, before the owner wonders."""

from collections.abc import Callable

from greenroom.clock import Clock
from greenroom.policy import Budget
from greenroom.settings import BotFile
from greenroom.storage import Ledger
from greenroom.telemetry import get_log

__all__ = ["Thresholds"]

LOOK_EVERY = 5.0
"""Seconds between two looks at what was spent."""
PERCENT = (100, 80, 50)
FACT = "budget:"
"""Beginning of the facts that say up to which percentage a day, with its limit, was noted."""


class Thresholds:
    """Notes in the journal when a part of the day's limit is spent; of several at once only the highest. All of it is
    spent when a call does not fit into the rest any more. Another limit is a new one: its parts are noted again."""

    def __init__(self, ledger: Ledger, budget: Budget, *, file: Callable[[], BotFile], clock: Clock) -> None:
        self._ledger = ledger
        self._budget = budget
        self._file = file
        self._clock = clock
        self._last: tuple[int, int, bool] | None = None

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Note what was reached since the last look."""
        spent, limit, is_over = await self._budget.spent(), self._budget.limit, self._budget.is_exhausted
        if (spent, limit, is_over) == self._last or limit == 0:
            return
        self._last = (spent, limit, is_over)
        reached = 100 if is_over else next((percent for percent in PERCENT if spent * 100 >= limit * percent), 0)
        day = f"{FACT}{self._clock.now().astimezone(self._file().timezone):%Y-%m-%d}:{limit}"
        known = await self._ledger.facts(FACT)
        if reached <= int(known.get(day, "0")):
            return
        words = f"{reached} % of today's {limit / 1e6:.2f} USD is spent"
        if reached == 100 and spent < limit:
            words += ": what is left is too little for another call"
        mend = "`limits: {spend: … USD/day}` in the bot file changes the limit"
        rest = f"Nothing more is paid today; {mend}" if reached == 100 else f"At 100 % nothing more is paid; {mend}"
        # in one commit, so that it is noted once whenever the process dies
        self._ledger.forget_facts(FACT)
        self._ledger.remember(day, str(reached))
        self._ledger.note(None, "budget", f"{words}. {rest}")
        get_log().warning("budget", why=words)
