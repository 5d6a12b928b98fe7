"""What the bot said is taken back on every account, once, whatever happens; and a post on several accounts is one."""

import asyncio
import io
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from rich.console import Console

from greenroom.cli.log import gathered, group_lines, newest_entries
from greenroom.storage import SqliteLedger, State, Turn
from greenroom.testing import Trial, answer_lost
from greenroom_adapters.contract import (
    Forbidden,
    Idempotency,
    IdempotencyKind,
    OutcomeUnknown,
    PostDeleted,
    PostRef,
    Unavailable,
)

TWO = """\
bot: ada
persona: ada.yaml
accounts: {home: {platform: scripted}, away: {platform: scripted}}
timezone: UTC
engines: hold
"""


@pytest_asyncio.fixture
async def two(trial: Trial) -> AsyncIterator[Trial]:
    """A running bot with two accounts that answers mentions on both."""
    trial.rewrite("answer: {to: mentions, in: home}\n", head=TWO)
    async with trial:
        yield trial


async def posted(trial: Trial, text: str = "Fog.") -> list[Turn]:
    """Post on both accounts, and return both turns."""
    before = len(trial.platform.posts)
    answer = await trial.bot.commands.obey("post", {"text": text})
    assert len(set(answer["events"])) == 1, "it is one post"
    await trial.past(lambda: len(trial.platform.posts) == before + 2)
    await trial.bot.settle()
    return [turn for turn in await trial.bot.ledger.turns() if turn.event_id == answer["events"][0]]


async def look(trial: Trial, what: str = "last") -> Mapping[str, Any]:
    await trial.bot.ledger.committed()
    return await trial.bot.commands.obey("undo-look", {"what": what})


async def undo(trial: Trial, what: str = "last") -> Mapping[str, Any]:
    found = await look(trial, what)
    return await trial.bot.commands.obey("undo", {"turns": [one["turn"] for one in found["turns"] if one["can"]]})


async def states(trial: Trial) -> Mapping[State, int]:
    await trial.bot.ledger.committed()
    return await trial.bot.ledger.counts()


@pytest.mark.asyncio
async def test_the_last_post_is_deleted_on_all_accounts_and_only_that(two: Trial) -> None:
    await posted(two, "Fog.")
    await posted(two, "Wind.")
    found = await look(two)
    assert found["texts"] == ["Wind."]
    assert {one["account"] for one in found["turns"]} == {"home", "away"}
    answer = await undo(two)
    assert len(answer["turns"]) == 2
    assert sorted(two.platform.deleted) == ["x3", "x4"]
    assert await states(two) == {State.SENT: 2, State.WITHDRAWN: 2}
    await undo(two)
    assert sorted(two.platform.deleted) == ["x1", "x2", "x3", "x4"], "then the one before it is the last"
    assert "nothing that could be taken back" in (await look(two))["error"]


@pytest.mark.parametrize("by", ["x1", "https://scripted.example/x1", "https://scripted.example/x1/"])
@pytest.mark.asyncio
async def test_a_post_is_named_by_its_address_or_id(two: Trial, by: str) -> None:
    await posted(two, "Fog.")
    await posted(two, "Wind.")
    assert (await look(two, by))["texts"] == ["Fog."]
    await undo(two, by)
    assert sorted(two.platform.deleted) == ["x1", "x2"]
    assert "no post of the bot" in (await look(two, "https://elsewhere.example/7"))["error"]


@pytest.mark.asyncio
async def test_an_answer_that_was_taken_back_is_not_given_again(two: Trial) -> None:
    two.mention("Are you there?")
    await two.counted({State.SENT: 1})
    await undo(two)
    assert two.platform.deleted == ["x1"]
    two.platform.happen(two.platform.history[0])
    await two.stop()
    await two.start()
    two.mention("And now?")
    await two.counted({State.WITHDRAWN: 1, State.SENT: 1})
    assert two.platform.texts == ["You said: Are you there?", "You said: And now?"]


@pytest.mark.asyncio
async def test_what_failed_on_one_account_is_tried_again_there_alone(two: Trial) -> None:
    two.platform.answers.append(Forbidden("not today"))
    answer = await two.bot.commands.obey("post", {"text": "Fog."})
    await two.counted({State.SENT: 1, State.DEAD: 1}, by=timedelta(seconds=1))
    (dead,) = await two.bot.ledger.turns(states=(State.DEAD,))
    (sent,) = await two.bot.ledger.turns(states=(State.SENT,))
    assert {dead.event_id, sent.event_id} == set(answer["events"])
    assert dead.account != sent.account
    await two.bot.commands.obey("retry", {"turn": dead.seq})
    await two.counted({State.SENT: 2}, by=timedelta(seconds=1))
    assert two.platform.texts == ["Fog.", "Fog."], "once on each"
    assert (await two.bot.ledger.turn(sent.seq) or sent).changed == sent.changed


@pytest.mark.asyncio
async def test_a_post_on_two_accounts_is_one_entry_of_the_log_with_its_state_on_each(two: Trial) -> None:
    two.platform.answers.append(Forbidden("not today"))
    await two.bot.commands.obey("post", {"text": "Fog."})
    await two.counted({State.SENT: 1, State.DEAD: 1}, by=timedelta(seconds=1))
    two.mention()
    await two.counted({State.SENT: 2, State.DEAD: 1})
    written = io.StringIO()
    console = Console(file=written, highlight=False, emoji=False, markup=False, width=200)
    groups = gathered(await newest_entries(two.bot.ledger, 100))
    for group in groups:
        console.print(group_lines(group, two.bot.file.timezone))
    lines = written.getvalue().splitlines()
    assert sum("a single post" in line for line in lines) == 1
    assert sum("> Fog." in line for line in lines) == 1
    assert any("1 dead 1 sent" in line or "1 sent 1 dead" in line for line in lines)
    (dead,) = await two.bot.ledger.turns(states=(State.DEAD,))
    assert any(f"{dead.account}: turn {dead.seq}, dead, " in line and "not today" in line for line in lines)
    assert any("https://scripted.example/x1" in line for line in lines)


@pytest.mark.asyncio
async def test_a_post_that_is_dead_on_one_account_is_withdrawn_there_so_that_nobody_sends_it_later(two: Trial) -> None:
    two.platform.answers.append(Forbidden("not today"))
    await two.bot.commands.obey("post", {"text": "Fog."})
    await two.counted({State.SENT: 1, State.DEAD: 1}, by=timedelta(seconds=1))
    await undo(two)
    assert await states(two) == {State.WITHDRAWN: 2}
    assert len(two.platform.deleted) == 1


@pytest.mark.asyncio
async def test_a_post_that_waits_on_one_account_does_not_go_out_there_any_more(two: Trial) -> None:
    await two.bot.commands.obey("pause", {"account": "away"})
    await two.bot.commands.obey("post", {"text": "Fog."})
    await two.past(lambda: two.platform.posts)
    await two.counted({State.SENT: 1, State.INTENDED: 1}, by=timedelta(seconds=1))
    await undo(two)
    await two.bot.commands.obey("resume", {"account": "away"})
    await two.counted({State.WITHDRAWN: 2}, by=timedelta(seconds=1))
    assert two.platform.texts == ["Fog."]


@pytest.mark.asyncio
async def test_where_the_platform_is_away_it_stays_and_is_taken_back_when_it_is_said_again(two: Trial) -> None:
    await posted(two)
    two.platform.deleting.append(Unavailable("the server is away"))
    answer = await undo(two)
    assert len(answer["turns"]) == len(answer["left"]) == 1
    assert "the server is away" in answer["left"][0]["why"]
    assert await states(two) == {State.SENT: 1, State.WITHDRAWN: 1}
    answer = await undo(two)
    assert answer["left"] == []
    assert await states(two) == {State.WITHDRAWN: 2}
    assert len(two.platform.deleted) == 2


@pytest.mark.asyncio
async def test_what_may_be_out_is_left_to_a_look_at_the_platform(two: Trial) -> None:
    none = Idempotency(kind=IdempotencyKind.NONE)
    two.platform.capabilities = replace(two.platform.capabilities, idempotency=none)
    two.platform.answers.append(answer_lost(OutcomeUnknown("the answer was lost")))
    two.mention()
    await two.counted({State.UNKNOWN: 1}, by=timedelta(seconds=1))
    (turn,) = await two.bot.ledger.turns()
    found = await two.bot.commands.obey("undo-look", {"what": "last", "turn": turn.seq})
    assert f"greenroom dead sent {turn.seq} ADDRESS" in found["turns"][0]["why"]
    answer = await two.bot.commands.obey("undo", {"turns": [turn.seq]})
    assert (len(answer["turns"]), len(answer["left"])) == (0, 1)
    assert two.platform.deleted == []
    await two.bot.commands.obey("went-out", {"turn": turn.seq, "post": "https://scripted.example/x1"})
    await undo(two, "https://scripted.example/x1")
    assert two.platform.deleted == ["x1"]


@pytest.mark.parametrize("point", ["before", "after"])
@pytest.mark.asyncio
async def test_a_bot_that_dies_over_it_does_it_when_it_starts_again(two: Trial, point: str) -> None:
    turns = await posted(two)
    store = two.bot.file.store
    assert isinstance(store, Path)
    async with SqliteLedger(store, bot="ada", clock=two.clock, beside=True) as ledger:
        if point == "after":
            number = await ledger.ask("undo", {"turns": [turn.seq for turn in turns]})
            await two.past(lambda: len(two.platform.deleted) == 1, by=timedelta(seconds=0.1))
            await two.crash()
        else:
            await two.crash()
            await two.start()
            number = await ledger.ask("undo", {"turns": [turn.seq for turn in turns]})
            await two.crash()
    await two.start()
    async with SqliteLedger(store, bot="ada", clock=two.clock, beside=True) as ledger:
        async with asyncio.timeout(60):
            while (answer := await ledger.answered(number)) is None:
                two.clock.turn(timedelta(seconds=0.1))
                await asyncio.sleep(0.001)
    assert answer["left"] == []
    assert set(two.platform.deleted) == {"x1", "x2"}
    assert await states(two) == {State.WITHDRAWN: 2}
    assert len(two.platform.posts) == 2


@pytest.mark.asyncio
async def test_what_its_owner_deletes_in_the_app_is_withdrawn_and_never_sent_again(two: Trial) -> None:
    two.mention()
    await two.counted({State.SENT: 1})
    gone = PostDeleted(id="gone-1", source="", cursor="", occurred_at=two.clock.now(), post=PostRef(id="x1"), by=None)
    two.platform.happen(gone)
    await two.counted({State.WITHDRAWN: 1})
    assert "deleted by hand" in (await two.turn("mention-1")).reason
    await two.stop()
    await two.start()
    two.mention()
    await two.counted({State.WITHDRAWN: 1, State.SENT: 1})
    assert len(two.platform.posts) == 2
