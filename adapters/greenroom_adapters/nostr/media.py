"""Files that go along with a post: kept on a Blossom server (BUD-01, BUD-02), and linked."""

import base64
import hashlib
from collections.abc import Callable
from datetime import timedelta

import msgspec

from greenroom_adapters.contract import (
    AuthenticationFailed,
    ClipLimit,
    Media,
    MediaLimit,
    MediaRefused,
    PostRejected,
)
from greenroom_adapters.media import load
from greenroom_adapters.nostr.keys import Keys
from greenroom_adapters.nostr.wire import signed
from greenroom_adapters.nostr.writing import Attached
from greenroom_adapters.transport import Effect, Http

__all__ = ["LIMIT", "MediaServer"]

AUTHORIZATION = 24242
VALID_SECONDS = 600
"""How long a permission to upload holds: the server's clock may be another one."""
LIMIT = MediaLimit(
    count=8,
    types=frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4", "video/webm"}),
    bytes=10 * 1024 * 1024,
    alt_length=1500,
    clip=ClipLimit(bytes=50 * 1024 * 1024, count=1),
)
"""A server says only at the upload what it takes; these are sizes that public ones take."""


class Blob(msgspec.Struct, frozen=True):
    """What a server has stored (BUD-02, "Blob descriptor")."""

    url: str
    sha256: str
    size: int = 0


BLOBS = msgspec.json.Decoder(Blob)


class MediaServer:
    """One Blossom server. A file is kept under the digest of its bytes, so keeping it twice is keeping it once."""

    def __init__(self, http: Http, keys: Keys, *, now: Callable[[], int]) -> None:
        self._http = http
        self._keys = keys
        self._now = now

    async def keep(self, media: Media, *, within: timedelta) -> Attached:
        """Upload one file and return where it is.

        :raises MediaRefused: the server does not take it, or it cannot be read
        :raises Unavailable: the server cannot be reached
        """
        file = await load(media)
        digest = hashlib.sha256(file.content).hexdigest()
        try:
            answer = await self._http.call(
                "PUT",
                "/upload",
                effect=Effect.REPEATABLE,
                content=file.content,
                headers={"Content-Type": file.media_type, "Authorization": self._permission(digest)},
                deadline=within,
            )
            blob = self._http.decode(answer, BLOBS)
        except (AuthenticationFailed, PostRejected) as refused:  # the media server's, which knows no account
            raise self._http.error(MediaRefused, str(refused)) from None
        if blob.sha256 != digest:
            raise self._http.error(MediaRefused, "the media server has changed the file, so its link would be broken")
        if not blob.url.startswith(("https://", "http://")) or any(letter.isspace() for letter in blob.url):
            raise self._http.error(MediaRefused, "the media server gave no link to the file")
        return Attached(
            url=blob.url,
            alt=file.alt,
            media_type=file.media_type,
            sha256=digest,
            size=len(file.content),
            width=file.width,
            height=file.height,
        )

    def _permission(self, digest: str) -> str:
        now = self._now()
        event = signed(
            self._keys,
            created_at=now,
            kind=AUTHORIZATION,
            tags=(("t", "upload"), ("x", digest), ("expiration", str(now + VALID_SECONDS))),
            content="Upload a file of a post",
        )
        return f"Nostr {base64.b64encode(msgspec.json.encode(event)).decode()}"
