"""A server that speaks MCP as a source of tools: a command that is started here, or an address."""

import asyncio
import os
import shlex
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from typing_extensions import override

from greenroom.clock import Clock
from greenroom.settings.tools import is_address
from greenroom.telemetry import get_log
from greenroom.tools.source import Offer, Source, ToolFailed
from greenroom_adapters.contract import Secret

if TYPE_CHECKING:
    import mcp

__all__ = ["McpServer"]

AGAIN = timedelta(seconds=30)
"""How long a server that could not be reached is left in peace."""
STARTS_WITHIN = timedelta(seconds=30)
"""A command may have to be fetched first."""
ENDS_WITHIN = 5.0
MOST_TOOLS = 64


class McpServer(Source):
    """Connects at the first use, and again after the connection was lost. One task holds the connection from its
    opening to its end, as its library wants it."""

    def __init__(
        self, where: str, *, tool: str, key: Secret | None, env: Mapping[str, str], clock: Clock, within: timedelta
    ) -> None:
        """`where`: an address, or the command that starts it; `env`: what its process gets of ours."""
        self._where = where
        self._key = key
        self._env = dict(env)
        self._clock = clock
        self._within = within.total_seconds()
        self._log = get_log().bind(tool=tool)
        self._opening = asyncio.Lock()
        self._client: mcp.Client | None = None
        self._offers: tuple[Offer, ...] = ()
        self._keeper: asyncio.Task[None] | None = None
        self._end = asyncio.Event()
        self._not_before = 0
        self._closed = False

    @override
    async def offers(self) -> Sequence[Offer]:
        await self._connected()
        return self._offers

    @override
    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        client = await self._connected()
        try:
            result = await client.call_tool(name, arguments, read_timeout_seconds=self._within)
        except Exception as error:  # the library raises what its transports raise
            if not _is_refusal(error) and client is self._client:
                self._lost()
            raise ToolFailed(f"the call failed: {_named(error)}") from error
        texts = [block.text for block in result.content if block.type == "text"]
        if result.is_error:
            raise ToolFailed(f"it says that it failed: {' '.join(texts)[:200]}")
        return "\n".join(texts)

    @override
    async def aclose(self) -> None:
        self._closed = True
        keeper, self._keeper, self._client = self._keeper, None, None
        self._end.set()
        if keeper is not None:
            with suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(keeper, ENDS_WITHIN)

    async def _connected(self) -> "mcp.Client":
        async with self._opening:
            if self._closed:
                raise ToolFailed("it is closed")
            if self._client is not None:
                return self._client
            if self._clock.micros() < self._not_before:
                raise ToolFailed("it could not be reached a moment ago")
            ready: asyncio.Future[mcp.Client] = asyncio.get_running_loop().create_future()
            self._end = asyncio.Event()
            self._keeper = asyncio.create_task(self._keep(ready, self._end))
            try:
                client = await asyncio.wait_for(asyncio.shield(ready), STARTS_WITHIN.total_seconds())
            except BaseException as error:
                # also where whoever wanted it has given up: nothing is left half open
                self._keeper.cancel()
                self._lost()
                if not isinstance(error, Exception):
                    raise
                self._not_before = self._clock.micros() + AGAIN // timedelta(microseconds=1)
                self._log.warning("cannot be reached", why=_named(error))
                raise ToolFailed(f"it cannot be reached: {_named(error)}") from error
            self._client = client
            return client

    def _lost(self) -> None:
        """Let the connection end, so that the next call opens another."""
        self._client = None
        self._end.set()

    async def _keep(self, ready: "asyncio.Future[mcp.Client]", end: asyncio.Event) -> None:
        """Hold one connection until its end is wanted."""
        try:
            # the library takes seconds to import
            await asyncio.to_thread(__import__, "mcp")
            async with self._opened() as client:
                listed = await client.list_tools()
                self._offers = tuple(
                    Offer(name=one.name, description=one.description or "", parameters=one.input_schema)
                    for one in listed.tools[:MOST_TOOLS]
                )
                if not ready.done():
                    ready.set_result(client)
                await end.wait()
        except Exception as error:  # noqa: BLE001 - whoever waits hears of it; a later one only ends the connection
            if not ready.done():
                ready.set_exception(error)
            else:
                self._log.info("the connection ended", why=_named(error))
        finally:
            if self._end is end:
                self._client = None
            if ready.done() and not ready.cancelled():
                ready.exception()

    @asynccontextmanager
    async def _opened(self) -> "AsyncGenerator[mcp.Client, None]":
        import httpx2
        import mcp
        from mcp.client.stdio import get_default_environment, stdio_client
        from mcp.client.streamable_http import streamable_http_client

        if is_address(self._where):
            headers = {} if self._key is None else {"Authorization": f"Bearer {self._key.reveal()}"}
            timeout = httpx2.Timeout(self._within, read=None)
            async with (
                httpx2.AsyncClient(headers=headers, timeout=timeout, follow_redirects=False) as http,
                mcp.Client(streamable_http_client(self._where, http_client=http)) as client,
            ):
                yield client
            return
        command, *arguments = shlex.split(self._where)
        env = get_default_environment() | self._env
        parameters = mcp.StdioServerParameters(command=command, args=arguments, env=env)
        # what it complains of is not for the owner's terminal
        nowhere = await asyncio.to_thread(open, os.devnull, "w", encoding="utf-8")
        with nowhere:
            async with mcp.Client(stdio_client(parameters, errlog=nowhere)) as client:
                yield client


def _is_refusal(error: BaseException) -> bool:
    """Tell whether a server answered that it will not; the connection holds then."""
    return type(error).__name__ == "MCPError" and "closed" not in str(error).casefold()


def _named(error: BaseException) -> str:
    """Return an error in a few words, without what a server may have put into it."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return "it took too long" if isinstance(error, TimeoutError) else type(error).__name__
