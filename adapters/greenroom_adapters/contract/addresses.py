"""Settings that are addresses: a mistake in one is told with its place in the file, before anything runs."""

from dataclasses import dataclass
from typing import Annotated

__all__ = ["Address", "IsAddress", "StreamAddress"]


@dataclass(frozen=True, slots=True)
class IsAddress:
    """Marks a text field of an adapter's `Settings` as the address of a server; `scheme` is the usual one."""

    scheme: str


Address = Annotated[str, IsAddress("https")]
"""The address of a server, as `https://name`."""
StreamAddress = Annotated[str, IsAddress("wss")]
"""The address of a server that keeps a connection open, as `wss://name`."""
