"""What a filter over a clip costs: time, memory of both processes, and how often it says how far it is.

    python tests/benchmarks/filters.py [SECONDS] [HEIGHT]

Makes a clip of 30 seconds in 1080p, unless told otherwise, and lays a chain over it that has an operation of each kind.
Prints one JSON object; memory is the most that was resident, in MB.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from greenroom.filters import apply
from greenroom.personas import load_persona
from greenroom_adapters.media import find_ffmpeg

PERSONA = """\
persona: Ada
who: a keeper
filters:
  measured:
    - {crop: "16:10"}
    - {warmth: 20%}
    - {curves: [[0, 20], [255, 240]]}
    - {blur: 0.2%}
    - {grain: 8%}
    - vignette
    - {frame: 2%}
    - {text: the lamp is lit}
    - {subtitles: words.srt}
"""
WORDS = "1\n00:00:00,200 --> 00:00:04,000\nWind west, 5.\n"


def made(ffmpeg: str, path: Path, seconds: float, height: int) -> None:
    """Write a clip that moves all over, with sound."""
    source = f"testsrc2=s={height * 16 // 9}x{height}:r=30:d={seconds}"
    command = [
        *(ffmpeg, "-loglevel", "error", "-f", "lavfi", "-i", source, "-f", "lavfi", "-i", f"sine=d={seconds}"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", str(path)),
    ]
    subprocess.run(command, check=True)  # noqa: S603 - a program of this machine


def measured(folder: Path) -> dict[str, float]:
    """Lay the filter over the clip in `folder`, in this process and the one that it starts."""
    chain = load_persona(folder / "ada.yaml").filters["measured"]
    heard: list[float] = []
    began = time.perf_counter()
    asyncio.run(apply(chain, folder / "clip.mp4", folder / "out.mp4", progress=heard.append))
    wall = time.perf_counter() - began
    own, ffmpeg = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "wall_s": round(wall, 2),
        "cpu_s": round(own.ru_utime + own.ru_stime + ffmpeg.ru_utime + ffmpeg.ru_stime, 2),
        "greenroom_mb": round(own.ru_maxrss / 1024),
        "ffmpeg_mb": round(ffmpeg.ru_maxrss / 1024),
        "progress": len(heard),
        "out_mb": round((folder / "out.mp4").stat().st_size / 1e6, 1),
    }


def main() -> None:
    if sys.argv[1:2] == ["--in"]:
        print(json.dumps(measured(Path(sys.argv[2]))))  # noqa: T201 - the result
        return
    seconds, height = float((sys.argv[1:2] or ["30"])[0]), int((sys.argv[2:3] or ["1080"])[0])
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        raise SystemExit("there is no ffmpeg here")
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DATA")) as name:
        folder = Path(name)
        (folder / "ada.yaml").write_text(PERSONA, encoding="utf-8")
        (folder / "words.srt").write_text(WORDS, encoding="utf-8")
        made(ffmpeg, folder / "clip.mp4", seconds, height)
        # a process of its own, so that the making of the clip is not measured
        subprocess.run([sys.executable, __file__, "--in", name], check=True)  # noqa: S603 - ourselves


if __name__ == "__main__":
    main()
