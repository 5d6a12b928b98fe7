"""Whether a bot is alive, ready and well is told over HTTP in the sentences of `greenroom status`."""

import asyncio
import json
import socket
import sqlite3
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from observed import Observed

from greenroom.storage import State, StorageError
from greenroom_adapters.contract import Unavailable
from greenroom_adapters.webhooks import address_of, bounded


async def needs(observed: Observed) -> list[str]:
    status, text = await observed.ask("/health")
    said = json.loads(text)
    assert status == (200 if said["ok"] else 503)
    assert said["ok"] is not bool(said["needs"])
    return list(said["needs"])


@pytest.mark.asyncio
async def test_it_lives_before_it_is_ready_and_is_ready_when_its_accounts_are_connected(observed: Observed) -> None:
    assert await observed.ask("/live") == (200, "alive\n")
    assert (await observed.ask("/ready"))[0] == 503
    assert (await observed.ask("/health"))[0] == 503
    observed.trial.platform.entering.append(Unavailable("the platform sleeps"))
    await observed.start()
    assert (await observed.ask("/ready"))[0] == 503
    await observed.trial.past(lambda: observed.trial.bot.desks["home"].is_connected)
    assert await observed.ask("/ready") == (200, "ready\n")
    assert await needs(observed) == []


@pytest.mark.asyncio
async def test_what_waits_for_a_person_is_a_sentence_with_its_command(observed: Observed) -> None:
    observed.trial.rewrite("answer: mentions\napprove: always\n")
    await observed.start()
    observed.trial.mention()
    await observed.trial.counted({State.HELD: 1})
    assert await needs(observed) == ["1 draft waits for you: `greenroom held` shows them."]
    await observed.trial.bot.commands.obey("pause", {"account": "home", "why": "a storm"})
    assert (await needs(observed))[0] == "Nothing goes out on home: `greenroom resume home` ends the pause."
    assert (await observed.ask("/ready"))[0] == 200, "an account that is paused keeps nobody from being ready"
    await observed.trial.bot.commands.obey("stop-all", {"why": "a flood"})
    assert await needs(observed) == ["Everything is stopped (a flood): `greenroom resume` ends it."]


@pytest.mark.asyncio
async def test_a_platform_that_is_away_for_long_needs_a_person_and_a_short_loss_does_not(observed: Observed) -> None:
    await observed.start()
    desk, clock = observed.trial.bot.desks["home"], observed.clock
    platform = observed.trial.platform
    platform.reading.extend([Unavailable("the line is cut")] * 50)
    platform.interrupt()
    await observed.trial.until(lambda: desk.reconnects == 1)
    clock.turn(timedelta(seconds=1))
    assert await needs(observed) == []
    start = clock.micros()
    await observed.trial.past(lambda: clock.micros() - start > 240_000_000, by=timedelta(seconds=5))
    (need,) = await needs(observed)
    assert need == (
        "Nothing has been heard from home for 4 minutes, and it is tried again: `greenroom check` asks why."
    )
    platform.reading.clear()
    await observed.trial.past(lambda: desk.away_since() is None, by=timedelta(seconds=5))
    assert await needs(observed) == []


@pytest.mark.asyncio
async def test_a_post_whose_time_is_over_and_that_is_not_out_is_told(observed: Observed) -> None:
    observed.trial.rewrite("post: {name: watch, every: 1 hour, say: All quiet., late_ok: 10 minutes}\n")
    observed.trial.platform.entering.extend([Unavailable("the platform sleeps")] * 1000)
    await observed.start()
    desk = observed.trial.bot.desks["home"]
    await observed.trial.until(lambda: desk.in_memory())
    start = observed.clock.micros()
    await observed.trial.past(lambda: observed.clock.micros() - start > 700_000_000, by=timedelta(seconds=5))
    assert (await observed.trial.bot.commands.obey("accounts", {}))["vitals"]["home"]["late"] == 1
    assert "Nothing has been heard from home" in (await needs(observed))[0]


@pytest.mark.asyncio
async def test_what_is_no_address_of_its_own_is_not_answered(observed: Observed) -> None:
    assert (await observed.ask("/live", Host="evil.example"))[0] == 421
    assert (await observed.ask("/"))[0] == 404


@pytest.mark.asyncio
async def test_a_worker_that_stands_by_is_ready_and_needs_nobody(observed: Observed) -> None:
    observed.observation.stand_by()
    assert await observed.ask("/ready") == (200, "standing by\n")
    assert await needs(observed) == []
    assert (await observed.figures())["greenroom_standing_by", frozenset()] == 1
    await observed.start()
    assert await observed.ask("/ready") == (200, "ready\n")
    assert (await observed.figures())["greenroom_standing_by", frozenset()] == 0
    observed.observation.show(None)
    assert (await observed.ask("/ready"))[0] == 503


@pytest.mark.asyncio
async def test_an_address_that_is_free_again_is_listened_on_also_when_the_ledger_has_failed(observed: Observed) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        waiting = observed.listening_on(f"127.0.0.1:{other.getsockname()[1]}")
        async with waiting:
            assert waiting.is_taken
            bot = await observed.trial.start()
            waiting.show(bot)
            with sqlite3.connect(observed.trial.path.parent / "data" / "ada.db", isolation_level=None) as outside:
                outside.execute("DROP TABLE facts")
            outside.close()
            bot.ledger.remember("what", "cannot be stored")
            with pytest.raises(StorageError):
                await bot.ledger.committed()
            other.close()
            await observed.trial.past(lambda: not waiting.is_taken)
            assert await observed.ask("/live", of=waiting) == (200, "alive\n")
        with pytest.raises(aiohttp.ClientConnectorError):
            await observed.ask("/live", of=waiting)


@pytest.mark.asyncio
async def test_who_connects_and_says_nothing_is_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "SILENCE", 0.3)
    async with Observed(tmp_path).observation as observation:
        reader, writer = await asyncio.open_connection(*address_of(observation.url.removeprefix("http://")))
        assert await asyncio.wait_for(reader.read(), 20) == b""
        writer.close()
