"""One page on Facebook."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from typing_extensions import override

from greenroom_adapters.contract import Author, Clerk, Credentials, Limits, PostRef, Standing
from greenroom_adapters.facebook.abilities import LIMITS, PUBLISH_DEADLINE, VISIBLE_WITHIN, capabilities_of
from greenroom_adapters.facebook.acting import Acting
from greenroom_adapters.facebook.api import Api
from greenroom_adapters.facebook.checking import standing
from greenroom_adapters.facebook.login import log_in
from greenroom_adapters.facebook.publishing import Publishing
from greenroom_adapters.facebook.reading_back import ReadingBack
from greenroom_adapters.facebook.settings import FacebookSettings
from greenroom_adapters.facebook.sources import Feed, mentions
from greenroom_adapters.facebook.told import Told
from greenroom_adapters.meta.adapter import MailingAdapter
from greenroom_adapters.meta.mail import Mail, MailSource
from greenroom_adapters.meta.sources import Source
from greenroom_adapters.transport import Pace, system_now

__all__ = ["FacebookAdapter"]


class FacebookAdapter(MailingAdapter):
    """The page whose token `settings` hold.

    Events have three sources that are lists, `feed` (the page's posts and the comments below them), `mentions` and
    `messages`, and with a webhook a fourth, `told`. A list and a call name what happened alike, so who is told twice
    keeps it once. There are no idempotency keys: what became of a lost answer is read off what the page has published.
    """

    platform: ClassVar[str] = "facebook"
    known_as: ClassVar[frozenset[str]] = frozenset({"fb"})
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
        super().__init__(
            settings,
            account=account,
            now=now,
            answer_within=answer_within,
            capabilities=capabilities_of(settings, publish_deadline=publish_deadline, visible_within=visible_within),
        )
        self._settings = settings
        self._api = api = Api(self._graph)
        self._mail = Mail(self._graph, path=lambda: f"/{api.me}/conversations", query={}, is_deep=True)
        sources: list[Source] = [Feed(api, posts=settings.posts_watched), mentions(api)]
        if settings.direct_messages:
            sources.append(MailSource(self._mail, is_me=api.is_me))
        self._listen(
            settings,
            sources,
            told=Told(api, direct_messages=settings.direct_messages),
            subscribe=partial(api.subscribe, direct_messages=settings.direct_messages),
            every=every,
            pace=pace,
        )
        self._hands = self._acting = Acting(api)
        self._publishing = Publishing(api, self._claims, capabilities=self._capabilities, now=now)
        self._reading_back = ReadingBack(
            api, self._mail, self._claims, settles_after=self._capabilities.settles_after, now=now
        )

    @classmethod
    async def login(cls, clerk: Clerk, known: Mapping[str, str]) -> Credentials:
        """Walk a person through Meta's dashboard."""
        return await log_in(clerk, known, platform=cls.platform)

    @override
    async def _enter(self, stack: AsyncExitStack) -> None:
        await super()._enter(stack)
        await self._sign_in()

    async def _sign_in(self) -> None:
        profile = await self._known(self._api.profile(), of="a page")
        self._me = Author(
            id=profile.id, handle=profile.username or profile.name or profile.id, name=profile.name, is_bot=True
        )

    @override
    async def check(self) -> Standing:
        await self._sign_in()
        return await standing(self._api, self._mail, self.me, settings=self._settings, now=self._now())

    async def react(self, ref: PostRef, reaction: str = "like") -> None:
        """Like a post or a comment. Doing it twice leaves one like."""
        await self._hands.react(ref, reaction)
