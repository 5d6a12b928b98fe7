"""What the voice is told of a turn: what is answered, by whom it was said, and what was said before."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from greenroom.delivery import Means
from greenroom.generation import Brief, Line, no_pictures
from greenroom.generation.history import lines_of, own_lines
from greenroom.memory import People
from greenroom.personas import Persona
from greenroom.policy import Policy
from greenroom.storage import Due, Turn, author_of, cause_of
from greenroom.telemetry import get_log
from greenroom.turns.form import PLAIN, Form
from greenroom.turns.offering import LARGEST
from greenroom.turns.picturing import made_small
from greenroom_adapters.contract import (
    AdapterError,
    Author,
    SupportsFetching,
    SupportsThread,
    TextEvent,
)

__all__ = ["Briefing", "trusted_author"]

MOST_SEEN = 2
"""Pictures of one message that an engine looks at."""
AT_ONCE = 4
"""Pictures that are fetched and opened at a time: each of them is in memory."""
MEMORY = 200
"""Turns of a conversation that an engine may look back on."""
ELSEWHERE = 4
"""So many answers to a person are looked at in his other conversations."""
PEOPLE = 1000
"""Of so many people it is known in which turns they were answered."""
ALL = 2**62
"""Behind every turn: what is written ahead is in no ledger yet."""


def trusted_author(turn: Turn) -> Author | None:
    """Return whose doing the turn's event is, trusted as far as the bot trusts him there; None: nobody's."""
    author = author_of(turn.event)
    return None if author is None else _trusted(author, turn)


class Briefing:
    """Writes the briefs of one account."""

    def __init__(self, means: Means, policy: Policy) -> None:
        self._policy = policy
        self._adapter = means.adapter
        self._account = means.account
        self._ledger = means.ledger
        self._realm = means.adapter.realm
        self._people = People(means.ledger, platform=self._realm, account=means.account, clock=means.clock)
        self._clock = means.clock
        self._fetching = asyncio.Semaphore(AT_ONCE)
        self._answers: dict[str, tuple[int, ...]] = {}
        """Person → the turns in which he was answered lately; whoever was answered longest ago goes first."""
        self._log = get_log().bind(account=means.account)

    def brief(
        self,
        turn: Turn,
        persona: Persona,
        more: Sequence[str] = (),
        *,
        below: str | None = None,
        form: Form = PLAIN,
    ) -> Brief:
        """Return what the voice is asked for: an answer to the turn's event and to what follows it (`more`), with words
        of the owner's `below` it, or a post; its words leave room for what goes around them in this form. What was said
        before is read only when an engine wants it."""
        event = turn.event
        limits = self._adapter.capabilities.limits.text_on(turn.surface)
        if form is not PLAIN:
            limits = form.room_for_words(limits)
        platform, identity = self._adapter.platform, f"{self._account} {turn.event_id}"
        cause = cause_of(turn, platform=self._realm)
        if isinstance(event, TextEvent):
            author = event.author if event.author.trust is turn.trust else _trusted(event.author, turn)
            self._people.hear(turn, event, persona, more)
            return Brief(
                persona=persona,
                surface=turn.surface,
                limits=limits,
                seed=turn.event_id,
                turn=identity,
                cause=cause,
                said="\n".join((event.text, *more)) if more else event.text,
                author=author,
                platform=platform,
                relation=persona.relation_to(author, self._account) if persona.relationships else None,
                below=below,
                media=event.media,
                language=event.language,
                history=partial(self._conversation, turn, event),
                elsewhere=partial(self._elsewhere, turn, self._answered(turn, event.author.id)),
                facts=partial(self._people.known, event, persona),
                pictures=partial(self._sent_with, event) if event.media else no_pictures,
            )
        due = event if isinstance(event, Due) else None
        return Brief(
            persona=persona,
            surface=turn.surface,
            limits=limits,
            seed=turn.event_id,
            turn=identity,
            cause=cause,
            about=None if due is None else due.about,
            at=None if due is None or due.due <= self._clock.now() else due.due,
            is_caption=due is not None and _shows_something(due),
            item=None if due is None else due.material,
            options=() if due is None or due.poll is None else due.poll.options,
            author=trusted_author(turn),
            platform=platform,
            history=partial(self._own_posts, turn),
        )

    def _answered(self, turn: Turn, person: str) -> tuple[int, ...]:
        """Note that somebody is answered in this turn; return in which turns he was before, as far as this run of the
        bot knows."""
        before = tuple(seq for seq in self._answers.pop(person, ()) if seq != turn.seq)
        self._answers[person] = (*before, turn.seq)[-ELSEWHERE:]
        if len(self._answers) > PEOPLE:
            del self._answers[next(iter(self._answers))]
        return before

    async def _elsewhere(self, turn: Turn, before: tuple[int, ...]) -> tuple[str, ...]:
        """Return what was said in those turns, but for those of this conversation."""
        told: list[str] = []
        for seq in before:
            other = await self._ledger.turn(seq)
            if other is not None and other.lane != turn.lane and other.draft is not None:
                told.extend(other.draft.parts)
        return tuple(told)

    async def _sent_with(self, event: TextEvent) -> tuple[bytes, ...]:
        """Return what was sent with a message, as an engine looks at it; what cannot be got at is left out."""
        if not isinstance(self._adapter, SupportsFetching):
            return ()
        seen: list[bytes] = []
        for sent in [media for media in event.media if media.media_type.startswith("image/")][:MOST_SEEN]:
            try:
                async with self._fetching:
                    fetched = await self._adapter.fetch(sent, most=LARGEST)
                    seen.append(await asyncio.to_thread(made_small, fetched))
            except AdapterError as failure:
                self._log.info("a picture was not looked at", why=str(failure))
        return tuple(seen)

    async def _conversation(self, turn: Turn, event: TextEvent) -> tuple[Line, ...]:
        lines = lines_of(await self._ledger.in_lane(turn.lane, before=turn.seq or ALL, limit=MEMORY))
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
        posts = await self._ledger.own_posts(self._account, before=turn.seq or ALL, limit=MEMORY)
        lines = [line for post in posts for line in own_lines(post)]
        # of posts that are written at the same time each is to say something of its own
        others = self._policy.repeats.recent_posts(self._account, but={turn.seq, *(post.seq for post in posts)})
        lines += [Line(author=None, text=post.text, trust=post.trust) for post in others]
        return tuple(lines)


def _trusted(author: Author, turn: Turn) -> Author:
    return author if author.trust is turn.trust else replace(author, trust=turn.trust)


def _shows_something(due: Due) -> bool:
    """Say whether the words of a post stand below a picture; a card of those very words is none."""
    wish = due.picture
    return bool(due.media) or (wish is not None and (wish.card is None or wish.card.show != "quote"))
