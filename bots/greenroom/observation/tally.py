"""What is counted of a running bot because it cannot be read from its ledger later: ends, times, engines."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine
from typing import Any

from typing_extensions import override

from greenroom.clock import Clock, to_micros
from greenroom.generation.engine import (
    BudgetSpent,
    Engine,
    EngineUnavailable,
    Generated,
    GenerationError,
    NothingToAdd,
    Overlong,
    Refused,
)
from greenroom.observation.engines import WatchedEngine
from greenroom.storage import CLOCK, TELL, Due, State, Turn
from greenroom.turns.reasons import reason_of

__all__ = ["LONG", "OUTCOMES", "SHORT", "Spread", "Tally"]

SHORT = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Seconds: what an engine takes."""
LONG = (0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0)
"""Seconds: what a person or a post waits for."""

OUTCOMES = ("answered", "silent", "refused", "too_long", "no_money", "unavailable", "needs_a_person", "failed")
"""How a call of a model can end."""


class Spread:
    """How values spread over bounds, as a histogram of Prometheus tells it."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """Values up to each bound and above the one before; the last is for what is above all."""
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Tally:
    """Counts from the start of the process on. Its labels are names of the owner's files and words of ours: what
    people write, or who they are, can add none."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.rested: Counter[tuple[str, State, str]] = Counter()
        """(account, state, reason) → turns that came to rest so."""
        self.replies: defaultdict[tuple[str, str], Spread] = defaultdict(lambda: Spread(LONG))
        """(account, surface) → seconds from the arrival to the receipt of what nobody had to approve."""
        self.lateness: defaultdict[str, Spread] = defaultdict(lambda: Spread(LONG))
        """Account → seconds from the time of a post to its receipt."""
        self.calls: Counter[tuple[str, str]] = Counter()
        """(engine, one of OUTCOMES) → calls of models."""
        self.engines: defaultdict[str, Spread] = defaultdict(lambda: Spread(SHORT))
        """Engine → seconds of a call."""

    def watch(self, turn: Turn, work: Coroutine[Any, Any, None]) -> Coroutine[Any, Any, None]:
        """Count a turn when the work on it has ended."""
        return self._watching(turn, work)

    def through(self, engine: Engine) -> Engine:
        """Return what asks `engine` and counts that, each outcome from zero on."""
        for outcome in OUTCOMES:
            self.calls[engine.name, outcome] += 0
        return _Counted(engine, self, self._clock)

    async def _watching(self, turn: Turn, work: Coroutine[Any, Any, None]) -> None:
        await work
        state = turn.state
        if state < State.HELD:
            return
        reason = "approval" if state is State.HELD else reason_of(turn.reason)
        self.rested[turn.account, state, reason] += 1
        if state is not State.SENT or turn.rule == TELL or (turn.draft is not None and turn.draft.approved):
            return
        now = self._clock.micros()
        if turn.kind != CLOCK:
            self.replies[turn.account, str(turn.surface)].add((now - turn.received) / 1e6)
        elif isinstance(turn.event, Due):
            self.lateness[turn.account].add(max(0, now - to_micros(turn.event.due)) / 1e6)


class _Counted(WatchedEngine):
    """An engine, counted."""

    def __init__(self, engine: Engine, tally: Tally, clock: Clock) -> None:
        super().__init__(engine)
        self._tally = tally
        self._clock = clock

    @override
    async def _watch(self, call: Callable[[], Coroutine[Any, Any, Generated]]) -> Generated:
        began, how = self._clock.micros(), "failed"
        try:
            generated = await call()
            how = "answered"
        except GenerationError as error:
            how = _how(error)
            raise
        finally:
            self._tally.calls[self.name, how] += 1
            self._tally.engines[self.name].add((self._clock.micros() - began) / 1e6)
        return generated


def _how(error: GenerationError) -> str:
    match error:
        case NothingToAdd():
            return "silent"
        case Refused():
            return "refused"
        case Overlong():
            return "too_long"
        case BudgetSpent():
            return "no_money"
        case EngineUnavailable():
            return "needs_a_person" if error.permanent else "unavailable"
        case _:
            return "failed"
