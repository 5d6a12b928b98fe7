"""A bot whose posts on TikTok have a video, whoever wrote them: the suite of every adapter posts words alone."""

from dataclasses import replace
from pathlib import Path

from illustrated import JPEG
from typing_extensions import override

from greenroom_adapters.contract import Absent, Attempt, Found, Media, Post, Receipt, Undecided
from greenroom_adapters.tiktok import TikTokAdapter

__all__ = ["MP4", "Filmed"]

MP4 = b"\0\0\0\x18ftypisom\0\0\0\0isomavc1 a lamp that turns"
SMALL = 1000


class Filmed(TikTokAdapter):
    """The adapter, for a bot that has a video with every post, and pictures as TikTok takes them."""

    folder: Path
    """Where the files lie."""

    @override
    def prepare(self, post: Post, *, key: str) -> bytes:
        return super().prepare(self._with_video(post), key=key)

    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        return await super().publish(replace(attempt, post=self._with_video(attempt.post)))

    @override
    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        return await super().find(replace(attempt, post=self._with_video(attempt.post)))

    def _with_video(self, post: Post) -> Post:
        if post.direct_to is not None or post.in_reply_to is not None or post.room is not None:
            return post
        if not post.media:
            return replace(post, media=(Media(path=self._file("clip.mp4", MP4), media_type="video/mp4", alt="a lamp"),))
        return replace(post, media=tuple(self._as_taken(one) for one in post.media))

    def _as_taken(self, media: Media) -> Media:
        """Return a picture as TikTok takes it: what delivery does before a post reaches its adapter."""
        if media.media_type != "image/png" or Path(media.path).stat().st_size > SMALL:
            return media
        return replace(media, path=self._file("pixel.jpg", JPEG), media_type="image/jpeg")

    def _file(self, name: str, content: bytes) -> str:
        file = self.folder / name
        if not file.exists():
            file.write_bytes(content)
        return str(file)
