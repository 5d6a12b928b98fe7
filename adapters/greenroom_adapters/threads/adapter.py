"""One account on Threads."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any, ClassVar

from typing_extensions import override

from greenroom_adapters.contract import (
    Author,
    Clerk,
    Credentials,
    IdempotencyKind,
    Keep,
    Limits,
    PostRef,
    Standing,
    Wanted,
)
from greenroom_adapters.meta.abilities import abilities
from greenroom_adapters.meta.adapter import MetaAdapter
from greenroom_adapters.meta.tokens import Tokens
from greenroom_adapters.text import Askers
from greenroom_adapters.threads.abilities import LIMITS, PUBLISH_DEADLINE, VISIBLE_WITHIN
from greenroom_adapters.threads.acting import Acting
from greenroom_adapters.threads.api import Api
from greenroom_adapters.threads.checking import standing
from greenroom_adapters.threads.login import log_in
from greenroom_adapters.threads.mapping import Ours
from greenroom_adapters.threads.publishing import Publishing
from greenroom_adapters.threads.reading_back import ReadingBack
from greenroom_adapters.threads.settings import ThreadsSettings
from greenroom_adapters.threads.sources import Feed, mentions
from greenroom_adapters.threads.told import Told
from greenroom_adapters.transport import Pace, system_now
from greenroom_adapters.webhooks import lending_of

__all__ = ["ThreadsAdapter"]


class ThreadsAdapter(MetaAdapter):
    """The account whose token `settings` hold.

    Events have two sources that are lists, `feed` (what the account said, and what is said below that) and `mentions`,
    and with a webhook a third, `told`. A list and a call name what happened alike, so who is told twice keeps it once.
    All that the account says is published in two phases; there are no direct messages.
    """

    platform: ClassVar[str] = "threads"
    Settings: ClassVar[type[Any]] = ThreadsSettings
    usual_limits: ClassVar[Limits | None] = LIMITS
    proves_calls: ClassVar[bool] = False
    session_fields: ClassVar[frozenset[str] | None] = frozenset({"token", "base_url"})

    def __init__(
        self,
        settings: ThreadsSettings,
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
            capabilities=abilities(
                LIMITS,
                IdempotencyKind.TWO_PHASE,
                direct_messages=False,
                live=set(),
                publish_deadline=publish_deadline,
                visible_within=visible_within,
            ),
        )
        self._api = api = Api(self._graph)
        self._wanted: Wanted | None = None
        self._tokens = Tokens(self._graph, grant="th_refresh_token", seed=settings.token, now=now)
        ours = Ours()
        self._listen(
            settings,
            [Feed(api, ours, posts=settings.posts_watched), mentions(api, ours)],
            told=Told(api, ours),
            subscribe=_subscribed,
            every=every,
            pace=pace,
        )
        self._hands = self._acting = Acting(api)
        self._lending = lending_of(
            settings.media_url, platform=self.platform, listen=settings.media_listen, secret=settings.token
        )
        self._askers = askers = Askers()
        publishing = Publishing(
            api,
            self._claims,
            self._lending,
            askers,
            capabilities=self._capabilities,
            now=now,
            look_every=container_every,
        )
        self._publishing = publishing
        self._reading_back = ReadingBack(
            api, self._claims, publishing, settles_after=self._capabilities.settles_after, now=now
        )

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

    @override
    async def _enter(self, stack: AsyncExitStack) -> None:
        await super()._enter(stack)
        await self._tokens.begin()
        await self._sign_in()
        self._tokens.renewing(stack)

    async def _sign_in(self) -> None:
        profile = await self._known(self._api.profile(), of="an account")
        self._me = Author(id=profile.id, handle=profile.username, name=profile.name, is_bot=True)

    @override
    async def check(self) -> Standing:
        await self._sign_in()
        return await standing(
            self._api,
            self.me,
            self._lending,
            wanted=self._wanted,
            ends_at=self._tokens.ends_at,
            now=self._now(),
        )

    async def repost(self, ref: PostRef) -> None:
        """Repost a post of somebody. Doing it twice leaves one repost."""
        await self._hands.repost(ref)


async def _subscribed() -> None:
    """Do nothing: what the webhook is told is chosen in the dashboard alone."""
