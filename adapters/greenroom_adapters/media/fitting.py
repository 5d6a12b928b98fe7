"""Files made to fit what a platform takes, once, before the first try."""

import asyncio
import hashlib
import secrets
import weakref
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from greenroom_adapters.contract import ClipLimit, Media, MediaLimit, MediaRefused
from greenroom_adapters.media.clips import refit_clip, tells_place
from greenroom_adapters.media.facts import facts_of, media_type_of
from greenroom_adapters.media.limits import is_clip, too_much
from greenroom_adapters.media.pictures import FORMATS, refit_picture
from greenroom_adapters.media.provenance import Source, source_in

__all__ = ["fit"]

SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "video/mp4": ".mp4"}
READABLE = frozenset({*FORMATS, "image/gif", "image/bmp", "image/tiff", "image/avif"})
"""Pictures that can be made into others."""
LARGEST = 512 * 1024 * 1024
"""A file that is larger is not looked into."""


async def fit(media: Media, limit: MediaLimit, *, folder: Path) -> Media:
    """Return `media` as the platform takes it: the same where it does already, else a smaller or other file in
    `folder`, which is named by what went into it: of a video the work is done once.

    Pictures become upright and lose the place where they were taken; one that a model made says so, in its file and in
    `is_generated`, whichever of the two it was told by. Videos are encoded anew where they are over a
    limit or tell theirs. Nothing is cut off: neither the sides of a picture nor the end of a video. Types that are
    neither pictures nor videos are returned as they are.

    :raises MediaRefused: it cannot be read, or cannot be made to fit; the words say why
    """
    path = Path(media.path)
    try:
        return await _fitted(media, path, limit, folder)
    except MediaRefused as refusal:
        raise MediaRefused(f"{path.name} {refusal}") from None
    except OSError as error:
        raise MediaRefused(f"{path.name} cannot be read: {error.strerror}") from None


async def _fitted(media: Media, path: Path, limit: MediaLimit, folder: Path) -> Media:
    if media.media_type.startswith("image/"):
        return await asyncio.to_thread(_fitted_picture, media, path, limit, folder)
    if not is_clip(media.media_type):
        return media
    facts = facts_of(path)
    is_taken = media.media_type in limit.types
    if is_taken and too_much(facts, media.media_type, limit) is None and not tells_place(path):
        return media
    if "video/mp4" not in limit.types:
        raise MediaRefused("is a video, and the platform takes none" if not is_taken else "cannot be made to fit here")
    size = limit.clip or ClipLimit(bytes=limit.bytes, pixels=limit.pixels)
    digest = await asyncio.to_thread(_digest, path)
    made = folder / f"{_name(digest, size)}.mp4"
    async with _Alone.on(made):
        if not await asyncio.to_thread(_is_made, made):
            unfinished = _unfinished(made)
            unfinished.touch(mode=0o600)
            try:
                await refit_clip(path, size, into=unfinished)
                unfinished.replace(made)
            finally:
                unfinished.unlink(missing_ok=True)
    return replace(media, path=str(made), media_type="video/mp4")


class _Alone:
    """Lets one at a time make a certain file; the others find it made."""

    _at_work: ClassVar[weakref.WeakValueDictionary[Path, asyncio.Lock]] = weakref.WeakValueDictionary()

    @classmethod
    def on(cls, file: Path) -> asyncio.Lock:
        """Return the lock of a file, the same as long as somebody has it."""
        return cls._at_work.setdefault(file, asyncio.Lock())


def _is_made(file: Path) -> bool:
    """Say whether the work was done before; the folder is there from now on."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return file.exists()


def _fitted_picture(media: Media, path: Path, limit: MediaLimit, folder: Path) -> Media:
    if path.stat().st_size > LARGEST:
        raise MediaRefused("is too large to be opened")
    content = path.read_bytes()
    found = media_type_of(content)
    if found not in READABLE:
        kind = (
            "HEIC, which is not read here: save it as JPEG" if found == "image/heic" else "no picture that is read here"
        )
        raise MediaRefused(f"is {kind}")
    told = source_in(content)
    source = told or (Source.MODEL if media.is_generated else None)
    media = replace(media, is_generated=media.is_generated or (source is not None and source.is_generated))
    picture = refit_picture(content, found, limit, source=source, must_tell=source is not told)
    if picture is None:
        return media if found == media.media_type else replace(media, media_type=found)
    digest = hashlib.sha256(content + (source or "").encode()).hexdigest()
    made = folder / f"{_name(digest, limit)}{SUFFIXES[picture.media_type]}"
    if not _is_made(made):
        unfinished = _unfinished(made)
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(picture.content)
        unfinished.replace(made)
    return replace(media, path=str(made), media_type=picture.media_type)


def _unfinished(made: Path) -> Path:
    """Return where a file is written before it is whole; nobody else writes there."""
    return made.with_suffix(f".{secrets.token_hex(8)}.part")


def _digest(path: Path) -> str:
    if path.stat().st_size > LARGEST:
        raise MediaRefused("is too large to be encoded anew")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _name(digest: str, limit: MediaLimit | ClipLimit) -> str:
    """Return the name of what a file becomes under a limit."""
    types = sorted(limit.types) if isinstance(limit, MediaLimit) else []
    return hashlib.sha256(repr((digest, limit.bytes, limit.pixels, types)).encode()).hexdigest()[:32]
