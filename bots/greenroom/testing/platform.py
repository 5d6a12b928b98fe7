"""A platform in memory that does what a test orders: it takes posts, loses answers, and says what happened."""

import asyncio
import inspect
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, ClassVar, Self

from typing_extensions import override

from greenroom.clock import Clock
from greenroom_adapters.contract import (
    Absent,
    Adapter,
    Attempt,
    Author,
    Capabilities,
    Command,
    Event,
    Found,
    Idempotency,
    IdempotencyKind,
    Kind,
    Limits,
    Post,
    PostRef,
    Quota,
    Receipt,
    RemoteMedia,
    Standing,
    Surface,
    TextEvent,
    TextLimit,
    Unavailable,
    Undecided,
)

__all__ = ["Answer", "ScriptedAdapter", "ScriptedPlatform", "answer_lost", "never_answer"]

Answer = Callable[["ScriptedPlatform", Attempt], Awaitable[Receipt] | Receipt]
"""What the platform does with one attempt: returns a receipt, raises, or takes its time."""


def answer_lost(error: Exception) -> Answer:
    """Return what takes the post and loses the answer: `error` is raised instead."""

    def answer(platform: "ScriptedPlatform", attempt: Attempt) -> Receipt:
        platform.take(attempt)
        raise error

    return answer


async def never_answer(platform: "ScriptedPlatform", attempt: Attempt) -> Receipt:
    """Take the connection and stay silent."""
    await asyncio.Event().wait()
    return platform.take(attempt)


class ScriptedPlatform:
    """What is true on the platform; it outlives the adapters, as a platform outlives a bot."""

    def __init__(
        self,
        clock: Clock,
        *,
        kind: IdempotencyKind = IdempotencyKind.KEYED,
        window: timedelta | None = None,
        settles_after: timedelta = timedelta(seconds=30),
    ) -> None:
        self.clock = clock
        self.capabilities = Capabilities(
            limits=Limits(text=(TextLimit(length=500),)),
            idempotency=Idempotency(kind=kind, window=window),
            settles_after=settles_after,
            kinds=frozenset(Kind) - {Kind.UNKNOWN},
            surfaces=frozenset(Surface),
        )
        self.direct_idempotency: Idempotency | None = None
        """How direct messages are kept from going out twice, where that is another way than that of posts."""
        self.posts: list[tuple[str, Post]] = []
        """(key, post) of everything that is out, in order."""
        self.attempts: list[Attempt] = []
        """Every try of a publish, in order."""
        self.tried_at: list[int] = []
        """Microseconds since 1970 of each of them."""
        self.answers: deque[Answer | Exception] = deque()
        """What happens to the next attempts, in order; afterwards each is taken."""
        self.findings: deque[Found | Absent | Undecided | Exception] = deque()
        """What `find` says next, in order; afterwards the truth, see `ScriptedAdapter.find`."""
        self.asked: list[Attempt] = []
        """Every `find`, in order."""
        self.may_tell: asyncio.Event | None = None
        """Nobody who asks is told until it is set; None: he is told at once."""
        self.refuses_to_prepare: Exception | None = None
        self.quota: Quota | None = None
        """Goes with the next receipts."""
        self.history: list[Event] = []
        """Everything that happened, in the order of its cursors, which are 1, 2, 3 and so on."""
        self.entering: deque[Exception] = deque()
        """What raises at the next sign-ins, in order."""
        self.reading: deque[Exception | None] = deque()
        """What ends the next calls of `events` after they brought what there is; None: they just end."""
        self.listened_after: list[Mapping[str, str]] = []
        """The cursors of every call of `events`."""
        self.other_sources: dict[str, str] = {}
        """Sources beside `events`, in which nothing happens → their cursor at present."""
        self.acknowledged: list[tuple[str, str]] = []
        """(source, cursor) in the order in which they were told to be safe."""
        self.open_connections = 0
        self.crashes = 0
        """Adapters from before the last crash of their process reach nothing any more."""
        self.is_marked = True
        """The platform marks the bot's accounts as bots."""
        self.declarations: deque[Exception | None] = deque()
        """What happens to the next declarations, in order; None: they go through, as all others do."""
        self.declared = 0
        """Calls of `declare`."""
        self.price_of: Callable[[Post], int] = lambda post: 0
        """What the platform charges for a post, in millionths of a US dollar."""
        self.reading_costs: dict[Kind, int] = {}
        """Kind of event → what reading one costs."""
        self.charges = 0
        """What reading has cost and was not asked for yet."""
        self.price_of_look: int | None = None
        """What looking for one post costs; None: no looks are wanted."""
        self.absent: set[str] = set()
        """Ids of posts of others that are gone without a word."""
        self.looked_for: list[str] = []
        """Ids of posts that were looked for, in order."""
        self.offered: list[tuple[Command, ...]] = []
        """What was offered, each time that it was something else."""
        self.offers: deque[Exception] = deque()
        """What the next offers of commands raise, in order; afterwards each is taken."""
        self.dismissed: list[str] = []
        """Ids of the commands that nothing comes of."""
        self.typed_at: list[tuple[str, int]] = []
        """Where it was shown that an answer is written, and when, in microseconds since 1970."""
        self.typing_fails: Exception | None = None
        self.deleted: list[str] = []
        """Ids of the posts that the account took down, in order."""
        self.deleting: deque[Exception | None] = deque()
        """What happens to the next deletions, in order; None: they go through, as all others do."""
        self.entered: list[str] = []
        """Every room into which the account accepted an invitation."""
        self.accepting: deque[Exception | None] = deque()
        """What happens to the next times it accepts one, in order; None: it comes in, as all other times."""
        self.left: list[tuple[str, str | None]] = []
        """(room, by whose word) of every room that the account left."""
        self.leaving: deque[Exception | None] = deque()
        """What happens to the next times it leaves, in order; None: it goes, as all other times."""
        self.people: dict[str, Author] = {}
        """Handle → who has it."""
        self.files: dict[str, bytes | Exception] = {}
        """Address → what lies there, or what happens to who fetches it."""
        self.fetching = 0
        """So many files are on their way."""
        self.may_arrive: asyncio.Event | None = None
        """Files are on their way until it is set; None: they are there at once."""
        self.acted: list[tuple[str, str]] = []
        """(what, about which post or person) of every act that came through, in order."""
        self.acting: deque[Exception] = deque()
        """What happens to the next acts, in order: each is done, and its answer is this; afterwards all succeed."""
        self._news = asyncio.Event()

    @property
    def texts(self) -> list[str]:
        """The texts of everything that is out, in order."""
        return [post.text for _, post in self.posts]

    def happen(self, event: Event) -> Event:
        """Let something happen; return it with its cursor."""
        event = replace(event, source="events", cursor=str(len(self.history) + 1))
        self.history.append(event)
        self.interrupt()
        return event

    def interrupt(self) -> None:
        """Let a running `events` look for what there is, and at `reading`."""
        self._news.set()

    def take(self, attempt: Attempt) -> Receipt:
        """Publish the post; once for each key where the platform is keyed."""
        keyed = self.idempotency_of(attempt.post).kind is IdempotencyKind.KEYED
        if not (keyed and self.find(attempt.key) is not None):
            self.posts.append((attempt.key, attempt.post))
        number = self.find(attempt.key)
        return Receipt(
            key=attempt.key,
            ref=PostRef(id=f"x{number}", url=f"https://scripted.example/x{number}"),
            published_at=self.clock.now(),
            quota=self.quota,
        )

    def idempotency_of(self, post: Post) -> Idempotency:
        """Return how this post is kept from going out twice."""
        if post.direct_to is not None and self.direct_idempotency is not None:
            return self.direct_idempotency
        return self.capabilities.idempotency

    def find(self, key: str) -> int | None:
        """Return the number of the newest post with this key, from 1; None: there is none."""
        numbers = [number for number, (known, _) in enumerate(self.posts, 1) if known == key]
        return numbers[-1] if numbers else None

    def adapter(self, account: str = "home") -> "ScriptedAdapter":
        """Return a new adapter of one account, not entered."""
        return self.adapter_class()(ScriptedSettings(), account=account)

    def adapter_class(self) -> "type[ScriptedAdapter]":
        """Return the adapter class of this platform, for `Platforms.of`."""

        class Bound(ScriptedAdapter):
            world = self

        return Bound

    async def next_event(self, position: int) -> Event | None:
        """Return the event behind `position`, when there is one; None: the connection ends.

        :raises Exception: the next of `reading`
        """
        while len(self.history) <= position:
            if self.reading:
                if (trouble := self.reading.popleft()) is not None:
                    raise trouble
                return None
            self._news.clear()
            await self._news.wait()
        return self.history[position]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedSettings:
    """Nothing to set."""


class ScriptedAdapter(Adapter):
    """One account on a `ScriptedPlatform`."""

    platform: ClassVar[str] = "scripted"
    Settings: ClassVar[type[Any]] = ScriptedSettings
    world: ClassVar[ScriptedPlatform]

    def __init__(self, settings: ScriptedSettings, *, account: str) -> None:
        self.account = account
        self._is_in = False
        self._process = self.world.crashes

    @property
    @override
    def capabilities(self) -> Capabilities:
        return self.world.capabilities

    @override
    def idempotency_of(self, post: Post) -> Idempotency:
        return self.world.idempotency_of(post)

    @property
    @override
    def me(self) -> Author:
        return Author(id="me", handle=self.account, is_bot=self.world.is_marked)

    @override
    async def __aenter__(self) -> Self:
        if self.world.entering:
            raise self.world.entering.popleft()
        self._is_in = True
        self.world.open_connections += 1
        return self

    @override
    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._is_in:
            self._is_in = False
            self.world.open_connections -= 1

    @override
    async def check(self) -> Standing:
        return Standing(me=self.me, may=("read", "post"))

    @override
    async def now(self) -> Mapping[str, str]:
        return {"events": str(len(self.world.history)), **self.world.other_sources}

    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        self.world.listened_after.append(dict(after))
        position = int(after.get("events", "0"))
        while (event := await self.world.next_event(position)) is not None:
            position += 1
            yield event

    @override
    async def acknowledge(self, source: str, cursor: str) -> None:
        self.world.acknowledged.append((source, cursor))

    async def history(self, *, since: datetime) -> AsyncGenerator[Event, None]:
        """Yield what happened from `since` on, then end."""
        for event in tuple(self.world.history):
            if event.occurred_at >= since:
                yield event

    def price_of(self, post: Post) -> int:
        """Return what the post costs."""
        return self.world.price_of(post)

    def price_of_hearing(self, kind: Kind) -> int:
        """Return what reading one such event costs."""
        return self.world.reading_costs.get(kind, 0)

    def take_charges(self) -> int:
        """Return what reading has cost since the last time."""
        total, self.world.charges = self.world.charges, 0
        return total

    def price_of_look(self) -> int | None:
        """Return what looking for one post costs."""
        return self.world.price_of_look

    async def gone(self, posts: Sequence[str]) -> frozenset[str]:
        """Return which of these posts are gone."""
        self.world.looked_for += posts
        return frozenset(posts) & self.world.absent

    async def declare(self) -> bool:
        """Let the platform mark the account; say whether it was not."""
        self.world.declared += 1
        if self.world.declarations and (refusal := self.world.declarations.popleft()) is not None:
            raise refusal
        changed, self.world.is_marked = not self.world.is_marked, True
        return changed

    async def offer(self, commands: Sequence[Command]) -> bool:
        """Offer exactly these; say whether that changed anything."""
        if self.world.offers:
            raise self.world.offers.popleft()
        if self.world.offered and self.world.offered[-1] == tuple(commands):
            return False
        self.world.offered.append(tuple(commands))
        return True

    async def dismiss(self, command: PostRef) -> None:
        """Note that nothing comes of a command."""
        self.world.dismissed.append(command.id)

    async def show_typing(self, to: TextEvent) -> timedelta:
        """Show for ten seconds that an answer is written."""
        if self.world.typing_fails is not None:
            raise self.world.typing_fails
        self.world.typed_at.append((to.conversation, self.world.clock.micros()))
        return timedelta(seconds=10)

    async def fetch(self, media: RemoteMedia, *, most: int) -> bytes:
        """Return what lies there."""
        if self.world.may_arrive is not None:
            self.world.fetching += 1
            try:
                await self.world.may_arrive.wait()
            finally:
                self.world.fetching -= 1
        found = self.world.files.get(media.url, Unavailable("nothing lies there"))
        if isinstance(found, Exception):
            raise found
        if len(found) > most:
            raise Unavailable("it is too large")
        return found

    async def delete(self, ref: PostRef) -> None:
        """Take a post down."""
        if self.world.deleting and (refusal := self.world.deleting.popleft()) is not None:
            raise refusal
        self.world.deleted.append(ref.id)

    async def enter(self, room: str) -> None:
        """Accept an invitation."""
        if self.world.accepting and (refusal := self.world.accepting.popleft()) is not None:
            raise refusal
        self.world.entered.append(room)

    async def leave(self, room: str, *, by: str | None = None) -> None:
        """Leave a room."""
        if self.world.leaving and (refusal := self.world.leaving.popleft()) is not None:
            raise refusal
        self.world.left.append((room, by))

    async def person(self, handle: str) -> Author | None:
        """Return whoever has this handle or id; None: nobody has."""
        who = handle.removeprefix("@")
        return self.world.people.get(who) or next((one for one in self.world.people.values() if one.id == who), None)

    async def react(self, ref: PostRef, reaction: str = "like") -> None:
        """Implement `SupportsReact`."""
        self._act(reaction, ref.id)

    async def repost(self, ref: PostRef) -> None:
        """Implement `SupportsRepost`."""
        self._act("repost", ref.id)

    async def follow(self, person: str) -> None:
        """Implement `SupportsFollow`."""
        self._act("follow", person)

    def _act(self, what: str, about: str) -> None:
        if self._process != self.world.crashes:
            raise Unavailable("this process is dead", platform=self.platform)
        self.world.acted.append((what, about))
        if self.world.acting:
            raise self.world.acting.popleft()

    @override
    def prepare(self, post: Post, *, key: str) -> bytes:
        if self.world.refuses_to_prepare is not None:
            raise self.world.refuses_to_prepare
        return f"prepared {key} at {self.world.clock.micros()}".encode()

    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        world = self.world
        if self._process != world.crashes:
            raise Unavailable("this process was killed")
        world.attempts.append(attempt)
        world.tried_at.append(world.clock.micros())
        answer = world.answers.popleft() if world.answers else None
        if answer is None:
            return world.take(attempt)
        if isinstance(answer, Exception):
            raise answer
        result = answer(world, attempt)
        return await result if inspect.isawaitable(result) else result

    @override
    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        """Answer as the contract asks: what is there is found, what is not is absent once it has settled, and a
        platform that lists nothing can never tell."""
        world = self.world
        world.asked.append(attempt)
        if world.may_tell is not None:
            await world.may_tell.wait()
        if world.findings:
            finding = world.findings.popleft()
            if isinstance(finding, Exception):
                raise finding
            return finding
        if world.idempotency_of(attempt.post).kind is IdempotencyKind.NONE:
            return Undecided(reason="nothing is listed here", final=True)
        if (number := world.find(attempt.key)) is not None:
            ref = PostRef(id=f"x{number}", url=f"https://scripted.example/x{number}")
            return Found(receipt=Receipt(key=attempt.key, ref=ref, published_at=world.clock.now()))
        if world.clock.now() - attempt.last_tried_at > world.capabilities.settles_after:
            return Absent()
        return Undecided(reason="it may still appear")
