"""Where the pictures and clips of a bot lie as their platforms take them."""

import asyncio
import contextlib
import os
import time
from dataclasses import replace
from pathlib import Path

from greenroom_adapters.contract import Media, MediaLimit, Post
from greenroom_adapters.media import fit

__all__ = ["Shelf"]


class Shelf:
    """A folder of files that were made to fit a platform. It is made with the first of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def fit(self, post: Post, limit: MediaLimit) -> tuple[Post, list[str]]:
        """Return the post with files that fit `limit`, and what was done to them, in words.

        :raises MediaRefused: a file cannot be read, or cannot be made to fit
        """
        fitted: list[Media] = []
        notes: list[str] = []
        for media in post.media:
            made = await fit(media, limit, folder=self._folder)
            if made.path != media.path:
                # it is used now, however long ago it was made
                await asyncio.to_thread(os.utime, made.path)
                notes.append(await asyncio.to_thread(_told, media, made))
            fitted.append(made)
        return replace(post, media=tuple(fitted)), notes

    def clear(self, *, before: int) -> None:
        """Remove what was last used before this moment (microseconds since 1970)."""
        for file in self._folder.iterdir() if self._folder.is_dir() else ():
            # what stands there and is not ours, or vanishes meanwhile, is no reason to stop
            with contextlib.suppress(OSError):
                if file.is_file() and file.stat().st_mtime < min(before / 1e6, time.time()):
                    file.unlink()


def _told(media: Media, made: Media) -> str:
    sizes = (os.stat(one.path).st_size / 1e6 for one in (media, made))
    was, became = (f"{size:.2f} MB" for size in sizes)
    return f"{Path(media.path).name}: {media.media_type} of {was} went out as {made.media_type} of {became}"
