"""What is heard of Telegram, and when Telegram is let forget it."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import aclosing

import pytest
from telegram_fake import FakeTelegram
from telegram_state import PRIVATE
from telegram_world import POLLING, TelegramWorld

from greenroom_adapters.contract import (
    Adapter,
    DirectMessageReceived,
    Event,
    InvitationReceived,
    JoinReceived,
    Kind,
    MentionReceived,
    MessageReceived,
    Post,
    PostEdited,
    ReactionReceived,
    ReplyReceived,
    SanctionReceived,
    TextEvent,
    Trust,
    UnknownEvent,
)
from greenroom_adapters.testing.conformance.tools import Intent, listening, take

pytestmark = pytest.mark.timeout(60)


async def heard(adapter: Adapter, count: int = 1) -> list[Event]:
    """Return what has happened since the world began."""
    return await take(adapter, count, after={"updates": "0"})


def waiting(world: TelegramWorld) -> list[int]:
    """Return the numbers of the updates that Telegram still keeps."""
    return world.do(lambda state: [update["update_id"] for update in world.bot.queue])


@pytest.mark.asyncio
async def test_telegram_forgets_nothing_that_is_not_on_disk(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    for text in ("one", "two", "three"):
        await world.mention_bot(text)
    kept = waiting(world)
    async with world.adapter() as adapter, aclosing(adapter.events(after=await adapter.now())) as stream:
        for text in ("four", "five"):
            await world.mention_bot(text)
        four, five = await anext(stream), await anext(stream)
        # what stands before a cursor was safe before
        assert waiting(world) == [kept[-1] + 1, kept[-1] + 2]
        more = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.4)
        assert waiting(world) == [kept[-1] + 1, kept[-1] + 2], "handed out, and not known to be on disk"
        await adapter.acknowledge(four.source, four.cursor)
        await _until(lambda: waiting(world) == [kept[-1] + 2])
        await adapter.acknowledge(five.source, five.cursor)
        await _until(lambda: waiting(world) == [])
        await world.mention_bot("six")
        six = await more
    assert isinstance(six, MentionReceived)
    assert six.text.endswith("six")


@pytest.mark.asyncio
async def test_what_was_handed_out_and_not_stored_comes_again_after_a_restart(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    await world.mention_bot("first")
    async with world.adapter() as adapter:
        (first,) = await heard(adapter)
    async with world.adapter() as adapter:
        (again,) = await heard(adapter)
    assert (again.id, again.cursor) == (first.id, first.cursor)


@pytest.mark.asyncio
async def test_what_is_none_of_our_business_is_let_go_when_nothing_before_it_waits(
    telegram_world: TelegramWorld,
) -> None:
    world = telegram_world
    async with world.adapter() as adapter, aclosing(adapter.events(after={"updates": "0"})) as stream:
        await world.mention_bot("asked")
        world.say("", new_chat_title="Harbour")
        asked = await anext(stream)
        more = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.3)
        assert len(waiting(world)) == 2
        await adapter.acknowledge(asked.source, asked.cursor)
        await _until(lambda: waiting(world) == [])
        more.cancel()
        await asyncio.gather(more, return_exceptions=True)


@pytest.mark.asyncio
async def test_a_queue_whose_numbers_begin_anew_far_below_is_heard(telegram_world: TelegramWorld) -> None:
    """After a week without an update the next number is any; so it is on a server of one's own."""
    world = telegram_world
    world.bot.next_update = 4711
    await world.mention_bot("long time no see")
    async with world.adapter() as adapter, aclosing(adapter.events(after={"updates": "700000400"})) as stream:
        event = await anext(stream)
        more = asyncio.ensure_future(anext(stream))
        await adapter.acknowledge(event.source, event.cursor)
        await _until(lambda: waiting(world) == [])
        await world.mention_bot("and again")
        await more
    assert event.cursor == "4711"


@pytest.mark.asyncio
async def test_a_new_account_begins_behind_more_than_telegram_shows_at_once(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    for number in range(130):
        await world.mention_bot(f"old {number}")
    await asyncio.sleep(1.1)  # times on Telegram are whole seconds
    async with world.adapter() as adapter:
        after = await adapter.now()
        await world.mention_bot("new")
        async with asyncio.timeout(10), aclosing(adapter.events(after=after)) as stream:
            event = await anext(stream)
    assert isinstance(event, TextEvent)
    assert event.text.endswith("new")


@pytest.mark.asyncio
async def test_another_program_with_the_same_token_is_told_of_once_and_the_bot_goes_on(
    telegram_world: TelegramWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world = telegram_world
    async with world.adapter() as adapter, world.adapter() as other:
        after = await adapter.now()
        with caplog.at_level(logging.WARNING):
            async with listening(adapter, after=after), listening(other, after=after):
                await _until(lambda: "only one" in caplog.text)
    warned = [record.getMessage() for record in caplog.records if "only one" in record.getMessage()]
    assert len(warned) <= 2, "one for each of the two"
    assert "/revoke" in warned[0]


@pytest.mark.asyncio
async def test_what_was_said_in_a_group_is_told_apart(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    async with world.adapter() as adapter:
        own = (await adapter.publish(Intent(adapter, Post(text="lamp lit")).next_try())).ref
        world.say("@LIGHT_BOT are you there?")
        await world.reply_to_bot(own, "well done")
        await world.reply_to_bot(own, "well done, @light_bot")
        world.say("/weather@light_bot please")
        world.say("mail me at me@light_bot.example, /weather@other_bot")
        mention, reply, both, order, other = await heard(adapter, 5)
    assert isinstance(mention, MentionReceived)
    assert mention.room is not None
    assert (mention.room.id, mention.room.name) == (str(world.group.id), "@rocks")
    assert mention.post.url == f"https://t.me/rocks/{mention.post.id.partition('/')[2]}"
    assert (mention.author.id, mention.author.handle) == (str(world.alice), "alice")
    assert isinstance(reply, ReplyReceived)
    assert reply.in_reply_to is not None
    assert reply.in_reply_to.id == own.id
    assert isinstance(both, ReplyReceived)
    assert both.also == (Kind.MENTION,)
    assert isinstance(order, MentionReceived)
    assert isinstance(other, MessageReceived)


@pytest.mark.asyncio
async def test_a_name_is_found_behind_characters_of_two_units(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    world.say("\U0001f469\u200d\U0001f467 dear @light_bot, \U0001f6a2?")
    async with world.adapter() as adapter:
        (event,) = await heard(adapter)
    assert isinstance(event, MentionReceived)


@pytest.mark.asyncio
async def test_who_is_named_without_a_public_name_is_named_by_his_id(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    me = world.do(lambda state: state.people[world.bot.id])
    entity = {"type": "text_mention", "offset": 0, "length": 4, "user": me}
    world.do(lambda state: state.people[world.alice].pop("username"))
    world.say("", caption="Lamp, is it lit?", caption_entities=[entity], photo=[_size("A", 90), _size("B", 800)])
    async with world.adapter() as adapter:
        (event,) = await heard(adapter)
    assert isinstance(event, MentionReceived)
    assert (event.text, event.author.handle) == ("Lamp, is it lit?", str(world.alice))
    assert [media.media_type for media in event.media] == ["image/jpeg"]
    assert event.media[0].url.endswith("B"), "the largest"


@pytest.mark.asyncio
async def test_a_topic_of_a_forum_is_a_conversation_in_the_room_of_its_group(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    topic = world.do(lambda state: state.open_topic(world.group, world.bot.id, "Boats"))
    asked = world.say("@light_bot which boat?", topic=topic)
    async with world.adapter() as adapter:
        (event,) = await heard(adapter)
        assert isinstance(event, MentionReceived), "what opened the topic is no message of ours that it would answer"
        assert event.in_reply_to is None
        assert event.post.id == asked.id
        assert event.conversation == f"{world.group.id}:{topic}"
        assert event.room is not None
        assert event.room.id == str(world.group.id)
        post = Post(text="the red one", in_reply_to=event.post, room=event.room.id)
        receipt = await adapter.publish(Intent(adapter, post).next_try())
        said = world.do(lambda state: world.group.messages[int(receipt.ref.id.rpartition("/")[2])])
        assert said["message_thread_id"] == topic
        await adapter.show_typing(event)
        assert world.bot.actions[-1]["message_thread_id"] == topic
        world.do(lambda state: state.react(world.group, said["message_id"], world.alice, "👍"))
        *_, reaction = await heard(adapter, 2)
    assert isinstance(reaction, ReactionReceived)
    assert reaction.post.id == receipt.ref.id


@pytest.mark.asyncio
async def test_reactions_edits_and_newcomers_are_heard(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    bea, cid = world.do(lambda state: (state.person("bea"), state.person("cid")))
    people = world.do(lambda state: [state.people[bea], state.people[cid]])
    async with world.adapter() as adapter:
        await adapter.now()  # from here on Telegram tells of reactions
        own = (await adapter.publish(Intent(adapter, Post(text="lamp lit")).next_try())).ref
        number = int(own.id.partition("/")[2])
        world.do(lambda state: state.react(world.group, number, world.alice, "👍"))
        world.do(lambda state: state.react(world.group, number, world.alice, "👍", "🔥"))
        world.do(lambda state: state.react(world.group, number, world.alice))
        said = world.say("wind wset")
        world.do(lambda state: state.edit(world.group, int(said.id.partition("/")[2]), "wind west"))
        world.say("", new_chat_members=people)
        like, fire, _, edit, first, second = await heard(adapter, 6)
    assert isinstance(like, ReactionReceived)
    assert isinstance(fire, ReactionReceived)
    assert (like.reaction, fire.reaction) == ("like", "🔥")
    assert like.post.id == own.id
    assert isinstance(edit, PostEdited)
    assert (edit.text, edit.post.id) == ("wind west", said.id)
    assert isinstance(first, JoinReceived)
    assert isinstance(second, JoinReceived)
    assert (first.author.handle, second.author.handle) == ("bea", "cid")
    assert int(first.cursor) == int(second.cursor) - 1, "a start between the two hears the second"


@pytest.mark.asyncio
async def test_being_taken_in_silenced_and_sent_away_is_told_and_leaving_is_not(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    me, alice = world.bot.id, world.alice
    group = world.do(lambda state: state.group("Harbour", alice))
    until = 2_000_000_000
    world.do(lambda state: state.make(group, me, "member", by=alice))
    world.do(lambda state: state.make(group, me, "restricted", by=alice, until_date=until))
    world.do(lambda state: state.make(group, me, "kicked", by=alice))
    world.do(lambda state: state.make(group, me, "member", by=alice))
    async with world.adapter() as adapter:
        taken, silenced, kicked, again = await heard(adapter, 4)
        await adapter.leave(str(group.id))
        await adapter.leave(str(group.id))
        await world.mention_bot("the end")
        *_, last = await heard(adapter, 5)
    assert isinstance(taken, InvitationReceived)
    assert taken.is_in
    assert taken.by is not None
    assert taken.by.handle == "alice"
    assert isinstance(silenced, SanctionReceived)
    assert isinstance(kicked, SanctionReceived)
    assert silenced.until is None, "more than a year is for good"
    assert kicked.until is None
    assert isinstance(again, InvitationReceived)
    assert isinstance(last, MentionReceived)


@pytest.mark.asyncio
async def test_a_silence_has_its_end(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    ends = int(time.time()) + 3600
    world.do(lambda state: state.make(world.group, world.bot.id, "restricted", by=world.alice, until_date=ends))
    async with world.adapter() as adapter:
        (silenced,) = await heard(adapter)
    assert isinstance(silenced, SanctionReceived)
    assert silenced.until is not None
    assert silenced.until.timestamp() == ends


@pytest.mark.asyncio
async def test_an_administrator_who_speaks_for_his_group_keeps_order_there_and_a_channel_does_not(
    telegram_world: TelegramWorld,
) -> None:
    world = telegram_world
    shown = world.do(lambda state: state.shown(world.group))
    channel = world.do(lambda state: state.group("News", world.alice, type="channel", username="news_of_rocks"))
    foreign = world.do(lambda state: state.shown(channel))
    world.say("@light_bot quiet", sender_chat=shown)
    world.say("@light_bot news", sender_chat=foreign)
    async with world.adapter() as adapter:
        admin, news = await heard(adapter, 2)
    assert isinstance(admin, TextEvent)
    assert isinstance(news, TextEvent)
    assert (admin.author.trust, admin.author.handle) == (Trust.MODERATOR, "rocks")
    assert (news.author.trust, news.author.handle) == (Trust.ANYONE, "news_of_rocks")


@pytest.mark.asyncio
async def test_what_cannot_be_read_is_told_as_such_and_ends_nothing(
    telegram: FakeTelegram, telegram_world: TelegramWorld
) -> None:
    world = telegram_world
    world.do(lambda state: world.bot.queue.append({"update_id": world.bot.next_update, "message": {"message_id": "x"}}))
    world.bot.next_update += 1
    await world.mention_bot("after it")
    async with world.adapter() as adapter:
        broken, after = await heard(adapter, 2)
    assert isinstance(broken, UnknownEvent)
    assert '"x"' in broken.raw
    assert isinstance(after, MentionReceived)
    telegram.violations.clear()  # no Telegram says this: it was made up here


@pytest.mark.asyncio
async def test_in_privacy_mode_what_is_not_for_the_bot_is_not_promised(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    async with world.adapter() as adapter:
        assert Kind.MESSAGE in adapter.capabilities.kinds
    world.bot.reads_everything = False
    async with world.adapter() as adapter:
        assert Kind.MESSAGE not in adapter.capabilities.kinds


@pytest.mark.asyncio
async def test_what_somebody_asks_about_is_there_for_the_answer(telegram_world: TelegramWorld) -> None:
    """Nobody can read a chat's history; but what is answered comes along with the answer."""
    world = telegram_world
    boot = world.say("somebody left a red boot")
    world.do(lambda state: world.bot.queue.clear())
    world.say("@light_bot whose is it?", answers=int(boot.id.partition("/")[2]))
    async with world.adapter() as adapter:
        (event,) = await heard(adapter)
        assert isinstance(event, MentionReceived)
        (above,) = await adapter.thread(event.post)
    assert (above.text, above.author.handle, above.ref.id) == ("somebody left a red boot", "alice", boot.id)


@pytest.mark.asyncio
async def test_direct_words_are_one_conversation_without_a_room(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    world.whisper("psst")
    async with world.adapter() as adapter:
        (event,) = await heard(adapter)
    assert isinstance(event, DirectMessageReceived)
    assert world.do(lambda state: state.chats[int(event.conversation)].type) == PRIVATE
    assert event.room is None
    assert event.post.url is None


@pytest.mark.asyncio
async def test_an_outage_is_told_once_and_ends_by_itself(
    telegram_world: TelegramWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world = telegram_world
    world.order("answer", path=POLLING, status=502, body=b"<html>Bad Gateway</html>", count=3)
    with caplog.at_level(logging.INFO):
        async with world.adapter() as adapter, listening(adapter, after={"updates": "0"}) as listener:
            await world.mention_bot("still there?")
            await listener.until("still there?")
    told = [record.levelname for record in caplog.records if "cannot be asked now" in record.getMessage()]
    assert told.count("WARNING") == 1
    assert "can be asked again" in caplog.text


def _size(id: str, width: int) -> dict[str, object]:
    return {"file_id": id, "file_unique_id": f"u{id}", "width": width, "height": width}


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.02)


@pytest.mark.asyncio
async def test_who_may_delete_in_a_group_keeps_order_there_and_is_asked_for_only_where_he_speaks_to_the_bot(
    telegram_world: TelegramWorld,
) -> None:
    world = telegram_world
    bea, cid = world.do(lambda state: (state.person("bea"), state.person("cid")))
    world.do(lambda state: state.make(world.group, bea, "administrator", by=world.alice))
    world.do(lambda state: state.make(world.group, cid, "administrator", by=world.alice, can_delete_messages=False))
    dan = world.do(lambda state: state.person("dan"))
    world.say("nobody asked you", by=bea)
    async with world.adapter() as adapter:
        await heard(adapter)
        assert "getChatAdministrators" not in [method for method, _ in world.fake.asked]
        for person in (world.alice, bea, cid, dan):
            world.say("@light_bot quiet", by=person)
        _, *spoken = await heard(adapter, 5)
    trusted = [event.author.trust for event in spoken if isinstance(event, TextEvent)]
    assert trusted == [Trust.MODERATOR, Trust.MODERATOR, Trust.ANYONE, Trust.ANYONE]
    assert [method for method, _ in world.fake.asked].count("getChatAdministrators") == 1


@pytest.mark.asyncio
async def test_whoever_keeps_order_is_anyone_while_that_cannot_be_asked(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    world.order("answer", path=r"/getChatAdministrators$", status=502, body=b"")
    world.say("@light_bot quiet")
    world.say("@light_bot quiet!")
    async with world.adapter() as adapter:
        first, second = await heard(adapter, 2)
    assert isinstance(first, TextEvent)
    assert isinstance(second, TextEvent)
    assert (first.author.trust, second.author.trust) == (Trust.ANYONE, Trust.MODERATOR)


@pytest.mark.parametrize("home", ["", "@rock_news"])
@pytest.mark.asyncio
async def test_what_the_bot_says_in_a_channel_is_not_heard_again_where_people_talk_about_it(
    telegram_world: TelegramWorld, home: str
) -> None:
    world = telegram_world
    channel = world.do(lambda state: state.group("News", world.alice, type="channel", username="Rock_News"))
    world.do(lambda state: state.make(channel, world.bot.id, "administrator", by=world.alice, can_post_messages=True))
    channel.discussion = world.group
    async with world.adapter(home=home) as adapter:
        after = await adapter.now()
        post = Post(text="the lamp of @light_bot is lit", room=str(channel.id))
        await adapter.publish(Intent(adapter, post).next_try())
        world.say("@light_bot for whom?")
        (told,) = await take(adapter, 1, after=after)
    if home:
        async with world.adapter(home=home) as restarted:
            (told,) = await take(restarted, 1, after=after)
    assert isinstance(told, MentionReceived)
    assert told.text == "@light_bot for whom?"


@pytest.mark.asyncio
async def test_what_a_channel_says_in_which_the_bot_is_not_is_heard_where_people_talk_about_it(
    telegram_world: TelegramWorld,
) -> None:
    world = telegram_world
    channel = world.do(lambda state: state.group("News", world.alice, type="channel", username="rock_news"))
    channel.discussion = world.group
    world.say("@light_bot has a new lamp", chat=channel)
    async with world.adapter() as adapter:
        (told,) = await heard(adapter)
    assert isinstance(told, MentionReceived)
    assert told.author.handle == "rock_news"
