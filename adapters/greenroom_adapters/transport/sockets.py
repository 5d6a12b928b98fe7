"""Connections to addresses that somebody else wrote, which lead to no machine of this house."""

import errno
import ipaddress
import socket
from collections.abc import Callable
from typing import Any

__all__ = ["Destination", "Sockets", "is_public_address", "public_socket"]

Destination = tuple[int, int, int, str, tuple[Any, ...]]
"""What a name was resolved to, as `socket.getaddrinfo` gives it."""
Sockets = Callable[[Destination], socket.socket]
"""Makes the socket for a connection there, or refuses to."""

IPV6 = ipaddress.IPv6Network("2000::/3")
"""All that is given out to machines on the internet. What lies beside it leads to old or own networks, or through a
translator of the house into it."""
IPV4_IN_IPV6 = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv4 behind a translator (RFC 6052)."""


def public_socket(destination: Destination) -> socket.socket:
    """Return a socket for a connection to this address: what `Http` takes as `sockets`.

    It is asked when a name is resolved, for each of its addresses and before each connection: whatever a name looks
    like, and wherever it leads the next time, no connection is made to what is not public.

    :raises PermissionError: the address is not public
    """
    family, kind, protocol, _, address = destination
    if not is_public_address(str(address[0])):
        raise PermissionError(errno.EACCES, "it leads to an address that is not public")
    return socket.socket(family=family, type=kind, proto=protocol)


def is_public_address(address: str) -> bool:
    """Tell whether an IP address belongs to one machine on the internet."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in IPV4_IN_IPV6:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is None and found not in IPV6:
            return False
        found = found if inner is None else inner
    return found.is_global and not found.is_multicast
