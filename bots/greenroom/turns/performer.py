"""One turn's way on one account: from the inbox through the voice to the door."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import msgspec

from greenroom.clock import Clock
from greenroom.delivery import Dispatcher, Shelf
from greenroom.faults import FaultHook
from greenroom.generation import (
    EngineUnavailable,
    GenerationError,
    Held,
    Refused,
    ShareSpent,
    Silent,
    Spoken,
)
from greenroom.personas import Persona
from greenroom.policy import (
    ALLOW,
    STOP,
    Allow,
    Hold,
    Later,
    Policy,
    Refuse,
    Repair,
    Verdict,
    Word,
    is_command,
    is_stop_or_start,
    is_word,
    order_of,
)
from greenroom.storage import CLOCK, HAND, Draft, Due, Ledger, State, StorageError, Turn, cause_of
from greenroom.telemetry import get_log
from greenroom.turns.acting import ACT
from greenroom.turns.briefing import Briefing, trusted_author
from greenroom.turns.commissions import Commissions
from greenroom.turns.deciding import Decisions
from greenroom.turns.form import FEED, PLAIN, Form, Misfit, fed_words, form_of_due, form_with_embed
from greenroom.turns.gate import Gate
from greenroom.turns.gathering import NOBODY, Followers, followers_of, reason_of_follower, worth_waiting_until
from greenroom.turns.intent import language_of, parts_of
from greenroom.turns.lanes import Lanes
from greenroom.turns.moderating import ORDERED, Moderating, Obeyed, words_for_owner
from greenroom.turns.offering import Offering, said
from greenroom.turns.others import Others
from greenroom.turns.outage import Outage
from greenroom.turns.picturing import NOTHING_MADE, Made, Picturing, wants_engine
from greenroom.turns.share import Shares, why_share
from greenroom.turns.speaking import Speaker, judged
from greenroom.turns.taking_back import TakingBack
from greenroom.turns.typing import Typing
from greenroom_adapters.contract import (
    Adapter,
    AdapterError,
    CommandGiven,
    Media,
    MediaRefused,
    OwnPostSeen,
    Surface,
    TextEvent,
)
from greenroom_adapters.text import split

__all__ = ["Performer"]

MOST_STARTS = 3
"""A turn whose work began this often without an end is what brings the process down: it is dead."""
LONGEST_PAUSE = 900.0
"""Seconds between two tries of an engine at the most, unless its server asks for more."""

STOPPED = EngineUnavailable("everything was stopped")
"""Stands for words that were not looked for; nobody reads it."""

_Words = Draft | Held | Silent | GenerationError
"""What came of asking for words."""

# Bound once: the members of an enumeration are looked up by a descriptor each time, and every turn asks for some.
PASSED_ON = "passed to its owner"
"""Why a turn is left alone that a rule with `tell` passes on; its owner may answer it by hand."""
RECEIVED, DRAFTED, INTENDED, HELD = State.RECEIVED, State.DRAFTED, State.INTENDED, State.HELD


class Performer:
    """Brings the turns of one account from where they stand to where they rest.

    `perform` may be called for many turns at once, but only once for each. The order of effects: the start is
    counted, then the engine works; what it returns is stored, then it is looked at; delivery does the rest.
    """

    def __init__(
        self,
        adapter: Adapter,
        *,
        bot: str,
        account: str,
        speaker: Callable[[], Speaker],
        dispatcher: Dispatcher,
        ledger: Ledger,
        clock: Clock,
        faults: FaultHook,
        chance: random.Random,
        others: Others,
        lanes: Lanes,
        policy: Policy,
        live: bool,
        alone: asyncio.Lock,
        gate: Gate,
        outage: Outage,
        put: Callable[[Turn], None],
        decisions: Decisions,
        may_write: Callable[[Turn], bool],
        typing: Typing,
        dismiss: Callable[[CommandGiven], None],
        obey: Callable[[Turn], Awaitable[str]] | None,
        shelf: Shelf | None = None,
        taking_back: TakingBack,
    ) -> None:
        self._offering = Offering(adapter, shelf)
        self._picturing = Picturing(adapter, shelf)
        self._commissions = Commissions(adapter, shelf)
        self._decisions = decisions
        self._adapter = adapter
        self._lanes = lanes
        self._policy = policy
        self._gate = gate
        self._outage = outage
        self._shares = Shares(ledger, clock, platform=adapter.realm)
        self._put = put
        self._may_write = may_write
        self._typing = typing
        self._dismiss = dismiss
        self._obey = obey
        self._others = others
        self._live = live
        self._bot = bot
        self._briefing = Briefing(adapter, account=account, ledger=ledger, clock=clock)
        self._speaker = speaker
        self._dispatcher = dispatcher
        self._ledger = ledger
        self._clock = clock
        self._faults = faults
        self._moderating = Moderating(
            adapter,
            account=account,
            ledger=ledger,
            policy=policy,
            taking_back=taking_back,
        )
        self._chance = chance
        self._alone = alone
        self._log = get_log().bind(account=account)

    def use(self, *, live: bool) -> None:
        """Publish from now on, or rehearse."""
        if live is not self._live:
            self._live = live
            self._log.info("is live" if live else "rehearses")

    def set_aside(self, turn: Turn) -> None:
        """Let a turn that waits to go out not go out: the account rehearses. What was tried already is seen through."""
        if turn.state is State.INTENDED and not any(part.number for part in turn.outbox):
            self._rehearse(turn)

    async def perform(self, turn: Turn) -> None:
        """Work on a turn until it is sent, over or set aside.

        :raises StorageError: the ledger failed; the bot must stop
        """
        try:
            while turn.state < HELD:
                if turn.state is RECEIVED:
                    await self._draft(turn)
                elif turn.state is DRAFTED:
                    # a thousand engines may answer in the same moment; what they wrote is queued for the disk already
                    if (place := self._gate.enter()) is not None:
                        await place
                    if turn.state is DRAFTED:
                        await self._intend(turn)
                elif not self._live:
                    self._rehearse(turn)
                else:
                    await self._dispatcher.deliver(turn)
        except asyncio.CancelledError:
            if turn.state is RECEIVED and turn.starts:
                # a clean stop is no crash
                turn.starts = 0
                self._ledger.save(turn)
            raise
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - one turn's bug must not end the account
            self._log.exception("turn failed", turn=turn.seq, event_id=turn.event_id)
            if turn.state is State.SENDING:
                self._end(turn, State.UNKNOWN, f"the program failed while it was being sent: {type(error).__name__}")
            else:
                self._end(turn, State.DEAD, f"the program failed on it: {type(error).__name__}: {error}")
        self._policy.rested(turn)
        if isinstance(turn.event, CommandGiven) and turn.state.is_over and turn.state is not State.SENT:
            self._dismiss(turn.event)

    async def _draft(self, turn: Turn) -> None:
        if turn.not_before > turn.expires:
            return self._end(turn, State.STALE, turn.reason or "it would be too late for it")
        while (begins := self._begins(turn)) and (pause := begins - self._clock.micros()) > 0:
            with self._lanes.asleep():
                await self._clock.sleep(pause / 1e6)
        if turn.state is not RECEIVED or self._is_not_answered(turn):
            return None
        verdict = self._policy.may_answer(turn) if self._policy.is_answer(turn) else None
        if verdict is not ALLOW and not await self._may_begin(turn, verdict):
            return None
        if not turn.suspect:
            count, turn.starts = turn.starts == 0, 1
            return await self._generate(turn, count=count)
        turn.suspect = False
        if turn.starts >= MOST_STARTS:
            return self._end(turn, State.DEAD, f"crashed {turn.starts} times")
        turn.starts += 1
        if turn.starts < MOST_STARTS:
            return await self._generate(turn, count=True)
        # The last chance is taken alone, so that of all that were under way only one can die of the next crash.
        async with self._alone:
            if turn.state is RECEIVED and not self._is_not_answered(turn):
                await self._generate(turn, count=True)
        return None

    def _is_not_answered(self, turn: Turn) -> bool:
        """End a turn that is only to be known of, or that the files as they are now leave alone."""
        if isinstance(turn.event, OwnPostSeen):
            # its row is what the conversation is remembered by
            self._end(turn, State.IGNORED, "written by hand from the bot's account")
            return True
        if (why := self.why_not(turn)) is None:
            return False
        self._end(turn, State.IGNORED, why)
        return True

    def why_not(self, turn: Turn) -> str | None:
        """Return why the files as they are now leave a turn alone, or to its owner, who is told so; None: they do not.

        Asked before an engine is, and before the first try: what the owner wrote last decides.
        """
        if turn.decided_by != self._decisions.version and (why := self._decisions.why_not(turn)) is not None:
            return why
        if turn.rule not in self._speaker().passed_on or turn.kind == CLOCK:
            return None
        if turn.draft is not None and turn.draft.approved:
            # a person has let it out
            return None
        self._ledger.note(turn.seq, "passed on", "its owner answers")
        return PASSED_ON

    async def _may_begin(self, turn: Turn, said: Verdict | None = None) -> bool:
        """Ask the policy, before a start is counted and an engine is paid; what has to wait waits here. It may have
        `said` already what it thinks of it."""
        if is_word(turn):
            return True
        if is_stop_or_start(turn):
            # a crash may have come before its note
            self._policy.consent.note(turn)
            if turn.rule == STOP:
                return True
        while True:
            verdict, said = said or self._policy.may_answer(turn), None
            match verdict:
                case Allow():
                    return True
                case Later() if verdict.until < turn.expires:
                    await self._wait_until(turn, verdict.until)
                case Later():
                    # what it waits for comes too late for it
                    await self._wait_until(turn, turn.expires)
                    if turn.state is State.RECEIVED:
                        self._end(turn, State.STALE, f"no chance to say it in time: {verdict.reason}")
                    return False
                case Refuse():
                    self._end(turn, State.IGNORED, verdict.reason)
                    return False
                case _:
                    return True
            if turn.state is not State.RECEIVED or self._is_not_answered(turn):
                # a limit or a stop has kept it waiting
                return False

    async def _wait_until(self, turn: Turn, moment: int) -> None:
        if turn.starts and not turn.suspect:
            # it was counted with the insert, and waiting is no start
            turn.starts = 0
            self._ledger.save(turn)
        with self._lanes.asleep():
            await self._clock.sleep_until(moment)

    def _begins(self, turn: Turn) -> int:
        gather = self._policy.terms.gather(turn)
        return worth_waiting_until(turn, self._lanes.behind(turn), gather=gather) if gather else turn.not_before

    async def _generate(self, turn: Turn, *, count: bool) -> None:
        """Let the voice speak; `count`: the start is not on disk yet."""
        if turn.expires < self._clock.micros():
            return self._end(turn, State.STALE, turn.reason or "it is too late for it")
        if turn.surface is Surface.CHAT and not self._speaks_in_rooms() and not is_word(turn):
            # before anything is paid for words that nobody would take
            return self._end(turn, State.IGNORED, "the account says nothing in rooms of this platform")
        speaker = self._speaker()
        if turn.rule not in speaker.special and self._policy.is_answer(turn):
            return await self._find_words(turn, speaker, None, count=count)
        if is_stop_or_start(turn):
            return self._confirm(turn)
        if is_command(turn):
            return await self._answer_command(turn)
        if is_word(turn):
            return await self._obey_moderator(turn)
        if turn.rule in speaker.patient and self._others.have_answered(turn):
            return self._end(turn, State.IGNORED, "somebody else has answered")
        try:
            self._form(turn, speaker)
            draft = self._fixed_draft(turn, speaker)
        except Misfit as misfit:
            # before anything is paid for words that cannot be shown
            return self._end(turn, State.DEAD, f"it cannot be posted there: {misfit}")
        acts = speaker.acts.get(turn.rule)
        if acts is not None and acts.chooses and not acts.choices(self._adapter):
            return self._end(turn, State.IGNORED, "nothing of what is to be done can be done on this account")
        if draft is None and acts is not None and acts.are_all:
            done = acts.about(turn, self._adapter)
            if not done:
                return self._end(turn, State.IGNORED, "nothing of what is to be done can be done on this account")
            draft = Draft(parts=(), engine=ACT, acts=done)
        if draft is not None and not wants_engine(turn, speaker.studio):
            return self._weigh(turn, draft, self._policy.may_say(turn, draft))
        return await self._find_words(turn, speaker, draft, count=count)

    async def _find_words(self, turn: Turn, speaker: Speaker, draft: Draft | None, *, count: bool) -> None:
        """Ask engines for what is missing: for words, where there is no `draft` yet, and for what goes with them."""
        ledger = self._ledger
        if count:
            ledger.save(turn)
            await ledger.committed()
            if turn.state is not RECEIVED or self._is_not_answered(turn):
                return None
            # the files may have been edited meanwhile: from here on nobody else takes this one's place
            speaker = self._speaker()
        self._faults("before_generate")
        made = NOTHING_MADE
        if isinstance(turn.event, TextEvent):
            if turn.rule in speaker.special and (turn.rule in speaker.offers or turn.rule in speaker.paints):
                return await self._offer(turn, turn.event, speaker)
        elif (its := await self._make(turn, speaker)) is not None:
            made = its
        else:
            return None
        if draft is not None:
            return self._keep(turn, draft, made)
        revision = turn.revisions
        turn.is_read = True
        followers = NOBODY
        try:
            if gather := self._policy.terms.gather(turn):
                followers, outcome, verdict = await self._speak_to_all(turn, speaker, gather)
            else:
                outcome, verdict = await self._speak(turn, speaker, NOBODY)
        finally:
            turn.is_read = False
        self._faults("after_generate_before_store")
        if not _may_go_on(turn, revision):
            # deleted while the engine worked, or it reads differently by now and is read again
            return None
        if isinstance(outcome, Draft):
            for follower in followers.turns:
                self._end(follower, State.IGNORED, reason_of_follower(turn))
            turn.persona = speaker.persona.version
            self._outage.ends()
            return self._keep(turn, outcome, made, verdict)
        if isinstance(outcome, EngineUnavailable):
            return self._wait_for_engine(turn, outcome, speaker.persona)
        for follower in followers.turns:
            self._end(follower, State.IGNORED, reason_of_follower(turn))
        if isinstance(outcome, ShareSpent):
            return self._leave_for_tomorrow(turn, speaker.persona)
        if isinstance(outcome, GenerationError):
            return self._end(turn, State.REFUSED, str(outcome))
        turn.persona = speaker.persona.version
        if isinstance(outcome, Held):
            ledger.note(turn.seq, "held", outcome.reason)
            draft = made.with_draft(_draft_of(outcome, outcome.engine or "", followers))
            draft = self._with_acts(draft, turn, speaker, outcome.chosen)
            return self._store(turn, draft, HELD, outcome.reason)
        return self._end(turn, State.IGNORED, outcome.reason)

    async def _make(self, turn: Turn, speaker: Speaker) -> Made | None:
        """Have the picture made that a post asks a model for, before its words are paid; None: the turn is put off, or
        over."""
        if not wants_engine(turn, speaker.studio):
            return NOTHING_MADE
        revision = turn.revisions
        try:
            made = await self._picturing.asked_for(turn, speaker.persona, speaker.studio, speaker.voice)
        except EngineUnavailable as absence:
            if _may_go_on(turn, revision):
                self._wait_for_engine(turn, absence, speaker.persona)
            return None
        except MediaRefused as refusal:
            if _may_go_on(turn, revision):
                self._end(turn, State.DEAD, f"no picture could be made for it: {refusal}")
            return None
        return made if _may_go_on(turn, revision) else None

    def _keep(self, turn: Turn, draft: Draft, made: Made, verdict: Verdict | None = None) -> None:
        """Store the words of a post with the picture that was made for it, as the policy says."""
        if made is not NOTHING_MADE:
            draft = made.with_draft(draft)
        verdict = verdict or self._policy.may_say(turn, draft)
        if made.held and not isinstance(verdict, Refuse):
            verdict = Hold(made.held)
        self._weigh(turn, draft, verdict)

    async def _offer(self, turn: Turn, event: TextEvent, speaker: Speaker) -> None:
        """Answer with the picture that was asked for, or with what there is."""
        revision = turn.revisions
        turn.is_read = True
        try:
            with self._typing.shown(turn, live=self._live):
                draft = await self._offered(turn, event, speaker)
        except EngineUnavailable as absence:
            return self._wait_for_engine(turn, absence, speaker.persona) if _may_go_on(turn, revision) else None
        except ShareSpent:
            return self._leave_for_tomorrow(turn, speaker.persona) if _may_go_on(turn, revision) else None
        finally:
            turn.is_read = False
        self._faults("after_generate_before_store")
        if _may_go_on(turn, revision):
            turn.persona = speaker.persona.version
            self._weigh(turn, draft, self._policy.may_say(turn, draft))
        return None

    async def _offered(self, turn: Turn, event: TextEvent, speaker: Speaker) -> Draft:
        if turn.rule in speaker.offers:
            return await self._offering.draft(event, speaker.offers[turn.rule])
        if speaker.moderator is not None and event.text:
            identity = f"{turn.account} {turn.event_id}"
            cause = cause_of(turn, platform=self._adapter.realm)
            judgement = await speaker.moderator.judge(event.text, turn=identity, cause=cause)
            if not isinstance(verdict := self._policy.harm.weigh(judgement), Allow):
                # what is asked for is a stranger's words, and the picture would be the bot's
                return said("I cannot do that.", f"not painted: {verdict.reason}")
        ways = speaker.paints[turn.rule]
        return await self._commissions.draft(
            turn, event, ways, persona=speaker.persona, studio=speaker.studio, voice=speaker.voice
        )

    async def _speak_to_all(self, turn: Turn, speaker: Speaker, gather: timedelta) -> tuple[Followers, _Words, Verdict]:
        """Find words for the turn and for what its author wrote straight after it; return that as well."""
        found = followers_of(turn, self._behind(turn), gather=gather)
        known = {behind.seq for behind in self._lanes.behind(turn)}
        revision = turn.revisions
        followers = Followers.of(found)
        outcome, verdict = await self._speak(turn, speaker, followers)
        more = followers_of(turn, self._behind(turn), gather=None)[len(found) :]
        if more and more[0].seq not in known and _may_go_on(turn, revision):
            # something was added while the engine worked: it reads all of it, once
            together = Followers.of([*found, *more])
            again, its_verdict = await self._speak(turn, speaker, together)
            # where his share is too little for that, what is paid already goes out
            if not isinstance(again, ShareSpent):
                followers, outcome, verdict = together, again, its_verdict
        return followers, outcome, verdict

    def _behind(self, turn: Turn) -> Iterator[Turn]:
        """Return the turns behind this one in its lane; what the files as they are now leave alone is over."""
        for one in self._lanes.behind(turn):
            if one.state is RECEIVED and not isinstance(one.event, OwnPostSeen):
                self._is_not_answered(one)
            yield one

    async def write_ahead(self, turn: Turn) -> Draft:
        """Return what an engine writes for a post that is in no ledger yet, which is paid as all is.

        :raises GenerationError: none can now, or what it wrote may not be said
        """
        if self._policy.switch.off is not None:
            raise EngineUnavailable(f"everything is stopped: {self._policy.switch.off}")
        outcome, verdict = await self._speak(turn, self._speaker(), NOBODY)
        if isinstance(outcome, GenerationError):
            raise outcome
        if not isinstance(outcome, Draft):
            raise Refused(outcome.reason)
        if isinstance(verdict, Refuse):
            raise Refused(verdict.reason)
        return outcome

    async def _speak(self, turn: Turn, speaker: Speaker, followers: Followers) -> tuple[_Words, Verdict]:
        """Find words, asked for anew once where the policy wants others; with what it says of them in the end.

        Each time before an engine is asked, everything may have been stopped: then it waits, and where the files are
        others afterwards, or the turn has ended, its revision tells whoever asked that the words are for nobody.
        """
        if self._policy.switch.off is not None and not await self._is_free_to_ask(turn, speaker):
            return STOPPED, ALLOW
        below, form = self._policy.introductions.line_for(turn), self._form(turn, speaker)
        brief = self._briefing.brief(turn, speaker.persona, followers.texts, below=below, form=form)
        if (acts := speaker.acts.get(turn.rule)) is not None and acts.chooses:
            brief = msgspec.structs.replace(brief, choices=acts.choices(self._adapter))
        try:
            with self._typing.shown(turn, live=self._live):
                outcome = await speaker.voice.speak(brief)
            if not isinstance(outcome, Spoken):
                return outcome, ALLOW
            draft = self._with_acts(_draft_of(outcome, outcome.engine, followers), turn, speaker, outcome.chosen)
            if speaker.moderator is not None:
                draft = await judged(draft, brief, speaker.moderator)
            verdict = self._policy.may_say(turn, draft)
            if not isinstance(verdict, Repair):
                return draft, verdict
            if self._policy.switch.off is not None and not await self._is_free_to_ask(turn, speaker):
                return STOPPED, ALLOW
            with self._typing.shown(turn, live=self._live):
                again = await speaker.voice.speak(msgspec.structs.replace(brief, correction=verdict.reason))
        except GenerationError as failure:
            return failure, ALLOW
        notes = (*outcome.notes, f"written again, because {verdict.reason}", *again.notes)
        if not isinstance(again, Spoken):
            return replace(again, cost=outcome.cost + again.cost, notes=notes), ALLOW
        again = msgspec.structs.replace(again, cost=outcome.cost + again.cost, notes=notes)
        draft = self._with_acts(_draft_of(again, again.engine, followers), turn, speaker, again.chosen)
        draft = await judged(draft, brief, speaker.moderator)
        verdict = self._policy.may_say(turn, draft)
        if isinstance(verdict, Repair):
            verdict = Refuse(f"written twice, and both times {verdict.reason}")
        return draft, verdict

    def _with_acts(self, draft: Draft, turn: Turn, speaker: Speaker, chosen: tuple[str, ...]) -> Draft:
        """Return a draft with what a model chose to have done; without words it is no engine's text."""
        if not chosen or (acts := speaker.acts.get(turn.rule)) is None:
            return draft
        engine = draft.engine if draft.parts else ACT
        done = acts.about(turn, self._adapter, chosen=chosen)
        notes = (*draft.notes, f"{draft.engine} chose: {', '.join(chosen)}")
        return msgspec.structs.replace(draft, engine=engine, acts=done, notes=notes)

    async def _is_free_to_ask(self, turn: Turn, speaker: Speaker) -> bool:
        """Wait until an engine may be asked, while everything is stopped; say whether it is still to be asked, by this
        speaker."""
        if not await self._may_begin(turn):
            return False
        if self._speaker() is speaker:
            return True
        turn.revisions += 1
        return False

    def _weigh(self, turn: Turn, draft: Draft, verdict: Verdict) -> None:
        """Store words as the policy says: ready to go out, held for a person, or not to be said."""
        if verdict is ALLOW:
            return self._store(turn, draft)
        match verdict:
            case Allow():
                self._store(turn, draft)
            case Hold() if self._live:
                self._ledger.note(turn.seq, "held", verdict.reason)
                self._store(turn, draft, State.HELD, verdict.reason)
            case Hold():
                self._store(turn, msgspec.structs.replace(draft, notes=(*draft.notes, f"to be held: {verdict.reason}")))
            case _:
                turn.draft = draft
                self._end(turn, State.IGNORED, verdict.reason)

    def _confirm(self, turn: Turn) -> None:
        """Tell somebody who said stop or start that he was understood."""
        line = self._policy.consent.confirmation(turn)
        if line is None:
            return self._end(turn, State.IGNORED, f"has said {turn.rule} before, or otherwise since, or today")
        if not self._may_write(turn):
            return self._end(turn, State.IGNORED, f"{turn.rule} is noted, and the bot does not write in that room")
        if isinstance(verdict := self._policy.may_answer(turn), Refuse):
            return self._end(turn, State.IGNORED, verdict.reason)
        self._policy.consent.confirmed(turn)
        return self._store(turn, Draft(parts=(line,), engine="lines"))

    async def _answer_command(self, turn: Turn) -> None:
        """Obey a command, and say what came of it. One that is given up on the way is obeyed again: each can be."""
        if self._obey is None:
            return self._end(turn, State.IGNORED, "nobody obeys commands here")
        words = await self._obey(turn)
        if turn.state is not RECEIVED:
            return None
        if not words:
            return self._end(turn, State.IGNORED, "was told so a moment ago")
        if not self._may_write(turn):
            return self._end(turn, State.IGNORED, "obeyed, and the bot does not write in that room")
        parts = split(words, self._adapter.capabilities.limits.text_on(turn.surface))
        return self._store(turn, Draft(parts=parts, engine="lines"))

    async def _obey_moderator(self, turn: Turn) -> None:
        """Do what a moderator orders, tell the owner, and answer where there is something to say."""
        if not self._live and (order := order_of(turn)) is not None and order.word in (Word.UNDO, Word.LEAVE):
            return self._end(turn, State.IGNORED, "rehearsing: this would have been obeyed")
        obeyed: Obeyed | None = None
        failures = 0
        while obeyed is None:
            try:
                obeyed = await self._moderating.obey(turn)
            except AdapterError as absence:
                pause = min(LONGEST_PAUSE, 2.0**failures) * self._chance.uniform(1.0, 1.2)
                failures += 1
                if turn.state is not RECEIVED:
                    # its author has deleted it
                    return None
                if self._clock.micros() + pause * 1e6 > turn.expires:
                    return self._end(turn, State.DEAD, f"a moderator's order could not be obeyed: {absence}")
                self._log.warning("a moderator's order has to wait", turn=turn.seq, why=str(absence))
                with self._lanes.asleep():
                    await self._clock.sleep(pause)
                if turn.state is not RECEIVED:
                    return None
        if (order := order_of(turn)) is not None:
            self._ledger.note(turn.seq, ORDERED, words_for_owner(turn, order, obeyed))
        if turn.state is not RECEIVED:
            # deleted while it was obeyed
            return None
        if obeyed.words is None or not self._speaks_in_rooms() or not self._may_write(turn):
            return self._end(turn, State.IGNORED, f"obeyed a moderator: {obeyed.done}")
        return self._store(turn, Draft(parts=(obeyed.words,), engine="lines"))

    def _fixed_draft(self, turn: Turn, speaker: Speaker) -> Draft | None:
        """Return the words for which no engine is needed, the owner's own or those of a feed; None: an engine speaks.

        :raises Misfit: there is no room for them
        """
        event = turn.event
        if isinstance(event, Due) and event.say is not None and event.material is not None:
            limits = self._adapter.capabilities.limits.text_on(turn.surface)
            return Draft(parts=(fed_words(event, self._form(turn, speaker).room_for_words(limits)),), engine=FEED)
        if isinstance(event, Due):
            return None if event.say is None else _said_before(event, event.say)
        if turn.rule not in speaker.fixed:
            return None
        words = speaker.fixed[turn.rule].render(trusted_author(turn), bot=speaker.persona.persona)
        return Draft(parts=(words,), engine="say")

    def _store(self, turn: Turn, draft: Draft, state: State = DRAFTED, reason: str = "") -> None:
        """Queue what was generated, and may have been paid for, in one change with its state."""
        speaker = self._speaker()
        acts = speaker.acts.get(turn.rule) if turn.rule in speaker.special else None
        if acts is not None and not draft.acts:
            draft = msgspec.structs.replace(draft, acts=acts.about(turn, self._adapter))
        turn.draft, turn.state, turn.reason = draft, state, reason
        turn.starts = turn.not_before = 0
        self._ledger.save(turn)
        self._faults("after_draft")

    def _wait_for_engine(self, turn: Turn, absence: EngineUnavailable, persona: Persona) -> None:
        """Put the turn off durably: it keeps its lane until the engine answers or it is stale. Who asked directly is
        told so once."""
        asked = absence.retry_after.total_seconds() if absence.retry_after is not None else 0.0
        waited = max(0.0, (self._clock.micros() - turn.received) / 1e6)
        left = (turn.expires - self._clock.micros()) / 1e6
        # towards the end it is tried more often, so that an engine that comes back in time is used
        pause = max(asked, min(LONGEST_PAUSE, 2.0 + waited, max(2.0, left / 2))) * self._chance.uniform(1.0, 1.2)
        turn.starts = 0
        turn.not_before = self._clock.micros() + int(pause * 1e6)
        turn.reason = f"no engine can answer: {absence}"
        self._ledger.save(turn)
        if (words := self._outage.words(turn, persona)) is not None:
            self._put(words)
        self._log.warning(
            "no engine can answer, trying again", turn=turn.seq, seconds=round(pause, 1), why=str(absence)
        )

    def _leave_for_tomorrow(self, turn: Turn, persona: Persona) -> None:
        """Leave a turn alone whose author has had his share of the money. Who asked directly is told so once a day."""
        terms = self._policy.terms
        if (words := self._shares.words(turn, persona, terms)) is not None:
            self._put(words)
        self._end(turn, State.IGNORED, why_share(turn, terms))

    async def _intend(self, turn: Turn) -> None:
        if not self._live:
            return self._end(turn, State.IGNORED, "rehearsing: this would have been said")
        speaker = self._speaker()
        try:
            form = self._form(turn, speaker)
        except Misfit as misfit:
            return self._end(turn, State.DEAD, f"it cannot be posted there: {misfit}")
        made: tuple[Media, ...] = ()
        if isinstance(turn.event, Due):
            try:
                made = await self._picturing.drawn_for(turn, speaker.persona, speaker.studio)
            except MediaRefused as refusal:
                return self._end(turn, State.DEAD, f"no picture could be made for it: {refusal}")
            if turn.state is not DRAFTED:
                # a command has met it meanwhile
                return None
        is_answer = self._policy.is_answer(turn)
        language = language_of(turn, speaker.persona, is_answer=is_answer)
        turn.outbox = parts_of(turn, bot=self._bot, form=form, language=language, made=made)
        turn.state = INTENDED
        self._ledger.save(turn)
        self._faults("after_intent")
        return None

    def _speaks_in_rooms(self) -> bool:
        return Surface.CHAT in self._adapter.capabilities.surfaces

    def _form(self, turn: Turn, speaker: Speaker) -> Form:
        """Return the form in which a turn's words go out.

        :raises Misfit: this account cannot show them so
        """
        if isinstance(turn.event, Due):
            return form_of_due(turn.event, self._adapter.capabilities)
        embed = speaker.embeds.get(turn.rule) if turn.rule in speaker.special else None
        return PLAIN if embed is None else form_with_embed(embed, self._adapter.capabilities)

    def _rehearse(self, turn: Turn) -> None:
        """Set aside what was on its way out when the account was told to rehearse."""
        if turn.state is State.SENDING:
            return self._end(turn, State.UNKNOWN, "it was being sent when the account began to rehearse")
        return self._end(turn, State.IGNORED, "rehearsing: this would have been said")

    def _end(self, turn: Turn, state: State, why: str) -> None:
        turn.state, turn.reason, turn.starts = state, why, 0
        self._ledger.save(turn)
        self._ledger.note(turn.seq, state.word, why)
        self._log.info(state.word, turn=turn.seq, why=why)


def _said_before(event: Due, words: str) -> Draft:
    """Return the words of a post that has them already: its owner's, or those of an engine that wrote them ahead."""
    if event.written in (None, HAND):
        return Draft(parts=(words,), engine="say")
    return Draft(parts=(words,), engine=event.written or "", notes=("drafted ahead",))


def _draft_of(outcome: Spoken | Held, engine: str, followers: Followers) -> Draft:
    return Draft(
        parts=outcome.parts,
        engine=engine,
        model=outcome.model,
        cost=outcome.cost,
        notes=outcome.notes,
        also=tuple([follower.seq for follower in followers.turns]) if followers.turns else (),
        read=followers.texts,
    )


def _may_go_on(turn: Turn, revision: int) -> bool:
    """Say whether the turn still is what it was when its engine was asked."""
    return turn.state is State.RECEIVED and turn.revisions == revision
