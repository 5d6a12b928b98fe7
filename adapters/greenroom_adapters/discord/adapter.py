"""One bot on Discord."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from typing_extensions import override

from greenroom_adapters.contract import (
    Absent,
    Adapter,
    Attempt,
    Author,
    Capabilities,
    Clerk,
    Command,
    CommandGiven,
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
    Receipt,
    RemoteMedia,
    Standing,
    Surface,
    TextEvent,
    ThreadPost,
    Undecided,
    Wanted,
)
from greenroom_adapters.discord.acting import Acting
from greenroom_adapters.discord.allowance import Allowance
from greenroom_adapters.discord.api import Api
from greenroom_adapters.discord.channels import Channels
from greenroom_adapters.discord.checking import LOOKED_INTO, standing
from greenroom_adapters.discord.errors import refusal, wait
from greenroom_adapters.discord.first_server import FirstServer
from greenroom_adapters.discord.forum import Forum
from greenroom_adapters.discord.gateway import Gateway
from greenroom_adapters.discord.intents import intents, may_read_everything
from greenroom_adapters.discord.interactions import Interactions
from greenroom_adapters.discord.kept_session import KeptSession
from greenroom_adapters.discord.listening import Listening
from greenroom_adapters.discord.mapping import COMMANDS, KINDS, LIVE_ONLY, author
from greenroom_adapters.discord.memory import Memory
from greenroom_adapters.discord.offering import Offering
from greenroom_adapters.discord.places import Places
from greenroom_adapters.discord.positions import START
from greenroom_adapters.discord.publishing import Publishing
from greenroom_adapters.discord.reading_back import ReadingBack
from greenroom_adapters.discord.references import command_of
from greenroom_adapters.discord.settings import BASE_URL, DiscordSettings
from greenroom_adapters.discord.signing_in import sign_in
from greenroom_adapters.discord.snowflakes import first_of
from greenroom_adapters.discord.sound import token_in
from greenroom_adapters.discord.webhook import WebhookAdapter
from greenroom_adapters.discord.wire import WireApplication
from greenroom_adapters.discord.writing import EMBED_LIMIT, MEDIA_LIMIT, POLL_LIMIT, TEXT_LIMIT
from greenroom_adapters.transport import EnteredAdapter, Http, Pace, entered, fetch, system_now

__all__ = ["DiscordAdapter"]

PUBLISH_DEADLINE = timedelta(seconds=30)
SETTLES_AFTER = PUBLISH_DEADLINE + timedelta(seconds=15)
"""A message is in its channel's history as soon as Discord answers; the rest is for a service of many machines."""
KEY_WINDOW = timedelta(minutes=2)
"""How long a nonce is trusted. Discord compares it with those of "the past few minutes" ("Create Message"), and says no
number: two is the least that this can mean. What takes longer is read back instead."""
SHARD_STARTS = timedelta(seconds=5)
"""Sessions of shards may be begun one in five seconds ("Max concurrency")."""
BODY_CAP = 16 * 1024 * 1024


class DiscordAdapter(EnteredAdapter):
    """The bot whose token `settings.token` is.

    Each channel, thread and direct conversation is a source of events, whose cursors are ids of messages; `start` says
    where listening begins in all the others. What was missed comes from the channels' history. A nonce makes a message
    that is sent twice within two minutes one message; behind that, our own messages are read back.
    """

    platform: ClassVar[str] = "discord"
    Settings: ClassVar[type[Any]] = DiscordSettings
    posts_need: ClassVar[str] = "`home` on the account: the channel where posts appear"
    posts_need_fields: ClassVar[frozenset[str]] = frozenset({"home", "webhook"})
    usual_limits: ClassVar[Limits | None] = Limits(text=(TEXT_LIMIT,))
    person_form: ClassVar[str] = "@YOUR-USER-ID"
    person_hint: ClassVar[str] = (
        "Your id: switch on *Developer Mode* under Discord's *Advanced* settings, "
        "then right-click yourself, *Copy User ID*."
    )

    def __init__(
        self,
        settings: DiscordSettings,
        *,
        account: str,
        now: Callable[[], datetime] = system_now,
        silence: timedelta = timedelta(seconds=60),
        pace: Pace | None = None,
    ) -> None:
        """`silence` is after which the gateway counts as dead; it must be longer than its heartbeats are apart (about
        41 seconds)."""
        token = token_in(settings)
        self._settings = settings
        self._token = token
        self._now = now
        self._silence = silence
        self._pace = pace or Pace()
        allowance = Allowance()
        self._http = Http(
            settings.base_url,
            platform=self.platform,
            account=account,
            secrets=(token,),
            refusal=refusal,
            wait=wait,
            heard=allowance.heard,
            body_cap=BODY_CAP,
            now=now,
        )
        self._api = Api(self._http, allowance)
        self._memory = Memory()
        self._wanted: Wanted | None = None
        self._shards = 1
        self._reads_everything = False
        self._application: WireApplication | None = None
        self._me: Author | None = None
        self._capabilities: Capabilities | None = None
        self._places: Places | None = None
        self._first_server = FirstServer()
        self._kept_session = KeptSession()
        self._offering = Offering(self._api, replaces=settings.commands)
        self._interactions = Interactions(
            self._api,
            application=self._application_id,
            is_private=self._offering.is_private,
            are_ours=settings.commands,
            now=now,
        )
        self._channels: Channels | None = None
        self._listening: Listening | None = None
        self._acting: Acting | None = None
        self._reading_back: ReadingBack | None = None
        self._publishing: Publishing | None = None

    @classmethod
    @override
    def for_account(cls, settings: Any, *, account: str) -> Adapter:
        return (
            super().for_account(settings, account=account)
            if settings.webhook is None
            else WebhookAdapter(settings, account=account)
        )

    def keep_in(self, keep: Keep) -> None:
        """Remember there which server gives channels their names, how far the gateway was heard, which commands are
        offered, and how those that were given are answered."""
        self._first_server.keep_in(keep)
        self._kept_session.keep_in(keep)
        self._offering.keep_in(keep)
        self._interactions.keep_in(keep)

    @classmethod
    async def login(cls, clerk: Clerk, known: Mapping[str, str]) -> Credentials:
        """Walk a person through making an application and its token."""
        return await sign_in(clerk, known, platform=cls.platform, base_url=BASE_URL, wanted=None)

    @classmethod
    async def login_for(cls, clerk: Clerk, known: Mapping[str, str], wanted: Wanted) -> Credentials:
        """Walk a person through it, with the permissions and switches that this bot needs."""
        wanted = replace(wanted, posts=wanted.posts or bool(known.get("home")))
        return await sign_in(clerk, known, platform=cls.platform, base_url=BASE_URL, wanted=wanted)

    def want(self, wanted: Wanted) -> None:
        """Let `check` judge by what this bot needs."""
        self._wanted = replace(wanted, posts=wanted.posts or bool(self._settings.home))

    @property
    @override
    def capabilities(self) -> Capabilities:
        return entered(self._capabilities)

    @override
    def idempotency_of(self, post: Post) -> Idempotency:
        room = post.room or self._settings.home
        if post.direct_to is None and post.in_reply_to is None and entered(self._publishing).is_forum(room):
            return Idempotency(kind=IdempotencyKind.LISTED)
        return self.capabilities.idempotency

    @property
    @override
    def me(self) -> Author:
        return entered(self._me)

    # Coming and going ------------------------------------------------------------------------------------------------

    @override
    async def _enter(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self._http)
        stack.push_async_callback(self._interactions.aclose)
        self._http.authorize(self._token, scheme="Bot")
        await self._sign_in()
        stack.push_async_callback(entered(self._listening).aclose)

    async def _sign_in(self) -> None:
        settings, memory = self._settings, self._memory
        me = await self._look_at_myself()
        self._shards = max(1, (await self._api.gateway()).shards)
        places = self._places = await self._look_around(me)
        await self._offering.recall()
        await self._interactions.recall()
        listening = self._listening = Listening(
            self._api,
            places,
            memory,
            me=me.id,
            called=me.name,
            gateways=self._gateways,
            reads_everything=lambda: self._reads_everything,
            interactions=self._interactions,
            now=self._now,
            pace=self._pace,
            kept=self._kept_session,
        )
        self._channels = Channels(
            self._api, places, survey=lambda: listening.survey(most=None if settings.servers else LOOKED_INTO)
        )
        self._acting = Acting(self._api, places, memory, self._channels, me=me.id, called=me.name)
        capabilities = self._capabilities = _capabilities(
            reads_everything=self._reads_everything, has_home=bool(settings.home)
        )
        forum = Forum(
            self._api,
            places,
            memory,
            me=me.id,
            tags=settings.tags,
            previews=settings.previews,
            settles_after=capabilities.settles_after,
            now=self._now,
        )
        reading_back = self._reading_back = ReadingBack(
            self._api,
            places,
            memory,
            forum,
            me=me.id,
            settles_after=capabilities.settles_after,
            now=self._now,
            interactions=self._interactions,
            application=self._application_id,
        )
        self._publishing = Publishing(
            self._api,
            self._channels,
            places,
            memory,
            forum,
            home=settings.home,
            previews=settings.previews,
            capabilities=capabilities,
            interactions=self._interactions,
            reading_back=reading_back,
            application=self._application_id,
        )

    async def _look_around(self, me: Author) -> Places:
        served = self._settings.servers
        first = None if served else await self._first_server.recall()
        places = Places(me=me.id, served=served, first=first)
        if not served and first is None:
            places.announce(guild.id for guild in await self._api.guilds())
            await self._first_server.remember(places.first)
        return places

    async def _look_at_myself(self) -> Author:
        told = await self._api.me()
        self._application = await self._api.application()
        self._reads_everything = may_read_everything(self._application)
        me = self._me = author(told)
        return me

    def _application_id(self) -> str:
        return entered(self._application).id

    def _gateways(self) -> list[Gateway]:
        return [
            Gateway(
                self._api,
                token=self._token,
                address=self._settings.gateway_url,
                intents=intents(reads_everything=self._reads_everything),
                shard=shard,
                shards=self._shards,
                silence=self._silence,
                pace=self._pace,
                starts_after=shard * SHARD_STARTS,
                is_kept=shard == 0 and self._kept_session.is_there,
            )
            for shard in range(self._shards)
        ]

    @override
    async def check(self) -> Standing:
        me = await self._look_at_myself()
        return await standing(
            me,
            entered(self._application),
            reads_everything=self._reads_everything,
            settings=self._settings,
            api=self._api,
            places=entered(self._places),
            channels=entered(self._channels),
            listening=entered(self._listening),
            wanted=self._wanted,
        )

    # Listening -------------------------------------------------------------------------------------------------------

    @override
    async def now(self) -> Mapping[str, str]:
        return {START: str(first_of(self._now()) - 1)}

    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield events; without a cursor for `start` from this moment on."""
        places = entered(self._places)
        async with aclosing(entered(self._listening).events(after)) as events:
            async for event in events:
                if not self._settings.servers:
                    await self._first_server.remember(places.first)
                if isinstance(event, CommandGiven):
                    await self._interactions.remember()
                yield event

    @override
    async def acknowledge(self, source: str, cursor: str) -> None:
        """Note how far the gateway was heard, and say of the commands up to this one that their answers are on their
        way."""
        entered(self._listening).acknowledged(source, cursor)
        if source == COMMANDS:
            self._interactions.safe(cursor)

    async def history(self, *, since: datetime) -> AsyncGenerator[Event, None]:
        """Yield what was said from `since` until now, channel by channel, each from its oldest message on."""
        async with aclosing(entered(self._listening).history(since)) as events:
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
        return await entered(self._reading_back).find(attempt)

    # What can be done beside posting ---------------------------------------------------------------------------------

    async def delete(self, ref: PostRef) -> None:
        """Delete the message. Deleting one that is gone is not an error."""
        await entered(self._acting).delete(ref)

    async def edit(self, ref: PostRef, text: str) -> None:
        """Replace the text. Editing to the present text is not an error."""
        await entered(self._acting).edit(ref, text)

    async def react(self, ref: PostRef, reaction: str = "like") -> None:
        """React with an emoji, or with one of a server as `name:id`; `like` is a thumb up."""
        await entered(self._acting).react(ref, reaction)

    async def offer(self, commands: Sequence[Command]) -> bool:
        """Register the commands, everywhere, in place of all that the application has; only where they are others than
        the last ones."""
        return await self._offering.offer(self._application_id(), commands)

    async def dismiss(self, command: PostRef) -> None:
        """Take away what shows that an answer is on its way; an answer that stands there stays."""
        if (given := command_of(command)) is not None:
            await self._interactions.dismiss(given[1])

    async def show_typing(self, to: TextEvent) -> timedelta:
        """Show that the bot is writing; for ten seconds, or until it says something."""
        return await entered(self._acting).show_typing(to.conversation)

    async def leave(self, room: str, *, by: str | None = None) -> None:
        """Leave the server of a channel, or the one with this id. Who sends the bot away must be allowed to send people
        out of it; that is asked now."""
        await entered(self._acting).leave(room, by=by)

    async def may_message(self, person: str) -> bool:
        """Say whether there is such a person: whether they take messages of bots shows only when one is sent."""
        return await entered(self._acting).may_message(person)

    async def person(self, handle: str) -> Author | None:
        """Return whoever has this id, or this user name in one of the bot's servers; None: nobody has."""
        return await entered(self._acting).person(handle)

    async def fetch(self, media: RemoteMedia, *, most: int) -> bytes:
        """Return what lies there, of at most so many bytes: from the account's own server, or from a public one."""
        return await fetch(media, beside=self._http, most=most)

    async def thread(self, ref: PostRef, *, limit: int = 20) -> tuple[ThreadPost, ...]:
        """Return the posts above `ref`, oldest first, at most `limit`; a gap ends it there."""
        return await entered(self._acting).thread(ref, limit=limit)

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count now."""
        return await entered(self._acting).metrics(ref)


def _capabilities(*, reads_everything: bool, has_home: bool) -> Capabilities:
    spoken = {Surface.REPLY, Surface.CHAT, Surface.DIRECT_MESSAGE}
    return Capabilities(
        limits=Limits(text=(TEXT_LIMIT,), media=MEDIA_LIMIT, poll=POLL_LIMIT, embed=EMBED_LIMIT),
        idempotency=Idempotency(kind=IdempotencyKind.KEYED, window=KEY_WINDOW),
        settles_after=SETTLES_AFTER,
        publish_deadline=PUBLISH_DEADLINE,
        kinds=KINDS | {Kind.MESSAGE} if reads_everything else KINDS,
        live_only=LIVE_ONLY,
        surfaces=frozenset(spoken | ({Surface.POST} if has_home else set())),
    )
