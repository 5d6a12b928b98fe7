"""No secret survives in a text, an encoded form included."""

from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom_adapters.contract import Secret
from greenroom_adapters.transport import Redactor

SECRETS = st.text(min_size=4, max_size=20).filter(lambda value: "*" not in value)


@settings(max_examples=200)
@given(st.lists(SECRETS, min_size=1, max_size=3), st.text(max_size=20), st.text(max_size=20))
def test_a_secret_is_masked_wherever_it_stands(values: list[str], before: str, after: str) -> None:
    redactor = Redactor(Secret(value) for value in values)
    for value in values:
        for written in (value, quote(value, safe="", errors="replace")):
            clean = redactor.clean(f"{before}{written}{after}{written}")
            assert not any(value in clean for value in values)


def test_a_secret_within_another_leaves_no_rest() -> None:
    assert Redactor((Secret("abcd"), Secret("xxabcdyy"))).clean("see xxabcdyy and abcd") == "see *** and ***"


def test_of_tokens_that_are_renewed_for_ever_the_latest_are_known_and_those_of_the_settings_always() -> None:
    redactor = Redactor((Secret("of the settings"),))
    tokens = [f"token-{number:04}-{'x' * 40}" for number in range(1000)]
    for token in tokens:
        redactor.learn(Secret(tokens[0]))  # one that is told again and again is not forgotten
        redactor.learn(Secret(token))
    said = redactor.clean(" ".join(["of the settings", tokens[0], *tokens[-20:]]))
    assert said == " ".join(["***"] * 22)
    assert sum(redactor.clean(token) == "***" for token in tokens) < 100


def test_an_empty_secret_masks_nothing() -> None:
    assert Redactor((Secret(""), Secret("ab"))).clean("abba") == "abba"


def test_an_error_that_shows_a_secret_is_not_chained() -> None:
    redactor = Redactor((Secret("sesame"),))
    harmless, telling = ValueError("no"), ValueError("open sesame")
    assert redactor.cause(harmless) is harmless
    assert redactor.cause(telling) is None
    harmless.__context__ = telling
    assert redactor.cause(harmless) is None
