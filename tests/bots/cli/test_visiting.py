"""A sign-in ends with the way back from its own page, and with nothing else that a browser may be sent to."""

import asyncio
import webbrowser
from collections.abc import AsyncIterator, Mapping

import aiohttp
import pytest
import pytest_asyncio

from greenroom.cli.visiting import Visit

IMAGE = {"Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "cross-site"}
NAVIGATION = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site"}
PAGE = "https://platform.example/authorize?state=r%C3%AFght&client_id=c"


class Browser:
    """What requests the address of a visit, as the pages in it will."""

    def __init__(self, http: aiohttp.ClientSession, visit: Visit) -> None:
        self._http = http
        self.visit = visit

    async def goes(self, query: Mapping[str, str], headers: Mapping[str, str] = NAVIGATION) -> str:
        """Return what it is shown."""
        async with self._http.get(self.visit.back, params=query, headers=headers) as answer:
            return await answer.text()


@pytest_asyncio.fixture
async def browser(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Browser]:
    monkeypatch.setattr(webbrowser, "open", lambda page: True)
    async with Visit() as visit, aiohttp.ClientSession() as http:
        yield Browser(http, visit)


async def returned(browser: Browser) -> dict[str, str]:
    async with asyncio.timeout(10):
        return await browser.visit.returned()


@pytest.mark.parametrize("headers", [NAVIGATION, {}], ids=["browser", "old browser"])
@pytest.mark.parametrize("answer", [{"code": "c"}, {"error": "access_denied"}], ids=["yes", "no"])
@pytest.mark.asyncio
async def test_only_the_way_back_from_the_page_that_was_opened_counts(
    browser: Browser, headers: Mapping[str, str], answer: dict[str, str]
) -> None:
    await browser.visit.open(PAGE)
    for query in ({"x": "1"}, {**answer, "state": "wrong"}, {**answer, "state": ""}, answer):
        assert "not the sign-in that is waited for" in await browser.goes(query, headers)
    assert "not the sign-in that is waited for" in await browser.goes({**answer, "state": "r\u00efght"}, IMAGE)
    assert "You are back" in await browser.goes({**answer, "state": "r\u00efght"}, headers)
    assert await returned(browser) == {**answer, "state": "r\u00efght"}


@pytest.mark.asyncio
async def test_nobody_comes_back_from_a_page_that_was_not_opened_yet(browser: Browser) -> None:
    assert "not the sign-in that is waited for" in await browser.goes({"code": "early"})
    await browser.visit.open("https://platform.example/authorize")
    assert "You are back" in await browser.goes({"code": "right"})
    assert await returned(browser) == {"code": "right"}


@pytest.mark.parametrize("kind", ["image", "iframe", "empty", "script"])
@pytest.mark.asyncio
async def test_without_a_state_at_least_no_part_of_a_page_counts(browser: Browser, kind: str) -> None:
    await browser.visit.open("https://platform.example/authorize")
    refused = await browser.goes({"code": "wrong"}, {"Sec-Fetch-Dest": kind})
    assert "not the sign-in that is waited for" in refused
    await browser.goes({"code": "right"})
    assert await returned(browser) == {"code": "right"}
