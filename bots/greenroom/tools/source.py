"""Where tools come from."""

import abc
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

__all__ = ["Offer", "Source", "ToolFailed"]


class ToolFailed(Exception):
    """A tool gave nothing. The words are for the bot's owner: no model and no platform ever sees them."""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """One tool of a source."""

    name: str
    """As its source calls it; empty: the source is one tool."""
    description: str
    parameters: Mapping[str, Any]
    """JSON Schema of its arguments, which are an object."""


class Source(abc.ABC):
    """One entry of `tools`. Whoever made it closes it, in the loop in which it was used."""

    @abc.abstractmethod
    async def offers(self) -> Sequence[Offer]:
        """Return its tools.

        :raises ToolFailed: they cannot be had now
        """

    @abc.abstractmethod
    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        """Return what a tool says to these arguments: text of others, of any length.

        :raises ToolFailed: nothing came of it
        """

    async def aclose(self) -> None:
        """Give back what was opened. Safe to call twice."""
        return
