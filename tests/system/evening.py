"""An evening with a bot: a real Stage whose time is put forward together with the bot's, and what its owner reads."""

import asyncio
import io
import random
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from rich.console import Console

from greenroom.app import Bot, Options
from greenroom.cli.log import entry_lines, newest_entries
from greenroom.settings import Platforms
from greenroom.storage import State, Turn
from greenroom.testing import RunningClock, ScriptedEngine
from greenroom_adapters.stage import StageAdapter
from greenroom_adapters.testing.stage import RunningStage

PATIENCE = 30.0
"""Real seconds in which something must happen."""
NOON, A_DAY = 12, timedelta(days=1)
PERSONA = "persona: Ada\nwho: keeps the lighthouse\n"
HEAD = """\
bot: ada
persona: ada.yaml
accounts: {{home: {{platform: harbour, server: "{url}", handle: ada}}}}
timezone: UTC
engines: hold
"""


class Harbour(StageAdapter):
    """The Stage under another name: a bot takes its accounts there for real ones, with every guard that such have."""

    platform: ClassVar[str] = "harbour"


class Evening:
    """One bot on one Stage. An async context manager: entering starts both, at noon, leaving stops them."""

    def __init__(self, folder: Path, rules: str, *, persona: str = PERSONA, head: str = HEAD) -> None:
        """`rules` is what the bot's file has beyond its head."""
        self.head = head
        self.folder = folder
        self.rules = rules
        self.clock = RunningClock()
        self.engine = ScriptedEngine()
        self.stage = RunningStage("--faults", "--writes", "1000000/1", data=folder / "stage.db")
        self.path, self.persona = folder / "bot.yaml", folder / "ada.yaml"
        self.persona.write_text(persona, encoding="utf-8")
        self._ahead = timedelta(0)
        self._bot: Bot | None = None
        self._running: asyncio.Task[None] | None = None
        self._tokens: dict[str, str] = {}

    @property
    def bot(self) -> Bot:
        """The bot that runs now."""
        assert self._bot is not None
        return self._bot

    def write(self, rules: str) -> None:
        """Write the bot's file as its owner edits it."""
        self.path.write_text(self.head.format(url=self.stage.url) + rules, encoding="utf-8")

    async def start(self) -> None:
        """Start the bot and return when it listens."""
        options = Options(
            clock=self.clock,
            chance=random.Random(1),  # noqa: S311 - jitter, the same in every run
            environ={},
            platforms=Platforms.of(Harbour),
            engines=(self.engine,),
            grace=1.0,
        )
        bot = Bot.load(self.path, options)
        await bot.__aenter__()
        self._bot, self._running = bot, asyncio.create_task(bot.run())
        for account, desk in bot.desks.items():
            await self.until(lambda desk=desk: desk.is_connected)  # type: ignore[misc]  # bound to this account
            # listening begins with the cursors, which are on disk before the first reading
            async with asyncio.timeout(PATIENCE):
                while not await bot.ledger.cursors(account):
                    await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Stop the bot; the Stage lives on. Safe to call twice."""
        bot, running = self._bot, self._running
        self._bot = self._running = None
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        if bot is not None:
            await bot.__aexit__(None, None, None)

    def pass_time(self, by: timedelta) -> None:
        """Let time pass on the Stage, where it runs, and for the bot."""
        self._ahead += by
        if self.stage.alive:
            self.stage.call("POST", "/api/admin/clock", {"ahead": self._ahead.total_seconds()})
        self.clock.put_forward(by)

    def token(self, handle: str, *, bot: bool = False) -> str:
        """Return the token of a person, who is there from now on."""
        if handle not in self._tokens:
            self._tokens[handle] = self.stage.sign_in(handle, bot=bot)
        return self._tokens[handle]

    def say(self, handle: str, text: str, **place: object) -> Mapping[str, Any]:
        """Let a person post."""
        return self.stage.say(self.token(handle), text, **place)

    def said(self, handle: str = "ada") -> list[Mapping[str, Any]]:
        """Return what stands on the Stage under the bot's name, oldest first."""
        posts: list[Mapping[str, Any]] = []
        before = ""
        while page := self.stage.call("GET", f"/api/me/posts?limit=200{before}", token=self.token(handle, bot=True))[
            "posts"
        ]:
            posts += page
            before = f"&before={page[-1]['id']}"
        return posts[::-1]

    def told(self, handle: str) -> list[str]:
        """Return what the bot has written to a person alone, oldest first."""
        told = [post for post in self.said() if post["direct_to"] is not None]
        return [post["text"] for post in told if post["direct_to"]["handle"] == handle]

    async def counts(self) -> Mapping[State, int]:
        """Return how many turns stand in each state."""
        return await self.bot.ledger.counts()

    async def reach(self, expected: Mapping[State, int], *, by: timedelta = timedelta(0)) -> None:
        """Wait until at least as many turns stand in each state; with `by`, let time pass in such steps."""
        async with asyncio.timeout(PATIENCE):
            while True:
                counts = await self.counts()
                if all(counts.get(state, 0) >= number for state, number in expected.items()):
                    break
                if by:
                    self.pass_time(by)
                await asyncio.sleep(0.05)

    async def until(self, reached: Callable[[], object], *, by: timedelta = timedelta(0)) -> None:
        """Wait until something is so; with `by`, let time pass in such steps."""
        async with asyncio.timeout(PATIENCE):
            while not await asyncio.to_thread(reached):
                if by:
                    self.pass_time(by)
                await asyncio.sleep(0.05)

    async def obey(self, command: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Type a command beside the bot."""
        return await self.bot.commands.obey(command, arguments)

    async def turn_about(self, text: str) -> Turn:
        """Return the newest turn whose input has this text."""
        await self.bot.ledger.committed()
        for turn in await self.bot.ledger.turns(limit=10_000):
            if getattr(turn.event, "text", None) == text:
                return turn
        raise LookupError(text)

    async def log(self) -> str:
        """Return what `greenroom log` shows."""
        await self.bot.ledger.committed()
        written = io.StringIO()
        console = Console(file=written, highlight=False, emoji=False, markup=False, width=10_000)
        for entry in await newest_entries(self.bot.ledger, 10_000):
            console.print(entry_lines(entry, self.bot.file.timezone))
        return written.getvalue()

    async def __aenter__(self) -> Self:
        self.stage.start()
        try:
            # what is due at a time of the day is ahead, whenever the test runs
            now = self.clock.now()
            self.pass_time((now.replace(hour=NOON) - now) % A_DAY)
            self.write(self.rules)
            await self.start()
        except BaseException:
            self.stage.stop()
            raise
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        try:
            await self.stop()
        finally:
            self.stage.stop()
