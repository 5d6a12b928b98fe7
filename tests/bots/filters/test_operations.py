"""What each operation does to a picture, and what it leaves alone."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from greenroom.filters import Step
from greenroom.filters.colours import (
    Brightness,
    ColourOperation,
    Contrast,
    Curves,
    Mono,
    Saturation,
    Warmth,
    table_of,
)
from greenroom.filters.operation import Operation
from greenroom.filters.pictures import over_picture
from greenroom.filters.plates import Frame, Overlay, Vignette, Words
from greenroom.filters.playing import Speed, Trim
from greenroom.filters.shapes import Blur, Crop, Grain, Place, Resize
from greenroom_adapters.contract import MediaRefused

shares = st.floats(-1, 1)
sides = st.integers(1, 700)
levels = st.integers(0, 255)


def sea(width: int = 120, height: int = 80, mode: str = "RGB") -> Image.Image:
    """Return a picture with all sorts of colours."""
    across = Image.linear_gradient("L").rotate(90).resize((width, height))
    down = Image.linear_gradient("L").resize((width, height))
    bands = [across, down, ImageChops.invert(across), ImageChops.invert(down)]
    return Image.merge(mode, bands[: len(mode)])


def mean(picture: Image.Image) -> list[float]:
    return ImageStat.Stat(picture).mean


def grey_of(picture: Image.Image) -> float:
    return mean(picture.convert("L"))[0]


EVERY: Sequence[Operation] = (
    Brightness(by=0.3),
    Contrast(by=-0.4),
    Saturation(by=0.5),
    Warmth(by=-0.7),
    Mono(),
    Curves(),
    Grain(),
    Blur(by=0.05),
    Vignette(),
    Frame(),
    Words(say="Lamp lit at 18:02."),
)


@pytest.mark.parametrize("operation", EVERY, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_the_frame_keeps_its_size_and_the_same_picture_becomes_the_same(operation: Operation, mode: str) -> None:
    picture = sea(mode=mode)
    before = picture.copy()
    made = operation.on_picture(picture)
    assert (made.size, made.mode) == (picture.size, mode)
    assert made.tobytes() == operation.on_picture(before).tobytes()
    assert made.tobytes() != picture.tobytes()
    assert picture.tobytes() == before.tobytes(), "the picture that was given is another one now"


@pytest.mark.parametrize(
    "operation",
    [one for one in EVERY if isinstance(one, (ColourOperation, Grain, Blur))],
    ids=lambda one: type(one).__name__,
)
def test_what_is_transparent_stays_so(operation: Operation) -> None:
    picture = sea(mode="RGBA")
    assert operation.on_picture(picture).getchannel("A").tobytes() == picture.getchannel("A").tobytes()


@settings(max_examples=60, deadline=None)
@given(shares, st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)))
def test_no_change_of_colour_leaves_the_range(by: float, colour: tuple[float, float, float]) -> None:
    for operation in (Brightness(by=by), Contrast(by=by), Saturation(by=by), Warmth(by=by), Mono(by=abs(by))):
        made = operation.change(*colour)
        assert all(-2 < part < 3 for part in made)
    assert all(0 <= part <= 1 for part in Brightness(by=by).change(*colour))


@pytest.mark.parametrize(
    "operation", [Brightness(by=0.0), Contrast(by=0.0), Saturation(by=0.0), Warmth(by=0.0), Mono(by=0.0)]
)
def test_nothing_of_it_changes_nothing(operation: ColourOperation) -> None:
    picture = sea()
    apart = ImageChops.difference(operation.on_picture(picture), picture)
    assert max(most for _, most in apart.getextrema()) <= 1  # type: ignore[misc]  # of RGB there are three pairs


def test_a_table_is_cut_off_at_black_and_white() -> None:
    table = table_of((Contrast(by=1.0), Brightness(by=-1.0), Brightness(by=1.0)))
    assert {part for colour in table for part in colour} <= {0.0, 1.0}


def test_brighter_is_brighter_and_darker_is_darker() -> None:
    picture = sea()
    darker, brighter = (grey_of(Brightness(by=by).on_picture(picture)) for by in (-0.5, 0.5))
    assert darker < grey_of(picture) < brighter
    assert mean(Brightness(by=1.0).on_picture(picture)) == [255, 255, 255]
    assert mean(Brightness(by=-1.0).on_picture(picture)) == [0, 0, 0]


def test_contrast_spreads_and_its_opposite_flattens() -> None:
    picture = sea()
    flat, spread = (ImageStat.Stat(Contrast(by=by).on_picture(picture)).stddev[0] for by in (-0.5, 0.5))
    assert flat < ImageStat.Stat(picture).stddev[0] < spread
    assert len(Contrast(by=-1.0).on_picture(picture).getcolors() or []) == 1


def test_warm_light_has_more_red_and_less_blue() -> None:
    picture = Image.new("RGB", (8, 8), (120, 120, 120))
    red, green, blue = mean(Warmth(by=0.5).on_picture(picture))
    assert red > green > blue
    red, green, blue = mean(Warmth(by=-0.5).on_picture(picture))
    assert red < green < blue


@pytest.mark.parametrize("operation", [Mono(), Saturation(by=-1.0)])
def test_without_colours_all_three_are_alike(operation: ColourOperation) -> None:
    red, green, blue = operation.on_picture(sea()).split()
    for other in (green, blue):
        assert ImageChops.difference(red, other).getextrema()[1] <= 1  # type: ignore[operator]  # of one band there is one pair


def test_a_tint_is_what_white_becomes() -> None:
    made = Mono(tint="#ff8000").on_picture(Image.new("RGB", (4, 4), "white"))
    assert made.getpixel((0, 0)) == (255, 128, 0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(levels, levels), min_size=2, max_size=16, unique_by=lambda point: point[0]), st.floats(0, 1))
def test_a_curve_goes_through_its_points_and_overshoots_nowhere(points: list[tuple[int, int]], at: float) -> None:
    curve = Curves(all=tuple(sorted(points)))
    for across, up in curve.all:
        assert curve.change(across / 255, 0, 0)[0] * 255 == pytest.approx(up, abs=1e-6)
    neighbours = [up / 255 for _, up in curve.all]
    assert min(neighbours) - 1e-9 <= curve.change(at, 0, 0)[0] <= max(neighbours) + 1e-9


def test_a_curve_of_one_colour_leaves_the_others() -> None:
    straight = ((0, 0), (255, 255))
    made = Curves(all=straight, red=((0, 255), (255, 0))).change(0.25, 0.25, 0.25)
    assert made == pytest.approx((0.75, 0.25, 0.25))


@settings(max_examples=80, deadline=None)
@given(sides, sides, st.integers(1, 20), st.integers(1, 20), st.sampled_from(list(Place)))
def test_what_is_cropped_is_inside_of_the_frame(width: int, height: int, across: int, down: int, at: Place) -> None:
    left, top, wide, high = Crop(to=(across, down), at=at).box(width, height)
    assert 0 <= left <= left + wide <= width
    assert 0 <= top <= top + high <= height
    assert wide == width or high == height or min(wide, high) == 16


def test_a_crop_has_the_shape_and_keeps_the_side_that_is_named() -> None:
    picture = Image.new("RGB", (200, 100), "white")
    picture.paste("black", (0, 0, 100, 100))
    made = Crop(to=(1, 1), at=Place.LEFT).on_picture(picture)
    assert made.size == (100, 100)
    assert mean(made) == [0, 0, 0]


@settings(max_examples=40, deadline=None)
@given(sides, sides)
def test_resizing_makes_smaller_and_never_larger(width: int, height: int) -> None:
    made = Resize(to=100).size(width, height)
    assert max(made) <= 100
    assert made <= (width, height)
    if max(width, height) <= 100:
        assert made == (width, height)


def test_a_resized_picture_keeps_its_shape() -> None:
    assert Resize(to=100).on_picture(sea(400, 200)).size == (100, 50)
    assert Resize(to=1000).on_picture(sea(400, 200)).size == (400, 200)


def test_grain_is_another_with_another_seed_and_keeps_the_light() -> None:
    picture = Image.new("RGB", (200, 200), (128, 128, 128))
    first, second = (Grain(by=0.2, seed=seed).on_picture(picture) for seed in (1, 2))
    assert first.tobytes() != second.tobytes()
    assert mean(first)[0] == pytest.approx(128, abs=1)
    assert ImageStat.Stat(Grain(by=0.4).on_picture(picture)).stddev[0] > ImageStat.Stat(first).stddev[0] > 1
    assert Grain(by=0.0).on_picture(picture).tobytes() == picture.tobytes()


def test_what_is_blurred_changes_less_from_point_to_point() -> None:
    picture = Image.new("RGB", (100, 100), "black")
    picture.paste("white", (50, 0, 100, 100))
    made = Blur(by=0.05).on_picture(picture).convert("L")
    steps = [abs(made.getpixel((x, 50)) - made.getpixel((x + 1, 50))) for x in range(99)]  # type: ignore[operator]  # of one band
    assert max(steps) < 60
    assert mean(made)[0] == pytest.approx(128, abs=2)


def test_a_vignette_darkens_the_corners_and_not_the_middle() -> None:
    picture = Image.new("RGB", (300, 200), "white")
    made = Vignette(by=0.6).on_picture(picture)
    assert made.getpixel((150, 100)) == (255, 255, 255)
    for corner in ((0, 0), (299, 0), (0, 199), (299, 199)):
        assert made.getpixel(corner) == pytest.approx((102, 102, 102), abs=6)


def test_a_frame_lies_over_the_edges_and_nowhere_else() -> None:
    made = Frame(by=0.1, colour="#ff0000").on_picture(Image.new("RGB", (100, 50), "white"))
    assert made.getpixel((4, 25)) == made.getpixel((50, 45)) == (255, 0, 0)
    assert made.getpixel((5, 25)) == made.getpixel((50, 44)) == (255, 255, 255)


@pytest.mark.parametrize(("at", "half"), [(Place.TOP, (0, 0, 300, 100)), (Place.BOTTOM, (0, 100, 300, 200))])
def test_words_stand_where_they_are_to_stand(at: Place, half: tuple[int, int, int, int]) -> None:
    picture = Image.new("RGB", (300, 200), (90, 90, 90))
    apart = ImageChops.difference(Words(say="the tide", at=at).on_picture(picture), picture).getbbox()
    assert apart is not None
    assert half[1] <= apart[1] < apart[3] <= half[3]


@settings(max_examples=25, deadline=None)
@given(st.text(min_size=1, max_size=200), st.integers(1, 300), st.integers(1, 300), st.sampled_from(list(Place)))
def test_any_words_fit_into_any_picture(say: str, width: int, height: int, at: Place) -> None:
    picture = Image.new("RGB", (width, height), "navy")
    assert Words(say=say, at=at, size=0.2).on_picture(picture).size == (width, height)


def test_a_font_that_is_none_is_refused(tmp_path: Path) -> None:
    font = tmp_path / "letters.ttf"
    font.write_bytes(b"no letters in here")
    with pytest.raises(MediaRefused, match=r"letters\.ttf"):
        Words(say="hello", font=font).on_picture(sea())


def test_a_logo_lies_in_its_corner_as_opaque_as_it_is_wanted(tmp_path: Path) -> None:
    Image.new("RGB", (50, 50), "white").save(tmp_path / "logo.png")
    picture = Image.new("RGB", (200, 100), "black")
    made = Overlay(file=tmp_path / "logo.png", size=0.1, opacity=0.5).on_picture(picture)
    assert made.getpixel((190, 90)) == pytest.approx((128, 128, 128), abs=2)
    assert made.getpixel((170, 90)) == made.getpixel((10, 10)) == (0, 0, 0)
    assert made.getbbox() == (177, 77, 197, 97)


def test_a_logo_that_cannot_be_opened_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n and nothing more")
    with pytest.raises(MediaRefused, match=r"`overlay`: logo\.png cannot be opened"):
        Overlay(file=tmp_path / "logo.png").on_picture(sea())


@pytest.mark.parametrize("operation", [Speed(by=2), Trim()])
def test_what_only_a_clip_has_leaves_a_picture_alone(operation: Operation) -> None:
    picture = sea()
    assert operation.on_picture(picture) is picture


def test_colours_beside_each_other_are_changed_one_after_the_other() -> None:
    picture = sea()
    steps = (Step(contrast=Contrast(by=0.3)), Step(mono=Mono()))
    at_once = over_picture(steps, picture)
    in_turn = Mono().on_picture(Contrast(by=0.3).on_picture(picture))
    apart = ImageChops.difference(at_once, in_turn)
    assert max(most for _, most in apart.getextrema()) <= 3  # type: ignore[misc]  # of RGB there are three pairs
