"""One relay: a connection that is kept open and comes back by itself, and what the relay says of itself."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Self, TypeVar

import aiohttp
import msgspec
import yarl

from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    ConfigurationError,
    RateLimited,
    Unavailable,
)
from greenroom_adapters.nostr.answers import Said
from greenroom_adapters.nostr.connection import Connection
from greenroom_adapters.nostr.keys import Keys
from greenroom_adapters.nostr.wire import UNREADABLE, Filter, WireEvent
from greenroom_adapters.transport import Effect, Http, Pace, Sockets

__all__ = ["About", "Relay", "address"]

Result = TypeVar("Result")

logger = logging.getLogger(__name__)

PLATFORM = "nostr"
MESSAGE_CAP = 32 * 1024 * 1024
"""Largest message of a relay, in bytes. A larger one ends the connection, at every try again; relays take events of
some hundred kilobytes."""
STEADY_SECONDS = 10.0
USEFUL = 2
"""Failures in a row that are counted at most after a connection that brought an answer: a relay that serves us, and
drops us now and then, is come back to soon, and not at once."""
ABOUT_WITHIN = timedelta(seconds=5)


class Limitation(msgspec.Struct, frozen=True):
    """What a relay says that it enforces (NIP-11, "Server limitations")."""

    max_message_length: int | None = None
    max_content_length: int | None = None
    min_pow_difficulty: int | None = None
    auth_required: bool = False
    payment_required: bool = False
    restricted_writes: bool = False


class About(msgspec.Struct, frozen=True):
    """What a relay says of itself (NIP-11)."""

    name: str = ""
    limitation: Limitation = Limitation()


ABOUT = msgspec.json.Decoder(About, strict=False)


def address(url: str) -> str:
    """Return a relay's address in the form in which it is compared.

    :raises ConfigurationError: it is none
    """
    try:
        found = yarl.URL(url.strip())
    except ValueError:
        found = yarl.URL()
    if found.scheme not in ("ws", "wss") or not found.host:
        raise ConfigurationError(f"{url!r} is no address of a relay: they begin with wss://")
    if found.user or found.password or found.fragment:
        raise ConfigurationError("a relay's address has no password and no #fragment")
    return str(found).rstrip("/")


class Relay:
    """A relay that we stay connected to: an async context manager."""

    def __init__(
        self,
        url: str,
        keys: Keys,
        *,
        account: str,
        now: Callable[[], datetime],
        pace: Pace | None = None,
        heartbeat: timedelta = timedelta(seconds=20),
        sockets: Sockets | None = None,
        rng: random.Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`heartbeat` is the silence after which the relay is asked for a sign of life; `sockets` as for `Http`.

        :raises ConfigurationError: `url` is no address of a relay
        """
        self.url = address(url)
        self._keys = keys
        self.http = Http(
            f"http{self.url.removeprefix('ws')}",
            platform=PLATFORM,
            account=account,
            secrets=keys.spellings(),
            sockets=sockets,
            now=now,
        )
        self._now = now
        self._pace = pace or Pace()
        self._heartbeat = heartbeat
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._sleep = sleep
        self._connection: Connection | None = None
        self._failure: AdapterError | None = None
        self._broken: Exception | None = None
        """What nobody has thought of, and the connection is kept by nobody any more for."""
        self._was_useful = False
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.http.__aenter__()
        self._task = asyncio.create_task(self._keep(), name=f"nostr:{self.url}")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection and end the task. Safe to call twice."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self.http.aclose()

    @property
    def failure(self) -> AdapterError | None:
        """Why the relay cannot be reached; None: it can, or that is not known yet."""
        return self._failure

    async def opened(self) -> Connection:
        """Return the open connection; wait for it as long as it takes.

        :raises AuthenticationFailed: the relay does not let this account in
        :raises Exception: it is kept no more, because of this
        """
        while True:
            if self._broken is not None:
                raise self._broken
            if self._connection is not None:
                return self._connection
            if isinstance(self._failure, AuthenticationFailed):
                raise self._failure
            await self._change()

    async def connection(self, *, within: timedelta) -> Connection:
        """Return the open connection; while one is being opened, wait for that.

        :raises AuthenticationFailed: the relay does not let this account in
        :raises Unavailable: it cannot be reached
        :raises Exception: it is kept no more, because of this
        """
        try:
            async with asyncio.timeout(max(0.0, within.total_seconds())):
                while self._connection is None:
                    if self._broken is not None:
                        raise self._broken
                    if self._failure is not None:
                        raise self._failure
                    await self._change()
                return self._connection
        except TimeoutError:
            raise self.http.error(Unavailable, f"{self.url} cannot be reached in time") from None

    async def query(self, *filters: Filter, within: timedelta) -> list[msgspec.Raw]:
        """Return what the relay has stored that fits one of the filters, unread.

        :raises Unavailable: it cannot be reached, does not answer in this time, or will not tell
        """
        return await self._on_a_connection(lambda connection, left: connection.query(*filters, within=left), within)

    async def publish(self, event: WireEvent, *, within: timedelta) -> Said:
        """Send one event and return the answer.

        :raises Unavailable: it was not sent
        :raises OutcomeUnknown: it was, and no answer came
        """
        return await self._on_a_connection(lambda connection, left: connection.publish(event, within=left), within)

    async def _on_a_connection(
        self, do: Callable[[Connection, timedelta], Awaitable[Result]], within: timedelta
    ) -> Result:
        """Do something on the open connection. When that ends before anything was sent, or while a question is open,
        the next one serves as well."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + within.total_seconds()
        while True:
            connection = await self.connection(within=timedelta(seconds=ends - loop.time()))
            try:
                return await do(connection, timedelta(seconds=max(0.0, ends - loop.time())))
            except Unavailable:
                if connection.is_open:
                    raise

    async def about(self) -> About:
        """Return what the relay says of itself; nothing where it says nothing that can be read."""
        try:
            answer = await self.http.call(
                "GET",
                "",
                effect=Effect.REPEATABLE,
                headers={"Accept": "application/nostr+json"},
                deadline=ABOUT_WITHIN,
            )
            return ABOUT.decode(answer.body)
        except (AdapterError, *UNREADABLE):
            return About()

    async def _change(self) -> None:
        await self._changed.wait()

    def _announce(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _keep(self) -> None:
        """Stay connected. What ends that, everybody hears who asks for the connection: a bot that is deaf must know."""
        try:
            await self._stay_connected()
        except Exception as broken:
            logger.exception("%s is kept no more", self.url)
            self._broken = broken
            self._announce()

    async def _stay_connected(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            opened_at = loop.time()
            self._was_useful = False
            try:
                reason = await self._one_connection()
                self._failure = None
            except AdapterError as error:
                reason = self._failure = error
            if loop.time() - opened_at >= STEADY_SECONDS:
                failures = 0
            elif self._was_useful:
                failures = min(failures, USEFUL)
            failures += 1
            # One warning for each outage, not one for each try.
            logger.log(logging.WARNING if failures == 1 else logging.DEBUG, "%s", reason)
            wait = self._pace.wait(failures, self._rng)
            if isinstance(reason, RateLimited):
                wait = max(wait, reason.retry_after)
            self._announce()
            await self._sleep(wait.total_seconds())

    async def _one_connection(self) -> AdapterError:
        """Keep one connection until it ends; return how it ended.

        :raises AdapterError: it could not be opened
        """
        socket = await self.http.open_websocket("", query={}, heartbeat=self._heartbeat, message_cap=MESSAGE_CAP)
        connection = Connection(self.url, self.http, socket, self._keys, now=lambda: int(self._now().timestamp()))
        ended = self.http.error(Unavailable, f"{self.url} was left")
        try:
            self._connection, self._failure = connection, None
            self._announce()
            async for received in socket:
                if received.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                    await connection.take(received.data)
            failed = socket.exception()
            how = f"went away: {failed}" if failed else f"ended the connection with code {socket.close_code}"
            ended = self.http.error(Unavailable, f"{self.url} {how}")
        finally:
            self._was_useful = connection.was_useful
            self._connection = None
            connection.end(ended)
            with suppress(aiohttp.ClientError, OSError):
                await socket.close()
        return ended
