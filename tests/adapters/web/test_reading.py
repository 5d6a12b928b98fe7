"""A page of the web is read within its bounds, and from nowhere that it must not lead to."""

from datetime import timedelta

import pytest
from aiohttp import web
from feed_server import FeedServer, rss

from greenroom_adapters.contract import AdapterError, RateLimited, Unavailable
from greenroom_adapters.web import Page, Seen, read_page


async def read(address: str, *, most: int = 10_000, seen: Seen | None = None, is_private: bool = True) -> Page:
    return await read_page(
        address, called="the feed", most=most, seen=seen, is_private=is_private, patience=timedelta(seconds=20)
    )


def moved(to: str) -> web.Response:
    return web.Response(status=302, headers={"Location": to})


@pytest.mark.asyncio
async def test_what_was_seen_is_not_sent_again() -> None:
    async with FeedServer() as server:
        first = await read(server.feed)
        again = await read(server.feed, seen=first.seen)
        server.body = rss(("1", "New", "https://harbour.example/1"))
        changed = await read(server.feed, seen=first.seen)
    assert (first.body, again.body, server.unchanged) == (rss().encode(), None, 1)
    assert again.seen == first.seen
    assert b"New" in (changed.body or b"")


@pytest.mark.asyncio
async def test_redirects_are_followed_but_not_for_ever() -> None:
    async with FeedServer() as server:
        server.answers.append(lambda: moved("/elsewhere"))
        page = await read(server.feed)
        assert page.address == f"{server.url}/elsewhere"
        server.answers.extend([lambda: moved("/feed")] * 10)
        with pytest.raises(Unavailable, match="redirects more than 5 times"):
            await read(server.feed)


@pytest.mark.parametrize("target", ["ftp://harbour.example/", "http://user:x@harbour.example/", "http://["])
@pytest.mark.asyncio
async def test_a_redirect_to_what_is_no_page_is_refused(target: str) -> None:
    async with FeedServer() as server:
        server.answers.append(lambda: moved(target))
        with pytest.raises(Unavailable, match="no address"):
            await read(server.feed)


@pytest.mark.asyncio
async def test_an_address_of_this_house_is_asked_only_where_its_owner_says_so() -> None:
    async with FeedServer() as server:
        with pytest.raises(AdapterError, match="not public"):
            await read(server.feed, is_private=False)
        assert server.asked == []


@pytest.mark.asyncio
async def test_what_is_too_large_is_not_read_to_its_end() -> None:
    async with FeedServer() as server:
        server.body = "x" * 10_001
        with pytest.raises(Unavailable, match="larger than 10000 bytes"):
            await read(server.feed)
        server.body = "x" * 10_000
        assert len((await read(server.feed)).body or b"") == 10_000


@pytest.mark.asyncio
async def test_what_unpacks_to_more_than_is_read_is_refused() -> None:
    def packed() -> web.Response:
        answer = web.Response(body=b"0" * 5_000_000)
        answer.enable_compression(web.ContentCoding.gzip)
        return answer

    async with FeedServer() as server:
        server.answers.append(packed)
        with pytest.raises(Unavailable, match="larger than 10000 bytes"):
            await read(server.feed)


@pytest.mark.asyncio
async def test_a_server_that_asks_to_wait_is_heard() -> None:
    async with FeedServer() as server:
        server.answers.append(lambda: web.Response(status=429, headers={"Retry-After": "120"}))
        with pytest.raises(RateLimited) as raised:
            await read(server.feed)
    assert raised.value.retry_after == timedelta(minutes=2)
