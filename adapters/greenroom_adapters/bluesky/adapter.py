"""One account on Bluesky."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from typing_extensions import override

from greenroom_adapters.bluesky.acting import Acting
from greenroom_adapters.bluesky.api import Api
from greenroom_adapters.bluesky.chat import Chat
from greenroom_adapters.bluesky.checking import standing
from greenroom_adapters.bluesky.declaring import declare
from greenroom_adapters.bluesky.heard import Heard
from greenroom_adapters.bluesky.jetstream import Jetstream, address_of, trouble_with
from greenroom_adapters.bluesky.listening import Listening
from greenroom_adapters.bluesky.mail import DIRECT_IDEMPOTENCY, DIRECT_LIMITS, Mail
from greenroom_adapters.bluesky.mailbox import Mailbox
from greenroom_adapters.bluesky.mapping import KINDS
from greenroom_adapters.bluesky.media import LIMIT
from greenroom_adapters.bluesky.notifications import Notifications
from greenroom_adapters.bluesky.people import People, author
from greenroom_adapters.bluesky.post_stream import PostStream
from greenroom_adapters.bluesky.publishing import Publishing
from greenroom_adapters.bluesky.reading_back import ReadingBack
from greenroom_adapters.bluesky.records import WARNINGS
from greenroom_adapters.bluesky.session import Session
from greenroom_adapters.bluesky.settings import BlueskySettings
from greenroom_adapters.bluesky.signing_in import login
from greenroom_adapters.bluesky.targets import Targets
from greenroom_adapters.bluesky.watched import Watched
from greenroom_adapters.contract import (
    Absent,
    Attempt,
    Author,
    Capabilities,
    Clerk,
    ConfigurationError,
    CountingRule,
    Credentials,
    Event,
    Found,
    Idempotency,
    IdempotencyKind,
    Keep,
    Kind,
    Limits,
    Metrics,
    Post,
    PostRef,
    PostRejected,
    Receipt,
    Standing,
    Surface,
    TextLimit,
    ThreadPost,
    Undecided,
)
from greenroom_adapters.transport import EnteredAdapter, Http, Pace, entered, system_now

__all__ = ["BlueskyAdapter"]

PUBLISH_DEADLINE = timedelta(seconds=30)
SETTLES_AFTER = PUBLISH_DEADLINE + timedelta(seconds=15)
"""A record is in its repository as soon as the data server answers; the rest is for a server that takes its time."""
SHORTEST_PAUSE = 0.1
"""Seconds between two looks: a server that lets an address ask 3,000 times in five minutes allows no shorter one."""
TEXT = (
    TextLimit(length=300, rule=CountingRule.GRAPHEMES),
    TextLimit(length=3000, rule=CountingRule.UTF8_BYTES),
)
"""`app.bsky.feed.post`."""


class BlueskyAdapter(EnteredAdapter):
    """The account that `settings.handle` and its app password open.

    Events have two sources: `notifications`, what the AppView tells of others' records, and `messages`, the log of
    direct messages; both are asked every few seconds, and each goes on from its own cursor without a gap. A third,
    `stream`, is read where the owner wants it: everybody's posts, for watched words and deletions. A post is a
    record whose key is made before its first try, and it is written only where nothing stands: twice is once, for ever.
    Direct messages have no key; they are read back in their conversation.

    Ids: a post, like, repost or follow has the address of its record; a person their identity (`did:…`).
    """

    platform: ClassVar[str] = "bluesky"
    known_as: ClassVar[frozenset[str]] = frozenset({"atproto", "bsky"})
    Settings: ClassVar[type[Any]] = BlueskySettings
    usual_limits: ClassVar[Limits | None] = Limits(text=TEXT, direct=DIRECT_LIMITS)
    person_form: ClassVar[str] = "@you.bsky.social"

    def __init__(
        self,
        settings: BlueskySettings,
        *,
        account: str,
        now: Callable[[], datetime] = system_now,
        answer_within: timedelta = timedelta(seconds=20),
        pace: Pace | None = None,
    ) -> None:
        """`answer_within` is how late an answer may come, `pace` how soon a platform that is away is asked again."""
        if not settings.look_every >= SHORTEST_PAUSE:
            raise ConfigurationError(f"bluesky: `look_every` is at least {SHORTEST_PAUSE}, not {settings.look_every}")
        self._settings = settings
        self._now = now
        self._pace = pace
        self._session = Session(settings, platform=self.platform, account=account, answer_within=answer_within, now=now)
        self._api = Api(self._session)
        self._keep: Keep | None = None
        self._stream = _stream(settings, platform=self.platform, account=account)
        self._watched = Watched(settings.watch)
        self._people = People(self._api)
        self._targets = Targets(self._api)
        self._acting = Acting(self._api, self._targets, me=lambda: self.me, now=now)
        self._chat = Chat(self._session, service=settings.chat)
        self._mail = Mail(self._chat)
        self._notifications = Notifications(self._api, now=now)
        self._me: Author | None = None
        self._capabilities: Capabilities | None = None
        self._mailbox: Mailbox | None = None
        self._listening: Listening | None = None
        self._publishing: Publishing | None = None
        self._reading_back: ReadingBack | None = None

    @classmethod
    async def login(cls, clerk: Clerk, known: Mapping[str, str]) -> Credentials:
        """Walk a person through getting an app password, and try it."""
        return await login(clerk, known, platform=cls.platform)

    def keep_in(self, keep: Keep) -> None:
        """Remember the session there: signing in with a password is limited to 30 times in five minutes, 300 a day. And
        how far the stream was read."""
        self._keep = keep
        self._session.keep_in(keep)

    @property
    @override
    def capabilities(self) -> Capabilities:
        return entered(self._capabilities)

    @property
    @override
    def me(self) -> Author:
        return entered(self._me)

    @override
    def idempotency_of(self, post: Post) -> Idempotency:
        return DIRECT_IDEMPOTENCY if post.direct_to is not None else self.capabilities.idempotency

    # Coming and going ------------------------------------------------------------------------------------------------

    @override
    async def _enter(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self._session)
        await self._learn_profile()
        has_mail = self._settings.direct and self._session.allows_mail
        self._capabilities = _capabilities(has_mail=has_mail, has_stream=self._stream is not None)
        if self._stream is not None:
            await stack.enter_async_context(self._stream)
        self._mailbox = Mailbox(self._chat, self._people, now=self._now) if has_mail else None
        self._listening = Listening(
            self._notifications,
            self._mailbox,
            poll=timedelta(seconds=self._settings.look_every),
            open_stream=None if self._stream is None else partial(self._open, self._stream),
            now=self._now,
            pace=self._pace,
        )
        self._reading_back = ReadingBack(self._api, self._mail, settles_after=SETTLES_AFTER, now=self._now)
        self._publishing = Publishing(
            self._api, self._targets, self._mail, capabilities=self._capabilities, now=self._now
        )

    async def _learn_profile(self) -> None:
        try:
            self._me = author(await self._api.profile(self._session.did))
        except PostRejected:  # an account of which the AppView has heard nothing yet
            self._me = Author(id=self._session.did, handle=self._session.handle)

    @override
    async def check(self) -> Standing:
        await self._learn_profile()
        return standing(
            self.me,
            self._settings,
            has_mail=self._mailbox is not None,
            is_main_password=self._session.is_main_password,
            no_stream=None if self._stream is None else await trouble_with(self._stream),
        )

    async def declare(self) -> bool:
        """Give the account the label of a bot, in its own profile; say whether that changed anything."""
        return await declare(self._api)

    # Listening -------------------------------------------------------------------------------------------------------

    @override
    async def now(self) -> Mapping[str, str]:
        return await entered(self._listening).now()

    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield events; of a source without a cursor from this moment on."""
        async with aclosing(entered(self._listening).events(after)) as events:
            async for event in events:
                yield event

    @override
    async def acknowledge(self, source: str, cursor: str) -> None:
        """Note that everything up to `cursor` is safe: the stream goes on behind it after a restart."""
        entered(self._listening).acknowledge(source, cursor)

    def _open(self, http: Http, heard: Heard) -> PostStream:
        jetstream = Jetstream(
            http, me=self._session.did, watched=self._watched, heard=heard, now=self._now, pace=self._pace
        )
        return PostStream(jetstream, self._people, heard, me=self._session.did, now=self._now, keep=self._keep)

    async def history(self, *, since: datetime) -> AsyncGenerator[Event, None]:
        """Yield what came in from `since` until now: notifications, then direct messages, each oldest first."""
        async with aclosing(self._notifications.since(since)) as events:
            async for event in events:
                yield event
        if self._mailbox is not None:
            async with aclosing(self._mailbox.since(since)) as messages:
                async for message in messages:
                    yield message

    # Publishing ------------------------------------------------------------------------------------------------------

    @override
    def prepare(self, post: Post, *, key: str) -> bytes:
        return entered(self._publishing).prepare(post, key=key)

    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        return await entered(self._publishing).publish(attempt)

    @override
    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        return await entered(self._reading_back).find(attempt)

    # What can be done beside posting ---------------------------------------------------------------------------------

    async def delete(self, ref: PostRef) -> None:
        """Delete the post. Deleting a post that is gone is not an error."""
        await self._acting.delete(ref)

    async def react(self, ref: PostRef, reaction: str = "like") -> None:
        """Like the post; there is no other reaction. Doing it twice leaves one."""
        await self._acting.react(ref, reaction)

    async def repost(self, ref: PostRef) -> None:
        """Repost. Doing it twice leaves one repost."""
        await self._acting.repost(ref)

    async def follow(self, person: str) -> None:
        """Follow the person. Doing it twice is not an error."""
        await self._acting.follow(person)

    async def may_message(self, person: str) -> bool:
        """Say whether they take messages from the account: from everybody, from whom they follow, or from nobody."""
        try:
            return self._mailbox is not None and (await self._chat.availability(person)).can_chat
        except PostRejected:
            return False

    async def person(self, handle: str) -> Author | None:
        """Return whoever has this handle or identity; None: nobody has."""
        try:
            return author(await self._api.profile(handle.removeprefix("@")))
        except PostRejected:
            return None

    async def thread(self, ref: PostRef, *, limit: int = 20) -> tuple[ThreadPost, ...]:
        """Return the posts above `ref`, oldest first, at most `limit`; a gap ends it there."""
        return await self._acting.thread(ref, limit=limit)

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count now."""
        return await self._acting.metrics(ref)


def _stream(settings: BlueskySettings, *, platform: str, account: str) -> Http | None:
    """Return the way to the stream, on which no credentials travel; None: there is none."""
    if settings.stream:
        return Http(address_of(settings.stream), platform=platform, account=account)
    if settings.watch:
        words = "`watch` needs `stream`, the address of a Jetstream, for example wss://jetstream.us-east.bsky.network"
        raise ConfigurationError(f"bluesky: {words}")
    return None


def _capabilities(*, has_mail: bool, has_stream: bool) -> Capabilities:
    spoken, heard = {Surface.POST, Surface.REPLY}, set(KINDS)
    if has_mail:
        spoken.add(Surface.DIRECT_MESSAGE)
        heard.add(Kind.DIRECT_MESSAGE)
    if has_stream:
        heard.add(Kind.DELETION)
    return Capabilities(
        limits=Limits(text=TEXT, direct=DIRECT_LIMITS, media=LIMIT),
        idempotency=Idempotency(kind=IdempotencyKind.KEYED),
        settles_after=SETTLES_AFTER,
        publish_deadline=PUBLISH_DEADLINE,
        kinds=frozenset(heard),
        # The server keeps the stream for some hours only.
        live_only=frozenset({Kind.DELETION}) if has_stream else frozenset(),
        surfaces=frozenset(spoken),
        quotes=True,
        warning_labels=WARNINGS,
    )
