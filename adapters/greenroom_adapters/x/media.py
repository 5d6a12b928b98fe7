"""Files that go along with a post: which X takes, and how they get there, piece by piece."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from greenroom_adapters.contract import (
    ClipLimit,
    Forbidden,
    Media,
    MediaLimit,
    MediaRefused,
    PostRejected,
    TargetGone,
    Unavailable,
)
from greenroom_adapters.x.api import Api
from greenroom_adapters.x.plan import Progress
from greenroom_adapters.x.wire import WireProcessing

__all__ = ["LIMIT", "Uploads", "odd_company"]

GIF = "image/gif"
LIMIT = MediaLimit(
    count=4,
    types=frozenset({"image/jpeg", "image/png", "image/webp", GIF, "video/mp4"}),
    bytes=5_000_000,
    alt_length=1000,
    clip=ClipLimit(bytes=512_000_000, count=1, seconds=140),
)
"""X, "Media best practices". A GIF may have 15 MB there; one that is larger than a picture is better as a video."""
PIECE = 4 * 1024 * 1024
"""Bytes of one segment. X takes 1,000 segments and names no largest size; its own client sends so much."""
LASTS = timedelta(hours=12)
"""So long an upload is relied upon. X keeps one for a day and more (`expires_after_secs`)."""
PATIENCE = timedelta(seconds=5)
"""A file that X works on for longer is asked for at the next try: the time of one try is for the post."""


def odd_company(media: Sequence[Media]) -> str | None:
    """Say what keeps these files from going into one post; None: nothing."""
    if len(media) > 1 and any(one.media_type == GIF for one in media):
        return "a GIF stands alone in a post: leave the other files out, or make it a picture"
    return None


class Uploads:
    """Brings the files of one post to X."""

    def __init__(self, api: Api, *, now: Callable[[], datetime]) -> None:
        self._api = api
        self._now = now

    async def bring(
        self,
        media: Sequence[Media],
        *,
        private: bool,
        state: bytes | None,
        save: Callable[[bytes], Awaitable[None]],
        left: Callable[[], timedelta],
    ) -> tuple[str, ...]:
        """Return the ids of the files, all of them ready. Goes on from `state`, and saves each step.

        :raises Unavailable: X is not done with them, or the time that is `left` does not reach: try again
        :raises MediaRefused: X does not take one of them
        """
        progress = Progress.read(state)
        if progress is None or self._now() - progress.begun_at > LASTS:
            progress = Progress(begun_at=self._now())
        try:
            while len(progress.ready) < len(media):
                progress = await self._step(progress, media[len(progress.ready)], private=private, left=left)
                await save(progress.stored())
        except (MediaRefused, TargetGone, Forbidden) as refused:
            raise self._api.http.error(MediaRefused, str(refused)) from None
        return progress.ready

    async def _step(
        self, progress: Progress, media: Media, *, private: bool, left: Callable[[], timedelta]
    ) -> Progress:
        """Make the next step with a file: announce it, bring a piece, say that it is whole, or describe it."""
        if left() <= timedelta(0):
            raise self._api.http.error(Unavailable, "the files took too long for one try")
        path = Path(media.path)
        if not progress.current:
            name = await self._api.begin_upload(
                media_type=media.media_type,
                size=await asyncio.to_thread(_size, path),
                category=_category(media.media_type, private=private),
            )
            return msgspec.structs.replace(progress, current=name, segments=0, is_whole=False)
        piece = b""
        if not progress.is_whole:
            piece = await asyncio.to_thread(_piece, path, progress.segments)
        if piece:
            await self._api.append(progress.current, progress.segments, piece, deadline=left())
            return msgspec.structs.replace(progress, segments=progress.segments + 1)
        if not progress.is_whole:
            upload = await self._api.finish_upload(progress.current)
            if upload.processing_info.state == "failed":
                raise self._api.http.error(MediaRefused, f"X cannot read {path.name}")
            return msgspec.structs.replace(progress, is_whole=True)
        await self._processed(progress.current, path.name, left)
        await self._api.describe(progress.current, media.alt)
        return msgspec.structs.replace(progress, ready=(*progress.ready, progress.current), current="")

    async def _processed(self, name: str, shown: str, left: Callable[[], timedelta]) -> None:
        """Return when X is done with a file. Pictures are done at once, and X may know nothing to tell of them."""
        while True:
            try:
                told = (await self._api.upload(name)).processing_info
            except PostRejected:
                told = WireProcessing()
            if told.state == "succeeded":
                return
            if told.state == "failed":
                raise self._api.http.error(MediaRefused, f"X cannot read {shown}")
            pause = timedelta(seconds=max(1, told.check_after_secs))
            if pause > PATIENCE or left() <= pause + PATIENCE:
                raise self._api.http.error(Unavailable, f"X still works on {shown}")
            await asyncio.sleep(pause.total_seconds())


def _category(media_type: str, *, private: bool) -> str:
    kind = "video" if media_type.startswith("video/") else "gif" if media_type == GIF else "image"
    return f"{'dm' if private else 'tweet'}_{kind}"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise MediaRefused(f"{path.name} cannot be read: {error.strerror}") from None


def _piece(path: Path, number: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(number * PIECE)
            return file.read(PIECE)
    except OSError as error:
        raise MediaRefused(f"{path.name} cannot be read: {error.strerror}") from None
