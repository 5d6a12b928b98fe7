"""Cards as they are drawn: that the words are there, in the persona's colours, in a font that has their letters."""

import io
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image, ImageFont, features
from pydantic import ValidationError

from greenroom.cards import SIZES, Look, draw_chart, draw_quote, shown
from greenroom.cards.fonts import Face, drawable, face_for
from greenroom.cards.look import contrast
from greenroom_adapters.contract import MediaRefused
from greenroom_adapters.media import Source, source_of

LOOK = Look(colours=("#12324a", "#f2e7c9", "#e08e45"))
ARABIC = "\u0627\u0644\u0628\u062d\u0631 \u0647\u0627\u062f\u0626"
CJK = "\u6d77\u306f\u9759\u304b"


def opened(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as picture:
        picture.load()
        return picture.convert("RGB")


def colours_of(content: bytes) -> Counter[str]:
    found: Counter[str] = Counter()
    for count, colour in opened(content).getcolors(1 << 24) or ():
        assert isinstance(colour, tuple)
        found["#" + "".join(f"{level:02x}" for level in colour)] += count
    return found


@pytest.mark.parametrize("shape", list(SIZES))
def test_a_quote_is_set_in_the_colours_of_the_persona_and_as_large_as_its_shape(shape: str) -> None:
    content = draw_quote("Wind west, 5. Lamp lit at 18:02.", by="Ada", look=LOOK, shape=shape)
    assert opened(content).size == SIZES[shape]
    assert [colour for colour, _ in colours_of(content).most_common(3)] == ["#12324a", "#f2e7c9", "#e08e45"]
    assert content == draw_quote("Wind west, 5. Lamp lit at 18:02.", by="Ada", look=LOOK, shape=shape)


def test_a_card_says_that_a_program_drew_it_and_no_model() -> None:
    content = draw_quote("Lamp lit.", by=None, look=LOOK)
    source = source_of(content)
    assert source is Source.ALGORITHM
    assert not source.is_generated


def inked(content: bytes, box: tuple[int, int, int, int]) -> bool:
    return len(opened(content).crop(box).getcolors(1 << 24) or ()) > 1


def test_long_words_are_broken_and_stay_within_the_margins() -> None:
    content = draw_quote("Pneumonoultramicroscopic" * 12 + " and more words " * 40, by="Ada", look=LOOK)
    width, height = SIZES["square"]
    for box in ((0, 0, width, 60), (0, 0, 60, height), (width - 60, 0, width, height), (0, height - 60, width, height)):
        assert not inked(content, box)
    assert inked(content, (90, 300, 990, 800))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("", "no words"),
        ("\U0001f600\u200b", "no words"),
        ("x" * 2001, "2001 letters"),
        ("many words " * 180, "shorten"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_reason(words: str, reason: str) -> None:
    with pytest.raises(MediaRefused, match=reason):
        draw_quote(words, by=None, look=LOOK)


def test_emoji_are_left_out_and_lines_stay() -> None:
    assert drawable("Lamp \U0001f526\ufe0f lit.\nGood\tnight \U0001f468\u200d\U0001f469\u200d\U0001f467") == (
        "Lamp  lit.\nGood night"
    )


def test_letters_that_no_font_has_are_named_with_the_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenroom.cards.fonts._fonts_here", tuple)
    monkeypatch.setattr("greenroom.cards.fonts._found_for", lambda letters: None)
    with pytest.raises(MediaRefused, match=r"hiragana letter ka.*look: \{font"):
        draw_quote(CJK, by=None, look=LOOK)


def test_a_font_that_lacks_the_letters_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.ttf"
    plain = ImageFont.load_default(20)
    assert isinstance(plain, ImageFont.FreeTypeFont)
    own.write_bytes(plain.path.getvalue() if isinstance(plain.path, io.BytesIO) else Path(str(plain.path)).read_bytes())
    assert face_for("Lamp", own).has("Lamp")
    monkeypatch.setattr("greenroom.cards.fonts._found_for", lambda letters: None)
    with pytest.raises(MediaRefused, match="no font here has"):
        face_for(CJK, own)


def test_a_file_that_is_no_font_is_named(tmp_path: Path) -> None:
    own = tmp_path / "own.ttf"
    own.write_bytes(b"no font")
    with pytest.raises(MediaRefused, match=r"own\.ttf cannot be used"):
        face_for("Lamp", own)


def test_arabic_is_refused_where_its_letters_cannot_be_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "check", lambda feature: feature != "fribidi")
    with pytest.raises(MediaRefused, match="libfribidi0"):
        draw_quote(ARABIC, by=None, look=LOOK)
    assert draw_quote("Latin needs nothing.", by=None, look=LOOK)


def has_arabic_font() -> bool:
    try:
        return face_for(ARABIC, None).has(ARABIC.replace(" ", ""))
    except MediaRefused:
        return False


@pytest.mark.skipif(not has_arabic_font(), reason="no font with Arabic letters, or no FriBiDi, on this machine")
def test_arabic_begins_at_the_right_margin() -> None:
    content = draw_quote(f"{ARABIC}\n{ARABIC} {ARABIC}", by=None, look=LOOK)
    picture = opened(content)
    ground = Image.new("RGB", picture.size, "#12324a")
    from PIL import ImageChops

    box = ImageChops.difference(picture, ground).getbbox()
    assert box is not None
    margin = round(1080 * 0.085)
    assert abs(box[2] - (1080 - margin)) <= 3
    assert box[0] > margin + 3


def test_bars_are_as_long_as_their_numbers_on_both_sides_of_zero() -> None:
    content = draw_chart({"up": 4, "half": 2, "down": -4}, title="Boats", by="Ada", look=LOOK)
    picture = opened(content)
    accent = (0xE0, 0x8E, 0x45)
    rows = [sum(picture.getpixel((x, y)) == accent for x in range(1080)) for y in range(330, 900)]
    bars = [max(rows[start : start + 190]) for start in (0, 190, 380)]
    assert bars[0] > 100
    assert abs(bars[0] - bars[2]) <= 4
    assert abs(bars[0] / 2 - bars[1]) <= 4


@pytest.mark.parametrize(
    "rows", [{"one": 5.0}, {"a": 0.0, "b": 0.0}, {"a": -1.0, "b": 1e14}, {str(n): float(n) for n in range(60)}]
)
@pytest.mark.parametrize("line", [True, False])
def test_any_small_table_is_a_card_or_refused(rows: dict[str, float], line: bool) -> None:
    if not line and len(rows) > 16:
        with pytest.raises(MediaRefused, match="60 bars"):
            draw_chart(rows, title=None, by=None, look=LOOK, line=line)
        return
    assert inked(draw_chart(rows, title=None, by=None, look=LOOK, line=line), (90, 90, 990, 990))


def test_numbers_are_shown_as_people_write_them() -> None:
    assert [shown(number) for number in (3.0, 12.5, -4, 0.1 + 0.2, 1234567.0, 1234567.8)] == [
        "3",
        "12.5",
        "-4",
        "0.3",
        "1\u2009234\u2009567",
        "1\u2009234\u2009568",
    ]


def test_letters_that_cannot_be_read_on_their_ground_are_a_mistake() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    with pytest.raises(ValidationError, match="cannot be read"):
        Look(colours=("#777777", "#888888"))
    assert Look(colours=("#ffffff", "#000000")).accent == "#000000"


def test_a_font_knows_what_it_has() -> None:
    assert Face(None).has("Ada")
    assert not Face(None).has(CJK)
