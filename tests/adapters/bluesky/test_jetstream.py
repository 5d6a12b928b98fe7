"""The stream of everybody's posts, however it comes: nothing is lost or told twice, and nothing fills the memory."""

import asyncio
import json
import logging
import os
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from jetstream import POST, JetstreamServer
from lexicons import Lexicons
from running import CHECKOUT

from greenroom_adapters.bluesky import jetstream as module
from greenroom_adapters.bluesky.heard import Heard
from greenroom_adapters.bluesky.identifiers import AtUri
from greenroom_adapters.bluesky.jetstream import Deleted, Jetstream, Said, Unread, address_of
from greenroom_adapters.bluesky.place import Place
from greenroom_adapters.bluesky.watched import Watched
from greenroom_adapters.contract import ConfigurationError
from greenroom_adapters.transport import Http, Pace, system_now

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

ME, ALICE, BOB = "did:plc:meeeeeeeeeeeeeeeeeeeeeee", "did:plc:aliceeeeeeeeeeeeeeeeeeee", "did:web:bob.example.org"
QUICK = Pace(fast=(timedelta(0),), slow=timedelta(seconds=0.05))


@pytest.fixture
def server() -> Iterator[JetstreamServer]:
    root = Path(os.environ.get("GREENROOM_SPECS", str(CHECKOUT.parent / "shared" / "specs")))
    folder = root / "bluesky" / "lexicons"
    with JetstreamServer(Lexicons(folder) if folder.is_dir() else None) as server:
        yield server
    assert server.wrong == []


@asynccontextmanager
async def reading(
    server: JetstreamServer, *, words: tuple[str, ...] = ("lamp",), place: Place | None = None, **options: Any
) -> AsyncGenerator[Jetstream, None]:
    """Read the stream of this server until the block ends."""
    heard = options.pop("heard", None) or Heard()
    async with Http(address_of(server.url), platform="bluesky", account="sky") as http:
        stream = Jetstream(http, me=ME, watched=Watched(words), heard=heard, now=system_now, pace=QUICK, **options)
        if place is not None:
            stream.begin(place)
        reader = asyncio.create_task(stream.run())
        try:
            async with asyncio.timeout(10):
                while place is None and not server.connections:
                    await asyncio.sleep(0.01)
            yield stream
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)


async def taken(stream: Jetstream, count: int) -> list[Said | Deleted | Unread]:
    """Return so many things that the stream brought, once they are there and a moment has brought no more."""
    found: list[Said | Deleted | Unread] = []
    async with asyncio.timeout(20):
        while len(found) < count:
            found += stream.take(count)
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    return found + stream.take(10)


def texts(found: list[Said | Deleted | Unread]) -> list[str]:
    return [one.post.text if isinstance(one, Said) else type(one).__name__ for one in found]


async def test_posts_with_a_word_or_a_hashtag_are_found_and_all_others_are_let_go(server: JetstreamServer) -> None:
    async with reading(server, words=("lamp", "#Light")) as stream:
        server.say(ALICE, "1", "the Lamp is lit")
        server.say(ALICE, "2", "lamps and swamps")
        server.say(ME, "3", "my own lamp")
        tag = {"$type": "app.bsky.richtext.facet#tag", "tag": "LIGHT"}
        server.say(BOB, "4", "look", facets=[{"index": {"byteStart": 0, "byteEnd": 4}, "features": [tag]}])
        server.say(BOB, "5", "beside the text", tags=["light"])
        server.say(BOB, "6", "light is no hashtag")
        found = await taken(stream, 3)
    assert texts(found) == ["the Lamp is lit", "look", "beside the text"]
    assert isinstance(found[0], Said)
    assert found[0].uri == AtUri(ALICE, POST, "1")
    assert abs(found[0].at - system_now()) < timedelta(seconds=30)
    (asked,) = server.asked
    assert {name: asked[name] for name in ("kinds", "collections")} == {"kinds": "commit", "collections": POST}


async def test_a_stream_that_is_cut_goes_on_where_it_ended_and_tells_nothing_twice(server: JetstreamServer) -> None:
    async with reading(server) as stream:
        for number in range(4):
            server.say(ALICE, f"{number}", f"lamp {number}")
            server.say(BOB, f"{number}", "nothing of ours")
        before = await taken(stream, 4)
        server.cut()
        for number in range(4, 8):
            server.say(ALICE, f"{number}", f"lamp {number}")
        server.end("ConsumerTooSlow")
        server.say(ALICE, "8", "lamp 8")
        after = await taken(stream, 5)
    assert texts(before + after) == [f"lamp {number}" for number in range(9)]
    assert len(server.asked) >= 2
    asked = [int(one["cursor"]) for one in server.asked]
    assert asked == sorted(asked)


async def test_after_a_restart_it_goes_on_behind_each_event_also_among_those_of_one_moment(
    server: JetstreamServer,
) -> None:
    moment = time.time_ns() // 1000
    for number in range(6):
        record = {"$type": POST, "text": f"lamp {number}", "createdAt": "2026-01-01T00:00:00Z"}
        server.create(ALICE, f"{number}", record, at=moment + number // 3)
    async with reading(server, place=Place(moment)) as stream:
        found = await taken(stream, 6)
    assert texts(found) == [f"lamp {number}" for number in range(6)]
    for number, one in enumerate(found):
        place = Place.read(one.place.cursor())
        assert place is not None
        async with reading(server, place=place) as stream:
            server.say(BOB, f"{number}", "lamp at last")
            rest = await taken(stream, 6 - number)
        expected = [f"lamp {after}" for after in range(number + 1, 6)] + ["lamp at last"] * (number + 1)
        assert texts(rest) == expected


async def test_what_comes_again_or_in_another_order_is_told_once(server: JetstreamServer) -> None:
    async with reading(server) as stream:
        for number in range(4):
            server.say(ALICE, f"{number}", f"lamp {number}")
        first = await taken(stream, 4)
        server.tell_again(4)
        late = server.entry(ALICE, "late", _created("lamp, out of order"), at=time.time_ns() // 1000 - 10**7)
        server.tell(late.frame)
        server.say(ALICE, "5", "lamp 5")
        second = await taken(stream, 2)
    assert texts(first + second) == ["lamp 0", "lamp 1", "lamp 2", "lamp 3", "lamp, out of order", "lamp 5"]
    places = [(one.place.time, one.place.number) for one in first + second]
    assert places == sorted(places), "a cursor never goes back"


async def test_only_what_was_heard_of_is_said_to_be_gone(server: JetstreamServer) -> None:
    heard = Heard()
    heard.add(f"at://{BOB}/{POST}/mentioned", "notifications")
    async with reading(server, heard=heard) as stream:
        server.say(ALICE, "1", "lamp")
        server.say(ALICE, "2", "nothing of ours")
        for did, rkey in ((ALICE, "2"), (ALICE, "1"), (BOB, "mentioned"), (BOB, "another"), (ALICE, "1")):
            server.delete(did, rkey)
        found = await taken(stream, 3)
    gone = [one.uri.rkey for one in found if isinstance(one, Deleted)]
    assert texts(found) == ["lamp", "Deleted", "Deleted"]
    assert gone == ["1", "mentioned"]


@pytest.mark.parametrize("how", ["mention", "reply", "quote"])
async def test_a_post_for_the_bot_is_a_hint_and_nothing_more(server: JetstreamServer, how: str) -> None:
    ours = {"uri": f"at://{ME}/{POST}/1", "cid": "bafyreidwaivazkwu67xztlmuobx35hs2lnfh3kolmgfm"}
    feature = {"$type": "app.bsky.richtext.facet#mention", "did": ME}
    ways: Mapping[str, Mapping[str, Any]] = {
        "mention": {"facets": [{"index": {"byteStart": 0, "byteEnd": 4}, "features": [feature]}]},
        "reply": {"reply": {"root": ours, "parent": ours}},
        "quote": {"embed": {"$type": "app.bsky.embed.record", "record": ours}},
    }
    async with reading(server) as stream:
        server.say(ALICE, "1", f"it is about {ME}")
        server.say(ALICE, "2", "a lamp")
        await taken(stream, 1)
        assert [stream.is_hinted] == [False]
        stream.changed.clear()
        server.say(ALICE, "3", "@ada lamp", **ways[how])
        async with asyncio.timeout(10):
            await stream.changed.wait()
        assert stream.is_hinted
        assert stream.is_empty, "the notifications tell of it"


def _created(text: str) -> dict[str, Any]:
    record = {"$type": POST, "text": text, "createdAt": "2026-01-01T00:00:00Z"}
    return {"operation": "create", "record": record, "cid": "bafyreidwaivazkwu67xztlmuobx35hs2lnfh3kolmgfm"}


async def test_garbage_ends_nothing(server: JetstreamServer) -> None:
    good = json.loads(server.entry(ALICE, "1", _created("a lamp")).frame)
    deep = json.dumps(good).replace('"a lamp"', '"a lamp", "deep": ' + "[" * 50_000 + "]" * 50_000)

    def spoilt(**changed: object) -> str:
        return json.dumps({**good, "payload": {**good["payload"], **changed}})

    garbage: list[str | bytes] = [
        "",
        "nonsense",
        b"\xff\xfe\x00",
        "[" * 50_000,
        "{}",
        '{"$type": "message", "payload": 7}',
        spoilt(record={"$type": POST, "text": 7, "about": "lamp"}),
        spoilt(did="alice lamp"),
        spoilt(rkey="a/b"),
        spoilt(witnessedAt="yesterday"),
        spoilt(collection="app.bsky.feed.like"),
    ]
    async with reading(server) as stream:
        for frame in garbage:
            server.tell(frame)
        server.tell('{"seq": "7"}')
        server.tell(json.dumps({"$type": "message", "payload": {"$type": "x#identity", "seq": 5, "did": ALICE}}))
        server.tell(deep)
        found = await taken(stream, len(garbage) + 1)
        server.say(ALICE, "2", "lamp, as if nothing were")
        found += await taken(stream, 1)
    assert texts(found) == ["Unread"] * len(garbage) + ["a lamp", "lamp, as if nothing were"]
    assert len(server.asked) == 1, "the connection is the same"


async def test_a_stream_that_is_open_and_silent_is_opened_again(server: JetstreamServer) -> None:
    async with reading(server, silence=timedelta(seconds=0.5)) as stream:
        server.say(ALICE, "1", "lamp 1")
        assert texts(await taken(stream, 1)) == ["lamp 1"]
        server.is_mute = True
        server.say(ALICE, "2", "lamp 2")
        async with asyncio.timeout(10):
            while len(server.asked) < 2:
                await asyncio.sleep(0.02)
        server.is_mute = False
        server.say(ALICE, "3", "lamp 3")
        assert texts(await taken(stream, 2)) == ["lamp 2", "lamp 3"]


async def test_a_server_that_refuses_is_asked_again_and_pauses_no_account(
    server: JetstreamServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHUT_OUT", timedelta(seconds=0.2))
    began = time.monotonic()
    server.refusals = [
        web.Response(status=503),
        web.json_response({"error": "InvalidRequest"}, status=400),
        web.Response(status=429, headers={"Retry-After": "1"}),
        web.Response(status=401),
        web.Response(status=403),
    ]
    with caplog.at_level(logging.WARNING):
        async with reading(server) as stream:
            server.say(ALICE, "1", "lamp")
            assert texts(await taken(stream, 1)) == ["lamp"]
    assert time.monotonic() - began > 1.3
    assert len([one for one in caplog.records if "the stream of posts is away" in one.message]) == 1


async def test_a_gap_that_the_server_no_longer_keeps_is_said(
    server: JetstreamServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.say(ALICE, "1", "lamp, lost")
    server.oldest = time.time_ns() // 1000 + 1
    with caplog.at_level(logging.WARNING):
        async with reading(server, place=Place(server.oldest - 10**10)) as stream:
            server.say(ALICE, "2", "lamp, kept")
            assert texts(await taken(stream, 1)) == ["lamp, kept"]
    assert "not kept that far back" in caplog.text


async def test_with_another_server_it_begins_a_little_earlier(server: JetstreamServer) -> None:
    place = Place(time.time_ns() // 1000, 10**9, "http://elsewhere")
    server.say(ALICE, "1", "lamp")
    async with reading(server, place=place) as stream:
        assert texts(await taken(stream, 1)) == ["lamp"]
    assert place.time - int(server.asked[0]["cursor"]) == 5_000_000


async def test_who_takes_nothing_is_told_no_more_than_a_little_and_loses_nothing(server: JetstreamServer) -> None:
    count = 5000
    async with reading(server) as stream:
        long = "lamp " + "x" * 4000
        server.refill([server.entry(ALICE, f"{number}", _created(f"{long}{number}")) for number in range(count)])
        before = -1
        while server.sent != before:
            before = server.sent
            await asyncio.sleep(0.5)
        waiting = len(stream.take(count))
        assert waiting <= module.WAITING
        assert server.sent < count, "the rest waits at the server"
        found = await taken(stream, count - waiting)
    assert len(found) == count - waiting
    assert isinstance(found[-1], Said)
    assert found[-1].post.text == f"{long}{count - 1}"


async def test_a_flood_that_is_none_of_ours_lets_others_have_their_turn(server: JetstreamServer) -> None:
    count = 20_000
    texts_of_others = ("an ordinary post about the weather at sea, a little longer than most", "海が見える 🌊")
    entries = [server.entry(ALICE, f"{n}", _created(f"{texts_of_others[n % 4 == 0]} {n}")) for n in range(count)]
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with reading(server, words=("lamp", "lighthouse", "#fog", "foghorn", "keeper")) as stream:
        other = asyncio.create_task(take_turns())
        server.refill([*entries, server.entry(ALICE, "z", _created("lamp"))])
        found = await taken(stream, 1)
        other.cancel()
    assert texts(found) == ["lamp"]
    assert stream.place.time == found[0].place.time
    assert turns > 20, "the loop belongs to others as well"


async def test_a_date_of_the_future_moves_no_cursor_there(server: JetstreamServer) -> None:
    async with reading(server) as stream:
        server.say(ALICE, "1", "lamp 1")
        assert texts(await taken(stream, 1)) == ["lamp 1"]
        far = server.entry(ALICE, "far", _created("lamp of the future"), at=(time.time_ns() // 1000) * 4)
        server.tell(far.frame)
        assert texts(await taken(stream, 1)) == ["lamp of the future"]
        assert stream.place.time < time.time_ns() // 1000 + 10**6


@pytest.mark.parametrize(
    ("stream", "address"),
    [
        ("wss://jetstream.us-east.bsky.network", "https://jetstream.us-east.bsky.network"),
        ("wss://jetstream.us-east.bsky.network/xrpc/", "https://jetstream.us-east.bsky.network"),
        ("ws://localhost:6008", "http://localhost:6008"),
        (
            "https://example.org/xrpc/network.bsky.jetstream.subscribeEvents?kinds=commit",
            "https://example.org",
        ),
    ],
)
async def test_the_address_may_be_written_in_any_of_its_forms(stream: str, address: str) -> None:
    assert address_of(stream) == address


@pytest.mark.parametrize("stream", ["jetstream", "wss://", "ftp://example.org", "wss://example.org/subscribe"])
async def test_what_is_no_address_of_a_stream_is_refused(stream: str) -> None:
    with pytest.raises(ConfigurationError, match="Jetstream"):
        address_of(stream)
