"""Worlds on real Stages, one for each class of platform that the Stage can play."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from typing_extensions import override

from greenroom_adapters.contract import Adapter, PostRef, Secret
from greenroom_adapters.stage import StageAdapter, StageSettings
from greenroom_adapters.testing import Published, WireTap, World
from greenroom_adapters.testing.stage import RunningStage

CLASSES = ("keyed", "two_phase", "listed", "none")
handles = itertools.count(1)

AN_HOUR = timedelta(hours=1)
AdapterOf = Callable[[StageSettings, str], Adapter]


class StageWorld(World):
    """One bot, and one other person, on a Stage that others use at the same time."""

    def __init__(self, stage: RunningStage, tap: WireTap, *, adapter_of: AdapterOf) -> None:
        number = next(handles)
        self.stage = stage
        self.tap = tap
        self.bot = f"bot{number}"
        self.two_phase = stage.call("GET", "/api/instance")["idempotency"]["kind"] == "two_phase"
        self._adapter_of = adapter_of
        self._token = stage.sign_in(self.bot, bot=True)
        # The world reads with a token of its own; revoking the account's tokens kills both.
        self._eyes = stage.sign_in(self.bot)
        self._person = f"person{number}"
        self._persons_token = stage.sign_in(self._person)

    @override
    def connect(self) -> Adapter:
        return self._adapter_of(StageSettings(server=self.tap.url, token=Secret(self._token)), self.bot)

    @override
    async def mention_bot(self, text: str) -> None:
        await self.say(self._persons_token, f"@{self.bot} {text}")

    @override
    async def published(self) -> Sequence[Published]:
        eyes = await asyncio.to_thread(self.stage.call, "POST", "/api/admin/tokens", {"handle": self.bot})
        posts = await asyncio.to_thread(
            self.stage.call, "GET", f"/api/accounts/{self.bot}/posts?limit=100", token=eyes["token"]
        )
        return [
            Published(
                text=post["text"],
                id=post["id"],
                in_reply_to=post["in_reply_to"],
                direct_to=post["direct_to"]["id"] if post["direct_to"] else None,
                alts=tuple(media["alt"] for media in post["media"]),
                quote=post["quote"],
                content_warning=post["content_warning"],
            )
            for post in reversed(posts["posts"])
        ]

    @override
    def secrets(self) -> Sequence[str]:
        return [self._token]

    @override
    async def post_of_somebody(self, text: str) -> PostRef:
        return PostRef(id=(await self.say(self._persons_token, text))["id"])

    @override
    async def reply_to_bot(self, ref: PostRef, text: str) -> None:
        await self.say(self._persons_token, text, in_reply_to=ref.id)

    @override
    async def message_bot(self, text: str) -> str:
        person: str = (await self.say(self._persons_token, text, direct_to=self.bot))["author"]["id"]
        return person

    @override
    async def say_in(self, room: str, text: str) -> None:
        opened = await asyncio.to_thread(
            self.stage.call, "POST", "/api/rooms", {"name": room}, token=self._persons_token
        )
        await self.say(self._persons_token, text, room=opened["id"])

    @override
    async def remove(self, ref: PostRef) -> None:
        post = await asyncio.to_thread(self.stage.call, "GET", f"/api/posts/{ref.id}", token=self._eyes)
        token = self._eyes if post["author"]["handle"] == self.bot else self._persons_token
        await asyncio.to_thread(self.stage.call, "DELETE", f"/api/posts/{ref.id}", token=token)

    @override
    async def bot_says_elsewhere(self, text: str) -> None:
        await self.say(self._eyes, f"@{self.bot} {text}")

    @override
    async def likes(self, ref: PostRef) -> int:
        post = await asyncio.to_thread(self.stage.call, "GET", f"/api/posts/{ref.id}", token=self._eyes)
        likes: int = post["likes"]
        return likes

    @override
    async def lose_next_answer(self) -> None:
        await self.order("lose_answer")

    @override
    async def refuse_next(self) -> None:
        await self.order("refuse")

    @override
    async def commit_next_late(self, seconds: float) -> None:
        await self.order("commit_late", seconds=seconds)

    @override
    async def delay_next(self, seconds: float) -> None:
        await self.order("delay", seconds=seconds)

    @override
    async def garble_next(self) -> None:
        await self.order("garbage")

    @override
    async def answer_next(self, status: int, *, retry_after: int | None = None) -> None:
        await self.order("status", status=status, retry_after=retry_after)

    @override
    async def revoke_token(self) -> None:
        await asyncio.to_thread(self.stage.call, "POST", "/api/admin/revoke", {"handle": self.bot})

    @override
    def unreachable(self) -> Adapter:
        return self._adapter_of(StageSettings(server="http://127.0.0.1:9"), self.bot)

    @override
    async def drop_stream(self) -> None:
        await self.order_of_stream("drop_stream")

    @override
    async def silence_stream(self) -> None:
        await self.order_of_stream("silent_stream", seconds=60)

    @override
    async def redeliver_next(self) -> None:
        await self.order_of_stream("redeliver")

    @override
    async def reorder_next(self) -> None:
        await self.order_of_stream("reorder")

    @override
    def arrived_keys(self) -> Sequence[str]:
        return self.tap.headers("Idempotency-Key")

    @override
    def open_connections(self) -> int:
        return self.tap.open_connections

    async def say(self, token: str, text: str, **place: object) -> dict[str, Any]:
        """Post past the adapter, on a Stage of whichever class."""
        body = {"text": text, **place}
        if not self.two_phase:
            post: dict[str, Any] = await asyncio.to_thread(self.stage.call, "POST", "/api/posts", body, token=token)
            return post
        container = await asyncio.to_thread(self.stage.call, "POST", "/api/containers", body, token=token)
        path = f"/api/containers/{container['id']}/publish"
        post = await asyncio.to_thread(self.stage.call, "POST", path, token=token)
        return post

    async def order(self, kind: str, **details: object) -> None:
        """Order a fault for the bot's next publication."""
        path = "/api/containers/" if self.two_phase else "/api/posts"
        order = {"path": path, "method": "POST", "account": self.bot, **details}
        await asyncio.to_thread(self.stage.order, kind, **{k: v for k, v in order.items() if v is not None})

    async def order_of_stream(self, kind: str, **details: object) -> None:
        """Order a fault for the bot's events."""
        await asyncio.to_thread(self.stage.order, kind, account=self.bot, **details)


@pytest.fixture
def fast_clock(monkeypatch: pytest.MonkeyPatch) -> timedelta:
    """Let the clock that adapters look at be ahead of that of the servers; return by how much."""
    ahead = SimpleNamespace(time=lambda: time.time() + AN_HOUR.total_seconds())
    monkeypatch.setattr("greenroom_adapters.transport.judging.time", ahead)
    return AN_HOUR


@pytest.fixture(scope="session")
def stages() -> Iterator[Callable[[str], RunningStage]]:
    """Start a Stage of a class when a test first asks for it; all stop at the end."""
    running: dict[str, RunningStage] = {}
    with ExitStack() as stack:

        def stage(idempotency: str) -> RunningStage:
            if idempotency not in running:
                options = ("--faults", "--idempotency", idempotency, "--visible-after", "0.2")
                running[idempotency] = stack.enter_context(RunningStage(*options))
            return running[idempotency]

        yield stage


WorldOf = Callable[[str, AdapterOf], StageWorld]


def plain_adapter(settings: StageSettings, account: str) -> Adapter:
    """Return the adapter as it is, but quicker to notice silence."""
    return StageAdapter(settings, account=account, poll_every=timedelta(seconds=0.5))


@pytest_asyncio.fixture
async def stage_world(stages: Callable[[str], RunningStage]) -> AsyncIterator[Callable[..., Any]]:
    """Return a maker of worlds: a class of platform and, for planted faults, a maker of adapters."""
    taps: list[WireTap] = []

    async def make(idempotency: str, adapter_of: AdapterOf = plain_adapter) -> StageWorld:
        stage = await asyncio.to_thread(stages, idempotency)
        port = urlsplit(stage.url).port
        assert port is not None
        tap = await WireTap("127.0.0.1", port).__aenter__()
        taps.append(tap)
        return await asyncio.to_thread(StageWorld, stage, tap, adapter_of=adapter_of)

    yield make
    for tap in taps:
        await tap.__aexit__(None, None, None)
