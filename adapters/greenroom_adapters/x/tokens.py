"""A pair of OAuth 2 tokens, as it is kept."""

import hashlib
from datetime import datetime

import msgspec
from typing_extensions import override

from greenroom_adapters.contract import Secret

__all__ = ["Pair", "digest"]


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """An access token, and the refresh token for the next."""

    seed: str
    """Digest of the refresh token with which all began: another one means another sign-in."""
    access_token: str
    refresh_token: str
    ends_at: datetime
    """When the access token stops working; aware."""

    @override
    def __repr__(self) -> str:
        return f"Pair(ends_at={self.ends_at!r})"

    @classmethod
    def read(cls, stored: bytes) -> "Pair | None":
        """Return what was stored; None: it cannot be read."""
        try:
            return PAIRS.decode(stored)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def stored(self) -> bytes:
        """Return what `read` reads."""
        return msgspec.json.encode(self)


def digest(secret: Secret) -> str:
    """Return what tells this secret from others, and nothing of it."""
    return hashlib.sha256(b"greenroom x seed " + secret.reveal().encode()).hexdigest()


PAIRS = msgspec.json.Decoder(Pair)
