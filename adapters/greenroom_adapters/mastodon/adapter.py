"""One account on a Mastodon server, or on one with its API."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from typing_extensions import override

from greenroom_adapters.contract import (
    Absent,
    Attempt,
    Author,
    Capabilities,
    Clerk,
    CountingRule,
    Credentials,
    Event,
    Found,
    Kind,
    Limits,
    Metrics,
    Post,
    PostRef,
    PostRejected,
    Receipt,
    RemoteMedia,
    Standing,
    TextLimit,
    ThreadPost,
    Unavailable,
    Undecided,
)
from greenroom_adapters.mastodon.acting import Acting
from greenroom_adapters.mastodon.api import PROOF, Api
from greenroom_adapters.mastodon.checking import standing
from greenroom_adapters.mastodon.entries import Entries
from greenroom_adapters.mastodon.errors import refusal
from greenroom_adapters.mastodon.listening import Listening, Rhythm
from greenroom_adapters.mastodon.login import log_in
from greenroom_adapters.mastodon.outgoing import Outgoing
from greenroom_adapters.mastodon.people import author
from greenroom_adapters.mastodon.publishing import Publishing
from greenroom_adapters.mastodon.reading import Context
from greenroom_adapters.mastodon.reading_back import ReadingBack
from greenroom_adapters.mastodon.server import PUBLISH_DEADLINE, TEXT_WHERE_UNSAID, VISIBLE_WITHIN, Server
from greenroom_adapters.mastodon.settings import MastodonSettings
from greenroom_adapters.mastodon.streaming import Feed
from greenroom_adapters.mastodon.threads import Threads
from greenroom_adapters.mastodon.writing import Audience
from greenroom_adapters.transport import EnteredAdapter, Http, entered, fetch, system_now

__all__ = ["MastodonAdapter"]

IN_FLIGHT = timedelta(seconds=5)
"""How long a request that got no answer may still be worked on; Mastodon makes a status within a second."""


class MastodonAdapter(EnteredAdapter):
    """The account whose access token `settings.token` is.

    Events have two sources: `notifications`, and `posts`, the account's own. Both are lists of the server that are read
    behind a cursor without a gap; the stream brings what is new in them at once. Deletions and edits are in no list:
    what happens of them while nobody listens is missed. What a server cannot do, its `version` tells at the beginning.
    """

    platform: ClassVar[str] = "mastodon"
    known_as: ClassVar[frozenset[str]] = frozenset({"akkoma", "fediverse", "pleroma"})
    Settings: ClassVar[type[Any]] = MastodonSettings
    usual_limits: ClassVar[Limits | None] = Limits(
        text=(TextLimit(length=TEXT_WHERE_UNSAID, rule=CountingRule.URLS_AS_23),)
    )
    person_form: ClassVar[str] = "@you@your-server.example"

    def __init__(
        self,
        settings: MastodonSettings,
        *,
        account: str,
        now: Callable[[], datetime] = system_now,
        rhythm: Rhythm | None = None,
        in_flight: timedelta = IN_FLIGHT,
        publish_deadline: timedelta = PUBLISH_DEADLINE,
        visible_within: timedelta = VISIBLE_WITHIN,
    ) -> None:
        """`in_flight` is how long a request that got no answer may still be worked on, `visible_within` how long a
        status may take to be in the account's list."""
        self._settings = settings
        self._account = account
        self._now = now
        self._rhythm = rhythm or Rhythm()
        self._in_flight = in_flight
        self._publish_deadline = publish_deadline
        self._visible_within = visible_within
        self._server_address = settings.server.rstrip("/")
        self._http = self._way(self._server_address)
        self._streams: Http | None = None
        self._outgoing = Outgoing()
        self._api: Api | None = None
        self._server: Server | None = None
        self._me: Author | None = None
        self._capabilities: Capabilities | None = None
        self._entries: Entries | None = None
        self._listening: Listening | None = None
        self._reading_back: ReadingBack | None = None
        self._publishing: Publishing | None = None
        self._acting: Acting | None = None

    @property
    @override
    def realm(self) -> str:
        # ids are numbers that each server counts for itself
        return f"{self.platform}@{urlsplit(self._server_address).netloc.lower()}"

    @property
    @override
    def capabilities(self) -> Capabilities:
        return entered(self._capabilities)

    @property
    @override
    def me(self) -> Author:
        return entered(self._me)

    # Coming and going ------------------------------------------------------------------------------------------------

    @classmethod
    async def login(cls, clerk: Clerk, known: Mapping[str, str]) -> Credentials:
        """Walk a person through getting an access token of his bot's account."""
        return await log_in(clerk, known, platform=cls.platform)

    @override
    async def _enter(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self._http)
        self._http.authorize(self._settings.token)
        await self._sign_in(stack)
        stack.push_async_callback(entered(self._listening).aclose)

    def _way(self, address: str, *, keep_alive: bool = True) -> Http:
        return Http(
            address,
            platform=self.platform,
            account=self._account,
            secrets=(self._settings.token,),
            refusal=refusal,
            keep_alive=keep_alive,
            proof=PROOF,
            now=self._now,
        )

    async def _sign_in(self, stack: AsyncExitStack) -> None:
        try:
            instance = await Api(self._http).instance()
        except PostRejected as refused:
            words = f"{self._settings.server} does not answer as Mastodon does: {refused}"
            raise self._http.error(Unavailable, words) from None
        server = Server.of(instance, address=self._server_address)
        if not server.keeps_connections:
            await self._http.aclose()
            self._http = await stack.enter_async_context(self._way(self._server_address, keep_alive=False))
            self._http.authorize(self._settings.token)
        api = self._api = Api(self._http)
        me = await api.me()
        if server.streaming is not None:
            self._streams = await stack.enter_async_context(self._way(server.streaming))
            self._streams.authorize(self._settings.token)
        self._server, self._me = server, author(me)
        capabilities = self._capabilities = server.capabilities(
            publish_deadline=self._publish_deadline, visible_within=self._visible_within
        )
        audience = Audience.of(posts=self._settings.visibility, replies=self._settings.replies)
        context = Context(me=me.id, handle=me.acct, tells_direct=server.tells_direct)
        self._acting = Acting(api, server, limit=capabilities.limits.text[0], context=context)
        self._reading_back = ReadingBack(
            api,
            self._outgoing,
            server=server,
            me=me.id,
            audience=audience,
            settles_after=capabilities.settles_after,
            key_window=capabilities.idempotency.window,
            now=self._now,
        )
        self._publishing = Publishing(
            api,
            self._outgoing,
            me=me.id,
            audience=audience,
            capabilities=capabilities,
            in_flight=self._in_flight,
            now=self._now,
        )
        self._entries = Entries(
            api,
            Threads(api),
            self._outgoing,
            context=context,
            hears_own=Kind.OWN_POST in capabilities.kinds,
            now=self._now,
        )
        self._listening = Listening(
            self._entries,
            self._outgoing,
            feed=lambda: Feed(
                self._streams,
                me=me.id,
                pace=self._rhythm.pace,
                heartbeat=self._rhythm.heartbeat,
                silence=self._rhythm.silence,
            ),
            rhythm=self._rhythm,
        )

    @override
    async def check(self) -> Standing:
        found = await standing(entered(self._api), entered(self._server))
        self._me = found.me
        return found

    async def declare(self) -> bool:
        """Set the mark of a bot; say whether that changed anything. What else stands in the profile stays."""
        api = entered(self._api)
        if (await api.me()).bot:
            return False
        marked = await api.mark_as_bot(as_form=False)
        if not marked.bot:
            marked = await api.mark_as_bot(as_form=True)
        self._me = author(marked)
        return bool(marked.bot)

    # Listening -------------------------------------------------------------------------------------------------------

    @override
    async def now(self) -> Mapping[str, str]:
        return await entered(self._entries).here()

    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield events; of a source without a cursor from this moment on."""
        async with aclosing(entered(self._listening).events(after)) as events:
            async for event in events:
                yield event

    async def history(self, *, since: datetime) -> AsyncGenerator[Event, None]:
        """Yield the notifications from `since` until now, then the account's own posts, each oldest first."""
        async with aclosing(entered(self._entries).since(since)) as events:
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
        """Delete the post. Deleting a post that is gone is not an error.

        :raises Unsupported: the server takes nothing down by its API
        """
        await entered(self._acting).delete(ref)

    async def edit(self, ref: PostRef, text: str) -> None:
        """Replace the text. Editing to the present text is not an error."""
        await entered(self._acting).edit(ref, text)

    async def react(self, ref: PostRef, reaction: str = "like") -> None:
        """Favour the post; `like` is all that there is. Doing it twice leaves one favourite."""
        await entered(self._acting).react(ref, reaction)

    async def repost(self, ref: PostRef) -> None:
        """Boost the post. Doing it twice leaves one boost."""
        await entered(self._acting).repost(ref)

    async def follow(self, person: str) -> None:
        """Follow the person with this id. Doing it twice is not an error."""
        await entered(self._acting).follow(person)

    async def may_message(self, person: str) -> bool:
        """Say whether there is such a person, with no block between us."""
        return await entered(self._acting).may_message(person)

    async def person(self, handle: str) -> Author | None:
        """Return whoever has this id, or this handle, with or without its `@`; None: nobody has. A handle without a
        server is one of the account's own server."""
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
