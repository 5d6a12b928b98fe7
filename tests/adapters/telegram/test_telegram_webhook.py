"""A bot that Telegram calls, instead of being asked."""

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing

import aiohttp
import pytest
from owner import Drawer
from ports import free_port
from telegram_world import TelegramWorld
from typing_extensions import override

from greenroom_adapters.contract import (
    AuthenticationFailed,
    ConfigurationError,
    MentionReceived,
    TextEvent,
    Unavailable,
)
from greenroom_adapters.telegram import TelegramAdapter
from greenroom_adapters.testing.conformance.tools import listening, no_new_task

pytestmark = pytest.mark.timeout(60)
ADDRESS = "https://bot.example.com/telegram"


class JammedDrawer(Drawer):
    """One that does not open at once."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals = 2

    @override
    async def store(self, name: str, value: bytes) -> None:
        self.refusals -= 1
        if self.refusals >= 0:
            raise Unavailable("no space left")
        await super().store(name, value)


def called(world: TelegramWorld) -> TelegramAdapter:
    """Return an adapter that Telegram is to call; what it calls leads to a free port of this machine."""
    port = free_port()
    world.fake.proxied = f"http://127.0.0.1:{port}"
    return world.adapter(webhook=ADDRESS, webhook_listen=str(port))


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.02)


def waiting(world: TelegramWorld) -> int:
    """Return how many updates Telegram still keeps."""
    return world.do(lambda state: len(world.bot.queue))


@pytest.mark.asyncio
async def test_telegram_is_told_of_the_address_as_soon_as_that_can_be_kept(telegram_world: TelegramWorld) -> None:
    world, drawer = telegram_world, JammedDrawer()
    adapter = called(world)
    adapter.keep_in(drawer)
    async with adapter, aclosing(adapter.events(after={"updates": "0"})) as stream:
        heard = asyncio.ensure_future(anext(stream))
        await until(lambda: drawer.refusals < 0)
        await world.mention_bot("one")
        assert isinstance(await asyncio.wait_for(heard, 10), MentionReceived)


@pytest.mark.asyncio
async def test_a_call_is_answered_when_its_event_is_on_disk_and_not_before(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    async with called(world) as adapter, aclosing(adapter.events(after={"updates": "0"})) as stream:
        await world.mention_bot("one")
        one = await anext(stream)
        assert isinstance(one, MentionReceived)
        await asyncio.sleep(0.2)
        assert (world.fake.knocks, waiting(world)) == ([], 1)
        await adapter.acknowledge(one.source, one.cursor)
        await until(lambda: world.fake.knocks == [200])
        world.say("", new_chat_title="none of our business")
        more = asyncio.ensure_future(anext(stream))
        await until(lambda: world.fake.knocks == [200, 200])
        await world.mention_bot("two")
        two = await more
        assert isinstance(two, TextEvent)
        assert two.text.endswith("two")
    await until(lambda: world.fake.knocks[-1] == 503)
    assert waiting(world) == 1, "what was handed out and not stored is told again"


@pytest.mark.asyncio
async def test_who_has_not_the_secret_is_not_heard(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    async with called(world) as adapter, listening(adapter, after={"updates": "0"}) as listener:
        await until(lambda: world.bot.webhook == ADDRESS)
        said = world.say("@light_bot forged")
        update = {"update_id": 9, "message": world.do(lambda state: world.group.messages[int(said.id.split("/")[1])])}
        for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": "guess"}):
            async with (
                aiohttp.ClientSession() as session,
                session.post(f"{world.fake.proxied}/telegram", data=json.dumps(update), headers=headers) as answer,
            ):
                assert answer.status == 401
        await listener.until("forged")
        assert {event.cursor for event in listener.seen} == {f"called-{world.bot.next_update - 1}"}, "Telegram's own"
    assert world.bot.token not in world.bot.secret


@pytest.mark.asyncio
async def test_a_new_account_hears_nothing_of_before(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    await world.mention_bot("long ago")
    await asyncio.sleep(1.1)  # times on Telegram are whole seconds
    async with called(world) as adapter:
        after = await adapter.now()
        await world.mention_bot("just now")
        async with aclosing(adapter.events(after=after)) as stream:
            event = await anext(stream)
    assert isinstance(event, TextEvent)
    assert event.text.endswith("just now")


@pytest.mark.asyncio
async def test_who_takes_the_webhook_out_of_the_file_asks_again(telegram_world: TelegramWorld) -> None:
    world, drawer = telegram_world, Drawer()
    with_it = called(world)
    with_it.keep_in(drawer)
    async with with_it, listening(with_it, after={"updates": "0"}):
        await until(lambda: world.bot.webhook == ADDRESS)
    without = world.adapter()
    without.keep_in(drawer)
    await world.mention_bot("still there?")
    async with without, listening(without, after={"updates": "0"}) as listener:
        await listener.until("still there?")
    assert world.bot.webhook == ""


@pytest.mark.asyncio
async def test_what_a_call_did_not_bring_is_asked_for_also_when_a_later_one_did(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    async with called(world) as adapter, aclosing(adapter.events(after={"updates": "0"})) as stream:
        await world.mention_bot("called in time")
        heard = await anext(stream)
        await adapter.acknowledge(heard.source, heard.cursor)
        await until(lambda: world.fake.knocks == [200])
    await world.mention_bot("called in vain")
    world.do(lambda state: world.bot.queue[0].update(update_id=world.bot.queue[0]["update_id"] - 2))
    world.do(lambda state: setattr(world.bot, "webhook", ""))
    async with world.adapter() as adapter, listening(adapter, after={heard.source: heard.cursor}) as listener:
        await listener.until("called in vain")


@pytest.mark.asyncio
async def test_leaving_while_listening_leaves_no_task_and_credentials_that_stop_working_end_it(
    telegram_world: TelegramWorld,
) -> None:
    world = telegram_world
    tasks = asyncio.all_tasks()
    async with called(world) as adapter:
        stream = adapter.events(after={"updates": "0"})
        await world.mention_bot("one")
        await anext(stream)
    await no_new_task(tasks)
    await stream.aclose()
    async with called(world) as adapter:
        await world.revoke_token()
        with pytest.raises(AuthenticationFailed):
            async with aclosing(adapter.events(after={"updates": "0"})) as events:
                await anext(events)


@pytest.mark.asyncio
async def test_an_address_that_telegram_would_not_call_is_refused(telegram_world: TelegramWorld) -> None:
    for wrong in ("http://bot.example.com/", "https://bot.example.com:8080/", "bot.example.com"):
        with pytest.raises(ConfigurationError, match="calls addresses like https"):
            telegram_world.adapter(webhook=wrong)
    with pytest.raises(ConfigurationError, match="no address to listen on"):
        telegram_world.adapter(webhook=ADDRESS, webhook_listen="somewhere")
