"""What X pushes to an address of the bot: only X is heard, and X hears 200 only for what is on disk."""

import asyncio
import json
import random
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from ports import free_port
from x_spoiling import spoiled
from x_world import XWorld

from greenroom_adapters.contract import (
    ConfigurationError,
    Event,
    MentionReceived,
    PostDeleted,
    Secret,
    UnknownEvent,
)
from greenroom_adapters.webhooks import Pushed, SupportsWebhooks, Unsafe
from greenroom_adapters.x import XAdapter
from greenroom_adapters.x.knocking import NEWER, OLDER, Signatures
from greenroom_adapters.x.sources import Intervals

WorldOf = Callable[..., XWorld]
SELDOM = Intervals(mentions=timedelta(hours=1), messages=timedelta(hours=1), own=timedelta(hours=1))
ADDRESS = "https://bot.example/x/light"


@dataclass
class Hearing:
    """What was heard, and what of it is on disk."""

    adapter: XAdapter
    seen: list[Event] = field(default_factory=list)

    async def stored(self) -> None:
        """Let all that was heard be on disk: the newest of each source is acknowledged."""
        for source, cursor in {event.source: event.cursor for event in self.seen}.items():
            await self.adapter.acknowledge(source, cursor)


def called(world: XWorld, **changed: Any) -> XAdapter:
    """Return an adapter that X calls, and that looks for itself next to never."""
    port = free_port()
    world.server.proxied = f"http://127.0.0.1:{port}"
    facts = {"bearer": Secret(world.server.bearer), "webhook": ADDRESS, "webhook_listen": str(port), **changed}
    return world.adapter(intervals=SELDOM, **facts)


@asynccontextmanager
async def hearing(world: XWorld, **changed: Any) -> AsyncIterator[Hearing]:
    """Listen until X calls."""
    async with called(world, **changed) as adapter:
        heard = Hearing(adapter)
        after = await adapter.now()

        async def listen() -> None:
            async with aclosing(adapter.events(after=after)) as events:
                async for event in events:
                    heard.seen.append(event)

        task = asyncio.create_task(listen())
        try:
            await world.until(lambda: world.server.asked_to_tell)
            yield heard
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def activity(kind: str, payload: dict[str, Any]) -> bytes:
    return json.dumps({"data": {"event_type": kind, "event_uuid": "-17", "payload": payload}}).encode()


@pytest.mark.asyncio
async def test_a_mention_is_heard_when_x_calls_and_x_hears_so_when_it_is_on_disk(x_world: WorldOf) -> None:
    world = x_world(dialect="post")
    async with hearing(world) as heard:
        assert {one["webhook_id"] for one in world.server.asked_to_tell} == {world.server.webhooks[0]["id"]}
        asked = world.state.post(world.alice, "@lightbot are you there?")
        body = activity("post.mention.create", {"id": str(asked), "text": "@lightbot are you there?"})
        calling = asyncio.create_task(asyncio.to_thread(world.server.knock, body))
        await world.until(lambda: heard.seen)
        await asyncio.sleep(0.1)
        assert not calling.done(), "it is not on disk yet"
        await heard.stored()
        assert await calling == 200
        assert await asyncio.to_thread(world.server.knock, body) == 200, "it is known, and no second event"
        assert [type(event) for event in heard.seen] == [MentionReceived]


@pytest.mark.parametrize("path", ["/2/webhooks", "/2/activity/subscriptions"])
@pytest.mark.asyncio
async def test_a_registration_that_x_wants_to_be_waited_for_is_waited_for(x_world: WorldOf, path: str) -> None:
    world = x_world(dialect="post")
    resets_at = str(int(time.time() + 2))
    headers = {"x-rate-limit-limit": "50", "x-rate-limit-remaining": "0", "x-rate-limit-reset": resets_at}
    world.order("answer", method="GET", path=path, status=429, headers=headers)
    begun = time.time()
    async with hearing(world):
        assert time.time() - begun > 0.8
    asked = [one for one in world.proxy.requests() if one.method == "GET" and one.path.startswith(path)]
    assert len(asked) == 2


@pytest.mark.asyncio
async def test_what_no_list_has_is_taken_from_the_call_itself(x_world: WorldOf) -> None:
    world = x_world(dialect="post")
    async with hearing(world) as heard:
        bodies = [activity("post.delete", {"id": str(number), "author_id": "7"}) for number in (1, 2, 3)]
        bodies.append(activity("something.new", {"what": "ever"}))
        calls: list[asyncio.Task[int]] = []
        for number, body in enumerate(bodies, 1):
            calls.append(asyncio.create_task(asyncio.to_thread(world.server.knock, body)))
            while len(heard.seen) < number:
                await asyncio.sleep(0.01)
        assert not any(call.done() for call in calls)
        await heard.stored()
        assert await asyncio.gather(*calls) == [200] * 4
        assert [type(event) for event in heard.seen] == [PostDeleted] * 3 + [UnknownEvent]


@pytest.mark.asyncio
async def test_whoever_is_not_x_is_not_heard(x_world: WorldOf) -> None:
    world = x_world(dialect="post")
    async with hearing(world) as heard:
        body = activity("post.delete", {"id": "1", "author_id": "7"})
        for signature in ("", "sha256=", "sha256=AAAA", world.server.signed(body + b" "), "sha256=\xe9"):
            assert await asyncio.to_thread(partial(world.server.knock, body, signature=signature)) == 401
        assert await asyncio.to_thread(world.server.knock, b"no JSON") == 200, "from X, and nothing that we can use"
        assert heard.seen == []


@pytest.mark.asyncio
async def test_nobody_has_an_activity_signed_by_asking_whether_the_address_is_ours(x_world: WorldOf) -> None:
    world = x_world(dialect="post")
    async with hearing(world) as heard:
        forged = activity("post.delete", {"id": "1", "author_id": "7"})
        async with aiohttp.ClientSession() as stranger:
            for token in (forged.decode(), "\n" + forged.decode(), "x" * 1001, ""):
                address = f"http://127.0.0.1:{heard.adapter.webhook_port}/x/light"
                query = urlencode({"crc_token": token})
                async with stranger.get(f"{address}?{query}") as answer:
                    assert answer.status == 405, token
        assert heard.seen == []


@pytest.mark.asyncio
async def test_of_many_spoiled_calls_none_ends_the_listening(x_world: WorldOf) -> None:
    world, dice = x_world(dialect="post"), random.Random(7)  # noqa: S311 - a test's dice
    samples = json.loads((Path(__file__).parent / "documented" / "activities.json").read_text(encoding="utf-8"))
    async with hearing(world) as heard:
        bodies = [json.dumps(spoiled(samples, dice)).encode() for _ in range(60)]
        bodies += [b"", b"[" * 100_000, b"\xff\xfe", b"null"]
        calling = asyncio.create_task(asyncio.to_thread(lambda: [world.server.knock(body) for body in bodies]))
        while not calling.done():
            await heard.stored()
            await asyncio.sleep(0.01)
        assert await calling == [200] * len(bodies)
        assert any(isinstance(event, UnknownEvent) for event in heard.seen)
        asked = world.state.post(world.alice, "@lightbot fine")
        body = activity("post.mention.create", {"id": str(asked)})
        calling = asyncio.create_task(asyncio.to_thread(lambda: [world.server.knock(body)]))
        while not calling.done():
            await heard.stored()
            await asyncio.sleep(0.01)
        assert await calling == [200]
        assert isinstance(heard.seen[-1], MentionReceived)


@pytest.mark.asyncio
async def test_a_listener_that_ends_has_x_call_again(x_world: WorldOf) -> None:
    world = x_world(dialect="post")
    async with hearing(world) as heard:
        body = activity("post.delete", {"id": "1", "author_id": "7"})
        calling = asyncio.create_task(asyncio.to_thread(world.server.knock, body))
        await world.until(lambda: heard.seen)
    assert await calling == 503


@pytest.mark.asyncio
async def test_a_webhook_that_x_has_given_up_is_proved_again_and_no_second_one_is_made(x_world: WorldOf) -> None:
    world = x_world(dialect="post")
    world.server.webhooks.append({"id": "7", "url": ADDRESS, "valid": False})
    async with hearing(world):
        assert [(one["id"], one["valid"]) for one in world.server.webhooks] == [("7", True)]
        assert ("PUT", "/2/webhooks/7") in world.server.calls


@pytest.mark.asyncio
async def test_where_nothing_can_listen_the_lists_are_looked_at_all_the_same(x_world: WorldOf) -> None:
    world = x_world(dialect="post")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        adapter = world.adapter(bearer=Secret(world.server.bearer), webhook=ADDRESS, webhook_listen=port)
        async with adapter, aclosing(adapter.events(after=await adapter.now())) as events:
            coming = asyncio.ensure_future(anext(events))
            world.state.post(world.alice, "@lightbot are you there?")
            assert isinstance(await asyncio.wait_for(coming, 10), MentionReceived)


@pytest.mark.asyncio
async def test_an_address_is_found_however_its_letters_are_written(x_world: WorldOf) -> None:
    world = x_world(dialect="post")
    async with hearing(world, webhook="https://bot.example/caf%C3%A9/x%2d1"):
        assert [one["valid"] for one in world.server.webhooks] == [True]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"bearer": None}, "needs `bearer`"),
        ({"webhook": "http://bot.example/x"}, "https, without a port"),
        ({"webhook": "https://bot.example:8443/x"}, "https, without a port"),
        ({"webhook": "https:///x"}, "https, without a port"),
        ({"webhook_listen": "everywhere"}, "no address to listen on"),
        ({"webhook_listen": "127.0.0.1:80443"}, "no address to listen on"),
    ],
)
@pytest.mark.asyncio
async def test_a_webhook_that_cannot_work_is_refused_at_once(
    x_world: WorldOf, changed: dict[str, Any], words: str
) -> None:
    world = x_world(dialect="post")
    with pytest.raises(ConfigurationError, match=words):
        called(world, **changed)
    with pytest.raises(ConfigurationError, match="needs `api_secret` or `client_secret`"):
        Signatures(client_secret=None, api_secret=None)
    assert isinstance(world.adapter(), SupportsWebhooks)


def test_the_newer_signature_goes_before_the_older() -> None:
    both = Signatures(client_secret=Secret("new"), api_secret=Secret("old"))
    newer, older = (Signatures(client_secret=Secret(one), api_secret=None).answer("body") for one in ("new", "old"))
    assert both.answer("body") == newer
    assert both.is_genuine({NEWER: newer}, b"body")
    assert both.is_genuine({OLDER: older}, b"body")
    assert both.is_genuine({NEWER: newer, OLDER: "sha256="}, b"body")
    assert not both.is_genuine({NEWER: older, OLDER: older}, b"body"), "no way around the newer one"
    assert not both.is_genuine({}, b"body")


@pytest.mark.asyncio
async def test_one_acknowledgement_stands_for_all_before_it() -> None:
    unsafe, loop = Unsafe(), asyncio.get_running_loop()
    first, second, third = (Pushed(body=b"", safe=loop.create_future()) for _ in range(3))
    for cursor, pushed in (("2", first), ("4", second), ("6", third)):
        unsafe.wait("mentions", cursor, pushed)
    for cursor in "1234567":
        unsafe.passed("mentions", cursor)
    unsafe.acknowledged("mentions", "1")
    unsafe.acknowledged("others", "7")
    unsafe.acknowledged("mentions", "never")
    assert not any(one.safe and one.safe.done() for one in (first, second, third))
    unsafe.acknowledged("mentions", "5")
    assert [one.safe.done() for one in (first, second, third) if one.safe] == [True, True, False]
    unsafe.give_up()
    assert [one.safe.result() for one in (first, second, third) if one.safe] == [True, True, False]
