"""One account on Instagram."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from typing_extensions import override

from greenroom_adapters.contract import (
    Author,
    Clerk,
    ConfigurationError,
    Credentials,
    Idempotency,
    IdempotencyKind,
    Keep,
    Limits,
    Post,
    Standing,
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
from greenroom_adapters.instagram.sources import Feed, mentions
from greenroom_adapters.instagram.told import Told
from greenroom_adapters.instagram.wire import WireProfile
from greenroom_adapters.meta.adapter import MailingAdapter
from greenroom_adapters.meta.mail import Mail, MailSource
from greenroom_adapters.meta.sources import Source
from greenroom_adapters.meta.tokens import Tokens
from greenroom_adapters.text import Askers
from greenroom_adapters.transport import Pace, entered, system_now
from greenroom_adapters.webhooks import lending_of

__all__ = ["InstagramAdapter"]


class InstagramAdapter(MailingAdapter):
    """The account whose token `settings` hold.

    Events have three sources that are lists, `feed` (the account's posts and the comments below them), `mentions` and
    `messages`, and with a webhook a fourth, `told`. A list and a call name what happened alike, so who is told twice
    keeps it once. A post is published in two phases; what became of an answer or a message is read off the lists.
    """

    platform: ClassVar[str] = "instagram"
    known_as: ClassVar[frozenset[str]] = frozenset({"ig", "insta"})
    Settings: ClassVar[type[Any]] = InstagramSettings
    posts_need: ClassVar[str] = "a `picture`, and `media_url` on the account: where Instagram fetches it"
    posts_need_fields: ClassVar[frozenset[str]] = frozenset({"media_url"})
    posts_need_media: ClassVar[bool] = True
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
        super().__init__(
            settings,
            account=account,
            now=now,
            answer_within=answer_within,
            capabilities=capabilities_of(settings, publish_deadline=publish_deadline, visible_within=visible_within),
        )
        if settings.hashtags < 0:
            raise ConfigurationError("instagram: `hashtags` is a number, 0 or more")
        self._settings = settings
        self._api = api = Api(self._graph)
        self._profile: WireProfile | None = None
        self._wanted: Wanted | None = None
        self._tokens = Tokens(self._graph, grant="ig_refresh_token", seed=settings.token, now=now)
        # of each conversation Instagram tells what the 20 newest messages say, and of those before only that they were
        self._mail = Mail(
            self._graph, path=lambda: "/me/conversations", query={"platform": self.platform}, is_deep=False
        )
        sources: list[Source] = [
            Feed(api, posts=settings.posts_watched, handle=self._handle),
            mentions(api, handle=self._handle),
        ]
        if settings.direct_messages:
            sources.append(MailSource(self._mail, is_me=api.is_me))
        self._listen(
            settings,
            sources,
            told=Told(api, handle=self._handle, direct_messages=settings.direct_messages),
            subscribe=partial(api.subscribe, direct_messages=settings.direct_messages),
            every=every,
            pace=pace,
        )
        self._acting = Acting(api)
        self._lending = lending_of(
            settings.media_url, platform=self.platform, listen=settings.media_listen, secret=settings.token
        )
        self._askers = askers = Askers()
        publishing = Publishing(
            api,
            self._claims,
            self._lending,
            askers,
            settings=settings,
            capabilities=self._capabilities,
            now=now,
            look_every=container_every,
        )
        self._publishing = publishing
        self._reading_back = ReadingBack(
            api,
            self._mail,
            self._claims,
            publishing,
            handle=self._handle,
            settles_after=self._capabilities.settles_after,
            now=now,
        )

    @override
    def idempotency_of(self, post: Post) -> Idempotency:
        if post.direct_to is None and post.in_reply_to is None:
            return self._capabilities.idempotency
        above = place_of(post.in_reply_to) if post.in_reply_to is not None and post.direct_to is None else None
        is_mention = above is not None and above.is_mention
        return Idempotency(kind=IdempotencyKind.NONE if is_mention else IdempotencyKind.LISTED)

    def keep_in(self, keep: Keep) -> None:
        """Keep the token there when it was renewed."""
        self._tokens.keep_in(keep)

    def want(self, wanted: Wanted) -> None:
        """Let `check` judge by what this bot needs."""
        self._wanted = wanted

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
        await super()._enter(stack)
        await self._tokens.begin()
        await self._sign_in()
        self._tokens.renewing(stack)

    async def _sign_in(self) -> WireProfile:
        profile = await self._known(self._api.profile(), of="an account")
        self._profile = profile
        self._me = Author(id=self._api.me, handle=profile.username, name=profile.name, is_bot=True)
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

    def _handle(self) -> str:
        return entered(self._me).handle
