"""Who may ask an address that others can reach: whoever knows its password."""

import base64
import hmac
import secrets
from hashlib import sha256
from ipaddress import ip_address

__all__ = ["Password", "is_loopback"]


class Password:
    """Knows a password by its digest. One that is made here is random enough that a plain digest gives nothing away;
    one from the environment is never written down."""

    def __init__(self, digest: str) -> None:
        self.digest = digest
        """Its sha256, hexadecimal: what is kept of it."""

    @classmethod
    def of(cls, words: str) -> "Password":
        """Return the password that is these words."""
        return cls(_digest(words))

    @classmethod
    def made(cls) -> "tuple[Password, str]":
        """Return a new one, and its words, which are to be told once."""
        words = secrets.token_urlsafe(24)
        return cls.of(words), words

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
        return hmac.compare_digest(_digest(given), self.digest)


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches what listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _digest(words: str) -> str:
    return sha256(words.encode(errors="surrogatepass")).hexdigest()
