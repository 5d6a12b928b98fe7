"""How somebody writes is measured from his own posts, by counting alone."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.personas import load_persona
from greenroom.rehearsal.likeness import FEWEST, likeness_of, own_posts, posts_in
from greenroom.settings import Range
from greenroom_adapters.contract import ConfigurationError

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
POSTS = [
    *(f"{day}: the stones were dressed, and we ground rye flour until {hour}." for hour, day in enumerate(DAYS, 4)),
    *(f"Our bakers took {number} sacks of flour 🌾 #flour" for number in range(6)),
]


def table(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_bounds_are_those_that_the_posts_keep() -> None:
    mill = likeness_of(POSTS, name="Mill", who="a mill")
    lengths = list(map(len, POSTS))
    assert mill.bounds["length"].least <= min(lengths)
    assert max(lengths) <= mill.bounds["length"].most <= max(lengths) + 10
    assert mill.bounds["emoji"] == mill.bounds["hashtags"] == Range(least=0, most=1)
    assert mill.bounds["links"] == Range(least=0, most=0)
    assert mill.languages == ("en",)
    assert "flour" in mill.topics
    assert {"never an exclamation mark", "says we, not I"} <= set(mill.voice.split("; "))


def test_one_wild_post_among_many_does_not_widen_the_bounds() -> None:
    mill = likeness_of([*POSTS * 3, "🌾" * 40 + "!" * 500], name="Mill", who="a mill")
    assert mill.bounds["emoji"].most == 1
    assert mill.bounds["length"].most < 100


def test_what_every_post_has_is_asked_of_every_text() -> None:
    posts = [f"Tide {number}. https://example.org/{number}" for number in range(20)]
    assert likeness_of(posts, name="Tide", who="a tide table").bounds["links"] == Range(least=1, most=1)


def test_examples_are_as_different_as_the_posts() -> None:
    examples = likeness_of(POSTS, name="Mill", who="a mill").posts
    assert len(examples) == len(set(examples)) == 6
    assert any("stones" in post for post in examples)
    assert any("bakers" in post for post in examples)
    assert set(examples) <= set(POSTS)


def test_several_languages_are_told_the_most_frequent_first() -> None:
    posts = [f"O mar está calmo e a luz não dorme, {number}." for number in range(8)]
    posts += [f"The sea is calm and the lamp is lit, {number}." for number in range(4)]
    assert likeness_of(posts, name="Luz", who="a lamp").languages == ("pt", "en")


@pytest.mark.parametrize("kind", ["csv", "tsv", "json", "jsonl", "list", "txt"])
def test_posts_are_read_from_what_platforms_and_people_export(tmp_path: Path, kind: str) -> None:
    wanted = ["One, and two.", "Three\nlines", "Four"]
    others = ["RT @bo: not his own", "@bo an answer", "Four"]
    path = tmp_path / f"posts.{'json' if kind == 'list' else kind}"
    rows = [{"id": str(number), "Text": text} for number, text in enumerate([*wanted, *others])]
    if kind == "csv":
        table(path, rows)
    elif kind == "tsv":
        path.write_text("text\n" + "\n".join(text for text in wanted if "\n" not in text) + "\n", encoding="utf-8")
        wanted = [text for text in wanted if "\n" not in text]
    elif kind == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    elif kind == "txt":
        path.write_text("\n\n".join([*wanted, *others]), encoding="utf-8")
    else:
        path.write_text(json.dumps(rows if kind == "json" else [*wanted, *others]), encoding="utf-8")
    assert posts_in(path) == wanted


def test_posts_of_several_people_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", [{"author": "ada", "text": "one"}, {"author": "bo", "text": "two"}])
    with pytest.raises(ConfigurationError, match=r"posts of several people \(ada, bo\): leave only your own in it"):
        posts_in(path)
    same = table(tmp_path / "b.csv", [{"author": "ada", "text": "one"}, {"author": "ada", "text": "two"}])
    assert posts_in(same) == ["one", "two"]


@pytest.mark.parametrize(
    ("name", "body", "complaint"),
    [
        ("a.csv", b"when,words\n1,x\n", "has no column `text` with the posts. Its columns: when, words"),
        ("a.json", b"{", "is no JSON"),
        ("a.json", b"[" * 200_000, "is no JSON"),
        ("a.json", b"[1, 2]", "has no column `text` with the posts. Its columns: none"),
        ("a.txt", b"\xff", "is not UTF-8"),
        ("a.csv", b'text\n"' + b"x" * 200_000 + b'"\n', "is no table"),
        ("a.txt", b"x" * 20_000_001, "larger than 20 MB"),
    ],
)
def test_a_file_without_posts_is_told(tmp_path: Path, name: str, body: bytes, complaint: str) -> None:
    path = tmp_path / name
    path.write_bytes(body)
    with pytest.raises(ConfigurationError) as caught:
        posts_in(path)
    assert complaint in str(caught.value)


@given(st.lists(st.text(max_size=120), max_size=30))
def test_any_posts_whatever_are_measured_or_too_few(texts: list[str]) -> None:
    posts = own_posts(texts)
    if len(posts) < FEWEST:
        with pytest.raises(ConfigurationError, match=f"how somebody writes. Found: {len(posts)} "):
            likeness_of(posts, name="A", who="b")
        return
    somebody = likeness_of(posts, name="A", who="b")
    assert somebody.bounds["length"].most >= 20
    assert all(len(post) in somebody.bounds["length"] for post in somebody.posts)


def test_a_bot_is_written_that_writes_as_its_owner_does(
    greenroom: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    table(tmp_path / "posts.csv", [{"text": post} for post in POSTS])
    nameless = greenroom("new", "--like", "posts.csv")
    assert nameless.code == 1
    assert "posts do not tell whose they are: write --name and --who" in nameless.err
    said = greenroom("new", "--like", "posts.csv", "--name", "Halda", "--who", "a water mill")
    assert said.code == 0, said.err
    assert "Measured from 12 posts: length " in said.out
    assert "emoji 0-1" in said.out
    persona = load_persona(tmp_path / "halda.yaml")
    assert (persona.persona, persona.who) == ("Halda", "a water mill")
    assert set(persona.examples.post) <= set(POSTS)
    assert len(persona.examples.post) == 6
    tested = greenroom("persona", "test", "halda.yaml")
    assert tested.code == 0, tested.out
    both = greenroom("new", "--like", "posts.csv", "--from", "x.json")
    assert "take one of them" in both.err


def test_a_bot_is_written_from_a_character_and_what_found_no_place_is_listed(
    greenroom: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    character = {"name": "Luna", "bio": "Sharp.", "plugins": ["shell"], "postExamples": ["Mind the step."]}
    (tmp_path / "luna.json").write_text(json.dumps(character), encoding="utf-8")
    said = greenroom("new", "--from", "luna.json", "--voice", "dry")
    assert said.code == 0, said.err
    assert "Left out: plugins: its tools are those that you allow here" in said.out
    assert "It has no rights that you do not give it here." in said.out
    persona = load_persona(tmp_path / "luna.yaml")
    assert (persona.who, persona.voice.everywhere, persona.examples.post) == ("Sharp.", "dry", ("Mind the step.",))
    left = json.loads(greenroom("new", "--from", "luna.json", "--name", "Luna Two", "--json").out)["left"]
    assert left == [{"field": "plugins", "why": "its tools are those that you allow here"}]
    assert greenroom("persona", "test", "luna.yaml").code == 0
