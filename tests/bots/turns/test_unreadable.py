"""A room that cannot be read is told to its owner, and once in the room: never silence without a word."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from greenroom.storage import State
from greenroom.testing import Trial
from greenroom_adapters.contract import Author, Room, RoomUnreadable

WHY = "its messages are encrypted"
SAID = f"I cannot read here: {WHY}."


@pytest_asyncio.fixture
async def trial(tmp_path: Path) -> AsyncIterator[Trial]:
    """Tells maria; not started yet, stopped in the end."""
    made = Trial(tmp_path, rules="answer: mentions\ntell: home/@maria\n")
    made.platform.people["maria"] = Author(id="u9", handle="maria")
    yield made
    await made.stop()


def unreadable(trial: Trial, room: str = "r1") -> None:
    where = Room(id=room, name=f"#{room}@away")
    now = trial.clock.now()
    trial.platform.happen(
        RoomUnreadable(id=f"unreadable-{room}", source="", cursor="", occurred_at=now, room=where, why=WHY)
    )


async def owner_told(trial: Trial) -> list[str]:
    """Let time pass until the owner hears something, and a while longer; return what he heard."""

    def heard() -> list[str]:
        return [post.text for _, post in trial.platform.posts if post.direct_to == "u9"]

    await trial.past(heard)
    await pass_time(trial)
    return heard()


async def pass_time(trial: Trial, seconds: int = 40) -> None:
    for _ in range(seconds):
        trial.clock.turn(timedelta(seconds=1))
        await asyncio.sleep(0.003)


@pytest.mark.asyncio
async def test_it_is_said_once_in_the_room_and_told_to_the_owner_over_redeliveries_and_restarts(trial: Trial) -> None:
    told: list[str] = []
    for _ in range(2):
        async with trial:
            unreadable(trial)
            unreadable(trial)
            told = await owner_told(trial)
    in_room = [post for _, post in trial.platform.posts if post.room == "r1"]
    assert [post.text for post in in_room] == [SAID]
    assert told == [f"The bot cannot read #r1(at)away on home: {WHY}. Let it read there, or take it out of that room"]
    assert trial.engine.briefs == []


@pytest.mark.parametrize("point", ["before_inbox_insert", "after_inbox_insert", "after_sending", "after_receipt"])
@pytest.mark.asyncio
async def test_a_crash_neither_loses_nor_doubles_it(trial: Trial, point: str) -> None:
    async with trial:
        trial.dies_at(point)
        unreadable(trial)
        await trial.past(lambda: trial.is_dead)
        await trial.bury()
        await trial.start()
        await pass_time(trial)
    assert [post.text for _, post in trial.platform.posts if post.room == "r1"] == [SAID]


@pytest.mark.parametrize("mode", ["listen", "ignore"])
@pytest.mark.asyncio
async def test_where_the_bot_does_not_write_it_says_nothing_and_the_owner_hears_of_it(trial: Trial, mode: str) -> None:
    trial.rewrite(f"answer: mentions\ntell: home/@maria\nrooms: {{quiet: {{is: home/r1, mode: {mode}}}}}\n")
    async with trial:
        unreadable(trial)
        await owner_told(trial)
    assert [post.direct_to for _, post in trial.platform.posts] == ["u9"]


@pytest.mark.asyncio
async def test_other_rooms_go_on(trial: Trial) -> None:
    async with trial:
        unreadable(trial)
        trial.mention("and you?")
        await trial.counted({State.SENT: 2})
        unreadable(trial, "r2")
        await trial.counted({State.SENT: 3})
