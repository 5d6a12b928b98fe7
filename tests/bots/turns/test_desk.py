"""One account listens: from now on, without a gap, through outages, and it tells the platform only what is safe."""

import asyncio
import contextlib
import logging
import sqlite3
from datetime import timedelta

import pytest
from typing_extensions import override

from greenroom.storage import State, StorageError
from greenroom.testing import Trial
from greenroom_adapters.contract import (
    AuthenticationFailed,
    Author,
    MessageReceived,
    PostRef,
    Unavailable,
    UnknownEvent,
)


def chatter(trial: Trial, count: int = 1) -> None:
    """Let things happen that are not for the bot."""
    for _ in range(count):
        number = len(trial.platform.history) + 1
        trial.platform.happen(
            MessageReceived(
                id=f"chat-{number}",
                source="",
                cursor="",
                occurred_at=trial.clock.now(),
                post=PostRef(id=f"chat-{number}"),
                author=Author(id="u9", handle="zoe"),
                text="not for the bot",
                conversation="elsewhere",
            )
        )


def cursor_on_disk(trial: Trial) -> str | None:
    """Return the cursor as another process sees it."""
    with contextlib.closing(sqlite3.connect(trial.path.parent / "data" / "ada.db")) as db:
        row = db.execute("SELECT cursor FROM cursors WHERE account='home' AND source='events'").fetchone()
    return None if row is None else str(row[0])


def leaves(error: BaseException | None) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for part in error.exceptions for leaf in leaves(part)]
    return [] if error is None else [error]


# cursors


@pytest.mark.asyncio
async def test_a_new_account_starts_at_now_and_remembers_it_before_it_reads(trial: Trial) -> None:
    for _ in range(3):
        trial.mention("long ago")
    trial.platform.reading.append(Unavailable("cut off at once"))
    await trial.start()
    assert trial.platform.listened_after[0] == {"events": "3"}
    assert cursor_on_disk(trial) == "3"
    await trial.crash()
    trial.mention("while it was away")
    async with trial:
        await trial.counted({State.SENT: 1}, by=timedelta(seconds=1))
    assert trial.platform.texts == ["You said: while it was away"]
    assert trial.platform.listened_after[-1] == {"events": "3"}, "now counts once in the account's life"


class Mentions(logging.Handler):
    """Mentions the bot in the moment in which it says that it is connected."""

    def __init__(self, trial: Trial) -> None:
        super().__init__()
        self._trial = trial

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == "connected":
            self._trial.mention("are you there?")


@pytest.mark.asyncio
async def test_what_is_said_to_a_new_account_as_soon_as_it_says_connected_is_heard(trial: Trial) -> None:
    log, handler = logging.getLogger("greenroom"), Mentions(trial)
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        async with trial:
            await trial.counted({State.SENT: 1}, by=timedelta(seconds=1))
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
    assert trial.platform.texts == ["You said: are you there?"]


@pytest.mark.parametrize("how", ["stop", "crash"])
@pytest.mark.asyncio
async def test_a_source_that_comes_later_starts_at_its_first_now_though_nothing_happens_in_it(
    trial: Trial, how: str
) -> None:
    async with trial:
        trial.mention()
        await trial.counted({State.SENT: 1})
    trial.platform.other_sources["messages"] = "7"
    await trial.start()
    await trial.until(lambda: len(trial.platform.listened_after) == 2)
    assert trial.platform.listened_after[-1] == {"events": "1", "messages": "7"}
    await (trial.stop() if how == "stop" else trial.crash())
    trial.platform.other_sources["messages"] = "9"
    async with trial:
        await trial.until(lambda: len(trial.platform.listened_after) == 3)
    assert trial.platform.listened_after[-1] == {"events": "1", "messages": "7"}, "what came while it was away is heard"


@pytest.mark.asyncio
async def test_a_platform_that_cannot_say_what_is_now_is_asked_until_it_can(trial: Trial) -> None:
    trial.platform.entering += [Unavailable("down"), ConnectionResetError("a bug of the adapter")]
    await trial.start()
    await trial.past(lambda: trial.platform.listened_after)
    trial.mention()
    await trial.counted({State.SENT: 1})


@pytest.mark.asyncio
async def test_a_cursor_moves_with_the_mention_and_past_what_is_for_nobody_within_seconds(trial: Trial) -> None:
    async with trial:
        trial.mention()
        await trial.counted({State.SENT: 1})
        assert cursor_on_disk(trial) == "1"
        chatter(trial, 5)
        await asyncio.sleep(0.03)
        assert cursor_on_disk(trial) == "1", "a miss costs no write"
        trial.clock.turn(timedelta(seconds=5))
        await trial.until(lambda: cursor_on_disk(trial) == "6")
        chatter(trial)
        await asyncio.sleep(0.01)
    assert cursor_on_disk(trial) == "7", "and at a stop"


@pytest.mark.asyncio
async def test_it_goes_on_behind_what_it_has_seen(trial: Trial) -> None:
    async with trial:
        trial.mention()
        await trial.counted({State.SENT: 1})
        chatter(trial)
        await asyncio.sleep(0.01)
    trial.mention()
    async with trial:
        await trial.counted({State.SENT: 2})
    assert trial.platform.listened_after[-1] == {"events": "2"}
    assert len(trial.platform.posts) == 2


@pytest.mark.asyncio
async def test_the_platform_is_told_that_an_event_is_safe_only_after_its_commit(trial: Trial) -> None:
    async with trial:
        with contextlib.closing(sqlite3.connect(trial.bot.file.home, isolation_level=None)) as other:
            # as long as somebody else writes, nothing can be committed
            other.execute("BEGIN IMMEDIATE")
            trial.mention()
            await asyncio.sleep(0.1)
            assert trial.platform.acknowledged == []
            assert trial.platform.attempts == []
            other.execute("ROLLBACK")
        await trial.until(lambda: trial.platform.acknowledged)
        assert trial.platform.acknowledged == [("events", "1")]
        assert cursor_on_disk(trial) == "1"
        await trial.counted({State.SENT: 1})


# outages


@pytest.mark.parametrize(
    "trouble",
    [Unavailable("cut off"), ConnectionResetError("a bug of the adapter"), None],
    ids=["unavailable", "bug", "just ended"],
)
@pytest.mark.asyncio
async def test_a_stream_that_ends_is_taken_up_again_without_a_gap_and_without_a_hurry(
    trial: Trial, trouble: Exception | None
) -> None:
    async with trial:
        for number in range(6):
            trial.platform.reading.append(trouble)
            trial.mention(f"{number}")
            trial.platform.interrupt()
            await trial.past(lambda number=number: len(trial.platform.listened_after) == number + 2)  # type: ignore[misc]  # bound to this round
        began = trial.clock.micros()
        trial.platform.reading += [trouble] * 8
        trial.platform.interrupt()
        await trial.past(lambda: not trial.platform.reading)
        trial.mention("last")
        await trial.past(lambda: len(trial.platform.posts) == 7)
        assert trial.clock.micros() - began > 60_000_000, "the pauses grow"
    assert len(set(trial.platform.texts)) == 7


@pytest.mark.asyncio
async def test_one_poisoned_event_is_skipped_and_told_and_does_not_stop_the_account(trial: Trial) -> None:
    async with trial:
        trial.mention("half a surrogate pair: \ud83d")
        trial.mention("whole")
        await trial.counted({State.SENT: 1})
        assert trial.platform.texts == ["You said: whole"]
        assert any(line.startswith("skipped: event 'mention-1'") for line in await trial.journal())
        assert len(trial.platform.listened_after) == 1
    async with trial:
        trial.mention("again")
        await trial.counted({State.SENT: 2})


@pytest.mark.asyncio
async def test_an_event_that_the_adapter_does_not_understand_is_passed_over(trial: Trial) -> None:
    async with trial:
        trial.platform.happen(UnknownEvent(id="?", source="", cursor="", occurred_at=trial.clock.now(), raw="{}"))
        trial.mention()
        await trial.counted({State.SENT: 1})


@pytest.mark.asyncio
async def test_mentions_that_were_taken_before_a_restart_wait_until_the_platform_lets_it_in(trial: Trial) -> None:
    trial.engine.gate.clear()
    await trial.start()
    trial.mention()
    await trial.until(lambda: trial.engine.at_work)
    await trial.crash()
    trial.engine.gate.set()
    trial.platform.entering += [Unavailable("down")] * 3
    await trial.start()
    await asyncio.sleep(0.02)
    assert trial.platform.attempts == []
    await trial.past(lambda: trial.platform.posts)
    await trial.counted({State.SENT: 1})


@pytest.mark.asyncio
async def test_a_stop_is_heard_in_the_very_moment_in_which_the_connection_is_lost(trial: Trial) -> None:
    for steps in range(12):
        await trial.start()
        trial.platform.reading.append(Unavailable("cut off"))
        trial.platform.interrupt()
        for _ in range(steps):
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await trial.stop()
        trial.platform.reading.clear()


# credentials


@pytest.mark.asyncio
async def test_refused_at_the_door_it_waits_until_a_person_resumes_it(trial: Trial) -> None:
    trial.platform.entering += [AuthenticationFailed("revoked"), AuthenticationFailed("still revoked")]
    await trial.start()
    desk = trial.bot.desks["home"]
    for left in (1, 0):
        await trial.until(lambda left=left: len(trial.platform.entering) == left and desk.pacer.paused)  # type: ignore[misc]  # bound to this round
        assert "revoked" in str(desk.pacer.paused)
        trial.clock.turn(timedelta(hours=1))
        await asyncio.sleep(0.01)
        assert len(trial.platform.entering) == left, "asking again does not help"
        assert not desk.is_connected
        await trial.bot.commands.obey("resume", {"account": "home"})
    await trial.until(lambda: trial.platform.listened_after)
    trial.mention()
    await trial.counted({State.SENT: 1})
    assert any(line.startswith("account paused: home") and "revoked" in line for line in await trial.journal())


@pytest.mark.asyncio
async def test_credentials_that_are_refused_while_it_listens_pause_the_account(trial: Trial) -> None:
    async with trial:
        desk = trial.bot.desks["home"]
        trial.platform.reading.append(AuthenticationFailed("revoked"))
        trial.platform.interrupt()
        await trial.until(lambda: desk.pacer.paused)
        assert "revoked" in str(desk.pacer.paused)
        trial.mention()
        trial.clock.turn(timedelta(hours=1))
        await asyncio.sleep(0.02)
        assert len(trial.platform.listened_after) == 1
        assert trial.platform.attempts == []
        await trial.bot.commands.obey("resume", {})
        await trial.counted({State.SENT: 1}, by=timedelta(seconds=1))


@pytest.mark.asyncio
async def test_a_resume_of_long_ago_does_not_count_for_a_refusal_of_today(trial: Trial) -> None:
    async with trial:
        await trial.bot.commands.obey("resume", {})
        trial.platform.reading += [AuthenticationFailed("revoked")] * 3
        trial.platform.interrupt()
        await trial.until(lambda: trial.bot.desks["home"].pacer.paused)
        await asyncio.sleep(0.05)
        assert len(trial.platform.reading) == 2


# the end


@pytest.mark.asyncio
async def test_a_ledger_that_fails_stops_the_bot_before_anything_more_goes_out(trial: Trial) -> None:
    await trial.start()
    with contextlib.closing(sqlite3.connect(trial.bot.file.home)) as db:
        db.execute("DROP TABLE turns")
    trial.mention()
    async with asyncio.timeout(10):
        error = await trial.ended()
    assert any(isinstance(leaf, StorageError) for leaf in leaves(error))
    assert trial.platform.attempts == []
    await trial.stop()
    assert trial.platform.open_connections == 0


@pytest.mark.asyncio
async def test_a_stop_signs_out_and_leaves_no_task_behind(trial: Trial) -> None:
    before = asyncio.all_tasks()
    async with trial:
        trial.mention()
        await trial.counted({State.SENT: 1})
        assert trial.platform.open_connections == 1
    assert trial.platform.open_connections == 0
    async with asyncio.timeout(5):
        while asyncio.all_tasks() - before:
            await asyncio.sleep(0.001)


@pytest.mark.asyncio
async def test_an_account_whose_token_was_revoked_is_not_connected_and_stays_paused_until_a_person_resumes_it(
    trial: Trial,
) -> None:
    async with trial:
        desk = trial.bot.desks["home"]
        assert desk.is_connected
        trial.platform.reading.append(AuthenticationFailed("token revoked"))
        trial.platform.interrupt()
        await trial.until(lambda: not desk.is_connected)
        await trial.bot.ledger.committed()
        assert "token revoked" in (await trial.bot.ledger.paused())["home"]
    async with trial:
        trial.mention()
        await trial.counted({State.INTENDED: 1})
        await trial.bot.commands.obey("resume", {"account": "home"})
        await trial.counted({State.SENT: 1})
        assert await trial.bot.ledger.paused() == {}


@pytest.mark.asyncio
async def test_an_account_that_is_resumed_after_a_refusal_listens_again(trial: Trial) -> None:
    async with trial:
        desk = trial.bot.desks["home"]
        trial.platform.reading.append(AuthenticationFailed("token revoked"))
        trial.platform.interrupt()
        await trial.until(lambda: not desk.is_connected)
        await trial.bot.commands.obey("resume", {"account": "home"})
        await trial.until(lambda: desk.is_connected)
        trial.mention()
        await trial.counted({State.SENT: 1})
