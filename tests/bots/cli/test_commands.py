"""The commands on a ledger that no bot runs on."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from greenroom.clock import SystemClock
from greenroom.storage import Due, SqliteLedger, State
from greenroom_adapters.contract import Poll, Visibility
from greenroom_adapters.testing.stage import RunningStage

LISBON = ZoneInfo("Europe/Lisbon")
NASTY = "@ada \x1b[31mred\x1b[0m \u202eback\u202c \x07bell"


@pytest.fixture
def bot(write_bot: Callable[..., Path]) -> Path:
    return Path(write_bot())


pytestmark = pytest.mark.usefixtures("bot")


def test_a_post_without_a_bot_is_put_down_for_its_time(greenroom: Callable[..., Any]) -> None:
    said = greenroom("post", "The lamp is lit.", "--at", "in 3 hours")
    assert said.code == 0
    assert "greenroom run" in said.out
    (one,) = [one for one in greenroom("queue", "list", "--json").json if one["item"]]
    assert one["say"] == "The lamp is lit."
    assert one["in"] == ["home"]
    away = datetime.fromisoformat(one["due"]) - datetime.now(LISBON)
    assert timedelta(hours=2, minutes=59) < away < timedelta(hours=3, minutes=1)


def test_a_post_at_a_time_of_day_is_on_the_clock_of_the_bot(greenroom: Callable[..., Any]) -> None:
    greenroom("post", "Evening.", "--at", "18:30")
    (one,) = [one for one in greenroom("queue", "list", "--json").json if one["item"]]
    due = datetime.fromisoformat(one["due"]).astimezone(LISBON)
    assert (due.hour, due.minute) == (18, 30)
    assert timedelta(0) < due - datetime.now(LISBON) <= timedelta(hours=25)


def test_the_queue_names_what_the_file_plans_and_what_was_put_down(greenroom: Callable[..., Any]) -> None:
    greenroom("post", "By hand.", "--at", "in 1 hour")
    names = {(one["schedule"], one["item"]) for one in greenroom("queue", "list", "--json").json}
    assert names == {("watch", None), ("single", 1)}
    said = greenroom("queue")
    assert "By hand." in said.out
    assert "the weather at sea" in said.out


def test_a_post_can_be_changed_and_cancelled(greenroom: Callable[..., Any]) -> None:
    greenroom("post", "One.", "--at", "in 1 hour")
    assert greenroom("queue", "edit", "1", "Two.", "--at", "in 2 hours").code == 0
    (one,) = [one for one in greenroom("queue", "list", "--json").json if one["item"]]
    assert one["say"] == "Two."
    assert greenroom("queue", "cancel", "1").code == 0
    assert not [one for one in greenroom("queue", "list", "--json").json if one["item"]]


def test_lines_of_a_file_have_their_own_times_or_follow_each_other(greenroom: Callable[..., Any], home: Path) -> None:
    year = datetime.now(LISBON).year + 1
    lines = f"first\n\n{year}-03-01 12:00 second\\nwith two lines\nthird\n"
    (home / "posts.txt").write_text(lines, encoding="utf-8")
    said = greenroom("post", "--from-file", "posts.txt", "--at", "in 1 hour", "--every", "1 day", "--json")
    assert said.json["items"] == [1, 2, 3]
    found = {
        one["say"]: datetime.fromisoformat(one["due"])
        for one in greenroom("queue", "list", "--json").json
        if one["item"]
    }
    assert found["third"] - found["first"] == timedelta(days=1)
    assert found["second\nwith two lines"] == datetime(year, 3, 1, 12, tzinfo=LISBON)


def test_a_list_with_one_mistake_puts_nothing_down(greenroom: Callable[..., Any], home: Path) -> None:
    (home / "posts.txt").write_text("good\n2001-01-01 12:00 bad\n", encoding="utf-8")
    assert greenroom("post", "--from-file", "posts.txt").code == 1
    assert not [one for one in greenroom("queue", "list", "--json").json if one["item"]]


def test_many_thousand_lines_are_put_down_in_one_go(greenroom: Callable[..., Any], home: Path) -> None:
    (home / "posts.txt").write_text("".join(f"Line {number}\n" for number in range(20_000)), encoding="utf-8")
    said = greenroom("post", "--from-file", "posts.txt", "--at", "in 1 hour")
    assert said.out.startswith("20,000 posts put down")


def test_a_pause_holds_until_it_is_ended(greenroom: Callable[..., Any], ledger_with: Callable[..., None]) -> None:
    ledger_with()
    assert greenroom("pause", "--why", "a storm").code == 0
    said = greenroom("status")
    assert "paused (a storm)" in said.out
    assert said.code == 3
    assert greenroom("resume").code == 0
    assert "paused" not in greenroom("status").out


def test_status_names_what_waits_and_leaves_with_3(
    greenroom: Callable[..., Any], ledger_with: Callable[..., None], home: Path
) -> None:
    ledger_with(State.SENT, State.DEAD, State.UNKNOWN, State.HELD)
    said = greenroom("status", "--json")
    assert said.code == 3
    assert said.json["turns"] == {"held": 1, "unknown": 1, "sent": 1, "dead": 1}
    assert said.json["ledger"] == str(Path("data") / "ada.db") or said.json["ledger"] == str(home / "data" / "ada.db")
    assert said.json["limit_micros"] == 1_000_000
    assert "greenroom dead list" in greenroom("status").out


def test_a_person_decides_what_becomes_of_what_could_not_be_brought_to_its_end(
    greenroom: Callable[..., Any], ledger_with: Callable[..., None]
) -> None:
    ledger_with(State.DEAD, State.UNKNOWN, State.DEAD, State.SENT)
    assert [turn["turn"] for turn in greenroom("dead", "list", "--json").json] == [3, 2, 1]
    assert greenroom("dead", "retry", "1").code == 0
    assert greenroom("dead", "sent", "2", "https://x.example/@ada/77").code == 0
    assert greenroom("dead", "drop", "3").code == 0
    states = {turn["turn"]: turn["state"] for turn in greenroom("log", "--json").json if "state" in turn}
    assert states == {1: "intended", 2: "sent", 3: "withdrawn", 4: "sent"}
    seen = greenroom("log", "--turn", "2", "--json").json
    assert seen["posts"][0]["url"] == "https://x.example/@ada/77"
    assert [entry["what"] for entry in seen["journal"]] == ["unknown", "went out"]
    assert greenroom("dead").out == "Nothing is dead or unknown.\n"


def test_a_person_decides_about_each_held_draft_or_about_all_of_a_kind(
    greenroom: Callable[..., Any], ledger_with: Callable[..., None]
) -> None:
    ledger_with(State.HELD, State.HELD, State.HELD, State.HELD)
    assert [turn["turn"] for turn in greenroom("held", "list", "--json").json] == [4, 3, 2, 1]
    assert greenroom("held", "approve", "1").out == "Turn 1 is let out.\n"
    assert greenroom("held", "edit", "2", "It is lit, and warm.").code == 0
    assert greenroom("held", "list", "--json").json[-1]["answer"] == ["It is lit, and warm."]
    assert greenroom("held", "refuse", "3").out == "Turn 3 does not go out.\n"
    assert greenroom("held", "approve", "posts").out == "No post waits for you.\n"
    assert greenroom("held", "approve", "replies").out == "2 drafts are let out.\n"
    assert greenroom("held", "refuse", "replies").out == "No reply waits for you.\n"
    assert greenroom("held", "redraft", "all").out == "No draft waits for you.\n"
    states = {turn["turn"]: turn["state"] for turn in greenroom("log", "--json").json if "state" in turn}
    assert states == {1: "drafted", 2: "drafted", 3: "withdrawn", 4: "drafted"}
    assert greenroom("held").out == "No draft waits for you.\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("held", "approve", "9"), "there is no turn 9"),
        (("held", "approve", "2"), "turn 2 is sent, not held"),
        (("held", "approve", "mentions"), "write a number, or all, posts, replies"),
        (("held", "approve", "1", "posts"), "write one of the words all, posts and replies alone"),
        (("held", "edit", "1", " "), "there are no words in the new text"),
    ],
)
def test_what_cannot_be_done_with_a_held_draft_is_told(
    greenroom: Callable[..., Any], ledger_with: Callable[..., None], words: tuple[str, ...], told: str
) -> None:
    ledger_with(State.HELD, State.SENT)
    said = greenroom(*words)
    assert said.code == 1
    assert told in said.err


def test_everything_is_stopped_and_goes_on_with_one_word_each(
    greenroom: Callable[..., Any], ledger_with: Callable[..., None]
) -> None:
    ledger_with(State.SENT)
    assert greenroom("stop-all", "--why", "a storm").code == 0
    assert "Everything is stopped (a storm): `greenroom resume` ends it." in greenroom("status").out
    refused = greenroom("resume", "home")
    assert "`greenroom resume` without an account ends that" in refused.err
    assert greenroom("resume").code == 0
    assert "a storm" not in greenroom("status").out


def test_an_account_that_was_paused_before_everything_was_stopped_stays_so_and_is_named(
    greenroom: Callable[..., Any], ledger_with: Callable[..., None]
) -> None:
    ledger_with(State.SENT)
    greenroom("pause", "home", "--why", "a storm")
    greenroom("stop-all", "--why", "a fire")
    said = greenroom("resume").out
    assert "home was paused before (a storm) and stays so: `greenroom resume home` ends that." in said
    assert "Nothing goes out on home" in greenroom("status").out
    assert greenroom("resume", "home").out == "Resumed: home.\n"


def test_a_held_draft_is_written_anew_when_it_is_tried_again(
    greenroom: Callable[..., Any], ledger_with: Callable[..., None]
) -> None:
    ledger_with(State.HELD)
    assert greenroom("dead", "retry", "1").code == 0
    assert greenroom("log", "--turn", "1", "--json").json["state"] == "received"


@pytest.mark.parametrize("words", [("log",), ("log", "--turn", "1"), ("dead", "list"), ("explain", "--turn", "1")])
def test_what_strangers_wrote_cannot_act_on_the_terminal(
    greenroom: Callable[..., Any], ledger_with: Callable[..., None], words: tuple[str, ...]
) -> None:
    ledger_with(State.DEAD, text=NASTY, reason=f"{NASTY} has had enough")
    said = greenroom(*words)
    assert said.code == 0
    assert not {"\x1b", "\x07", "\u202e"} & set(said.out)


def test_the_log_tells_a_turn_from_its_input_to_its_receipt(
    greenroom: Callable[..., Any], ledger_with: Callable[..., None]
) -> None:
    ledger_with(State.SENT)
    said = greenroom("log", "--turn", "1").out
    for told in ("is the lamp lit?", "@ben", "It is lit.", "script", "https://x.example/p1", "key1", "answer 1"):
        assert told in said
    assert "@ben: is the lamp lit?" in greenroom("log").out


def test_a_command_is_told_as_it_was_given_and_no_rule_explains_it(
    greenroom: Callable[..., Any], ledger_with: Callable[..., None]
) -> None:
    ledger_with(State.SENT, text="", command="about")
    assert "@ben: /about" in greenroom("log").out
    assert greenroom("log", "--turn", "1", "--json").json["input"]["command"] == "about"
    assert "/about: the bot itself obeys it" in greenroom("explain", "--turn", "1").out
    assert greenroom("explain", "--turn", "1", "--json").json["rules"] == []


def test_explain_tells_every_rule(greenroom: Callable[..., Any]) -> None:
    said = greenroom("explain", "--text", "is the lamp lit?")
    assert said.out.startswith("Answered by answer 1")
    alone = greenroom("explain", "--text", "so many gulls", "--kind", "message", "--in", "home/lounge", "--json")
    assert alone.json["answered"] is False
    assert all(not rule["fits"] for rule in alone.json["rules"])
    named = greenroom("explain", "--text", "Ada, are you there?", "--kind", "message", "--in", "home/lounge", "--json")
    assert named.json["answered"] is True


def test_check_tells_who_the_account_is_and_what_it_may_do(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], stage: RunningStage, home: Path
) -> None:
    write_bot(server=stage.url, handle="checked")
    said = greenroom("check", "--json")
    assert said.code == 0
    assert said.json["ok"] is True
    assert said.json["accounts"]["home"]["handle"] == "checked"
    assert "post" in said.json["accounts"]["home"]["may"]
    assert not (home / "data").exists()


def test_check_starts_the_stage_of_this_machine_for_the_moment(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], home: Path
) -> None:
    path = write_bot()
    path.write_text(path.read_text(encoding="utf-8").replace('server: "http://127.0.0.1:9", ', ""), encoding="utf-8")
    assert "may" in greenroom("check").out
    assert not (home / "data" / "stage.db.json").exists()


def test_check_offline_signs_nothing_in_and_misses_no_secret(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIGHTHOUSE_KEY", raising=False)
    write_bot(more="engines: {text: {model: openai/gpt-5-mini, key: {env: LIGHTHOUSE_KEY}}}\n")
    said = greenroom("check", "--offline")
    assert said.code == 0
    assert "warning: " in said.out
    assert "0.25 USD read" in said.out
    assert "at most 1.00 USD a day" in said.out


def test_check_show_prints_a_file_that_means_the_same(greenroom: Callable[..., Any], home: Path) -> None:
    shown = greenroom("check", "--show").out
    (home / "shown.yaml").write_text(shown, encoding="utf-8")
    assert greenroom("check", "shown.yaml", "--show").out == shown
    assert "late_ok: 1 hour" in shown


def test_a_persona_can_be_checked_by_itself(greenroom: Callable[..., Any]) -> None:
    assert greenroom("check", "persona.yaml").out == "persona.yaml: Ada is in order.\n"
    assert greenroom("check", "persona.yaml", "--show").out.startswith("persona: Ada\n")


def test_check_says_which_engine_has_no_key(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    write_bot(more="engines: [openai/gpt-5-mini, script]\n")
    said = greenroom("check", "--offline")
    assert said.code == 0
    assert "warning: openai/gpt-5-mini has no key and is passed over: set OPENAI_API_KEY" in said.out
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-test")
    assert "no key" not in greenroom("check", "--offline").out


def test_a_post_without_a_running_bot_tells_how_to_start_this_one(
    greenroom: Callable[..., Any], home: Path, write_bot: Callable[..., Path]
) -> None:
    write_bot()
    (home / "second.yaml").write_bytes((home / "bot.yaml").read_bytes())
    assert "start it with `greenroom run bot.yaml`" in greenroom("post", "Lamp lit.", "--bot", "bot.yaml").out


def test_what_somebody_writes_in_the_wrong_place_is_explained(greenroom: Callable[..., Any]) -> None:
    assert "--text '@ada hello'" in " ".join(greenroom("explain", "@ada hello").err.split())


def test_a_key_that_nobody_uses_is_pointed_out(greenroom: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-test")
    said = greenroom("check", "--offline").out
    assert "OPENAI_API_KEY is set; write `engines: openai/gpt-5-mini` to use it" in said
    assert "sk-of-the-test" not in said


def test_every_command_writes_one_json_value_and_nothing_else(
    greenroom: Callable[..., Any], ledger_with: Callable[..., None]
) -> None:
    ledger_with(State.DEAD, State.DEAD, State.UNKNOWN)
    for words in (
        ("status",),
        ("log",),
        ("log", "--turn", "1"),
        ("queue", "list"),
        ("dead", "list"),
        ("dead", "retry", "1"),
        ("dead", "drop", "2"),
        ("dead", "sent", "3"),
        ("post", "hello", "--at", "in 1 hour"),
        ("queue", "edit", "1", "x"),
        ("queue", "cancel", "1"),
        ("pause",),
        ("resume",),
        ("explain", "--text", "x"),
        ("check", "--offline"),
        ("schema",),
        ("new", "--name", "Json"),
    ):
        said = greenroom(*words, "--json")
        assert said.code in (0, 3), (words, said)
        assert said.err == ""
        assert said.out.count("\n") == 1
        json.loads(said.out)


def test_schemas_are_those_of_the_repository(
    greenroom: Callable[..., Any], home: Path, pytestconfig: pytest.Config
) -> None:
    assert greenroom("schema", "--out", "schema").code == 0
    for name in ("bot.schema.json", "persona.schema.json"):
        kept = pytestconfig.rootpath / "config" / "schema" / name
        assert (home / "schema" / name).read_text(encoding="utf-8") == kept.read_text(encoding="utf-8")


def test_what_goes_with_a_post_is_put_down_with_it(greenroom: Callable[..., Any], home: Path) -> None:
    options = (
        "--warning",
        "food",
        "--visibility",
        "unlisted",
        "--poll",
        "Tea",
        "--poll",
        "Soup",
        "--poll-for",
        "2 hours",
    )
    assert greenroom("post", "Which?", "--at", "in 1 hour", *options, "--poll-several").code == 0
    greenroom("queue", "edit", "1", "Which one?")
    (home / "posts.txt").write_text("One.\nTwo.\n", encoding="utf-8")
    assert greenroom("post", "--from-file", "posts.txt", "--at", "in 1 hour", *options, "--poll-several").code == 0

    async def stored() -> list[Due]:
        async with SqliteLedger(home / "data" / "ada.db", bot="ada", clock=SystemClock(), beside=True) as ledger:
            return [item.event for item in await ledger.agenda()]

    events = asyncio.run(stored())
    assert {event.say for event in events} == {"Which one?", "One.", "Two."}
    for event in events:
        assert (event.warning, event.visibility) == ("food", Visibility.UNLISTED)
        assert event.poll == Poll(options=("Tea", "Soup"), open_for=timedelta(hours=2), several=True)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--visibility", "private"), "`private` is not a visibility"),
        (("--poll", "Tea"), "a poll has at least two answers"),
        (("--poll", "Tea", "--poll", "Soup", "--poll-for", "soon"), "soon"),
    ],
)
def test_what_cannot_go_with_a_post_is_told_and_nothing_is_put_down(
    greenroom: Callable[..., Any], options: tuple[str, ...], why: str
) -> None:
    said = greenroom("post", "Which?", "--at", "in 1 hour", *options)
    assert said.code == 1
    assert why in said.err
    assert not [one for one in greenroom("queue", "list", "--json").json if one["item"]]


def test_an_account_without_its_sign_in_is_named_once(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path]
) -> None:
    file = write_bot()
    words = file.read_text(encoding="utf-8").splitlines()
    words = [
        "  home: {platform: mastodon, server: 'http://127.0.0.1:9'}" if line.lstrip().startswith("home:") else line
        for line in words
    ]
    file.write_text("\n".join(words) + "\n", encoding="utf-8")
    said = greenroom("check", "--no-tell")
    assert said.code == 1
    assert "error: account `home` needs `token`: `greenroom login home` gets it, or write it into the file" in said.err


def test_a_machine_that_slept_is_shown_by_status_for_a_week(greenroom: Callable[..., Any], home: Path) -> None:
    clock = SystemClock()
    hour = 3_600_000_000

    async def sleeps(until: int) -> None:
        async with SqliteLedger(home / "data" / "ada.db", bot="ada", clock=clock) as ledger:
            ledger.remember("slept", f"{until - 26 * hour} {until}")
            await ledger.committed()

    asyncio.run(sleeps(clock.micros() - hour))
    assert "the machine was suspended" in greenroom("status").out
    since, until = map(datetime.fromisoformat, greenroom("status", "--json").json["slept"])
    assert until - since == timedelta(hours=26)
    asyncio.run(sleeps(clock.micros() - 8 * 24 * hour))
    assert greenroom("status", "--json").json["slept"] is None


TOO_LONG = "Fog. " * 101


def test_words_that_are_usually_too_long_are_refused_where_no_bot_ever_ran(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], home: Path
) -> None:
    write_bot()
    why = (
        "the text is 4 too long for home: it has 504 of the 500 that stage usually takes. Shorten it; where its server"
    )
    refused = greenroom("post", TOO_LONG.strip(), "--at", "in 1 hour")
    assert (refused.code, why in refused.err) == (1, True)
    assert greenroom("post", "Fog.", "--at", "in 2 hours").code == 0
    assert why in greenroom("queue", "edit", "1", TOO_LONG.strip()).err
    (home / "posts.txt").write_text(f"Fog.\n{TOO_LONG}\n" + f"{TOO_LONG}\n" * 6, encoding="utf-8")
    from_file = greenroom("post", "--from-file", "posts.txt", "--every", "1 day").err
    assert f"posts.txt:2:1: {why}" in from_file
    assert "posts.txt:6:1: " in from_file
    assert from_file.endswith("and 2 more\n")
    assert [one["say"] for one in greenroom("queue", "list", "--json").json if one["item"]] == ["Fog."]


@pytest.mark.skipif(sys.platform == "win32", reason="ends bots by signals that Windows has not")
def test_what_a_server_takes_is_known_when_the_bot_has_run_there(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], running: Callable[..., Any]
) -> None:
    with RunningStage("--text-limit", "600") as roomy:
        write_bot(server=roomy.url, handle="wordy3")
        bot = running()
        bot.signal(signal.SIGINT)
        bot.wait()
        assert greenroom("post", TOO_LONG.strip(), "--at", "in 1 hour").code == 0
        said = greenroom("post", "Fog. " * 121, "--at", "in 1 hour")
    assert "the text is 5 too long for home: it has 605 of 600. Shorten it\n" in said.err
    write_bot()
    assert "504 of the 500 that stage usually takes" in greenroom("post", TOO_LONG.strip(), "--at", "in 1 hour").err
    moved = write_bot().read_text(encoding="utf-8").replace("platform: stage", "platform: mastodon")
    Path("bot.yaml").write_text(moved.replace("handle: ada", "token: {env: TOKEN}"), encoding="utf-8")
    assert "504 of the 500 that mastodon usually takes" in greenroom("post", TOO_LONG.strip(), "--at", "in 1 hour").err


@pytest.mark.skipif(sys.platform == "win32", reason="ends bots by signals that Windows has not")
def test_a_running_bot_refuses_words_that_its_platform_does_not_take(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], stage: RunningStage, running: Callable[..., Any]
) -> None:
    write_bot(server=stage.url, handle="wordy1")
    running()
    said = greenroom("post", TOO_LONG.strip())
    assert said.code == 1
    assert "the text is 4 too long for home: it has 504 of 500. Shorten it" in said.err.replace("\n", " ")
    assert greenroom("post", "x" * 500, "--at", "in 1 hour").code == 0
    (one,) = [one for one in greenroom("queue", "list", "--json").json if one["item"]]
    refused = greenroom("queue", "edit", str(one["item"]), TOO_LONG.strip())
    assert "4 too long for home" in refused.err
    assert [one["say"] for one in greenroom("queue", "list", "--json").json if one["item"]] == ["x" * 500]


@pytest.mark.skipif(sys.platform == "win32", reason="ends bots by signals that Windows has not")
def test_a_post_that_is_refused_in_one_of_its_places_is_put_down_in_none(
    greenroom: Callable[..., Any], bot: Path, stage: RunningStage, running: Callable[..., Any]
) -> None:
    with RunningStage("--text-limit", "600") as roomy:
        accounts = "\n".join(
            f'  {name}: {{platform: stage, server: "{one.url}", handle: {name}2}}'
            for name, one in (("home", stage), ("away", roomy))
        )
        bot.write_text(f"bot: ada\npersona: persona.yaml\naccounts:\n{accounts}\nanswer: mentions\n", encoding="utf-8")
        running()
        places = ("--in", "away/quay", "--in", "home", "--at", "in 1 hour")
        said = greenroom("post", TOO_LONG.strip(), *places)
        assert "4 too long for home" in said.err
        assert greenroom("queue", "list", "--json").json == []
        assert greenroom("post", "Fog.", *places).code == 0
        assert len(greenroom("queue", "list", "--json").json) == 2
