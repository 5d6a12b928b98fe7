"""One account on a Stage: the reference for authors of adapters."""

import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, suppress
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from typing_extensions import override

from greenroom_adapters.contract import (
    Absent,
    AdapterError,
    Attempt,
    AuthenticationFailed,
    Author,
    Capabilities,
    ConfigurationError,
    Event,
    Forbidden,
    Found,
    IdempotencyKind,
    Limits,
    Media,
    MediaLimit,
    MediaRefused,
    Metrics,
    Post,
    PostRef,
    PostRejected,
    Receipt,
    RemoteMedia,
    Secret,
    Standing,
    TargetGone,
    TextLimit,
    ThreadPost,
    TooLong,
    Undecided,
    Unsupported,
)
from greenroom_adapters.media import glance
from greenroom_adapters.stage.answers import (
    ACCOUNTS,
    POSTS,
    SESSIONS,
    THREADS,
    Gone,
    capabilities_of,
    instance_at,
    refusal,
)
from greenroom_adapters.stage.listening import Listening
from greenroom_adapters.stage.mapping import SOURCE, WireAccount, author, thread_post
from greenroom_adapters.stage.publishing import Publishing
from greenroom_adapters.stage.reading_back import ReadingBack
from greenroom_adapters.stage.settings import StageSettings
from greenroom_adapters.text import fits
from greenroom_adapters.transport import Answer, Effect, EnteredAdapter, Http, entered, fetch, system_now

__all__ = ["StageAdapter"]

logger = logging.getLogger(__name__)

GOODBYE = timedelta(seconds=2)
"""How long leaving waits for a Stage that does not answer."""


class StageAdapter(EnteredAdapter):
    """An account on the Stage at `settings.server`.

    Events have one source, `events`. The list of events is the truth and the stream only the doorbell: whatever the
    stream loses, doubles, reorders or keeps to itself, events come from the list, in its order, once for each run. A
    stream that is open and silent costs at most `poll_every`. A try to publish is over after `publish_deadline`.
    """

    platform: ClassVar[str] = "stage"
    Settings: ClassVar[type[Any]] = StageSettings
    usual_limits: ClassVar[Limits | None] = Limits(text=(TextLimit(length=500),))

    def __init__(
        self,
        settings: StageSettings,
        *,
        account: str,
        now: Callable[[], datetime] = system_now,
        poll_every: timedelta = timedelta(seconds=2),
        publish_deadline: timedelta = timedelta(seconds=30),
    ) -> None:
        self._settings = settings
        self._account = account
        self._now = now
        self._publish_deadline = publish_deadline
        self._server = settings.server.rstrip("/")
        self._http = Http(
            settings.server,
            platform=self.platform,
            account=account,
            secrets=(settings.token,) if settings.token else (),
            refusal=refusal,
            now=now,
        )
        self._me: Author | None = None
        self._capabilities: Capabilities | None = None
        self._listening = Listening(self._http, account=account, server=self._server, now=now, poll_every=poll_every)
        self._publishing: Publishing | None = None
        self._reading_back: ReadingBack | None = None

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
        capabilities = self._capabilities = capabilities_of(await instance_at(self._http), self._publish_deadline)
        self._me = author(await self._sign_in(stack))
        stack.push_async_callback(self._listening.aclose)
        self._publishing = Publishing(
            self._http,
            server=self._server,
            idempotency=capabilities.idempotency.kind,
            deadline=capabilities.publish_deadline,
            now=self._now,
        )
        self._reading_back = ReadingBack(self._http, server=self._server, capabilities=capabilities, now=self._now)

    async def _sign_in(self, stack: AsyncExitStack) -> WireAccount:
        wanted: dict[str, object] = {"bot": True}
        if self._settings.name:
            wanted["name"] = self._settings.name
        if self._settings.bio:
            wanted["bio"] = self._settings.bio
        if self._settings.token is not None:
            self._http.authorize(self._settings.token)
            account = await self._who()
            if all(getattr(account, name) == value for name, value in wanted.items()):
                return account
            answer = await self._http.call("PATCH", "/api/me", effect=Effect.REPEATABLE, json=wanted)
            return self._http.decode(answer, ACCOUNTS)
        handle = self._settings.handle or self._account
        try:
            answer = await self._http.call(
                "POST", "/api/session", effect=Effect.REPEATABLE, json={"handle": handle, **wanted}
            )
        except Forbidden:
            words = f"the Stage at {self._server} lets only known accounts in: give {self._account} a `token`"
            raise self._http.error(AuthenticationFailed, words) from None
        except PostRejected as refused:
            raise ConfigurationError(f"the Stage does not take the handle {handle!r}: {refused}") from None
        session = self._http.decode(answer, SESSIONS)
        self._http.authorize(Secret(session.token))
        stack.push_async_callback(self._say_goodbye)
        return session.account

    async def _say_goodbye(self) -> None:
        try:
            await self._http.call("DELETE", "/api/session", effect=Effect.REPEATABLE, deadline=GOODBYE)
        except AdapterError as error:
            logger.debug("the Stage was not told that %s leaves: %s", self._account, error)

    async def _who(self) -> WireAccount:
        return self._http.decode(await self._http.call("GET", "/api/me", effect=Effect.REPEATABLE), ACCOUNTS)

    @override
    async def check(self) -> Standing:
        account = await self._who()
        warnings: list[str] = []
        if self.capabilities.idempotency.kind is IdempotencyKind.NONE:
            warnings.append(
                "this Stage cannot tell whether a post went out after its answer was lost: such a post is parked for "
                "you. Start the Stage with another class of idempotency to avoid it."
            )
        return Standing(
            me=author(account),
            may=("read mentions", "post", "reply", "send direct messages", "like", "repost", "follow"),
            warnings=tuple(warnings),
        )

    # Listening -------------------------------------------------------------------------------------------------------

    @override
    async def now(self) -> Mapping[str, str]:
        return {SOURCE: await self._listening.position()}

    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield events; without a cursor for `events` from this moment on."""
        async with aclosing(self._listening.events(after=after)) as events:
            async for event in events:
                yield event

    async def history(self, *, since: datetime) -> AsyncGenerator[Event, None]:
        """Yield what came in from `since` until now, oldest first, then end."""
        async with aclosing(self._listening.history(since=since)) as events:
            async for event in events:
                yield event

    # Publishing ------------------------------------------------------------------------------------------------------

    @override
    def prepare(self, post: Post, *, key: str) -> bytes:
        limits = self.capabilities.limits
        if not fits(post.text, limits.text):
            raise self._http.error(TooLong, f"the text is over the Stage's limit of {limits.text[0].length}")
        if post.room is not None and post.direct_to is not None:
            raise self._http.error(Unsupported, "a post goes to a room or to one person, not to both")
        if (lacking := self.capabilities.lacks(post)) is not None:
            raise self._http.error(Unsupported, lacking)
        if limits.media is not None:
            self._check_media(post.media, limits.media)
        return b""  # the key is all that must stay the same, and delivery keeps it

    def _check_media(self, media: tuple[Media, ...], limit: MediaLimit) -> None:
        try:
            glance(media, limit)
        except MediaRefused as refused:
            raise self._http.error(MediaRefused, str(refused)) from None

    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        return await entered(self._publishing).publish(attempt)

    @override
    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        return await entered(self._reading_back).find(attempt)

    # What can be done beside posting ---------------------------------------------------------------------------------

    async def delete(self, ref: PostRef) -> None:
        """Delete the post. Deleting a post that is gone is not an error."""
        entered(self._reading_back).know_deleted(ref.id)
        await self._act("DELETE", ref)

    async def come_in(self, room: str) -> None:
        """Be in the room with this id or name; one that nobody has opened is opened. Being in it is not an error."""
        try:
            await self._http.call("POST", f"/api/rooms/{quote(room, safe='')}/join", effect=Effect.REPEATABLE)
        except Gone:
            await self._http.call("POST", "/api/rooms", effect=Effect.REPEATABLE, json={"name": room})

    async def leave(self, room: str, *, by: str | None = None) -> None:
        """Leave the room. Leaving one that the account is not in is not an error."""
        with suppress(TargetGone):
            await self._http.call("DELETE", f"/api/rooms/{quote(room, safe='')}/join", effect=Effect.REPEATABLE)

    async def edit(self, ref: PostRef, text: str) -> None:
        """Replace the text. Editing to the present text is not an error."""
        await self._act("PATCH", ref, json={"text": text})

    async def react(self, ref: PostRef, reaction: str = "like") -> None:
        """Like the post; the Stage has no other reaction."""
        if reaction != "like":
            raise self._http.error(Unsupported, f"the Stage has likes, not {reaction!r}")
        await self._act("POST", ref, "/like")

    async def repost(self, ref: PostRef) -> None:
        """Repost. Doing it twice leaves one repost."""
        await self._act("POST", ref, "/repost")

    async def follow(self, person: str) -> None:
        """Follow the person with this stable id. Doing it twice is not an error."""
        await self._http.call("POST", f"/api/accounts/{quote(person, safe='')}/follow", effect=Effect.REPEATABLE)

    async def may_message(self, person: str) -> bool:
        """Say whether there is such a person: on the Stage everybody may write to everybody."""
        try:
            await self._http.call("GET", f"/api/accounts/{quote(person, safe='')}", effect=Effect.REPEATABLE)
        except TargetGone:
            return False
        return True

    async def person(self, handle: str) -> Author | None:
        """Return whoever has this handle or id; None: nobody has."""
        who = quote(handle.removeprefix("@"), safe="")
        if not who:
            return None
        try:
            answer = await self._http.call("GET", f"/api/accounts/{who}", effect=Effect.REPEATABLE)
        except TargetGone:
            return None
        return author(self._http.decode(answer, ACCOUNTS))

    async def fetch(self, media: RemoteMedia, *, most: int) -> bytes:
        """Return what lies there, of at most so many bytes: from the account's own server, or from a public one."""
        return await fetch(media, beside=self._http, most=most)

    async def thread(self, ref: PostRef, *, limit: int = 20) -> tuple[ThreadPost, ...]:
        """Return the posts above `ref`, oldest first, at most `limit`; a gap ends it there."""
        answer = await self._act("GET", ref, "/thread")
        above = self._http.decode(answer, THREADS).above
        return tuple(thread_post(post, self._server) for post in above[max(0, len(above) - limit) :])

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count now."""
        post = self._http.decode(await self._act("GET", ref), POSTS)
        return Metrics(likes=post.likes, reposts=post.reposts, replies=post.replies, quotes=post.quotes)

    async def _act(self, method: str, ref: PostRef, what: str = "", *, json: object = None) -> Answer:
        path = f"/api/posts/{quote(ref.id, safe='')}{what}"
        return await self._http.call(method, path, effect=Effect.REPEATABLE, json=json)
