"""Posts are drafted before their time on request: written and paid once, and posted at their time, once."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from greenroom.clock import to_micros
from greenroom.generation import EngineUnavailable
from greenroom.storage import AgendaItem, State
from greenroom.testing import Trial

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
POSTS = "post: [{{name: dusk, at: '{at}', about: the lamp}}, {{name: night, at: '22:00', about: the sea}}]\n"
UNTIL = to_micros(datetime(2026, 11, 24, 12, tzinfo=UTC))
"""The trial begins on the 23rd at noon: each of the two comes once."""


async def drafted(trial: Trial, until: int = UNTIL) -> Mapping[str, Any]:
    return await trial.bot.commands.obey("draft", {"until": until})


async def agenda(trial: Trial) -> list[AgendaItem]:
    return await trial.bot.ledger.agenda()


async def to_come(trial: Trial, moment: datetime) -> None:
    """Let it be a moment at which something is due, and let the scheduler look at it."""
    trial.clock.turn_to(moment)
    name = "dusk" if moment.hour < 22 else "night"
    async with asyncio.timeout(60):
        while ((await trial.bot.ledger.marks())[name].until or 0) < to_micros(moment):
            trial.clock.turn(SECOND)
            await asyncio.sleep(0.001)
    await trial.bot.settle()


DUSK, NIGHT = datetime(2026, 11, 23, 18, tzinfo=UTC), datetime(2026, 11, 23, 22, tzinfo=UTC)


@pytest.mark.asyncio
async def test_what_was_drafted_is_posted_at_its_time_in_those_words_and_paid_once(trial: Trial) -> None:
    trial.rewrite(POSTS.format(at="18:00"))
    async with trial:
        answer = await drafted(trial)
        assert (len(answer["items"]), answer["left"]) == (2, [])
        assert [(one.event.say, one.event.written) for one in await agenda(trial)] == [
            ("You said: the lamp", "scripted"),
            ("You said: the sea", "scripted"),
        ]
        assert (await drafted(trial))["items"] == [], "asked again, nothing is written again"
        assert [brief.at for brief in trial.engine.briefs] == [DUSK, NIGHT], "they speak of the time of their posts"
        await to_come(trial, DUSK)
        await trial.past(lambda: len(trial.platform.posts) == 1)
        await to_come(trial, NIGHT)
        await trial.past(lambda: len(trial.platform.posts) == 2)
        await trial.counted({State.SENT: 2})
        assert len(trial.engine.briefs) == 2
    assert trial.platform.texts == ["You said: the lamp", "You said: the sea"]
    assert trial.platform.tried_at[0] >= to_micros(DUSK)


@pytest.mark.asyncio
async def test_what_is_drafted_ahead_is_written_beside_what_was_posted_before(trial: Trial) -> None:
    trial.rewrite(POSTS.format(at="18:00").replace("about: the lamp", "say: The lamp is lit."))
    async with trial:
        await to_come(trial, DUSK)
        await trial.counted({State.SENT: 1})
        await drafted(trial)
        assert [line.text for line in await trial.engine.briefs[-1].history()] == ["The lamp is lit."]


@pytest.mark.asyncio
async def test_an_edited_draft_is_its_owners_and_needs_no_approval_the_other_waits_for_it(trial: Trial) -> None:
    trial.rewrite(POSTS.format(at="18:00") + "approve: always\n")
    async with trial:
        first, second = (await drafted(trial))["items"]
        refused = await trial.bot.commands.obey("edit", {"item": first, "at": UNTIL})
        assert "change its time there" in refused["error"]
        await trial.bot.commands.obey("edit", {"item": first, "text": "The lamp is mine."})
        await to_come(trial, DUSK)
        await trial.past(lambda: len(trial.platform.posts) == 1)
        await to_come(trial, NIGHT)
        await trial.counted({State.SENT: 1, State.HELD: 1})
        assert second != first
    assert trial.platform.texts == ["The lamp is mine."]


@pytest.mark.asyncio
async def test_a_draft_follows_the_time_of_its_post_and_goes_with_its_topic(trial: Trial) -> None:
    trial.rewrite(POSTS.format(at="18:00"))
    async with trial:
        await drafted(trial)
        trial.rewrite(POSTS.format(at="19:30").replace("the sea", "the wind"))
        await trial.stop()
        await trial.start()
        (one,) = await agenda(trial)
        assert one.event.due == datetime(2026, 11, 23, 19, 30, tzinfo=UTC)
        await to_come(trial, datetime(2026, 11, 23, 19, 30, tzinfo=UTC))
        await trial.past(lambda: len(trial.platform.posts) == 1)
        await to_come(trial, NIGHT)
        await trial.past(lambda: len(trial.platform.posts) == 2)
    assert trial.platform.texts == ["You said: the lamp", "You said: the wind"]


@pytest.mark.asyncio
async def test_a_draft_that_is_cancelled_is_written_anew_at_its_time(trial: Trial) -> None:
    trial.rewrite(POSTS.format(at="18:00"))
    async with trial:
        first, _ = (await drafted(trial))["items"]
        assert (await trial.bot.commands.obey("cancel", {"item": first}))["comes_anew"] is True
        await to_come(trial, DUSK)
        await trial.past(lambda: len(trial.platform.posts) == 1)
        assert len(trial.engine.briefs) == 3


@pytest.mark.parametrize("point", ["before_due_insert", "after_due_insert", "after_publish_before_receipt"])
@pytest.mark.asyncio
async def test_a_bot_that_dies_over_a_draft_posts_it_once(trial: Trial, point: str) -> None:
    trial.rewrite(POSTS.format(at="18:00"))
    async with trial:
        await drafted(trial)
        trial.dies_at(point)
        trial.clock.turn_to(DUSK)
        await trial.past(lambda: trial.is_dead)
        await trial.bury()
        await trial.start()
        await trial.past(lambda: len(trial.platform.posts) == 1)
        await trial.counted({State.SENT: 1}, by=SECOND)
    assert trial.platform.texts == ["You said: the lamp"]


@pytest.mark.asyncio
async def test_what_cannot_be_written_now_is_named_and_written_at_its_time(trial: Trial) -> None:
    trial.rewrite(POSTS.format(at="18:00"))
    async with trial:
        trial.engine.outcomes.append(EngineUnavailable("it is away"))
        answer = await drafted(trial)
        assert len(answer["items"]) == 1
        (left,) = answer["left"]
        assert (left["post"], left["why"]) == ("post:dusk@2026-11-23", "scripted: it is away")
        await to_come(trial, DUSK)
        await trial.past(lambda: len(trial.platform.posts) == 1)
        await trial.bot.commands.obey("stop-all", {})
        trial.clock.turn_to(datetime(2026, 11, 23, 18, 5, tzinfo=UTC))
        answer = await drafted(trial, UNTIL + 86_400_000_000)
        assert {one["why"] for one in answer["left"]} == {"everything is stopped: stopped by hand"}
