"""Documents from a terminal: listed, asked, and what is wrong with them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Greenroom = Callable[..., Any]
WriteBot = Callable[..., Path]


@pytest.fixture
def knowing(home: Path, write_bot: WriteBot) -> Path:
    """A bot whose persona has two documents; their folder."""
    write_bot()
    path = home / "persona.yaml"
    path.write_text(path.read_text() + "knowledge: {from: [shelf/*.md, shelf/*.pdf], cite: true}\n")
    shelf = home / "shelf"
    shelf.mkdir()
    (shelf / "lamp.md").write_text("# The lamp\n\nThe lamp burns oil.\n\n## Its hours\n\nIt is lit at six.\n")
    (shelf / "stairs.md").write_text("There are 142 stairs.\n")
    return shelf


def test_documents_are_listed_and_asked(greenroom: Greenroom, knowing: Path, home: Path) -> None:
    said = greenroom("knowledge", "bot")
    assert said.code == 0, said.err
    assert "2  The lamp  (lamp.md)" in said.out
    assert "2 documents, 3 passages" in said.out
    assert "shelf/*.pdf means no file" in said.out
    said = greenroom("knowledge", "bot", "when is the lamp lit?")
    assert "100%  The lamp, Its hours" in said.out
    assert "It is lit at six." in said.out
    found = greenroom("knowledge", "bot", "how many stairs?", "--json").json
    assert found["found"] == [
        {"document": "stairs", "heading": "", "text": "There are 142 stairs.", "covers": found["found"][0]["covers"]}
    ]
    assert greenroom("knowledge", "bot", "peru").out.splitlines()[-1] == "Nothing in 2 documents, 3 passages."
    assert not (home / "data").exists(), "nothing is kept"


def test_a_document_that_cannot_be_read_is_named_here_and_by_check(greenroom: Greenroom, knowing: Path) -> None:
    (knowing / "bad.md").write_bytes(b"\xff\xff\xff")
    said = greenroom("knowledge", "bot")
    assert said.code == 1
    assert f"not read: {knowing / 'bad.md'}: line 1 is not UTF-8: save it as UTF-8 text" in said.out
    said = greenroom("check", "bot", "--offline")
    assert said.code == 0, said.err
    assert "knows   2 documents, 3 passages" in said.out
    assert f"warning: {knowing / 'bad.md'} is not read: line 1 is not UTF-8" in said.out


def test_a_persona_without_documents_is_told_how_to_have_some(greenroom: Greenroom, write_bot: WriteBot) -> None:
    write_bot()
    said = greenroom("knowledge", "bot")
    assert said.code == 1
    assert "write `knowledge: {from: FILE.md}` into it" in said.err


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("knowledge: {from: {feed: https://a.example/rss}}", "feeds and addresses are not there yet"),
        ("knowledge: https://a.example/page.html", "feeds and addresses are not there yet"),
        ("knowledge: shelf", "`shelf` is a folder: write shelf/*.md"),
        ("knowledge: picture.png", "`picture.png` is none of the kinds that are read: .md, .markdown"),
        ("knowledge: none.md", "there is no file"),
        ("knowledge: []", "at least"),
        ("knowledge: {from: shelf/*.md, only: maybe}", "write true or false"),
        ("knowledge: {form: shelf/*.md}", "Did you mean `from`?"),
    ],
)
def test_a_mistake_in_it_is_told_with_its_place(
    greenroom: Greenroom, knowing: Path, home: Path, line: str, reason: str
) -> None:
    path = home / "persona.yaml"
    path.write_text(path.read_text().split("knowledge")[0] + line + "\n")
    said = greenroom("check", "bot", "--offline")
    assert said.code == 1
    assert reason in said.err
    assert "persona.yaml:5:" in said.err


@pytest.mark.parametrize(
    ("engines", "code", "words"),
    [
        ("{text: script, embeddings: script}", 1, "one model makes all embeddings"),
        ("{text: script, embeddings: [openai/a, openai/b]}", 1, "one model makes all embeddings"),
        ("{text: script, embeddings: openai/unheard-of}", 1, "what it costs is not known"),
        (
            "{text: script, embeddings: openai/text-embedding-3-small}",
            0,
            "for documents: openai/text-embedding-3-small",
        ),
    ],
)
def test_what_makes_vectors_is_checked(
    greenroom: Greenroom, knowing: Path, home: Path, engines: str, code: int, words: str
) -> None:
    path = home / "bot.yaml"
    path.write_text(path.read_text() + f"engines: {engines}\n")
    said = greenroom("check", "bot", "--offline")
    assert said.code == code, said.err
    assert words in said.out + said.err


def test_vectors_without_documents_are_pointed_out(greenroom: Greenroom, write_bot: WriteBot) -> None:
    write_bot(more="engines: {text: script, embeddings: {model: m, server: 'http://127.0.0.1:9/v1'}}\n")
    said = greenroom("check", "bot", "--offline")
    assert "`engines: embeddings` is for documents, and the persona has no `knowledge`" in said.out
