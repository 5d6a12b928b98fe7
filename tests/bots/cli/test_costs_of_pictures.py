"""What `check` says of pictures that models make: what they cost, and what is missing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Greenroom = Callable[..., Any]
HEAD = "bot: ada\npersona: persona.yaml\naccounts: {home: stage}\ntimezone: UTC\n"
POST = "post: {every: 6 hours, say: Lamp lit., picture: {about: the harbour}}\n"


@pytest.fixture
def check(
    greenroom: Greenroom, write_bot: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[int, str]]:
    """Check a bot whose file goes on like this, where there is no key; the exit code and what was said."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def checked(rules: str) -> tuple[int, str]:
        write_bot().write_text(HEAD + rules, encoding="utf-8")
        said = greenroom("check", "--offline")
        return said.code, " ".join((said.out + said.err).split())

    return checked


def test_what_pictures_cost_is_said_before_the_first_is_paid(check: Callable[[str], tuple[int, str]]) -> None:
    code, said = check(POST + "engines: {image: {model: x, server: 'https://images.example/v1', price: 0.05 USD}}\n")
    assert code == 0
    assert "for pictures: x on https://images.example/v1 (about 0.05 USD each)" in said
    assert "4 pictures a day about 0.2" in said
    assert "at most 1" in said


def test_a_painter_without_a_key_is_named(check: Callable[[str], tuple[int, str]]) -> None:
    _, said = check(POST + "engines: {image: [openai/gpt-image-1-mini, card]}\n")
    assert "openai/gpt-image-1-mini has no key and is passed over" in said


def test_a_model_whose_price_nobody_knows_is_a_mistake_with_the_mend(check: Callable[[str], tuple[int, str]]) -> None:
    code, said = check(POST + "engines: {image: openai/gpt-image-9}\n")
    assert code != 0
    assert "price: 0.04 USD" in said


def test_pictures_that_nobody_can_make_are_told(check: Callable[[str], tuple[int, str]]) -> None:
    _, said = check("answer: {to: mentions, pictures: draw}\n")
    assert "`pictures` of answer 1: no model can make them" in said
