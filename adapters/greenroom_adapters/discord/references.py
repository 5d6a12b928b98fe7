"""How the posts of Discord are named here, and how our keys travel with them."""

import base64
import re

from greenroom_adapters.contract import PostRef, key_digest

__all__ = ["command_given", "command_of", "digest_of_nonce", "nonce_of", "place", "reference"]

OURS = re.compile(r"(\d{1,20})/(\d{1,20})")
COMMAND = re.compile(r"(\d{1,20})/(command|private)-(\d{1,20})")
DIGEST = "greenroom-"
"""How `key_digest` begins; 20 bytes in hexadecimal follow."""
DIGEST_BYTES = 20
NONCE_LENGTH = 25
"""Largest length of a nonce (contract, `MessageCreateRequest`), and exactly what 20 bytes take in base 85."""


def reference(channel: str, message: str, *, guild: str | None) -> PostRef:
    """Return the identity of a message: the API finds it by its channel and its own id together."""
    return PostRef(id=f"{channel}/{message}", url=f"https://discord.com/channels/{guild or '@me'}/{channel}/{message}")


def place(ref: PostRef) -> tuple[str, str] | None:
    """Return the channel and the message that a `PostRef` of ours names; None: it is not one of Discord."""
    found = OURS.fullmatch(ref.id)
    return None if found is None else (found[1], found[2])


def command_given(channel: str, interaction: str, *, is_private: bool) -> PostRef:
    """Return what stands for a command that somebody gave in a channel."""
    return PostRef(id=f"{channel}/{'private' if is_private else 'command'}-{interaction}")


def command_of(ref: PostRef) -> tuple[str, str, bool] | None:
    """Return the channel and the id of the command that a `PostRef` stands for, and whether its answer is private;
    None: it stands for something else."""
    found = COMMAND.fullmatch(ref.id)
    return None if found is None else (found[1], found[3], found[2] == "private")


def nonce_of(key: str) -> str:
    """Return the nonce under which a post with this key is sent: its digest, as short as a nonce must be."""
    return base64.b85encode(bytes.fromhex(key_digest(key).removeprefix(DIGEST))).decode()


def digest_of_nonce(nonce: str | int | None) -> str | None:
    """Return the `key_digest` that a nonce of ours stands for; None: it is somebody else's, or there is none.

    Nobody else can have set it: a nonce is only seen on one's own messages, and programs that use one take numbers.
    """
    if not isinstance(nonce, str) or len(nonce) != NONCE_LENGTH:
        return None
    try:
        digest = base64.b85decode(nonce)
    except ValueError:
        return None
    return DIGEST + digest.hex() if len(digest) == DIGEST_BYTES else None
