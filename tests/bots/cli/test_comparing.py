"""`greenroom persona diff`, and answers of a model that are recorded once and told again without it."""

import asyncio
import hashlib
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from greenroom.clock import SystemClock
from greenroom.storage import CLOCK, Draft, Due, KeptFile, SqliteLedger, State, Turn
from greenroom_adapters.contract import Author, MentionReceived, PostRef, Surface, Trust

Greenroom = Callable[..., Any]
WriteBot = Callable[..., Path]

BEA = """\
persona: Bea
who: runs the harbour office
examples: {reply: {to: are the boats in, say: Two boats are in.}}
tests:
  - {asked: "are the boats in?"}
  - {about: fog, says: [fog]}
"""
HOSTILE = '</p><script>alert("x")</script> are the boats in?'


@dataclass(slots=True)
class Model:
    """A model server on this machine that answers with the name of whoever it is to be."""

    address: str = ""
    asked: list[str] = field(default_factory=list[str])
    """The instructions of every call."""

    def says(self, instructions: str) -> str:
        self.asked.append(instructions)
        name = re.match(r"You are (\w+)", instructions)
        return f"I am a bot, {name[1] if name else 'nobody'}, and the boats are in. 😀"


@pytest.fixture
def model() -> Iterator[Model]:
    answering = Model()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            text = answering.says(asked["messages"][0]["content"])
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
            usage = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
            said = {"id": "c", "object": "chat.completion", "created": 1, "model": "m-1", "choices": [choice]}
            body = json.dumps(said | {"usage": usage}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, format: str, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        answering.address = f"http://127.0.0.1:{server.server_port}/v1"
        yield answering
        server.shutdown()
        thread.join()


@pytest.fixture
def two(home: Path) -> tuple[str, str]:
    """Two personas; their files."""
    (home / "bea.yaml").write_text(BEA, encoding="utf-8")
    cea = BEA.replace("Bea", "Cea").replace("Two boats are in.", '"Three boats are in, and it is early."')
    (home / "cea.yaml").write_text(
        f"{cea}bounds: {{length: 1-20, emoji: 0, hashtags: 1-2, too_long: drop, if_broken: drop}}\n", encoding="utf-8"
    )
    return "bea.yaml", "cea.yaml"


@pytest.fixture
def asked(home: Path, write_bot: WriteBot) -> str:
    """A bot whose ledger has two mentions in one conversation and a post, for which an engine was asked, and one that
    was left alone; the version of the persona that is in force there."""
    write_bot()
    body = (home / "persona.yaml").read_bytes()
    version = hashlib.sha256(body).hexdigest()
    now = datetime(2026, 11, 24, tzinfo=UTC)

    def mention(number: int, text: str) -> Turn:
        event = MentionReceived(
            id=f"e{number}",
            source="",
            cursor="",
            occurred_at=now,
            post=PostRef(id=f"q{number}"),
            author=Author(id="u1", handle="ben"),
            text=text,
            conversation="c",
        )
        return Turn("home", event.id, "c", event.kind, event, Surface.REPLY, "r", Trust.ANYONE, number, 2**62)

    async def write() -> None:
        due = Due(name="watch", period="2026-11-24", due=now, about="the lamp")
        turns = [
            mention(1, HOSTILE),
            mention(2, "and the fog?"),
            mention(3, "left alone"),
            Turn("home", due.id, due.id, CLOCK, due, Surface.POST, "watch", Trust.ANYONE, 4, 2**62),
        ]
        async with SqliteLedger(home / "data" / "ada.db", bot="ada", clock=SystemClock()) as ledger:
            ledger.keep_files([KeptFile(role="persona", path=home / "persona.yaml", body=body, version=version)])
            for turn in turns:
                ledger.receive(turn)
                turn.state = State.IGNORED if turn.event_id == "e3" else State.SENT
                if turn.event_id != "e3":
                    turn.persona, turn.draft = version, Draft(parts=(f"answer {turn.event_id}",), engine="script")
                ledger.save(turn)
            await ledger.committed()

    asyncio.run(write())
    return version


def test_two_personas_answer_the_cases_of_both_side_by_side(greenroom: Greenroom, two: tuple[str, str]) -> None:
    said = greenroom("persona", "diff", *two)
    assert said.code == 0, said.err
    assert "reply: are the boats in?" in said.out
    assert "Two boats are in." in said.out
    assert "[silent: 0 hashtags where at least 1 may be]" in said.out
    assert re.search(r"bounds broken +0 +8 \(hashtags 8\)", said.out)
    found = greenroom("persona", "diff", *two, "--times", "3", "--json").json
    assert [one["in"] for one in found["inputs"]] == ["reply"] * 3 + ["post"] * 3 + ["reply"] * 3 + ["post"] * 3
    assert found["source"] == "from the cases of both"
    assert found["a"]["said"] == 12
    assert found["b"]["silent"] == 12
    assert found["b"]["by_bound"]["hashtags"] == 24, "each was written again"
    same = greenroom("persona", "diff", two[0], two[0], "--json").json
    assert same["alike"] == 1.0
    assert {one["alike"] for one in same["inputs"]} == {1.0}


def test_a_version_of_the_ledger_is_compared_with_the_file_over_what_people_wrote(
    greenroom: Greenroom, asked: str, home: Path
) -> None:
    persona = home / "persona.yaml"
    persona.write_text(persona.read_text(encoding="utf-8").replace("dry and kind", "loud"), encoding="utf-8")
    before = (home / "data" / "ada.db").read_bytes()
    found = greenroom("persona", "diff", asked[:8], "--bot", "bot", "--html", "diff.html", "--json").json
    assert found["source"] == "from the ledger of ada"
    assert [(one["in"], one["text"], one["turn"]) for one in found["inputs"]] == [
        ("reply", HOSTILE, 1),
        ("reply", "and the fog?", 2),
        ("post", "the lamp", 4),
    ]
    assert (found["a"]["version"], found["a"]["name"]) == (asked, asked[:12])
    assert found["b"]["version"] == hashlib.sha256(persona.read_bytes()).hexdigest()
    assert (home / "data" / "ada.db").read_bytes() == before, "nothing in the ledger changes"
    assert len(greenroom("persona", "diff", asked[:8], "-n", "1", "--json").json["inputs"]) == 1
    assert greenroom("persona", "diff", asked[:8], "--cases", "--json").json["source"] == "from the cases of both"


def test_the_page_stands_alone_and_what_people_wrote_does_nothing_in_it(
    greenroom: Greenroom, asked: str, home: Path
) -> None:
    said = greenroom("persona", "diff", asked[:8], "--html", "diff.html")
    assert said.code == 0, said.err
    assert "diff.html written" in said.out
    text = (home / "diff.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;alert(" in text
    assert re.findall(r"(?:src|href)=|url\(|@import|https?://", text) == []
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text
    assert "@ben: " in text, "what was said before the second one"
    assert (home / "diff.html").stat().st_mode & 0o777 == 0o600
    again = greenroom("persona", "diff", asked[:8], "--html", "diff.html")
    assert again.code == 1
    assert "is there already: give another name, or write over it with --replace" in again.err
    assert greenroom("persona", "diff", asked[:8], "--html", "diff.html", "--replace").code == 0


def test_answers_are_recorded_once_and_told_again_without_the_model(
    greenroom: Greenroom, two: tuple[str, str], model: Model, home: Path
) -> None:
    live = greenroom(
        *("persona", "diff", *two, "--engine", "m", "--server", model.address, "--recorded", "a.jsonl", "--json")
    )
    assert live.code == 0, live.err
    calls = len(model.asked)
    assert calls == 4 + 8, "each of Cea's four texts was too long, and asked for again"
    assert live.json["a"]["by_bound"] == {}
    assert live.json["b"]["by_bound"] == {"too long": 8, "emoji": 8, "hashtags": 8}
    assert sys.platform == "win32" or Path("a.jsonl").stat().st_mode & 0o077 == 0
    again = greenroom("persona", "diff", *two, "--recorded", "a.jsonl", "--json")
    assert again.code == 0, again.err
    assert again.json["inputs"] == live.json["inputs"]
    assert len(model.asked) == calls
    # the same file holds for the cases of one, as long as what a model reads is the same
    (home / "bea.yaml").write_text(BEA.replace("says: [fog]", "says: [boats]"), encoding="utf-8")
    tested = greenroom("persona", "test", "bea.yaml", "--recorded", "a.jsonl")
    assert tested.code == 0, tested.out
    assert "4 of 4 cases pass" in tested.out
    (home / "bea.yaml").write_text(BEA.replace("runs the", "once ran the"), encoding="utf-8")
    missing = greenroom("persona", "test", "bea.yaml", "--recorded", "a.jsonl")
    assert missing.code == 1
    assert "a.jsonl has no answer to that: name the model with --engine" in missing.out
    added = greenroom(
        *("persona", "test", "bea.yaml", "--engine", "m", "--server", model.address, "--recorded", "a.jsonl")
    )
    assert len(model.asked) == calls + 4, added.err
    assert greenroom("persona", "test", "bea.yaml", "--recorded", "a.jsonl").out.count("no engine") == 0


def test_a_recorded_answer_is_held_to_the_documents_that_it_was_shown(
    greenroom: Greenroom, home: Path, model: Model
) -> None:
    (home / "boats.md").write_text("# Boats\n\nThe boats are in at noon.\n", encoding="utf-8")
    (home / "bea.yaml").write_text(
        f"{BEA}knowledge: {{from: boats.md, cite: true}}\nlanguages: [en]\n", encoding="utf-8"
    )
    asking = ("--engine", "m", "--server", model.address)
    live = greenroom("persona", "diff", "bea.yaml", "bea.yaml", *asking, "--recorded", "a.jsonl", "--json")
    assert live.code == 0, live.err
    calls = len(model.asked)
    told = greenroom("persona", "diff", "bea.yaml", "bea.yaml", "--recorded", "a.jsonl", "--json")
    assert told.code == 0, told.err
    assert told.json["inputs"] == live.json["inputs"]
    assert len(model.asked) == calls
    (home / "boats.md").write_text("# Boats\n\nThe boats are in at dusk.\n", encoding="utf-8")
    changed = greenroom("persona", "diff", "bea.yaml", "bea.yaml", "--recorded", "a.jsonl")
    assert changed.code == 1
    assert "has no answer to that" in changed.err, "a model would read something else now"


def test_an_engine_that_cannot_answer_is_told_and_fails(
    greenroom: Greenroom, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    said = greenroom("persona", "diff", *two, "--engine", "openai/gpt-5-mini")
    assert said.code == 1
    assert "no engine could answer 8 times" in said.err


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("", "its first line does not say so"),
        ("[]\n", "its first line does not say so"),
        ('{"format":"greenroom answers 1","at":1}\n{"key":"x"}\n', "a.jsonl:2: this is no recorded answer"),
        ('{"format":"greenroom answers 1","at":999999999999999999}\n', "a.jsonl:1: `at` is no moment"),
        ("\udcff\n", "its first line does not say so"),
    ],
)
def test_a_file_that_is_no_recording_is_told(
    greenroom: Greenroom, two: tuple[str, str], home: Path, body: str, complaint: str
) -> None:
    (home / "a.jsonl").write_bytes(body.encode(errors="surrogateescape"))
    said = greenroom("persona", "diff", *two, "--recorded", "a.jsonl")
    assert said.code == 1
    assert complaint in said.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("bea.yaml", "nobody.yaml"), "nobody"),
        (("bea.yaml", "cea.yaml", "--recorded", "no.jsonl"), "there is no file no.jsonl: name a model with --engine"),
        (("bea.yaml", "cea.yaml", "--engine", "script", "--recorded", "no.jsonl"), "leave --recorded out"),
        (("bea.yaml", "cea.yaml", "--html", "nowhere/d.html"), "cannot be written"),
    ],
)
def test_what_cannot_be_compared_is_told(
    greenroom: Greenroom, two: tuple[str, str], words: tuple[str, ...], complaint: str
) -> None:
    said = greenroom("persona", "diff", *words)
    assert said.code == 1
    assert complaint in said.err


def test_a_hash_that_no_version_has_is_told(greenroom: Greenroom, asked: str) -> None:
    assert "no version begins with ffff" in greenroom("persona", "diff", "ffff").err
    assert asked[:12] in greenroom("persona", "diff", "ffff").err


def test_drafts_of_an_earlier_persona_are_marked(greenroom: Greenroom, asked: str, home: Path) -> None:
    async def hold() -> None:
        async with SqliteLedger(home / "data" / "ada.db", bot="ada", clock=SystemClock()) as ledger:
            for seq, version in ((1, asked), (2, "0" * 64)):
                turn = await ledger.turn(seq)
                assert turn is not None
                turn.state, turn.reason, turn.persona = State.HELD, "to be looked at", version
                ledger.work_again(turn)
                ledger.save(turn)
            await ledger.committed()

    asyncio.run(hold())
    found = {one["turn"]: one["is_of_earlier_persona"] for one in greenroom("held", "list", "--json").json}
    assert found == {1: False, 2: True}
    said = greenroom("held").out
    assert said.count("written by an earlier persona, 000000000000") == 1
    assert "greenroom held redraft TURN" in said
    assert greenroom("held", "redraft", "2").out == "Turn 2 is written anew.\n"
    assert [one["turn"] for one in greenroom("held", "list", "--json").json] == [1]
