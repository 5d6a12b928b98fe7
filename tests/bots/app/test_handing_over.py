"""A bot that another host asks for is handed over when nothing of it is being sent, or in doubt."""

import asyncio
import uuid
from collections.abc import Callable

import asyncpg
import pytest
from postgres import UNHURRIED, Postgres

from greenroom.app import Bot, Options, keep_running
from greenroom.app.handing_over import HandedOver, hand_over_when_asked
from greenroom.clock import SystemClock
from greenroom.settings import Platforms
from greenroom.storage import State
from greenroom.storage.postgres import PostgresLedger, owning
from greenroom.storage.postgres.address import schema_of
from greenroom.storage.postgres.bell import ASKED
from greenroom.testing import Trial
from greenroom.testing.platform import answer_lost
from greenroom_adapters.contract import OutcomeUnknown

PATIENCE = 90.0


@pytest.mark.asyncio
async def test_a_bot_that_is_asked_for_is_handed_over_once_nothing_is_in_doubt(
    postgres: Postgres, trial: Trial
) -> None:
    trial.platform.answers.append(answer_lost(OutcomeUnknown("the answer was lost")))
    trial.platform.may_tell = asyncio.Event()
    bot = await trial.start()
    trial.mention()
    desks = bot.desks.values()
    await trial.until(lambda: [turn.state for desk in desks for turn in desk.in_memory()] == [State.SENDING])
    await trial.until(lambda: bool(trial.platform.asked))

    names = [f"ada-{uuid.uuid4().hex[:12]}" for _ in range(2)]
    here = [
        PostgresLedger(postgres.url, bot=name, clock=SystemClock(), host="here", patience=UNHURRIED) for name in names
    ]
    there = await asyncpg.connect(
        postgres.url, server_settings={"application_name": owning.session_name("there", 1, names[0])}
    )
    try:
        async with here[0], here[1]:
            number = await owning.number_of(there, names[0])
            await owning.stand_by(there, number)
            assert await owning.ask_for(there, number)
            handing = asyncio.create_task(hand_over_when_asked(here[0], desks, clock=SystemClock()))

            async def ask() -> None:
                await there.execute("SELECT pg_notify($1,$2)", schema_of(names[0]), ASKED)
                await asyncio.sleep(0.1)

            for _ in range(25):
                await ask()
            assert not handing.done()
            trial.platform.may_tell.set()
            await trial.until(lambda: len(trial.platform.posts) == 1 and not any(desk.in_memory() for desk in desks))
            async with asyncio.timeout(PATIENCE):
                while not handing.done():
                    await ask()
            with pytest.raises(HandedOver, match="here runs 2 bots of this database, there none"):
                await handing
    finally:
        await there.close()


async def kept_running(trial: Trial, *endings: Exception, stops: bool) -> int:
    """Keep a bot running whose tasks end so each time, told to stop meanwhile or not; return how often it began."""
    began = 0

    def load(standing_by: Callable[[str], None]) -> Bot:
        standing_by("a worker on another host")
        options = Options(environ={}, platforms=Platforms.of(trial.platform.adapter_class()), grace=0.0)
        return Bot.load(trial.path, options)

    async def live(bot: Bot) -> None:
        nonlocal began
        began += 1
        if began < 3:
            raise ExceptionGroup("tasks of a bot", list(endings))

    await keep_running(load, live, is_stopping=lambda: stops)
    return began


@pytest.mark.asyncio
async def test_who_has_handed_a_bot_over_stands_by_for_it(trial: Trial) -> None:
    assert await kept_running(trial, HandedOver("there is less to do"), stops=False) == 3


@pytest.mark.asyncio
async def test_who_is_told_to_stop_while_he_hands_a_bot_over_ends_without_an_error(trial: Trial) -> None:
    assert await kept_running(trial, HandedOver("there is less to do"), stops=True) == 1


@pytest.mark.asyncio
async def test_what_fails_while_a_bot_is_handed_over_is_not_passed_over(trial: Trial) -> None:
    with pytest.raises(ExceptionGroup) as failed:
        await kept_running(trial, HandedOver("there is less to do"), ValueError("a mistake"), stops=False)
    assert failed.group_contains(ValueError, match="a mistake")
