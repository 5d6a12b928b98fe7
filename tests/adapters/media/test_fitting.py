"""Pictures and clips that are made to fit."""

import asyncio
import io
import os
import random
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageStat
from PIL.PngImagePlugin import PngInfo

from greenroom_adapters.contract import ClipLimit, Media, MediaLimit, MediaRefused
from greenroom_adapters.media import facts_of, fit
from greenroom_adapters.media.clips import find_ffmpeg, refit_clip

TYPES = frozenset({"image/png", "image/jpeg", "image/webp", "video/mp4"})
LIMIT = MediaLimit(count=4, types=TYPES, bytes=60_000, alt_length=100)
EXIF_ORIENTATION, EXIF_GPS, GPS_LATITUDE = 0x0112, 0x8825, 2


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Return a picture that no encoder makes small."""
    chance = random.Random(1)  # noqa: S311 - a test's dice
    return Image.frombytes(mode, (width, height), chance.randbytes(width * height * len(mode)))


def saved(picture: Image.Image, path: Path, exif: Image.Exif | None = None) -> Media:
    if exif is None:
        picture.save(path)
    else:
        picture.save(path, exif=exif)
    return Media(path=str(path), media_type=f"image/{path.suffix[1:].replace('jpg', 'jpeg')}", alt="noise")


@pytest.mark.asyncio
async def test_what_fits_stays_as_it_is(tmp_path: Path) -> None:
    media = saved(Image.new("RGB", (64, 48), "navy"), tmp_path / "sea.png")
    assert await fit(media, LIMIT, folder=tmp_path / "shelf") == media
    assert not (tmp_path / "shelf").exists()


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["large.png", "large.jpg", "large.webp", "large.bmp", "large.tiff", "large.avif"])
async def test_a_picture_that_is_too_large_becomes_smaller_and_keeps_its_shape(tmp_path: Path, name: str) -> None:
    media = saved(noise(600, 400), tmp_path / name)
    made = await fit(media, LIMIT, folder=tmp_path / "shelf")
    facts = facts_of(Path(made.path))
    assert facts.bytes <= LIMIT.bytes
    assert facts.media_type == made.media_type in TYPES
    assert facts.width is not None
    assert facts.height is not None
    assert facts.width / facts.height == pytest.approx(1.5, abs=0.03)
    assert made.alt == media.alt


@pytest.mark.asyncio
async def test_the_same_picture_is_made_to_fit_once_and_always_alike(tmp_path: Path) -> None:
    media = saved(noise(600, 400), tmp_path / "large.png")
    first, second = [await fit(media, LIMIT, folder=tmp_path / folder) for folder in ("a", "b")]
    assert Path(first.path).read_bytes() == Path(second.path).read_bytes()
    assert (await fit(media, LIMIT, folder=tmp_path / "a")) == first
    assert len(list((tmp_path / "a").iterdir())) == 1


@pytest.mark.asyncio
async def test_a_picture_has_no_more_pixels_than_the_platform_takes(tmp_path: Path) -> None:
    media = saved(Image.new("RGB", (1000, 500), "navy"), tmp_path / "wide.png")
    made = await fit(media, replace(LIMIT, pixels=100_000), folder=tmp_path)
    facts = facts_of(Path(made.path))
    assert (facts.width, facts.height) == (447, 223)


@pytest.mark.asyncio
async def test_transparency_is_kept_where_the_platform_has_it_and_white_where_not(tmp_path: Path) -> None:
    media = saved(noise(300, 200, "RGBA"), tmp_path / "glass.png")
    kept = await fit(media, LIMIT, folder=tmp_path)
    assert kept.media_type == "image/webp"
    with Image.open(kept.path) as picture:
        assert picture.mode == "RGBA"
    clear = saved(Image.new("RGBA", (300, 200), (0, 0, 0, 0)), tmp_path / "clear.png")
    on_white = await fit(clear, replace(LIMIT, types=frozenset({"image/jpeg"})), folder=tmp_path)
    with Image.open(on_white.path) as picture:
        assert ImageStat.Stat(picture).mean == pytest.approx([255, 255, 255], abs=1)


@pytest.mark.asyncio
async def test_a_picture_that_the_camera_laid_on_its_side_stands_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6
    media = saved(Image.new("RGB", (64, 48), "navy"), tmp_path / "turned.jpg", exif=exif)
    made = await fit(media, LIMIT, folder=tmp_path)
    facts = facts_of(Path(made.path))
    assert (facts.width, facts.height) == (48, 64)


@pytest.mark.asyncio
async def test_where_a_picture_was_taken_is_nobodys_business(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(EXIF_GPS)[GPS_LATITUDE] = (38.0, 42.0, 33.0)
    media = saved(Image.new("RGB", (64, 48), "navy"), tmp_path / "home.jpg", exif=exif)
    with Image.open(media.path) as before:
        assert EXIF_GPS in before.getexif()
    made = await fit(media, LIMIT, folder=tmp_path)
    with Image.open(made.path) as after:
        assert EXIF_GPS not in after.getexif()


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["home.jpg", "home.png", "home.webp"])
@pytest.mark.parametrize("most", [60_000, 600])
async def test_where_a_picture_was_taken_does_not_stand_in_what_editors_add_either(
    tmp_path: Path, name: str, most: int
) -> None:
    said = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><a exif:GPSLatitude="38,42.5N"/></x:xmpmeta>'
    picture = Image.new("RGB", (640, 480), "navy")
    if name.endswith("png"):
        more = PngInfo()
        more.add_itxt("XML:com.adobe.xmp", said)
        picture.save(tmp_path / name, pnginfo=more)
    else:
        picture.save(tmp_path / name, xmp=said.encode())
    media = Media(path=str(tmp_path / name), media_type=f"image/{name[5:].replace('jpg', 'jpeg')}", alt="home")
    made = await fit(media, replace(LIMIT, bytes=most * 10), folder=tmp_path / "shelf")
    assert b"GPSLatitude" in Path(media.path).read_bytes()
    assert b"GPSLatitude" not in Path(made.path).read_bytes()


@pytest.mark.asyncio
async def test_one_file_may_be_made_to_fit_for_many_at_once(tmp_path: Path, filmed: Media) -> None:
    large = saved(noise(600, 400), tmp_path / "large.png")
    limit = replace(LIMIT, clip=ClipLimit(bytes=200_000))
    made = await asyncio.gather(*(fit(one, limit, folder=tmp_path / "shelf") for one in (large, filmed) * 4))
    assert len({media.path for media in made}) == len(list((tmp_path / "shelf").iterdir())) == 2
    assert facts_of(Path(made[1].path)).seconds == pytest.approx(4.0, abs=0.2)


@pytest.mark.asyncio
async def test_a_name_that_lies_about_the_type_is_put_right(tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), "navy").save(tmp_path / "sea.png", "JPEG")
    made = await fit(Media(path=str(tmp_path / "sea.png"), media_type="image/png", alt="sea"), LIMIT, folder=tmp_path)
    assert made.media_type == "image/jpeg"


@pytest.mark.asyncio
async def test_what_cannot_be_made_to_fit_is_refused_in_words(tmp_path: Path) -> None:
    frames = [noise(200, 200), noise(200, 200).rotate(90)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 100)
    (tmp_path / "words.png").write_text("no picture")
    (tmp_path / "phone.png").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0")
    tiny = replace(LIMIT, bytes=300)
    large = saved(noise(600, 400), tmp_path / "large.png")
    for name, media_type, limit, words in (
        ("moving.gif", "image/gif", replace(LIMIT, types=TYPES | {"image/gif"}), "moves"),
        ("broken.png", "image/png", LIMIT, "cannot be opened as a picture"),
        ("words.png", "image/png", LIMIT, "is no picture that is read here"),
        ("phone.png", "image/png", LIMIT, "save it as JPEG"),
        ("gone.png", "image/png", LIMIT, r"gone\.png cannot be read"),
        (Path(large.path).name, "image/png", tiny, "cannot be made to fit into 300 bytes"),
    ):
        media = Media(path=str(tmp_path / name), media_type=media_type, alt="?")
        with pytest.raises(MediaRefused, match=words):
            await fit(media, limit, folder=tmp_path)


@pytest.mark.asyncio
async def test_a_picture_that_would_fill_the_memory_is_not_opened(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    (tmp_path / "bomb.png").write_bytes(out.getvalue())
    media = Media(path=str(tmp_path / "bomb.png"), media_type="image/png", alt="?")
    with pytest.raises(MediaRefused, match=r"more than is opened here|decompression bomb"):
        await fit(media, LIMIT, folder=tmp_path)


# Clips ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def filmed(tmp_path: Path) -> Media:
    """A clip of four seconds in which everything moves, with the place where it was filmed."""
    ffmpeg = find_ffmpeg()
    assert ffmpeg is not None, "the extra `video` is among the requirements of the tests"
    command = (
        *(ffmpeg, "-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=s=640x360:d=4:r=15"),
        *("-f", "lavfi", "-i", "sine=d=4", "-pix_fmt", "yuv420p", "-crf", "10"),
        *("-metadata", "location=+38.71-009.48/", str(tmp_path / "filmed.mp4")),
    )
    subprocess.run(command, check=True)  # noqa: S603 - nothing of it comes from elsewhere
    return Media(path=str(tmp_path / "filmed.mp4"), media_type="video/mp4", alt="a test picture, moving")


@pytest.mark.asyncio
async def test_a_clip_that_is_too_large_is_encoded_anew_in_full_and_without_its_place(
    tmp_path: Path, filmed: Media
) -> None:
    size = ClipLimit(bytes=200_000)
    assert facts_of(Path(filmed.path)).bytes > size.bytes
    assert b"loci" in Path(filmed.path).read_bytes()
    made = await fit(filmed, replace(LIMIT, clip=size), folder=tmp_path / "shelf")
    facts = facts_of(Path(made.path))
    assert facts.bytes <= size.bytes
    assert facts.seconds == pytest.approx(4.0, abs=0.2)
    assert (facts.width, facts.height) == (640, 360)
    assert b"loci" not in Path(made.path).read_bytes()
    assert [file.name for file in (tmp_path / "shelf").iterdir()] == [Path(made.path).name]


@pytest.mark.asyncio
async def test_a_clip_that_tells_its_place_does_not_go_out_as_it_is(tmp_path: Path, filmed: Media) -> None:
    made = await fit(filmed, replace(LIMIT, clip=ClipLimit(bytes=10_000_000)), folder=tmp_path / "shelf")
    assert made.path != filmed.path
    assert b"loci" not in Path(made.path).read_bytes()
    assert os.name == "nt" or Path(made.path).stat().st_mode & 0o077 == 0


@pytest.mark.asyncio
async def test_a_clip_that_cannot_be_made_to_fit_is_refused_and_leaves_nothing(tmp_path: Path, filmed: Media) -> None:
    for size, words in (
        (ClipLimit(bytes=20_000), r"filmed\.mp4 cannot be made to fit into 20,000 bytes: cut it"),
        (ClipLimit(bytes=10_000_000, seconds=2.0), "plays for 4 seconds, and the platform takes 2: cut it"),
    ):
        with pytest.raises(MediaRefused, match=words):
            await fit(filmed, replace(LIMIT, clip=size), folder=tmp_path / "shelf")
    (tmp_path / "broken.mp4").write_bytes(b"\0\0\0\x0cftypisom" + b"\0" * 100_000)
    broken = replace(filmed, path=str(tmp_path / "broken.mp4"))
    with pytest.raises(MediaRefused, match="cannot be encoded"):
        await fit(broken, LIMIT, folder=tmp_path / "shelf")
    assert list((tmp_path / "shelf").iterdir()) == []


@pytest.mark.asyncio
async def test_an_ffmpeg_that_complains_on_and_on_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec yes >&2\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    work = asyncio.create_task(refit_clip(tmp_path / "sea.mp4", ClipLimit(bytes=1_000), into=tmp_path / "made.mp4"))
    await asyncio.sleep(0.3)
    work.cancel()
    done, _ = await asyncio.wait([work], timeout=20)
    assert done
    with pytest.raises(asyncio.CancelledError):
        await work
