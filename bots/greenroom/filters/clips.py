"""Filters over clips: ffmpeg as a process of its own, with what the operations planned, within bounds."""

import asyncio
import contextlib
import math
import os
import re
import tempfile
from collections.abc import AsyncGenerator, Callable, Sequence
from itertools import groupby
from pathlib import Path

from greenroom.filters.chain import Step, operations_of
from greenroom.filters.colours import ColourOperation, change_clip
from greenroom.filters.operation import Operation, Plan
from greenroom.filters.plates import Plate, lay_over_clip
from greenroom_adapters.contract import MediaRefused
from greenroom_adapters.media import find_ffmpeg

__all__ = ["DEMUXERS", "LARGEST_CLIP", "LONGEST_CLIP", "LONGEST_WORK", "filter_clip"]

LARGEST_CLIP = 512 * 1024 * 1024
"""Bytes of a clip; a larger one is not looked into."""
LONGEST_CLIP = 15 * 60.0
"""Seconds that a clip may play, before and after."""
MOST_PIXELS = 3840 * 2160
"""Pixels of a frame."""
PATIENCE = 30.0
"""Seconds in which ffmpeg must have read the first frame."""
LONGEST_WORK = 1_800.0
"""Seconds after which the work is given up."""
LARGEST_RESULT = LARGEST_CLIP
"""Bytes that a clip may become: grain over a large one would fill the disk."""
LARGEST_PIECE = 256 * 1024 * 1024
"""Bytes of memory that ffmpeg may take at a time: a hostile file asks for more."""
DEMUXERS = {"video/mp4": "mov", "video/quicktime": "mov", "video/webm": "matroska"}
"""Types that are read → the one demuxer that is let near each: a playlist under the name of a film would make ffmpeg
open whatever stands in it."""

Progress = Callable[[float], None]


async def filter_clip(
    chain: Sequence[Step],
    source: Path,
    into: Path,
    *,
    media_type: str,
    progress: Progress = lambda part: None,
    patience: float = LONGEST_WORK,
) -> None:
    """Write the clip `source` under a filter to the file `into`, as MP4 and without what it tells beside what is seen
    and heard. Cancelled, or after so many seconds of `patience`, it ends ffmpeg.

    :raises MediaRefused: there is no ffmpeg, the clip is broken or over a bound, or a file of the filter is
    """
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        raise MediaRefused("is a clip, and there is no ffmpeg here: install it, or `greenroom[video]`")
    demuxer = DEMUXERS.get(media_type)
    if demuxer is None:
        raise MediaRefused(f"is {media_type}, and clips are read as MP4, QuickTime and WebM")
    if await asyncio.to_thread(os.path.getsize, source) > LARGEST_CLIP:
        raise MediaRefused(f"is larger than {LARGEST_CLIP // 1024 // 1024} MB")
    opened = (
        # of the processor's time, whoever is there to end it: it outlives a bot that is killed
        *(
            ffmpeg,
            "-timelimit",
            str(math.ceil(3 * patience)),
            "-nostdin",
            "-hide_banner",
            "-y",
            "-max_alloc",
            str(LARGEST_PIECE),
        ),
        *("-protocol_whitelist", "file", "-f", demuxer, "-max_pixels", str(MOST_PIXELS), "-threads", "1"),
        *("-i", _address(source)),
    )
    width, height, seconds = await _look(opened)
    with tempfile.TemporaryDirectory(prefix="greenroom-filter-") as folder:
        plan = Plan(folder=Path(folder), width=width, height=height, seconds=seconds)
        await asyncio.to_thread(_planned, chain, plan)
        if plan.seconds is not None and plan.seconds > LONGEST_CLIP:
            raise MediaRefused(f"would play for {plan.seconds / 60:.0f} minutes, and {LONGEST_CLIP / 60:.0f} are done")
        written = (
            *("-filter_complex", ";".join(plan.graph), "-map", f"[{plan.label}]", "-map", "0:a:0?"),
            *(("-af", ",".join(plan.sound)) if plan.sound else ()),
            *("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"),
            *("-flags:a", "+bitexact", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-fpsmax", "60"),
            *("-pix_fmt", "yuv420p", "-threads", "1", "-filter_complex_threads", "2", "-c:a", "aac", "-b:a", "128k"),
            *("-t", f"{LONGEST_CLIP:g}", "-fs", str(LARGEST_RESULT), "-movflags", "+faststart", "-f", "mp4"),
            *("-loglevel", "error", "-nostats", "-stats_period", "0.5", "-progress", "pipe:1"),
            _address(into),
        )
        await _work((*opened, *plan.inputs, *written), Path(folder), plan.seconds, progress, patience)
    if await asyncio.to_thread(os.path.getsize, into) >= LARGEST_RESULT:
        raise MediaRefused(f"would become larger than {LARGEST_RESULT // 1024 // 1024} MB: make it shorter or smaller")
    progress(1.0)


def _address(path: Path) -> str:
    """Return a path as ffmpeg takes it for nothing but a file, wherever ffmpeg works."""
    return f"file:{os.path.abspath(path)}"


def _planned(chain: Sequence[Step], plan: Plan) -> None:
    """Let every operation plan its part. Colours that stand beside each other are one table, and what lies over the
    frame is one picture."""
    for kind, group in groupby(operations_of(chain), _kind):
        if kind is ColourOperation:
            change_clip(tuple(one for one in group if isinstance(one, ColourOperation)), plan)
        elif kind is Plate:
            lay_over_clip(tuple(one for one in group if isinstance(one, Plate)), plan)
        else:
            for operation in group:
                operation.on_clip(plan)
    # the encoder wants even sides
    plan.see("crop=trunc(iw/2)*2:trunc(ih/2)*2:0:0,setsar=1")


def _kind(operation: Operation) -> type[Operation]:
    return next((kind for kind in (ColourOperation, Plate) if isinstance(operation, kind)), Operation)


_DURATION = re.compile(rb"^  Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)", re.MULTILINE)
"""At the beginning of its line: a title of a clip stands further in."""
_SIZE = re.compile(rb"P6\s+(\d+)\s+(\d+)\s")


async def _look(opened: Sequence[str]) -> tuple[int, int, float | None]:
    """Return how large a clip shows, upright, and how long it plays: by its first frame, which must be whole.

    :raises MediaRefused: there is none, or it is over a bound
    """
    looking = (*opened, "-map", "0:v:0", "-frames:v", "1", "-c:v", "ppm", "-f", "image2pipe", "pipe:1")
    process = await asyncio.create_subprocess_exec(
        *looking, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with _ended(process):
        try:
            frame, said = await asyncio.wait_for(process.communicate(), PATIENCE)
        except TimeoutError:
            raise MediaRefused(f"shows no picture within {PATIENCE:.0f} seconds") from None
    size = _SIZE.match(frame[:32])
    if size is None:
        raise MediaRefused(f"cannot be read as a clip: {_words(said, last=True)}")
    found = _DURATION.search(said)
    seconds = None if found is None else int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
    if seconds is not None and seconds > LONGEST_CLIP:
        raise MediaRefused(f"plays for {seconds / 60:.0f} minutes, and {LONGEST_CLIP / 60:.0f} are done: cut it")
    return int(size[1]), int(size[2]), seconds


async def _work(
    command: Sequence[str], folder: Path, seconds: float | None, progress: Progress, patience: float
) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with _ended(process):
        complaints = asyncio.ensure_future(_heard(process.stderr))
        try:
            async with asyncio.timeout(patience):
                assert process.stdout is not None  # noqa: S101 - it is a pipe
                async for line in process.stdout:
                    key, _, value = line.decode("ascii", "replace").strip().partition("=")
                    if key == "out_time_us" and value.isdigit() and seconds:
                        progress(min(0.99, int(value) / 1e6 / seconds))
                await process.wait()
                said = await complaints
        except TimeoutError:
            raise MediaRefused(f"took longer than {patience / 60:.0f} minutes: make it shorter or smaller") from None
        finally:
            complaints.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await complaints
    if process.returncode:
        raise MediaRefused(f"cannot be filtered: {_words(said, last=False)}")


async def _heard(stream: asyncio.StreamReader | None) -> bytes:
    """Read a stream to its end, and return the last of it."""
    assert stream is not None  # noqa: S101 - it is a pipe
    last = b""
    while piece := await stream.read(65_536):
        last = (last + piece)[-4_096:]
    return last


@contextlib.asynccontextmanager
async def _ended(process: asyncio.subprocess.Process) -> AsyncGenerator[None]:
    """End the process in any case."""
    try:
        yield
    finally:
        if process.returncode is None:
            process.kill()
            # to the end of what it wrote: a pipe that nobody empties is never closed, and the end never told
            await process.communicate()


def _words(said: bytes, *, last: bool) -> str:
    """Return what ffmpeg complained of: the line that it ends with, or the one that it began with."""
    lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    line = lines[-1 if last else 0] if lines else "it holds nothing that is seen"
    return re.sub(r"^(\[[^\]]*\]\s*)+", "", line)[:200]
