"""The gateway: a connection that comes back by itself, as one stream of what Discord dispatches."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta

import aiohttp
import msgspec
import yarl
from discord.errors import ConnectionClosed
from discord.gateway import ReconnectWebSocket

from greenroom_adapters.contract import AdapterError, AuthenticationFailed, RateLimited, Secret, Unavailable
from greenroom_adapters.discord.api import Api
from greenroom_adapters.discord.errors import CLOSE_CODES
from greenroom_adapters.discord.kept_session import Session
from greenroom_adapters.discord.socket import MESSAGE_CAP, Dispatch, Lost, Socket
from greenroom_adapters.discord.wire import READY
from greenroom_adapters.transport import Http, Pace

__all__ = ["Gateway"]

logger = logging.getLogger(__name__)

VERSION = "10"
OPENS_WITHIN = 20.0
AFTER_INVALID = (1.0, 5.0)
"""Seconds between which a new session waits after an old one was called invalid ("Invalid Session")."""
RESUMABLE, LEAVING = 4000, 1000
"""Codes to close with: Discord keeps a session that ends with the first, and forgets one that ends with the second."""
FORGOTTEN = frozenset({4007, 4009})
"""Codes by which Discord says that a session cannot be taken up: its number is none, or it is too old."""
REPLAYS_WITHIN = 60.0
TOLD_AFTER = 3
"""Failures in a row that are worth a word: Discord closes connections every few hours, and that is usual."""
STEADY_SECONDS = 10.0
"""A connection that lasted this long was a good one: the next tries are fast again."""


class Gateway:
    """The gateway of one account, or one shard of it."""

    def __init__(
        self,
        api: Api,
        *,
        token: Secret,
        address: str,
        intents: int,
        shard: int,
        shards: int,
        silence: timedelta,
        pace: Pace,
        starts_after: timedelta = timedelta(0),
        is_kept: bool = False,
        rng: random.Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`address` is where every connection goes; empty: where Discord says. The first connection waits for
        `starts_after`: sessions of several shards must not begin at the same time. With `is_kept` a session
        outlives us: whoever has its id may take it up for some minutes."""
        self._api = api
        self._token = token
        self._address = address
        self._intents = intents
        self._shard = shard
        self._shards = shards
        self._silence = silence
        self._pace = pace
        self._starts_after = starts_after
        self._is_kept = is_kept
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._sleep = sleep
        self._session: Session | None = None

    @property
    def session(self) -> Session | None:
        """The session that goes on, up to the dispatch that was dealt with last; None: there is none."""
        return self._session

    async def dispatches(self) -> AsyncGenerator[Dispatch | Lost, None]:
        """Yield what is dispatched, for ever. A broken connection is resumed, with what came meanwhile; where that
        cannot be, `READY` comes again. Close it with `aclose`.

        :raises AuthenticationFailed: Discord does not let this bot in (any more)
        """
        clock = asyncio.get_running_loop().time
        failures = 0
        if self._starts_after:
            await self._sleep(self._starts_after.total_seconds())
        while True:
            opened_at = clock()
            reason, waits = "it ended", timedelta(0)
            try:
                async with aclosing(self._connection()) as dispatches:
                    async for dispatch in dispatches:
                        if failures >= TOLD_AFTER:
                            logger.info("the gateway is there again")
                            failures = 0
                        yield dispatch
            except ReconnectWebSocket as broken:
                reason = "it has to be opened anew"
                if not broken.resume:
                    self._session = None
                    waits = timedelta(seconds=self._rng.uniform(*AFTER_INVALID))
            except ConnectionClosed as closed:
                if closed.code in CLOSE_CODES:
                    words = f"discord: the gateway closed with {closed.code}: {CLOSE_CODES[closed.code]}"
                    raise self._api.http.error(AuthenticationFailed, words) from None
                reason = f"closed with code {closed.code}"
            except AuthenticationFailed:
                raise
            except RateLimited as limited:
                reason, waits = str(limited), limited.retry_after
            except AdapterError as error:
                reason = str(error)
            except (aiohttp.ClientError, OSError, RuntimeError) as error:
                # RuntimeError: aiohttp's word for a socket that was closed a moment before
                reason = self._api.http.redactor.clean(f"{type(error).__name__}: {error}")
            if clock() - opened_at >= STEADY_SECONDS:
                failures = 0
            failures += 1
            waits = max(waits, self._pace.wait(failures, self._rng))
            logger.log(logging.WARNING if failures == TOLD_AFTER else logging.DEBUG, "the gateway is lost: %s", reason)
            await self._sleep(waits.total_seconds())

    async def _connection(self) -> AsyncGenerator[Dispatch | Lost, None]:
        """Yield what one connection brings until it breaks, which raises."""
        session = self._session
        if session is None:
            address = await self._may_begin()
        else:
            address = self._address or session.url
        async with self._way_to(address) as http:
            socket, raw = await self._greet(http, address, session)
            code = RESUMABLE if self._is_kept else LEAVING
            try:
                while True:
                    await socket.poll_event()
                    taken, socket.inbox = socket.inbox, []
                    for seq, dispatch in taken:
                        if isinstance(dispatch, Dispatch) and dispatch.name == "READY":
                            self._begun(dispatch, seq or 0)
                        yield dispatch
                        if seq is not None and self._session is not None:
                            self._session.seq = seq
            except Exception:
                code = RESUMABLE
                raise
            finally:
                await _end(socket, raw, code)

    async def missed(self, session: Session, hear: Callable[[Dispatch | Lost], None]) -> bool:
        """Let `hear` have what Discord kept for a session since its last dispatch, up to now; the session stays as it
        is. False: Discord does not have it any more.

        :raises AdapterError: Discord cannot be reached now; and whatever else a connection can end with
        """
        address = self._address or session.url
        async with self._way_to(address) as http:
            socket, raw = await self._greet(http, address, session)
            try:
                async with asyncio.timeout(REPLAYS_WITHIN):
                    while True:
                        await socket.poll_event()
                        taken, socket.inbox = socket.inbox, []
                        for _, dispatch in taken:
                            if isinstance(dispatch, Dispatch) and dispatch.name == "RESUMED":
                                return True
                            hear(dispatch)
            except ReconnectWebSocket as broken:
                if not broken.resume or raw.close_code in FORGOTTEN:
                    return False
                raise Unavailable("discord: the gateway broke off") from None
            finally:
                await _end(socket, raw, RESUMABLE)

    async def _greet(
        self, http: Http, address: str, session: Session | None
    ) -> tuple[Socket, aiohttp.ClientWebSocketResponse]:
        """Open a connection and begin a session, or take one up."""
        async with asyncio.timeout(OPENS_WITHIN):
            query = {"v": VERSION, "encoding": "json", "compress": "zlib-stream"}
            raw = await http.open_websocket(
                yarl.URL(address).path or "/",
                query=query,
                heartbeat=None,
                message_cap=MESSAGE_CAP,
                autoclose=False,
            )
            socket: Socket | None = None
            try:
                socket = await Socket.greet(
                    raw, token=self._token, shard=self._shard, shards=self._shards, silence=self._silence
                )
                socket.intents = self._intents
                if session is None:
                    await socket.identify()
                else:
                    socket.session_id, socket.sequence = session.id, session.seq
                    await socket.resume()
            except BaseException:
                await _end(socket, raw, RESUMABLE)
                raise
            return socket, raw

    def _begun(self, ready: Dispatch, seq: int) -> None:
        """Note the session that has begun.

        :raises Unavailable: Discord says nothing that could be understood
        """
        try:
            said = READY.decode(ready.data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            words = "discord: the gateway began with something unreadable"
            raise self._api.http.error(Unavailable, words) from None
        self._session = Session(id=said.session_id, seq=seq, url=said.resume_gateway_url)

    async def _may_begin(self) -> str:
        """Wait until a session may be begun, and return where.

        A bot that begins more often than it may (1,000 times a day) loses its token. Discord counts, over restarts as
        well, so its number is asked for: the first half goes at once, the rest is spread over what is left of the day.
        """
        told = await self._api.gateway()
        starts = told.session_start_limit
        if starts.remaining * 2 < starts.total:
            left = timedelta(milliseconds=starts.reset_after)
            pause = left / (starts.remaining + 1)
            logger.warning(
                "only %d of %d starts of a session are left for today; the next waits %d s",
                *(starts.remaining, starts.total, pause.total_seconds()),
            )
            await self._sleep(pause.total_seconds())
        return self._address or told.url

    def _way_to(self, address: str) -> Http:
        """Return a way to the gateway, which must not carry the token in a header."""
        url = yarl.URL(address)
        scheme = {"ws": "http", "wss": "https"}.get(url.scheme, url.scheme)
        http = self._api.http
        return Http(
            str(url.with_scheme(scheme).with_path("").with_query(None)),
            platform=http.platform,
            account=http.account,
            secrets=(self._token,),
        )


async def _end(socket: Socket | None, raw: aiohttp.ClientWebSocketResponse, code: int) -> None:
    """End a connection and its heartbeats."""
    if socket is not None:
        await socket.close(code)
    else:
        await raw.close(code=code)
