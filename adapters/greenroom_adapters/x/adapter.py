"""One account on X."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from datetime import datetime, timedelta
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
    CountingRule,
    Credentials,
    Event,
    Found,
    Keep,
    Kind,
    Limits,
    Metrics,
    Post,
    PostRef,
    Receipt,
    RemoteMedia,
    Standing,
    TargetGone,
    TextLimit,
    ThreadPost,
    Undecided,
)
from greenroom_adapters.text import Askers
from greenroom_adapters.transport import EnteredAdapter, Http, Pace, entered, fetch, system_now
from greenroom_adapters.webhooks import Webhooks
from greenroom_adapters.x.abilities import LENGTH, PUBLISH_DEADLINE, VISIBLE_WITHIN, capabilities_of
from greenroom_adapters.x.acting import Acting
from greenroom_adapters.x.activity import wanted
from greenroom_adapters.x.api import Api
from greenroom_adapters.x.charges import Charges
from greenroom_adapters.x.checking import standing
from greenroom_adapters.x.claims import Claims
from greenroom_adapters.x.dialect import DIALECTS
from greenroom_adapters.x.errors import refusal, wait
from greenroom_adapters.x.knocking import Knocking, Signatures
from greenroom_adapters.x.listening import Listening
from greenroom_adapters.x.login import log_in
from greenroom_adapters.x.mapping import author_of
from greenroom_adapters.x.prices import Prices
from greenroom_adapters.x.publishing import QUOTA_PREFIX, Publishing
from greenroom_adapters.x.pushing import SILENCE, Pushing
from greenroom_adapters.x.reading_back import ReadingBack
from greenroom_adapters.x.settings import XSettings
from greenroom_adapters.x.signing import Tokens, signer_for
from greenroom_adapters.x.sources import Intervals, MentionsSource, MessagesSource, OwnSource, Source
from greenroom_adapters.x.summons import Summons
from greenroom_adapters.x.wire import WireUser

__all__ = ["XAdapter"]

OWN_READS = (Kind.MENTION, Kind.REPLY, Kind.QUOTE, Kind.OWN_POST)
"""Kinds of events that are posts in the account's own lists."""


class XAdapter(EnteredAdapter):
    """The account whose credentials `settings` hold.

    Events have three sources, `mentions`, `messages` and `own`, each a listing that is looked at now and then: whatever
    was missed is in it, as far as X shows it (800 mentions, 3,200 own posts, the messages of some weeks). There are no
    idempotency keys: what became of a lost answer is read off the account's own posts.
    """

    platform: ClassVar[str] = "x"
    known_as: ClassVar[frozenset[str]] = frozenset({"twitter"})
    Settings: ClassVar[type[Any]] = XSettings
    usual_limits: ClassVar[Limits | None] = Limits(text=(TextLimit(length=LENGTH, rule=CountingRule.X_WEIGHTED),))
    person_form: ClassVar[str] = "@your-handle"
    person_hint: ClassVar[str] = "Write it a direct message once: on X it begins no conversation."
    session_fields: ClassVar[frozenset[str] | None] = frozenset({"client_id", "refresh_token", "base_url"})

    def __init__(
        self,
        settings: XSettings,
        *,
        account: str,
        now: Callable[[], datetime] = system_now,
        intervals: Intervals | None = None,
        answer_within: timedelta = timedelta(seconds=10),
        silence: timedelta = SILENCE,
        pace: Pace | None = None,
        publish_deadline: timedelta = PUBLISH_DEADLINE,
        visible_within: timedelta = VISIBLE_WITHIN,
    ) -> None:
        """`intervals` say how often X is looked at, `answer_within` how late an answer may come, and `silence` after
        how long without a word a stream is dead. A try to publish is over after `publish_deadline`, and its post is
        listed `visible_within` of that.

        :raises ConfigurationError: the settings hold no whole set of credentials
        """
        self._settings = settings
        self._now = now
        secrets = (
            *(settings.api_key, settings.api_secret, settings.token, settings.token_secret),
            *(settings.client_secret, settings.refresh_token),
        )
        self._http = Http(
            settings.base_url,
            platform=self.platform,
            account=account,
            secrets=[secret for secret in secrets if secret is not None],
            refusal=refusal,
            wait=wait,
            quota_prefix=QUOTA_PREFIX,
            deadline=answer_within,
            now=now,
        )
        self._signer = signer_for(settings, self._http, now=now)
        dialect = DIALECTS[settings.dialect]
        self._prices = Prices(settings.prices, is_charged=settings.access == "self_serve")
        self._charges = Charges(self._prices, now=now)
        self._api = Api(self._http, self._signer, base_url=settings.base_url, dialect=dialect, charges=self._charges)
        self._profile: WireUser | None = None
        self._me: Author | None = None
        self._claims = Claims()
        self._askers = Askers()
        self._capabilities = capabilities_of(settings, publish_deadline=publish_deadline, visible_within=visible_within)
        self._summons = Summons(self._api, me=self._who) if settings.access == "self_serve" else None
        every = intervals or Intervals.of(settings.look_every)
        sources: list[Source] = [
            MentionsSource(self._api, every=every.mentions, me=self._who, now=now),
            OwnSource(self._api, every=every.own, me=self._who, now=now),
        ]
        if settings.direct_messages:
            sources.append(MessagesSource(self._api, every=every.messages, me=self._who, now=now))
        self._stream = _stream(settings, account=account, now=now, deadline=answer_within)
        self._pushing: Pushing | None = None
        self._knocking: Knocking | None = None

        def activities() -> Mapping[str, Mapping[str, str]]:
            return wanted(dialect.activities, self._who().id, one_way=dialect.one_way)

        if settings.webhook:
            if self._stream is None:
                raise ConfigurationError(
                    "x: a `webhook` needs `bearer`, the app's bearer token: X is told of it with that"
                )
            self._knocking = Knocking(
                self._api,
                app=self._stream,
                address=settings.webhook,
                listen=settings.webhook_listen,
                signatures=Signatures(client_secret=settings.client_secret, api_secret=settings.api_secret),
                activities=activities,
                pace=pace,
            )
        elif self._stream is not None:
            self._pushing = Pushing(self._api, stream=self._stream, activities=activities, pace=pace, silence=silence)
        self._listening = Listening(sources, me=self._who, now=now, pushing=self._knocking or self._pushing, pace=pace)
        self._acting = Acting(self._api, me=self._who)
        settles = self._capabilities.settles_after
        self._reading_back = ReadingBack(
            self._api, self._claims, me=self._who, limits=self._capabilities.limits.text, settles_after=settles, now=now
        )
        self._publishing: Publishing | None = None

    @property
    @override
    def capabilities(self) -> Capabilities:
        entered(self._me)
        return self._capabilities

    @property
    @override
    def me(self) -> Author:
        return self._who()

    def keep_in(self, keep: Keep) -> None:
        """Keep the tokens of OAuth 2 there; the secrets of OAuth 1.0a never change."""
        if isinstance(self._signer, Tokens):
            self._signer.keep_in(keep)

    def receive_at(self, webhooks: Webhooks) -> None:
        """Be called by X on the servers that the bot's accounts share, where the account has a webhook."""
        if self._knocking is not None:
            self._knocking.receive_at(webhooks)

    @property
    def webhook_port(self) -> int:
        """Where X's calls are listened for, while `events` runs; 0: nowhere."""
        return 0 if self._knocking is None else self._knocking.port

    @classmethod
    async def login(cls, clerk: Clerk, known: Mapping[str, str]) -> Credentials:
        """Walk a person through X's developer console."""
        return await log_in(clerk, known, platform=cls.platform)

    # Coming and going ------------------------------------------------------------------------------------------------

    @override
    async def _enter(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self._http)
        stack.push_async_callback(self._signer.aclose)
        if self._stream is not None and self._settings.bearer is not None:
            await stack.enter_async_context(self._stream)
            self._stream.authorize(self._settings.bearer)
        if self._pushing is not None:
            stack.push_async_callback(self._pushing.aclose)
        await self._sign_in()

    async def _sign_in(self) -> WireUser:
        try:
            profile = await self._api.me()
        except TargetGone as gone:
            raise self._http.error(AuthenticationFailed, f"X knows no account for these credentials: {gone}") from None
        self._profile, self._me = profile, author_of(profile)
        self._publishing = Publishing(
            self._api,
            self._summons,
            self._claims,
            self._askers,
            handle=profile.username,
            capabilities=self._capabilities,
            discloses_ai=DIALECTS[self._settings.dialect].discloses_ai,
            now=self._now,
        )
        return profile

    @override
    async def check(self) -> Standing:
        profile = await self._sign_in()
        return await standing(self._api, self.me, profile, settings=self._settings)

    # Listening -------------------------------------------------------------------------------------------------------

    @override
    async def now(self) -> Mapping[str, str]:
        return await self._listening.now()

    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield events; of a source without a cursor from this moment on."""
        async with aclosing(self._listening.events(after)) as events:
            async for event in events:
                self._learn(event)
                yield event

    @override
    async def acknowledge(self, source: str, cursor: str) -> None:
        """Let X know, where it waits for that, that what it told is on disk."""
        self._listening.acknowledge(source, cursor)

    async def history(self, *, since: datetime) -> AsyncGenerator[Event, None]:
        """Yield what came in from `since` until now, as far as X shows it, oldest first within a source."""
        async with aclosing(self._listening.history(since)) as events:
            async for event in events:
                yield event

    def _learn(self, event: Event) -> None:
        self._askers.hear(event)
        if self._summons is not None:
            self._summons.hear(event)

    # Publishing ------------------------------------------------------------------------------------------------------

    @override
    def prepare(self, post: Post, *, key: str) -> bytes:
        return entered(self._publishing).prepare(post, key=key)

    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        return await entered(self._publishing).publish(attempt)

    @override
    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        return await self._reading_back.find(attempt)

    # What is gone ----------------------------------------------------------------------------------------------------

    def price_of_look(self) -> int | None:
        """Return what looking for one post costs; None: the owner wants no looks."""
        return self._prices.of("post_read") if self._settings.look_for_deleted else None

    async def gone(self, posts: Sequence[str]) -> frozenset[str]:
        """Return which of these posts are not to be seen any more. Of a direct message X does not say it."""
        return await self._acting.gone(posts)

    # What it costs ---------------------------------------------------------------------------------------------------

    def price_of(self, post: Post) -> int:
        """Return what publishing the post costs."""
        above = post.in_reply_to
        return self._prices.of_post(post, goes_on=above is not None and self._claims.is_ours(above.id))

    def price_of_hearing(self, kind: Kind) -> int:
        """Return what reading one event of this kind costs. What X tells by itself is not among it: of that X names no
        price outside its console."""
        if kind in (Kind.DIRECT_MESSAGE, Kind.MESSAGE):
            return self._prices.of("message_read")
        return self._prices.of("own_read") if kind in OWN_READS else 0

    def take_charges(self) -> int:
        """Return what was read, reposted and deleted since the last time, in money."""
        return self._charges.take()

    # What can be done beside posting ---------------------------------------------------------------------------------

    async def delete(self, ref: PostRef) -> None:
        """Take the post down. A direct message goes out of the account's own view alone."""
        await self._acting.delete(ref)

    async def repost(self, ref: PostRef) -> None:
        """Repost. Doing it twice leaves one repost."""
        await self._acting.repost(ref)

    async def may_message(self, person: str) -> bool:
        """Say whether the person has written to the account before."""
        return await self._acting.may_message(person)

    async def person(self, handle: str) -> Author | None:
        """Return whoever has this handle or id; None: nobody has."""
        return await self._acting.person(handle)

    async def fetch(self, media: RemoteMedia, *, most: int) -> bytes:
        """Return what lies there, of at most so many bytes: from the account's own server, or from a public one."""
        return await fetch(media, beside=self._http, most=most)

    async def thread(self, ref: PostRef, *, limit: int = 20) -> tuple[ThreadPost, ...]:
        """Return the posts above `ref`, oldest first, at most `limit`; a gap ends it there."""
        return await self._acting.thread(ref, limit=limit)

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count now."""
        return await self._acting.metrics(ref)

    def _who(self) -> Author:
        return entered(self._me)


def _stream(settings: XSettings, *, account: str, now: Callable[[], datetime], deadline: timedelta) -> Http | None:
    if settings.bearer is None:
        return None
    return Http(
        settings.base_url,
        platform=XAdapter.platform,
        account=account,
        secrets=(settings.bearer,),
        refusal=refusal,
        wait=wait,
        quota_prefix=QUOTA_PREFIX,
        deadline=deadline,
        now=now,
    )
