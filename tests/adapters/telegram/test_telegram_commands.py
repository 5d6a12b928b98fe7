"""Commands: offered in Telegram's menu, and heard where they are meant for this bot."""

from collections.abc import Sequence

import pytest
from owner import Drawer
from telegram_world import TelegramWorld

from greenroom_adapters.contract import (
    Audience,
    Command,
    CommandGiven,
    DirectMessageReceived,
    Event,
    Kind,
    MentionReceived,
    MessageReceived,
    Post,
    TargetGone,
    Trust,
    Unsupported,
)
from greenroom_adapters.telegram import TelegramAdapter
from greenroom_adapters.testing import Intent
from greenroom_adapters.testing.conformance.tools import take

pytestmark = pytest.mark.timeout(60)

COMMANDS = (
    Command(name="ask", description="Ask me something", text="What you want to say"),
    Command(name="forget-me", description="I forget you", is_private=True),
    Command(name="pause", description="I say nothing more", is_private=True, audience=Audience.OWNER),
    Command(name="quiet", description="I am quiet", is_private=True, audience=Audience.MODERATOR),
)


async def heard(adapter: TelegramAdapter, count: int = 1) -> Sequence[Event]:
    return await take(adapter, count, after={"updates": "0"})


@pytest.mark.asyncio
async def test_everybody_is_shown_what_is_for_everybody_and_administrators_the_rest(
    telegram_world: TelegramWorld,
) -> None:
    world, drawer = telegram_world, Drawer()
    adapter = world.adapter()
    adapter.keep_in(drawer)
    async with adapter:
        assert await adapter.offer(COMMANDS)
    shown = {scope: [one["command"] for one in commands] for scope, commands in world.bot.commands.items()}
    assert shown == {
        "default": ["ask", "forget_me"],
        "all_chat_administrators": ["ask", "forget_me", "pause", "quiet"],
    }
    asked = len(world.fake.asked)
    again = world.adapter()
    again.keep_in(drawer)
    async with again:
        assert not await again.offer(COMMANDS), "what was offered before a restart costs nothing"
        assert [method for method, _ in world.fake.asked[asked:]] == ["getMe"]
        assert await again.offer(COMMANDS[:1])


@pytest.mark.asyncio
async def test_a_command_is_heard_alone_and_by_its_name_in_groups(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    async with world.adapter() as adapter:
        await adapter.offer(COMMANDS)
        world.whisper("/ask is it lit?")
        world.whisper("/unheard_of words")
        world.say("/ask@light_bot  and now?")
        world.say("/ask and of whom?")
        world.say("/ask@other_bot is it?")
        world.say("/weather@light_bot")
        own = (await adapter.publish(Intent(adapter, Post(text="lamp lit")).next_try())).ref
        await world.reply_to_bot(own, "/ask why?")
        alone, unknown, named, bare, other, strange, answered = await heard(adapter, 7)
    assert isinstance(alone, CommandGiven)
    assert (alone.command, alone.text, alone.also) == ("ask", "is it lit?", (Kind.DIRECT_MESSAGE,))
    assert isinstance(unknown, DirectMessageReceived)
    assert isinstance(named, CommandGiven)
    assert (named.text, named.also) == ("and now?", (Kind.MENTION,))
    assert isinstance(bare, MessageReceived), "another bot of the group may be meant"
    assert isinstance(other, MessageReceived)
    assert isinstance(strange, MentionReceived)
    assert isinstance(answered, CommandGiven)


@pytest.mark.asyncio
async def test_a_private_answer_to_a_command_in_a_group_goes_to_whoever_gave_it(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    world.whisper("hello")
    world.do(lambda state: world.bot.queue.clear())
    async with world.adapter() as adapter:
        await adapter.offer(COMMANDS)
        asked = world.say("/ask@light_bot is it lit?")
        world.say("/forget_me@light_bot")
        public, private = await heard(adapter, 2)
        assert isinstance(public, CommandGiven)
        assert isinstance(private, CommandGiven)
        assert private.command == "forget-me"
        for number, event in enumerate((public, private)):
            assert event.room is not None
            post = Post(text=f"answer {number}", in_reply_to=event.post, room=event.room.id)
            await adapter.publish(Intent(adapter, post, key=f"k{number}").next_try())
        shown = world.do(lambda state: state.shown(world.group))
        unnamed = world.say("/quiet@light_bot", sender_chat=shown)
        *_, quiet = await heard(adapter, 3)
        assert isinstance(quiet, CommandGiven)
        assert quiet.post.id == unnamed.id, "who speaks for the group is answered in it"
        assert quiet.author.trust is Trust.MODERATOR
    first, second = await world.published()
    assert (first.in_reply_to, first.direct_to) == (asked.id, None)
    assert (second.in_reply_to, second.direct_to) == (None, str(world.alice))


@pytest.mark.asyncio
async def test_whoever_never_wrote_to_the_bot_gets_no_private_answer_and_nobody_is_bothered(
    telegram_world: TelegramWorld,
) -> None:
    world = telegram_world
    async with world.adapter() as adapter:
        await adapter.offer(COMMANDS)
        world.say("/forget_me@light_bot")
        (given,) = await heard(adapter)
        assert isinstance(given, CommandGiven)
        with pytest.raises(TargetGone, match="chat not found"):
            await adapter.publish(Intent(adapter, Post(text="done", in_reply_to=given.post)).next_try())
    assert await world.published() == []


@pytest.mark.asyncio
async def test_commands_of_another_program_are_left_as_they_are(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    async with world.adapter(commands=False) as adapter:
        assert not await adapter.offer(COMMANDS)
        world.whisper("/ask is it lit?")
        (event,) = await heard(adapter)
    assert isinstance(event, DirectMessageReceived)
    assert world.bot.commands == {}


@pytest.mark.asyncio
async def test_what_telegram_takes_for_no_command_is_unsupported(telegram_world: TelegramWorld) -> None:
    async with telegram_world.adapter() as adapter:
        for wrong in (
            [Command(name="Ask", description="x")],
            [Command(name="a" * 33, description="x")],
            [Command(name="ask", description="")],
            [Command(name="ask", description="x" * 257)],
            [Command(name="forget-me", description="x"), Command(name="forget_me", description="x")],
            [Command(name=f"c{number}", description="x") for number in range(101)],
        ):
            with pytest.raises(Unsupported):
                await adapter.offer(wrong)
    assert telegram_world.bot.commands == {}
