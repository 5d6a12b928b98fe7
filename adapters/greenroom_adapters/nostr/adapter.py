"""One account on Nostr: a key, heard and heard of through relays."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from typing_extensions import override

from greenroom_adapters.contract import (
    Absent,
    AdapterError,
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
    Kind,
    Limits,
    Metrics,
    Post,
    PostRef,
    Receipt,
    RemoteMedia,
    Standing,
    Surface,
    TextLimit,
    ThreadPost,
    Undecided,
)
from greenroom_adapters.nostr.acquaintances import Acquaintances
from greenroom_adapters.nostr.acting import Acting
from greenroom_adapters.nostr.checking import standing
from greenroom_adapters.nostr.inboxes import INBOX, Inboxes, is_on_this_machine
from greenroom_adapters.nostr.keys import Keys
from greenroom_adapters.nostr.listening import Listening
from greenroom_adapters.nostr.media import LIMIT, MediaServer
from greenroom_adapters.nostr.profiles import PROFILE, Profiles
from greenroom_adapters.nostr.publishing import MESSAGE_RESERVE, Publishing, longest_direct
from greenroom_adapters.nostr.reading import KINDS
from greenroom_adapters.nostr.reading_back import ReadingBack
from greenroom_adapters.nostr.references import person_of
from greenroom_adapters.nostr.relay import PLATFORM, About, Relay
from greenroom_adapters.nostr.relays import Relays, first_reached
from greenroom_adapters.nostr.settings import TEXT_LENGTH, NostrSettings
from greenroom_adapters.nostr.signing_in import login
from greenroom_adapters.nostr.sources import Ears
from greenroom_adapters.transport import (
    EnteredAdapter,
    Http,
    Pace,
    Sockets,
    entered,
    fetch,
    public_socket,
    system_now,
)

__all__ = ["NostrAdapter"]

PUBLISH_DEADLINE = timedelta(seconds=30)
SETTLES_AFTER = PUBLISH_DEADLINE + timedelta(seconds=15)
"""A relay that takes an event has it at once; the rest is for what is still on its way."""
REACHED_WITHIN = timedelta(seconds=15)


class NostrAdapter(EnteredAdapter):
    """The account whose secret key `settings.key` is.

    Each relay has two sources of events, `<address> public` and `<address> direct`; the same event from two relays has
    one id. An event's id is the digest of its content, and its content is fixed before the first try: so a post that is
    sent again, to any relay and after any time, is the same post.
    """

    platform: ClassVar[str] = PLATFORM
    Settings: ClassVar[type[Any]] = NostrSettings
    usual_limits: ClassVar[Limits | None] = Limits(text=(TextLimit(length=TEXT_LENGTH),))
    person_form: ClassVar[str] = "@npub1-YOUR-KEY"
    person_hint: ClassVar[str] = "That is your public key, not the bot's."

    def __init__(
        self,
        settings: NostrSettings,
        *,
        account: str,
        now: Callable[[], datetime] = system_now,
        heartbeat: timedelta = timedelta(seconds=20),
        pace: Pace | None = None,
    ) -> None:
        """`heartbeat` is the silence of a relay after which it is asked for a sign of life.

        :raises ConfigurationError: the key, a relay or the media server is none
        """
        self._settings = settings
        self._now = now
        self._keys = Keys.read(settings.key)
        secrets = (settings.key, *self._keys.spellings())

        def make(url: str, *, sockets: Sockets | None = None) -> Relay:
            return Relay(url, self._keys, account=account, now=now, heartbeat=heartbeat, sockets=sockets, pace=pace)

        found = [make(url) for url in settings.relays]
        self._relays = Relays(tuple({relay.url: relay for relay in found}.values()))
        if not self._relays.urls:
            raise ConfigurationError("nostr: `relays` names no relay, so nobody would hear the bot")
        if not 1 <= settings.confirm <= len(self._relays.urls):
            raise ConfigurationError(f"nostr: `confirm` is between 1 and the number of relays, not {settings.confirm}")
        # What is done at no single relay, and what is done at the media server.
        media_server = settings.media_server or "https://media.invalid"
        self._http = Http(media_server, platform=PLATFORM, account=account, secrets=secrets, now=now)
        self._media = MediaServer(self._http, self._keys, now=self._seconds) if settings.media_server else None
        self._profiles = Profiles(self._relays, now=self._seconds)
        self._acquaintances = Acquaintances(self._relays)
        self._ears = Ears(self._keys, self._acquaintances, self._profiles, now=now)
        self._listening = Listening(self._relays, self._ears, pace=pace)
        # A bot whose own relays are on its own machine is tried out there, with people who read there.
        sockets = None if all(is_on_this_machine(url) for url in self._relays.urls) else public_socket
        self._inboxes = Inboxes(self._relays, make=partial(make, sockets=sockets))
        self._acting = Acting(
            self._keys,
            self._relays,
            self._acquaintances,
            self._profiles,
            self._ears.reader,
            http=self._http,
            now=self._seconds,
        )
        self._reading_back = ReadingBack(self._keys, self._relays, self._inboxes, settles_after=SETTLES_AFTER, now=now)
        self._me: Author | None = None
        self._capabilities: Capabilities | None = None
        self._publishing: Publishing | None = None

    @classmethod
    async def login(cls, clerk: Clerk, known: Mapping[str, str]) -> Credentials:
        """Walk a person through getting a key and relays. Publishes nothing."""
        return await login(clerk, known)

    @property
    @override
    def capabilities(self) -> Capabilities:
        return entered(self._capabilities)

    @property
    @override
    def me(self) -> Author:
        return entered(self._me)

    # Coming and going ------------------------------------------------------------------------------------------------

    @override
    async def _enter(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self._http)
        for relay in self._relays:
            await stack.enter_async_context(relay)
        stack.push_async_callback(self._listening.aclose)
        # Others may come later; one is enough to begin.
        await first_reached(list(self._relays), within=REACHED_WITHIN)
        await self._sign_in()

    async def _sign_in(self) -> None:
        await self._learn_profile()
        said = await asyncio.gather(*(relay.about() for relay in self._relays if relay.failure is None))
        contents = [about.limitation.max_content_length for about in said]
        messages = [about.limitation.max_message_length for about in said]
        longest_content = min((length for length in contents if length), default=None)
        longest_message = min((length for length in messages if length), default=None)
        length = self._settings.text_length if longest_content is None else longest_content
        text = [TextLimit(length=length)]
        if longest_message is not None:
            size = max(1, longest_message - MESSAGE_RESERVE)
            text.append(TextLimit(length=size, rule=CountingRule.UTF8_BYTES))
        direct = TextLimit(
            length=longest_direct(self._keys, content=length, message_size=longest_message),
            rule=CountingRule.UTF8_BYTES,
        )
        self._capabilities = Capabilities(
            limits=Limits(text=tuple(text), direct=(direct,), media=None if self._media is None else LIMIT),
            idempotency=Idempotency(kind=IdempotencyKind.KEYED),
            settles_after=SETTLES_AFTER,
            publish_deadline=PUBLISH_DEADLINE,
            kinds=KINDS,
            live_only=frozenset({Kind.FOLLOW}),
            surfaces=frozenset({Surface.POST, Surface.REPLY, Surface.DIRECT_MESSAGE}),
            quotes=True,
            content_warnings=True,
        )
        self._publishing = Publishing(
            self._keys,
            self._relays,
            self._acquaintances,
            self._profiles,
            self._inboxes,
            self._media,
            http=self._http,
            capabilities=self._capabilities,
            longest_content=length,
            longest_message=longest_message,
            confirm=self._settings.confirm,
            now=self._now,
        )

    async def _learn_profile(self) -> None:
        self._profiles.forget(self._keys.pubkey)
        await self._profiles.learn([self._keys.pubkey])
        self._me = self._profiles.author(self._keys.pubkey)

    @override
    async def check(self) -> Standing:
        await self._learn_profile()
        found = await asyncio.gather(*(self._reach(relay) for relay in self._relays))
        own = await self._relays.ask({"kinds": [PROFILE, INBOX], "authors": [self._keys.pubkey]})
        kinds = {event.kind for event in own.events}
        return standing(
            self.me,
            self._profiles.of(self._keys.pubkey),
            relays=dict(found),
            has_profile=PROFILE in kinds,
            has_inbox=INBOX in kinds,
            silent=own.silent,
            has_media=self._media is not None,
        )

    async def _reach(self, relay: Relay) -> tuple[str, About | AdapterError]:
        try:
            await relay.connection(within=REACHED_WITHIN)
        except AdapterError as error:
            return relay.url, error
        return relay.url, await relay.about()

    # Listening -------------------------------------------------------------------------------------------------------

    @override
    async def now(self) -> Mapping[str, str]:
        return await self._listening.now()

    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield events; of a relay without a cursor from this moment on."""
        async with aclosing(self._listening.events(after)) as events:
            async for event in events:
                yield event

    async def history(self, *, since: datetime) -> AsyncGenerator[Event, None]:
        """Yield what the relays have from `since` until now, oldest first. New followers are in no history."""
        async with aclosing(self._listening.history(since)) as events:
            async for event in events:
                yield event

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

    # What can be done beside posting ---------------------------------------------------------------------------------

    async def declare(self) -> bool:
        """Mark the account's profile as that of a bot, and say where it reads direct messages; say whether that changed
        anything. Where no relay has its profile, nothing is written, as `check` says."""
        return await self._acting.declare()

    async def delete(self, ref: PostRef) -> None:
        """Ask the relays to delete the post. Deleting a post that is gone is not an error."""
        await self._acting.delete(ref)

    async def react(self, ref: PostRef, reaction: str = "like") -> None:
        """React with any emoji. Doing it twice leaves one reaction."""
        await self._acting.react(ref, reaction)

    async def repost(self, ref: PostRef) -> None:
        """Repost. Doing it twice leaves one repost."""
        await self._acting.repost(ref)

    async def follow(self, person: str) -> None:
        """Follow the person with this public key. Doing it twice is not an error."""
        await self._acting.follow(person)

    async def may_message(self, person: str) -> bool:
        """Say whether this is a public key: whether somebody reads under it, nobody can tell."""
        try:
            self._keys.shared_with(person)
        except ValueError:
            return False
        return True

    async def person(self, handle: str) -> Author | None:
        """Return whoever has this key, written as `npub1…` or in hexadecimal, with or without an `@`; None: it is no
        key. A name is nobody's: anybody may choose any."""
        person = person_of(handle)
        if person is None or not await self.may_message(person):
            return None
        await self._profiles.learn([person])
        return self._profiles.author(person)

    async def fetch(self, media: RemoteMedia, *, most: int) -> bytes:
        """Return what lies there, of at most so many bytes: from the account's own server, or from a public one."""
        return await fetch(media, beside=self._http, most=most)

    async def thread(self, ref: PostRef, *, limit: int = 20) -> tuple[ThreadPost, ...]:
        """Return the posts above `ref`, oldest first, at most `limit`; a gap ends it there."""
        return await self._acting.thread(ref, limit=limit)

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count what the relays have."""
        return await self._acting.metrics(ref)

    def _seconds(self) -> int:
        return int(self._now().timestamp())
