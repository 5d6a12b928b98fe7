"""Documents from a terminal: listed, asked, and what is wrong with them."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from feed_server import rss
from typing_extensions import override

from greenroom_adapters.testing.stage import RunningStage

Greenroom = Callable[..., Any]
WriteBot = Callable[..., Path]
NOWHERE = "http://127.0.0.1:9"


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
        {
            "document": "stairs",
            "address": None,
            "heading": "",
            "text": "There are 142 stairs.",
            "covers": found["found"][0]["covers"],
        }
    ]
    assert found["feeds"] == []
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


@pytest.fixture
def feed() -> Iterator[str]:
    """The address of a feed of this machine."""

    class Feed(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = rss(("1", "The ferry leaves at six", "https://harbour.example/1")).encode()
            self.send_response(200 if self.path == "/feed" else 404)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, format: str, *args: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Feed) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/feed"
        server.shutdown()
        thread.join()


def with_feeds(home: Path, *feeds: str) -> None:
    path = home / "persona.yaml"
    named = ", ".join(f"{{feed: '{one}', private: true}}" for one in feeds)
    path.write_text(path.read_text().split("knowledge")[0] + f"knowledge: {{feeds: [{named}]}}\n")


def test_a_feed_is_listed_and_asked_and_goes_with_the_bot(
    greenroom: Greenroom, knowing: Path, home: Path, feed: str, ledger_with: Callable[..., None]
) -> None:
    with_feeds(home, feed)
    said = greenroom("knowledge", "bot")
    assert said.code == 0, said.err
    assert f"1  {feed}: 1 item, the newest: The ferry leaves at six" in said.out
    assert said.out.splitlines()[-1] == "1 feed, 1 item, 1 passage"
    said = greenroom("knowledge", "bot", "when does the ferry leave?", "--json").json
    assert said["feeds"] == [
        {"feed": feed, "items": 1, "passages": 1, "newest": "The ferry leaves at six", "fault": None}
    ]
    (found,) = said["found"]
    assert (found["document"], found["address"]) == ("The ferry leaves at six", "https://harbour.example/1")
    ledger_with()
    packed = greenroom("pack", "bot")
    assert packed.code == 0, packed.err
    compared = greenroom("persona", "diff", "persona.yaml", "persona.yaml", "--json")
    assert compared.code == 0, compared.err


def test_a_feed_that_cannot_be_read_is_named_here_and_by_check_which_asks_nobody_offline(
    greenroom: Greenroom, knowing: Path, home: Path, feed: str, stage: RunningStage
) -> None:
    path = home / "bot.yaml"
    path.write_text(path.read_text().replace(NOWHERE, stage.url))
    with_feeds(home, feed, f"{feed}-away")
    said = greenroom("knowledge", "bot")
    assert said.code == 1
    assert f"not read: {feed}-away: " in said.out
    said = greenroom("check", "bot", "--no-tell")
    assert f"known: {feed}: 1 item, the newest: The ferry leaves at six" in said.out, said.err
    assert f"warning: `knowledge`: the feed {feed}-away cannot be read: " in said.out
    said = greenroom("check", "bot", "--offline")
    assert said.code == 0, said.err
    assert feed not in said.out


def test_a_persona_without_documents_is_told_how_to_have_some(greenroom: Greenroom, write_bot: WriteBot) -> None:
    write_bot()
    said = greenroom("knowledge", "bot")
    assert said.code == 1
    assert "write `knowledge: {from: FILE.md}` into it" in said.err


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("knowledge: {from: {feed: https://a.example/rss}}", "write a feed into `knowledge: {feeds: [https://…]}`"),
        ("knowledge: https://a.example/page.html", "and save a page as a file"),
        ("knowledge: {cite: true}", "write `from` for files, or `feeds`"),
        ("knowledge: {feeds: []}", "write `from` for files, or `feeds`"),
        ("knowledge: {feeds: shelf/lamp.md}", "this must be an address"),
        ("knowledge: {feeds: https://ada:secret@a.example/rss}", "nobody signs in at a feed"),
        ("knowledge: {feeds: [https://a.example/rss, {feed: https://a.example/rss}]}", "twice: write it once"),
        ("knowledge: shelf", "`shelf` is a folder: write shelf/*.md"),
        ("knowledge: picture.png", "`picture.png` is none of the kinds that are read: .md, .markdown"),
        ("knowledge: none.md", "there is no file"),
        ("knowledge: []", "write `from` for files, or `feeds`"),
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
