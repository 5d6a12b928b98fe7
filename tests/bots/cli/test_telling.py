"""`greenroom check` tries once whether `tell` reaches the owner, and says when nobody is told."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenroom.clock import SystemClock
from greenroom.storage import SqliteLedger, State
from greenroom.turns.beginning import WORDS_OF_PASSED_ON
from greenroom_adapters.testing.stage import RunningStage


def messages(stage: RunningStage, token: str) -> list[str]:
    events = stage.call("GET", "/api/events?after=0", token=token)["events"]
    return [event["post"]["text"] for event in events if event["kind"] == "direct_message"]


def test_check_writes_once_to_whoever_is_told_and_says_so(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], stage: RunningStage
) -> None:
    maria = stage.sign_in("maria1")
    write_bot(server=stage.url, handle="teller1", more="tell: home/@maria1\n")
    assert greenroom("check", "--no-tell").code == 0
    assert greenroom("check", "--offline").code == 0
    assert messages(stage, maria) == []
    first = greenroom("check")
    assert first.code == 0
    assert "home/@maria1: wrote there once for real" in first.out
    assert "nobody is told" not in first.out
    again = greenroom("check", "--json").json
    assert again["tell"].endswith("wrote there at an earlier check")
    (only,) = messages(stage, maria)
    assert only.startswith("This is where I will tell you")


@pytest.mark.skipif(sys.platform == "win32", reason="ends bots by signals that Windows has not")
def test_beside_a_running_bot_the_bot_writes_and_what_is_passed_on_arrives(
    running: Callable[..., Any],
    greenroom: Callable[..., Any],
    write_bot: Callable[..., Path],
    stage: RunningStage,
    until: Callable[..., Any],
) -> None:
    maria = stage.sign_in("maria2")
    path = write_bot(server=stage.url, handle="teller2", more="tell: home/@maria2\n")
    rules = "answer: [mentions, {to: mentions, words: [refund], tell: true}]"
    path.write_text(path.read_text(encoding="utf-8").replace("answer: [mentions, replies, direct_messages]", rules))
    running()
    assert "the running bot writes there now" in greenroom("check").out
    until(lambda: len(messages(stage, maria)) == 1)
    assert "wrote there at an earlier check" in greenroom("check").out
    stage.say(stage.sign_in("ben"), "@teller2 I want a refund")
    until(lambda: len(messages(stage, maria)) == 2, seconds=60)
    text = messages(stage, maria)[-1]
    assert text.startswith("For you: ben on home wrote: (at)teller2 I want a refund http")


def test_a_name_that_nobody_has_is_warned_of_by_check(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], stage: RunningStage
) -> None:
    write_bot(server=stage.url, handle="teller3", more="tell: home/@nobody-at-all\n")
    said = greenroom("check", "--json").json
    unheard = (
        "you may not hear what needs you: `tell: home/@nobody-at-all`: nobody on home is @nobody-at-all yet; "
        "a running bot asks again every minute"
    )
    assert unheard in said["warnings"]


@pytest.mark.skipif(sys.platform == "win32", reason="ends bots by signals that Windows has not")
def test_what_is_passed_on_to_a_name_that_nobody_has_is_listed_and_told_as_soon_as_somebody_has_it(
    running: Callable[..., Any],
    greenroom: Callable[..., Any],
    write_bot: Callable[..., Path],
    stage: RunningStage,
    until: Callable[..., Any],
) -> None:
    path = write_bot(server=stage.url, handle="teller4", more="tell: home/@maria4\n")
    rule = "answer: {to: mentions, words: [refund], tell: true}"
    text = path.read_text(encoding="utf-8").replace("answer: [mentions, replies, direct_messages]", rule)
    path.write_text(text, encoding="utf-8")
    running()
    ben = stage.sign_in("ben4")
    stage.say(ben, "@teller4 I want a refund")
    (one,) = until(lambda: greenroom("held", "list", "--json").json)
    assert (one["input"]["text"], one["told"], bool(one["passed_on"])) == ("@teller4 I want a refund", False, True)
    listed = until(lambda: [said] if "knows nobody" in (said := greenroom("held").out) else [])[0]
    assert "No draft waits for you." in listed
    assert "Passed on to you, and not answered:" in listed
    assert "greenroom held answer TURN TEXT" in listed
    assert "greenroom held approve" not in listed, "there is no draft to let out"
    assert "you are not told: home knows nobody of the name in `tell: home/@maria4`" in listed
    status = greenroom("status")
    assert status.code == 3
    assert "You are not told what needs you: home knows nobody of the name in `tell: home/@maria4`." in status.out

    answered = greenroom("held", "answer", str(one["turn"]), "I am sorry. You will have it.")
    assert f"{one['turn']}" in answered.out
    assert "sent" in answered.out, "it says so when it is"
    events = stage.call("GET", "/api/events?after=0", token=ben)["events"]
    assert any("I am sorry. You will have it." in event["post"]["text"] for event in events)
    assert greenroom("held", "list", "--json").json == []


@pytest.mark.usefixtures("passed_on")
def test_an_answer_by_hand_says_what_it_waits_for_where_it_does_not_go_out(greenroom: Callable[..., Any]) -> None:
    said = greenroom("held", "answer", "1", "I am sorry.")
    assert "Your words for turn 1 are noted. No bot runs on this ledger: they go out when `greenroom run" in said.out
    assert "answered" not in said.out


@pytest.mark.usefixtures("passed_on")
def test_an_answer_by_hand_on_a_paused_account_says_that_it_waits_for_that(greenroom: Callable[..., Any]) -> None:
    greenroom("pause", "home")
    said = greenroom("held", "answer", "1", "I am sorry.")
    assert "Your words for turn 1 are noted. It waits, for home is paused" in said.out


@pytest.fixture(params=sorted(WORDS_OF_PASSED_ON))
def passed_on(
    request: pytest.FixtureRequest, home: Path, write_bot: Callable[..., Path], ledger_with: Callable[..., None]
) -> None:
    """A mention that was passed on to the owner, as turn 1, also as earlier versions noted it down."""
    write_bot()
    ledger_with(State.IGNORED)

    async def note() -> None:
        async with SqliteLedger(home / "data" / "ada.db", bot="ada", clock=SystemClock()) as ledger:
            turn = await ledger.turn(1)
            assert turn is not None
            turn.reason = request.param
            ledger.save(turn)
            await ledger.committed()

    asyncio.run(note())


def test_a_bot_that_tells_nobody_is_warned_about(greenroom: Callable[..., Any], write_bot: Callable[..., Path]) -> None:
    write_bot()
    said = greenroom("check", "--offline")
    assert "nobody is told what needs a person" in said.out
    assert "Write `tell: home/@your-handle`" in said.out


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ("discord", ("`tell: chat/@YOUR-USER-ID`", "*Copy User ID*")),
        ("x", ("`tell: chat/@your-handle`", "Write it a direct message once")),
        ("{platform: nostr, relays: 'wss://a.b'}", ("`tell: chat/@npub1-YOUR-KEY`", "not the bot's")),
        ("{platform: matrix, server: 'https://a.b', token: {env: T}}", ("`tell: chat/@you:your-server.example`",)),
    ],
)
def test_how_to_be_told_is_said_in_the_platforms_own_spelling(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], account: str, words: tuple[str, ...]
) -> None:
    path = write_bot()
    lines = path.read_text(encoding="utf-8").splitlines()
    (place,) = (number for number, line in enumerate(lines) if line.startswith("  home:"))
    lines[place] = f"  chat: {account}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = greenroom("check", "--offline")
    for expected in words:
        assert expected in said.out


def test_a_tell_over_an_account_that_rehearses_is_warned_about(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], stage: RunningStage
) -> None:
    path = write_bot(server=stage.url, handle="teller4", more="tell: home/@maria1\n")
    path.write_text(path.read_text(encoding="utf-8").replace("handle: teller4", "handle: teller4, live: false"))
    said = greenroom("check")
    assert "greenroom live home" in said.out
    assert "not tried" in said.out


def test_rooms_that_cannot_be_read_are_listed_by_check(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], home: Path
) -> None:
    async def remember() -> None:
        async with SqliteLedger(home / "data" / "ada.db", bot="ada", clock=SystemClock()) as ledger:
            ledger.remember("unreadable:home/r1", "cannot read #r1 on home: its messages are encrypted")

    write_bot()
    asyncio.run(remember())
    assert "cannot read #r1 on home: its messages are encrypted" in greenroom("check", "--offline").out
