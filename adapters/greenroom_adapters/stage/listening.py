"""Listening on a Stage: the list of events is the truth, the stream only the doorbell."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import datetime, timedelta

from greenroom_adapters.contract import Event, RateLimited, Unavailable
from greenroom_adapters.stage.answers import EVENT_PAGES, WireEvents
from greenroom_adapters.stage.mapping import SOURCE, read_event
from greenroom_adapters.transport import Closed, Effect, Http, frames

__all__ = ["Listening"]

logger = logging.getLogger(__name__)

EVENTS_PAGE = 100
HEARTBEAT = timedelta(seconds=6)


class Listening:
    """Hears for an account: whatever the stream loses, doubles, reorders or keeps to itself, events come from the list,
    in its order, once for each run. Close it with `aclose`."""

    def __init__(
        self, http: Http, *, account: str, server: str, now: Callable[[], datetime], poll_every: timedelta
    ) -> None:
        self._http = http
        self._account = account
        self._server = server
        self._now = now
        self._poll_every = poll_every
        self._doorbells: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """Listen to the stream no more. Safe to call twice."""
        doorbells, self._doorbells = self._doorbells, set()
        for doorbell in doorbells:
            doorbell.cancel()
        await asyncio.gather(*doorbells, return_exceptions=True)

    async def position(self) -> str:
        """Return the cursor of this moment."""
        return (await self._page(None)).cursor

    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield events; without a cursor for `events` from this moment on."""
        position = after.get(SOURCE)
        away = False
        bell = asyncio.Event()
        doorbell = asyncio.create_task(self._ring(bell, lambda: position))
        doorbell.add_done_callback(lambda _: bell.set())
        self._doorbells.add(doorbell)
        try:
            while True:
                bell.clear()  # before reading: what comes while we read rings again
                wait = self._poll_every
                try:
                    page = await self._page(position)
                except Unavailable as error:
                    # One warning for each outage, not one for each look.
                    logger.log(logging.DEBUG if away else logging.WARNING, "the Stage cannot be read now: %s", error)
                    away = True
                    if isinstance(error, RateLimited):
                        wait = max(wait, error.retry_after)
                else:
                    away = False
                    for raw in page.events:
                        event = read_event(
                            bytes(raw), after=position or "", server=self._server, received_at=self._now()
                        )
                        position = event.cursor
                        yield event
                    if page.events or position is None:
                        position = page.cursor
                    if len(page.events) >= EVENTS_PAGE:
                        continue
                if doorbell.done():
                    doorbell.result()  # raises what ended it: the account is not let in any more
                await _wait_for(bell, wait)
        finally:
            doorbell.cancel()
            await asyncio.gather(doorbell, return_exceptions=True)
            self._doorbells.discard(doorbell)

    async def history(self, *, since: datetime) -> AsyncGenerator[Event, None]:
        """Yield what came in from `since` until now, oldest first, then end."""
        ends = int((await self._page(None)).cursor)
        page = await self._page(None, since=since)
        position = page.cursor
        while int(position) < ends:
            page = await self._page(position)
            if page.cursor == position:
                return
            for raw in page.events:
                event = read_event(bytes(raw), after=position, server=self._server, received_at=self._now())
                position = event.cursor
                if int(position) > ends:
                    return
                yield event
            position = page.cursor

    async def _ring(self, bell: asyncio.Event, position: Callable[[], str | None]) -> None:
        """Ring whenever the stream says anything, and when it comes back after it was away."""

        def query() -> Mapping[str, str]:
            cursor = position()
            return {} if cursor is None else {"after": cursor}

        async for frame in frames(self._http, "/api/stream", query=query, heartbeat=HEARTBEAT):
            if isinstance(frame, Closed):
                logger.debug("the stream of %s is away: %s", self._account, frame.reason)
            else:
                bell.set()

    async def _page(self, after: str | None, *, since: datetime | None = None) -> WireEvents:
        query = {"limit": str(EVENTS_PAGE)}
        if after is not None:
            query["after"] = after
        if since is not None:
            query["since"] = since.isoformat()
        answer = await self._http.call("GET", "/api/events", effect=Effect.REPEATABLE, query=query)
        return self._http.decode(answer, EVENT_PAGES)


async def _wait_for(bell: asyncio.Event, longest: timedelta) -> None:
    try:
        async with asyncio.timeout(longest.total_seconds()):
            await bell.wait()
    except TimeoutError:
        return
