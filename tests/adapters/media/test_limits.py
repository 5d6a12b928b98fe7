"""What a look at the files of a post refuses."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from greenroom_adapters.contract import ClipLimit, Media, MediaLimit, MediaRefused
from greenroom_adapters.media import glance

TYPES = frozenset({"image/png", "image/jpeg", "video/mp4"})
LIMIT = MediaLimit(count=4, types=TYPES, bytes=100_000, alt_length=100, pixels=10_000, clip=ClipLimit(bytes=200_000))


@pytest.fixture
def picture(tmp_path: Path) -> Media:
    Image.new("RGB", (64, 48), "navy").save(tmp_path / "sea.png")
    return Media(path=str(tmp_path / "sea.png"), media_type="image/png", alt="the sea")


@pytest.fixture
def video(tmp_path: Path) -> Media:
    (tmp_path / "sea.mp4").write_bytes(b"\0\0\0\x0cftypisom" + b"\0" * 150_000)
    return Media(path=str(tmp_path / "sea.mp4"), media_type="video/mp4", alt="the sea, moving")


def test_what_is_within_the_limits_is_taken(picture: Media, video: Media) -> None:
    glance((picture,) * 4, LIMIT)
    glance((video,), LIMIT)


def test_a_clip_that_has_no_limits_of_its_own_is_under_those_of_pictures(video: Media) -> None:
    with pytest.raises(MediaRefused, match=r"sea\.mp4 has 0\.2 MB, and the platform takes 0\.1 MB"):
        glance((video,), replace(LIMIT, clip=None))


def test_every_refusal_says_what_is_wrong(picture: Media, video: Media, tmp_path: Path) -> None:
    Image.new("RGB", (200, 100)).save(tmp_path / "wide.png")
    wide = replace(picture, path=str(tmp_path / "wide.png"))
    for media, words in (
        ((picture,) * 5, "5 files to one post, and the platform takes 4"),
        ((video, video), "2 videos to one post, and the platform takes 1"),
        ((video, picture), "one or the other"),
        ((replace(picture, alt=" "),), "no description"),
        ((replace(picture, alt="a" * 101),), "over 100 characters"),
        ((replace(picture, media_type="image/avif"),), "takes no image/avif"),
        ((replace(picture, path=str(tmp_path / "gone.png")),), "gone.png cannot be read"),
        ((wide,), "has 20,000 pixels, and the platform takes 10,000"),
    ):
        with pytest.raises(MediaRefused, match=words):
            glance(media, LIMIT)
