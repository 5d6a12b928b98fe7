"""What its author has deleted is not kept, whether the platform tells of it or has to be asked."""

import asyncio
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Self

import pytest
from typing_extensions import override

from greenroom.storage import State
from greenroom.testing import Trial
from greenroom_adapters.contract import PostDeleted, PostRef, TextEvent

HOUR = timedelta(hours=1)


async def kept(trial: Trial) -> list[str]:
    """Return the posts of which the ledger has the words."""
    await trial.bot.ledger.committed()
    return sorted(
        turn.post_id or "" for turn in await trial.bot.ledger.turns(limit=1000) if isinstance(turn.event, TextEvent)
    )


async def until_kept(trial: Trial, expected: list[str], *, by: timedelta = HOUR) -> None:
    for _ in range(400):
        if await kept(trial) == expected:
            return
        trial.clock.turn(by)
    assert await kept(trial) == expected


@pytest.mark.asyncio
async def test_the_words_of_a_deleted_post_are_emptied_within_an_hour_although_it_was_answered(tmp_path: Path) -> None:
    async with Trial(tmp_path) as trial:
        for _ in range(3):
            trial.mention("my secret")
        await trial.counted({State.SENT: 3})
        gone = PostDeleted(id="d", source="", cursor="", occurred_at=trial.clock.now(), post=PostRef(id="p2"))
        trial.platform.happen(gone)
        await until_kept(trial, ["p1", "p3"])
        assert await trial.bot.ledger.counts() == {State.SENT: 3}
        while await trial.bot.ledger.facts("gone:"):
            trial.clock.turn(timedelta(seconds=1))
        trial.platform.history.clear()
        trial.mention(id="mention-2")
        assert await kept(trial) == ["p1", "p3"], "what comes again is known"


@pytest.mark.asyncio
async def test_a_deletion_that_was_heard_is_remembered_over_a_crash(tmp_path: Path) -> None:
    trial = Trial(tmp_path)
    async with trial:
        trial.mention()
        await trial.counted({State.SENT: 1})
        gone = PostDeleted(id="d", source="", cursor="", occurred_at=trial.clock.now(), post=PostRef(id="p1"))
        trial.platform.happen(gone)
        while not await trial.bot.ledger.facts("gone:"):
            trial.clock.turn(timedelta(seconds=1))
        await trial.crash()
        await trial.start()
        await until_kept(trial, [])


@pytest.mark.asyncio
async def test_once_a_day_is_looked_for_what_is_gone_without_a_word(tmp_path: Path) -> None:
    trial = Trial(tmp_path)
    trial.platform.price_of_look = 5_000
    async with trial:
        trial.mention()
        trial.mention()
        await trial.counted({State.SENT: 2})
        trial.platform.absent.add("p1")
        await until_kept(trial, ["p2"])
        looked = trial.platform.looked_for.count("p2")
        days = trial.clock.now().date().toordinal()
        for _ in range(30):
            trial.clock.turn(HOUR)
            await kept(trial)
        await trial.past(lambda: trial.platform.looked_for.count("p2") > looked, by=timedelta(minutes=5))
        assert trial.platform.looked_for.count("p2") - looked <= trial.clock.now().date().toordinal() - days


@pytest.mark.asyncio
async def test_an_adapter_that_fails_to_look_ends_no_bot_and_is_asked_again(tmp_path: Path) -> None:
    class Broken(list[str]):
        @override
        def __iadd__(self, posts: Iterable[str]) -> Self:  # type: ignore[override]  # it never comes back
            self.extend(posts)
            raise KeyError(0)

    trial = Trial(tmp_path)
    trial.platform.price_of_look, trial.platform.looked_for = 5_000, Broken()
    async with trial:
        trial.mention()
        await trial.counted({State.SENT: 1})
        await trial.past(lambda: trial.platform.looked_for.count("p1") > 1, by=timedelta(minutes=5))
        trial.platform.absent, trial.platform.looked_for = {"p1"}, []
        await until_kept(trial, [])


@pytest.mark.asyncio
async def test_looks_that_the_day_cannot_pay_are_left_out_and_that_is_told(tmp_path: Path) -> None:
    trial = Trial(tmp_path, rules="answer: mentions\nlimits: {spend: 0.001 USD/day, replies: 1000/day}\n")
    trial.platform.price_of_look = 5_000
    async with trial:
        trial.mention()
        await trial.counted({State.SENT: 1})
        await trial.past(lambda: len(trial.platform.posts) == 1)
        for _ in range(30):
            trial.clock.turn(HOUR)
            await kept(trial)
        assert trial.platform.looked_for == []
        assert any("were not looked for today" in line for line in await trial.journal())


@pytest.mark.asyncio
async def test_what_a_look_costs_is_set_aside_before_it_and_given_back_for_what_it_really_cost(tmp_path: Path) -> None:
    trial, at_the_look = Trial(tmp_path), list[int]()

    class Watched(list[str]):
        @override
        def __iadd__(self, posts: Iterable[str]) -> Self:  # type: ignore[override]  # it hears what is asked
            with closing(sqlite3.connect(trial.bot.file.home)) as books:
                (spent,) = books.execute("SELECT total(coalesce(settled,reserved)) FROM spend").fetchone()
            at_the_look.append(spent)
            trial.platform.charges += 2_000
            self.extend(posts)
            return self

    trial.platform.price_of_look, trial.platform.looked_for = 5_000, Watched()
    async with trial:
        trial.mention()
        await trial.counted({State.SENT: 1})
        await trial.past(lambda: trial.platform.looked_for == ["p1"], by=timedelta(minutes=5))
        async with asyncio.timeout(30):
            while len(rows := await trial.bot.ledger.spending(since=0)) < 2 or any(row.settled is None for row in rows):
                await asyncio.sleep(0.002)
        assert at_the_look == [5_000]
        assert sorted((row.model, row.settled) for row in rows) == [("looking on home", 0), ("reading on home", 2_000)]


@pytest.mark.asyncio
async def test_nobody_looks_whose_owner_does_not_want_it(tmp_path: Path) -> None:
    async with Trial(tmp_path) as trial:
        trial.mention()
        await trial.counted({State.SENT: 1})
        for _ in range(30):
            trial.clock.turn(HOUR)
            await kept(trial)
        assert trial.platform.looked_for == []
        assert await kept(trial) == ["p1"]
