"""Pictures and clips that filters are laid over."""

import subprocess
from pathlib import Path

import pytest

from greenroom_adapters.media import find_ffmpeg


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    """The program that makes and reads clips."""
    found = find_ffmpeg()
    if found is None:
        pytest.skip("there is no ffmpeg here")
    return found


@pytest.fixture(scope="session")
def clip(ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of a test picture with a tone: 160 x 120, by a camera that tells where."""
    path = tmp_path_factory.mktemp("clip") / "sea.mp4"
    command = [
        *(ffmpeg, "-loglevel", "error", "-y"),
        *("-f", "lavfi", "-i", "testsrc=s=160x120:r=10:d=3", "-f", "lavfi", "-i", "sine=d=3"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"),
        *("-metadata", "location=+38.7092-9.4843/", "-metadata", "comment=serial 4711", str(path)),
    ]
    subprocess.run(command, check=True)  # noqa: S603 - a program of this machine
    return path
