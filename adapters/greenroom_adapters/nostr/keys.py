"""The account's key pair: signing, the secret shared with another person, and what is derived for one purpose."""

import hashlib
import hmac
import secrets
from typing import final

from coincurve import PrivateKey, PublicKey, PublicKeyXOnly
from typing_extensions import override

from greenroom_adapters.contract import ConfigurationError, Secret
from greenroom_adapters.nostr.bech32 import decode, encode
from greenroom_adapters.nostr.references import is_hex

__all__ = ["Keys", "is_signed_by"]


@final
class Keys:
    """A key pair on secp256k1. Shows its secret to nobody."""

    __slots__ = ("_private", "pubkey")

    def __init__(self, secret: bytes) -> None:
        """Take the secret, 32 bytes.

        :raises ConfigurationError: no key has this secret
        """
        try:
            self._private = PrivateKey(secret)
        except ValueError:
            raise ConfigurationError("this is no key of Nostr: it is out of range") from None
        self.pubkey = PublicKeyXOnly.from_secret(secret).format().hex()

    @classmethod
    def read(cls, key: Secret) -> "Keys":
        """Return the key that is written as `nsec1…` or as 64 hexadecimal digits.

        :raises ConfigurationError: it is neither
        """
        written = key.reveal().strip()
        if is_hex(written.lower()):
            return cls(bytes.fromhex(written))
        try:
            prefix, secret = decode(written)
        except ValueError:
            prefix, secret = "", b""
        if prefix == "npub":
            raise ConfigurationError("this is the public key (npub1…); what signs is the secret one, nsec1…")
        if prefix != "nsec" or len(secret) != 32:
            raise ConfigurationError("this is no key of Nostr: it is written as nsec1… or as 64 hexadecimal digits")
        return cls(secret)

    @classmethod
    def new(cls) -> "Keys":
        """Return a key that nobody had before."""
        return cls(secrets.token_bytes(32))

    def nsec(self) -> Secret:
        """Return the secret as people keep it."""
        return Secret(encode("nsec", self._private.secret))

    def spellings(self) -> tuple[Secret, ...]:
        """Return every spelling of the secret, to be masked."""
        return self.nsec(), Secret(self._private.secret.hex())

    def sign(self, digest: bytes) -> str:
        """Return the signature of 32 bytes (BIP-340), in hexadecimal. The same bytes have the same signature."""
        return self._private.sign_schnorr(digest, None).hex()  # type: ignore[arg-type]  # None: without randomness

    def shared_with(self, pubkey: str) -> bytes:
        """Return the x coordinate that both sides of a conversation can compute (NIP-44, "Calculate a conversation
        key").

        :raises ValueError: this is no public key
        """
        point = PublicKey(b"\x02" + bytes.fromhex(pubkey))
        return point.multiply(self._private.secret).format()[1:]

    def derive(self, *purpose: str) -> bytes:
        """Return 32 bytes that only this key can make, always the same ones for the same purpose."""
        return hmac.digest(self._private.secret, "\0".join(("greenroom", *purpose)).encode(), hashlib.sha256)

    @override
    def __repr__(self) -> str:
        return f"Keys({self.pubkey})"


def is_signed_by(pubkey: str, digest: bytes, signature: str) -> bool:
    """Tell whether the signature over 32 bytes is of this public key."""
    try:
        return PublicKeyXOnly(bytes.fromhex(pubkey)).verify(bytes.fromhex(signature), digest)
    except ValueError:
        return False
