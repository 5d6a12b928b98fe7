"""One account on a Stage: the reference for authors of adapters."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, ClassVar, Self
from urllib.parse import quote

import aiohttp
import msgspec
from typing_extensions import override

from greenroom_adapters.contract import (
    Absent,
    Adapter,
    AdapterError,
    Attempt,
    AuthenticationFailed,
    Author,
    Capabilities,
    ConfigurationError,
    CountingRule,
    Event,
    Forbidden,
    Found,
    Idempotency,
    IdempotencyKind,
    Kind,
    Limits,
    Media,
    MediaLimit,
    MediaRefused,
    Metrics,
    OutcomeUnknown,
    Post,
    PostRef,
    PostRejected,
    RateLimited,
    Receipt,
    RemoteMedia,
    Secret,
    Standing,
    Surface,
    TargetGone,
    TextLimit,
    ThreadPost,
    TooLong,
    Unavailable,
    Undecided,
    Unsupported,
)
from greenroom_adapters.media import glance
from greenroom_adapters.stage.mapping import SOURCE, WireAccount, WirePost, author, read_event, ref, thread_post
from greenroom_adapters.stage.reading_back import SKEW, Listing, match, open_question
from greenroom_adapters.stage.settings import StageSettings
from greenroom_adapters.text import fits
from greenroom_adapters.transport import Answer, Closed, Effect, Http, fetch, frames, read_quota, system_now

__all__ = ["StageAdapter"]

logger = logging.getLogger(__name__)

EVENTS_PAGE = 100
LISTING_PAGE = 100
GOODBYE = timedelta(seconds=2)
"""How long leaving waits for a Stage that does not answer."""
HEARTBEAT = timedelta(seconds=6)

IDEMPOTENCY = {
    "keyed": IdempotencyKind.KEYED,
    "two_phase": IdempotencyKind.TWO_PHASE,
    "listed": IdempotencyKind.LISTED,
    "none": IdempotencyKind.NONE,
}


class Gone(TargetGone):
    """The very thing that was asked for is gone (404), not something that it answers or quotes (410)."""


REFUSALS: Mapping[str, type[PostRejected]] = {
    "too_long": TooLong,
    "media_refused": MediaRefused,
    "target_gone": TargetGone,
    "gone": Gone,
    "forbidden": Forbidden,
}


class WireError(msgspec.Struct, frozen=True):
    error: str
    message: str = ""


class WireTextLimit(msgspec.Struct, frozen=True):
    length: int
    rule: CountingRule


class WireMediaLimit(msgspec.Struct, frozen=True):
    count: int
    types: tuple[str, ...]
    bytes: int
    alt_length: int


class WireLimits(msgspec.Struct, frozen=True):
    text: Annotated[tuple[WireTextLimit, ...], msgspec.Meta(min_length=1)]
    media: WireMediaLimit | None = None


class WireIdempotency(msgspec.Struct, frozen=True):
    kind: str
    window_s: float | None = None


class WireInstance(msgspec.Struct, frozen=True):
    now: Annotated[datetime, msgspec.Meta(tz=True)]
    idempotency: WireIdempotency
    visible_after_s: float
    listing_reach: int
    limits: WireLimits


class WireSession(msgspec.Struct, frozen=True):
    token: str
    account: WireAccount


class WireId(msgspec.Struct, frozen=True):
    id: str


class WireContainer(msgspec.Struct, frozen=True):
    id: str
    state: str
    post: WirePost | None = None


class WireEvents(msgspec.Struct, frozen=True):
    events: tuple[msgspec.Raw, ...]
    cursor: str


class WireListing(msgspec.Struct, frozen=True):
    posts: tuple[WirePost, ...]
    deleted: tuple[str, ...] = ()


class WireThread(msgspec.Struct, frozen=True):
    above: tuple[WirePost, ...]


ERRORS = msgspec.json.Decoder(WireError)
INSTANCES = msgspec.json.Decoder(WireInstance)
SESSIONS = msgspec.json.Decoder(WireSession)
ACCOUNTS = msgspec.json.Decoder(WireAccount)
POSTS = msgspec.json.Decoder(WirePost)
IDS = msgspec.json.Decoder(WireId)
CONTAINERS = msgspec.json.Decoder(WireContainer)
EVENT_PAGES = msgspec.json.Decoder(WireEvents)
LISTINGS = msgspec.json.Decoder(WireListing)
THREADS = msgspec.json.Decoder(WireThread)


class StageAdapter(Adapter):
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
        self._poll_every = poll_every
        self._publish_deadline = publish_deadline
        self._server = settings.server.rstrip("/")
        self._http = Http(
            settings.server,
            platform=self.platform,
            account=account,
            secrets=(settings.token,) if settings.token else (),
            refusal=_refusal,
            now=now,
        )
        self._me: Author | None = None
        self._capabilities: Capabilities | None = None
        self._signed_in = False
        self._doorbells: set[asyncio.Task[None]] = set()
        self._deleted_here: set[str] = set()

    @property
    @override
    def capabilities(self) -> Capabilities:
        if self._capabilities is None:
            raise RuntimeError("enter the adapter before asking for its capabilities")
        return self._capabilities

    @property
    @override
    def me(self) -> Author:
        if self._me is None:
            raise RuntimeError("enter the adapter before asking who it is")
        return self._me

    # Coming and going ------------------------------------------------------------------------------------------------

    @override
    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        try:
            self._capabilities = _capabilities(await self._instance(), self._publish_deadline)
            self._me = author(await self._sign_in())
        except BaseException:
            await self._http.aclose()
            raise
        return self

    @override
    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        doorbells, self._doorbells = self._doorbells, set()
        for doorbell in doorbells:
            doorbell.cancel()
        await asyncio.gather(*doorbells, return_exceptions=True)
        try:
            if self._signed_in:
                self._signed_in = False
                await self._http.call("DELETE", "/api/session", effect=Effect.REPEATABLE, deadline=GOODBYE)
        except AdapterError as error:
            logger.debug("the Stage was not told that %s leaves: %s", self._account, error)
        finally:
            await self._http.aclose()

    async def _sign_in(self) -> WireAccount:
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
        self._signed_in = True
        return session.account

    async def _who(self) -> WireAccount:
        return self._http.decode(await self._http.call("GET", "/api/me", effect=Effect.REPEATABLE), ACCOUNTS)

    async def _instance(self) -> WireInstance:
        answer = await self._http.call("GET", "/api/instance", effect=Effect.REPEATABLE)
        instance = self._http.decode(answer, INSTANCES)
        if instance.idempotency.kind not in IDEMPOTENCY:
            words = f"the Stage plays a class of platform that is unknown here: {instance.idempotency.kind!r}"
            raise self._http.error(Unavailable, words)
        return instance

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
        page = await self._page(None)
        return {SOURCE: page.cursor}

    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield events; without a cursor for `events` from this moment on."""
        position = after.get(SOURCE)
        away = False
        bell = asyncio.Event()
        doorbell = asyncio.create_task(self._ring(bell, lambda: position))
        doorbell.add_done_callback(lambda _: bell.set())
        self._doorbells.add(doorbell)
        try:
            while True:
                bell.clear()  # before reading: what comes while we read rings again
                wait = self._poll_every
                try:
                    page = await self._page(position)
                except Unavailable as error:
                    # One warning for each outage, not one for each look.
                    logger.log(logging.DEBUG if away else logging.WARNING, "the Stage cannot be read now: %s", error)
                    away = True
                    if isinstance(error, RateLimited):
                        wait = max(wait, error.retry_after)
                else:
                    away = False
                    for raw in page.events:
                        event = read_event(
                            bytes(raw), after=position or "", server=self._server, received_at=self._now()
                        )
                        position = event.cursor
                        yield event
                    if page.events or position is None:
                        position = page.cursor
                    if len(page.events) >= EVENTS_PAGE:
                        continue
                if doorbell.done():
                    doorbell.result()  # raises what ended it: the account is not let in any more
                await _wait_for(bell, wait)
        finally:
            doorbell.cancel()
            await asyncio.gather(doorbell, return_exceptions=True)
            self._doorbells.discard(doorbell)

    async def _ring(self, bell: asyncio.Event, position: Callable[[], str | None]) -> None:
        """Ring whenever the stream says anything, and when it comes back after it was away."""

        def query() -> Mapping[str, str]:
            cursor = position()
            return {} if cursor is None else {"after": cursor}

        async for frame in frames(self._http, "/api/stream", query=query, heartbeat=HEARTBEAT):
            if isinstance(frame, Closed):
                logger.debug("the stream of %s is away: %s", self._account, frame.reason)
            else:
                bell.set()

    async def _page(self, after: str | None, *, since: datetime | None = None) -> WireEvents:
        query = {"limit": str(EVENTS_PAGE)}
        if after is not None:
            query["after"] = after
        if since is not None:
            query["since"] = since.isoformat()
        answer = await self._http.call("GET", "/api/events", effect=Effect.REPEATABLE, query=query)
        return self._http.decode(answer, EVENT_PAGES)

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
        clock = asyncio.get_running_loop().time
        ends = clock() + self.capabilities.publish_deadline.total_seconds()

        def left() -> timedelta:
            return timedelta(seconds=ends - clock())

        idempotency = self.capabilities.idempotency.kind
        if idempotency is IdempotencyKind.TWO_PHASE or attempt.state is not None:
            return await self._publish_in_two_phases(attempt, left)
        headers = {"Idempotency-Key": attempt.key} if idempotency is IdempotencyKind.KEYED else None
        body = await self._body(attempt.post, left)
        answer = await self._http.call(
            "POST", "/api/posts", effect=Effect.ONCE, json=body, headers=headers, deadline=left()
        )
        return self._receipt(attempt.key, self._http.decode(answer, POSTS), answer)

    async def _publish_in_two_phases(self, attempt: Attempt, left: Callable[[], timedelta]) -> Receipt:
        if attempt.state is None:
            body = await self._body(attempt.post, left)
            # A container that nobody hears of is never published: losing this answer does no harm.
            answer = await self._http.call(
                "POST", "/api/containers", effect=Effect.REPEATABLE, json=body, deadline=left()
            )
            container = self._http.decode(answer, IDS).id
            await attempt.checkpoint(container.encode())
        else:
            container = attempt.state.decode()
        path = f"/api/containers/{quote(container, safe='')}/publish"
        try:
            answer = await self._http.call("POST", path, effect=Effect.ONCE, deadline=left())
        except Gone:
            words = "the container of an earlier try is gone; whether it was published cannot be told"
            raise self._http.error(OutcomeUnknown, words) from None
        return self._receipt(attempt.key, self._http.decode(answer, POSTS), answer)

    async def _body(self, post: Post, left: Callable[[], timedelta]) -> dict[str, object]:
        body: dict[str, object] = {"text": post.text}
        if post.in_reply_to is not None:
            body["in_reply_to"] = post.in_reply_to.id
        if post.quote is not None:
            body["quote"] = post.quote.id
        if post.room is not None:
            body["room"] = post.room
        if post.direct_to is not None:
            body["direct_to"] = post.direct_to
        if post.language is not None:
            body["language"] = post.language
        if post.content_warning is not None:
            body["content_warning"] = post.content_warning
        if post.media:
            body["media"] = [await self._upload(item, left()) for item in post.media]
        return body

    async def _upload(self, media: Media, deadline: timedelta) -> str:
        path = Path(media.path)
        try:
            content = await asyncio.to_thread(path.read_bytes)
        except OSError as exc:
            raise self._http.error(MediaRefused, f"an attachment cannot be read: {exc.strerror}") from exc
        form = aiohttp.FormData()
        form.add_field("file", content, filename=f"file{path.suffix}", content_type=media.media_type)
        form.add_field("alt", media.alt)
        answer = await self._http.call("POST", "/api/media", effect=Effect.REPEATABLE, form=form, deadline=deadline)
        return self._http.decode(answer, IDS).id

    def _receipt(self, key: str, post: WirePost, answer: Answer | None = None) -> Receipt:
        return Receipt(
            key=key,
            ref=ref(post, self._server),
            published_at=post.created_at,
            quota=read_quota(answer.headers, now=self._now()) if answer is not None else None,
        )

    # Did it go out? --------------------------------------------------------------------------------------------------

    @override
    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        idempotency = self.capabilities.idempotency.kind
        if idempotency is IdempotencyKind.TWO_PHASE or attempt.state is not None:
            return await self._find_container(attempt)
        if idempotency is IdempotencyKind.NONE:
            return Undecided(reason="this Stage offers nothing to look a post up by", final=True)
        age = self._now() - attempt.last_tried_at
        asked_at = self._now()
        instance = await self._instance()
        # The server's clock minus ours; the answer was written half a round trip ago.
        offset = instance.now - (asked_at + (self._now() - asked_at) / 2)
        since = attempt.first_tried_at + offset - SKEW
        listing = await self._listing(since, instance.listing_reach)
        listed = match(attempt.post, listing, since=since)
        if listed is not None:
            return Found(receipt=self._receipt(attempt.key, listed))
        settles_after = _settles_after(instance, self._publish_deadline)
        return open_question(listing, age=age, settles_after=settles_after) or Absent()

    async def _find_container(self, attempt: Attempt) -> Found | Absent | Undecided:
        settled = self._now() - attempt.last_tried_at > self.capabilities.settles_after
        if attempt.state is not None:
            path = f"/api/containers/{quote(attempt.state.decode(), safe='')}"
            try:
                answer = await self._http.call("GET", path, effect=Effect.REPEATABLE)
            except Gone:
                return Undecided(reason="the container is gone", final=True)
            container = self._http.decode(answer, CONTAINERS)
            if container.post is not None:
                return Found(receipt=self._receipt(attempt.key, container.post))
            if container.state != "open":
                return Undecided(reason="it was published and is gone since", final=True)
        # Without a checkpoint the second phase never began.
        return Absent() if settled else Undecided(reason="the container is still open; it may be published late")

    async def _listing(self, since: datetime, reach: int) -> Listing:
        # A listing that ended before `since` was reached is whole when the account has no older posts. Those that are
        # not visible yet fill its reach unseen, so only the first half of the reach counts as a proof of that.
        posts: list[WirePost] = []
        deleted: set[str] = set()
        query = {"limit": str(LISTING_PAGE)}
        while True:
            answer = await self._http.call("GET", "/api/me/posts", effect=Effect.REPEATABLE, query=query)
            page = self._http.decode(answer, LISTINGS)
            posts.extend(page.posts)
            deleted.update(page.deleted)
            if not page.posts or page.posts[-1].created_at < since:
                break
            query["before"] = page.posts[-1].id
        return Listing(
            posts=posts,
            deleted=frozenset(deleted - self._deleted_here),
            whole=bool(posts and posts[-1].created_at < since) or len(posts) + len(deleted) < reach // 2,
        )

    # What can be done beside posting ---------------------------------------------------------------------------------

    async def delete(self, ref: PostRef) -> None:
        """Delete the post. Deleting a post that is gone is not an error."""
        # Whoever has its id has its receipt: it is not the post of an attempt whose outcome is unknown.
        self._deleted_here.add(ref.id)
        await self._act("DELETE", ref)

    async def come_in(self, room: str) -> None:
        """Be in the room with this id or name; one that nobody has opened is opened. Being in it is not an error."""
        try:
            await self._http.call("POST", f"/api/rooms/{quote(room, safe='')}/join", effect=Effect.REPEATABLE)
        except Gone:
            await self._http.call("POST", "/api/rooms", effect=Effect.REPEATABLE, json={"name": room})

    async def leave(self, room: str, *, by: str | None = None) -> None:
        """Leave the room. Leaving one that the account is not in is not an error."""
        with contextlib.suppress(TargetGone):
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

    async def history(self, *, since: datetime) -> AsyncGenerator[Event, None]:
        """Yield what came in from `since` until now, oldest first, then end."""
        ends = int((await self._page(None)).cursor)
        page = await self._page(None, since=since)
        position = page.cursor
        while int(position) < ends:
            page = await self._page(position)
            if page.cursor == position:
                return
            for raw in page.events:
                event = read_event(bytes(raw), after=position, server=self._server, received_at=self._now())
                position = event.cursor
                if int(position) > ends:
                    return
                yield event
            position = page.cursor

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


def _refusal(answer: Answer) -> tuple[type[PostRejected], str] | None:
    try:
        said = ERRORS.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return REFUSALS.get(said.error, PostRejected), said.message


def _capabilities(instance: WireInstance, publish_deadline: timedelta) -> Capabilities:
    media = instance.limits.media
    window = instance.idempotency.window_s
    return Capabilities(
        limits=Limits(
            text=tuple(TextLimit(length=limit.length, rule=limit.rule) for limit in instance.limits.text),
            media=MediaLimit(
                count=media.count, types=frozenset(media.types), bytes=media.bytes, alt_length=media.alt_length
            )
            if media
            else None,
        ),
        idempotency=Idempotency(
            kind=IDEMPOTENCY[instance.idempotency.kind],
            window=None if window is None else timedelta(seconds=window),
        ),
        settles_after=_settles_after(instance, publish_deadline),
        publish_deadline=publish_deadline,
        kinds=frozenset(Kind) - {Kind.UNKNOWN, Kind.UNREADABLE},
        surfaces=frozenset(Surface),
        quotes=True,
        content_warnings=True,
    )


def _settles_after(instance: WireInstance, publish_deadline: timedelta) -> timedelta:
    return timedelta(seconds=instance.visible_after_s) + publish_deadline


async def _wait_for(bell: asyncio.Event, longest: timedelta) -> None:
    try:
        async with asyncio.timeout(longest.total_seconds()):
            await bell.wait()
    except TimeoutError:
        return
