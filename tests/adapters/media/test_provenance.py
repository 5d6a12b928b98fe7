"""What pictures tell of how they came to be, and that they go on telling it."""

import io
import zlib
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from greenroom_adapters.contract import Media, MediaLimit
from greenroom_adapters.media import Source, fit, is_told_generated, source_in, source_of, written_png, xmp_of

LIMIT = MediaLimit(
    count=1, types=frozenset({"image/png", "image/jpeg", "image/webp"}), bytes=400_000, alt_length=100, pixels=10_000
)


def encoded(kind: str, source: Source | None, size: tuple[int, int] = (80, 60)) -> bytes:
    picture = Image.new("RGB", size, "teal")
    if kind == "PNG":
        return written_png(picture, source)
    out = io.BytesIO()
    picture.save(out, kind, xmp=xmp_of(source) if source else b"")
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("source", list(Source))
def test_what_is_written_is_read_again(kind: str, source: Source) -> None:
    assert source_in(encoded(kind, source)) is source
    assert source_in(encoded(kind, None)) is None


def test_packed_words_in_a_png_are_read_too() -> None:
    told = PngInfo()
    told.add_itxt("XML:com.adobe.xmp", xmp_of(Source.MODEL).decode(), zip=True)
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG", pnginfo=told)
    assert b"digitalsourcetype" not in out.getvalue()
    assert source_in(out.getvalue()) is Source.MODEL
    broken = out.getvalue().replace(zlib.compress(xmp_of(Source.MODEL))[:8], b"\0" * 8)
    assert source_in(broken) in (None, Source.MODEL)


def test_a_manifest_of_somebody_else_counts_and_a_model_counts_most() -> None:
    named = b"http://cv.iptc.org/newscodes/digitalsourcetype/"
    assert source_of(b"..." + named + b"compositeSynthetic...") is Source.EDITED_BY_MODEL
    assert source_of(named + b"algorithmicMedia " + named + b"trainedAlgorithmicMedia") is Source.MODEL
    assert source_of(named + b"digitalCapture") is None
    assert source_of(named + b"\xff\xfe") is None


def saved(folder: Path, content: bytes, name: str, *, is_generated: bool = False) -> Media:
    path = folder / name
    path.write_bytes(content)
    kind = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}[name.partition(".")[2]]
    return Media(path=str(path), media_type=kind, alt="teal", is_generated=is_generated)


@pytest.mark.parametrize(("kind", "name"), [("JPEG", "a.jpg"), ("PNG", "a.png"), ("WEBP", "a.webp")])
@pytest.mark.parametrize("size", [(80, 60), (400, 300)])
@pytest.mark.asyncio
async def test_a_picture_that_a_model_made_says_so_however_it_is_made_to_fit(
    tmp_path: Path, kind: str, name: str, size: tuple[int, int]
) -> None:
    told = await fit(saved(tmp_path, encoded(kind, Source.EDITED_BY_MODEL, size), name), LIMIT, folder=tmp_path)
    assert told.is_generated
    assert source_in(Path(told.path).read_bytes()) is Source.EDITED_BY_MODEL
    known = await fit(saved(tmp_path, encoded(kind, None, size), name, is_generated=True), LIMIT, folder=tmp_path)
    assert known.is_generated
    assert source_in(Path(known.path).read_bytes()) is Source.MODEL


@pytest.mark.asyncio
async def test_a_photo_and_a_card_are_not_marked_as_made_by_a_model(tmp_path: Path) -> None:
    photo = await fit(saved(tmp_path, encoded("JPEG", None), "a.jpg"), LIMIT, folder=tmp_path)
    card = await fit(saved(tmp_path, encoded("PNG", Source.ALGORITHM, (400, 300)), "a.png"), LIMIT, folder=tmp_path)
    assert not photo.is_generated
    assert photo.path.endswith("a.jpg")
    assert not card.is_generated
    assert source_in(Path(card.path).read_bytes()) is Source.ALGORITHM


def test_of_a_large_file_the_beginning_and_the_end_are_looked_at(tmp_path: Path) -> None:
    named = b"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    path = tmp_path / "clip.mp4"
    for content, told in (
        (b"\0" * 100 + named, True),
        (b"\0" * 2_100_000 + named, True),
        (b"\0" * 7_000_000 + named + b"\0" * 100, True),
        (b"\0" * 3_000_000 + named + b"\0" * 4_000_000, False),
        (b"", False),
    ):
        path.write_bytes(content)
        assert is_told_generated(path) is told
