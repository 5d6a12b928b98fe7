"""`greenroom filter`: a photo or a clip under a filter, from a terminal."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from greenroom_adapters.media import facts_of, find_ffmpeg

Greenroom = Callable[..., Any]


@pytest.fixture
def photo(home: Path) -> Path:
    """A photo in the current folder."""
    path = home / "harbour.jpg"
    Image.new("RGB", (60, 40), (40, 90, 140)).save(path)
    return path


def test_a_photo_is_laid_under_a_filter_that_comes_with_greenroom(greenroom: Greenroom, photo: Path) -> None:
    said = greenroom("filter", "mono", "harbour.jpg", "grey.png")
    assert said.code == 0, said.err
    assert said.out.startswith("grey.png: harbour.jpg under `mono`, 0.00 MB")
    with Image.open(photo.with_name("grey.png")) as picture:
        red, green, blue = picture.convert("RGB").getpixel((5, 5))  # type: ignore[misc]  # three bands, three levels
    assert max(red, green, blue) - min(red, green, blue) <= 1


def test_what_the_owner_wrote_is_there_under_its_name(
    greenroom: Greenroom, write_bot: Callable[..., Path], photo: Path
) -> None:
    persona = write_bot().with_name("persona.yaml")
    persona.write_text(
        persona.read_text(encoding="utf-8") + 'filters: {square: [{crop: "1:1"}, mono]}\n', encoding="utf-8"
    )
    listed = greenroom("filter", "--list")
    assert listed.code == 0
    assert "square  crop, mono" in listed.out
    assert "noir" in listed.out
    assert greenroom("filter", "--list", "--json").json["filters"]["square"] == "crop, mono"
    done = greenroom("filter", "square", str(photo), "square.jpg", "--json").json
    assert done == {
        "filter": "square",
        "in": str(photo),
        "out": "square.jpg",
        "bytes": photo.with_name("square.jpg").stat().st_size,
    }
    assert facts_of(photo.with_name("square.jpg")).width == 40


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("dsk", "harbour.jpg", "out.jpg"), "`dsk` is not a filter. Did you mean `dusk`?"),
        (("dusk",), "write `greenroom filter NAME IN OUT`, or `greenroom filter --list`"),
        (("dusk", "harbour.jpg", "harbour.jpg"), "harbour.jpg is the original itself"),
        (("dusk", "harbour.jpg", "../home/harbour.jpg", "--replace"), "is the original itself"),
        (("dusk", "harbour.jpg", "there.jpg"), "there.jpg is there already"),
        (("dusk", "harbour.jpg", "nowhere/out.jpg"), "there is no folder nowhere"),
        (("dusk", "gone.jpg", "out.jpg"), "gone.jpg cannot be read: No such file or directory"),
        (("dusk", "harbour.jpg", "out.gif"), "out.gif: call it .jpg, .png, .webp or, for a clip, .mp4"),
        (("dusk", "there.jpg", "out.jpg"), "there.jpg is no picture"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_is_written(
    greenroom: Greenroom, photo: Path, words: tuple[str, ...], complaint: str
) -> None:
    photo.with_name("there.jpg").write_text("no picture", encoding="utf-8")
    before = {path.name: path.read_bytes() for path in photo.parent.iterdir()}
    said = greenroom("filter", *words)
    assert said.code == 1
    assert complaint in said.err
    assert "gone.jpg gone.jpg" not in said.err
    assert said.out == ""
    assert {path.name: path.read_bytes() for path in photo.parent.iterdir()} == before


def test_what_is_there_is_written_over_when_that_is_wanted(greenroom: Greenroom, photo: Path) -> None:
    there = photo.with_name("there.jpg")
    there.write_text("an older one", encoding="utf-8")
    assert greenroom("filter", "dusk", "harbour.jpg", "there.jpg", "--replace").code == 0
    assert facts_of(there).media_type == "image/jpeg"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals")
def test_a_clip_from_a_terminal_shows_how_far_it_is(home: Path) -> None:
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        pytest.skip("there is no ffmpeg here")
    made = [
        ffmpeg,
        "-loglevel",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc=s=320x240:d=3",
        "-pix_fmt",
        "yuv420p",
        "sea.mp4",
    ]
    subprocess.run(made, check=True)  # noqa: S603 - a program of this machine
    ours, theirs = os.openpty()
    shown = b""
    command = [sys.executable, "-m", "greenroom", "filter", "noir", "sea.mp4", "noir.mp4", "--json"]
    try:
        plain = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, timeout=120, check=False)  # noqa: S603 - ours
        assert json.loads(plain.stdout)["out"] == "noir.mp4"
        (home / "noir.mp4").unlink()
        process = subprocess.Popen(command[:-1], stdout=subprocess.PIPE, stderr=theirs)  # noqa: S603 - ours
        os.close(theirs)
        theirs = -1
        with process:
            while True:
                try:
                    piece = os.read(ours, 4096)
                except OSError:
                    break  # the other side is closed
                if not piece:
                    break
                shown += piece
            said, _ = process.communicate(timeout=120)
    finally:
        os.close(ours)
        if theirs >= 0:
            os.close(theirs)
    assert process.returncode == 0, shown
    assert b"sea.mp4" in shown
    assert b"%" in shown
    assert b"noir.mp4: sea.mp4 under `noir`" in said
    assert facts_of(home / "noir.mp4").seconds == pytest.approx(3, abs=0.3)
