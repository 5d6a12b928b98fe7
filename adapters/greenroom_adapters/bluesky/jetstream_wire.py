"""The JSON of Jetstream: `network.bsky.jetstream.subscribeEvents`, as far as it is used here.

This is the second version of its protocol. The first (`/subscribe`, `wantedCollections`, `time_us`) is kept by its
servers for old clients only; it leaves out in silence what is older than they keep, where the second says so.
"""

import re
from datetime import UTC, datetime

import msgspec

from greenroom_adapters.bluesky.identifiers import EPOCH, MICROSECOND, POST, AtUri

__all__ = ["FRAMES", "LARGEST", "PATH", "QUERY", "WireFrame", "WirePayload"]

PATH = "/xrpc/network.bsky.jetstream.subscribeEvents"
LARGEST = 1_000_000
"""Bytes of a frame; what is larger the server leaves out."""
QUERY = {"kinds": "commit", "collections": POST, "maxMessageSizeBytes": str(LARGEST)}
"""What of all that happens is sent."""
DID = re.compile(r"did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]")
RKEY = re.compile(r"[a-zA-Z0-9._~:-]{1,512}")


class WirePayload(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """`#commit`, what happened to a record, or `#info`, a word about the stream itself (`name`, `message`)."""

    type: str = msgspec.field(default="", name="$type")
    seq: int = 0
    did: str = ""
    time: str = ""
    witnessed_at: str = ""
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    record: msgspec.Raw = msgspec.Raw(b"null")
    name: str = ""
    message: str = ""

    @property
    def uri(self) -> AtUri | None:
        """Address of the record; None: it has none."""
        if DID.fullmatch(self.did) is None or RKEY.fullmatch(self.rkey) is None or self.collection != POST:
            return None
        return AtUri(self.did, self.collection, self.rkey)

    @property
    def happened_at(self) -> datetime | None:
        """When the server witnessed it (`time` is that too, unless its operator changed it); None: it does not say."""
        try:
            moment = datetime.fromisoformat(self.witnessed_at or self.time)
            return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        except ValueError:
            return None

    @property
    def microseconds(self) -> int | None:
        """The same in microseconds since 1970."""
        moment = self.happened_at
        return None if moment is None else (moment - EPOCH) // MICROSECOND


class WireFrame(msgspec.Struct, frozen=True, kw_only=True):
    """One message of the stream (AT Protocol, proposal 15, `xrpc.v1.json`), or the error with which it ends."""

    type: str = msgspec.field(default="", name="$type")
    payload: WirePayload = WirePayload()
    error: str = ""
    message: str = ""


FRAMES = msgspec.json.Decoder(WireFrame)
