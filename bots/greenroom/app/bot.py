"""A bot as it runs: everything built once from the two files, started in order, stopped in reverse."""

import asyncio
import contextlib
import os
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from greenroom.app.commands import Commands
from greenroom.app.local import LocalPlatform, is_local, start_local
from greenroom.clock import Clock, SystemClock
from greenroom.delivery import Pacer
from greenroom.faults import FaultHook, no_fault
from greenroom.generation import Engine, FixedWords, build_voice
from greenroom.personas import Persona, load_persona
from greenroom.policy import Budget
from greenroom.routing import Router
from greenroom.scheduling.scheduler import Scheduler
from greenroom.settings import BotFile, Platforms, SecretRef, load_bot, resolve, settings_for
from greenroom.storage import Ledger, SqliteLedger, Turn
from greenroom.telemetry import get_log
from greenroom.turns import AccountDesk, Speaker
from greenroom_adapters.contract import Adapter, Secret

__all__ = ["Bot", "Options", "router_of"]

COMMANDS_EVERY = 0.1
"""Seconds between two looks at what was typed beside the bot."""
RETIRE_EVERY = 3600.0
"""Seconds between two rounds of retention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the surroundings decide, not the owner's files."""

    clock: Clock = field(default_factory=SystemClock)
    faults: FaultHook = no_fault
    chance: random.Random = field(default_factory=random.Random)
    """Source of jitter; nothing that must be repeatable comes from it."""
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    platforms: Platforms = field(default_factory=Platforms.installed)
    engines: tuple[Engine, ...] = ()
    """Engines of one's own, asked before those of the bot file. Whoever made them closes them."""
    admission: int = 500
    """Turns of one account in memory at the most; the rest waits on disk."""
    grace: float = 5.0
    """Seconds that a stop leaves to what is in flight."""


class Bot:
    """One running bot.

    `async with Bot.load(path) as bot: await bot.run()`. Entering opens the ledger (and refuses a second runner),
    starts local platforms and takes up what was under way; leaving finishes or parks what is in flight, and closes
    everything in the reverse order.
    """

    def __init__(self, file: BotFile, persona: Persona, options: Options) -> None:
        self.file = file
        self.persona = persona
        self._options = options
        self.ledger: Ledger = SqliteLedger(file.store, bot=file.bot, clock=options.clock)
        self.desks: dict[str, AccountDesk] = {}
        self.local: dict[str, LocalPlatform] = {}
        """Platform → the local one that is used."""
        self._speaker: Speaker | None = None
        self._alone = asyncio.Lock()
        self._log = get_log().bind(bot=file.bot)

    @classmethod
    def load(cls, path: Path, options: Options | None = None) -> Self:
        """Read the bot file at `path` and its persona.

        :raises Mistakes: with every mistake, as file:line:column
        """
        options = options or Options()
        file = load_bot(path, platforms=options.platforms)
        return cls(file, load_persona(file.persona), options)

    @property
    def addresses(self) -> dict[str, str]:
        """Local platforms by name → where a person can look at them."""
        return {platform: local.url for platform, local in self.local.items()}

    async def __aenter__(self) -> Self:
        await self.ledger.__aenter__()
        try:
            await self._build()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        # whatever fails to close, the rest is closed
        async with contextlib.AsyncExitStack() as stack:
            for local in self.local.values():
                stack.push_async_callback(local.stop)
            stack.push_async_callback(self.ledger.__aexit__, *exc)
            if self._speaker is not None:
                stack.push_async_callback(self._speaker.voice.aclose)
            for desk in self.desks.values():
                stack.push_async_callback(desk.close, grace=self._options.grace)
        self._speaker = None
        self.local.clear()

    async def run(self) -> None:
        """Listen, answer and post until cancelled.

        :raises StorageError: the ledger failed: nothing is published without a record; in an exception group
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.ledger.failure())
            for desk in self.desks.values():
                tasks.create_task(desk.run())
            tasks.create_task(self._scheduler.run())
            tasks.create_task(self._obey_for_ever())
            tasks.create_task(self._retire_for_ever())

    async def settle(self) -> None:
        """Wait until nothing that was taken in is left to do, and all of it is on disk."""
        await self.ledger.committed()
        for desk in self.desks.values():
            await desk.lanes.settle()
        await self.ledger.committed()

    # building

    async def _build(self) -> None:
        options, file = self._options, self.file
        self._speaker = self.speaker(file, self.persona)
        router = router_of(file, self.persona)
        paused = await self.ledger.paused()
        for name, account in file.accounts.items():
            adapter = await self.adapter(name)
            self.desks[name] = AccountDesk(
                adapter,
                bot=file.bot,
                account=name,
                router=router,
                speaker=self._current,
                ledger=self.ledger,
                pacer=Pacer(
                    options.clock,
                    quotas=await self.ledger.quotas(name),
                    paused=paused.get(name) or paused.get("*"),
                ),
                clock=options.clock,
                faults=options.faults,
                chance=options.chance,
                admission=options.admission,
                alone=self._alone,
                live=account.live,
                listens_to_others=bool(self._speaker.patient),
            )
        self.ledger.on_arrival(self._arrived)
        self._scheduler = Scheduler(ledger=self.ledger, clock=options.clock, put=self._put, faults=options.faults)
        await self._scheduler.use(file)
        self.commands = Commands(self.ledger, file, clock=options.clock, desks=self.desks, scheduler=self._scheduler)
        await self._recover()

    def _current(self) -> Speaker:
        assert self._speaker is not None  # noqa: S101 - nothing speaks before it is built
        return self._speaker

    def speaker(self, file: BotFile, persona: Persona) -> Speaker:
        """Return who speaks for these two files. Whoever calls closes its voice.

        :raises ConfigurationError: an engine cannot be used as it is written, or its key is missing
        """
        options = self._options
        budget = Budget(self.ledger, clock=options.clock, zone=file.timezone, limit=file.limits.spend.amount.micros)
        voice = build_voice(
            persona,
            file.engines.text,
            purse=budget,
            resolve=self._secret,
            clock=options.clock,
            zone=file.timezone,
            environ=options.environ,
            own=options.engines,
        )
        return Speaker(
            persona=persona,
            voice=voice,
            fixed={rule.name: FixedWords(rule.say, rule=rule.name) for rule in file.answer if rule.say is not None},
            patient=frozenset(rule.name for rule in file.answer if rule.quiet_for),
        )

    def _secret(self, reference: SecretRef, owner: str) -> Secret:
        return resolve(reference, owner=owner, environ=self._options.environ, warn=self._warn)

    def _warn(self, text: str) -> None:
        self._log.warning(text)

    async def adapter(self, name: str) -> Adapter:
        """Return the adapter of an account, not yet entered. A local platform is started for it: see `local`.

        :raises SecretMissing: a secret is not where its reference says
        """
        account = self.file.accounts[name]
        adapter = self._options.platforms.adapter(account.platform)
        settings: dict[str, Any] = dict(account.settings)
        if is_local(account.platform):
            if "server" not in settings:
                if account.platform not in self.local:
                    self.local[account.platform] = await start_local(account.platform, self.file.store.parent)
                settings["server"] = self.local[account.platform].url
            settings.setdefault("handle", self.file.bot)
            settings.setdefault("name", self.persona.persona)
            settings.setdefault("bio", self.persona.disclosure_line)
        built = settings_for(
            name,
            account.model_copy(update={"settings": settings}),
            file=self.file.file or Path.cwd() / "bot.yaml",
            adapter=adapter,
            environ=self._options.environ,
            warn=self._warn,
        )
        return adapter(built, account=name)

    # running

    def _put(self, turn: Turn) -> None:
        self.desks[turn.account].intake.put(turn)

    def _arrived(self, new: list[Turn], known: list[Turn]) -> None:
        desks = self.desks
        for turn in new:
            desks[turn.account].intake.arrived(turn, new=True)
        for turn in known:
            desks[turn.account].intake.arrived(turn, new=False)

    async def _recover(self) -> None:
        """Take up what was under way, before anything new comes in."""
        at_work = await self.ledger.at_work()
        waiting = await self.ledger.waiting_lanes()
        for name, desk in self.desks.items():
            desk.recover(
                [turn for turn in at_work if turn.account == name],
                [(lane, first) for account, lane, first in waiting if account == name],
            )
        if at_work or waiting:
            self._log.info("taking up what was under way", turns=len(at_work), conversations=len(waiting))

    async def _obey_for_ever(self) -> None:
        while True:
            for command in await self.ledger.open_commands():
                await self.commands.obey(command.name, command.arguments, command=command.id)
            await self._options.clock.sleep(COMMANDS_EVERY)

    async def _retire_for_ever(self) -> None:
        keep = int(self.file.keep.total_seconds() * 1e6)
        while True:
            while await self.ledger.retire(before=self._options.clock.micros() - keep):
                await self._options.clock.sleep(0.05)
            await self._options.clock.sleep(RETIRE_EVERY)


def router_of(file: BotFile, persona: Persona) -> Router:
    """Return the router of a bot.

    :raises ConfigurationError: a rule waits for a word that has nothing in it that could be found
    """
    return Router.compile(
        file.answer,
        rooms=file.rooms,
        people=file.people,
        persona_names=(persona.persona, *persona.nicknames),
        quiet=file.limits.quiet,
        timezone=file.timezone,
        accounts=tuple(file.accounts),
    )
