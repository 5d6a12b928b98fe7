"""What a person tells a bot is done by the running bot, or on its ledger alone, and answered in words."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from greenroom.app import Commands
from greenroom.clock import to_micros
from greenroom.generation import Refused
from greenroom.settings import Platforms, load_bot
from greenroom.storage import SqliteLedger, State
from greenroom.testing import Trial, answer_lost
from greenroom_adapters.contract import Forbidden, Idempotency, IdempotencyKind, OutcomeUnknown, PostRef, TargetGone

TWO = """\
bot: ada
persona: ada.yaml
accounts: {home: {platform: scripted}, away: {platform: scripted}}
timezone: UTC
engines: hold
"""


async def beside(trial: Trial, name: str, **arguments: Any) -> Mapping[str, Any]:
    """Type a command beside the running bot and return its answer."""
    store = trial.bot.file.home
    async with SqliteLedger(store, bot="ada", clock=trial.clock, beside=True) as ledger:
        number = await ledger.ask(name, arguments)
        async with asyncio.timeout(10):
            while (answer := await ledger.answered(number)) is None:
                trial.clock.turn(timedelta(seconds=0.1))
                await asyncio.sleep(0.001)
    return answer


async def alone(trial: Trial, name: str, **arguments: Any) -> Mapping[str, Any]:
    """Type a command while no bot runs."""
    file = load_bot(trial.path, platforms=Platforms.of(trial.platform.adapter_class()))
    async with SqliteLedger(file.home, bot="ada", clock=trial.clock) as ledger:
        return await Commands(ledger, file, clock=trial.clock).obey(name, arguments)


class Keyboard:
    """Types with the bot running, or between two of its runs."""

    def __init__(self, trial: Trial, *, live: bool) -> None:
        self.trial = trial
        self.live = live

    async def type(self, name: str, **arguments: Any) -> Mapping[str, Any]:
        if self.live:
            return await beside(self.trial, name, **arguments)
        await self.trial.stop()
        answer = await alone(self.trial, name, **arguments)
        await self.trial.start()
        return answer


@pytest.fixture(params=[True, False], ids=["live", "alone"])
def keyboard(trial: Trial, request: pytest.FixtureRequest) -> Keyboard:
    return Keyboard(trial, live=request.param)


def play(trial: Trial, kind: IdempotencyKind) -> None:
    trial.platform.capabilities = replace(trial.platform.capabilities, idempotency=Idempotency(kind=kind))


async def parked(trial: Trial) -> int:
    """Bring a turn to `unknown` though it went out, and return its number."""
    play(trial, IdempotencyKind.NONE)
    trial.platform.answers.append(answer_lost(OutcomeUnknown("the answer was lost")))
    trial.mention()
    await trial.counted({State.UNKNOWN: 1})
    return (await trial.turn("mention-1")).seq


# post, cancel, edit


@pytest.mark.asyncio
async def test_a_post_goes_out_at_once_and_once(trial: Trial, keyboard: Keyboard) -> None:
    async with trial:
        answer = await keyboard.type("post", text="Fog tonight.")
        assert answer["done"] == "put down"
        assert answer["accounts"] == ["home"]
        await trial.past(lambda: trial.platform.posts)
    async with trial:
        await trial.counted({State.SENT: 1})
    assert trial.platform.texts == ["Fog tonight."]
    assert trial.engine.briefs == []


@pytest.mark.asyncio
async def test_a_post_about_something_is_written_by_the_engine(trial: Trial, keyboard: Keyboard) -> None:
    async with trial:
        await keyboard.type("post", about="the fog")
        await trial.past(lambda: trial.platform.posts)
    assert trial.platform.texts == ["You said: the fog"]


@pytest.mark.asyncio
async def test_a_post_goes_out_at_its_time(trial: Trial, keyboard: Keyboard) -> None:
    async with trial:
        at = trial.clock.micros() + 300_000_000
        await keyboard.type("post", text="Fog tonight.", at=at)
        assert trial.platform.posts == []
        await trial.past(lambda: trial.platform.posts)
        assert trial.platform.tried_at[0] >= at


@pytest.mark.asyncio
async def test_a_post_can_be_cancelled_and_edited_until_it_goes_out(trial: Trial, keyboard: Keyboard) -> None:
    async with trial:
        at = trial.clock.micros() + 3_600_000_000
        (first,) = (await keyboard.type("post", text="One.", at=at))["items"]
        (second,) = (await keyboard.type("post", text="Two.", at=at))["items"]
        assert first != second
        assert (await keyboard.type("cancel", item=first))["done"] == "cancelled"
        assert "no post" in (await keyboard.type("cancel", item=first))["error"]
        sooner = trial.clock.micros() + 60_000_000
        assert (await keyboard.type("edit", item=second, text="Two, and a half.", at=sooner))["done"] == "edited"
        await trial.past(lambda: trial.platform.posts)
        assert sooner <= trial.platform.tried_at[0] < at
        assert "no post" in (await keyboard.type("edit", item=second, text="Too late."))["error"]
        trial.clock.turn(timedelta(hours=1))
        await trial.bot.settle()
    assert trial.platform.texts == ["Two, and a half."]


@pytest.mark.asyncio
async def test_what_was_cancelled_at_its_last_moment_does_not_go_out(trial: Trial) -> None:
    async with trial:
        for number in range(30):
            at = trial.clock.micros() + 10_000_000
            (item,) = (await trial.bot.commands.obey("post", {"text": f"{number}", "at": at}))["items"]
            trial.clock.turn(timedelta(seconds=10))
            for _ in range(number % 10):
                await asyncio.sleep(0)
            answer = await trial.bot.commands.obey("cancel", {"item": item})
            await asyncio.sleep(0.005)
            await trial.bot.settle()
            assert (f"{number}" in trial.platform.texts) is ("error" in answer)


# pause and resume


@pytest.mark.asyncio
async def test_while_it_is_paused_it_listens_and_says_nothing_over_restarts(trial: Trial, keyboard: Keyboard) -> None:
    async with trial:
        assert (await keyboard.type("pause", why="holidays")) == {"done": "paused", "account": "*"}
        trial.mention()
        await trial.counted({State.INTENDED: 1})
    async with trial:
        await asyncio.sleep(0.02)
        assert trial.platform.attempts == []
        assert trial.bot.desks["home"].pacer.paused == "holidays"
        assert (await keyboard.type("resume"))["done"] == "resumed"
        await trial.counted({State.SENT: 1})
        noted = await trial.journal()
    assert "paused: all accounts: holidays" in noted
    assert "resumed: all accounts" in noted


@pytest.mark.asyncio
async def test_one_account_is_resumed_out_of_a_pause_of_all(trial: Trial, keyboard: Keyboard) -> None:
    trial.rewrite("answer: mentions\n", head=TWO)
    async with trial:
        await keyboard.type("pause", why="stop all")
        await keyboard.type("resume", account="home")
        for _ in range(2):
            assert trial.bot.desks["home"].pacer.paused is None
            assert trial.bot.desks["away"].pacer.paused == "stop all"
            await trial.stop()
            await trial.start()
        await keyboard.type("resume")
        assert await trial.bot.ledger.paused() == {}
        assert trial.bot.desks["away"].pacer.paused is None


# retry, drop, went-out


@pytest.mark.asyncio
async def test_a_dead_turn_is_tried_again_under_the_same_key(trial: Trial, keyboard: Keyboard) -> None:
    trial.platform.answers.append(Forbidden("not yet"))
    async with trial:
        trial.mention()
        await trial.counted({State.DEAD: 1})
        seq = (await trial.turn("mention-1")).seq
        trial.clock.turn(timedelta(hours=8))
        assert (await keyboard.type("retry", turn=seq))["done"] == "tried again"
        await trial.counted({State.SENT: 1})
        assert "is sent, not" in (await keyboard.type("retry", turn=seq))["error"]
    first, second = trial.platform.attempts
    assert first.key == second.key
    assert second.number == 1
    assert len(trial.engine.briefs) == 1, "what was written is not written again"


@pytest.mark.asyncio
async def test_a_turn_that_crashed_too_often_is_started_again_by_hand(trial: Trial, keyboard: Keyboard) -> None:
    trial.engine.outcomes.append(ZeroDivisionError("a bug"))
    async with trial:
        trial.mention()
        await trial.counted({State.DEAD: 1})
        await keyboard.type("retry", turn=(await trial.turn("mention-1")).seq)
        await trial.counted({State.SENT: 1})


@pytest.mark.asyncio
async def test_what_is_parked_goes_out_again_only_when_a_person_says_that_it_did_not(
    trial: Trial, keyboard: Keyboard
) -> None:
    async with trial:
        seq = await parked(trial)
        await trial.stop()
        await trial.start()
        await trial.bot.settle()
        assert len(trial.platform.attempts) == 1
        await keyboard.type("retry", turn=seq)
        await trial.counted({State.SENT: 1})
    assert len(trial.platform.attempts) == 2


@pytest.mark.parametrize("post", ["x1", "https://scripted.example/@ada/x1", ""])
@pytest.mark.asyncio
async def test_what_a_person_has_seen_is_noted_as_sent(trial: Trial, keyboard: Keyboard, post: str) -> None:
    async with trial:
        seq = await parked(trial)
        assert (await keyboard.type("went-out", turn=seq, post=post))["done"] == "noted as sent"
        await trial.counted({State.SENT: 1})
        assert await trial.bot.ledger.turn_of_post("home", "x1") == (seq if post else None)
    assert len(trial.platform.attempts) == 1


@pytest.mark.asyncio
async def test_the_rest_of_a_thread_goes_out_below_the_part_that_a_person_has_seen(
    trial: Trial, keyboard: Keyboard, tmp_path: Path
) -> None:
    (tmp_path / "ada.yaml").write_text("persona: Ada\nwho: w\nbounds: {length: 1-20, too_long: thread}\n")
    trial.engine.outcomes += ["one two three four five six seven eight nine ten"] * 2
    async with trial:
        seq = await parked(trial)
        assert len((await trial.turn("mention-1")).outbox) > 1
        assert "say which post" in (await keyboard.type("went-out", turn=seq))["error"]
        await keyboard.type("went-out", turn=seq, post="x1")
        await trial.counted({State.SENT: 1})
    assert [post.in_reply_to for _, post in trial.platform.posts][:2] == [PostRef(id="p1"), PostRef(id="x1")]
    assert " ".join(trial.platform.texts).replace("…", "").split()[0] == "one"
    assert len(trial.platform.posts) == len(set(trial.platform.texts))


@pytest.mark.asyncio
async def test_what_is_dropped_never_goes_out(trial: Trial, keyboard: Keyboard) -> None:
    async with trial:
        seq = await parked(trial)
        assert (await keyboard.type("drop", turn=seq))["done"] == "dropped"
        assert "is withdrawn" in (await keyboard.type("retry", turn=seq))["error"]
        await trial.stop()
        await trial.start()
        await trial.bot.settle()
        assert (await trial.turn("mention-1")).state is State.WITHDRAWN
    assert len(trial.platform.attempts) == 1


@pytest.mark.asyncio
async def test_what_is_held_can_be_drafted_anew_or_dropped(trial: Trial, keyboard: Keyboard) -> None:
    trial.engine.outcomes += [Refused("not about this")] * 2
    async with trial:
        trial.mention()
        trial.mention()
        await trial.counted({State.HELD: 2})
        await keyboard.type("retry", turn=(await trial.turn("mention-1")).seq)
        await keyboard.type("drop", turn=(await trial.turn("mention-2")).seq)
        await trial.counted({State.SENT: 1, State.WITHDRAWN: 1})


@pytest.mark.asyncio
async def test_a_turn_whose_texts_are_gone_is_not_tried_again(trial: Trial, keyboard: Keyboard) -> None:
    trial.rewrite("answer: mentions\nkeep: 1 day\n")
    trial.platform.answers.append(Forbidden("no"))
    async with trial:
        trial.mention()
        await trial.counted({State.DEAD: 1})
        seq = (await trial.turn("mention-1")).seq
    trial.clock.turn(timedelta(days=2))
    async with trial:
        while (await trial.turn("mention-1")).outbox:
            await asyncio.sleep(0.002)
        assert "its texts are gone" in (await keyboard.type("retry", turn=seq))["error"]
        assert len(trial.platform.attempts) == 1


@pytest.mark.asyncio
async def test_a_draft_that_is_held_for_too_long_is_said_only_as_something_new(
    trial: Trial, keyboard: Keyboard
) -> None:
    trial.engine.outcomes += [Refused("not about this")] * 2
    async with trial:
        trial.mention()
        await trial.counted({State.HELD: 1})
        seq = (await trial.turn("mention-1")).seq
        trial.clock.turn(timedelta(hours=5))
        await keyboard.type("retry", turn=seq)
        await trial.counted({State.HELD: 1})
        trial.clock.turn(timedelta(hours=7))
        assert "stale" in (answer := (await keyboard.type("retry", turn=seq))["error"]) or "held for too long" in answer
        await trial.counted({State.STALE: 1})
    assert trial.platform.attempts == []


@pytest.mark.parametrize("name", ["cancel", "edit"])
@pytest.mark.asyncio
async def test_what_a_command_did_to_a_post_and_its_answer_are_on_disk_together(
    trial: Trial, tmp_path: Path, name: str
) -> None:
    file = load_bot(trial.path, platforms=Platforms.of(trial.platform.adapter_class()))
    moment = trial.clock.now() + timedelta(hours=1)
    seen: set[tuple[object, object]] = set()
    async with SqliteLedger(file.home, bot="ada", clock=trial.clock) as ledger:
        commands = Commands(ledger, file, clock=trial.clock)
        posted = await commands.obey("post", {"text": "Fog.", "at": to_micros(moment)})
        arguments = {"item": posted["items"][0], "text": "Rain."}
        number = await ledger.ask(name, arguments)
        obeying = asyncio.ensure_future(commands.obey(name, arguments, command=number))
        with contextlib.closing(sqlite3.connect(file.home)) as disk:
            while True:
                both = disk.execute(
                    "SELECT (SELECT json_extract(due_event, '$.say') FROM agenda), answer IS NOT NULL "
                    "FROM commands WHERE id=?",
                    (number,),
                ).fetchone()
                seen.add(both)
                if obeying.done() and both[1]:
                    break
                await asyncio.sleep(0)
        assert "done" in await obeying
    assert seen <= {("Fog.", False), (None if name == "cancel" else "Rain.", True)}, (
        "a crash between would answer wrongly"
    )


# mistakes


MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("dance", {}, "does not know this command"),
    ("pause", {"account": "hmoe"}, "has no account `hmoe`; it has: home"),
    ("post", {"text": "x", "accounts": ["hmoe"]}, "has no account"),
    ("post", {"text": "x", "at": "tomorrow"}, "cannot be understood"),
    ("post", {"text": "x", "at": 10**30}, "cannot be understood"),
    ("post", {"text": "x", "picture": "/nowhere/cat.png", "alt": "a cat"}, "no such picture"),
    ("cancel", {}, "cannot be understood"),
    ("cancel", {"item": 7}, "no post 7"),
    ("edit", {"item": "x"}, "cannot be understood"),
    ("retry", {"turn": 99}, "no turn 99"),
    ("retry", {"turn": None}, "cannot be understood"),
    ("drop", {}, "cannot be understood"),
    ("went-out", {"turn": 99}, "no turn 99"),
]


@pytest.mark.asyncio
async def test_a_mistake_is_answered_in_words_and_harms_nothing(trial: Trial, keyboard: Keyboard) -> None:
    async with trial:
        for name, arguments, words in MISTAKES:
            # without a bot they are typed one after the other on one ledger
            answer = await (keyboard.type(name, **arguments) if keyboard.live else alone_once(trial, name, arguments))
            assert words in answer["error"], name
        trial.mention()
        await trial.counted({State.SENT: 1})


async def alone_once(trial: Trial, name: str, arguments: dict[str, Any]) -> Mapping[str, Any]:
    """Obey as a program does that types without a running bot, on the ledger that is open."""
    return await Commands(trial.bot.ledger, trial.bot.file, clock=trial.clock).obey(name, arguments)


@pytest.mark.asyncio
async def test_commands_typed_while_no_bot_runs_are_done_when_it_starts(trial: Trial) -> None:
    async with trial:
        store = trial.bot.file.home
    async with SqliteLedger(store, bot="ada", clock=trial.clock, beside=True) as ledger:
        first = await ledger.ask("pause", {"why": "typed too late"})
    async with trial:
        await trial.past(lambda: trial.bot.desks["home"].pacer.paused)
        await trial.until(lambda: True)
        answer = None
        while answer is None:
            await asyncio.sleep(0.002)
            answer = await trial.bot.ledger.answered(first)
        assert answer["done"] == "paused"
        assert await trial.bot.ledger.open_commands() == []


@pytest.mark.asyncio
async def test_a_target_that_is_gone_when_it_is_tried_again_ends_it(trial: Trial, keyboard: Keyboard) -> None:
    trial.platform.answers += [Forbidden("not yet"), TargetGone("deleted")]
    async with trial:
        trial.mention()
        await trial.counted({State.DEAD: 1})
        await keyboard.type("retry", turn=(await trial.turn("mention-1")).seq)
        await trial.counted({State.IGNORED: 1})
