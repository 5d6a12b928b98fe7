"""How a model behind a server is reached: its name there, the address, the key. Imports no SDK."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from greenroom_adapters.contract import Secret

__all__ = ["NO_PAID_CALLS", "OPENAI", "Reach", "is_loopback"]

OPENAI = "https://api.openai.com/v1"
NO_PAID_CALLS = "GREENROOM_NO_PAID_CALLS"
"""Environment variable: set to anything but nothing or 0, only servers on this machine are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One model on one server that speaks OpenAI's protocol."""

    model: str
    """As its server calls it."""
    server: str = OPENAI
    key: Secret | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    """Its variable `GREENROOM_NO_PAID_CALLS` forbids every call that leaves this machine, and is read before each."""

    @property
    def is_local(self) -> bool:
        """Whether calls never leave this machine."""
        return is_loopback(self.server)

    @property
    def is_switched_off(self) -> bool:
        """Whether a call is forbidden now."""
        return self.environ.get(NO_PAID_CALLS, "") not in ("", "0") and not self.is_local


def is_loopback(server: str) -> bool:
    """Tell whether the address of a server never leaves this machine."""
    host = (urlsplit(server).hostname or "").rstrip(".").casefold()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
