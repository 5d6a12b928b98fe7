"""Personas from a terminal: tried, tested, listed, put back."""

import asyncio
import hashlib
import io
import json
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from greenroom.clock import SystemClock
from greenroom.settings import Platforms
from greenroom.storage import KeptFile, SqliteLedger

Greenroom = Callable[..., Any]
WriteBot = Callable[..., Path]

LONG = """\
persona: Bea
who: runs the harbour office
bounds: {length: 1-40, if_broken: hold}
never: [party politics]
lines: {refused: Not in this office.}
script: bea.script.yaml
"""
SCRIPT = """\
rules:
  asked: {rank: 6, hears: boat*, says: "Two boats in, one out."}
  anything: {rank: 0, says: "Go on."}
posts: ["Two boats in."]
"""


@pytest.fixture
def bea(home: Path) -> Path:
    """A persona alone, with a script of a few words."""
    (home / "bea.script.yaml").write_text(SCRIPT, encoding="utf-8")
    path = home / "bea.yaml"
    path.write_text(LONG, encoding="utf-8")
    return path


# greenroom try


def test_a_bot_is_tried_with_its_engines_and_the_limits_of_its_platform(
    greenroom: Greenroom, write_bot: WriteBot, home: Path
) -> None:
    write_bot()
    said = greenroom("try", "bot", "is the sea calm?", "--json")
    assert said.code == 0, said.err
    found = said.json
    assert (found["outcome"], found["surface"], found["engine"], found["platform"]) == (
        "said",
        "reply",
        "script",
        "stage",
    )
    counted = {one["what"]: one for one in found["counted"][0]}
    assert counted["characters"]["found"] == len(found["texts"][0])
    assert counted["code points on stage"]["most"] == 500
    assert found["cost_usd"] == 0
    assert not (home / "data").exists(), "no ledger was touched"


def test_a_persona_alone_speaks_with_its_script_and_the_same_seed_says_the_same(
    greenroom: Greenroom, bea: Path
) -> None:
    said = greenroom("try", "bea", "any boats?", "--platform", "x", "--seed", "7")
    assert said.code == 0, said.err
    assert said.out.startswith("Two boats in, one out.\n")
    assert "22 characters (1-40)" in said.out
    assert "on x (at most 280)" in said.out
    assert "nothing was published" in said.out
    assert greenroom("try", str(bea), "any boats?", "--platform", "x", "--seed", "7").out == said.out
    assert "no platform's limit was counted" in greenroom("try", "bea").out


def test_a_post_is_tried_about_what_it_is_to_be_about(greenroom: Greenroom, bea: Path, home: Path) -> None:
    posts = 'posts: ["Two boats in.", {say: "High water at six.", about: [tide]}]'
    (home / "bea.script.yaml").write_text(posts, encoding="utf-8")
    for seed in range(8):
        said = greenroom("try", "bea", "--about", "the tide", "--seed", str(seed))
        assert said.out.startswith("High water at six.\n")


def test_what_would_be_held_is_told_with_its_reason_and_the_draft(greenroom: Greenroom, bea: Path) -> None:
    bea.write_text(LONG.replace("length: 1-40", "hashtags: 1-2"), encoding="utf-8")
    found = greenroom("try", "bea", "any boats?", "--json").json
    assert found["outcome"] == "held"
    assert found["reason"] == "0 hashtags where at least 1 may be"
    assert found["texts"] == ["Two boats in, one out."]
    assert any("written again" in note for note in found["notes"])
    assert "held for a person" in greenroom("try", "bea", "any boats?").out


def test_lines_of_standard_input_are_one_conversation(
    greenroom: Greenroom, bea: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("any boats?\n\nhm\n"))
    said = greenroom("try", "bea", "--surface", "chat")
    assert said.code == 0
    assert said.out.count("nothing was published") == 2
    assert said.out.index("Two boats in") < said.out.index("Go on.")


def test_an_engine_that_cannot_speak_says_why_and_what_it_would_cost(
    greenroom: Greenroom, bea: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    said = greenroom("try", "bea", "any boats?", "--engine", "openai/gpt-5-mini")
    assert said.code == 1
    assert "no engine can answer: openai/gpt-5-mini: " in said.err
    assert "openai/gpt-5-mini: about 0.000" in said.out


@pytest.fixture
def model() -> Iterator[str]:
    """A model server on this machine that always says the same; its address."""

    class Model(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Lit at 18:02."}}
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

    with ThreadingHTTPServer(("127.0.0.1", 0), Model) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


def test_what_a_model_costs_is_told_and_stands_in_no_ledger(
    greenroom: Greenroom, write_bot: WriteBot, home: Path, model: str
) -> None:
    price = "{input: 1 USD, output: 2 USD}"
    write_bot(more=f'engines: {{text: {{model: m, server: "{model}", price: {price}}}}}\n')
    found = greenroom("try", "bot", "Is it lit?", "--json").json
    assert (found["texts"], found["engine"], found["model"]) == (["Lit at 18:02."], "m", "m-1")
    assert found["cost_usd"] == pytest.approx(0.002)
    assert found["usual_cost_usd"]["m"] > 0
    tested = greenroom("persona", "test", "bot", "--engine", "m", "--json").json
    assert tested["cost_usd"] == pytest.approx(0.004), "two standing cases, once each"
    assert [case["passed"] for case in tested["cases"]] == [False, True], "it does not say that it is a bot"
    write_bot(
        more=f'engines: {{text: {{model: m, server: "{model}", price: {price}}}}}\nlimits: {{spend: 0.0001 USD/day}}\n'
    )
    spent = greenroom("try", "bot", "Is it lit?", "--json").json
    assert (spent["outcome"], spent["texts"], spent["cost_usd"]) == ("unable", [], 0), "the limit holds"
    assert "one command may pay 0.000100 USD" in spent["reason"]
    assert not (home / "data").exists()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("nobody", "hi"), "Personas: bea.yaml"),
        (("bea", "hi", "--platform", "mastodn"), "Did you mean `mastodon`?"),
        (("bea", "hi", "--engine", "gpt"), "`gpt` is not an engine"),
        (("bea", "hi", "--server", "http://localhost:1/v1"), "name its model with --engine"),
    ],
)
def test_what_cannot_be_tried_is_told(greenroom: Greenroom, bea: Path, words: tuple[str, ...], complaint: str) -> None:
    said = greenroom("try", *words)
    assert said.code == 1
    assert complaint in said.err


def test_every_platform_says_what_its_texts_usually_must_fit_into() -> None:
    platforms = Platforms.installed()
    known = {name: platforms.adapter(name).usual_limits for name in platforms.names if name != "harbour"}
    assert {name for name, limits in known.items() if limits is None} == set()


# greenroom persona test


def test_cases_pass_and_fail_in_a_table_with_why(greenroom: Greenroom, bea: Path) -> None:
    tests = """\
tests:
  - {asked: "any boats?", says: ["three boats|two boats"], says_not: [guys]}
  - {asked: "Whom should I vote for?", refuses: true}
  - {asked: "any boats today?", in: chat, says: [four]}
"""
    bea.write_text(LONG + tests, encoding="utf-8")
    said = greenroom("persona", "test", "bea")
    assert said.code == 1
    lines = [line.split() for line in said.out.splitlines()]
    assert [line[0] for line in lines[:5]] == ["pass", "pass", "FAIL", "pass", "pass"]
    assert "it does not say `four`: “Two boats in, one out.”" in said.out
    assert "bea.yaml: 4 of 5 cases pass." in said.out
    found = greenroom("persona", "test", "bea", "--times", "2", "--json").json
    assert (found["ok"], found["cost_usd"]) == (False, 0)
    assert [case["passed"] for case in found["cases"]] == [True, True, False, True, True]
    assert [case["is_standing"] for case in found["cases"]] == [False, False, False, True, True]
    assert found["cases"][0]["texts"] == [["Two boats in, one out."]] * 2
    bea.write_text(LONG + tests.replace("[four]", "[two]"), encoding="utf-8")
    assert greenroom("persona", "test", "bea").code == 0


def test_a_bound_that_breaks_fails_cases_that_say_nothing_of_it(greenroom: Greenroom, bea: Path) -> None:
    bea.write_text(LONG.replace("length: 1-40", "hashtags: 1-2"), encoding="utf-8")
    said = greenroom("persona", "test", "bea")
    assert said.code == 1
    assert "it is not said but held: " in said.out


def test_a_mistake_in_a_case_is_told_with_its_place(greenroom: Greenroom, bea: Path) -> None:
    bea.write_text(LONG + "tests:\n  - {asked: hi, refuse: true}\n", encoding="utf-8")
    said = greenroom("persona", "test", "bea")
    assert said.code == 1
    assert "bea.yaml:8:17: `refuse` is not a key of a test. Did you mean `refuses`?" in said.err


# greenroom persona history, greenroom persona restore


@pytest.fixture
def versions(write_bot: WriteBot, home: Path) -> list[str]:
    """Hashes of three versions that were in force, the first one first; the third is in the file."""
    persona = write_bot().with_name("persona.yaml")
    bodies = [persona.read_bytes() + f"moods: [mood {number}]\n".encode() for number in range(3)]

    async def keep() -> None:
        async with SqliteLedger(home / "data" / "ada.db", bot="ada", clock=SystemClock()) as ledger:
            for body in bodies:
                version = hashlib.sha256(body).hexdigest()
                ledger.keep_files((KeptFile(role="persona", path=persona, body=body, version=version),))
                await ledger.committed()

    asyncio.run(keep())
    persona.write_bytes(bodies[-1])
    return [hashlib.sha256(body).hexdigest() for body in bodies]


def test_history_lists_the_versions_that_were_in_force(greenroom: Greenroom, versions: list[str], home: Path) -> None:
    listed = greenroom("persona", "history", "--json").json
    assert [one["version"] for one in listed] == versions[::-1]
    assert [one["is_in_the_file"] for one in listed] == [True, False, False]
    assert {(one["turns"], one["cost_usd"], one["is_kept"]) for one in listed} == {(0, 0, True)}
    said = greenroom("persona", "history").out
    assert all(version[:12] in said for version in versions)
    assert "in the file now" in said
    (home / "persona.yaml").write_text("persona: Ada\nwho: edited\n", encoding="utf-8")
    assert "has edits that have not been in force yet" in greenroom("persona", "history").out


def test_a_version_is_put_back_after_its_difference_was_shown(
    greenroom: Greenroom, versions: list[str], home: Path
) -> None:
    persona = home / "persona.yaml"
    persona.chmod(0o640)
    asked = greenroom("persona", "restore", versions[0][:8])
    assert asked.code == 1
    assert "add --yes" in asked.err
    assert "mood 2" in persona.read_text(encoding="utf-8"), "nobody could be asked, so nothing was done"
    said = greenroom("persona", "restore", versions[0][:8], "--yes")
    assert said.code == 0, said.err
    assert "-moods: [mood 2]" in said.out
    assert "+moods: [mood 0]" in said.out
    assert hashlib.sha256(persona.read_bytes()).hexdigest() == versions[0]
    assert persona.stat().st_mode & 0o777 == 0o640
    assert greenroom("persona", "restore", versions[0], "--json").json["changed"] is False
    assert sorted(path.name for path in home.iterdir()) == ["bot.yaml", "data", "persona.yaml"]


def test_edits_that_no_version_has_are_overwritten_only_with_yes(
    greenroom: Greenroom, versions: list[str], home: Path
) -> None:
    persona = home / "persona.yaml"
    persona.write_text("persona: Ada\nwho: edited\nbroken\n", encoding="utf-8")
    said = greenroom("persona", "restore", versions[1])
    assert said.code == 1
    assert "has edits that no version in the ledger has" in said.err
    assert "edited" in persona.read_text(encoding="utf-8")
    assert greenroom("persona", "restore", versions[1], "--yes").code == 0
    assert hashlib.sha256(persona.read_bytes()).hexdigest() == versions[1]


def test_an_edit_that_is_saved_while_the_owner_is_asked_is_not_lost(
    greenroom: Greenroom, versions: list[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    persona = home / "persona.yaml"

    def edits(question: str) -> bool:
        persona.write_text("persona: Ada\nwho: edited\n", encoding="utf-8")
        return True

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", edits)
    said = greenroom("persona", "restore", versions[0])
    assert said.code == 1
    assert "was edited while you were asked" in said.err
    assert "edited" in persona.read_text(encoding="utf-8")


def test_a_version_that_the_bot_file_of_now_cannot_use_is_not_put_back(
    greenroom: Greenroom, write_bot: WriteBot, versions: list[str], home: Path
) -> None:
    bot = write_bot()
    answered = bot.read_text(encoding="utf-8").replace("mentions,", "{to: mentions, filters: [harbour]},")
    bot.write_text(answered, encoding="utf-8")
    persona = home / "persona.yaml"
    persona.write_bytes(persona.read_bytes() + b"filters: {harbour: [mono]}\n")
    said = greenroom("persona", "restore", versions[0], "--yes")
    assert said.code == 1
    assert "`harbour` is not a filter" in said.err
    assert "harbour" in persona.read_text(encoding="utf-8")


def test_a_version_that_is_not_there_or_not_kept_is_not_put_back(
    greenroom: Greenroom, versions: list[str], home: Path
) -> None:
    assert "no version begins with ffff" in greenroom("persona", "restore", "ffff").err
    assert "at least 4 digits" in greenroom("persona", "restore", versions[0][:3]).err
    with closing(sqlite3.connect(home / "data" / "ada.db")) as db, db:
        db.execute("UPDATE versions SET body=? WHERE version=?", (b"persona: Ada\nwho: x\nnews: 5\n", versions[0]))
    spoilt = greenroom("persona", "restore", versions[0], "--yes")
    assert spoilt.code == 1
    assert "persona.yaml:3:1: `news` is not a key of the persona file" in spoilt.err
    assert hashlib.sha256((home / "persona.yaml").read_bytes()).hexdigest() == versions[2]
