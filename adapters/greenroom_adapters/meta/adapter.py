"""What the adapters of Meta's platforms have in common: coming and going, and who does what they are asked."""

import abc
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from datetime import datetime, timedelta
from typing import ClassVar, Protocol, TypeVar

from typing_extensions import override

from greenroom_adapters.contract import (
    Absent,
    Attempt,
    AuthenticationFailed,
    Author,
    Capabilities,
    ConfigurationError,
    Event,
    Found,
    Metrics,
    Post,
    PostRef,
    PostRejected,
    Receipt,
    RemoteMedia,
    ThreadPost,
    Undecided,
)
from greenroom_adapters.meta.door import Door
from greenroom_adapters.meta.graph import Graph
from greenroom_adapters.meta.listening import Listening, Told
from greenroom_adapters.meta.mail import Mail
from greenroom_adapters.meta.publishing import Bringing
from greenroom_adapters.meta.reading_back import Recognising
from greenroom_adapters.meta.settings import MetaSettings
from greenroom_adapters.meta.sources import Source
from greenroom_adapters.recognising import Claims
from greenroom_adapters.text import Askers
from greenroom_adapters.transport import EnteredAdapter, Pace, entered, fetch
from greenroom_adapters.webhooks import Lending, Webhooks

__all__ = ["MailingAdapter", "MetaAdapter"]

T = TypeVar("T")


class Hands(Protocol):
    """Does what can be done beside posting."""

    async def delete(self, ref: PostRef) -> None: ...
    async def thread(self, ref: PostRef, *, limit: int) -> tuple[ThreadPost, ...]: ...
    async def metrics(self, ref: PostRef) -> Metrics: ...


class MetaAdapter(EnteredAdapter, abc.ABC):
    """One account. Whoever derives from it makes the parts, and signs in."""

    proves_calls: ClassVar[bool] = True
    """Calls prove that the app's secret is known, where there is one."""

    _publishing: Bringing
    _reading_back: Recognising
    _acting: Hands
    _listening: Listening
    _door: Door | None = None
    _lending: Lending | None = None
    _askers: Askers | None = None
    """Who wrote what may be answered, where whoever is named in a text is told of it."""
    _me: Author | None = None

    def __init__(
        self,
        settings: MetaSettings,
        *,
        account: str,
        now: Callable[[], datetime],
        answer_within: timedelta,
        capabilities: Capabilities,
    ) -> None:
        """:raises ConfigurationError: a setting is out of bounds"""
        if settings.look_every < 1:
            raise ConfigurationError(f"{self.platform}: `look_every` is a number of seconds, 1 or more")
        if not 1 <= settings.posts_watched <= 100:
            raise ConfigurationError(f"{self.platform}: `posts_watched` is a number from 1 to 100")
        self._now = now
        self._capabilities = capabilities
        self._claims = Claims()
        self._graph = Graph(
            settings.base_url,
            version=settings.version,
            platform=self.platform,
            account=account,
            token=settings.token,
            app_secret=settings.app_secret if self.proves_calls else None,
            deadline=answer_within,
            now=now,
            secrets=[one for one in (settings.app_secret, settings.verify_token) if one is not None],
        )

    def _listen(
        self,
        settings: MetaSettings,
        sources: Sequence[Source],
        *,
        told: Told,
        subscribe: Callable[[], Awaitable[None]],
        every: timedelta | None,
        pace: Pace | None,
    ) -> None:
        """Make the ears, and the door where the account has a webhook.

        :raises ConfigurationError: a webhook lacks something
        """
        if settings.webhook:
            self._door = Door(
                platform=self.platform,
                address=settings.webhook,
                listen=settings.webhook_listen,
                app_secret=settings.app_secret,
                verify_token=settings.verify_token,
                subscribe=subscribe,
                pace=pace,
            )
        self._listening = Listening(
            sources,
            every=every or timedelta(seconds=settings.look_every),
            door=self._door,
            told=told,
            pace=pace,
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
        """Be called by Meta, and give files out, on the servers that the bot's accounts share, where the account does
        either."""
        for counter in (self._door, self._lending):
            if counter is not None:
                counter.receive_at(webhooks)

    @property
    def webhook_port(self) -> int:
        """Where Meta's calls are listened for, while `events` runs; 0: nowhere."""
        return 0 if self._door is None else self._door.port

    @override
    async def _enter(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self._graph)

    async def _known(self, profile: Awaitable[T], *, of: str) -> T:
        """Return the profile. A token of something else is told to be none `of` what it has to be."""
        try:
            return await profile
        except PostRejected as refused:
            words = f"this is no token of {of} ({refused}): `greenroom login` gets one"
            raise self._graph.error(AuthenticationFailed, words) from None

    # Listening -------------------------------------------------------------------------------------------------------

    @override
    async def now(self) -> Mapping[str, str]:
        return await self._listening.now()

    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield events; of a source without a cursor from this moment on."""
        async with aclosing(self._listening.events(after)) as events:
            async for event in events:
                if self._askers is not None:
                    self._askers.hear(event)
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
        """Take down what the account said."""
        await self._acting.delete(ref)

    async def fetch(self, media: RemoteMedia, *, most: int) -> bytes:
        """Return what lies there, of at most so many bytes: from the account's own server, or from a public one."""
        return await fetch(media, beside=self._graph.http, most=most)

    async def thread(self, ref: PostRef, *, limit: int = 20) -> tuple[ThreadPost, ...]:
        """Return the posts above `ref`, oldest first, at most `limit`; a gap ends it there."""
        return await self._acting.thread(ref, limit=limit)

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count now."""
        return await self._acting.metrics(ref)


class MailingAdapter(MetaAdapter, abc.ABC):
    """One account that people may write to."""

    _mail: Mail

    async def may_message(self, person: str) -> bool:
        """Say whether the person has written to the account within the last 24 hours."""
        return await self._mail.may_answer(person, self._now())
