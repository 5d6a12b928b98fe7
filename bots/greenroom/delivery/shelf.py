"""Where the pictures and clips of a bot lie as their platforms take them."""

import asyncio
import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from greenroom.delivery.sealing import LARGEST, Sealer
from greenroom.filters import LONGEST_WORK, Chain, built_in, filtered
from greenroom_adapters.contract import Media, MediaLimit, MediaRefused, Post
from greenroom_adapters.media import facts_of, fit, is_told_generated

__all__ = ["Shelf"]


class Shelf:
    """A folder of files that were made to fit a platform. It is made with the first of them."""

    def __init__(
        self,
        folder: Path,
        *,
        filters: Callable[[], Mapping[str, Chain]] = built_in,
        sealer: Callable[[], Sealer | None] = lambda: None,
    ) -> None:
        """Take the folder; `filters` says which there are at the moment, by name, and `sealer` who signs what a model
        made."""
        self._sealer = sealer
        # what is on the shelf is named in the ledger, and read by a bot that was started in another folder
        self._folder = folder.absolute()
        self._filters = filters
        self._pictures, self._clips = asyncio.Lock(), asyncio.Lock()
        """One picture and one clip at a time: memory is what is bounded, and several would wait for the same processor.
        No picture waits for a clip, which may take half an hour."""

    async def fit(self, post: Post, limit: MediaLimit, *, filter_name: str | None = None) -> tuple[Post, list[str]]:
        """Return the post with files that fit `limit`, under the filter of this name, and what was done to them, in
        words. The same files come to the same in every later call.

        :raises MediaRefused: a file cannot be read, or cannot be made to fit; there is no such filter
        """
        fitted: list[Media] = []
        notes: list[str] = []
        for original in post.media:
            is_generated = original.is_generated or await asyncio.to_thread(_is_told_generated, original)
            media = replace(original, is_generated=is_generated)
            if filter_name is not None:
                media = await self.filtered(media, filter_name)
                notes.append(f"{Path(original.path).name}: under the filter {filter_name}")
            sealer = self._sealer() if is_generated else None
            has_room = sealer is not None and limit.bytes >= 4 * LARGEST
            room = replace(limit, bytes=limit.bytes - LARGEST) if has_room else limit
            made = await fit(media, room, folder=self._folder)
            if made.path != media.path:
                # it is used now, however long ago it was made
                await asyncio.to_thread(os.utime, made.path)
                notes.append(await asyncio.to_thread(_told, media, made))
            if sealer is not None:
                # last of all: whatever changes a file breaks its seal
                path, note = await asyncio.to_thread(
                    sealer.seal, Path(made.path), made.media_type, most=limit.bytes, folder=self._folder
                )
                made = replace(made, path=str(path))
                notes.append(f"{Path(original.path).name} {note}")
            fitted.append(made)
        return replace(post, media=tuple(fitted)), notes

    async def filtered(
        self, media: Media, name: str, *, called: str | None = None, patience: float = LONGEST_WORK
    ) -> Media:
        """Return what is attached under the filter of this name: a file in the folder, made once. In refusals the
        original is `called` so, instead of by its file's name. A clip is given up after so many seconds of `patience`.

        :raises MediaRefused: there is no such filter, or the file cannot be worked on
        """
        chain = self._filters().get(name)
        if chain is None:
            raise MediaRefused(f"there is no filter {name} any more: write it, or take it out of the post")
        async with self._clips if await asyncio.to_thread(_is_clip, media.path) else self._pictures:
            made = await filtered(chain, media, folder=self._folder, called=called, patience=patience)
        await asyncio.to_thread(os.utime, made.path)
        return made

    async def kept(self, content: bytes) -> Path:
        """Write what somebody sent into the folder, for its owner alone. Whoever asked removes it; what a crash leaves
        is cleared like everything here."""
        path = self._folder / f".{secrets.token_hex(8)}.part"
        await asyncio.to_thread(_write, path, content)
        return path

    async def put(self, content: bytes, suffix: str) -> Path:
        """Write what was made here into the folder, under a name that is the same for the same bytes; return where."""
        path = self._folder / f"{hashlib.sha256(content).hexdigest()[:32]}{suffix}"
        await asyncio.to_thread(_put, path, content)
        return path

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


def _is_told_generated(media: Media) -> bool:
    try:
        return is_told_generated(Path(media.path))
    except OSError:
        # whoever reads it next says why not
        return False


def _is_clip(path: str) -> bool:
    try:
        found = facts_of(Path(path)).media_type
    except OSError:
        # whoever reads it next says why not
        return False
    return found is not None and found.startswith("video/")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(content)


def _put(path: Path, content: bytes) -> None:
    if path.is_file():
        # it is used now, however long ago it was made
        os.utime(path)
        return
    unfinished = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        _write(unfinished, content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
