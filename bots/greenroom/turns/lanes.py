"""Order and admission: one conversation is one lane, many lanes run side by side, the rest waits on disk."""

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence

from greenroom.storage import Ledger, State, Turn

__all__ = ["Lanes"]

SLICE = 256
"""Lanes that are started in one turn of the loop, so that a burst never stalls heartbeats and timers."""
SLEEPERS = 10
"""Times the admission: turns that may sleep in memory beside those that are at work."""
DEPTH = 8
"""Turns of one lane that are held in memory at the most."""


class Lanes:
    """Runs the turns of one account: in order within a lane, at most `admission` in memory over all lanes.

    What is not admitted stays a row of the ledger (and one entry per waiting lane here) until a place is free; lanes
    get their places in the order in which they began to wait. A lane moves on as soon as `run` returns.
    """

    def __init__(self, run: Callable[[Turn], Awaitable[None]], *, ledger: Ledger, admission: int) -> None:
        self._run = run
        self._ledger = ledger
        self._admission = admission
        self._lanes: dict[str, deque[Turn]] = {}
        self._admitted = 0
        self._asleep = 0
        self._waiting: dict[str, int] = {}
        """Lane → seq of its first turn that was left on disk."""
        self._unsure: set[str] = set()
        """Lanes found at a restart whose first waiting turn may have been started before."""
        self._starts: deque[str] = deque()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        """Lane → who walks it."""
        self._starter: asyncio.Handle | None = None
        self._loader: asyncio.Task[None] | None = None
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._reading: dict[str, bool] = {}
        """Lanes that are being read from disk → something arrived for them meanwhile."""
        self.kept: set[int] = set()
        """Seqs of turns that somebody else will admit: neither they nor what is behind them is taken from the disk."""
        self.disk = asyncio.Lock()
        """Whoever holds it sees to it that no turn is taken from the disk meanwhile."""
        self._loop = asyncio.get_running_loop()
        self._broken: asyncio.Future[None] = self._loop.create_future()

    @property
    def load(self) -> tuple[int, int]:
        """Return (turns in memory, lanes that wait on disk)."""
        return self._admitted, len(self._waiting)

    def first_on_disk(self) -> int | None:
        """Return the seq of the first turn that waits on disk; None: none does."""
        return min(self._waiting.values(), default=None)

    def in_memory(self) -> list[Turn]:
        """Return the admitted turns."""
        return [turn for lane in self._lanes.values() for turn in lane]

    def behind(self, turn: Turn) -> Iterator[Turn]:
        """Return the turns that are in memory behind this one in its lane, in order; it is the one that runs there."""
        return itertools.islice(self._lanes.get(turn.lane, ()), 1, None)

    @contextlib.contextmanager
    def asleep(self) -> Generator[None, None, None]:
        """Give the place of the turn that runs to others, while it waits for an hour or a limit and not for its work.

        It stays in memory, and so do ten times as many as may be at work; beyond that a sleeper keeps its place."""
        if self._asleep >= SLEEPERS * self._admission:
            yield
            return
        self._asleep += 1
        self._admitted -= 1
        if self._waiting:
            self._wake_loader()
        try:
            yield
        finally:
            self._asleep -= 1
            self._admitted += 1

    def admit(self, turn: Turn) -> None:
        """Take a stored turn: run it now or in its order, or leave it on disk for later."""
        if self._closed:
            self.give_back(turn)
            return
        lane = turn.lane
        if self._waiting or self._admitted >= self._admission:
            self._leave(lane, turn.seq)
            return
        queue = self._lanes.get(lane)
        if queue is None:
            self._start(lane, turn)
        elif len(queue) < DEPTH:
            queue.append(turn)
            self._admitted += 1
        else:
            self._leave(lane, turn.seq)

    def has_room(self, on_the_way: int) -> bool:
        """Say whether one more turn, behind `on_the_way` others, would be admitted at once."""
        return not self._closed and not self._waiting and self._admitted + on_the_way < self._admission

    def resume(self, turn: Turn) -> None:
        """Take a turn that was at work, or is taken up again by hand, whatever the admission says."""
        if (queue := self._lanes.get(turn.lane)) is None:
            self._start(turn.lane, turn)
        else:
            queue.append(turn)
            self._admitted += 1

    def leave(self, waiting: Sequence[tuple[str, int]]) -> None:
        """Take over lanes that wait on disk after a restart, as (lane, seq of its first waiting turn), when what was
        at work is resumed. A lane has one start at a time, so only its first turn can have been under way."""
        self._unsure.update(lane for lane, _ in waiting if lane not in self._lanes)
        for lane, seq in waiting:
            self._leave(lane, seq)

    async def settle(self) -> None:
        """Wait until nothing is in memory and nothing waits on disk."""
        while not self._idle.is_set():
            await self._idle.wait()

    async def failure(self) -> None:
        """Wait until a run fails in a way that must stop the bot, then raise that."""
        await asyncio.shield(self._broken)

    async def close(self, *, grace: float) -> None:
        """Admit nothing more, let what runs finish for `grace` seconds, cancel the rest. Safe to call twice."""
        self._closed = True
        if self._starter is not None:
            self._starter.cancel()
            self._starter = None
            while self._starts:
                for turn in self._lanes.pop(self._starts.popleft()):
                    self.give_back(turn)
        if self._loader is not None:
            self._loader.cancel()
            await asyncio.gather(self._loader, return_exceptions=True)
        for queue in self._lanes.values():
            while len(queue) > 1:
                self.give_back(queue.pop())
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def give_back(self, turn: Turn) -> None:
        """Leave a turn that was not begun to the next start. Its insert may have counted one: a stop is no crash."""
        if turn.state is State.RECEIVED and turn.starts and not turn.suspect:
            turn.starts = 0
            self._ledger.save(turn)

    # inside

    def _leave(self, lane: str, seq: int) -> None:
        self._idle.clear()
        self._waiting.setdefault(lane, seq)
        if lane in self._reading:
            self._reading[lane] = True
        self._wake_loader()

    def _start(self, lane: str, turn: Turn) -> None:
        if not self._lanes:
            self._idle.clear()
        self._lanes[lane] = deque((turn,))
        self._admitted += 1
        self._starts.append(lane)
        if self._starter is None:
            self._starter = self._loop.call_soon(self._start_some)

    def _start_some(self) -> None:
        self._starter = None
        starts, create = self._starts, self._loop.create_task
        for _ in range(min(SLICE, len(starts))):
            lane = starts.popleft()
            self._tasks[lane] = create(self._walk(lane, self._lanes[lane]), name=lane)
        if starts:
            self._starter = self._loop.call_soon(self._start_some)

    async def _walk(self, lane: str, queue: deque[Turn]) -> None:
        run = self._run
        try:
            while queue:
                await run(queue[0])
                queue.popleft()
                self._admitted -= 1
        except Exception as error:  # noqa: BLE001 - told to whoever waits in `failure`
            self._break(error)
        finally:
            if queue:
                self._admitted -= len(queue)
            del self._lanes[lane], self._tasks[lane]
            if self._waiting or not self._lanes:
                self._rest()

    def _break(self, error: BaseException) -> None:
        if not self._broken.done():
            self._broken.set_exception(error)
            # whoever does not ask for it shall not be told so at the end of the program
            self._broken.exception()

    def _rest(self) -> None:
        """Look for what comes next after a lane or a reading has ended."""
        if self._waiting:
            self._wake_loader()
        elif not self._lanes:
            self._idle.set()

    def _wake_loader(self) -> None:
        if self._loader is None and not self._closed and self._admitted < self._admission:
            self._loader = self._loop.create_task(self._load())

    async def _load(self) -> None:
        """Bring waiting turns back while there is room, lane by lane, the longest waiting first."""
        try:
            while not self._closed and (room := self._admission - self._admitted) > 0:
                wanted: list[tuple[str, int]] = []
                for lane, first in self._waiting.items():
                    if len(self._lanes.get(lane, ())) < DEPTH:
                        wanted.append((lane, first))
                        if len(wanted) >= min(room, SLICE):
                            break
                if not wanted:
                    break
                # Until the reading is over the lane stays among the waiting: what arrives meanwhile must queue behind.
                self._reading = dict.fromkeys((lane for lane, _ in wanted), False)
                limit = max(1, min(DEPTH, room // len(wanted)))
                async with self.disk:
                    found = await self._ledger.waiting(wanted, limit)
                    for (lane, first), turns in zip(wanted, found, strict=True):
                        self._take(lane, first, turns, more=len(turns) == limit or self._reading[lane])
                self._reading = {}
        except Exception as error:  # noqa: BLE001 - a row that cannot be read must be told, not wait for ever
            self._break(error)
        finally:
            self._loader = None
        if not self._waiting and not self._lanes:
            self._idle.set()

    def _take(self, lane: str, first: int, turns: Sequence[Turn], *, more: bool) -> None:
        """Run what was read of a lane; with `more` the lane goes on waiting, behind the others."""
        del self._waiting[lane]
        if self.kept and (ahead := [turn for turn in turns if turn.seq in self.kept]):
            # the rest of this lane comes when that is let go
            turns, more = turns[: turns.index(ahead[0])], False
        if more:
            self._waiting[lane] = turns[-1].seq + 1 if turns else first
        if turns and lane in self._unsure:
            self._unsure.discard(lane)
            turns[0].suspect = turns[0].starts > 0
        for turn in turns:
            self.resume(turn)
