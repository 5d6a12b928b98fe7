"""Half, most and all of the day's money: noted once a day each, before the owner wonders."""

from greenroom.app.in_force import InForce
from greenroom.clock import Clock
from greenroom.policy import Budget
from greenroom.storage import Ledger
from greenroom.telemetry import get_log

__all__ = ["Thresholds"]

LOOK_EVERY = 5.0
"""Seconds between two looks at what was spent."""
PERCENT = (100, 80, 50)
FACT = "budget:"
"""Beginning of the facts that say up to which percentage a day, with its limit, was noted."""
SHORT = "short:"
"""Beginning of the fact that says on which day, with its limit, it was noted that something cost more than was left."""


class Thresholds:
    """Notes in the journal when a part of the day's limit is spent; of several at once only the highest. Once a day it
    is noted, too, that a call or a post does not fit into the rest any more. Another limit is a new one: its parts are
    noted again."""

    def __init__(self, ledger: Ledger, budget: Budget, *, in_force: InForce, clock: Clock) -> None:
        self._ledger = ledger
        self._budget = budget
        self._in_force = in_force
        self._clock = clock
        self._last: tuple[int, int, bool] | None = None

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await self.look()
            await self._clock.beat(LOOK_EVERY)

    async def look(self) -> None:
        """Note what was reached since the last look."""
        spent, limit, is_over = await self._budget.spent(), self._budget.limit, self._budget.is_exhausted
        if (spent, limit, is_over) == self._last or limit == 0:
            return
        self._last = (spent, limit, is_over)
        reached = next((percent for percent in PERCENT if spent * 100 >= limit * percent), 0)
        day = f"{self._clock.now().astimezone(self._in_force.file.timezone):%Y-%m-%d}:{limit}"
        known = await self._ledger.facts(FACT)
        is_more = reached > int(known.get(f"{FACT}{day}", "0"))
        is_short = is_over and reached < 100 and f"{SHORT}{day}" not in await self._ledger.facts(SHORT)
        if not (is_more or is_short):
            return
        words = f"{spent * 100 // limit if is_short else reached} % of today's {limit / 1e6:.2f} USD is spent"
        mend = "`limits: {spend: … USD/day}` in the bot file changes the limit"
        if is_short:
            words += ", and what was to be paid next costs more than is left"
            rest = f"Posts wait until tomorrow, and a model that is too dear is not asked; {mend}"
        else:
            rest = f"Nothing more is paid today; {mend}" if reached == 100 else f"At 100 % nothing more is paid; {mend}"
        # in one commit, so that it is noted once whenever the process dies
        if is_more:
            self._ledger.forget_facts(FACT)
            self._ledger.remember(f"{FACT}{day}", str(reached))
        if is_short:
            self._ledger.forget_facts(SHORT)
            self._ledger.remember(f"{SHORT}{day}", "")
        self._ledger.note(None, "budget", f"{words}. {rest}")
        get_log().warning("budget", why=words)
