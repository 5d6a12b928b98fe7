"""Invitations: whose are accepted first, what a dead server costs, and what is known of them over a restart."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web

from greenroom_adapters.contract import Secret
from greenroom_adapters.matrix.api import ENTERED, Api
from greenroom_adapters.matrix.errors import refusal
from greenroom_adapters.matrix.invites import MOST, Invites
from greenroom_adapters.matrix.rooms import Rooms
from greenroom_adapters.matrix.settings import MatrixSettings
from greenroom_adapters.matrix.wire import WireInvited, WireRaws, WireSummary
from greenroom_adapters.testing.serving import serving
from greenroom_adapters.transport import Http

ME, OWNER = "@ada:home", "@owner:home"


@dataclass
class Homeserver:
    """What of a homeserver is about invitations. Rooms of `dead.example` cannot be entered now."""

    url: str = ""
    data: dict[str, Any] = field(default_factory=dict[str, Any])
    """The account's data by type."""
    tried: list[str] = field(default_factory=list[str])
    joined: list[str] = field(default_factory=list[str])
    left: list[str] = field(default_factory=list[str])
    limited: bool = False
    """Nobody may join anywhere for now."""

    async def account_data(self, request: web.Request) -> web.Response:
        kind = request.match_info["type"]
        if request.method == "PUT":
            self.data[kind] = await request.json()
            return web.json_response({})
        if kind not in self.data:
            return web.json_response({"errcode": "M_NOT_FOUND", "error": "nothing"}, status=404)
        return web.json_response(self.data[kind])

    async def join(self, request: web.Request) -> web.Response:
        room = unquote(request.match_info["room"])
        self.tried.append(room)
        if self.limited:
            return web.json_response({"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 1000}, status=429)
        if room.endswith(":dead.example"):
            return web.json_response({"errcode": "M_UNKNOWN", "error": "no server answers"}, status=502)
        self.joined.append(room)
        return web.json_response({"room_id": room})

    async def leave(self, request: web.Request) -> web.Response:
        self.left.append(unquote(request.match_info["room"]))
        return web.json_response({})

    def remembered(self) -> list[msgspec.Raw]:
        """Return the account's data as `/sync` brings it."""
        return [
            msgspec.Raw(json.dumps({"type": kind, "content": content}).encode()) for kind, content in self.data.items()
        ]


@dataclass
class Clock:
    """Seconds, turned by hand."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


Open = Callable[[], Awaitable[tuple[Invites, Rooms]]]


@pytest_asyncio.fixture
async def homeserver() -> AsyncIterator[Homeserver]:
    server = Homeserver()
    app = web.Application()
    app.router.add_route("*", "/_matrix/client/v3/user/{user}/account_data/{type}", server.account_data)
    app.router.add_post("/_matrix/client/v3/rooms/{room}/join", server.join)
    app.router.add_post("/_matrix/client/v3/rooms/{room}/leave", server.leave)
    async with serving(app) as served:
        server.url = f"http://127.0.0.1:{served.port}"
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def begin(homeserver: Homeserver, clock: Clock) -> AsyncIterator[Open]:
    """Begin anew, as after a restart: with what the server remembers."""
    async with AsyncExitStack() as stack:

        async def made() -> tuple[Invites, Rooms]:
            settings = MatrixSettings(server=homeserver.url, token=Secret("t"), invites=(OWNER,))
            http = await stack.enter_async_context(
                Http(homeserver.url, platform="matrix", account="home", secrets=(settings.token,), refusal=refusal)
            )
            rooms = Rooms()
            invites = Invites(settings, Api(http, answer_within=timedelta(seconds=5)), rooms, clock=clock)
            rooms.learn_account_data(homeserver.remembered())
            invites.learn_account_data(homeserver.remembered())
            return invites, rooms

        yield made


def invited(by: str, *, direct: bool) -> WireInvited:
    content = {"membership": "invite", "is_direct": direct}
    event = {"type": "m.room.member", "sender": by, "state_key": ME, "content": content}
    return WireInvited(invite_state=WireRaws(events=(msgspec.Raw(json.dumps(event).encode()),)))


@pytest.mark.asyncio
async def test_a_room_that_cannot_be_entered_keeps_no_other_waiting(homeserver: Homeserver, begin: Open) -> None:
    invites, _ = await begin()
    await invites.answer({"!a:dead.example": invited("@stranger:dead.example", direct=True)}, me=ME)
    await invites.answer({"!team:home": invited(OWNER, direct=False)}, me=ME)
    await invites.answer({"!b:elsewhere.example": invited("@other:elsewhere.example", direct=True)}, me=ME)
    assert homeserver.joined == ["!team:home", "!b:elsewhere.example"]


@pytest.mark.asyncio
async def test_the_owners_room_goes_first_and_one_stranger_fails_at_a_time(homeserver: Homeserver, begin: Open) -> None:
    invites, _ = await begin()
    many = {f"!{number}:dead.example": invited("@stranger:dead.example", direct=True) for number in range(5)}
    await invites.answer({**many, "!team:home": invited(OWNER, direct=False)}, me=ME)
    assert homeserver.tried == ["!team:home", "!0:dead.example"]


@pytest.mark.asyncio
async def test_a_room_that_cannot_be_entered_is_tried_less_and_less_often(
    homeserver: Homeserver, begin: Open, clock: Clock
) -> None:
    invites, _ = await begin()
    await invites.answer({"!a:dead.example": invited("@stranger:dead.example", direct=True)}, me=ME)
    for _ in range(3600):
        clock.now += 1
        await invites.answer({}, me=ME)
    assert 8 <= len(homeserver.tried) <= 10
    clock.now += 3600
    await invites.answer({}, me=ME)
    assert len(homeserver.tried) <= 11


@pytest.mark.asyncio
async def test_a_server_that_lets_nobody_in_now_is_asked_once_a_round(homeserver: Homeserver, begin: Open) -> None:
    invites, _ = await begin()
    homeserver.limited = True
    await invites.answer({f"!{number}:home": invited(OWNER, direct=False) for number in range(3)}, me=ME)
    assert len(homeserver.tried) == 1
    homeserver.limited = False
    await invites.answer({}, me=ME)
    assert len(homeserver.joined) == 3


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.asyncio
async def test_a_room_that_was_said_to_be_direct_is_left_when_it_fills_up(
    homeserver: Homeserver, begin: Open, *, restart: bool
) -> None:
    invites, rooms = await begin()
    await invites.answer({"!a:x": invited("@stranger:x", direct=True)}, me=ME)
    if restart:
        invites, rooms = await begin()
    assert not await invites.leave_when_crowded(rooms.update("!a:x", WireSummary(joined=2, invited=0), ()), me=ME)
    crowd = rooms.update("!a:x", WireSummary(joined=200, invited=0), ())
    assert await invites.leave_when_crowded(crowd, me=ME)
    assert homeserver.left == ["!a:x"]
    assert homeserver.data == {"m.direct": {"@stranger:x": []}, ENTERED: {"rooms": []}}


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.asyncio
async def test_a_room_to_which_the_owner_invited_is_not_left(
    homeserver: Homeserver, begin: Open, *, restart: bool
) -> None:
    invites, rooms = await begin()
    await invites.answer({"!a:home": invited(OWNER, direct=True)}, me=ME)
    if restart:
        invites, rooms = await begin()
    crowd = rooms.update("!a:home", WireSummary(joined=3, invited=0), ())
    assert not await invites.leave_when_crowded(crowd, me=ME)
    assert homeserver.left == []


@pytest.mark.asyncio
async def test_invitations_without_end_take_no_memory_without_end(
    homeserver: Homeserver, begin: Open, caplog: pytest.LogCaptureFixture
) -> None:
    invites, _ = await begin()
    homeserver.limited = True
    await invites.answer({"!team:home": invited(OWNER, direct=False)}, me=ME)
    many = {f"!{number}:x": invited("@stranger:x", direct=True) for number in range(MOST + 50)}
    await invites.answer(many, me=ME)
    homeserver.limited = False
    await invites.answer({}, me=ME)
    assert homeserver.joined[0] == "!team:home", "the owner's is not the one that is left out"
    assert len(homeserver.joined) == MOST
