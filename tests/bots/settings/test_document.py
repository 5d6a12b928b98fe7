"""YAML text to values that know their places."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.settings.document import Located, parse, place_of
from greenroom_adapters.contract import ConfigurationError

PATH = Path("bot.yaml")


def reason(data: bytes) -> str:
    with pytest.raises(ConfigurationError) as caught:
        parse(data, path=PATH)
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("20:00", "20:00"),
        ("08:00", "08:00"),
        ("off", "off"),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("2026-12-24 18:00", "2026-12-24 18:00"),
        ("1_000", "1_000"),
        ("010", 10),
        ("0o10", 8),
        ("0x10", 16),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("~", None),
        ("", None),
        ("'7'", "7"),
        ("!!str 7", "7"),
        ("! 7", "7"),
        ("Are you human?", "Are you human?"),
        ("[Are you human?, b]", ["Are you human?", "b"]),
        ("{asked: Are you human?, says: [bot]}", {"asked": "Are you human?", "says": ["bot"]}),
        ("&x [1]\nb: *x", [1]),
    ],
)
def test_values_mean_what_yaml_1_2_says(written: str, meant: object) -> None:
    value = parse(f"a: {written}\n".encode(), path=PATH)["a"]
    assert value == meant
    assert type(value) is type(meant) or isinstance(value, (dict, list))


def test_infinity_and_no_number_are_read() -> None:
    document = parse(b"a: -.inf\nb: .nan\n", path=PATH)
    assert document["a"] == float("-inf")
    assert document["b"] != document["b"]


def test_a_byte_order_mark_is_passed_over() -> None:
    assert parse(b"\xef\xbb\xbfa: 1\n", path=PATH) == {"a": 1}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (b"", "bot.yaml:1:1: the file is empty"),
        (b"# nothing\n", "bot.yaml:1:1: the file is empty"),
        (b"- a\n", "bot.yaml:1:1: the file must have keys and values, like `bot: ada`"),
        (b"a: 1\n---\nb: 2\n", "bot.yaml:2:1: a second document begins here: a file holds one"),
        (b"a: 1\nb: 2\na: 3\n", "bot.yaml:3:1: `a` stands here twice (first in line 1): keep one of them"),
        (b"1: a\n", "bot.yaml:1:1: `1` cannot be a key: a key is a text (put it in quotes)"),
        (b"[a]: b\n", "bot.yaml:1:1: this cannot be a key: a key is a text (put it in quotes)"),
        (b"<<: {a: 1}\n", "bot.yaml:1:1: `<<` does not merge keys in YAML 1.2: write the keys out"),
        (
            b"a: !!python/object/apply:os.system [ls]\n",
            "bot.yaml:1:4: `!!python/object/apply:os.system` is not allowed here: write plain values",
        ),
        (b"a: !thing 1\n", "bot.yaml:1:4: `!thing` is not allowed here: write plain values"),
        (b"a: !!int '1'\n", "bot.yaml:1:4: `!!int` is not allowed here: write plain values"),
        (b"a: *b\n", "bot.yaml:1:4: `*b`: nothing before it is called so"),
        (b"a: &b [*b]\n", "bot.yaml:1:8: `*b`: nothing before it is called so"),
        (b"a:\n\tb: 1\n", "bot.yaml:2:1: a tab cannot indent: use spaces"),
        (b"a: 1\n\tb: 2\n", "bot.yaml:2:1: a tab cannot indent: use spaces"),
        (b"a: @keeper\n", "bot.yaml:1:4: a text cannot begin with `@`: put it in quotes"),
        (b"a: %x\n", "bot.yaml:1:4: a text cannot begin with `%`: put it in quotes"),
        (b"a: b: c\n", "bot.yaml:1:5: a second `: ` in one line: put the text in quotes"),
        (
            b"a: 1\n  b: 2\n",
            "bot.yaml:2:4: this does not line up with the keys above it: check the spaces at the start of the line",
        ),
        (
            b"a: {b: 1}\n c: 2\n",
            "bot.yaml:2:2: this does not line up with the keys above it: check the spaces at the start of the line",
        ),
        (b"a: 1\nb\n", "bot.yaml:2:1: a key needs `: ` and a value after it"),
        (b"a: 'x\n", "bot.yaml:2:1: a text in quotes does not end: add the closing quote"),
        (
            b"a: [1, 2\n",
            "bot.yaml:2:1: `{…}` or `[…]` is not closed, or a comma is missing (did not find expected ',' or ']')",
        ),
        (b"a: {b: Sorry: closed}\n", "bot.yaml:1:13: a text with a colon in `{…}` or `[…]`: put it in quotes"),
        (b"a: 1\nb: \xff\n", "bot.yaml:2:4: this is not UTF-8: save the file as UTF-8"),
        ("a: 1".encode("utf-16"), "bot.yaml:1:1: this is not UTF-8: save the file as UTF-8"),
        (b"a: 1\nb: \x00\n", "bot.yaml:2:4: this character is not allowed in YAML: remove it"),
        (b"a: " + b"9" * 5000, "bot.yaml:1:4: this number is too long"),
        (b"a: " + b"[" * 60 + b"]" * 60, "bot.yaml:1:54: this is nested deeper than 50 levels"),
        (b"a: " + b"x" * 1_000_000, "bot.yaml: the file is larger than 1000 kB"),
    ],
)
def test_what_is_no_such_file_is_told_with_its_place_and_mend(written: bytes, told: str) -> None:
    assert reason(written) == told


def test_without_libyaml_a_question_mark_in_brackets_is_told_with_its_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CBaseLoader")
    assert reason(b"a: {asked: Are you human?, says: [bot]}\n") == (
        "bot.yaml:1:25: a `?` in `{…}` or `[…]` ends the text: put the sentence in quotes"
    )
    assert parse(b"at: 20:00\noff: [no]\n", path=PATH) == {"at": "20:00", "off": ["no"]}


def test_a_file_of_brackets_ends_in_a_mistake_and_not_in_a_crash() -> None:
    assert "deeper than 50 levels" in reason(b"a: " + b"[" * 400_000)
    assert "deeper than 50 levels" in reason(b"- " * 400_000)


def test_aliases_that_multiply_are_refused_before_they_fill_the_memory() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert "too much in here" in reason("\n".join(lines).encode())


def test_two_mistakes_of_keys_are_told_together() -> None:
    assert reason(b"a: 1\na: 2\n3: 4\n").count("\n") == 1


def test_places_are_lines_and_columns_in_characters() -> None:
    document = parse("ä: {ö: 1, ü: [x, y]}\nz:\n  - k: v\n".encode(), path=PATH)
    assert place_of(document, ("ä", "ü")) == (1, 11)
    assert place_of(document, ("ä", "ü", 1)) == (1, 18)
    assert place_of(document, ("z", 0, "k")) == (3, 5)


def test_a_step_that_the_file_does_not_have_keeps_the_last_place() -> None:
    document = parse(b"a:\n  b: 1\n", path=PATH)
    assert place_of(document, ("a", "missing")) == (1, 1)
    assert place_of(document, ("a", 0, "b", 0)) == (2, 3)
    assert place_of(document, ()) == (1, 1)


@given(data=st.binary(max_size=80) | st.text("ab:-[]{}&*!|>'\"?,# \n\t1", max_size=60).map(str.encode))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_a_document_or_a_mistake(data: bytes) -> None:
    try:
        document = parse(data, path=PATH)
    except ConfigurationError as error:
        told = str(error)
    else:
        told = "bot.yaml"
        assert isinstance(document, Located)
        assert document.keys() == document.places.keys()
    assert told.startswith("bot.yaml")
