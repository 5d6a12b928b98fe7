"""Names in an answer are mere words; what only looks like a name stays as it is."""

import re

import pytest

from greenroom_adapters.telegram import names as telegram
from greenroom_adapters.text import defused
from greenroom_adapters.text.names import USUAL
from greenroom_adapters.x import names as x


@pytest.mark.parametrize(
    "text",
    [
        "jos\u00e9@example.com",
        "\u0438\u0432\u0430\u043d@example.com",
        "\u7528\u6237@example.com",
        "xmpp:jos\u00e9@jabber.org",
        "https://10.0.0.1/@x_ray",
        "https://b\u00fccher.example/@x_ray",
        "see https://b\u00fccher.example:8000/of/@x_ray",
        "ftp://ftp.example.org/@x_ray",
    ],
)
@pytest.mark.parametrize("names", [USUAL, telegram.NAMES], ids=["usual", "Telegram"])
def test_addresses_of_any_script_and_host_are_no_names(text: str, names: re.Pattern[str]) -> None:
    assert defused(text, spare=[], names=names) == text


def test_a_path_on_this_machine_is_no_name_but_on_telegram_which_takes_it_for_one() -> None:
    text = "http://localhost:8000/@bar"
    assert defused(text, spare=[]) == text
    assert defused(text, spare=[], names=telegram.NAMES) == "http://localhost:8000/@\u200bbar"


@pytest.mark.parametrize(
    "text",
    [
        "see/@victim",
        "=@victim",
        "x://example.org/@victim",
        "http://a.b/@victim",
        "http://999.0.0.1/@victim",
        "http://example.11/@victim",
        "http://example.test:99999/@victim",
        "http://example.test/,@victim",
    ],
)
def test_what_telegram_takes_for_no_address_makes_no_name_of_it(text: str) -> None:
    assert defused(text, spare=[], names=telegram.NAMES) == text.replace("@", "@\u200b")


@pytest.mark.parametrize("text", ["\u3042@bob", "/@bob", "=@bob", "RT@bob", "\uff20bob", "http://localhost:8000/@bob"])
def test_x_sees_a_name_behind_all_but_latin_letters(text: str) -> None:
    assert defused(text, spare=[], names=x.NAMES) == text.replace("bob", "\u200bbob")
