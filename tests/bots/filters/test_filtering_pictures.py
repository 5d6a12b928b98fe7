"""A whole picture under a filter: what is kept of its file, what is not, and what is refused."""

import asyncio
import io
import os
import random
import struct
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageStat
from PIL.PngImagePlugin import PngInfo

from greenroom.filters import apply, built_in, filtered
from greenroom.filters.profiles import colours_alone
from greenroom_adapters.contract import Media, MediaRefused
from greenroom_adapters.media import facts_of

DUSK = built_in()["dusk"]
HOSTILE_FILES = int(os.environ.get("GREENROOM_HOSTILE_FILES", "300"))
MAKE, SERIAL, ORIENTATION, GPS, LATITUDE = 0x010F, 0xA431, 0x0112, 0x8825, 2


def sea(width: int = 96, height: int = 64) -> Image.Image:
    return Image.radial_gradient("L").resize((width, height)).convert("RGB")


def told_everything(path: Path) -> Path:
    """Write a picture on its side that tells of its camera, its place and its maker."""
    exif = Image.Exif()
    exif[MAKE], exif[ORIENTATION] = "SECRET-MAKER", 6
    exif.get_ifd(0x8769)[SERIAL] = "SECRET-SERIAL"
    exif.get_ifd(GPS)[LATITUDE] = (38.0, 42.0, 33.0)
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a dc:creator="SECRET-PERSON"/></x:xmpmeta>'
    if path.suffix == ".png":
        more = PngInfo()
        more.add_text("Comment", "SECRET-COMMENT")
        more.add_itxt("XML:com.adobe.xmp", xmp.decode())
        sea().save(path, exif=exif, pnginfo=more)
    elif path.suffix == ".jpg":
        sea().save(path, exif=exif, xmp=xmp, comment=b"SECRET-COMMENT")
    else:
        sea().save(path, exif=exif, xmp=xmp)
    return path


@pytest.mark.asyncio
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("wanted", [".jpg", ".png", ".webp"])
async def test_nothing_that_the_file_told_is_left_and_it_stands_upright(
    tmp_path: Path, suffix: str, wanted: str
) -> None:
    source = told_everything(tmp_path / f"sea{suffix}")
    assert b"SECRET" in source.read_bytes()
    into = tmp_path / f"dusk{wanted}"
    await apply(DUSK, source, into)
    content = into.read_bytes()
    assert b"SECRET" not in content
    facts = facts_of(into)
    assert (facts.width, facts.height) == (64, 96)
    with Image.open(into) as picture:
        assert not picture.getexif()
        assert "xmp" not in picture.info


@pytest.mark.asyncio
async def test_the_same_picture_becomes_the_same_bytes_and_is_made_once(tmp_path: Path) -> None:
    sea().save(tmp_path / "sea.jpg")
    media = Media(path=str(tmp_path / "sea.jpg"), media_type="image/jpeg", alt="the sea")
    first, second = [await filtered(built_in()["noir"], media, folder=tmp_path / folder) for folder in ("a", "b")]
    assert Path(first.path).read_bytes() == Path(second.path).read_bytes()
    assert (first.alt, first.media_type) == ("the sea", "image/jpeg")
    before = os.stat(first.path).st_mtime_ns
    assert await filtered(built_in()["noir"], media, folder=tmp_path / "a") == first
    assert os.stat(first.path).st_mtime_ns == before
    assert await filtered(built_in()["dusk"], media, folder=tmp_path / "a") != first


def odd_profile() -> bytes:
    """Return a profile in which red and blue have changed places, and which tells of a screen in four ways."""
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace(b"rXYZ", b"----").replace(b"bXYZ", b"rXYZ").replace(b"----", b"bXYZ")
    place = profile.index(b"chrm")
    profile = profile[:48] + b"SECRETSECRET" + profile[60:place] + b"mmod" + profile[place + 4 :]
    size = struct.unpack_from(">I", profile, place + 8)[0]
    begins = struct.unpack_from(">I", profile, place + 4)[0]
    told = b"mmod" + bytes(4) + b"SECRET-SERIAL"
    profile = profile[:begins] + told.ljust(size, b"\0") + profile[begins + size :] + b"SECRET" * 100
    return struct.pack(">I", len(profile)) + profile[4:]


def by_numbers(profile: bytes) -> bytes:
    """Return it with curves that are numbers, as older ones have."""
    return profile.replace(b"para\0\0\0\0\0\3\0\0", b"curv\0\0\0\0\0\0\0\1")


def as_seen(picture: Image.Image, profile: bytes) -> Image.Image:
    from PIL import ImageCms

    made = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    seen = ImageCms.profileToProfile(picture, made, ImageCms.createProfile("sRGB"))
    assert seen is not None
    return seen


@pytest.mark.asyncio
@pytest.mark.parametrize("wanted", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("profile", [odd_profile(), by_numbers(odd_profile())], ids=["formulas", "numbers"])
async def test_colours_that_the_file_describes_are_described_again_and_nothing_else(
    tmp_path: Path, profile: bytes, wanted: str
) -> None:
    sea().save(tmp_path / "sea.jpg", icc_profile=profile)
    await apply(DUSK, tmp_path / "sea.jpg", tmp_path / f"dusk{wanted}")
    with Image.open(tmp_path / f"dusk{wanted}") as picture:
        kept = picture.info["icc_profile"]
    assert b"SECRET" in profile
    assert b"SECRET" not in kept
    shown = Image.new("RGB", (1, 1), (200, 100, 20))
    assert as_seen(shown, kept).getpixel((0, 0)) == as_seen(shown, profile).getpixel((0, 0)) != (200, 100, 20)


@pytest.mark.parametrize("length", [0, 100, 131, 140, 260, 440, 540])
def test_a_profile_that_is_broken_or_of_another_kind_is_left_out(length: int) -> None:
    assert colours_alone(odd_profile()[:length]) is None
    assert colours_alone(odd_profile().replace(b"RGB XYZ ", b"CMYKLab ")) is None
    assert colours_alone(odd_profile().replace(b"para\0\0\0\0\0\3", b"para\0\0\0\0\xff\xff")) is None
    assert colours_alone(odd_profile().replace(b"para\0\0\0\0\0\3", b"curv\0\0\0\0\xff\xff")) is None
    assert colours_alone(odd_profile().replace(b"rTRC", b"xTRC")) is None


@pytest.mark.asyncio
async def test_what_is_transparent_is_white_where_the_type_has_no_transparency(tmp_path: Path) -> None:
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    await apply(built_in()["mono"], tmp_path / "clear.png", tmp_path / "clear.jpg")
    with Image.open(tmp_path / "clear.jpg") as picture:
        assert ImageStat.Stat(picture).mean == pytest.approx([255, 255, 255], abs=1)


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["a.gif", "a.bmp", "a.tiff", "a.avif", "grey.png", "palette.png", "cmyk.jpg"])
async def test_what_is_read_is_written_as_what_platforms_take(tmp_path: Path, name: str) -> None:
    modes = {"grey.png": "L", "palette.png": "P", "cmyk.jpg": "CMYK"}
    sea().convert(modes.get(name, "RGB")).save(tmp_path / name)
    made = await filtered(DUSK, Media(path=str(tmp_path / name), media_type="image/x", alt="-"), folder=tmp_path / "m")
    assert made.media_type in ("image/png", "image/jpeg")
    assert facts_of(Path(made.path)).media_type == made.media_type
    assert facts_of(Path(made.path)).width == 96


@pytest.mark.asyncio
async def test_a_picture_that_is_larger_than_what_is_worked_on_is_made_smaller_first(tmp_path: Path) -> None:
    Image.new("RGB", (8000, 2000), "navy").save(tmp_path / "wide.png")
    await apply(built_in()["mono"], tmp_path / "wide.png", tmp_path / "made.png")
    facts = facts_of(tmp_path / "made.png")
    assert facts.width is not None
    assert facts.height is not None
    assert facts.width * facts.height <= 10_000_000
    assert facts.width / facts.height == pytest.approx(4, abs=0.01)


@pytest.mark.asyncio
async def test_the_loop_goes_on_while_a_picture_is_worked_on(tmp_path: Path) -> None:
    sea(1200, 900).save(tmp_path / "sea.png")
    work = asyncio.ensure_future(apply(DUSK, tmp_path / "sea.png", tmp_path / "dusk.png"))
    rounds = 0
    while not work.done():
        await asyncio.sleep(0)
        rounds += 1
    await work
    assert rounds > 10


def bomb(path: Path, width: int = 65_000, height: int = 65_000) -> None:
    """Write a PNG of a few bytes that claims to have four thousand million pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(100_000))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b""))


def moving(path: Path) -> None:
    sea().save(path, "GIF", save_all=True, append_images=[Image.new("RGB", (96, 64), "red")])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "write", "why"),
    [
        ("bomb.png", bomb, "bomb.png has far more pixels than are opened here"),
        ("large.png", lambda path: bomb(path, 9_000, 9_000), "large.png has 9000 x 9000 pixels, which is more than is"),
        ("moves.gif", moving, "moves.gif moves: make a video of it"),
        ("none.jpg", lambda path: path.write_bytes(b"no picture"), "none.jpg is no picture"),
        ("empty.jpg", lambda path: path.write_bytes(b""), "empty.jpg is no picture"),
        ("cut.png", lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n"), "cut.png cannot be opened as a picture"),
        ("a.heic", lambda path: path.write_bytes(b"\0\0\0\x18ftypheic" + bytes(32)), "save it as JPEG"),
        ("gone.jpg", lambda path: None, "gone.jpg cannot be read: No such file or directory"),
        ("eps.jpg", lambda path: path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n"), "eps.jpg is no picture"),
    ],
)
async def test_what_is_no_picture_is_refused_with_the_reason(tmp_path: Path, name: str, write, why: str) -> None:  # type: ignore[no-untyped-def]  # any writer
    write(tmp_path / name)
    with pytest.raises(MediaRefused) as refusal:
        await apply(DUSK, tmp_path / name, tmp_path / "out.png")
    assert why in str(refusal.value)
    assert not (tmp_path / "out.png").exists()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.asyncio
@pytest.mark.parametrize(("into", "why"), [("out.gif", "call it .jpg, .png"), ("out.mp4", "is no clip: call")])
async def test_a_name_that_nothing_is_written_under_is_refused(tmp_path: Path, into: str, why: str) -> None:
    sea().save(tmp_path / "sea.png")
    with pytest.raises(MediaRefused, match=why):
        await apply(DUSK, tmp_path / "sea.png", tmp_path / into)


def spoilt(content: bytes, dice: random.Random) -> bytes:
    """Return a file as a careless or hostile hand leaves it."""
    broken = bytearray(content)
    match dice.randrange(4):
        case 0:
            for _ in range(dice.randint(1, 20)):
                broken[dice.randrange(len(broken))] = dice.randrange(256)
        case 1:
            del broken[dice.randrange(len(broken)) :]
        case 2:
            at = dice.randrange(min(64, len(broken)))
            broken[at : at + 4] = dice.choice(
                [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", dice.randbytes(4)]
            )
        case _:
            at, length = dice.randrange(len(broken)), dice.randint(1, 200)
            broken[at:at] = broken[at : at + length] * dice.randint(1, 5)
    return bytes(broken)


@pytest.mark.asyncio
async def test_hostile_and_broken_files_are_worked_on_or_refused_and_nothing_else(tmp_path: Path) -> None:
    dice = random.Random(4711)  # noqa: S311 - a test's dice
    whole: list[bytes] = []
    for suffix in ("jpg", "png", "webp", "gif", "bmp", "tiff"):
        sea(48, 32).save(tmp_path / f"whole.{suffix}")
        whole.append((tmp_path / f"whole.{suffix}").read_bytes())
    whole += [told_everything(tmp_path / f"told.{suffix}").read_bytes() for suffix in ("jpg", "png", "webp")]
    made, refused = 0, list[str]()
    for _ in range(HOSTILE_FILES):
        source = tmp_path / "hostile"
        source.write_bytes(spoilt(dice.choice(whole), dice))
        try:
            await apply(built_in()["mono"], source, tmp_path / "out.jpg", name="it")
            made += 1
        except MediaRefused as refusal:
            refused.append(str(refusal))
    assert made + len(refused) == HOSTILE_FILES
    assert all(why.startswith("it ") for why in refused)
    assert len(refused) > HOSTILE_FILES // 10
    assert made > HOSTILE_FILES // 10


def encoded(format_name: str, **options: object) -> bytes:
    out = io.BytesIO()
    sea(64, 64).save(out, format_name, **options)
    return out.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def of_many_scans() -> bytes:
    """Return a photo that goes over itself a thousand times; each time is a hundred bytes or less."""
    photo = encoded("JPEG", progressive=True)
    last, end = photo.rindex(b"\xff\xda"), photo.rindex(b"\xff\xd9")
    return photo[:end] + photo[last:end] * 1_000 + photo[end:]


def of_many_segments() -> bytes:
    photo = encoded("JPEG")
    return photo[:2] + b"\xff\xd9" + b"\xff\xe1\x00\x02" * 1_000_000 + photo[2:]


def of_many_chunks() -> bytes:
    picture = encoded("PNG")
    return picture[:-12] + chunk(b"prVt", b"") * 300_000 + picture[-12:]


def of_many_comments() -> bytes:
    picture = encoded("GIF")
    colours = 3 * 2 ** ((picture[10] & 7) + 1) if picture[10] & 0x80 else 0
    return picture[: 13 + colours] + b"\x21\xfe\x01x\x00" * 800_000 + picture[13 + colours :]


@pytest.mark.asyncio
@pytest.mark.parametrize("made", [of_many_scans, of_many_segments, of_many_chunks, of_many_comments])
async def test_a_picture_in_millions_of_pieces_is_refused_before_it_is_read(
    tmp_path: Path, made: Callable[[], bytes]
) -> None:
    source = tmp_path / "bomb"
    source.write_bytes(made())
    begun = time.process_time()
    with pytest.raises(MediaRefused, match="more pieces"):
        await apply(DUSK, source, tmp_path / "made.png")
    assert time.process_time() - begun < 15


@pytest.mark.asyncio
@pytest.mark.parametrize("made", [encoded("JPEG", progressive=True), encoded("PNG"), encoded("GIF")])
async def test_a_picture_in_as_many_pieces_as_usual_is_worked_on(tmp_path: Path, made: bytes) -> None:
    source = tmp_path / "sea"
    source.write_bytes(made)
    await apply(DUSK, source, tmp_path / "made.png")


@pytest.mark.asyncio
async def test_a_photo_with_another_one_behind_it_does_not_move(tmp_path: Path) -> None:
    source = tmp_path / "sea.jpg"
    source.write_bytes(encoded("MPO", save_all=True, append_images=[sea(32, 32)]))
    await apply(DUSK, source, tmp_path / "made.jpg")
    with Image.open(tmp_path / "made.jpg") as picture:
        assert (picture.format, picture.size) == ("JPEG", (64, 64))


@pytest.mark.asyncio
async def test_a_picture_that_is_given_up_leaves_nothing_when_its_thread_ends(tmp_path: Path) -> None:
    source, begun, ended = told_everything(tmp_path / "sea.jpg"), threading.Event(), threading.Event()

    def progress(part: float) -> None:
        begun.set()
        if part == 1.0:
            ended.wait(20)

    work = asyncio.create_task(apply(DUSK, source, tmp_path / "made.jpg", progress=progress))
    await asyncio.to_thread(begun.wait, 20)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    ended.set()
    await asyncio.get_running_loop().shutdown_default_executor()
    assert [path.name for path in tmp_path.iterdir()] == ["sea.jpg"]
