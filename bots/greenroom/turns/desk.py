"""Everything of one account while the bot runs: its connection, its listening, its lanes."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from greenroom.delivery import Dispatcher, Means
from greenroom.policy import Refuse, Verdict
from greenroom.routing import Router
from greenroom.storage import CLOCK, Draft, State, StorageError, Turn
from greenroom.telemetry import get_log
from greenroom.turns.aftermath import Aftermath
from greenroom.turns.backlog import Backlog
from greenroom.turns.by_hand import ByHand
from greenroom.turns.cursors import Cursors
from greenroom.turns.deciding import Decisions
from greenroom.turns.gate import Gate
from greenroom.turns.intake import Intake
from greenroom.turns.lanes import Lanes
from greenroom.turns.listening import Listening
from greenroom.turns.measures import remember_measures
from greenroom.turns.others import Others
from greenroom.turns.performer import Performer
from greenroom.turns.places import Places
from greenroom.turns.shared import Shared
from greenroom.turns.taking_back import TakingBack
from greenroom.turns.typing import Typing
from greenroom_adapters.contract import (
    AuthenticationFailed,
    CommandGiven,
    ConfigurationError,
    SupportsCommands,
    Unavailable,
)

__all__ = ["AccountDesk"]

T = TypeVar("T")

STEADY = 20_000_000
"""Microseconds after which a connection that was lost before counts as one that holds."""


class AccountDesk:
    """Listens and speaks on one account.

    `recover` once, then `run` until the stop, then `close`. Turns are taken at any time; they wait here while the
    platform cannot be reached. Owns the adapter: enters it in `run`, leaves it in `close`.
    """

    def __init__(self, means: Means, shared: Shared, *, router: Router, live: bool, listens_to_others: bool) -> None:
        """Take the means of the account and what it shares with the bot's others, and what the files say at first."""
        policy = shared.policy
        self.account = means.account
        self.adapter = adapter = means.adapter
        self.pacer = pacer = means.pacer
        self._ledger = means.ledger
        self._policy = policy
        self._outage = shared.outage
        self._clock = means.clock
        self._chance = means.chance
        self._flush_every = shared.flush_every
        self._payments = means.payments
        self._stack = contextlib.AsyncExitStack()
        self._connected = asyncio.Event()
        self._resumed = asyncio.Event()
        self._is_refused = False
        self._watches = tuple(shared.watches)
        self.reconnects = 0
        """How often it has had to connect anew, or to try to, in this run."""
        self._away_since = means.clock.micros()
        """When it was last known to listen before it failed to, or was made; 0: it has not failed to since."""
        self._listens_since = 0
        """0: it does not listen now."""
        self._log = get_log().bind(account=means.account)
        self._dismissals: set[asyncio.Task[None]] = set()
        others, gate, cursors = Others(), Gate(), Cursors(means)
        dispatcher = Dispatcher(means, may_send=self._may_send)
        self._decisions = Decisions(means, router, strangers=policy.strangers)
        self.lanes = Lanes(self._perform, ledger=means.ledger, admission=shared.admission)
        self._backlog = Backlog(means, lanes=self.lanes)
        self._typing = Typing(
            adapter, clock=means.clock, may_show=lambda turn: pacer.paused is None and not policy.holds_anyway(turn)
        )
        self.taking_back = TakingBack(means, policy=policy, dispatcher=dispatcher, lanes=self.lanes)
        self.intake = Intake(
            means,
            decisions=self._decisions,
            cursors=cursors,
            lanes=self.lanes,
            backlog=self._backlog,
            others=others,
            policy=policy,
            gate=gate,
            dismiss=self._dismiss,
            listens_to_others=listens_to_others,
        )
        self._performer = Performer(
            means,
            shared,
            dispatcher=dispatcher,
            intake=self.intake,
            lanes=self.lanes,
            decisions=self._decisions,
            others=others,
            gate=gate,
            typing=self._typing,
            taking_back=self.taking_back,
            dismiss=self._dismiss,
            live=live,
        )
        self.by_hand = ByHand(
            means,
            intake=self.intake,
            cursors=cursors,
            lanes=self.lanes,
            policy=policy,
            dispatcher=dispatcher,
            dismiss=self._dismiss,
        )
        self.aftermath = Aftermath(means, cursors=cursors, lanes=self.lanes, policy=policy, dispatcher=dispatcher)
        places = Places(means, intake=self.intake, cursors=cursors, decisions=self._decisions, policy=policy)
        self._listening = Listening(
            means, intake=self.intake, by_hand=self.by_hand, aftermath=self.aftermath, places=places
        )

    @property
    def is_connected(self) -> bool:
        """The platform has let the account in, and does not refuse its credentials since."""
        return self._connected.is_set() and not self._is_refused

    def away_since(self) -> int | None:
        """Return since when nothing is heard from the platform (microseconds since 1970); None: it is listened to.

        A connection that is lost again within seconds was none.
        """
        if self._listens_since and (not self._away_since or self._clock.micros() - self._listens_since > STEADY):
            return None
        return self._away_since

    async def connected(self) -> None:
        """Return when the platform has let the account in, for the first time in this run."""
        await self._connected.wait()

    def _may_send(self, turn: Turn) -> Verdict:
        if turn.kind == CLOCK and (why := self._outage.why_not(turn)) is not None:
            return Refuse(why)
        if (why := self._performer.beginning.why_not(turn)) is not None:
            return Refuse(why)
        return self._policy.may_send(turn)

    def _perform(self, turn: Turn) -> Coroutine[Any, Any, None]:
        work = self._performer.perform(turn) if self._connected.is_set() else self._perform_later(turn)
        for watch in self._watches:
            work = watch(turn, work)
        return work

    async def _perform_later(self, turn: Turn) -> None:
        try:
            await self._connected.wait()
        except asyncio.CancelledError:
            self.lanes.give_back(turn)
            raise
        await self._performer.perform(turn)

    def use(self, router: Router, *, live: bool, listens_to_others: bool) -> None:
        """Take over what an edited file says; a turn that has begun goes on with what it began with.

        An account that begins to rehearse sets aside what had not been tried yet.
        """
        self._decisions.use(router)
        self.intake.use(listens_to_others=listens_to_others)
        if live:
            self._performer.use(live=True)
        else:
            self.rehearse()

    def rehearse(self) -> None:
        """Publish nothing from now on, and set aside what had not been tried yet."""
        self._performer.use(live=False)
        for turn in self.lanes.in_memory():
            self._performer.set_aside(turn)

    def recover(self, at_work: Sequence[Turn], waiting: Sequence[tuple[str, int]]) -> None:
        """Take over what was under way before a restart (by seq), and the lanes that wait on disk."""
        self.pacer.doubt(sum(turn.state is State.SENDING for turn in at_work))
        for turn in at_work:
            self.lanes.resume(turn)
        self.lanes.leave(waiting)

    async def run(self) -> None:
        """Connect and listen until cancelled. A platform that is away is waited for.

        :raises StorageError: the ledger failed; in an exception group
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.lanes.failure())
            tasks.create_task(self._backlog.run())
            tasks.create_task(self._flush_for_ever())
            await self._in_the_end(lambda: self._stack.enter_async_context(self.adapter))
            self._policy.approval.platform_wants(self.account, self.adapter.capabilities.holds_answers)
            self._connected.set()
            await self._listen_for_ever()

    async def write_ahead(self, turn: Turn) -> Draft:
        """Return what an engine writes for a post that is in no ledger yet, which is paid as all is.

        :raises GenerationError: none can now, or what it wrote may not be said
        :raises Misfit: the account cannot show it
        """
        return await self._performer.write_ahead(turn)

    async def settle(self) -> None:
        """Wait until nothing that was taken in is left to do."""
        await self._backlog.settle()
        await self.lanes.settle()

    async def close(self, *, grace: float) -> None:
        """Let what is in flight finish for `grace` seconds, note the cursors, sign out. Safe to call twice."""
        try:
            await self.lanes.close(grace=grace)
            self.intake.flush()
            await self._typing.close()
            await asyncio.gather(*self._dismissals, return_exceptions=True)
            await self.note_charges()
        finally:
            await self._stack.aclose()
            self._connected.clear()

    def in_memory(self) -> list[Turn]:
        """Return the turns that are here: at work, behind others, or kept until all that was missed is there."""
        return [*self.lanes.in_memory(), *self._backlog.kept]

    def ended(self, turn: Turn) -> None:
        """Hear that a person, or its time, has ended a turn that rested: whoever waits for it is shown so."""
        if isinstance(turn.event, CommandGiven) and turn.state.is_over and turn.state is not State.SENT:
            self._dismiss(turn.event)

    def _dismiss(self, event: CommandGiven) -> None:
        """Let whoever gave a command see that nothing comes of it. Nobody waits for that."""
        if isinstance(self.adapter, SupportsCommands):
            task = asyncio.get_running_loop().create_task(self._dismissing(self.adapter, event))
            self._dismissals.add(task)
            task.add_done_callback(self._dismissals.discard)

    async def _dismissing(self, adapter: SupportsCommands, event: CommandGiven) -> None:
        try:
            await adapter.dismiss(event.post)
        except Exception as error:  # noqa: BLE001 - the platform takes it away in the end, whoever fails here
            self._log.debug("a command could not be dismissed", why=f"{type(error).__name__}: {error}")

    def pause(self, why: str) -> None:
        """Let nothing out any more; it goes on listening."""
        self.pacer.pause(why)
        self._resumed.clear()

    def resume(self) -> None:
        """Let things out again, and try a refused sign-in once more."""
        self.pacer.resume()
        self._resumed.set()

    async def note_charges(self) -> None:
        """Write down what reading has cost since the last time."""
        if self._payments is not None:
            await self._payments.note_charges()

    async def _listen_for_ever(self) -> None:
        cursors = await self._ledger.cursors(self.account)
        is_new = not cursors
        self._policy.strangers.begin(self.account)
        # A new account starts at now, and so does a source that came to it (by a setting, by a permission). It is
        # remembered to have done so before the first reading: a stop before its first event leaves no gap.
        now = await self._in_the_end(self.adapter.now)
        if begun := {source: cursor for source, cursor in now.items() if source not in cursors}:
            for source, cursor in begun.items():
                self._ledger.move_cursor(self.account, source, cursor)
            await self._ledger.committed()
            cursors |= begun
        remember_measures(self._ledger, self.account, self._policy.terms.file, self.adapter.capabilities.limits)
        # not before: whoever reads this may say something at once, and it is to be heard
        self._log.info("connected", me=self.adapter.me.handle)
        failures = 0
        while True:
            began = self._clock.micros()
            if not is_new:
                self._backlog.listens()
            is_new = False
            self._listens_since = began
            if not failures:
                self._away_since = 0
            try:
                await self._listening.listen(cursors)
            except AuthenticationFailed as refusal:
                await self._refused(refusal)
            except Unavailable as absence:
                failures = 1 if self._clock.micros() - began > 60_000_000 else failures + 1
                await self._pause_after(failures, "lost the connection", str(absence))
            except StorageError:
                raise
            except Exception as error:  # noqa: BLE001 - an adapter's own bug must not end the other accounts
                self._log.exception("adapter failed while listening")
                failures += 1
                await self._pause_after(failures, "the adapter failed", type(error).__name__)
            self.intake.flush()
            await self._ledger.committed()
            cursors = await self._ledger.cursors(self.account)

    async def _in_the_end(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Return the platform's answer, however long it takes until there is one."""
        failures = 0
        while True:
            try:
                return await ask()
            except AuthenticationFailed as refusal:
                await self._refused(refusal)
            except Unavailable as absence:
                failures += 1
                await self._pause_after(failures, "cannot be reached", str(absence))
            except ConfigurationError:
                raise
            except Exception as error:  # noqa: BLE001 - an adapter's own bug must not end the other accounts
                self._log.exception("adapter failed while connecting")
                failures += 1
                await self._pause_after(failures, "the adapter failed", type(error).__name__)

    async def _flush_for_ever(self) -> None:
        while True:
            await self._clock.beat(self._flush_every)
            self.intake.flush()
            await self.note_charges()

    async def _refused(self, refusal: AuthenticationFailed) -> None:
        """Pause the account, over restarts as well, until a person has mended its credentials."""
        why = f"the platform refuses the account's credentials: {refusal}"
        if self.pacer.paused is None:
            self.pause(why)
            self._ledger.pause(self.account, why)
            self._ledger.note(None, "account paused", f"{self.account}: {why}")
        self._log.error("account paused", why=why, mend=f"greenroom resume {self.account}")
        self._is_refused = True
        self._away_since = self.away_since() or self._clock.micros()
        self._listens_since = 0
        try:
            await self._resumed.wait()
        finally:
            self._is_refused = False
        self._resumed.clear()

    async def _pause_after(self, failures: int, what: str, why: str) -> None:
        """Wait before the next connection: some quick tries, then slow ones."""
        seconds = min(60.0, 0.25 * 2.0 ** min(failures, 9)) * self._chance.uniform(0.5, 1.0)
        self._away_since = self.away_since() or self._clock.micros()
        self._listens_since = 0
        self.reconnects += 1
        self._log.warning(what, why=why, again_in=round(seconds, 1))
        await self._clock.sleep(seconds)
