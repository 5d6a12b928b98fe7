"""What X pushes while somebody listens: the stream of activities."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp

from greenroom_adapters.contract import AdapterError, AuthenticationFailed, RateLimited
from greenroom_adapters.transport import Http, Pace, levelled
from greenroom_adapters.webhooks import Pushed
from greenroom_adapters.x.api import Api
from greenroom_adapters.x.subscribing import subscribe

__all__ = ["SILENCE", "Pushing"]

logger = logging.getLogger(__name__)

STREAM = "/2/activity/stream"
SILENCE = timedelta(seconds=25)
"""X sends a line of nothing every 20 seconds; a stream that lasts longer without one is dead, open or not."""
STEADY_SECONDS = 10.0
"""A stream that lasted this long was a good one: the next tries are fast again."""
LONGEST_LINE = 1024 * 1024
REFUSED = timedelta(minutes=15)
"""Pause after X did not take the app's bearer token: the listings go on without the stream."""


class Pushing:
    """The way by which activities come. Its tasks live while somebody is in `open`, at most until `aclose`."""

    def __init__(
        self,
        api: Api,
        *,
        stream: Http,
        activities: Callable[[], Mapping[str, Mapping[str, str]]],
        pace: Pace | None = None,
        silence: timedelta = SILENCE,
    ) -> None:
        """`stream` is entered by its owner; `activities` are the types that are subscribed to, with their filters."""
        self._api = api
        self._stream = stream
        self._activities = activities
        self._pace = pace or Pace()
        self._silence = silence
        self._random = random.Random()  # noqa: S311 - jitter, not a secret
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self, queue: "asyncio.Queue[Pushed]") -> AsyncGenerator[None, None]:
        """Put the activities that come from now on into the queue, not read yet. Whatever comes while it is full is
        dropped: the listings have it."""
        task = asyncio.create_task(self._listen(queue), name="x: stream")
        self._tasks.add(task)
        try:
            yield
        finally:
            await self._end([task])

    async def aclose(self) -> None:
        """End whatever runs. Safe to call twice."""
        await self._end(list(self._tasks))

    async def _end(self, tasks: list["asyncio.Task[None]"]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.difference_update(tasks)

    async def _listen(self, queue: "asyncio.Queue[Pushed]") -> None:
        http, clock = self._stream, asyncio.get_running_loop().time
        failures = 0
        while True:
            asked = timedelta(0)
            try:
                await subscribe(self._api, self._activities())
                response = await http.open_lines(STREAM, query={}, silence=self._silence, accept="application/json")
            except AuthenticationFailed as refused:
                logger.warning("X tells nothing by stream, mentions are looked for instead: %s", refused)
                await asyncio.sleep(REFUSED.total_seconds())
                continue
            except RateLimited as limited:
                reason, asked = str(limited), limited.retry_after
            except AdapterError as error:
                reason = str(error)
            else:
                opened_at = clock()
                try:
                    reason = await self._read(response, queue)
                finally:
                    response.close()
                if clock() - opened_at >= STEADY_SECONDS:
                    failures = 0
            failures += 1
            level = logging.INFO if failures == 1 else logging.DEBUG
            logger.log(level, "the stream of activities broke: %s", http.redactor.clean(reason))
            wait = max(asked, self._pace.wait(failures, self._random))
            await asyncio.sleep(wait.total_seconds())

    async def _read(self, response: aiohttp.ClientResponse, queue: "asyncio.Queue[Pushed]") -> str:
        """Read lines until the stream breaks; return how it did."""
        rest = b""
        try:
            async for chunk in response.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if line.strip() and not queue.full():
                        queue.put_nowait(Pushed(body=levelled(line.strip())))
                if len(rest) > LONGEST_LINE:
                    return "a line without an end"
        except TimeoutError:
            return f"nothing came for {self._silence.total_seconds():.0f} seconds"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return str(error) or type(error).__name__
        return "it ended"
