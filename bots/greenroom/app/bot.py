"""A bot as it runs: everything built once from the two files, started in order, stopped in reverse."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from greenroom.app.attending import Attending
from greenroom.app.catching_up import CatchingUp
from greenroom.app.commands import Commands
from greenroom.app.connecting import build_adapter
from greenroom.app.declaring import Declaring
from greenroom.app.handing_over import hand_over_when_asked
from greenroom.app.homeless import end_homeless
from greenroom.app.in_force import InForce
from greenroom.app.keeping import FolderKeep
from greenroom.app.local import LocalPlatform, is_local
from greenroom.app.obeying import Obeying
from greenroom.app.offering import Offering
from greenroom.app.options import Options
from greenroom.app.presence import Presence
from greenroom.app.reloading import Reloader, rehearsing, tell_of_refusal, usable_now
from greenroom.app.sharing import folder_apart, note_folder
from greenroom.app.sources import Sources, calendars_of, read_sources, rehearsing_in, sources_kept
from greenroom.app.speaking import build_speaker, embedder_of, sealer_of
from greenroom.app.taking_over import take_over
from greenroom.app.telling import Teller
from greenroom.app.thresholds import Thresholds
from greenroom.app.upkeep import expire_for_ever, obey_for_ever, retire_for_ever
from greenroom.app.weekly import Weekly
from greenroom.delivery import Means, Payments, Sealer, Shelf, recalled
from greenroom.memory import Embedder, Library
from greenroom.personas import Persona
from greenroom.policy import Budget, Policy, Terms, settle_realms, why_paused
from greenroom.routing import Router
from greenroom.scheduling.bringing import Bringer
from greenroom.scheduling.schedule import Occurrence
from greenroom.scheduling.scheduler import Scheduler
from greenroom.settings import BotFile, Mistakes
from greenroom.storage import Ledger, Turn, open_ledger
from greenroom.telemetry import get_log
from greenroom.turns import AccountDesk, Floor, Shared, Speaker
from greenroom.turns.outage import Outage
from greenroom_adapters.contract import Adapter
from greenroom_adapters.webhooks import Webhooks

if TYPE_CHECKING:
    from greenroom.generation.script import Script

__all__ = ["Bot", "router_of"]


class Bot:
    """One running bot.

    `async with Bot.load(path) as bot: await bot.run()`. Entering opens the ledger (and refuses a second runner),
    starts local platforms and takes up what was under way; leaving finishes or parks what is in flight, and closes
    everything in the reverse order.
    """

    def __init__(self, file: BotFile, persona: Persona, options: Options) -> None:
        """Take two files as they were read, for good; `load` watches them."""
        self.in_force = InForce(file, persona)
        self.refused: Mistakes | None = None
        """Why the bot runs with the last good version of its files; None: with those on disk."""
        self._options = options
        self.silenced: frozenset[str] = frozenset()
        """Accounts that rehearse because the bot file says so, although it is refused for something else."""
        self._sources: Sources | None = None
        self._reloader: Reloader | None = None
        self._retired: set[asyncio.Task[None]] = set()
        """Voices of earlier files that end when their last turn has."""
        self.ledger: Ledger = open_ledger(
            file.store,
            bot=file.bot,
            clock=options.clock,
            takes_over=options.take_over,
            standing_by=options.standing_by,
            host=options.host,
            patience=options.patience,
        )
        self.desks: dict[str, AccountDesk] = {}
        self.local: dict[str, LocalPlatform] = {}
        """Platform → the local one that is used."""
        self.keeps: dict[str, FolderKeep] = {}
        """Account → where it keeps what it keeps."""
        self._sealer: Sealer | None = None
        self._realms: dict[str, str] = {}
        self._floor: Floor | None = None
        self._embedder: Embedder | None = None
        self._shelf = Shelf(
            file.home.with_name(f"{file.bot}-media"),
            filters=lambda: self.persona.all_filters,
            sealer=lambda: self._sealer,
        )
        self._budget = Budget(
            self.ledger,
            clock=options.clock,
            zone=file.timezone,
            limit=file.limits.spend.amount.micros,
            share=file.limits.share,
        )
        self._library = Library(
            persona.knowledge, clock=options.clock, index=file.home.with_name(f"{file.bot}-knowledge.index")
        )
        self._webhooks = Webhooks()
        self._forgetting = asyncio.Lock()
        """Held while somebody is forgotten, and while the owner is told what turns say."""
        self._duties: tuple[Callable[[], Coroutine[Any, Any, None]], ...] = ()
        """What is done beside listening and answering for as long as it runs."""
        self._log = get_log().bind(bot=file.bot)

    @classmethod
    def load(cls, path: Path, options: Options | None = None, *, state: Path | None = None) -> Self:
        """Read the bot file at `path` and its persona, or what was valid last where one of them has mistakes now (see
        `refused`). Later edits are taken up while it runs. With `state` the ledger lies in that folder.

        :raises Mistakes: with every mistake, as file:line:column, and it never ran with a valid version
        """
        options = options or Options()
        read = partial(read_sources, path, platforms=options.platforms, state=state)
        refused: Mistakes | None = None
        try:
            sources = read()
        except Mistakes as mistakes:
            kept = sources_kept(path, platforms=options.platforms, state=state)
            if kept is None:
                raise
            sources, refused = kept, mistakes
        silenced = frozenset[str]() if refused is None else rehearsing_in(path)
        bot = cls(rehearsing(sources.file, silenced), sources.persona, options)
        bot.silenced = silenced
        bot.refused, bot._sources = refused, sources
        bot._reloader = Reloader(
            bot,
            sources,
            read=read,
            ledger=bot.ledger,
            clock=options.clock,
            refused=None if refused is None else str(refused),
        )
        return bot

    @property
    def file(self) -> BotFile:
        """The bot file that is in force."""
        return self.in_force.file

    @property
    def persona(self) -> Persona:
        """The persona that is in force."""
        return self.in_force.persona

    @property
    def has_valid_files(self) -> bool:
        """What stands in its files now is in force."""
        return self._reloader is None or self._reloader.refused is None

    @property
    def addresses(self) -> dict[str, str]:
        """Local platforms by name → where a person can look at them."""
        return {platform: local.url for platform, local in self.local.items()}

    async def __aenter__(self) -> Self:
        options = self._options
        if (why := await folder_apart(self.file, platforms=options.platforms, clock=options.clock)) is not None:
            self._log.warning("the workers do not share a folder", why=why)
        await self.ledger.__aenter__()
        try:
            await note_folder(self.ledger, self.file, platforms=options.platforms)
            await self._find_home()
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
            for keep in self.keeps.values():
                stack.callback(keep.close)
            stack.push_async_callback(self._library.aclose)
            if self._floor is not None:
                stack.push_async_callback(self._floor.speaker.aclose)
            stack.push_async_callback(self._end_retired)
            stack.push_async_callback(self._close_desks)
        self._floor = None
        self.local.clear()

    async def _close_desks(self) -> None:
        """Let all accounts end side by side, so that what is in flight has its grace once and not once for each."""
        closing = (desk.close(grace=self._options.grace) for desk in self.desks.values())
        ended = await asyncio.gather(*closing, return_exceptions=True)
        failures = [failure for failure in ended if isinstance(failure, BaseException)]
        if len(failures) > 1:
            raise BaseExceptionGroup("accounts could not be closed", failures)
        for failure in failures:
            raise failure

    async def run(self) -> None:
        """Listen, answer and post until cancelled.

        :raises StorageError: the ledger failed: nothing is published without a record; in an exception group
        :raises HandedOver: with `Options.standing_by`, the bot is to run on another host; in an exception group
        """
        clock = self._options.clock
        async with asyncio.TaskGroup() as tasks:
            if self._options.standing_by is not None:
                tasks.create_task(hand_over_when_asked(self.ledger, self.desks.values(), clock=clock))
            tasks.create_task(self.ledger.failure())
            for desk in self.desks.values():
                tasks.create_task(desk.run())
            for duty in self._duties:
                tasks.create_task(duty())

    async def take_up(self, sources: Sources) -> list[str]:
        """Put edited files in force, between two turns; return what of them takes effect at the next start.

        :raises ConfigurationError: they cannot be used; then everything is as it was
        """
        file, later = usable_now(self.file, self._at_home(sources.file))
        router = router_of(file, sources.persona)
        embedder = self._embedder if file.engines.embeddings == self.file.engines.embeddings else self.embedder(file)
        sealer = self._sealer if file.provenance == self.file.provenance else await asyncio.to_thread(self.sealer, file)
        speaker = self.speaker(file, sources.persona, sources.script)
        try:
            await self._scheduler.use(file)
            await self._bringer.use(file, sources.calendars)
        except BaseException:
            await speaker.aclose()
            raise
        floor = self._floor
        assert floor is not None  # noqa: S101 - whoever takes up edited files was built of others
        before, floor.speaker, self._sealer = floor.speaker, speaker, sealer
        self.in_force.file, self.in_force.persona = file, sources.persona
        self.silenced = frozenset()
        last, self._embedder = self._embedder, embedder
        self._library.use(sources.persona.knowledge, embedder)
        self.policy.use(self._terms())
        self._budget.change(zone=file.timezone, limit=file.limits.spend.amount.micros, share=file.limits.share)
        for name, desk in self.desks.items():
            desk.use(router, live=file.accounts[name].live, listens_to_others=bool(speaker.patient))
        self.commands.use(file)
        self.ledger.keep_files(tuple(sources.files.values()))
        await self.ledger.committed()
        ending = asyncio.create_task(before.finish())
        self._retired.add(ending)
        ending.add_done_callback(self._retired.discard)
        if last is not None and last is not embedder:
            # when all else is in force: a turn that goes on meanwhile meets no mixture of both files
            await last.aclose()
        return later

    def silence(self) -> None:
        """Let rehearse, between two turns, of whom the bot file says `live: false` though it cannot be used."""
        path = self.file.file
        live = {
            name
            for name in (rehearsing_in(path) if path is not None else ())
            if name in self.desks and self.file.accounts[name].live
        }
        if not live:
            return
        self.silenced |= live
        self.in_force.file = rehearsing(self.file, live)
        self.policy.use(self._terms())
        for name in sorted(live):
            self.desks[name].rehearse()
            self.ledger.note(None, "rehearses", f"{name}: its file says `live: false`; nothing is published")
        self.commands.use(self.file)

    async def upcoming(self, *, limit: int) -> list[Occurrence]:
        """Return the next posts of the file, earliest first."""
        return await self._scheduler.upcoming(limit=limit)

    async def settle(self) -> None:
        """Wait until nothing that was taken in is left to do, and all of it is on disk."""
        await self.ledger.committed()
        for desk in self.desks.values():
            await desk.settle()
        await self.ledger.committed()

    # building

    async def _find_home(self) -> None:
        """Take a ledger over that is not where it ran last, or let all accounts rehearse."""
        if self.ledger.strayed is not None and self._options.take_over:
            await take_over(self.ledger, self.file, now=self._options.clock.micros())
        self.in_force.file = self._at_home(self.file)

    def _at_home(self, file: BotFile) -> BotFile:
        """Return what of a file can be in force: beside another copy that may run everything is rehearsed."""
        return file if self.ledger.strayed is None else rehearsing(file, file.accounts)

    async def _build(self) -> None:
        options, file, clock = self._options, self.file, self._options.clock
        self._embedder = self.embedder(file)
        self._sealer = await asyncio.to_thread(self.sealer, file)
        self._library.use(self.persona.knowledge, self._embedder)
        speaker = self.speaker(file, self.persona, None if self._sources is None else self._sources.script)
        self._floor = floor = Floor(speaker)
        router = router_of(file, self.persona)
        adapters = {name: await self.adapter(name) for name in file.accounts}
        self._realms = {name: adapter.realm for name, adapter in adapters.items()}
        platforms = {name: adapter.platform for name, adapter in adapters.items()}
        await settle_realms(self.ledger, platforms, self._realms)
        self.policy = Policy(self.ledger, clock, self._terms())
        await self.policy.load()
        outage = Outage(self.ledger, clock, self.policy.hands)
        await outage.load()
        obeying = Obeying(
            self.ledger,
            self.desks,
            in_force=self.in_force,
            policy=self.policy,
            budget=self._budget,
            commands=lambda: self.commands,
            clock=clock,
            forgetting=self._forgetting,
        )
        shared = Shared(
            bot=file.bot,
            floor=floor,
            policy=self.policy,
            outage=outage,
            alone=asyncio.Lock(),
            obey=obeying.obey,
            admission=options.admission,
            flush_every=options.flush_every,
            watches=options.watches,
        )
        paused = await self.ledger.paused()
        for name, account in file.accounts.items():
            if name in self.keeps:
                await asyncio.to_thread(self.keeps[name].forget_others)
            self.desks[name] = AccountDesk(
                await self._means(name, adapters[name], paused),
                shared,
                router=router,
                live=account.live,
                listens_to_others=bool(speaker.patient),
            )
        self.ledger.on_arrival(self._arrived)
        self._scheduler = Scheduler(ledger=self.ledger, clock=clock, put=self._put, faults=options.faults)
        await self._scheduler.use(file)
        self._bringer = Bringer(
            ledger=self.ledger,
            clock=clock,
            faults=options.faults,
            chance=options.chance,
            agenda=self._scheduler.agenda,
            wake=self._scheduler.wake,
        )
        await self._bringer.use(file, calendars_of(file) if self._sources is None else self._sources.calendars)
        self._scheduler.after_gap = self._bringer.after_gap
        catching_up = CatchingUp(self.ledger, self.desks, clock=clock)
        self.commands = Commands(
            self.ledger,
            file,
            clock=clock,
            desks=self.desks,
            scheduler=self._scheduler,
            catching_up=catching_up,
            policy=self.policy,
            look=self._look,
            forgetting=self._forgetting,
        )
        teller = Teller(
            self.ledger,
            in_force=self.in_force,
            desks=self.desks,
            put=self._put,
            clock=clock,
            forgetting=self._forgetting,
        )
        await teller.begin()
        self._duties = (
            self._scheduler.run,
            self._bringer.run,
            self._library.keep_in_step,
            catching_up.run,
            teller.run,
            partial(obey_for_ever, self.ledger, self.commands),
            partial(expire_for_ever, self.ledger, clock=clock, ended=self._ended),
            partial(retire_for_ever, self.ledger, self._shelf, in_force=self.in_force, clock=clock),
            Thresholds(self.ledger, self._budget, in_force=self.in_force, clock=clock).run,
            Weekly(self.ledger, in_force=self.in_force, clock=clock).run,
            Presence(self.ledger, self.desks, budget=self._budget, clock=clock).run,
            Attending(self.ledger, self.desks, in_force=self.in_force, clock=clock).run,
            Declaring(self.ledger, self.desks, in_force=self.in_force, clock=clock).run,
            Offering(self.ledger, self.desks, in_force=self.in_force, clock=clock).run,
        )
        if self._reloader is not None:
            self._duties += (self._reloader.run,)
        if self.refused is not None:
            tell_of_refusal(self.ledger, str(self.refused), bot=file.bot)
        elif self._sources is not None:
            self.ledger.keep_files(tuple(self._sources.files.values()))
        if self.ledger.strayed is None:
            await self._recover()

    async def _means(self, account: str, adapter: Adapter, paused: Mapping[str, str]) -> Means:
        """Return what there is to work with on an account; a pause of it, or of all, holds over restarts."""
        options = self._options
        return Means(
            account=account,
            adapter=adapter,
            ledger=self.ledger,
            pacer=await recalled(self.ledger, account, clock=options.clock, paused=why_paused(paused, account)),
            clock=options.clock,
            chance=options.chance,
            faults=options.faults,
            shelf=self._shelf,
            payments=Payments(adapter, account=account, budget=self._budget, clock=options.clock),
        )

    def _terms(self) -> Terms:
        local = frozenset(name for name, account in self.file.accounts.items() if is_local(account.platform))
        return Terms(file=self.file, persona=self.persona, local=local, realms=self._realms)

    async def _look(self) -> str | None:
        """Look at the files, and return why what stands in them is not in force; None: it is."""
        if self._reloader is None:
            return None
        await self._reloader.look_until_settled()
        return self._reloader.refused

    async def _end_retired(self) -> None:
        for ending in self._retired:
            ending.cancel()
        await asyncio.gather(*self._retired, return_exceptions=True)

    def speaker(self, file: BotFile, persona: Persona, script: "Script | None" = None) -> Speaker:
        """Return who speaks for these two files. Whoever calls closes its voice. A `script` that was read already is
        not read again.

        :raises ConfigurationError: an engine cannot be used as it is written, or its key is missing
        """
        return build_speaker(
            file,
            persona,
            script,
            purse=self._budget,
            options=self._options,
            warn=self._warn,
            library=self._library,
            note=self.ledger.note,
        )

    def embedder(self, file: BotFile) -> Embedder | None:
        """Return what makes vectors of documents, as a bot file says; None: nothing. Whoever calls closes it.

        :raises ConfigurationError: it cannot be used as it is written, or its key is missing
        """
        return embedder_of(file, purse=self._budget, options=self._options, warn=self._warn)

    def sealer(self, file: BotFile) -> Sealer | None:
        """Return who signs what a model made, as a bot file says; None: nobody does.

        :raises ConfigurationError: its certificate cannot sign, or its key is missing
        """
        return sealer_of(file, options=self._options, warn=self._warn)

    def _warn(self, text: str) -> None:
        self._log.warning(text)

    async def adapter(self, name: str) -> Adapter:
        """Return the adapter of an account, not yet entered. What is opened for it is in `local` and `keeps`.

        :raises SecretMissing: a secret is not where its reference says
        """
        options = self._options
        return await build_adapter(
            name,
            file=self.file,
            persona=self.persona,
            platforms=options.platforms,
            local=self.local,
            keeps=self.keeps,
            environ=options.environ,
            warn=self._warn,
            webhooks=self._webhooks,
        )

    # running

    def _put(self, turn: Turn) -> None:
        self.desks[turn.account].intake.put(turn)

    def _ended(self, turn: Turn) -> None:
        """Hear that the time of a turn that rested is over."""
        self.policy.rested(turn)
        if (desk := self.desks.get(turn.account)) is not None:
            desk.ended(turn)

    def _arrived(self, new: list[Turn], known: list[Turn]) -> None:
        desks = self.desks
        for turn in new:
            desks[turn.account].intake.arrived(turn, new=True)
        for turn in known:
            desks[turn.account].intake.arrived(turn, new=False)

    async def _recover(self) -> None:
        """Take up what was under way, before anything new comes in."""
        await end_homeless(self.ledger, self.desks, now=self._options.clock.micros())
        at_work = await self.ledger.at_work()
        waiting = await self.ledger.waiting_lanes()
        for name, desk in self.desks.items():
            desk.recover(
                [turn for turn in at_work if turn.account == name],
                [(lane, first) for account, lane, first in waiting if account == name],
            )
        if at_work or waiting:
            self._log.info("taking up what was under way", turns=len(at_work), conversations=len(waiting))


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
        talkative=persona.talkative,
    )
