"""`greenroom card`, and a card with a post by hand, from a terminal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

Greenroom = Callable[..., Any]


@pytest.fixture
def bot(write_bot: Callable[..., Path]) -> Path:
    return write_bot()


def test_a_card_is_drawn_and_described(greenroom: Greenroom, bot: Path, home: Path) -> None:
    said = greenroom("card", "The tide answers twice a day.", "card.png", "--shape", "wide", "--by", "Bo")
    assert said.code == 0, said.err
    assert said.out.rstrip().endswith("Its description: “The tide answers twice a day.” (Bo)")
    with Image.open(home / "card.png") as picture:
        assert picture.size == (1200, 675)


@pytest.mark.parametrize("kind", ["--bars", "--line"])
def test_numbers_are_drawn(greenroom: Greenroom, bot: Path, home: Path, kind: str) -> None:
    (home / "boats.csv").write_text("Mon,3\nTue,5\n", encoding="utf-8")
    done = greenroom("card", "Boats", "card.png", kind, "boats.csv", "--json")
    assert done.json["alt"] == "Boats: Mon 3, Tue 5"
    assert (home / "card.png").stat().st_size == done.json["bytes"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("card", "x", "card.jpg"), "a card is a PNG"),
        (("card", "x", "there.png"), "there already"),
        (("card", "x", "gone/card.png"), "there is no folder gone"),
        (("card", "x", "card.png", "--shape", "round"), "`round` is not a shape"),
        (("card", "x", "card.png", "--bars", "a", "--line", "b"), "two cards"),
        (("card", "x", "card.png", "--bars", "none.csv"), "none.csv cannot be read"),
        (("card", "\U0001f600", "card.png"), "no words that can be drawn"),
        (("post", "x", "--card", "--picture", "there.png", "--alt", "x"), "two pictures"),
    ],
)
def test_what_cannot_be_done_is_told(
    greenroom: Greenroom, bot: Path, home: Path, words: tuple[str, ...], complaint: str
) -> None:
    Image.new("RGB", (4, 4)).save(home / "there.png")
    said = greenroom(*words)
    assert said.code != 0
    assert complaint in " ".join(said.err.split())
    assert "Traceback" not in said.err
