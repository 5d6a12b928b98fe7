"""All tools of one bot, and which of them may be used for whose words."""

import asyncio
import importlib.util
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from greenroom.clock import Clock
from greenroom.personas.allowing import Allowed
from greenroom.settings.names import nearest
from greenroom.settings.secrets import SecretRef
from greenroom.settings.tools import Tool
from greenroom.tools.source import Offer, Source, ToolFailed
from greenroom_adapters.contract import ConfigurationError, Secret, Trust

__all__ = ["Named", "Toolbox", "build_toolbox"]

LONGEST_NAME = 64

_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_-]")


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """One tool that may be called now."""

    name: str
    """As a model calls it."""
    entry: str
    """As the bot file calls its source."""
    offer: Offer
    price: int
    """Of one call, in millionths of a US dollar."""
    calls: int
    """Calls for one text at the most."""
    trusted: bool
    """What it returns is the owner's own."""

    @property
    def title(self) -> str:
        """As the persona file calls it."""
        return f"{self.entry}/{self.offer.name}" if self.offer.name else self.entry


class Toolbox:
    """Opens its sources at their first use; close it with `aclose`, in the same loop."""

    def __init__(self, sources: Mapping[str, tuple[Tool, Source]], allowed: Allowed) -> None:
        self._sources = sources
        self._allowed = allowed

    def has_any(self, trust: Trust) -> bool:
        """Tell without asking a source whether something could be allowed."""
        return bool(self._allowed.of(trust))

    def differ(self, one: Trust, other: Trust) -> bool:
        """Tell whether the two may use different tools."""
        return self._allowed.of(one) != self._allowed.of(other)

    def allows(self, trust: Trust) -> frozenset[str]:
        """Return the names that somebody may use who is trusted so far: sources, or single tools of one."""
        return self._allowed.of(trust)

    async def tools(self, trust: Trust) -> list[Named]:
        """Return what may be called for the words of somebody who is trusted so far. A source that cannot be reached
        has none."""
        allowed = self._allowed.of(trust)
        entries = sorted({name.partition("/")[0] for name in allowed} & self._sources.keys())
        listed = await asyncio.gather(*map(self._offers, entries))
        found: dict[str, Named] = {}
        for entry, offers in zip(entries, listed, strict=True):
            tool, _ = self._sources[entry]
            for offer in offers:
                if entry not in allowed and f"{entry}/{offer.name}" not in allowed:
                    continue
                name = _NOT_IN_NAME.sub("_", f"{entry}__{offer.name}" if offer.name else entry)[:LONGEST_NAME]
                found[name] = Named(
                    name=name,
                    entry=entry,
                    offer=offer,
                    price=0 if tool.price is None else tool.price.micros,
                    calls=tool.calls,
                    trusted=tool.trusted,
                )
        return list(found.values())

    async def call(self, tool: Named, arguments: dict[str, Any]) -> str:
        """Return what a tool says.

        :raises ToolFailed: nothing came of it, or not within its time
        """
        terms, source = self._sources[tool.entry]
        try:
            async with asyncio.timeout(terms.within.total_seconds()):
                return await source.call(tool.offer.name, arguments)
        except TimeoutError as error:
            raise ToolFailed(f"it took longer than {_seconds(terms.within)}") from error

    async def aclose(self) -> None:
        """Close every source."""
        await asyncio.gather(*(source.aclose() for _, source in self._sources.values()))

    async def _offers(self, entry: str) -> list[Offer]:
        _, source = self._sources[entry]
        try:
            return list(await source.offers())
        except ToolFailed:
            return []


def build_toolbox(
    tools: Mapping[str, Tool],
    allowed: Allowed,
    *,
    resolve: Callable[[SecretRef, str], Secret],
    environ: Mapping[str, str],
    clock: Clock,
) -> Toolbox | None:
    """Return the tools of a bot that its persona may use; None: it may use none. Starts nothing.

    :raises ConfigurationError: the persona names what the bot file does not have; a function cannot be used; what
        MCP needs is not installed, or a secret or a variable is missing
    """
    named = {name.partition("/")[0] for name in allowed.of(Trust.OWNER)}
    for name in sorted(named - tools.keys()):
        near = nearest(name, tools)
        raise ConfigurationError(
            f"the persona may use the tool `{name}`, which the bot file does not have under `tools`. "
            + (f"Did you mean `{near}`?" if near else f"Add it there: {name}: {{mcp: COMMAND or https://…}}")
        )
    if not named:
        return None
    return Toolbox(
        {name: (tools[name], _source(name, tools[name], resolve, environ, clock)) for name in named}, allowed
    )


def _source(
    name: str,
    tool: Tool,
    resolve: Callable[[SecretRef, str], Secret],
    environ: Mapping[str, str],
    clock: Clock,
) -> Source:
    # imported only for bots that use it
    if tool.mcp is None:
        from greenroom.tools.functions import FunctionSource

        return FunctionSource(*tool.function, tool=name)
    if importlib.util.find_spec("mcp") is None:
        raise ConfigurationError(f"tool `{name}`: MCP needs a library: pip install 'greenroom[tools]'")
    from greenroom.tools.mcp_server import McpServer

    for variable in tool.env:
        if variable not in environ:
            raise ConfigurationError(f"tool `{name}`: the environment variable {variable} is not set")
    return McpServer(
        tool.mcp,
        tool=name,
        key=None if tool.key is None else resolve(tool.key, f"tool `{name}`"),
        env={variable: environ[variable] for variable in tool.env},
        clock=clock,
        within=tool.within,
    )


def _seconds(duration: timedelta) -> str:
    return f"{duration.total_seconds():g} seconds"
