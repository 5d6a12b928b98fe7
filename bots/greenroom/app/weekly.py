"""On Mondays the owner hears what the bot did in the week before, as `greenroom week` says it."""

from datetime import date, timedelta

from greenroom.app.in_force import InForce
from greenroom.app.week import Span, count_week, week_lines
from greenroom.clock import Clock
from greenroom.storage import Ledger

__all__ = ["WEEK", "Weekly"]

WEEK = "week"
"""What such an entry of the journal is called."""
TOLD = "week told"
"""Name of the fact that says which Monday was the last on which that was done."""
HOUR = 8
"""When on a Monday it is told, on the clock of the bot's zone; whoever was away then tells it later in the week."""
LOOK_EVERY = 60.0


class Weekly:
    """Notes the week in the journal, where whoever tells the owner finds it: once, whenever the process dies."""

    def __init__(self, ledger: Ledger, *, in_force: InForce, clock: Clock) -> None:
        self._ledger = ledger
        self._in_force = in_force
        self._clock = clock
        self._done: str | None = None

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await self.look()
            await self._clock.beat(LOOK_EVERY)

    async def look(self) -> None:
        """Note the week that is over, if that was not done."""
        file, now = self._in_force.file, self._clock.now()
        monday = _monday((now.astimezone(file.timezone) - timedelta(hours=HOUR)).date()).isoformat()
        if monday == self._done:
            return
        known = (await self._ledger.facts(TOLD)).get(TOLD)
        if known is None or known < monday:
            words = None
            if known is not None:
                week = await count_week(file, self._ledger, Span.before(now - timedelta(hours=HOUR), file.timezone))
                words = "\n".join(week_lines(week, file))
            # no `await` in between: both are in one commit
            self._ledger.remember(TOLD, monday)
            if words is not None:
                self._ledger.note(None, WEEK, words)
        self._done = monday


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
