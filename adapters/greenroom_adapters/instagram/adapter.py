"""One account on Instagram."""

import asyncio
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
    Idempotency,
    IdempotencyKind,
    Keep,
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
    Wanted,
)
from greenroom_adapters.instagram.abilities import LIMITS, PUBLISH_DEADLINE, VISIBLE_WITHIN, capabilities_of
from greenroom_adapters.instagram.acting import Acting
from greenroom_adapters.instagram.api import Api
from greenroom_adapters.instagram.checking import standing
from greenroom_adapters.instagram.login import log_in
from greenroom_adapters.instagram.publishing import Publishing
from greenroom_adapters.instagram.reading_back import ReadingBack
from greenroom_adapters.instagram.refs import place_of
from greenroom_adapters.instagram.settings import InstagramSettings
from greenroom_adapters.instagram.sources import FeedSource, MentionsSource
from greenroom_adapters.instagram.tokens import Tokens
from greenroom_adapters.instagram.told import Told
from greenroom_adapters.instagram.wire import WireProfile
from greenroom_adapters.meta.claims import Claims
from greenroom_adapters.meta.door import Door
from greenroom_adapters.meta.graph import Graph
from greenroom_adapters.meta.lending import Lending
from greenroom_adapters.meta.listening import Listening
from greenroom_adapters.meta.mail import Mail, MailSource
from greenroom_adapters.meta.sources import Source
from greenroom_adapters.transport import EnteredAdapter, Pace, entered, fetch, system_now
from greenroom_adapters.webhooks import Webhooks

__all__ = ["InstagramAdapter"]


class InstagramAdapter(EnteredAdapter):
    """The account whose token `settings` hold.

    Events have three sources that are lists, `feed` (the account's posts and the comments below them), `mentions` and
    `messages`, and with a webhook a fourth, `told`. A list and a call name what happened alike, so who is told twice
    keeps it once. A post is published in two phases; what became of an answer or a message is read off the lists.
    """

    platform: ClassVar[str] = "instagram"
    Settings: ClassVar[type[Any]] = InstagramSettings
    posts_need: ClassVar[str] = "a `picture`, and `media_url` on the account: where Instagram fetches it"
    usual_limits: ClassVar[Limits | None] = LIMITS
    person_form: ClassVar[str] = "your-id"
    person_hint: ClassVar[str] = (
        "Instagram knows people by an id of the account's own: write it a message, and take the id from `greenroom "
        "people`. It may write to you within 24 hours of your last message."
    )
    session_fields: ClassVar[frozenset[str] | None] = frozenset({"token", "base_url"})

    def __init__(
        self,
        settings: InstagramSettings,
        *,
        account: str,
        now: Callable[[], datetime] = system_now,
        every: timedelta | None = None,
        answer_within: timedelta = timedelta(seconds=15),
        pace: Pace | None = None,
        publish_deadline: timedelta = PUBLISH_DEADLINE,
        visible_within: timedelta = VISIBLE_WITHIN,
        container_every: float = 1.0,
    ) -> None:
        """`every` is the time between two looks, instead of `look_every`; `container_every` seconds that between two
        looks at a container; `answer_within` how late an answer may come. A try to publish is over after
        `publish_deadline`, and its post is listed `visible_within` of that.

        :raises ConfigurationError: a setting is out of bounds, or a webhook lacks something
        """
        if settings.look_every < 1:
            raise ConfigurationError("instagram: `look_every` is a number of seconds, 1 or more")
        if not 1 <= settings.posts_watched <= 100:
            raise ConfigurationError("instagram: `posts_watched` is a number from 1 to 100")
        if settings.hashtags < 0:
            raise ConfigurationError("instagram: `hashtags` is a number, 0 or more")
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
        self._profile: WireProfile | None = None
        self._wanted: Wanted | None = None
        self._tokens = Tokens(self._graph, seed=settings.token, now=now)
        claims = Claims()
        self._capabilities = capabilities_of(settings, publish_deadline=publish_deadline, visible_within=visible_within)
        # of each conversation Instagram tells what the 20 newest messages say, and of those before only that they were
        self._mail = Mail(
            self._graph, path=lambda: "/me/conversations", query={"platform": self.platform}, is_deep=False
        )
        sources: list[Source] = [
            FeedSource(self._api, posts=settings.posts_watched, handle=self._handle),
            MentionsSource(self._api, handle=self._handle),
        ]
        if settings.direct_messages:
            sources.append(MailSource(self._mail, is_me=self._api.is_me))
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
            told=Told(self._api, handle=self._handle, direct_messages=settings.direct_messages),
            pace=pace,
        )
        self._acting = Acting(self._api)
        self._lending = (
            Lending(
                platform=self.platform,
                address=settings.media_url,
                listen=settings.media_listen,
                secret=settings.token,
            )
            if settings.media_url
            else None
        )
        self._publishing = Publishing(
            self._api,
            claims,
            self._lending,
            settings=settings,
            capabilities=self._capabilities,
            now=now,
            look_every=container_every,
        )
        self._reading_back = ReadingBack(
            self._api,
            self._mail,
            claims,
            self._publishing,
            handle=self._handle,
            settles_after=self._capabilities.settles_after,
            now=now,
        )

    @property
    @override
    def capabilities(self) -> Capabilities:
        entered(self._me)
        return self._capabilities

    @override
    def idempotency_of(self, post: Post) -> Idempotency:
        if post.direct_to is None and post.in_reply_to is None:
            return self._capabilities.idempotency
        above = place_of(post.in_reply_to) if post.in_reply_to is not None and post.direct_to is None else None
        is_mention = above is not None and above.is_mention
        return Idempotency(kind=IdempotencyKind.NONE if is_mention else IdempotencyKind.LISTED)

    @property
    @override
    def me(self) -> Author:
        return entered(self._me)

    def receive_at(self, webhooks: Webhooks) -> None:
        """Give files out, and be called by Meta where the account has a webhook, on the servers that the bot's accounts
        share."""
        if self._door is not None:
            self._door.receive_at(webhooks)
        if self._lending is not None:
            self._lending.receive_at(webhooks)

    def keep_in(self, keep: Keep) -> None:
        """Keep the token there when it was renewed."""
        self._tokens.keep_in(keep)

    def want(self, wanted: Wanted) -> None:
        """Let `check` judge by what this bot needs."""
        self._wanted = wanted

    @property
    def webhook_port(self) -> int:
        """Where Meta's calls are listened for, while `events` runs; 0: nowhere."""
        return 0 if self._door is None else self._door.port

    @classmethod
    async def login(cls, clerk: Clerk, known: Mapping[str, str]) -> Credentials:
        """Walk a person through Meta's dashboard."""
        return await log_in(clerk, known, platform=cls.platform)

    @classmethod
    async def login_for(cls, clerk: Clerk, known: Mapping[str, str], wanted: Wanted) -> Credentials:
        """Walk a person through it: the dashboard has one set of permissions, whatever the bot wants."""
        return await cls.login(clerk, known)

    # Coming and going ------------------------------------------------------------------------------------------------

    @override
    async def _enter(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self._graph)
        await self._tokens.begin()
        await self._sign_in()
        renewing = asyncio.create_task(self._tokens.renew_for_ever(), name="instagram: token")
        stack.push_async_callback(_ended, renewing)

    async def _sign_in(self) -> WireProfile:
        try:
            profile = await self._api.profile()
        except PostRejected as refused:
            words = f"this is no token of an account ({refused}): `greenroom login` gets one"
            raise self._graph.error(AuthenticationFailed, words) from None
        self._profile = profile
        self._me = Author(id=self._api.user, handle=profile.username, name=profile.name, is_bot=True)
        return profile

    @override
    async def check(self) -> Standing:
        profile = await self._sign_in()
        return await standing(
            self._api,
            self._mail,
            self.me,
            profile,
            self._lending,
            settings=self._settings,
            wanted=self._wanted,
            ends_at=self._tokens.ends_at,
            now=self._now(),
        )

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
        """Take a post or a comment of the account down. Where Instagram refuses it, its owner can do it in the app."""
        await self._acting.delete(ref)

    async def may_message(self, person: str) -> bool:
        """Say whether the person has written to the account within the last 24 hours."""
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

    def _handle(self) -> str:
        return entered(self._me).handle


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
