"""The proxy does to a request what it is told, once, and passes everything else on."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
import pytest_asyncio

from greenroom_adapters.testing import FaultyProxy, Order
from greenroom_adapters.testing.stage import RunningStage

POSTS = "/api/posts$"


@pytest.fixture(scope="module")
def stage() -> Iterator[RunningStage]:
    with RunningStage() as running:
        yield running


@pytest.fixture
def proxy(stage: RunningStage) -> Iterator[FaultyProxy]:
    with FaultyProxy(stage.url) as running:
        yield running


@pytest_asyncio.fixture
async def session(stage: RunningStage) -> AsyncIterator[aiohttp.ClientSession]:
    token = await asyncio.to_thread(stage.sign_in, "somebody")
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as opened:
        yield opened


async def post(proxy: FaultyProxy, session: aiohttp.ClientSession, text: str) -> int:
    """Post through the proxy and return the status."""
    async with session.post(f"{proxy.url}/api/posts", json={"text": text}) as answer:
        await answer.read()
        return answer.status


async def texts(stage: RunningStage, session: aiohttp.ClientSession) -> list[str]:
    """Return what is on the Stage, newest first, past the proxy."""
    async with session.get(f"{stage.url}/api/me/posts") as answer:
        return [found["text"] for found in (await answer.json())["posts"]]


@pytest.mark.asyncio
async def test_what_nobody_ordered_is_passed_on_and_remembered(
    stage: RunningStage, proxy: FaultyProxy, session: aiohttp.ClientSession
) -> None:
    assert 200 <= await post(proxy, session, "passed on") < 300
    assert "passed on" in await texts(stage, session)
    (seen,) = proxy.requests()
    assert (seen.method, seen.path, json.loads(seen.body)) == ("POST", "/api/posts", {"text": "passed on"})


@pytest.mark.parametrize(("kind", "arrives"), [("lose", True), ("refuse", False)])
@pytest.mark.asyncio
async def test_an_answer_is_lost_or_a_request_cut_off_once(
    kind: str, arrives: bool, stage: RunningStage, proxy: FaultyProxy, session: aiohttp.ClientSession
) -> None:
    proxy.order(Order(kind=kind, method="POST", path=POSTS))
    with pytest.raises(aiohttp.ClientError):
        await post(proxy, session, f"to {kind}")
    assert (f"to {kind}" in await texts(stage, session)) is arrives
    assert proxy.orders == ()
    assert 200 <= await post(proxy, session, "the next one") < 300


@pytest.mark.asyncio
async def test_an_order_holds_for_as_many_requests_as_it_says(
    proxy: FaultyProxy, session: aiohttp.ClientSession
) -> None:
    order = Order(kind="answer", method="POST", path=POSTS, status=503, count=2)
    proxy.order(order)
    assert [await post(proxy, session, "again") for _ in range(2)] == [503, 503]
    assert 200 <= await post(proxy, session, "at last") < 300
    assert proxy.obeyed(order) == 2
    assert proxy.orders == ()


@pytest.mark.asyncio
async def test_an_order_left_to_chance_meets_its_share_of_the_requests(
    stage: RunningStage, session: aiohttp.ClientSession
) -> None:
    order = Order(kind="answer", method="POST", path=POSTS, status=503, chance=0.5, count=1000)
    with FaultyProxy(stage.url, chance=random.Random(1)) as proxy:  # noqa: S311 - dice, the same in every run
        proxy.order(order)
        found = Counter([await post(proxy, session, "by chance") for _ in range(40)])
        assert 10 < found[503] < 30
        assert proxy.obeyed(order) == found[503]
        assert proxy.orders == (order,)


@pytest.mark.asyncio
async def test_a_request_is_taken_late(stage: RunningStage, proxy: FaultyProxy, session: aiohttp.ClientSession) -> None:
    proxy.order(Order(kind="late", method="POST", path=POSTS, seconds=0.3))
    with pytest.raises(aiohttp.ClientError):
        await post(proxy, session, "late")
    assert "late" not in await texts(stage, session)
    async with asyncio.timeout(5):
        while "late" not in await texts(stage, session):
            await asyncio.sleep(0.05)


@pytest.mark.asyncio
async def test_an_answer_is_what_was_ordered(
    stage: RunningStage, proxy: FaultyProxy, session: aiohttp.ClientSession
) -> None:
    proxy.order(Order(kind="answer", method="POST", path=POSTS, status=503))
    assert await post(proxy, session, "never there") == 503
    assert "never there" not in await texts(stage, session)


@pytest.mark.asyncio
async def test_an_open_request_can_be_cut_or_left_without_an_answer(
    proxy: FaultyProxy, session: aiohttp.ClientSession
) -> None:
    for end in (proxy.cut, proxy.mute):
        proxy.order(Order(kind="delay", method="POST", path=POSTS, seconds=0.3))
        waiting = asyncio.create_task(post(proxy, session, "waiting"))
        await asyncio.sleep(0.15)
        await asyncio.to_thread(end, POSTS)
        with pytest.raises((aiohttp.ClientError, TimeoutError)):
            async with asyncio.timeout(1):
                await waiting
