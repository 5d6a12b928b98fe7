"""A whole clip under a filter, by ffmpeg: how it plays afterwards, and what is refused."""

import asyncio
import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from greenroom.filters import Chain, apply
from greenroom.filters.playing import cues_of
from greenroom.personas import load_persona
from greenroom_adapters.contract import MediaRefused
from greenroom_adapters.media import facts_of
from greenroom_adapters.media.clips import tells_place

Read = Callable[[str], Chain]
Frame = Callable[[Path, float], Image.Image]


@pytest.fixture
def chain(tmp_path: Path) -> Read:
    """Read a filter as a file writes it."""

    def read(steps: str) -> Chain:
        path = tmp_path / "ada.yaml"
        path.write_text(f"persona: Ada\nwho: a keeper\nfilters:\n  mine: {steps}\n", encoding="utf-8")
        return load_persona(path).filters["mine"]

    return read


@pytest.fixture
def frame(tmp_path: Path, ffmpeg: str) -> Frame:
    """Return what a clip shows at a moment."""

    def shown(clip: Path, at: float) -> Image.Image:
        into = tmp_path / "frame.png"
        command = [ffmpeg, "-loglevel", "error", "-y", "-ss", str(at), "-i", str(clip), "-frames:v", "1", str(into)]
        subprocess.run(command, check=True)  # noqa: S603 - a program of this machine
        with Image.open(into) as picture:
            return picture.convert("RGB")

    return shown


def apart(one: Image.Image, other: Image.Image) -> float:
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


@pytest.mark.asyncio
async def test_a_clip_is_cut_sped_up_and_cropped(tmp_path: Path, clip: Path, chain: Read) -> None:
    heard: list[float] = []
    steps = chain('[{trim: {begins: 1 second, to: 3 seconds}}, {speed: 2}, {crop: "1:1"}]')
    await apply(steps, clip, tmp_path / "made.mp4", progress=heard.append)
    facts = facts_of(tmp_path / "made.mp4")
    assert (facts.width, facts.height) == (120, 120)
    assert facts.seconds == pytest.approx(1.0, abs=0.25)
    assert heard[-1] == 1.0
    assert heard == sorted(heard)
    assert all(0 <= part <= 1 for part in heard)


@pytest.mark.asyncio
async def test_a_clip_tells_nothing_beside_what_is_seen_and_heard(tmp_path: Path, clip: Path, chain: Read) -> None:
    assert tells_place(clip)
    assert b"4711" in clip.read_bytes()
    await apply(chain("[mono]"), clip, tmp_path / "made.mp4")
    assert not tells_place(tmp_path / "made.mp4")
    assert b"4711" not in (tmp_path / "made.mp4").read_bytes()


@pytest.mark.asyncio
async def test_the_same_clip_becomes_the_same_bytes(tmp_path: Path, clip: Path, chain: Read) -> None:
    for name in ("a.mp4", "b.mp4"):
        await apply(chain("[{grain: 20%}, vignette]"), clip, tmp_path / name)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "steps",
    [
        "[{mono: {tint: '#ffcc88'}}, {contrast: 20%}]",
        "[{curves: [[0, 60], [255, 200]]}]",
        "[{frame: {by: 20%, colour: '#c02020'}}]",
        "[{vignette: 80%}]",
        "[{text: {say: tide, size: 30%}}]",
        "[{overlay: {file: logo.png, size: 40%}}]",
        "[{crop: {to: '1:1', at: left}}]",
    ],
)
async def test_a_clip_looks_as_a_picture_does_under_the_same_filter(
    tmp_path: Path, clip: Path, chain: Read, frame: Frame, steps: str
) -> None:
    Image.new("RGBA", (50, 50), (255, 0, 0, 160)).save(tmp_path / "logo.png")
    frame(clip, 1.0).save(tmp_path / "still.png")
    before = frame(clip, 1.0)
    filter_ = chain(steps)
    await apply(filter_, tmp_path / "still.png", tmp_path / "made.png")
    await apply(filter_, clip, tmp_path / "made.mp4")
    with Image.open(tmp_path / "made.png") as picture:
        still = picture.convert("RGB")
    moving = frame(tmp_path / "made.mp4", 1.0)
    size = min(still.width, moving.width), min(still.height, moving.height)
    assert abs(still.width - moving.width) <= 1
    assert abs(still.height - moving.height) <= 1
    assert apart(still.crop((0, 0, *size)), moving.crop((0, 0, *size))) < 6
    if moving.size == before.size:
        assert apart(before, moving) > 2


@pytest.mark.asyncio
@pytest.mark.parametrize("steps", ["[{blur: 5%}]", "[{grain: 40%}]", "[{speed: 0.25}]", "[{resize: 100}]"])
async def test_what_ffmpeg_does_its_own_way_is_done(
    tmp_path: Path, clip: Path, chain: Read, frame: Frame, steps: str
) -> None:
    await apply(chain(steps), clip, tmp_path / "made.mp4")
    if "speed" in steps:
        assert facts_of(tmp_path / "made.mp4").seconds == pytest.approx(12, abs=0.6)
    elif "resize" in steps:
        assert frame(tmp_path / "made.mp4", 1.0).size == (100, 74)  # of 75, as encoders want it
    else:
        assert apart(frame(clip, 1.0), frame(tmp_path / "made.mp4", 1.0)) > 1


@pytest.mark.asyncio
async def test_subtitles_are_seen_while_they_last(tmp_path: Path, clip: Path, chain: Read, frame: Frame) -> None:
    (tmp_path / "words.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHello out there\n", encoding="utf-8")
    await apply(chain("[{subtitles: {file: words.srt, size: 20%}}]"), clip, tmp_path / "made.mp4")
    bare = {at: apart(frame(clip, at), frame(tmp_path / "made.mp4", at)) for at in (0.5, 1.5, 2.5)}
    assert bare[1.5] > bare[0.5] + 2
    assert bare[1.5] > bare[2.5] + 2
    half = 0, 0, 160, 60
    assert apart(frame(clip, 1.5).crop(half), frame(tmp_path / "made.mp4", 1.5).crop(half)) < 6


def test_subtitles_are_read_in_the_order_of_time_and_one_at_a_time() -> None:
    cues = cues_of(
        b"\xef\xbb\xbf2\r\n00:00:03,000 --> 00:00:04,500\r\n<i>two</i>\r\nlines\r\n\r\n"
        b"1\r\n00:00:01.000 --> 00:00:09.000\r\none\r\n"
    )
    assert [(cue.begins, cue.ends, cue.text) for cue in cues] == [(1, 3, "one"), (3, 4.5, "two\nlines")]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no subtitles"),
        (b"hello\nthere\n", "`hello` is not followed by its times"),
        (b"1\n1s --> 2s\nhello\n", "is not written like"),
        (b"1\n00:00:02,000 --> 00:00:01,000\nhello\n", "no subtitles"),
    ],
)
def test_what_holds_no_subtitles_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(MediaRefused, match=why):
        cues_of(content)


@pytest.mark.asyncio
async def test_a_stretch_that_the_clip_has_not_is_refused(tmp_path: Path, clip: Path, chain: Read) -> None:
    with pytest.raises(MediaRefused, match=r"sea\.mp4 plays for 3\.0 seconds, and `trim` begins at 5"):
        await apply(chain("[{trim: {begins: 5 seconds, to: 6 seconds}}]"), clip, tmp_path / "made.mp4")


@pytest.mark.asyncio
async def test_a_clip_is_not_written_as_a_picture(tmp_path: Path, clip: Path, chain: Read) -> None:
    with pytest.raises(MediaRefused, match=r"is a clip: call what becomes of it \.mp4, not \.jpg"):
        await apply(chain("[mono]"), clip, tmp_path / "made.jpg")


@pytest.mark.asyncio
async def test_a_playlist_under_the_name_of_a_film_opens_nothing(tmp_path: Path, chain: Read) -> None:
    source = tmp_path / "film.mp4"
    source.write_bytes(b"\0\0\0\x18ftypisom\0\0\0\0isom#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    with pytest.raises(MediaRefused, match=r"film\.mp4 cannot be read as a clip"):
        await apply(chain("[mono]"), source, tmp_path / "made.mp4")
    source.write_bytes(b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    with pytest.raises(MediaRefused, match="is no picture"):
        await apply(chain("[mono]"), source, tmp_path / "made.png")


@pytest.mark.asyncio
async def test_broken_clips_are_worked_on_or_refused_and_leave_nothing(tmp_path: Path, clip: Path, chain: Read) -> None:
    dice = random.Random(11)  # noqa: S311 - a test's dice
    whole = clip.read_bytes()
    source = tmp_path / "broken.mp4"
    outcomes: list[str] = []
    for _ in range(8):
        broken = bytearray(whole[: dice.randrange(100, len(whole))] if dice.random() < 0.4 else whole)
        for _ in range(200):
            broken[dice.randrange(32, len(broken))] = dice.randrange(256)
        source.write_bytes(broken)
        try:
            await apply(chain("[mono]"), source, tmp_path / "made.mp4")
            outcomes.append("")
        except MediaRefused as refusal:
            outcomes.append(str(refusal))
    assert any(outcomes)
    assert all(why.startswith("broken.mp4 ") for why in outcomes if why)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.asyncio
async def test_whoever_gives_up_leaves_no_process_and_no_file(tmp_path: Path, clip: Path, chain: Read) -> None:
    work = asyncio.ensure_future(apply(chain("[{speed: 0.25}, {blur: 10%}]"), clip, tmp_path / "made.mp4"))
    deadline = asyncio.get_running_loop().time() + 30
    while not list(tmp_path.glob(".made.*")) and not work.done() and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.01)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert not list(tmp_path.glob(".*"))
    assert not (tmp_path / "made.mp4").exists()


@pytest.mark.asyncio
@pytest.mark.parametrize("is_cancelled", [True, False])
async def test_an_ffmpeg_that_writes_on_and_on_is_ended(
    tmp_path: Path, clip: Path, chain: Read, monkeypatch: pytest.MonkeyPatch, is_cancelled: bool
) -> None:
    """It has written more than anybody has read by the time it is killed."""
    program = tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec yes\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr("greenroom.filters.clips.PATIENCE", 60.0 if is_cancelled else 0.3)
    work = asyncio.create_task(apply(chain("[mono]"), clip, tmp_path / "made.mp4"))
    if is_cancelled:
        await asyncio.sleep(0.3)
        work.cancel()
    done, _ = await asyncio.wait([work], timeout=20)
    assert done
    with pytest.raises(asyncio.CancelledError if is_cancelled else MediaRefused):
        await work
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".made")]


@pytest.mark.asyncio
async def test_a_clip_that_would_fill_the_disk_is_given_up(
    tmp_path: Path, clip: Path, chain: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenroom.filters.clips.LARGEST_RESULT", 20_000)
    with pytest.raises(MediaRefused, match="would become larger"):
        await apply(chain("[{grain: 100%}]"), clip, tmp_path / "made.mp4")
    assert not [path for path in tmp_path.iterdir() if path.suffix in (".mp4", ".part")]


@pytest.fixture
def lying(tmp_path: Path, clip: Path, ffmpeg: str) -> Path:
    """The clip with a title that looks as if it told how long it plays."""
    path = tmp_path / "lying.mp4"
    command = [ffmpeg, "-loglevel", "error", "-i", str(clip), "-c", "copy"]
    command += ["-metadata", "title=Duration: 00:40:00.00", "-metadata", "comment=\n  Duration: 00:40:00.00"]
    subprocess.run([*command, str(path)], check=True)  # noqa: S603 - a program of this machine
    return path


@pytest.mark.asyncio
async def test_a_title_does_not_tell_how_long_a_clip_plays(tmp_path: Path, lying: Path, chain: Read) -> None:
    await apply(chain("[mono]"), lying, tmp_path / "made.mp4")
    assert facts_of(tmp_path / "made.mp4").seconds == pytest.approx(3.0, abs=0.25)


@pytest.mark.asyncio
async def test_an_ffmpeg_that_outlives_the_bot_ends_by_itself(
    tmp_path: Path, clip: Path, chain: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nexit 1\n', encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    with pytest.raises(MediaRefused):
        await apply(chain("[mono]"), clip, tmp_path / "made.mp4", patience=100)
    assert "-timelimit 300 " in (tmp_path / "asked").read_text(encoding="utf-8")
