"""The password of an address that others can reach: made once, told once, kept as a digest."""

import base64
import hmac
import secrets
from collections.abc import Mapping
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

from greenroom.private import write_private
from greenroom_adapters.contract import ConfigurationError

__all__ = ["VARIABLE", "Password", "is_loopback", "password_for"]

VARIABLE = "GREENROOM_OBSERVE_PASSWORD"
"""Environment variable with a password of the owner's choice, for machines that set up machines."""
SHORTEST = 16
"""Characters of a password of the owner's choice."""


class Password:
    """Knows a password by its digest. One that is made here is random enough that a plain digest gives nothing away;
    one from the environment is never written down."""

    def __init__(self, digest: str) -> None:
        self._digest = digest

    def fits(self, authorization: str) -> bool:
        """Say whether a header `Authorization` brings it, in the scheme `Basic` under any name, or as `Bearer`."""
        scheme, _, value = authorization.strip().partition(" ")
        match scheme.lower():
            case "basic":
                try:
                    given = base64.b64decode(value, validate=True).decode().partition(":")[2]
                except ValueError:
                    return False
            case "bearer":
                given = value.strip()
            case _:
                return False
        return hmac.compare_digest(_digest(given), self._digest)


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches what listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def password_for(path: Path, environ: Mapping[str, str]) -> tuple[Password, str | None]:
    """Return the password of the environment, else the one whose digest lies at `path`, else a new one; with it the
    words of a new one, which are to be told now and are known to nobody later.

    :raises ConfigurationError: that of the environment is too short to keep anybody out
    :raises OSError: the file cannot be read or written
    """
    if given := environ.get(VARIABLE, ""):
        if len(given) < SHORTEST:
            raise ConfigurationError(f"{VARIABLE} has {len(given)} characters: take {SHORTEST} or more")
        return Password(_digest(given)), None
    try:
        return Password(path.read_text(encoding="ascii").strip()), None
    except FileNotFoundError:
        words = secrets.token_urlsafe(24)
        write_private(path, _digest(words).encode())
        return Password(_digest(words)), words


def _digest(words: str) -> str:
    return sha256(words.encode(errors="surrogatepass")).hexdigest()
