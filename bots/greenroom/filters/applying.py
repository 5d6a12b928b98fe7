"""A filter over one file, whatever it is: a picture or a clip, by its bytes and not by its name."""

import asyncio
import contextlib
import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from greenroom.filters.chain import Step, identity_of
from greenroom.filters.clips import DEMUXERS, LONGEST_WORK, filter_clip
from greenroom.filters.pictures import WRITTEN, filtered_picture
from greenroom.filters.reading import LARGEST_PICTURE, read_bytes
from greenroom_adapters.contract import Media, MediaRefused
from greenroom_adapters.media import facts_of

__all__ = ["apply", "filtered"]

SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "video/mp4": ".mp4"}
"""Type that is written → what its files are called."""
TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".mp4": "video/mp4"}
"""What a file is called → the type that is written."""

Progress = Callable[[float], None]


def _silent(part: float) -> None:
    return


async def apply(
    chain: Sequence[Step],
    source: Path,
    into: Path,
    *,
    progress: Progress = _silent,
    name: str | None = None,
    patience: float = LONGEST_WORK,
) -> None:
    """Write `source` under a filter to `into`, whole or not at all, off the loop; the suffix of `into` says as what.

    `progress` hears how much is done, from 0 to 1, from any thread. In refusals the file is called `name`. A clip is
    given up after so many seconds of `patience`.

    :raises MediaRefused: with the reason, in words for whoever gave the file
    """
    wanted = TYPES.get(into.suffix.lower())
    if wanted is None:
        raise MediaRefused(f"{into.name}: call it .jpg, .png, .webp or, for a clip, .mp4")
    unfinished = into.with_name(f".{into.stem[:40]}.{secrets.token_hex(8)}.part")
    try:
        found = await asyncio.to_thread(_type_of, source)
        if found in DEMUXERS:
            _must_be(wanted == "video/mp4", f"is a clip: call what becomes of it .mp4, not {into.suffix}")
            await filter_clip(chain, source, unfinished, media_type=found, progress=progress, patience=patience)
            await asyncio.to_thread(unfinished.replace, into)
        else:
            # cancelled meanwhile, the thread goes on: it has nothing on the disk that it would leave there
            content = await asyncio.to_thread(_picture, chain, source, wanted, progress)
            await asyncio.to_thread(_written, content, unfinished, into)
    except MediaRefused as refusal:
        reason = str(refusal).removeprefix(f"{source.name} ")
        raise MediaRefused(f"{name or source.name} {reason}") from None
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


async def filtered(
    chain: Sequence[Step],
    media: Media,
    *,
    folder: Path,
    called: str | None = None,
    patience: float = LONGEST_WORK,
) -> Media:
    """Return what is to be published under a filter: a file in `folder`, which is named by what went into it, so that
    the work is done once. Its description stays. In refusals the original is `called` so.
    A clip is given up after so many seconds of `patience`.

    :raises MediaRefused: with the reason
    """
    source = Path(media.path)
    found = await asyncio.to_thread(_type_of, source)
    wanted = "video/mp4" if found in DEMUXERS else found if found in WRITTEN else "image/png"
    name = await asyncio.to_thread(_name, chain, source)
    made = folder / f"{name}{SUFFIXES[wanted]}"
    if not await asyncio.to_thread(made.is_file):
        await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        await apply(chain, source, made, name=called, patience=patience)
    return replace(media, path=str(made), media_type=wanted)


def _must_be(so: bool, why_not: str) -> None:
    if not so:
        raise MediaRefused(why_not)


def _type_of(source: Path) -> str | None:
    try:
        return facts_of(source).media_type
    except OSError as error:
        raise MediaRefused(f"{source.name} cannot be read: {error.strerror}") from None


def _name(chain: Sequence[Step], source: Path) -> str:
    try:
        with source.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise MediaRefused(f"{source.name} cannot be read: {error.strerror}") from None
    return hashlib.sha256(f"{content} {identity_of(chain)}".encode()).hexdigest()[:32]


def _picture(chain: Sequence[Step], source: Path, wanted: str, progress: Progress) -> bytes:
    _must_be(wanted in WRITTEN, "is no clip: call what becomes of it .jpg, .png or .webp, not .mp4")
    return filtered_picture(chain, read_bytes(source, LARGEST_PICTURE), media_type=wanted, progress=progress)[0]


def _written(content: bytes, unfinished: Path, into: Path) -> None:
    try:
        unfinished.write_bytes(content)
        unfinished.replace(into)
    finally:
        unfinished.unlink(missing_ok=True)
