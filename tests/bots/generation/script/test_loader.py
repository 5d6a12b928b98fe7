"""A script file is refused with the place and the mend of each mistake."""

from pathlib import Path

import pytest

from greenroom.generation.script import load_script
from greenroom.settings.errors import Mistakes

ENOUGH = "rules:\n  anything:\n    says: [yes and no]\n"


def mistakes(tmp_path: Path, text: str) -> list[tuple[int | None, int | None, str]]:
    path = tmp_path / "x.script.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Mistakes) as caught:
        load_script(path)
    return [(one.line, one.column, one.reason) for one in caught.value.mistakes]


def test_a_script_needs_no_more_than_one_rule(tmp_path: Path) -> None:
    path = tmp_path / "x.script.yaml"
    path.write_text(ENOUGH, encoding="utf-8")
    assert list(load_script(path).rules) == ["anything"]


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("rulez: {}\n" + ENOUGH, 1, 1, "Did you mean `rules`?"),
        ("rules:\n  anything:\n    sayz: [x]\n", 3, 5, "Did you mean `says`?"),
        ("rules:\n  anything:\n    says:\n      - {say: x, moot: calm}\n", 4, 18, "Did you mean `mood`?"),
        ("rules:\n  greet:\n    hears: hello\n    says: hi\n", 2, 3, "a rule `anything` is needed"),
        (ENOUGH + "  greet:\n    hears: 'hello!'\n    says: hi\n", 5, 12, "punctuation"),
        (ENOUGH + "  greet:\n    hears: (hello\n    says: hi\n", 5, 12, "not closed"),
        (ENOUGH + "  greet:\n    hears: hello\n", 5, 5, "says nothing"),
        (ENOUGH + "  greet:\n    says: '{{ nmae }}'\n", 5, 11, "nothing is known as {{ nmae }}"),
        (ENOUGH + "  greet:\n    says: 'the #seaa#'\nsymbols:\n  sea: [sea]\n", 5, 11, "Did you mean #sea#?"),
        (ENOUGH + "  greet:\n    says: the #sea#\nsymbols:\n  sea: [sea]\n", 5, 11, "begins a comment"),
        (ENOUGH + "  greet:\n    otherwise: anythin\n", 5, 16, "Did you mean `anything`?"),
        (ENOUGH + "  greet:\n    notices: [shout]\n    says: hi\n", 5, 15, "Did you mean `shouting`?"),
        (ENOUGH + "  greet:\n    rank: high\n    says: hi\n", 5, 11, "number"),
        (ENOUGH + "  greet:\n    says: {say: hi, at: 25:00}\n", 5, 25, "25:00"),
        (ENOUGH + "  greet:\n    says: {say: hi, in: tv}\n", 5, 25, "a surface"),
        (ENOUGH + "  greet:\n    says: {say: hi, first: maybe}\n", 5, 28, "true or false"),
        (ENOUGH + "  greet:\n    says: {say: hi, then: {why: because}}\n", 5, 33, "is not a cue"),
        (ENOUGH + "  greet:\n    says: {say: hi, then: {anything: because}}\n", 5, 17, "known again"),
        (ENOUGH + "  greet:\n    says: {say: hi, when: {wind: calm}}\n", 5, 34, "is not a drift"),
        (ENOUGH + "  are_you_a_bot:\n    says: Certainly not.\n", 5, 11, "bot"),
        (ENOUGH + "symbols:\n  a: ['#b#']\n  b: ['#a#']\n", 6, 7, "leads back to itself"),
        (ENOUGH + "symbols:\n  a: [x]\n  a: [y]\n", 6, 3, "twice"),
        (ENOUGH + "symbols:\n  time: [x]\n", 5, 9, "something else already"),
        (ENOUGH + "drifts:\n  wind: {over: 10m, of: [a, b]}\n", 5, 16, "minutes"),
        (ENOUGH + "remember:\n  name: {hears: my name is <nam>}\n", 5, 17, "does not capture <name>"),
        ("rules: [\n", 2, 1, "YAML"),
    ],
)
def test_each_mistake_is_named_with_its_place(tmp_path: Path, text: str, line: int, column: int, reason: str) -> None:
    found = mistakes(tmp_path, text)
    assert any(at == line and where == column and reason in why for at, where, why in found), found


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    assert len(mistakes(tmp_path, ENOUGH + "  a:\n    says: '#x#'\n  b:\n    says: '#y#'\n")) == 2


def test_texts_that_multiply_are_refused(tmp_path: Path) -> None:
    laughs = "".join(f"  {chr(98 + n)}: ['{f'#{chr(97 + n)}#' * 10}']\n" for n in range(9))
    found = mistakes(tmp_path, f"{ENOUGH}symbols:\n  a: [ha]\n{laughs}")
    assert any("longer than" in why for _, _, why in found)


@pytest.mark.parametrize(
    "evil",
    [
        "{{ persona.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{% for i in range(10**9) %}x{% endfor %}",
        "{{ 'x' * 1000000000 }}",
        "{{ 2 ** 1000000 }}",
        "{{ cycler() }}",
        "{{ persona['x'] }}",
        "{% set x = 1 %}{{ x }}",
        "{% include 'x' %}",
        "{% import 'os' as os %}",
        "{% macro x() %}{% endmacro %}",
        "{{ persona|attr('x') }}",
        "{{ persona|map('upper')|list }}",
        "{{ lipsum() }}",
        "{{ 'a' ~ 'b' }}",
        "{% if %}",
    ],
)
def test_a_text_that_would_do_more_than_choose_words_is_refused(tmp_path: Path, evil: str) -> None:
    assert mistakes(tmp_path, f'rules:\n  anything:\n    says:\n      - "{evil}"\n')


def test_a_missing_script_is_named(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match="is not there"):
        load_script(tmp_path / "none.yaml")
