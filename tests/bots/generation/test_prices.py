"""What a call costs, rounded to our disadvantage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.generation.prices import PRICES, Price, price_of


@pytest.mark.parametrize(
    ("prompt", "written", "micros"),
    [(0, 0, 0), (1_000_000, 0, 250_000), (0, 1_000_000, 2_000_000), (1, 0, 1), (100, 20, 65)],
)
def test_a_call_costs_what_its_tokens_cost_rounded_up(prompt: int, written: int, micros: int) -> None:
    assert PRICES["gpt-5-mini"].of(prompt_tokens=prompt, completion_tokens=written) == micros


@given(st.integers(0, 10**7), st.integers(0, 10**6), st.integers(0, 10**9), st.integers(0, 10**9))
def test_more_tokens_never_cost_less(prompt: int, written: int, dear: int, dearer: int) -> None:
    price = Price(input=dear, output=dearer)
    whole = price.of(prompt_tokens=prompt, completion_tokens=written)
    assert whole * 1_000_000 >= prompt * dear + written * dearer
    assert price.of(prompt_tokens=prompt + 1, completion_tokens=written) >= whole


@pytest.mark.parametrize("model", ["gpt-5-mini", "gpt-5-mini-2025-08-07"])
def test_a_dated_snapshot_costs_what_its_family_costs(model: str) -> None:
    assert price_of(model) == Price(input=250_000, output=2_000_000)


@pytest.mark.parametrize("model", ["gpt-99", "gpt-5-mini-2025", "qwen3:8b", "", "gpt-5-mini-preview"])
def test_a_model_that_is_not_in_the_table_has_no_price(model: str) -> None:
    assert price_of(model) is None


def test_words_that_come_back_cost_more_than_words_that_go() -> None:
    for model, price in PRICES.items():
        # vectors are read for, and nothing is written
        assert 0 < price.input < price.output or (model.startswith("text-embedding") and not price.output), model
