"""What the bytes of a file say about it."""

import io
import struct
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from greenroom_adapters.media import dimensions, facts_of, media_type_of


@pytest.mark.parametrize(
    ("content", "size"),
    [
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x40\0\0\0\x30", (64, 48), id="png"),
        pytest.param(b"GIF89a\x40\0\x30\0", (64, 48), id="gif"),
        pytest.param(
            b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08\0\x30\0\x40", (64, 48), id="jpeg behind another segment"
        ),
        pytest.param(b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x40\0\x30\0", (64, 48), id="webp, lossy"),
        pytest.param(b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x3f\xc0\x0b\0", (64, 48), id="webp, lossless"),
        pytest.param(b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x3f\0\0\x2f\0\0", (64, 48), id="webp, extended"),
        pytest.param(b"not a picture", None, id="something else"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_the_size_of_a_picture_is_read_from_its_beginning(content: bytes, size: tuple[int, int] | None) -> None:
    assert dimensions(content) == size


@given(
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8", b"RIFF\0\0\0\0WEBPVP8 ", b"RIFF\0\0\0\0WEBPVP8L"]),
    st.binary(max_size=64),
)
def test_a_broken_picture_has_no_size_and_breaks_nothing(beginning: bytes, rest: bytes) -> None:
    size = dimensions(beginning + rest)
    assert size is None or len(size) == 2


def encoded(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "navy").save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("PNG", "image/png"),
        ("JPEG", "image/jpeg"),
        ("GIF", "image/gif"),
        ("WEBP", "image/webp"),
        ("BMP", "image/bmp"),
        ("TIFF", "image/tiff"),
        ("AVIF", "image/avif"),
    ],
)
def test_a_picture_is_known_by_its_bytes(kind: str, media_type: str) -> None:
    assert media_type_of(encoded(kind)) == media_type


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def clip(*, width: int, height: int, turned: bool = False, more: bytes = b"", version: int = 0) -> bytes:
    """Return an MP4 file of five seconds without anything to play."""
    straight = 0 if turned else 0x10000
    matrix = struct.pack(">9i", straight, 0, 0, 0, straight, 0, 0, 0, 0x40000000)
    track = b"\0" * 40 + matrix + struct.pack(">II", width << 16, height << 16)
    times = struct.pack(">QQIQ", 0, 0, 1000, 5000) if version else struct.pack(">IIII", 0, 0, 1000, 5000)
    header = bytes([version, 0, 0, 0]) + times + b"\0" * 80
    movie = box(b"mvhd", header) + box(b"trak", box(b"tkhd", track)) + more
    return box(b"ftyp", b"isom\0\0\0\0") + box(b"mdat", b"\0" * 100) + box(b"moov", movie)


@pytest.mark.parametrize("version", [0, 1])
def test_a_clip_tells_its_size_and_its_time(tmp_path: Path, version: int) -> None:
    (tmp_path / "a.mp4").write_bytes(clip(width=640, height=360, version=version))
    facts = facts_of(tmp_path / "a.mp4")
    assert (facts.media_type, facts.width, facts.height, facts.seconds) == ("video/mp4", 640, 360, 5.0)


def test_a_clip_that_was_filmed_upright_is_higher_than_wide(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(clip(width=640, height=360, turned=True))
    facts = facts_of(tmp_path / "a.mp4")
    assert (facts.width, facts.height) == (360, 640)


@given(st.binary(max_size=200), st.integers(0, 300))
def test_a_broken_clip_breaks_nothing(tmp_path_factory: pytest.TempPathFactory, noise: bytes, cut: int) -> None:
    file = tmp_path_factory.mktemp("clip") / "a.mp4"
    whole = clip(width=640, height=360)
    file.write_bytes(whole[:cut] + noise)
    facts_of(file)


def test_a_clip_of_millions_of_empty_boxes_is_not_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "a.mp4"
    whole = clip(width=640, height=360)
    begins = whole.index(b"moov") - 4
    for empty, width in ((9_000, 640), (2_000_000, None)):
        file.write_bytes(whole[:begins] + b"\0\0\0\x08free" * empty + whole[begins:])
        begun = time.process_time()
        assert facts_of(file).width == width
        assert time.process_time() - begun < 15
