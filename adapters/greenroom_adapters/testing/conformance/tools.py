"""What the tests of the suite use: a post as delivery keeps it, a listener, and waiting with an end."""

import asyncio
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from greenroom_adapters.contract import (
    Adapter,
    Attempt,
    Event,
    Found,
    OwnPostSeen,
    Post,
    TextEvent,
    Undecided,
)
from greenroom_adapters.testing.conformance.world import Published, World

__all__ = [
    "PATIENCE",
    "Intent",
    "Listener",
    "found_in_the_end",
    "listening",
    "no_new_task",
    "same_event_has_the_same_id",
    "shown",
    "take",
    "texts_of",
    "the_only_post",
    "wait_until",
]

WORLD = "world:"
"""How the names of tasks begin that a world runs in the test's loop: they are not the adapter's."""
PATIENCE = 10.0
"""How long an event or a fact may take before the test fails, in seconds."""


class Intent:
    """One post that is to go out, kept as delivery keeps it: key, prepared bytes, times, the latest checkpoint."""

    def __init__(self, adapter: Adapter, post: Post, *, key: str = "intent-1", age: timedelta = timedelta(0)) -> None:
        """Prepare `post`. `age` is how long ago the first try is said to have been."""
        self.post = post
        self.key = key
        self.prepared = adapter.prepare(post, key=key)
        self.state: bytes | None = None
        self.first_tried_at = datetime.now(UTC) - age
        self._tried_at = self.first_tried_at
        self._number = 0

    def next_try(self) -> Attempt:
        """Return the attempt to publish with."""
        self._number += 1
        if self._number > 1:
            self._tried_at = datetime.now(UTC)
        return self.last_try()

    def last_try(self) -> Attempt:
        """Return the latest attempt as `find` gets it."""
        return Attempt(
            post=self.post,
            key=self.key,
            prepared=self.prepared,
            number=max(1, self._number),
            first_tried_at=self.first_tried_at,
            last_tried_at=self._tried_at,
            state=self.state,
            save=self._save,
        )

    def grow_old(self, age: timedelta) -> Attempt:
        """Return the latest attempt as if it had been made `age` earlier."""
        attempt = self.last_try()
        return replace(attempt, first_tried_at=attempt.first_tried_at - age, last_tried_at=attempt.last_tried_at - age)

    async def _save(self, state: bytes) -> None:
        self.state = state


async def take(adapter: Adapter, count: int, *, after: Mapping[str, str]) -> list[Event]:
    """Return the next `count` events after the cursors, the account's own posts apart."""
    seen: list[Event] = []
    async with asyncio.timeout(PATIENCE), aclosing(adapter.events(after=after)) as stream:
        async for event in stream:
            if not isinstance(event, OwnPostSeen):
                seen.append(event)
            if len(seen) == count:
                return seen
    raise AssertionError("the stream of events ended")


async def wait_until(happened: Callable[[], Awaitable[bool]], what: str, *, patience: float | None = None) -> None:
    """Return when `happened`; fail after `patience` seconds (`PATIENCE`), saying that `what` did not happen."""
    deadline = asyncio.get_running_loop().time() + (PATIENCE if patience is None else patience)
    while not await happened():
        assert asyncio.get_running_loop().time() < deadline, f"in vain: {what}"
        await asyncio.sleep(0.02)


class Listener:
    """Collects events in the background, for tests that look at several moments of one run."""

    def __init__(self) -> None:
        self.seen: list[Event] = []
        self._arrived = asyncio.Event()

    async def run(self, adapter: Adapter, after: Mapping[str, str]) -> None:
        """Collect until cancelled."""
        async with aclosing(adapter.events(after=after)) as stream:
            async for event in stream:
                self.seen.append(event)
                self._arrived.set()

    async def until(self, text: str) -> None:
        """Return when an event with this text is there; fail after a while."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not any(text in seen for seen in self.texts()):
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            raise AssertionError(f"no event with {text!r} among {self.texts()}") from None

    def texts(self) -> list[str]:
        """Return the texts so far."""
        return [event.text for event in self.seen if isinstance(event, TextEvent)]


@asynccontextmanager
async def listening(adapter: Adapter, *, after: Mapping[str, str]) -> AsyncGenerator[Listener, None]:
    """Collect events until the block ends."""
    listener = Listener()
    task = asyncio.create_task(listener.run(adapter, after))
    try:
        yield listener
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def no_new_task(before: set["asyncio.Task[Any]"]) -> None:
    """Return when no task but those of `before` and the world's is left; fail after a second."""

    async def done() -> bool:
        return not any(task not in before and not task.get_name().startswith(WORLD) for task in asyncio.all_tasks())

    await wait_until(done, "the end of the adapter's tasks", patience=1.0)


def shown(error: BaseException) -> str:
    """Return everything that a log or a person may get to see of an error."""
    return "".join([*traceback.format_exception(error), str(error), repr(error), repr(error.args)])


async def the_only_post(world: World) -> Published:
    """Return what the bot has published, which must be one post."""
    posts = await world.published()
    assert len(posts) == 1, f"published: {[post.text for post in posts]}"
    return posts[0]


async def texts_of(world: World) -> list[str]:
    """Return the texts of what the bot has published, oldest first."""
    return [post.text for post in await world.published()]


async def found_in_the_end(adapter: Adapter, intent: Intent) -> Found:
    """Ask until the post is found; `Absent` on the way, or no end, fails."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while asyncio.get_running_loop().time() < deadline:
        verdict = await adapter.find(intent.last_try())
        if isinstance(verdict, Found):
            return verdict
        assert isinstance(verdict, Undecided), "it went out, and is said to be absent"
        assert not verdict.final, verdict.reason
        await asyncio.sleep(0.05)
    raise AssertionError("the post is not found")


def same_event_has_the_same_id(seen: Sequence[Event], different: int) -> None:
    """Fail where one text came under two ids, or there are not so many `different` texts."""
    ids: dict[str, str] = {}
    for event in seen:
        if isinstance(event, TextEvent):
            assert ids.setdefault(event.text, event.id) == event.id
    assert len(ids) == len(set(ids.values())) == different
