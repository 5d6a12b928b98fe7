"""How a turn comes to its words: fixed ones, those of an engine, or what is done instead of any."""

from greenroom.delivery import Means
from greenroom.generation import EngineUnavailable, GenerationError, Held, ShareSpent, Silent
from greenroom.policy import ALLOW, Allow, Hold, Refuse, Verdict, is_command, is_stop_or_start, is_word
from greenroom.storage import CLOCK, HAND, Draft, Due, State, Turn, cause_of
from greenroom.turns.acting import ACT
from greenroom.turns.asking import Asking, draft_of, may_go_on, with_chosen
from greenroom.turns.beginning import Beginning
from greenroom.turns.briefing import trusted_author
from greenroom.turns.commissions import Commissions
from greenroom.turns.deciding import Decisions
from greenroom.turns.form import FEED, Misfit, fed_words
from greenroom.turns.gathering import NOBODY, Followers, reason_of_follower
from greenroom.turns.obedience import Obedience
from greenroom.turns.offering import Offering, said
from greenroom.turns.others import Others
from greenroom.turns.outcomes import Outcomes
from greenroom.turns.picturing import NOTHING_MADE, Made, Picturing, wants_engine
from greenroom.turns.shared import Shared
from greenroom.turns.speaking import Speaker
from greenroom.turns.typing import Typing
from greenroom_adapters.contract import MediaRefused, Surface, TextEvent, Trust

__all__ = ["Drafting"]

MOST_STARTS = 3
"""A turn whose work began this often without an end is what brings the process down: it is dead."""

NO_ACT = "nothing of what is to be done can be done on this account"

# Bound once: the members of an enumeration are looked up by a descriptor each time, and every turn asks for some.
RECEIVED, CHAT = State.RECEIVED, Surface.CHAT


class Drafting:
    """Finds the words of the turns of one account. The order of effects: the start is counted, then an engine works;
    what it returns is stored, then it is looked at."""

    def __init__(
        self,
        means: Means,
        shared: Shared,
        *,
        decisions: Decisions,
        others: Others,
        typing: Typing,
        beginning: Beginning,
        asking: Asking,
        obedience: Obedience,
        outcomes: Outcomes,
        picturing: Picturing,
    ) -> None:
        self._adapter = means.adapter
        self._floor = shared.floor
        self._ledger = means.ledger
        self._policy = shared.policy
        self._clock = means.clock
        self._faults = means.faults
        self._decisions = decisions
        self._others = others
        self._outage = shared.outage
        self._alone = shared.alone
        self._typing = typing
        self._beginning = beginning
        self._asking = asking
        self._obedience = obedience
        self._outcomes = outcomes
        self._offering = Offering(means)
        self._picturing = picturing
        self._commissions = Commissions(means)

    async def draft(self, turn: Turn) -> None:
        """Bring a turn from `received` to where it has its words, waits for a person or an engine, or is over."""
        if turn.not_before > turn.expires:
            return self._outcomes.end(turn, State.STALE, turn.reason or "it would be too late for it")
        if turn.not_before or self._policy.terms.gather(turn):
            await self._beginning.wait_its_time(turn)
            if turn.state is not RECEIVED:
                return None
        speaker = self._floor.speaker
        is_settled = turn.decided_by == self._decisions.version and turn.rule in speaker.plain
        if not is_settled and self._beginning.is_left_alone(turn):
            return None
        verdict = self._policy.may_answer(turn) if is_settled or self._policy.is_answer(turn) else None
        if verdict is not ALLOW and not await self._beginning.may_begin(turn, verdict):
            return None
        if not turn.suspect:
            count, turn.starts = turn.starts == 0, 1
            return await self._begin(turn, count=count)
        turn.suspect = False
        if turn.starts >= MOST_STARTS:
            return self._outcomes.end(turn, State.DEAD, f"crashed {turn.starts} times")
        turn.starts += 1
        if turn.starts < MOST_STARTS:
            return await self._begin(turn, count=True)
        # The last chance is taken alone, so that of all that were under way only one can die of the next crash.
        async with self._alone:
            if turn.state is RECEIVED and not self._beginning.is_left_alone(turn):
                await self._begin(turn, count=True)
        return None

    async def _begin(self, turn: Turn, *, count: bool) -> None:
        """Find words for a turn whose work may begin; `count`: the start is not on disk yet."""
        if turn.expires < self._clock.micros():
            return self._outcomes.end(turn, State.STALE, turn.reason or "it is too late for it")
        if turn.surface is CHAT and CHAT not in self._adapter.capabilities.surfaces and not is_word(turn):
            # before anything is paid for words that nobody would take
            why = "the account says nothing in rooms of this platform"
            return self._outcomes.end(turn, State.IGNORED, why)
        speaker = self._floor.speaker
        if turn.rule in speaker.plain and turn.kind != CLOCK:
            return await self._find_words(turn, speaker, count=count)
        if is_stop_or_start(turn):
            return self._obedience.confirm(turn)
        if is_command(turn):
            return await self._obedience.answer_command(turn)
        if is_word(turn):
            return await self._obedience.obey_moderator(turn)
        if turn.rule in speaker.patient and self._others.have_answered(turn):
            return self._outcomes.end(turn, State.IGNORED, "somebody else has answered")
        return await self._find_what_is_special(turn, speaker, count=count)

    async def _find_what_is_special(self, turn: Turn, speaker: Speaker, *, count: bool) -> None:
        """Find the words of a post, or of a rule that says or does something of its own."""
        try:
            speaker.form(turn, self._adapter)
            draft = self._fixed_draft(turn, speaker)
        except Misfit as misfit:
            # before anything is paid for words that cannot be shown
            return self._outcomes.end(turn, State.DEAD, f"it cannot be posted there: {misfit}")
        acts = speaker.acts.get(turn.rule)
        if acts is not None and acts.chooses and not acts.choices(self._adapter):
            return self._outcomes.end(turn, State.IGNORED, NO_ACT)
        if draft is None and acts is not None and acts.are_all:
            if not (done := acts.about(turn, self._adapter)):
                return self._outcomes.end(turn, State.IGNORED, NO_ACT)
            draft = Draft(parts=(), engine=ACT, acts=done)
        if draft is not None and not wants_engine(turn, speaker.studio):
            return self._outcomes.weigh(turn, draft, self._policy.may_say(turn, draft), acts)
        return await self._find_words(turn, speaker, draft, count=count)

    def _fixed_draft(self, turn: Turn, speaker: Speaker) -> Draft | None:
        """Return the words for which no engine is needed, the owner's own or those of a feed; None: an engine speaks.

        :raises Misfit: there is no room for them
        """
        event = turn.event
        if isinstance(event, Due) and event.say is not None and event.material is not None:
            limits = self._adapter.capabilities.limits.text_on(turn.surface)
            room = speaker.form(turn, self._adapter).room_for_words(limits)
            return Draft(parts=(fed_words(event, room),), engine=FEED)
        if isinstance(event, Due):
            return None if event.say is None else _said_before(event, event.say)
        if turn.rule not in speaker.fixed:
            return None
        words = speaker.fixed[turn.rule].render(trusted_author(turn), bot=speaker.persona.persona)
        return Draft(parts=(words,), engine="say", trust=turn.trust)

    async def _find_words(self, turn: Turn, speaker: Speaker, draft: Draft | None = None, *, count: bool) -> None:
        """Ask engines for what is missing: for words, where there is no `draft` yet, and for what goes with them."""
        if count:
            self._ledger.save(turn)
            await self._ledger.committed()
            if turn.state is not RECEIVED or self._beginning.is_left_alone(turn):
                return None
            if speaker is not self._floor.speaker:
                # the files were edited meanwhile, and say perhaps something else than an engine's words
                return await self._begin(turn, count=False)
        if self._faults is not None:
            self._faults("before_generate")
        made = NOTHING_MADE
        if isinstance(turn.event, TextEvent):
            if turn.rule in speaker.offers or turn.rule in speaker.paints:
                return await self._offer(turn, turn.event, speaker)
        elif (its := await self._make(turn, speaker)) is not None:
            made = its
        else:
            return None
        if draft is not None:
            return self._keep(turn, speaker, draft, made)
        return await self._let_speak(turn, speaker, made)

    async def _let_speak(self, turn: Turn, speaker: Speaker, made: Made) -> None:
        """Let the voice find the words, and take what comes of that."""
        revision = turn.revisions
        turn.is_read = True
        followers = NOBODY
        try:
            # by the rule that it is answered by now: the file may have been edited while it waited
            if gather := self._policy.terms.gather(turn):
                followers, words, verdict = await self._asking.speak_to_all(turn, speaker, gather)
            else:
                words, verdict = await self._asking.speak(turn, speaker)
        finally:
            turn.is_read = False
        if self._faults is not None:
            self._faults("after_generate_before_store")
        if not may_go_on(turn, revision):
            # deleted while the engine worked, or it reads differently by now and is read again
            return None
        if isinstance(words, Draft):
            if followers is not NOBODY:
                self._end_followers(turn, followers)
            turn.persona = speaker.persona.version
            self._outage.ends()
            return self._keep(turn, speaker, words, made, verdict)
        return self._do_without(turn, speaker, words, followers, made)

    def _do_without(
        self, turn: Turn, speaker: Speaker, why: Held | Silent | GenerationError, followers: Followers, made: Made
    ) -> None:
        """Do with a turn for which the voice has no words that may go out."""
        if isinstance(why, EngineUnavailable):
            return self._outcomes.wait_for_engine(turn, why, speaker.persona)
        self._end_followers(turn, followers)
        if isinstance(why, ShareSpent):
            return self._outcomes.leave_for_tomorrow(turn, speaker.persona)
        if isinstance(why, GenerationError):
            return self._outcomes.end(turn, State.REFUSED, str(why))
        turn.persona = speaker.persona.version
        if isinstance(why, Silent):
            return self._outcomes.end(turn, State.IGNORED, why.reason)
        self._ledger.note(turn.seq, "held", why.reason)
        draft = made.with_draft(draft_of(why, why.engine or "", followers))
        draft = with_chosen(draft, turn, speaker, why.chosen, self._adapter)
        return self._outcomes.store(turn, draft, State.HELD, why.reason, acts=speaker.acts.get(turn.rule))

    def _end_followers(self, turn: Turn, followers: Followers) -> None:
        for follower in followers.turns:
            self._outcomes.end(follower, State.IGNORED, reason_of_follower(turn))

    def _keep(self, turn: Turn, speaker: Speaker, draft: Draft, made: Made, verdict: Verdict | None = None) -> None:
        """Store the words of a turn with the picture that was made for it, as the policy says."""
        if made is not NOTHING_MADE:
            draft = made.with_draft(draft)
        verdict = verdict or self._policy.may_say(turn, draft)
        if made.held and not isinstance(verdict, Refuse):
            verdict = Hold(made.held)
        acts = speaker.acts.get(turn.rule)
        self._outcomes.weigh(turn, draft, verdict, acts)

    async def _make(self, turn: Turn, speaker: Speaker) -> Made | None:
        """Have the picture made that a post asks a model for, before its words are paid; None: the turn is put off, or
        over."""
        if not wants_engine(turn, speaker.studio):
            return NOTHING_MADE
        revision = turn.revisions
        try:
            made = await self._picturing.asked_for(turn, speaker.persona, speaker.studio, speaker.voice)
        except EngineUnavailable as absence:
            if may_go_on(turn, revision):
                self._outcomes.wait_for_engine(turn, absence, speaker.persona)
            return None
        except MediaRefused as refusal:
            if may_go_on(turn, revision):
                self._outcomes.end(turn, State.DEAD, f"no picture could be made for it: {refusal}")
            return None
        return made if may_go_on(turn, revision) else None

    async def _offer(self, turn: Turn, event: TextEvent, speaker: Speaker) -> None:
        """Answer with the picture that was asked for, or with what there is."""
        revision = turn.revisions
        turn.is_read = True
        try:
            with self._typing.shown(turn, live=self._outcomes.live):
                draft = await self._offered(turn, event, speaker)
        except EngineUnavailable as absence:
            if may_go_on(turn, revision):
                self._outcomes.wait_for_engine(turn, absence, speaker.persona)
            return
        except ShareSpent:
            if may_go_on(turn, revision):
                self._outcomes.leave_for_tomorrow(turn, speaker.persona)
            return
        finally:
            turn.is_read = False
        if self._faults is not None:
            self._faults("after_generate_before_store")
        if may_go_on(turn, revision):
            turn.persona = speaker.persona.version
            self._keep(turn, speaker, draft, NOTHING_MADE)

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


def _said_before(event: Due, words: str) -> Draft:
    """Return the words of a post that has them already: its owner's, or those of an engine that wrote them ahead."""
    if event.written in (None, HAND):
        return Draft(parts=(words,), engine="say", trust=Trust.OWNER)
    return Draft(parts=(words,), engine=event.written or "", trust=event.trust, notes=("drafted ahead",))
