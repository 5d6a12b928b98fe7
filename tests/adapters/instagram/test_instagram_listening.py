"""What an account hears from its lists after a long time away."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing

import pytest
from instagram_world import InstagramWorld

from greenroom_adapters.contract import DirectMessageReceived, MentionReceived, MessageReceived, UnknownEvent
from greenroom_adapters.testing import take


@pytest.mark.asyncio
async def test_of_a_long_conversation_the_newest_are_heard_and_the_others_told_to_be_lost(
    instagram_world: Callable[..., InstagramWorld], caplog: pytest.LogCaptureFixture
) -> None:
    world = instagram_world()
    for number in range(30):
        world.state.message(world.bot, world.alice, world.alice, f"message {number}")
    heard: list[str] = []
    async with (
        asyncio.timeout(10),
        world.adapter() as adapter,
        aclosing(adapter.events(after={"messages": "0;"})) as events,
    ):
        async for event in events:
            assert not isinstance(event, UnknownEvent)
            if isinstance(event, DirectMessageReceived):
                heard.append(event.text)
            if len(heard) == 20:
                break
    assert heard == [f"message {number}" for number in range(10, 30)]
    assert [record.levelno for record in caplog.records if "lost" in record.getMessage()] == [logging.WARNING]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("good evening, @Lamp.Bot.", MentionReceived),
        ("write to mail@lamp.bot", MessageReceived),
        ("ask @lamp.bot.two", MessageReceived),
    ],
)
@pytest.mark.asyncio
async def test_who_names_the_account_in_a_sentence_mentions_it_and_an_address_does_not(
    instagram_world: Callable[..., InstagramWorld], text: str, kind: type
) -> None:
    world = instagram_world()
    top = world.state.comment(world.alice, world.first, "hello, all")
    world.state.comment(world.alice, world.first, text, parent=top)
    async with world.adapter() as adapter:
        events = await take(adapter, 2, after={"feed": "0;"})
    assert type(events[1]) is kind
