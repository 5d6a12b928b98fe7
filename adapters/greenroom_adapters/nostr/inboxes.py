"""Where people read their direct messages (kind 10050), and the way there."""

import ipaddress
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

import yarl

from greenroom_adapters.contract import ConfigurationError
from greenroom_adapters.nostr.relay import Relay, address
from greenroom_adapters.nostr.relays import Relays
from greenroom_adapters.nostr.wire import WireEvent

__all__ = ["INBOX", "Inboxes", "is_on_this_machine"]

INBOX = 10050
MOST = 3
"""Relays of one person that a message goes to; they are asked to name one to three (NIP-17)."""
PRIVATE = (".local", ".internal", ".localhost", ".lan", ".home", ".onion")


class Inboxes:
    """The relays of other people. They write the addresses, so only public ones are visited: by their form, and by the
    address to which their name is resolved."""

    def __init__(self, relays: Relays, *, make: Callable[[str], Relay]) -> None:
        """`make` makes a relay out of its address, which connects to public addresses alone."""
        self._relays = relays
        self._make = make

    async def of(self, person: str) -> tuple[str, ...]:
        """Return where this person reads; nothing: they do not say, or nowhere that we go.

        :raises AdapterError: no relay can be asked
        """
        found = await self._relays.ask({"kinds": [INBOX], "authors": [person]})
        if found.newest is None:
            return ()
        return tuple(dict.fromkeys(url for url in _named(found.newest) if self._relays.at(url) or is_public(url)))[
            :MOST
        ]

    async def open(self, urls: Sequence[str], stack: AsyncExitStack) -> list[Relay]:
        """Return the relays at these addresses; those that are none of ours are closed with the stack."""
        opened: list[Relay] = []
        for url in urls:
            ours = self._relays.at(url)
            opened.append(await stack.enter_async_context(self._make(url)) if ours is None else ours)
        return opened


def is_public(url: str) -> bool:
    """Tell whether an address that somebody else wrote has the form of one that may be visited: encrypted, by name, and
    none that is private by its ending. Where the name leads, its connection must look at."""
    found = yarl.URL(url)
    host = (found.host or "").rstrip(".").lower()
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return found.scheme == "wss" and "." in host and not host.endswith(PRIVATE)
    return False


def is_on_this_machine(url: str) -> bool:
    """Tell whether an address is one of this machine by its form."""
    host = (yarl.URL(url).host or "").rstrip(".").lower()
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _named(event: WireEvent) -> "list[str]":
    found: list[str] = []
    for url in event.values("relay"):
        try:
            found.append(address(url))
        except ConfigurationError:
            continue
    return found
