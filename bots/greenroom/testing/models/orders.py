"""What a test can order the server to do with a request."""

import json
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Literal

__all__ = ["Breaks", "Calls", "CutsOff", "Fails", "Filters", "Order", "Refuses", "Says", "Sends", "Usage"]

Usage = tuple[int, int] | Literal["counted"] | None
"""Tokens read and written, as the answer says; `counted`: one for each word and mark; None: it does not say."""


@dataclass(frozen=True, slots=True)
class Order:
    """What happens with one request."""

    _: KW_ONLY
    wait: float = 0.0
    """Seconds before anything is answered."""
    usage: Usage = "counted"
    """Chat: what the answer says was read and written."""


@dataclass(frozen=True, slots=True)
class Says(Order):
    """Chat: this text, whole. A `max_completion_tokens` that is less than its words cuts it off."""

    text: str


@dataclass(frozen=True, slots=True)
class Calls(Order):
    """Chat: calls of tools, each with its arguments; `text` is said beside them."""

    calls: tuple[tuple[str, str], ...]
    """Names and arguments; arguments are JSON, or what a model wrote instead."""
    text: str | None = None

    def __init__(
        self,
        *calls: tuple[str, Mapping[str, Any] | str],
        text: str | None = None,
        wait: float = 0.0,
        usage: Usage = "counted",
    ) -> None:
        """Take the name and the arguments of each call: a mapping, or the very text that the model writes."""
        spelled = tuple((name, args if isinstance(args, str) else json.dumps(args)) for name, args in calls)
        for attribute, value in (("calls", spelled), ("text", text), ("wait", wait), ("usage", usage)):
            object.__setattr__(self, attribute, value)


@dataclass(frozen=True, slots=True)
class Refuses(Order):
    """Chat: the model refuses, in these words."""

    text: str = "I can't help with that."


@dataclass(frozen=True, slots=True)
class CutsOff(Order):
    """Chat: this much, then the model's own limit (`length`). None: all of it went into thinking."""

    text: str | None = "Half a"


@dataclass(frozen=True, slots=True)
class Filters(Order):
    """Chat: this much, then the provider's filter (`content_filter`)."""

    text: str | None = "Half a"


@dataclass(frozen=True, slots=True)
class Fails(Order):
    """An error of the protocol."""

    status: int
    _: KW_ONLY
    code: str | None = None
    type: str = "error"
    message: str = "The server of the tests was ordered to fail."
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """For example `Retry-After`."""


@dataclass(frozen=True, slots=True)
class Breaks(Order):
    """The connection is cut when this share of the answer has left; 0: before any of it."""

    at: float = 0.0
    order: Order | None = None
    """Whose answer it is; None: what would have been answered."""


@dataclass(frozen=True, slots=True)
class Sends(Order):
    """These bytes, whatever the protocol says."""

    body: bytes
    _: KW_ONLY
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
