"""Encryption between two people (NIP-44, version 2): ChaCha20 under keys of HKDF, with an HMAC over it."""

import base64
import binascii
import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

from greenroom_adapters.nostr.keys import Keys

__all__ = ["LONGEST", "decrypt", "encrypt", "padded_length"]

VERSION = 2
LONGEST = 65_535
"""Bytes of text that one payload carries."""
SHORTEST_PAYLOAD, LONGEST_PAYLOAD = 99, 65_603
"""Bytes of a payload before it is written in base64."""


def encrypt(text: str, keys: Keys, pubkey: str, *, nonce: bytes | None = None) -> str:
    """Return `text` for this person's eyes. `nonce` is 32 bytes, never the same for two texts; None: drawn by lot.

    :raises ValueError: the text is empty or over `LONGEST` bytes, or this is no public key
    """
    plain = text.encode()
    if not 1 <= len(plain) <= LONGEST:
        raise ValueError(f"a text of {len(plain)} bytes cannot be encrypted")
    nonce = secrets.token_bytes(32) if nonce is None else nonce
    padded = len(plain).to_bytes(2) + plain.ljust(padded_length(len(plain)), b"\0")
    cipher, authentic = _ciphers(_conversation_key(keys, pubkey), nonce)
    sealed = cipher.encryptor().update(padded)
    return base64.b64encode(bytes((VERSION,)) + nonce + sealed + _mac(authentic, nonce, sealed)).decode()


def decrypt(payload: str, keys: Keys, pubkey: str) -> str:
    """Return what this person encrypted for us, or we for them.

    :raises ValueError: it cannot be read, was altered, or is not for us
    """
    if payload.startswith("#"):
        raise ValueError("encrypted in a way that is not known here")
    try:
        content = base64.b64decode(payload, validate=True)
    except binascii.Error as exc:
        raise ValueError("no encrypted text") from exc
    if not SHORTEST_PAYLOAD <= len(content) <= LONGEST_PAYLOAD:
        raise ValueError("an encrypted text of an impossible length")
    if content[0] != VERSION:
        raise ValueError(f"encrypted by version {content[0]}, which is not known here")
    nonce, sealed, mac = content[1:33], content[33:-32], content[-32:]
    cipher, authentic = _ciphers(_conversation_key(keys, pubkey), nonce)
    if not hmac.compare_digest(mac, _mac(authentic, nonce, sealed)):
        raise ValueError("an encrypted text that is not for us, or was altered")
    padded = cipher.decryptor().update(sealed)
    length = int.from_bytes(padded[:2])
    if not 1 <= length <= len(padded) - 2 or len(padded) != 2 + padded_length(length):
        raise ValueError("an encrypted text with a wrong length in it")
    return padded[2 : 2 + length].decode()


def padded_length(length: int) -> int:
    """Return how long a text of so many bytes is made, so that its length tells less about it."""
    if length <= 32:
        return 32
    power = 1 << (length - 1).bit_length()
    chunk = 32 if power <= 256 else power // 8
    return chunk * ((length - 1) // chunk + 1)


def _conversation_key(keys: Keys, pubkey: str) -> bytes:
    return hmac.digest(b"nip44-v2", keys.shared_with(pubkey), hashlib.sha256)


def _ciphers(conversation: bytes, nonce: bytes) -> tuple[Cipher[None], bytes]:
    """Return the cipher and the key of the HMAC for one message: HKDF's expansion to 76 bytes."""
    stream = block = b""
    for number in (1, 2, 3):
        block = hmac.digest(conversation, block + nonce + bytes((number,)), hashlib.sha256)
        stream += block
    # cryptography's nonce begins with the counter of blocks, four bytes, which starts at zero
    return Cipher(ChaCha20(stream[:32], bytes(4) + stream[32:44]), mode=None), stream[44:76]


def _mac(key: bytes, nonce: bytes, sealed: bytes) -> bytes:
    return hmac.digest(key, nonce + sealed, hashlib.sha256)
