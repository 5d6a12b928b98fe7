"""One page on Facebook."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from typing_extensions import override

from greenroom_adapters.contract import (
    Absent,
    Attempt,
    AuthenticationFailed,
    Author,
    Capabilities,
    Clerk,
    ConfigurationError,
    Credentials,
    Event,
    Found,
    Limits,
    Metrics,
    Post,
    PostRef,
    PostRejected,
    Receipt,
    RemoteMedia,
    Standing,
    ThreadPost,
    Undecided,
)
from greenroom_adapters.facebook.abilities import LIMITS, PUBLISH_DEADLINE, VISIBLE_WITHIN, capabilities_of
from greenroom_adapters.facebook.acting import Acting
from greenroom_adapters.facebook.api import Api
from greenroom_adapters.facebook.checking import standing
from greenroom_adapters.facebook.login import log_in
from greenroom_adapters.facebook.publishing import Publishing
from greenroom_adapters.facebook.reading_back import ReadingBack
from greenroom_adapters.facebook.settings import FacebookSettings
from greenroom_adapters.facebook.sources import FeedSource, MentionsSource
from greenroom_adapters.facebook.told import Told
from greenroom_adapters.meta.claims import Claims
from greenroom_adapters.meta.door import Door
from greenroom_adapters.meta.graph import Graph
from greenroom_adapters.meta.listening import Listening
from greenroom_adapters.meta.mail import Mail, MailSource
from greenroom_adapters.meta.sources import Source
from greenroom_adapters.transport import EnteredAdapter, Pace, entered, fetch, system_now
from greenroom_adapters.webhooks import Webhooks

__all__ = ["FacebookAdapter"]


class FacebookAdapter(EnteredAdapter):
    """The page whose token `settings` hold.

    Events have three sources that are lists, `feed` (the page's posts and the comments below them), `mentions` and
    `messages`, and with a webhook a fourth, `told`. A list and a call name what happened alike, so who is told twice
    keeps it once. There are no idempotency keys: what became of a lost answer is read off what the page has published.
    """

    platform: ClassVar[str] = "facebook"
    Settings: ClassVar[type[Any]] = FacebookSettings
    usual_limits: ClassVar[Limits | None] = LIMITS
    person_form: ClassVar[str] = "your-id"
    person_hint: ClassVar[str] = (
        "A page knows people by an id of its own: write it a message, and take the id from `greenroom people`. It may "
        "write to you within 24 hours of your last message."
    )

    def __init__(
        self,
        settings: FacebookSettings,
        *,
        account: str,
        now: Callable[[], datetime] = system_now,
        every: timedelta | None = None,
        answer_within: timedelta = timedelta(seconds=15),
        pace: Pace | None = None,
        publish_deadline: timedelta = PUBLISH_DEADLINE,
        visible_within: timedelta = VISIBLE_WITHIN,
    ) -> None:
        """`every` is the time between two looks, instead of `look_every`; `answer_within` how late an answer may come.
        A try to publish is over after `publish_deadline`, and its post is listed `visible_within` of that.

        :raises ConfigurationError: a setting is out of bounds, or a webhook lacks something
        """
        if settings.look_every < 1:
            raise ConfigurationError("facebook: `look_every` is a number of seconds, 1 or more")
        if not 1 <= settings.posts_watched <= 100:
            raise ConfigurationError("facebook: `posts_watched` is a number from 1 to 100")
        self._settings = settings
        self._now = now
        self._graph = Graph(
            settings.base_url,
            version=settings.version,
            platform=self.platform,
            account=account,
            token=settings.token,
            app_secret=settings.app_secret,
            deadline=answer_within,
            now=now,
            secrets=[settings.verify_token] if settings.verify_token is not None else (),
        )
        self._api = Api(self._graph)
        self._me: Author | None = None
        claims = Claims()
        self._capabilities = capabilities_of(settings, publish_deadline=publish_deadline, visible_within=visible_within)
        self._mail = Mail(self._graph, path=lambda: f"/{self._api.page}/conversations", query={}, is_deep=True)
        sources: list[Source] = [FeedSource(self._api, posts=settings.posts_watched), MentionsSource(self._api)]
        if settings.direct_messages:
            sources.append(MailSource(self._mail, is_me=lambda person: person == self._api.page))
        self._door = (
            Door(
                platform=self.platform,
                address=settings.webhook,
                listen=settings.webhook_listen,
                app_secret=settings.app_secret,
                verify_token=settings.verify_token,
                subscribe=partial(self._api.subscribe, direct_messages=settings.direct_messages),
                pace=pace,
            )
            if settings.webhook
            else None
        )
        self._listening = Listening(
            sources,
            every=every or timedelta(seconds=settings.look_every),
            door=self._door,
            told=Told(self._api, direct_messages=settings.direct_messages),
            pace=pace,
        )
        self._acting = Acting(self._api)
        self._publishing = Publishing(self._api, claims, capabilities=self._capabilities, now=now)
        self._reading_back = ReadingBack(
            self._api, self._mail, claims, settles_after=self._capabilities.settles_after, now=now
        )

    @property
    @override
    def capabilities(self) -> Capabilities:
        entered(self._me)
        return self._capabilities

    @property
    @override
    def me(self) -> Author:
        return entered(self._me)

    def receive_at(self, webhooks: Webhooks) -> None:
        """Be called by Meta on the servers that the bot's accounts share, where the account has a webhook."""
        if self._door is not None:
            self._door.receive_at(webhooks)

    @property
    def webhook_port(self) -> int:
        """Where Meta's calls are listened for, while `events` runs; 0: nowhere."""
        return 0 if self._door is None else self._door.port

    @classmethod
    async def login(cls, clerk: Clerk, known: Mapping[str, str]) -> Credentials:
        """Walk a person through Meta's dashboard."""
        return await log_in(clerk, known, platform=cls.platform)

    # Coming and going ------------------------------------------------------------------------------------------------

    @override
    async def _enter(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self._graph)
        await self._sign_in()

    async def _sign_in(self) -> None:
        try:
            profile = await self._api.profile()
        except PostRejected as refused:
            words = f"this is no token of a page ({refused}): `greenroom login` gets one"
            raise self._graph.error(AuthenticationFailed, words) from None
        self._me = Author(
            id=profile.id, handle=profile.username or profile.name or profile.id, name=profile.name, is_bot=True
        )

    @override
    async def check(self) -> Standing:
        await self._sign_in()
        return await standing(self._api, self._mail, self.me, settings=self._settings, now=self._now())

    # Listening -------------------------------------------------------------------------------------------------------

    @override
    async def now(self) -> Mapping[str, str]:
        return await self._listening.now()

    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield events; of a source without a cursor from this moment on."""
        async with aclosing(self._listening.events(after)) as events:
            async for event in events:
                yield event

    @override
    async def acknowledge(self, source: str, cursor: str) -> None:
        """Let Meta know, where it waits for that, that what it told is on disk."""
        self._listening.acknowledge(source, cursor)

    async def history(self, *, since: datetime) -> AsyncGenerator[Event, None]:
        """Yield what came in from `since` until now, as far as the lists reach, oldest first within a source."""
        async with aclosing(self._listening.history(since)) as events:
            async for event in events:
                yield event

    # Publishing ------------------------------------------------------------------------------------------------------

    @override
    def prepare(self, post: Post, *, key: str) -> bytes:
        return self._publishing.prepare(post, key=key)

    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        return await self._publishing.publish(attempt)

    @override
    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        return await self._reading_back.find(attempt)

    # What can be done beside posting ---------------------------------------------------------------------------------

    async def delete(self, ref: PostRef) -> None:
        """Take a post or a comment of the page down."""
        await self._acting.delete(ref)

    async def react(self, ref: PostRef, reaction: str = "like") -> None:
        """Like a post or a comment. Doing it twice leaves one like."""
        await self._acting.react(ref, reaction)

    async def may_message(self, person: str) -> bool:
        """Say whether the person has written to the page within the last 24 hours."""
        return await self._mail.may_answer(person, self._now())

    async def fetch(self, media: RemoteMedia, *, most: int) -> bytes:
        """Return what lies there, of at most so many bytes: from the account's own server, or from a public one."""
        return await fetch(media, beside=self._graph.http, most=most)

    async def thread(self, ref: PostRef, *, limit: int = 20) -> tuple[ThreadPost, ...]:
        """Return the posts above `ref`, oldest first, at most `limit`; a gap ends it there."""
        return await self._acting.thread(ref, limit=limit)

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count now."""
        return await self._acting.metrics(ref)
