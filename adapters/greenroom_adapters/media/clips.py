"""Videos encoded anew by ffmpeg, as a process of its own, until they are within a platform's limits."""

import asyncio
import shutil
from pathlib import Path

from greenroom_adapters.contract import ClipLimit, MediaRefused
from greenroom_adapters.media.facts import Facts, facts_of
from greenroom_adapters.media.limits import megabytes
from greenroom_adapters.media.mp4 import read_mp4

__all__ = ["find_ffmpeg", "refit_clip", "tells_place"]

LONGEST_SECONDS = 900.0
"""A clip that takes longer to encode is given up."""
SOUND = 96_000
"""Bits a second for what is heard."""
SPARE = 0.93
"""Share of the size that the bits are planned for: the container needs some, and encoders aim badly."""
LEAST = 120_000
"""Bits a second below which nothing can be recognised."""
SIDES = (1280, 960, 640, 426)
"""Longest sides, in pixels, from the best down."""


def find_ffmpeg() -> str | None:
    """Return the ffmpeg of this machine, else that of the extra `video`; None: there is none."""
    if (found := shutil.which("ffmpeg")) is not None:
        return found
    try:
        # pyright and mypy: the package ships no types
        from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
    except ModuleNotFoundError:
        return None
    try:
        return str(get_ffmpeg_exe())
    except RuntimeError:
        return None


def tells_place(path: Path) -> bool:
    """Say whether a clip tells where it was filmed.

    :raises OSError: it cannot be read
    """
    with path.open("rb") as file:
        clip = read_mp4(file, path.stat().st_size)
    return clip is not None and clip.tells_place


async def refit_clip(path: Path, limit: ClipLimit, *, into: Path) -> None:
    """Write the clip, as MP4 within the limits and without what it tells of its camera, to the file `into`.

    :raises MediaRefused: there is no ffmpeg, it cannot read the file, or the clip cannot be made small enough
    """
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        raise MediaRefused("must be encoded anew, and there is no ffmpeg here: install it, or `greenroom[video]`")
    await _encode(ffmpeg, path, into, side=SIDES[0], rate=None)
    facts = facts_of(into)
    if _holds(facts, limit):
        return
    if not facts.seconds:
        raise MediaRefused("cannot be made to fit: how long it plays is unknown")
    if limit.seconds is not None and facts.seconds > limit.seconds:
        raise MediaRefused(f"plays for {facts.seconds:.0f} seconds, and the platform takes {limit.seconds:.0f}: cut it")
    rate = int(limit.bytes * 8 * SPARE / facts.seconds) - SOUND
    for side in SIDES:
        if rate < LEAST:
            break
        await _encode(ffmpeg, path, into, side=side, rate=rate)
        if _holds(facts_of(into), limit):
            return
        rate = int(rate * 0.85)
    raise MediaRefused(f"cannot be made to fit into {megabytes(limit.bytes)}: cut it")


def _holds(facts: Facts, limit: ClipLimit) -> bool:
    pixels = (facts.width or 0) * (facts.height or 0)
    return (
        facts.bytes <= limit.bytes
        and (limit.pixels is None or pixels <= limit.pixels)
        and (limit.seconds is None or (facts.seconds or 0.0) <= limit.seconds)
    )


async def _encode(ffmpeg: str, path: Path, into: Path, *, side: int, rate: int | None) -> None:
    scale = f"scale='min({side},iw)':'min({side},ih)':force_original_aspect_ratio=decrease:force_divisible_by=2"
    quality = ("-crf", "23") if rate is None else ("-b:v", str(rate), "-maxrate", str(rate), "-bufsize", str(rate))
    command = (
        *(ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-i", str(path), "-map_metadata", "-1"),
        *("-map", "0:v:0", "-map", "0:a:0?", "-vf", scale, "-c:v", "libx264", "-preset", "veryfast"),
        *("-pix_fmt", "yuv420p", *quality, "-c:a", "aac", "-b:a", str(SOUND), "-movflags", "+faststart"),
        *("-f", "mp4", str(into)),
    )
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, said = await asyncio.wait_for(process.communicate(), LONGEST_SECONDS)
    except TimeoutError:
        raise MediaRefused(f"took longer than {LONGEST_SECONDS / 60:.0f} minutes to encode: cut it") from None
    finally:
        if process.returncode is None:
            process.kill()
            # to the end of what it wrote: a pipe that nobody empties is never closed, and the end never told
            await process.communicate()
    if process.returncode:
        last = said.decode(errors="replace").strip().splitlines()[-1:]
        raise MediaRefused(f"cannot be encoded: {''.join(last)[:200]}")
