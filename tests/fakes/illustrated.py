"""A bot whose posts on Instagram have a picture, whoever wrote them: the suite of every adapter posts words alone."""

import base64
from dataclasses import replace
from pathlib import Path

from typing_extensions import override

from greenroom_adapters.contract import Absent, Attempt, Found, Media, Post, Receipt, Undecided
from greenroom_adapters.instagram import InstagramAdapter

__all__ = ["Illustrated"]

JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwS"
    "ExIQEw8QEBD/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AVN//2Q=="
)
"""A picture of one pixel."""
SMALL = 1000


class Illustrated(InstagramAdapter):
    """The adapter, for a bot that has a picture with every post, and pictures as Instagram takes them."""

    folder: Path
    """Where the picture lies."""

    @override
    def prepare(self, post: Post, *, key: str) -> bytes:
        return super().prepare(self._with_picture(post), key=key)

    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        return await super().publish(replace(attempt, post=self._with_picture(attempt.post)))

    @override
    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        return await super().find(replace(attempt, post=self._with_picture(attempt.post)))

    def _with_picture(self, post: Post) -> Post:
        if post.direct_to is not None or post.in_reply_to is not None:
            return post
        media = post.media or (Media(path="", media_type="image/jpeg", alt="a pixel"),)
        return replace(post, media=tuple(self._as_taken(one) for one in media))

    def _as_taken(self, media: Media) -> Media:
        """Return a picture as Instagram takes it: what delivery does before a post reaches its adapter."""
        path = Path(media.path)
        if media.path and (media.media_type != "image/png" or path.stat().st_size > SMALL):
            return media
        pixel = self.folder / "pixel.jpg"
        if not pixel.exists():
            pixel.write_bytes(JPEG)
        return replace(media, path=str(pixel), media_type="image/jpeg")
