"""What the stream of everybody's posts has for the account, read in the background: words, deletions, hints."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import yarl

from greenroom_adapters.bluesky.heard import Heard
from greenroom_adapters.bluesky.identifiers import AtUri
from greenroom_adapters.bluesky.jetstream_wire import FRAMES, LARGEST, PATH, QUERY, WireFrame, WirePayload
from greenroom_adapters.bluesky.mapping import kinds_of
from greenroom_adapters.bluesky.place import STREAM, Place
from greenroom_adapters.bluesky.watched import Watched
from greenroom_adapters.bluesky.wire import TAGGED_POSTS, UNREADABLE, WirePost
from greenroom_adapters.contract import AuthenticationFailed, ConfigurationError, Unavailable
from greenroom_adapters.transport import Closed, Http, Opened, Pace, frames

__all__ = ["Deleted", "Jetstream", "Said", "Unread", "address_of", "trouble_with"]

logger = logging.getLogger(__name__)

SILENCE = timedelta(seconds=60)
"""Somebody always writes something: a stream that brings nothing for so long is dead."""
MESSAGE_CAP = 4 * LARGEST
WAITING = 200
"""So much may wait to be taken; then the stream is read no further until something is."""
AHEAD = timedelta(minutes=10)
"""How far the server's clock may be before ours."""
SHUT_OUT = timedelta(minutes=5)
"""How often a server that lets nobody in is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A post with one of the words."""

    place: Place
    uri: AtUri
    post: WirePost
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A post that was heard of is gone."""

    place: Place
    uri: AtUri
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Something that cannot be read."""

    place: Place
    raw: str


def address_of(stream: str) -> str:
    """Return the address of the server that an owner's setting names.

    :raises ConfigurationError: it is no address of a stream, or one of the protocol that is not spoken here
    """
    try:
        url = yarl.URL(stream)
        scheme = {"ws": "http", "wss": "https"}.get(url.scheme, url.scheme)
        named = url.with_scheme(scheme).with_query(None)
    except ValueError:
        named = yarl.URL()
    path = named.path.rstrip("/")
    if named.scheme not in ("http", "https") or not named.host or path not in ("", "/xrpc", PATH):
        words = "is the address of a Jetstream, for example wss://jetstream.us-east.bsky.network"
        raise ConfigurationError(f"bluesky: `stream` {words}, not {stream!r}")
    return str(named.origin())


async def trouble_with(http: Http) -> str | None:
    """Say why the stream does not open; None: it does."""
    try:
        socket = await http.open_websocket(PATH, query=QUERY, heartbeat=None, message_cap=MESSAGE_CAP)
    except (AuthenticationFailed, Unavailable) as error:
        return str(error)
    await socket.close()
    return None


class Jetstream:
    """The stream, from a place on. The task that runs `run` reads it; who takes what it brings sets its pace.

    Most of what comes is nobody's business here and is let go unread, by a look at its bytes.
    """

    def __init__(
        self,
        http: Http,
        *,
        me: str,
        watched: Watched,
        heard: Heard,
        now: Callable[[], datetime],
        pace: Pace | None = None,
        silence: timedelta = SILENCE,
    ) -> None:
        """`http` leads to the server; it carries no credentials."""
        self._http = http
        self._server = http.base_url
        self._me = me
        self._watched = watched
        self._heard = heard
        self._now = now
        self._pace = pace
        self._silence = silence
        self._found: asyncio.Queue[Said | Deleted | Unread] = asyncio.Queue(WAITING)
        self._place = Place.of(now())
        self._latest = ""
        """The last frame: where it stands is read when that is wanted."""
        self._is_away = False
        self.changed = asyncio.Event()
        """Set when there is something to take, and with a hint."""
        self.is_hinted = False
        """A post passed by of which the notifications are about to tell; whoever acts upon that clears it."""

    @property
    def place(self) -> Place:
        """How far the stream has been read."""
        latest, self._latest = self._latest, ""
        if latest:
            try:
                self._move(FRAMES.decode(latest).payload)
            except UNREADABLE:
                logger.debug("the stream sent something unreadable")
        return self._place

    @property
    def is_empty(self) -> bool:
        """Say whether nothing waits to be taken."""
        return self._found.empty()

    def begin(self, place: Place) -> None:
        """Read from there on, not from this moment on. Before `run`."""
        self._place = place

    def take(self, most: int) -> list[Said | Deleted | Unread]:
        """Return what came, in its order, at most so many."""
        return [self._found.get_nowait() for _ in range(min(most, self._found.qsize()))]

    async def run(self) -> None:
        """Read the stream, for ever."""
        while True:
            try:
                await self._read_on()
            except AuthenticationFailed as refused:  # its server has no say over the account
                self._away(str(refused))
            await asyncio.sleep(SHUT_OUT.total_seconds())

    async def _read_on(self) -> None:
        stream = frames(
            self._http, PATH, query=self._query, pace=self._pace, silence=self._silence, message_cap=MESSAGE_CAP
        )
        async with aclosing(stream):
            async for came in stream:
                match came:
                    case Opened():
                        logger.log(logging.INFO if self._is_away else logging.DEBUG, "the stream of posts is open")
                    case Closed(reason=reason):
                        self._away(reason)
                    case bytes():
                        await self._take(came.decode("utf-8", "replace"))
                    case str():
                        await self._take(came)

    def _query(self) -> Mapping[str, str]:
        return {**QUERY, "cursor": str(self.place.begin(self._server))}

    def _away(self, reason: str) -> None:
        # One warning for each outage, not one for each try.
        logger.log(logging.DEBUG if self._is_away else logging.WARNING, "the stream of posts is away: %s", reason)
        self._is_away = True

    async def _take(self, frame: str) -> None:
        self._is_away = False
        if not self._is_worth_reading(frame):
            self._latest = frame
            return
        try:
            read = FRAMES.decode(frame)
            found = self._understood(read)
        except UNREADABLE:
            found = Unread(place=self.place, raw=frame)
        if found is not None:
            await self._found.put(found)
            self.changed.set()

    def _is_worth_reading(self, frame: str) -> bool:
        return (
            self._me in frame
            or (len(self._heard) > 0 and '"delete"' in frame)
            or self._watched.may_be_in(frame)
            or '"seq"' not in frame
        )

    def _understood(self, frame: WireFrame) -> Said | Deleted | Unread | None:
        told = frame.payload
        if frame.type == "error" or told.type.endswith("#info"):
            _note(frame.error or told.name, frame.message or told.message)
            return None
        uri, at, here = told.uri, told.happened_at, self._place_of(told)
        if uri is None or at is None or here is None:
            raise ValueError("it does not say what happened when")
        if self._place.covers(here):
            return None
        self._move(told)
        self._latest = ""
        if uri.repo == self._me:
            return None
        if told.operation == "delete":
            if self._heard.source_of(str(uri)) is None:
                return None
            self._heard.forget(str(uri))
            return Deleted(place=self._place, uri=uri, at=at)
        if told.operation != "create":
            return None
        return self._created(told.record, uri, at)

    def _created(self, record: msgspec.Raw, uri: AtUri, at: datetime) -> Said | None:
        post = TAGGED_POSTS.decode(record)
        if kinds_of(post, self._me):
            self.is_hinted = True
            self.changed.set()
            return None
        if not self._watched.are_in(post.text, post.all_tags()) or self._heard.source_of(str(uri)) is not None:
            return None
        self._heard.add(str(uri), STREAM)
        return Said(place=self._place, uri=uri, post=post, at=at)

    def _place_of(self, told: WirePayload) -> Place | None:
        time = told.microseconds
        return None if time is None else Place(time, told.seq, self._server)

    def _move(self, told: WirePayload) -> None:
        """Note how far it is read: never back, and not into the future, from which nothing would be told."""
        here = self._place_of(told)
        if here is None or here.time > Place.of(self._now() + AHEAD).time:
            return
        if (here.time, here.number) > (self._place.time, self._place.number):
            self._place = here


def _note(name: str, words: str) -> None:
    """Note what the server says of the stream itself."""
    if name == "OutdatedCursor":
        logger.warning("the stream of posts is not kept that far back, something may be missed: %s", words[:200])
    else:
        logger.debug("the stream of posts says: %s %s", name[:100], words[:200])
