"""People who sign a bot in, for tests of `login`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlparse

import aiohttp
from snac_people import say_yes
from typing_extensions import override

from greenroom_adapters.contract import Secret

__all__ = ["SnacVisitor", "Visitor"]

BACK = "http://127.0.0.1:8790/signed-in"


@dataclass
class Visitor:
    """A person who says yes on the page of the fake Mastodon, as whoever `who` names; nobody says no."""

    server: str
    who: str = ""
    answers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Part of a question → what is answered to it."""
    told: list[str] = field(default_factory=list[str])
    visited: list[str] = field(default_factory=list[str])
    asks_first: bool = False
    """The address of the page is asked for twice, as when no browser opens."""

    def tell(self, text: str) -> None:
        self.told.append(text)

    async def ask(self, question: str, *, default: str = "") -> str:
        self.told.append(question)
        return next((answer for part, answer in self.answers.items() if part in question), default)

    async def ask_secret(self, question: str) -> Secret:
        raise AssertionError(f"no secret is typed here: {question}")

    async def visit(self, address: Callable[[str], Awaitable[str]]) -> Mapping[str, str]:
        if self.asks_first:
            await address("http://127.0.0.1:49999/signed-in")
        page = await address(BACK)
        self.visited.append(page)
        return await self.decide(page)

    async def decide(self, page: str) -> Mapping[str, str]:
        """Look at the page, and say yes or no; return what the browser comes back with."""
        async with aiohttp.ClientSession() as session:
            async with session.get(page) as shown:
                assert shown.status == 200, await shown.text()
            async with session.post(page, data={"who": self.who}, allow_redirects=False) as ended:
                location = ended.headers["Location"]
        assert location.startswith(BACK)
        return dict(parse_qsl(urlparse(location).query))


@dataclass
class SnacVisitor(Visitor):
    """A person who says yes on the page of a snac2."""

    password: str = ""

    @override
    async def decide(self, page: str) -> Mapping[str, str]:
        path = page.removeprefix(f"{urlparse(page).scheme}://{urlparse(page).netloc}")
        return say_yes(self.server, path, self.who, self.password)
