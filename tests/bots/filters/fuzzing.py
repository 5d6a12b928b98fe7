"""Broken and hostile media: small valid files of every kind, damaged by a seed in the ways that files are damaged.

    python tests/bots/filters/fuzzing.py [COUNT] [SEED]

opens each of COUNT files (1000, unless told otherwise) as a bot opens a file of a stranger: it is sniffed, laid under
a filter, looked at, and made to fit. Each is worked on or refused with a reason; anything else is printed with its
number, and the exit code is 1. Every file is made from SEED and its number alone.
"""

import asyncio
import collections
import io
import random
import resource
import struct
import subprocess
import sys
import tempfile
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from greenroom.filters import apply, built_in
from greenroom.turns.picturing import made_small
from greenroom_adapters.contract import Media, MediaLimit, MediaRefused
from greenroom_adapters.media import facts_of, find_ffmpeg, fit, is_told_generated, source_in

COUNT, SEED = 1000, 6
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "ICO", "PPM")
LIMIT = MediaLimit(
    count=1, types=frozenset({"image/png", "image/jpeg", "video/mp4"}), bytes=200_000, alt_length=100, pixels=100_000
)
PATIENCE = 20.0
"""Seconds for one clip."""


def valid_files(folder: Path) -> list[bytes]:
    """Return small files that can be opened: pictures in every format and mode, and clips where there is ffmpeg."""
    files: list[bytes] = []
    for mode in ("RGB", "RGBA", "L", "P", "1", "CMYK", "I;16"):
        picture = Image.effect_noise((40, 30), 90).convert("RGB")
        for kind in FORMATS:
            out = io.BytesIO()
            try:
                (picture.convert(mode) if mode != "I;16" else picture.convert("L").convert("I;16")).save(out, kind)
            except (OSError, ValueError, KeyError):
                continue
            files.append(out.getvalue())
    moving = io.BytesIO()
    frames = [Image.new("RGB", (20, 20), (step * 40, 0, 0)) for step in range(4)]
    frames[0].save(moving, "GIF", save_all=True, append_images=frames[1:])
    files.append(moving.getvalue())
    files.extend(hostile())
    if (ffmpeg := find_ffmpeg()) is not None:
        for name in ("clip.mp4", "clip.webm", "clip.mov"):
            source = (ffmpeg, "-loglevel", "error", "-y", "-f", "lavfi", "-i", "testsrc=s=64x48:r=5:d=1")
            subprocess.run([*source, str(folder / name)], check=True)  # noqa: S603 - a program of this machine
            files.append((folder / name).read_bytes())
    return files


def hostile() -> Iterator[bytes]:
    """Yield files that are made to do harm: bombs, lies about size, programs under the name of a picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = b"\x89PNG\r\n\x1a\n"
    for width, height in ((1 << 30, 1 << 30), (60_000, 60_000), (0, 5), (1, 1)):
        size = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        yield head + size + chunk(b"IDAT", zlib.compress(b"\0" * 10_000_000, 9)) + chunk(b"IEND", b"")
    text = chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"x" * 50_000_000, 9))
    size = chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0))
    yield head + size + text + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    yield b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) print quit\n"
    yield b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>"
    yield b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"
    yield b"MZ" + b"\0" * 500
    yield b""


def damaged(files: list[bytes], seed: int, number: int) -> bytes:
    """Return file `number`: one of the valid ones, cut, flipped, doubled, swollen, or grown together with another."""
    chance = random.Random(f"{seed}/{number}")  # noqa: S311 - the same in every run
    content = bytearray(chance.choice(files))
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(content) + 1)
        match chance.randrange(7):
            case 0:
                del content[place:]
            case 1:
                for _ in range(chance.randint(1, 8)):
                    if content:
                        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            case 2:
                content[place : place + 4] = struct.pack(">I", chance.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 65_535)))
            case 3:
                content[place:place] = chance.randbytes(chance.randint(1, 200))
            case 4:
                content[place:place] = content[: chance.randint(0, len(content))]
            case 5:
                del content[place : place + chance.randint(1, 64)]
            case _:
                content += chance.choice(files)[chance.randint(0, 32) :]
    return bytes(content)


async def outcome(content: bytes, folder: Path) -> str:
    """Open one file as a bot does, and say in a word what came of it.

    :raises Exception: what would have ended the turn of a bot as a mistake of the program
    """
    path = folder / "sent"
    path.write_bytes(content)
    found = facts_of(path).media_type or ""
    source_in(content)
    is_told_generated(path)
    words: list[str] = []
    is_clip = found.startswith("video/")
    try:
        await apply(built_in()["grain"], path, folder / ("made.mp4" if is_clip else "made.png"), patience=PATIENCE)
        words.append("filtered")
    except MediaRefused:
        words.append("not filtered")
    try:
        await fit(Media(path=str(path), media_type=found or "image/png", alt="x"), LIMIT, folder=folder / "fitted")
        words.append("fitted")
    except MediaRefused:
        words.append("not fitted")
    if not is_clip:
        try:
            made_small(content)
            words.append("seen")
        except MediaRefused:
            words.append("not seen")
    return ", ".join(words)


async def fuzz(
    count: int, seed: int, folder: Path, *, clips: bool = True
) -> tuple[collections.Counter[str], list[str]]:
    """Open `count` damaged files; return how often what came of them, and what should not have."""
    outcomes: collections.Counter[str] = collections.Counter()
    failures: list[str] = []
    files = [file for file in valid_files(folder) if clips or file[4:8] != b"ftyp"]
    for number in range(count):
        content = damaged(files, seed, number)
        try:
            outcomes[await outcome(content, folder)] += 1
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            failures.append(f"file {number} of seed {seed}: {type(error).__name__}: {error}")
    return outcomes, failures


def main() -> None:
    warnings.simplefilter("ignore")
    count, seed = (int(given) for given in (sys.argv[1:] + [str(COUNT), str(SEED)][len(sys.argv) - 1 :])[:2])
    with tempfile.TemporaryDirectory() as name:
        outcomes, failures = asyncio.run(fuzz(count, seed, Path(name)))
    for words, times in outcomes.most_common():
        print(f"{times:5}  {words}")  # noqa: T201 - the result
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(failures):5}  mistakes of ours; {memory:.0f} MB", *failures, sep="\n")  # noqa: T201 - the result
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
