"""What came in before is read on request, counted, and answered once."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from greenroom.storage import State
from greenroom.testing import Trial
from greenroom_adapters.contract import Author, FollowReceived, OwnPostSeen, PostDeleted, PostEdited, PostRef


@pytest_asyncio.fixture
async def trial(tmp_path: Path) -> AsyncIterator[Trial]:
    """Not started yet; stopped in the end."""
    made = Trial(tmp_path)
    yield made
    await made.stop()


async def step(trial: Trial, step: str, **more: Any) -> Mapping[str, Any]:
    return await trial.bot.commands.obey("catch-up", {"account": "home", "step": step, **more})


async def come_to(trial: Trial, wanted: str) -> Mapping[str, Any]:
    async with asyncio.timeout(10):
        while (now := await step(trial, "look")).get("step") != wanted:
            assert "error" not in now, now
            await asyncio.sleep(0.002)
    return now


async def read(trial: Trial, back: timedelta) -> Mapping[str, Any]:
    await step(trial, "begin", since=trial.clock.micros() - int(back.total_seconds() * 1e6))
    return await come_to(trial, "read")


async def catch_up(trial: Trial, back: timedelta) -> Mapping[str, Any]:
    await read(trial, back)
    await step(trial, "take")
    return await come_to(trial, "done")


@pytest.mark.asyncio
async def test_it_counts_first_and_answers_on_request_and_once(trial: Trial) -> None:
    for number in range(3):
        trial.mention(f"before {number}")
        trial.clock.turn(timedelta(hours=1))
    trial.platform.happen(
        FollowReceived(id="f1", source="", cursor="", occurred_at=trial.clock.now(), author=Author(id="u", handle="u"))
    )
    async with trial:
        await asyncio.sleep(0.02)
        assert await trial.bot.ledger.counts() == {}, "a new account starts at now"
        found = await read(trial, timedelta(hours=2, minutes=30))
        assert (found["seen"], found["new"], found["known"]) == (3, 2, 0)
        await asyncio.sleep(0.02)
        assert await trial.bot.ledger.counts() == {}, "nothing is answered before somebody says so"
        await step(trial, "take")
        assert (await come_to(trial, "done"))["taken"] == 2
        await trial.counted({State.SENT: 2})
        again = await read(trial, timedelta(hours=2, minutes=30))
        assert (again["new"], again["known"]) == (0, 2)
        await catch_up(trial, timedelta(days=1))
        await trial.counted({State.SENT: 3})
    assert sorted(trial.platform.texts) == [f"You said: before {number}" for number in range(3)]


@pytest.mark.asyncio
async def test_what_is_older_than_its_rule_allows_is_answered_because_the_owner_wants_it(trial: Trial) -> None:
    trial.rewrite("answer: {to: mentions, within: 10 minutes}\n")
    trial.mention()
    trial.clock.turn(timedelta(hours=5))
    async with trial:
        await catch_up(trial, timedelta(hours=6))
        await trial.counted({State.SENT: 1})


@pytest.mark.asyncio
async def test_no_cursor_moves_and_new_events_come_meanwhile(trial: Trial) -> None:
    trial.mention("before")
    trial.clock.turn(timedelta(hours=1))
    async with trial:
        await read(trial, timedelta(hours=2))
        trial.mention("meanwhile")
        await trial.counted({State.SENT: 1})
        before = await trial.bot.ledger.cursors("home")
        await step(trial, "take")
        await come_to(trial, "done")
        await trial.counted({State.SENT: 2})
        await trial.bot.ledger.committed()
        assert await trial.bot.ledger.cursors("home") == before == {"events": "2"}
    async with trial:
        await asyncio.sleep(0.02)
        assert trial.platform.listened_after[-1] == {"events": "2"}


@pytest.mark.asyncio
async def test_a_crash_in_between_answers_nothing_twice(trial: Trial) -> None:
    for number in range(5):
        trial.mention(f"{number}")
    trial.clock.turn(timedelta(hours=1))
    async with trial:
        await read(trial, timedelta(hours=2))
        trial.dies_at("after_publish_before_receipt", 2)
        await step(trial, "take")
        await trial.until(lambda: trial.is_dead)
        await trial.bury()
        await trial.start()
        assert "nothing was begun" in (await step(trial, "look"))["error"]
        await catch_up(trial, timedelta(hours=2))
        await trial.counted({State.SENT: 5}, by=timedelta(seconds=1))
    assert len(trial.platform.posts) == 5


@pytest.mark.asyncio
async def test_what_cannot_be_done_says_why(trial: Trial) -> None:
    async with trial:
        assert "nothing was begun" in (await step(trial, "take"))["error"]
        await read(trial, timedelta(hours=1))
        await step(trial, "take")
        await come_to(trial, "done")
        assert "nothing was read" in (await step(trial, "take"))["error"]
        answer = await trial.bot.commands.obey("catch-up", {"account": "hme", "step": "begin", "since": 0})
        assert "it has: home" in answer["error"]


def written_by_hand(trial: Trial, *, conversation: str, answers: str | None = None, key: str | None = None) -> None:
    trial.platform.happen(
        OwnPostSeen(
            id=f"own-{len(trial.platform.history)}",
            source="",
            cursor="",
            occurred_at=trial.clock.now(),
            post=PostRef(id=f"h{len(trial.platform.history)}"),
            text="No, closed for the storm. Maria",
            conversation=conversation,
            in_reply_to=None if answers is None else PostRef(id=answers),
            key=key,
        )
    )


def edited(trial: Trial, post: str, text: str) -> None:
    where = {"source": "", "cursor": "", "occurred_at": trial.clock.now(), "post": PostRef(id=post)}
    trial.platform.happen(PostEdited(id=f"edit-{len(trial.platform.history)}", text=text, **where))  # type: ignore[arg-type]  # each of its kind


def deleted(trial: Trial, post: str) -> None:
    gone = PostDeleted(id=f"gone-{post}", source="", cursor="", occurred_at=trial.clock.now(), post=PostRef(id=post))
    trial.platform.happen(gone)


@pytest.mark.parametrize(
    ("conversation", "answers"), [("c1", "p1"), ("c1", None), ("elsewhere", "p1")], ids=["both", "there", "by reply"]
)
@pytest.mark.asyncio
async def test_what_the_owner_answered_by_hand_is_left_alone(
    trial: Trial, conversation: str, answers: str | None
) -> None:
    trial.mention("Is it open today?", conversation="c1")
    trial.mention("And tomorrow?", conversation="c1")
    trial.mention("When is the concert?", conversation="c2")
    trial.clock.turn(timedelta(minutes=5))
    written_by_hand(trial, conversation=conversation, answers=answers)
    trial.clock.turn(timedelta(minutes=5))
    async with trial:
        found = await read(trial, timedelta(hours=1))
        assert (found["new"], found["settled"]) == (1, 2)
        await step(trial, "take")
        await trial.counted({State.SENT: 1})
    assert trial.platform.texts == ["You said: When is the concert?"]


@pytest.mark.asyncio
async def test_a_thread_that_is_still_the_owners_stays_his(trial: Trial) -> None:
    trial.mention("Is it open today?", conversation="c1")
    written_by_hand(trial, conversation="c1", answers="p1")
    trial.clock.turn(timedelta(minutes=5))
    trial.mention("Thanks! And tomorrow?", conversation="c1")
    trial.clock.turn(timedelta(minutes=5))
    async with trial:
        assert (await catch_up(trial, timedelta(hours=1)))["taken"] == 1
        await trial.counted({State.IGNORED: 1})
        assert "writes in this thread by hand" in (await trial.turn("mention-2")).reason


@pytest.mark.asyncio
async def test_what_another_ledger_of_the_bot_answered_is_left_alone_and_nothing_else_in_that_room(
    trial: Trial,
) -> None:
    trial.mention("answered", conversation="room")
    trial.mention("not answered", conversation="room")
    written_by_hand(trial, conversation="room", answers="p1", key="0123")
    trial.clock.turn(timedelta(minutes=5))
    async with trial:
        await catch_up(trial, timedelta(hours=1))
        await trial.counted({State.SENT: 1})
    assert trial.platform.texts == ["You said: not answered"]


@pytest.mark.asyncio
async def test_what_was_deleted_is_not_answered_and_what_was_edited_as_it_reads_now(trial: Trial) -> None:
    trial.rewrite("answer: {to: mentions, words: [lamp, open]}\n")
    for text in ("is it open?", "is the lamp lit?", "open at nine?", "the lamp?"):
        trial.mention(text)
    trial.clock.turn(timedelta(minutes=5))
    deleted(trial, "p1")
    edited(trial, "p2", "is the lamp still lit?")
    edited(trial, "p3", "never mind, found it")
    trial.clock.turn(timedelta(minutes=5))
    async with trial:
        found = await read(trial, timedelta(hours=1))
        assert (found["new"], found["settled"]) == (2, 2)
        await step(trial, "take")
        await trial.counted({State.SENT: 2})
    assert sorted(trial.platform.texts) == ["You said: is the lamp still lit?", "You said: the lamp?"]


@pytest.mark.asyncio
async def test_what_happens_while_the_owner_thinks_it_over_counts_too(trial: Trial) -> None:
    for text in ("one", "two", "three", "four"):
        trial.mention(text)
    trial.clock.turn(timedelta(minutes=5))
    async with trial:
        assert (await read(trial, timedelta(hours=1)))["new"] == 4
        trial.clock.turn(timedelta(minutes=1))
        deleted(trial, "p1")
        edited(trial, "p2", "two and a half")
        written_by_hand(trial, conversation="c3", answers="p3")
        await trial.until(lambda: not trial.bot.desks["home"].lanes.in_memory())
        await step(trial, "take")
        assert (await come_to(trial, "done"))["taken"] == 2
        await trial.until(lambda: len(trial.platform.posts) == 2)
    assert sorted(trial.platform.texts) == ["You said: four", "You said: two and a half"]
