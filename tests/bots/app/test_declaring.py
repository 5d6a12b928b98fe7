"""Accounts are marked as bots where their platform has a mark: once, when they publish, never against their owner."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from greenroom.storage import State
from greenroom.testing import Trial
from greenroom_adapters.contract import Forbidden, RateLimited, Unavailable

REHEARSES = (
    "bot: ada\npersona: ada.yaml\naccounts: {home: {platform: scripted, live: false}}\ntimezone: UTC\nengines: hold\n"
)
LIVE = REHEARSES.replace(", live: false", "")


@pytest_asyncio.fixture
async def marking(tmp_path: Path) -> AsyncIterator[Trial]:
    """A bot whose accounts are not marked yet, not started either."""
    trial = Trial(tmp_path)
    trial.platform.is_marked = False
    yield trial
    await trial.stop()


async def told(trial: Trial) -> list[str]:
    return [line for line in await trial.journal() if "declared" in line]


@pytest.mark.asyncio
async def test_an_account_is_marked_once_and_that_is_noted_once(marking: Trial) -> None:
    async with marking:
        await marking.past(lambda: marking.platform.is_marked)
    async with marking:
        await marking.past(lambda: marking.platform.declared == 2)
        assert await told(marking) == ["declared: home is marked as a bot in its profile now"]


@pytest.mark.asyncio
async def test_an_account_that_rehearses_is_marked_when_it_goes_live(marking: Trial) -> None:
    marking.rewrite("answer: mentions\n", head=REHEARSES)
    async with marking:
        marking.mention()
        await marking.counted({State.IGNORED: 1})
        marking.clock.turn(timedelta(minutes=1))
        assert marking.platform.declared == 0
        marking.rewrite("answer: mentions\n", head=LIVE)
        await marking.past(lambda: marking.platform.is_marked)


@pytest.mark.asyncio
async def test_an_owner_who_says_nothing_in_the_profile_is_obeyed(marking: Trial) -> None:
    persona = marking.path.with_name("ada.yaml")
    persona.write_text(persona.read_text(encoding="utf-8") + "disclosure: {say: []}\n", encoding="utf-8")
    async with marking:
        marking.mention()
        await marking.counted({State.SENT: 1})
        marking.clock.turn(timedelta(minutes=1))
        assert marking.platform.declared == 0


@pytest.mark.asyncio
async def test_a_refusal_is_told_once_and_stops_nothing(marking: Trial) -> None:
    for _ in range(2):
        marking.platform.declarations.append(Forbidden("the token may not write the profile"))
        async with marking:
            await marking.past(lambda: not marking.platform.declarations)
            marking.mention()
            await marking.until(lambda: len(marking.platform.posts) > 0)
            assert await told(marking) == ["not declared: home: the token may not write the profile"]
    async with marking:
        await marking.past(lambda: marking.platform.is_marked)


@pytest.mark.asyncio
async def test_a_platform_that_is_away_is_asked_again(marking: Trial) -> None:
    marking.platform.declarations += [Unavailable("away")] * 3
    async with marking:
        await marking.past(lambda: marking.platform.is_marked)
        assert marking.platform.declared == 4
        assert await told(marking) == ["declared: home is marked as a bot in its profile now"]


@pytest.mark.asyncio
async def test_an_adapter_that_breaks_over_it_does_not_end_the_bot(marking: Trial) -> None:
    marking.platform.declarations.append(ZeroDivisionError())
    async with marking:
        await marking.past(lambda: not marking.platform.declarations)
        marking.mention()
        await marking.counted({State.SENT: 1})
        assert await told(marking) == ["not declared: home: the adapter failed: ZeroDivisionError"]


@pytest.mark.asyncio
async def test_while_everything_is_stopped_no_profile_is_touched(marking: Trial) -> None:
    async with marking:
        await marking.past(lambda: marking.platform.is_marked)
        await marking.bot.commands.obey("stop-all", {})
    marking.platform.is_marked = False
    async with marking:
        for _ in range(10):
            marking.clock.turn(timedelta(seconds=10))
            await asyncio.sleep(0.005)
        assert not marking.platform.is_marked
        await marking.bot.commands.obey("resume", {})
        await marking.past(lambda: marking.platform.is_marked)


@pytest.mark.asyncio
async def test_a_platform_that_asks_to_wait_is_asked_again_no_earlier(marking: Trial) -> None:
    marking.platform.declarations.append(RateLimited("slowly", retry_after=timedelta(minutes=10)))
    async with marking:
        await marking.past(lambda: not marking.platform.declarations)
        marking.clock.turn(timedelta(minutes=9))
        await asyncio.sleep(0.05)
        assert marking.platform.declared == 1
        await marking.past(lambda: marking.platform.is_marked)
