"""One account on TikTok."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta
from typing import Any, ClassVar

from typing_extensions import override

from greenroom_adapters.contract import (
    Absent,
    Attempt,
    Author,
    Capabilities,
    Clerk,
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
    Secret,
    Standing,
    Unavailable,
    Undecided,
    Wanted,
)
from greenroom_adapters.recognising import Claims
from greenroom_adapters.tiktok.abilities import LIMITS, PUBLISH_DEADLINE, capabilities_of
from greenroom_adapters.tiktok.acting import Acting
from greenroom_adapters.tiktok.api import Api, ask_for_tokens
from greenroom_adapters.tiktok.checking import standing
from greenroom_adapters.tiktok.errors import refusal, wait
from greenroom_adapters.tiktok.login import log_in
from greenroom_adapters.tiktok.publishing import Publishing, is_of_pictures
from greenroom_adapters.tiktok.rates import Rate
from greenroom_adapters.tiktok.reading_back import ReadingBack
from greenroom_adapters.tiktok.settings import TikTokSettings
from greenroom_adapters.tiktok.wire import WireCreatorData
from greenroom_adapters.transport import EnteredAdapter, Given, Http, RotatingTokens, entered, system_now
from greenroom_adapters.webhooks import Webhooks, lending_of

__all__ = ["TikTokAdapter"]

A_MINUTE = timedelta(minutes=1)
VISIBLE_WITHIN = timedelta(seconds=30)
"""After that the bytes of a try that was given up have arrived, or are lost."""
LISTED_WITHIN = timedelta(hours=12)
"""TikTok looks at what everybody is to see before it lists it: usually for a minute, at times for hours."""
BEGINNINGS, LOOKS = 6, 30
"""How many posts an account may announce in a minute, and how often it may look at one."""
NOTHING: tuple[Event, ...] = ()


class TikTokAdapter(EnteredAdapter):
    """The account that let an app in.

    It hears nothing: TikTok tells programs of no comment, mention or message. A video is published in two phases, and
    whatever became of it is read off its status; pictures are fetched by TikTok and published at once.
    """

    platform: ClassVar[str] = "tiktok"
    Settings: ClassVar[type[Any]] = TikTokSettings
    posts_need: ClassVar[str] = "a video, or a `picture` and `media_url` on the account: where TikTok fetches it"
    posts_need_media: ClassVar[bool] = True
    usual_limits: ClassVar[Limits | None] = LIMITS
    session_fields: ClassVar[frozenset[str] | None] = frozenset({"client_key", "refresh_token", "base_url"})

    def __init__(
        self,
        settings: TikTokSettings,
        *,
        account: str,
        now: Callable[[], datetime] = system_now,
        every: timedelta = timedelta(hours=1),
        answer_within: timedelta = timedelta(seconds=20),
        publish_deadline: timedelta = PUBLISH_DEADLINE,
        visible_within: timedelta = VISIBLE_WITHIN,
        listed_within: timedelta = LISTED_WITHIN,
        look_every: float = 3.0,
        minute: timedelta = A_MINUTE,
    ) -> None:
        """`every` is the time between two looks whether the account's token is still good; `look_every` seconds that
        between two looks at a post; `answer_within` how late an answer may come. A try to publish is over after
        `publish_deadline`, and what it sent has arrived `visible_within` of that; `listed_within` of it a public post
        stands in the account's list. TikTok's limits are counted by the `minute`.

        :raises ConfigurationError: a setting is out of bounds
        """
        self._settings = settings
        self._now = now
        self._every = every
        self._publish_deadline = publish_deadline
        self._visible_within = visible_within
        self._http = Http(
            settings.base_url,
            platform=self.platform,
            account=account,
            secrets=[settings.client_secret, settings.refresh_token],
            refusal=refusal,
            wait=wait,
            deadline=answer_within,
            now=now,
        )
        self._tokens = RotatingTokens(self._http, self._ask, seed=settings.refresh_token, now=now)
        self._api = Api(self._http, self._tokens, looks=Rate("looks", LOOKS, per=minute, now=now))
        self._me: Author | None = None
        self._capabilities: Capabilities | None = None
        self._wanted: Wanted | None = None
        self._lending = lending_of(
            settings.media_url,
            platform=self.platform,
            listen=settings.media_listen,
            secret=settings.client_secret,
        )
        self._acting = Acting(self._api)
        self._publishing = Publishing(
            self._api,
            Claims(),
            self._lending,
            settings=settings,
            capabilities=lambda: self.capabilities,
            handle=lambda: self.me.handle,
            beginnings=Rate("beginnings", BEGINNINGS, per=minute, now=now),
            now=now,
            look_every=look_every,
        )
        self._reading_back = ReadingBack(
            self._api,
            self._publishing,
            settles_after=lambda: self.capabilities.settles_after,
            listed_within=listed_within,
            now=now,
        )

    @property
    @override
    def capabilities(self) -> Capabilities:
        return entered(self._capabilities)

    @override
    def idempotency_of(self, post: Post) -> Idempotency:
        if is_of_pictures(post):
            return Idempotency(kind=IdempotencyKind.LISTED)
        return self.capabilities.idempotency

    @property
    @override
    def me(self) -> Author:
        return entered(self._me)

    def receive_at(self, webhooks: Webhooks) -> None:
        """Give pictures out on the servers that the bot's accounts share."""
        if self._lending is not None:
            self._lending.receive_at(webhooks)

    def keep_in(self, keep: Keep) -> None:
        """Keep the tokens there: the refresh token changes, and the one before it is not good any more then."""
        self._tokens.keep_in(keep)

    def want(self, wanted: Wanted) -> None:
        """Let `check` judge by what this bot needs."""
        self._wanted = wanted

    @classmethod
    async def login(cls, clerk: Clerk, known: Mapping[str, str]) -> Credentials:
        """Walk a person through TikTok's portal, and let him say yes in a browser."""
        return await log_in(clerk, known, platform=cls.platform)

    @classmethod
    async def login_for(cls, clerk: Clerk, known: Mapping[str, str], wanted: Wanted) -> Credentials:
        """Walk a person through it: an account that only posts needs the same rights, whatever the bot wants."""
        return await cls.login(clerk, known)

    # Coming and going ------------------------------------------------------------------------------------------------

    @override
    async def _enter(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self._http)
        stack.push_async_callback(self._tokens.aclose)
        await self._sign_in()

    async def _sign_in(self) -> WireCreatorData:
        user, creator = await self._api.who(), await self._api.creator()
        name = creator.creator_nickname or user.display_name
        self._me = Author(id=user.open_id, handle=creator.creator_username, name=name, is_bot=True)
        self._capabilities = capabilities_of(
            creator, publish_deadline=self._publish_deadline, visible_within=self._visible_within
        )
        return creator

    async def _ask(self, refresh: Secret) -> Given:
        form = {
            "client_key": self._settings.client_key,
            "client_secret": self._settings.client_secret.reveal(),
            "grant_type": "refresh_token",
            "refresh_token": refresh.reveal(),
        }
        told = await ask_for_tokens(self._http, form)
        return Given(access_token=told.access_token, refresh_token=told.refresh_token, lasts=told.expires_in)

    @override
    async def check(self) -> Standing:
        creator = await self._sign_in()
        return await standing(self._api, self.me, creator, self._lending, settings=self._settings, wanted=self._wanted)

    # Listening -------------------------------------------------------------------------------------------------------

    @override
    async def now(self) -> Mapping[str, str]:
        return {}

    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield nothing, for as long as the credentials are good."""
        for event in NOTHING:
            yield event
        while True:
            # this renews the tokens as well, so that an account which seldom posts never loses them; what TikTok
            # does not tell of the account ends nothing, for nothing else is heard
            with suppress(Unavailable, PostRejected):
                await self._api.who()
            await asyncio.sleep(self._every.total_seconds())

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

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count now."""
        return await self._acting.metrics(ref)
