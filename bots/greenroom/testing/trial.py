"""A whole bot from its two files, on a platform in memory, that can be stopped, killed and started again."""

import asyncio
import contextlib
import random
import shutil
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from greenroom.app import Bot, Options
from greenroom.generation import Engine
from greenroom.settings import Platforms
from greenroom.storage import State, Turn
from greenroom.testing.clock import ManualClock
from greenroom.testing.engine import ScriptedEngine
from greenroom.testing.platform import ScriptedPlatform
from greenroom.turns import Watch
from greenroom_adapters.contract import Author, CommandGiven, Event, Kind, MentionReceived, PostRef, Room

__all__ = ["Trial"]

BOT = """\
bot: ada
persona: ada.yaml
accounts: {home: {platform: scripted}}
timezone: UTC
engines: hold
"""
MANY = "1000000/day"
UNGUARDED = (
    "approve: never\n",
    f"limits: {{posts: {MANY}, replies: {MANY}, replies_per_person: {MANY}, replies_per_thread: {MANY}}}\n",
)
"""Written where a test is about something else than the guards, so that they do not get in its way."""
STEP = timedelta(seconds=1)
PERSONA = "persona: Ada\nwho: keeps the lighthouse\nbounds: {length: 1-500}\n"


class Trial:
    """One bot, its platform and its engine. An async context manager: entering starts the bot, leaving stops it."""

    def __init__(
        self,
        folder: Path,
        *,
        rules: str = "answer: mentions\n",
        clock: ManualClock | None = None,
        admission: int = 500,
        guarded: bool = False,
        watches: Sequence[Watch] = (),
        through: Callable[[Engine], Engine] = lambda engine: engine,
    ) -> None:
        """Write the bot's files into `folder`; `rules` is what its file has beyond its name, account and engines.

        Not `guarded`, it needs no approval and has no caps, unless `rules` have `approve` or `limits`. `watches` go
        round the work on every turn, and its engine is asked `through` what is returned for it.
        """
        self._watches = tuple(watches)
        self._through = through
        self._guarded = guarded
        self.clock = clock or ManualClock()
        self.platform = ScriptedPlatform(self.clock)
        self.engine = ScriptedEngine()
        self.admission = admission
        self.take_over = False
        """Start it as `greenroom run --take-over` does."""
        self.points: list[str] = []
        """The fault points that were reached, in order."""
        self._dies_at: tuple[str, int] | None = None
        folder.mkdir(exist_ok=True)
        self.path = folder / "bot.yaml"
        self.rewrite(rules)
        (folder / "ada.yaml").write_text(PERSONA, encoding="utf-8")
        self._bot: Bot | None = None
        self._running: asyncio.Task[None] | None = None
        self._mentions = 0

    @property
    def bot(self) -> Bot:
        """The bot that runs now."""
        if self._bot is None:
            raise RuntimeError("the bot does not run")
        return self._bot

    def rewrite(self, rules: str, *, head: str = BOT) -> None:
        """Write the bot's file anew; a bot that is started later reads it."""
        unguarded = [] if self._guarded else [line for line in UNGUARDED if line.partition(" ")[0] not in rules]
        self.path.write_text(head + rules + "".join(unguarded), encoding="utf-8")

    async def start(self) -> Bot:
        """Start the bot and return it when it listens, or at once where the platform does not let it in."""
        listened = len(self.platform.listened_after)
        bot = Bot.load(
            self.path,
            Options(
                clock=self.clock,
                faults=self._reached,
                chance=random.Random(1),  # noqa: S311 - jitter, the same in every run
                environ={},
                platforms=Platforms.of(self.platform.adapter_class()),
                engines=(self._through(self.engine),),
                through=self._through,
                watches=self._watches,
                admission=self.admission,
                take_over=self.take_over,
                grace=0.0,
            ),
        )
        await bot.__aenter__()
        self._bot, self._running = bot, asyncio.create_task(bot.run())
        if not self.platform.entering:
            await self.until(lambda: self.is_dead or len(self.platform.listened_after) > listened)
        return bot

    async def stop(self) -> None:
        """Stop the bot as Ctrl-C does. Safe to call twice."""
        bot, running = self._bot, self._running
        self._bot = self._running = None
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        if bot is not None:
            await bot.__aexit__(None, None, None)

    async def crash(self) -> None:
        """End the bot as a kill does: of the ledger remains what is committed now, and nothing more reaches the
        platform."""
        self._die()
        await self.bury()

    def dies_at(self, point: str, time: int = 1) -> None:
        """Let the bot die when it reaches a fault point for the `time`-th time from now on; then `bury` it."""
        self._dies_at = (point, time)

    @property
    def is_dead(self) -> bool:
        """The bot has died and is not buried yet."""
        return self._left.exists()

    async def bury(self) -> None:
        """Take a bot that died away, so that it can be started again."""
        await self.stop()
        for file in self._store.parent.glob(f"{self._store.name}-*"):
            if not file.name.endswith("-home"):
                file.unlink()
        # into the very file: another one in its place would be taken for a copy of the ledger
        shutil.copyfile(self._left, self._store)
        self._left.unlink()

    @property
    def _store(self) -> Path:
        return self.path.parent / "data" / "ada.db"

    @property
    def _left(self) -> Path:
        return self._store.with_name("left-by-the-dead.db")

    def _die(self) -> None:
        with (
            contextlib.closing(sqlite3.connect(self._store)) as now,
            contextlib.closing(sqlite3.connect(self._left)) as left,
        ):
            now.backup(left)
        self.platform.crashes += 1

    def _reached(self, point: str) -> None:
        self.points.append(point)
        if self._dies_at is not None and self._dies_at[0] == point and not self.is_dead:
            self._dies_at = (point, self._dies_at[1] - 1)
            if self._dies_at[1] == 0:
                self._dies_at = None
                self._die()

    async def ended(self) -> BaseException | None:
        """Wait until the bot ends by itself, and return what it died of."""
        if self._running is None:
            raise RuntimeError("the bot does not run")
        (result,) = await asyncio.gather(self._running, return_exceptions=True)
        return result

    def mention(self, text: str = "Are you there?", *, conversation: str | None = None, **changes: Any) -> Event:
        """Let somebody mention the bot now, each time in a conversation of its own unless one is named."""
        self._mentions += 1
        number = self._mentions
        facts: dict[str, Any] = {
            "id": f"mention-{number}",
            "occurred_at": self.clock.now(),
            "post": PostRef(id=f"p{number}"),
            "author": Author(id="u1", handle="iris", name="Iris"),
            **changes,
        }
        return self.platform.happen(
            MentionReceived(source="", cursor="", text=text, conversation=conversation or f"c{number}", **facts)
        )

    def command(self, name: str, text: str = "", *, room: str | None = "harbour", **changes: Any) -> Event:
        """Let somebody give a command now, in a room or (None) to the bot alone."""
        self._mentions += 1
        number = self._mentions
        facts: dict[str, Any] = {
            "id": f"command-{number}",
            "occurred_at": self.clock.now(),
            "post": PostRef(id=f"given-{number}"),
            "author": Author(id="u1", handle="iris", name="Iris"),
            "conversation": room or "alone",
            "room": None if room is None else Room(id=room),
            "also": (Kind.DIRECT_MESSAGE if room is None else Kind.MENTION,),
            **changes,
        }
        return self.platform.happen(CommandGiven(source="", cursor="", command=name, text=text, **facts))

    async def until(self, reached: Callable[[], object], *, patience: float = 30.0) -> None:
        """Wait, the clock standing still.

        :raises TimeoutError: not reached within `patience` real seconds
        """
        async with asyncio.timeout(patience):
            while not reached():
                await asyncio.sleep(0.001)

    async def past(self, reached: Callable[[], object], *, by: timedelta = STEP, patience: float = 30.0) -> None:
        """Let time pass quickly, in steps of `by`, until something is reached.

        :raises TimeoutError: not reached within `patience` real seconds
        """
        async with asyncio.timeout(patience):
            while not reached():
                self.clock.turn(by)
                await asyncio.sleep(0.001)

    async def counted(self, expected: Mapping[State, int], *, by: timedelta | None = None) -> None:
        """Wait until as many turns stand in each state; with `by`, let time pass in such steps."""
        async with asyncio.timeout(30):
            while (counts := await self.bot.ledger.counts()) != expected:
                if by is not None:
                    self.clock.turn(by)
                await asyncio.sleep(0.002)
        assert counts == expected

    async def turn(self, event_id: str) -> Turn:
        """Return a turn as it is stored."""
        await self.bot.ledger.committed()
        for turn in await self.bot.ledger.turns(limit=100_000):
            if turn.event_id == event_id:
                return turn
        raise LookupError(event_id)

    async def journal(self) -> list[str]:
        """Return what the journal says, newest first."""
        await self.bot.ledger.committed()
        return [f"{entry.what}: {entry.why}" for entry in await self.bot.ledger.journal(limit=1000)]

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.stop()
