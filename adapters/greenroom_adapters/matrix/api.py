"""The calls of the client-server API, one method each: addresses, queries and bodies, and nothing that decides."""

import random
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TypeVar
from urllib.parse import quote

import msgspec

from greenroom_adapters.contract import PostRejected, TargetGone
from greenroom_adapters.matrix.wire import (
    ACCOUNTS,
    CONFIGS,
    CREATED,
    DIRECT,
    EVENTS,
    PAGES,
    PROFILES,
    SENT,
    SYNCS,
    UPLOADS,
    WireAccount,
    WireEvent,
    WirePage,
    WireSync,
)
from greenroom_adapters.transport import Effect, Http

__all__ = ["Api", "encoded"]

T = TypeVar("T")

V3 = "/_matrix/client/v3"
ROOM_STATE = (
    "m.room.create",
    "m.room.name",
    "m.room.canonical_alias",
    "m.room.encryption",
    "m.room.power_levels",
    "m.room.tombstone",
)
PAGE = 100
"""Events of a room in one page of its history."""
DIRECTORY = timedelta(seconds=8)
"""How long another server may take to say where one of its aliases leads."""
LONGEST_ID = 255
"""Bytes of an identifier ("Common identifier format")."""
TIMELINE = 50
"""Events of a room that one `/sync` brings; what is more is read by pages."""


ENTERED = "org.greenroom.entered_as_direct"
"""Type of the account data, of our own, that says over restarts which rooms were entered for no other reason than that
the invitation said that they are direct: `{"rooms": [id, …]}`."""


def _filter(*, timeline: int) -> str:
    """Return what is asked of `/sync` (client-server API, "Filtering"); of the members only those who say something,
    each time, because nobody keeps them here."""
    nothing: dict[str, list[str]] = {"types": []}
    asked: dict[str, object] = {
        "presence": nothing,
        "account_data": {"types": ["m.direct", ENTERED]},
        "room": {
            "account_data": nothing,
            "ephemeral": nothing,
            "state": {
                "types": [*ROOM_STATE, "m.room.member"],
                "lazy_load_members": True,
                "include_redundant_members": True,
            },
            "timeline": {"limit": timeline, "lazy_load_members": True},
        },
    }
    return encoded(asked)


class Api:
    """The calls. Each raises the errors of `Http.call`."""

    def __init__(self, http: Http, *, answer_within: timedelta) -> None:
        self.http = http
        self._answer_within = answer_within
        self._random = random.Random()  # noqa: S311 - it only makes requests differ

    async def whoami(self) -> WireAccount:
        """Say whose token it is, and of which device."""
        return await self._get(f"{V3}/account/whoami", ACCOUNTS)

    async def display_name(self, user: str) -> str:
        """Return the display name of an account.

        :raises TargetGone: there is no such account
        """
        return (await self._get(f"{V3}/profile/{quoted(user)}", PROFILES)).displayname or ""

    async def survey(self) -> WireSync:
        """Return all rooms as they are now, without what was said in them, and the token of this moment.

        Synapse keeps the answer of a first sync for two minutes and repeats it to the same request: the time-out,
        which has no meaning for a first sync, makes each request another one.
        """
        query = {"filter": _filter(timeline=0), "timeout": str(self._random.randrange(1, 2**31))}
        return await self._get(f"{V3}/sync", SYNCS, query)

    async def sync(self, since: str, *, wait: timedelta) -> WireSync:
        """Return what happened since, as soon as something did, at the latest after `wait`."""
        query = {"filter": _filter(timeline=TIMELINE), "since": since, "timeout": str(int(wait.total_seconds() * 1000))}
        return await self._get(f"{V3}/sync", SYNCS, query, deadline=wait + self._answer_within)

    async def messages(
        self, room: str, *, before: str | None, to: str | None = None, own: str | None = None
    ) -> WirePage:
        """Return a page of a room's events, newest first, from `before` (None: now) back, at most down to `to`; only
        what `own` said, when given."""
        only: dict[str, object] = {"lazy_load_members": True, "include_redundant_members": True}
        if own is not None:
            only = {"senders": [own], "types": ["m.room.message"]}
        query = {"dir": "b", "limit": str(PAGE), "filter": encoded(only)}
        if before is not None:
            query["from"] = before
        if to is not None:
            query["to"] = to
        return await self._get(f"{V3}/rooms/{quoted(room)}/messages", PAGES, query)

    async def event(self, room: str, event: str, *, deadline: timedelta | None = None) -> WireEvent:
        """Return one event; a redacted one has no content any more.

        What strangers put in the place of an id is not asked for: servers cut the connection at a long one.

        :raises TargetGone: there is none, or it is not for our eyes
        """
        if not event.startswith("$") or len(event.encode("utf-8", "replace")) > LONGEST_ID:
            raise self.http.error(TargetGone, "that is the id of no event")
        return await self._get(f"{V3}/rooms/{quoted(room)}/event/{quoted(event)}", EVENTS, deadline=deadline)

    async def relations(self, room: str, event: str, kind: str, *, before: str | None = None) -> WirePage:
        """Return a page of what refers to an event in this way, newest first."""
        query = {"limit": "100", "dir": "b"} if before is None else {"limit": "100", "dir": "b", "from": before}
        return await self._get(
            f"/_matrix/client/v1/rooms/{quoted(room)}/relations/{quoted(event)}/{kind}", PAGES, query
        )

    async def send(
        self,
        room: str,
        kind: str,
        transaction: str,
        content: Mapping[str, object],
        *,
        effect: Effect = Effect.REPEATABLE,
        deadline: timedelta | None = None,
    ) -> str:
        """Send an event under a transaction id and return its id."""
        path = f"{V3}/rooms/{quoted(room)}/send/{kind}/{quoted(transaction)}"
        answer = await self.http.call("PUT", path, effect=effect, json=content, deadline=deadline)
        return self.http.decode(answer, SENT).event_id

    async def redact(self, room: str, event: str, transaction: str) -> None:
        """Take the content of an event away."""
        path = f"{V3}/rooms/{quoted(room)}/redact/{quoted(event)}/{quoted(transaction)}"
        await self.http.call("PUT", path, effect=Effect.REPEATABLE, json={})

    async def show_typing(self, room: str, me: str, lasts: timedelta) -> None:
        """Show in a room that the account is writing, for so long."""
        path = f"{V3}/rooms/{quoted(room)}/typing/{quoted(me)}"
        told = {"typing": True, "timeout": lasts // timedelta(milliseconds=1)}
        await self.http.call("PUT", path, effect=Effect.REPEATABLE, json=told)

    async def room_of(self, alias: str) -> str:
        """Return the room that an alias leads to.

        :raises TargetGone: it leads nowhere
        """
        path = f"{V3}/directory/room/{quoted(alias)}"
        return (await self._get(path, CREATED, deadline=DIRECTORY)).room_id

    async def create_direct(self, person: str) -> str:
        """Make a room for a direct conversation, invite the person, and return the room."""
        wanted = {"preset": "trusted_private_chat", "is_direct": True, "invite": [person]}
        answer = await self.http.call("POST", f"{V3}/createRoom", effect=Effect.REPEATABLE, json=wanted)
        return self.http.decode(answer, CREATED).room_id

    async def join(self, room: str) -> None:
        """Accept an invitation."""
        await self.http.call("POST", f"{V3}/rooms/{quoted(room)}/join", effect=Effect.REPEATABLE, json={})

    async def leave(self, room: str) -> None:
        """Leave a room."""
        await self.http.call("POST", f"{V3}/rooms/{quoted(room)}/leave", effect=Effect.REPEATABLE, json={})

    async def direct(self, me: str) -> dict[str, tuple[str, ...]]:
        """Return the account's list of direct conversations."""
        try:
            return await self._get(f"{V3}/user/{quoted(me)}/account_data/m.direct", DIRECT)
        except TargetGone:
            return {}

    async def set_direct(self, me: str, direct: Mapping[str, tuple[str, ...]]) -> None:
        """Replace the account's list of direct conversations."""
        path = f"{V3}/user/{quoted(me)}/account_data/m.direct"
        await self.http.call("PUT", path, effect=Effect.REPEATABLE, json=direct)

    async def set_entered(self, me: str, rooms: Iterable[str]) -> None:
        """Replace the list of rooms that were entered only because they were said to be direct (`ENTERED`)."""
        path = f"{V3}/user/{quoted(me)}/account_data/{ENTERED}"
        await self.http.call("PUT", path, effect=Effect.REPEATABLE, json={"rooms": sorted(rooms)})

    async def upload(self, content: bytes, *, media_type: str, name: str, deadline: timedelta) -> str:
        """Put a file into the content repository and return its `mxc://` address. Nobody sees it until it is sent."""
        answer = await self.http.call(
            "POST",
            "/_matrix/media/v3/upload",
            effect=Effect.REPEATABLE,
            query={"filename": name},
            content=content,
            headers={"Content-Type": media_type},
            deadline=deadline,
        )
        return self.http.decode(answer, UPLOADS).content_uri

    async def upload_size(self) -> int | None:
        """Return the largest size of a file; None: the server does not say."""
        try:
            return (await self._get("/_matrix/client/v1/media/config", CONFIGS)).size
        except PostRejected:  # servers older than version 1.11 of the specification
            return (await self._get("/_matrix/media/v3/config", CONFIGS)).size

    async def _get(
        self,
        path: str,
        decoder: "msgspec.json.Decoder[T]",
        query: Mapping[str, str] | None = None,
        *,
        deadline: timedelta | None = None,
    ) -> T:
        answer = await self.http.call("GET", path, effect=Effect.REPEATABLE, query=query, deadline=deadline)
        return self.http.decode(answer, decoder)


def quoted(part: str) -> str:
    """Return one part of a path, as it stands in an address."""
    return quote(part, safe="")


def encoded(value: object) -> str:
    """Return a JSON value as a parameter of an address."""
    return msgspec.json.encode(value).decode()
