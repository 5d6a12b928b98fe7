"""A bot starts in order, refuses a second runner, and closes everything whatever fails on the way."""

import asyncio
import contextlib
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from greenroom.app import Bot, Options, put_down
from greenroom.personas import load_persona
from greenroom.settings import Platforms, load_bot
from greenroom.storage import AlreadyRunning, Due, SqliteLedger, State, StorageError
from greenroom.storage.sqlite import is_running as runs
from greenroom.testing import Trial
from greenroom_adapters.contract import Author, ConfigurationError, UnknownEvent

TWO = """\
bot: ada
persona: ada.yaml
accounts: {home: {platform: scripted}, away: {platform: scripted}}
timezone: UTC
engines: hold
"""


@pytest.mark.asyncio
async def test_what_was_open_on_an_account_that_is_gone_ends_and_keeps_no_text_for_ever(tmp_path: Path) -> None:
    trial = Trial(tmp_path)
    trial.rewrite("answer: mentions\n", head=TWO)
    async with trial:
        trial.engine.gate.clear()
        for _ in range(3):
            trial.mention("open", conversation="c")  # both accounts hear it
        await trial.counted({State.RECEIVED: 6})
    trial.engine.gate.set()
    trial.rewrite("answer: mentions\n")
    trial.clock.turn(timedelta(hours=5))
    async with trial:
        await trial.counted({State.SENT: 3, State.RECEIVED: 3})
    trial.clock.turn(timedelta(hours=2))
    async with trial:
        await trial.counted({State.SENT: 3, State.STALE: 3})
        assert "stale: the account is gone from the bot's file" in await trial.journal()
        trial.clock.turn(timedelta(days=400))
        await trial.bot.ledger.retire(before=trial.clock.micros())
        assert [turn for turn in await trial.bot.ledger.turns() if not isinstance(turn.event, UnknownEvent)] == []


@pytest.mark.asyncio
async def test_a_second_run_of_the_same_bot_is_refused_and_harms_the_first_in_nothing(trial: Trial) -> None:
    async with trial:
        options = Options(clock=trial.clock, environ={}, platforms=Platforms.of(trial.platform.adapter_class()))
        with pytest.raises(AlreadyRunning, match="runs on"):
            await Bot.load(trial.path, options).__aenter__()
        trial.mention()
        await trial.counted({State.SENT: 1})


@pytest.mark.asyncio
async def test_a_bot_that_cannot_be_built_lets_go_of_its_ledger(trial: Trial) -> None:
    trial.rewrite("answer: mentions\npost: {cron: 0 0 30 2 *, say: x}\n")
    options = Options(clock=trial.clock, environ={}, platforms=Platforms.of(trial.platform.adapter_class()))
    file = load_bot(trial.path, platforms=options.platforms)
    # whoever reads both files for a bot would have seen it
    bot = Bot(file, load_persona(file.persona), options)
    with pytest.raises(ConfigurationError, match="never"):
        await bot.__aenter__()
    assert not runs(trial.path.parent / "data" / "ada.db")
    trial.rewrite("answer: mentions\n")
    async with trial:
        trial.mention()
        await trial.counted({State.SENT: 1})


@pytest.mark.asyncio
async def test_an_adapter_that_fails_to_sign_out_does_not_keep_the_rest_open(trial: Trial) -> None:
    trial.rewrite("answer: mentions\n", head=TWO)
    bot = await trial.start()
    await trial.until(lambda: trial.platform.open_connections == 2)
    stack = bot.desks["home"]._stack  # the sign-out of a broken adapter

    async def broken() -> None:
        raise ConnectionResetError("a bug of the adapter")

    stack.push_async_callback(broken)
    with pytest.raises(ConnectionResetError):
        await trial.stop()
    assert trial.platform.open_connections == 0
    assert not runs(bot.file.home)


@pytest.mark.asyncio
async def test_accounts_end_side_by_side_so_that_none_waits_for_what_another_has_in_flight(trial: Trial) -> None:
    trial.rewrite("answer: mentions\n", head=TWO)
    bot = await trial.start()
    await trial.until(lambda: trial.platform.open_connections == 2)
    both = asyncio.Barrier(2)
    for desk in bot.desks.values():
        desk._stack.push_async_callback(both.wait)  # a sign-out that takes as long as the other's
    async with asyncio.timeout(30):
        await trial.stop()
    assert trial.platform.open_connections == 0


@pytest.mark.asyncio
async def test_an_account_signs_out_also_when_the_ledger_takes_its_last_cursors_no_more(trial: Trial) -> None:
    bot = await trial.start()
    trial.mention(author=Author(id="u2", handle="a-robot", is_bot=True))
    cursors = bot.desks["home"].intake._cursors
    await trial.until(lambda: cursors.passed)
    with sqlite3.connect(trial.path.parent / "data" / "ada.db", isolation_level=None) as outside:
        outside.execute("DROP TABLE facts")
    outside.close()
    bot.ledger.remember("what", "cannot be stored")
    with pytest.raises(StorageError):
        await bot.ledger.committed()
    with pytest.raises(StorageError):
        await trial.stop()
    assert trial.platform.open_connections == 0


@pytest.mark.asyncio
async def test_accounts_do_not_disturb_each_other(trial: Trial) -> None:
    trial.rewrite("answer: mentions\n", head=TWO)
    async with trial:
        await trial.until(lambda: len(trial.platform.listened_after) == 2)
        trial.mention("to both")
        await trial.counted({State.SENT: 2})
        await trial.bot.commands.obey("pause", {"account": "away"})
        trial.mention("to both again")
        await trial.counted({State.SENT: 3, State.INTENDED: 1})
    keys = [attempt.key for attempt in trial.platform.attempts]
    assert len(set(keys)) == 3, "the key belongs to the account, too"


@pytest.mark.asyncio
async def test_what_was_left_by_an_account_that_is_not_in_the_file_waits_for_its_return_and_stops_nothing(
    trial: Trial,
) -> None:
    trial.rewrite("answer: mentions\n", head=TWO)
    async with trial:
        await trial.until(lambda: len(trial.platform.listened_after) == 2)
        await trial.bot.commands.obey("pause", {"account": "away"})
        trial.mention()
        await trial.counted({State.SENT: 1, State.INTENDED: 1})
    trial.rewrite("answer: mentions\n")
    async with trial:
        trial.mention()
        await trial.counted({State.SENT: 2, State.INTENDED: 1})
    trial.rewrite("answer: mentions\n", head=TWO)
    async with trial:
        await trial.bot.commands.obey("resume", {})
        trial.mention(conversation="c9")
        await trial.until(lambda: len(trial.platform.attempts) >= 4)
    assert "You said: Are you there?" in trial.platform.texts


@pytest.mark.asyncio
async def test_what_was_being_sent_on_an_account_that_is_gone_is_for_a_person(trial: Trial) -> None:
    trial.rewrite("answer: {to: mentions, in: away}\n", head=TWO)
    await trial.start()
    await trial.until(lambda: len(trial.platform.listened_after) == 2)
    trial.dies_at("after_sending")
    trial.mention()
    await trial.until(lambda: trial.is_dead)
    await trial.bury()
    trial.rewrite("answer: replies\n")
    trial.clock.turn(timedelta(hours=7))
    async with trial:
        assert await trial.bot.ledger.counts() == {State.UNKNOWN: 1}


@pytest.mark.asyncio
async def test_a_post_for_an_account_that_is_not_in_the_file_any_more_is_skipped_and_told(trial: Trial) -> None:
    async with trial:
        pass
    event = Due(name="single", period="", due=trial.clock.now(), say="Hello.")
    async with SqliteLedger(trial.path.parent / "data" / "ada.db", bot="ada", clock=trial.clock) as ledger:
        await put_down(ledger, [trial.clock.now()], event, accounts=["gone", "home"])
    async with trial:
        await trial.counted({State.SENT: 1})
        assert await trial.bot.ledger.agenda() == []
        assert any("no account gone any more" in line for line in await trial.journal())


@pytest.mark.asyncio
async def test_settled_means_that_nothing_is_left_to_do_and_all_is_on_disk(trial: Trial) -> None:
    async with trial:
        for number in range(50):
            trial.mention(f"{number}", conversation=f"c{number % 7}")
        await trial.until(lambda: len(trial.engine.briefs) > 0)
        await asyncio.sleep(0.01)
        await trial.bot.settle()
        counts = await trial.bot.ledger.counts()
        assert set(counts) == {State.SENT}
        assert counts[State.SENT] == len(trial.platform.posts)


@pytest.mark.asyncio
async def test_old_texts_are_emptied_while_the_bot_runs(tmp_path: Path) -> None:
    trial = Trial(tmp_path, rules="answer: mentions\nkeep: 2 days\n")
    async with trial:
        trial.mention("remember")
        await trial.counted({State.SENT: 1})
        trial.clock.turn(timedelta(days=1))
        await asyncio.sleep(0.02)
        assert (await trial.turn("mention-1")).draft is not None
        trial.clock.turn(timedelta(days=1, hours=1))
        async with asyncio.timeout(10):
            while (await trial.turn("mention-1")).draft is not None:
                # the round before may have begun before the clock was turned
                trial.clock.turn(timedelta(hours=1))
                await asyncio.sleep(0.002)


@pytest.mark.asyncio
async def test_spending_counts_over_restarts(trial: Trial) -> None:
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    async with trial:
        await trial.bot.ledger.reserve(at=trial.clock.now(), turn="t", model="m", micros=900_000)
    async with trial:
        assert await trial.bot.ledger.spent_since(moment) == 900_000


@pytest.mark.asyncio
async def test_leaving_twice_is_leaving_once(trial: Trial) -> None:
    bot = await trial.start()
    await trial.stop()
    with contextlib.suppress(asyncio.CancelledError):
        await bot.__aexit__(None, None, None)
    assert trial.platform.open_connections == 0
