"""One turn's way on one account: from the inbox through the voice to the door."""

import asyncio
import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from greenroom.clock import Clock
from greenroom.delivery import Dispatcher
from greenroom.faults import FaultHook
from greenroom.generation import (
    Brief,
    EngineUnavailable,
    FixedWords,
    GenerationError,
    Held,
    Line,
    Outcome,
    Spoken,
    Voice,
)
from greenroom.personas import Persona
from greenroom.storage import Draft, Due, Ledger, Part, State, StorageError, Turn
from greenroom.telemetry import get_log
from greenroom.turns.gate import Gate
from greenroom.turns.others import Others
from greenroom_adapters.contract import (
    Adapter,
    AdapterError,
    Author,
    DirectMessageReceived,
    FollowReceived,
    JoinReceived,
    Post,
    ReactionReceived,
    RepostReceived,
    SupportsThread,
    TextEvent,
)

__all__ = ["Performer", "Speaker", "key_of"]

MOST_STARTS = 3
"""A turn whose work began this often without an end is what brings the process down: it is dead."""
MEMORY = 200
"""Turns of a conversation that an engine may look back on."""
LONGEST_PAUSE = 900.0
"""Seconds between two tries of an engine at the most, unless its server asks for more."""


def key_of(bot: str, account: str, event_id: str, part: int) -> str:
    """Return the idempotency key of one part of the answer to one event: the same for ever, 32 hex digits."""
    whole = "\x1f".join((bot, account, event_id, str(part)))
    return hashlib.blake2b(whole.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Who speaks at the moment: replaced as a whole when the persona changes, so a turn never mixes two."""

    persona: Persona
    voice: Voice
    fixed: Mapping[str, FixedWords] = field(default_factory=dict[str, FixedWords])
    """Name of a rule → the words that it always says."""
    patient: frozenset[str] = frozenset()
    """Names of the rules that answer only when nobody else has."""


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
        live: bool,
        alone: asyncio.Lock,
        gate: Gate,
    ) -> None:
        self._adapter = adapter
        self._gate = gate
        self._others = others
        self._live = live
        self._bot = bot
        self._account = account
        self._speaker = speaker
        self._dispatcher = dispatcher
        self._ledger = ledger
        self._clock = clock
        self._faults = faults
        self._chance = chance
        self._alone = alone
        self._log = get_log().bind(account=account)

    async def perform(self, turn: Turn) -> None:
        """Work on a turn until it is sent, over or set aside.

        :raises StorageError: the ledger failed; the bot must stop
        """
        try:
            while turn.state < State.HELD:
                if turn.state is State.RECEIVED:
                    await self._draft(turn)
                elif turn.state is State.DRAFTED:
                    # a thousand engines may answer in the same moment; what they wrote is queued for the disk already
                    await self._gate.pass_through()
                    if turn.state is State.DRAFTED:
                        self._intend(turn)
                elif not self._live:
                    self._rehearse(turn)
                else:
                    await self._dispatcher.deliver(turn)
        except asyncio.CancelledError:
            if turn.state is State.RECEIVED and turn.starts:
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

    async def _draft(self, turn: Turn) -> None:
        if turn.not_before > turn.expires:
            return self._end(turn, State.STALE, turn.reason or "it would be too late for it")
        if (pause := turn.not_before - self._clock.micros()) > 0:
            await self._clock.sleep(pause / 1e6)
        if turn.state is not State.RECEIVED:
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
            if turn.state is State.RECEIVED:
                await self._generate(turn, count=True)
        return None

    async def _generate(self, turn: Turn, *, count: bool) -> None:
        """Let the voice speak; `count`: the start is not on disk yet."""
        ledger = self._ledger
        if turn.expires < self._clock.micros():
            return self._end(turn, State.STALE, turn.reason or "it is too late for it")
        speaker = self._speaker()
        if turn.rule in speaker.patient and self._others.have_answered(turn):
            return self._end(turn, State.IGNORED, "somebody else has answered")
        if (words := self._fixed_words(turn, speaker)) is not None:
            return self._store(turn, Draft(parts=(words,), engine="say"))
        if count:
            ledger.save(turn)
            await ledger.committed()
            if turn.state is not State.RECEIVED:
                return None
        self._faults("before_generate")
        revision = turn.revisions
        outcome: Outcome | GenerationError
        try:
            outcome = await speaker.voice.speak(self._brief(turn, speaker.persona))
        except GenerationError as failure:
            outcome = failure
        self._faults("after_generate_before_store")
        if turn.state is not State.RECEIVED or turn.revisions != revision:
            # deleted while the engine worked, or it reads differently by now and is read again
            return None
        if isinstance(outcome, EngineUnavailable):
            return self._wait_for_engine(turn, outcome)
        if isinstance(outcome, GenerationError):
            return self._end(turn, State.REFUSED, str(outcome))
        turn.persona = speaker.persona.version
        if isinstance(outcome, Spoken):
            return self._store(turn, _draft_of(outcome, outcome.engine))
        if isinstance(outcome, Held):
            ledger.note(turn.seq, "held", outcome.reason)
            return self._store(turn, _draft_of(outcome, outcome.engine or ""), State.HELD, outcome.reason)
        return self._end(turn, State.IGNORED, outcome.reason)

    def _fixed_words(self, turn: Turn, speaker: Speaker) -> str | None:
        """Return the owner's own words, for which no engine is needed; None: an engine speaks."""
        if isinstance(turn.event, Due):
            return turn.event.say
        if turn.rule not in speaker.fixed:
            return None
        return speaker.fixed[turn.rule].render(_author(turn), bot=speaker.persona.persona)

    def _store(self, turn: Turn, draft: Draft, state: State = State.DRAFTED, reason: str = "") -> None:
        """Queue what was generated, and may have been paid for, in one change with its state."""
        turn.draft, turn.state, turn.reason = draft, state, reason
        turn.starts = turn.not_before = 0
        self._ledger.save(turn)
        self._faults("after_draft")

    def _wait_for_engine(self, turn: Turn, absence: EngineUnavailable) -> None:
        """Put the turn off durably: it keeps its lane until the engine answers or it is stale."""
        asked = absence.retry_after.total_seconds() if absence.retry_after is not None else 0.0
        waited = max(0.0, (self._clock.micros() - turn.received) / 1e6)
        left = (turn.expires - self._clock.micros()) / 1e6
        # towards the end it is tried more often, so that an engine that comes back in time is used
        pause = max(asked, min(LONGEST_PAUSE, 2.0 + waited, max(2.0, left / 2))) * self._chance.uniform(1.0, 1.2)
        turn.starts = 0
        turn.not_before = self._clock.micros() + int(pause * 1e6)
        turn.reason = f"no engine can answer: {absence}"
        self._ledger.save(turn)
        self._log.warning(
            "no engine can answer, trying again", turn=turn.seq, seconds=round(pause, 1), why=str(absence)
        )

    def _brief(self, turn: Turn, persona: Persona) -> Brief:
        event = turn.event
        limits = self._adapter.capabilities.limits.text
        platform, identity = self._adapter.platform, f"{self._account} {turn.event_id}"
        if isinstance(event, TextEvent):
            return Brief(
                persona=persona,
                surface=turn.surface,
                limits=limits,
                seed=turn.event_id,
                turn=identity,
                said=event.text,
                author=_trusted(event.author, turn),
                platform=platform,
                media=event.media,
                language=event.language,
                history=partial(self._conversation, turn, event),
            )
        return Brief(
            persona=persona,
            surface=turn.surface,
            limits=limits,
            seed=turn.event_id,
            turn=identity,
            about=event.about if isinstance(event, Due) else None,
            author=_author(turn),
            platform=platform,
            history=partial(self._own_posts, turn),
        )

    async def _conversation(self, turn: Turn, event: TextEvent) -> tuple[Line, ...]:
        lines: list[Line] = []
        for earlier in await self._ledger.in_lane(turn.lane, before=turn.seq, limit=MEMORY):
            if isinstance(earlier.event, TextEvent):
                lines.append(Line(author=earlier.event.author, text=earlier.event.text))
            if earlier.state is State.SENT and earlier.draft is not None:
                lines.extend(Line(author=None, text=part) for part in earlier.draft.parts)
        if not lines and event.in_reply_to is not None and isinstance(self._adapter, SupportsThread):
            lines = await self._thread_above(self._adapter, event)
        return tuple(lines)

    async def _thread_above(self, adapter: SupportsThread, event: TextEvent) -> list[Line]:
        """What was said before the bot was called in; nothing where the platform cannot tell now."""
        me = self._adapter.me.id
        try:
            above = await adapter.thread(event.post)
        except AdapterError as failure:
            self._log.info("no thread to look back on", why=str(failure))
            return []
        return [Line(author=None if post.author.id == me else post.author, text=post.text) for post in above]

    async def _own_posts(self, turn: Turn) -> tuple[Line, ...]:
        posts = await self._ledger.own_posts(self._account, before=turn.seq, limit=MEMORY)
        return tuple(
            Line(author=None, text=part) for post in posts if post.draft is not None for part in post.draft.parts
        )

    def _intend(self, turn: Turn) -> None:
        assert turn.draft is not None  # noqa: S101 - the state says so
        if not self._live:
            return self._end(turn, State.IGNORED, "rehearsing: this would have been said")
        turn.outbox = [
            Part(key=key_of(self._bot, self._account, turn.event_id, number), post=_post(turn, text, number))
            for number, text in enumerate(turn.draft.parts)
        ]
        turn.state = State.INTENDED
        self._ledger.save(turn)
        self._faults("after_intent")
        return None

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


def _draft_of(outcome: Spoken | Held, engine: str) -> Draft:
    return Draft(parts=outcome.parts, engine=engine, model=outcome.model, cost=outcome.cost, notes=outcome.notes)


def _trusted(author: Author, turn: Turn) -> Author:
    return author if author.trust is turn.trust else replace(author, trust=turn.trust)


def _author(turn: Turn) -> Author | None:
    event = turn.event
    if isinstance(event, TextEvent | ReactionReceived | RepostReceived | FollowReceived | JoinReceived):
        return _trusted(event.author, turn)
    return None


def _post(turn: Turn, text: str, number: int) -> Post:
    """Return part `number` of the answer; what the later parts reply to is known when the one before is out."""
    event = turn.event
    if isinstance(event, TextEvent):
        return Post(
            text=text,
            in_reply_to=event.post if number == 0 else None,
            room=None if event.room is None else event.room.id,
            direct_to=event.author.id if isinstance(event, DirectMessageReceived) else None,
        )
    if isinstance(event, Due):
        return Post(text=text, room=event.room, media=event.media if number == 0 else ())
    return Post(text=text, room=event.room.id if isinstance(event, JoinReceived) else None)
