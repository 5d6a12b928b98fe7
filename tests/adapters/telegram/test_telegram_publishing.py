"""What goes out to Telegram, how much of it, and what a refusal means."""

import json
from datetime import timedelta
from typing import Any

import pytest
from telegram_state import GROUP
from telegram_world import SENDING, TelegramWorld

from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    Forbidden,
    MediaRefused,
    OutcomeUnknown,
    Post,
    PostRef,
    PostRejected,
    RateLimited,
    TargetGone,
    TooLong,
    Unavailable,
    Undecided,
    Unsupported,
)
from greenroom_adapters.telegram.errors import Conflict, UnknownPlace, refusal, wait
from greenroom_adapters.telegram.pacing import BURST, Allowance
from greenroom_adapters.telegram.pacing import GROUP as PER_GROUP
from greenroom_adapters.testing import Intent, take
from greenroom_adapters.text import undefused
from greenroom_adapters.transport import Answer, Effect

pytestmark = pytest.mark.timeout(60)


def answer(status: int, description: str | None, **parameters: object) -> Answer:
    """Return an answer as Telegram gives it; without a description, one of whatever stands before it."""
    body = {"ok": False, "error_code": status, "description": description, "parameters": parameters}
    content = b"<html>no</html>" if description is None else json.dumps(body).encode()
    return Answer(status=status, headers={}, body=content, effect=Effect.ONCE)


@pytest.mark.parametrize(
    ("status", "description", "kind"),
    [
        (400, "Bad Request: message to be replied not found", TargetGone),
        (400, "Bad Request: message thread not found", TargetGone),
        (400, "Bad Request: chat not found", Forbidden),
        (400, "Bad Request: not enough rights to send text messages to the chat", Forbidden),
        (400, "Bad Request: CHAT_WRITE_FORBIDDEN", Forbidden),
        (400, "Bad Request: TOPIC_CLOSED", Forbidden),
        (400, "Bad Request: message is too long", TooLong),
        (400, "Bad Request: message caption is too long", TooLong),
        (400, "Bad Request: PHOTO_INVALID_DIMENSIONS", MediaRefused),
        (400, "Bad Request: something new", PostRejected),
        (401, "Unauthorized", AuthenticationFailed),
        (403, "Forbidden: bot was blocked by the user", Forbidden),
        (403, "Forbidden: bot was kicked from the supergroup chat", Forbidden),
        (404, "Not Found", UnknownPlace),
        (404, "Not Found: method not found", PostRejected),
        (409, "Conflict: terminated by other getUpdates request", Conflict),
        (413, "Request Entity Too Large", MediaRefused),
        (413, None, MediaRefused),
        (403, None, Unavailable),
        (404, None, Unavailable),
    ],
)
def test_a_refusal_is_what_telegram_means_by_it(status: int, description: str | None, kind: type[AdapterError]) -> None:
    said = refusal(answer(status, description))
    assert said is not None
    assert said[0] is kind


def test_a_wait_stands_in_the_body_and_never_lasts_for_ever() -> None:
    assert wait(answer(429, "Too Many Requests: retry after 12", retry_after=12)) == timedelta(seconds=12)
    assert wait(answer(429, "Too Many Requests", retry_after=10**9)) == timedelta(days=1)
    assert wait(answer(429, "Too Many Requests")) is None
    assert wait(answer(429, None)) is None


@pytest.mark.asyncio
async def test_a_text_goes_out_as_it_is_without_a_mark_up(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    text = "*not bold* _nor this_ <b>nor that</b> https://example.org"
    async with world.adapter(previews=False) as adapter:
        await adapter.publish(Intent(adapter, Post(text=text)).next_try())
    (asked,) = [parameters for method, parameters in world.fake.asked if method == "sendMessage"]
    assert asked == {"chat_id": "@rocks", "text": text, "link_preview_options": {"is_disabled": True}}


def named(said: dict[str, Any]) -> list[str]:
    """Return whom a message names, as Telegram reads it."""
    units = said["text"].encode("utf-16-le")
    spans = [(one["offset"], one["offset"] + one["length"]) for one in said["entities"] if one["type"] == "mention"]
    return [units[2 * first : 2 * end].decode("utf-16-le") for first, end in spans]


@pytest.mark.asyncio
async def test_an_answer_names_whom_it_answers_and_nobody_else(telegram_world: TelegramWorld) -> None:
    """Whoever asks must not make the bot write to others."""
    world = telegram_world
    words = "\N{SPARKLES} Well @Alice, ask @carol_k or see/@carol_k: https://example.org/@carol_k, carol@example.org"
    asked = world.say("@light_bot whom should I ask?")
    async with world.adapter() as adapter:
        await take(adapter, 1, after={})
        answer = await adapter.publish(Intent(adapter, Post(text=words, in_reply_to=asked), key="k1").next_try())
        below = world.say("and who is she?", answers=int(answer.ref.id.partition("/")[2]))
        await take(adapter, 2, after={})
        assert [post.text for post in await adapter.thread(below)][1:] == [words]
        full = Post(text="@carol_k " + "a" * 4087, in_reply_to=asked)
        await adapter.publish(Intent(adapter, full, key="k2").next_try())
        await adapter.publish(Intent(adapter, Post(text="by @carol_k"), key="k3").next_try())
    async with world.adapter() as forgetful:
        await forgetful.publish(Intent(forgetful, Post(text="@alice", in_reply_to=asked), key="k4").next_try())
    said = [world.group.messages[number] for number in world.group.sent]
    assert [named(one) for one in said] == [["@Alice"], [], ["@carol_k"], []]
    assert undefused(said[0]["text"]) == words
    assert len(said[1]["text"]) <= 4096


@pytest.mark.asyncio
async def test_home_is_a_name_an_id_a_topic_or_a_channel(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    topic = world.do(lambda state: state.open_topic(world.group, world.alice, "Log"))
    channel = world.do(lambda state: state.group("News", world.alice, type="channel"))
    world.do(lambda state: state.make(channel, world.bot.id, "administrator", by=world.alice, can_post_messages=True))
    for home in ("@rocks", str(world.group.id), f"{world.group.id}:{topic}", str(channel.id)):
        async with world.adapter(home=home) as adapter:
            receipt = await adapter.publish(Intent(adapter, Post(text=home)).next_try())
            assert receipt.ref.url is not None
    said = {
        said["text"]: (said["chat"]["id"], said.get("message_thread_id"))
        for chat in (world.group, channel)
        for said in chat.messages.values()
        if "text" in said
    }
    assert said == {
        "@rocks": (world.group.id, None),
        str(world.group.id): (world.group.id, None),
        f"{world.group.id}:{topic}": (world.group.id, topic),
        str(channel.id): (channel.id, None),
    }


@pytest.mark.asyncio
async def test_a_post_without_a_place_is_refused_with_what_to_write(telegram_world: TelegramWorld) -> None:
    async with telegram_world.adapter(home="") as adapter:
        with pytest.raises(Unsupported, match="home: '@channel'"):
            adapter.prepare(Post(text="hi"), key="k")
        with pytest.raises(Unsupported, match="names no chat"):
            adapter.prepare(Post(text="hi", room="#log"), key="k")
        with pytest.raises(Unsupported, match="people have numbers"):
            adapter.prepare(Post(text="hi", direct_to="alice"), key="k")
        with pytest.raises(Unsupported, match="no message on Telegram"):
            adapter.prepare(Post(text="hi", in_reply_to=PostRef(id="7")), key="k")


@pytest.mark.asyncio
async def test_who_has_blocked_the_bot_and_who_never_wrote_to_it_get_nothing(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    bea = world.do(lambda state: state.person("bea"))
    world.whisper("hello")
    async with world.adapter() as adapter:
        assert await adapter.may_message(str(world.alice))
        assert not await adapter.may_message(str(bea))
        world.do(lambda state: state.blocked.add((world.alice, world.bot.id)))
        for person, why in ((world.alice, "blocked by the user"), (bea, "chat not found")):
            intent = Intent(adapter, Post(text="psst", direct_to=str(person)), key=str(person))
            with pytest.raises(Forbidden, match=why):
                await adapter.publish(intent.next_try())
    assert await world.published() == []


@pytest.mark.asyncio
async def test_a_group_that_has_become_a_supergroup_is_followed_once_and_for_all_tries(
    telegram_world: TelegramWorld,
) -> None:
    world = telegram_world
    group = world.do(lambda state: state.group("Old", world.alice, world.bot.id, type=GROUP))
    asked = world.say("@light_bot still here?", chat=group)
    moved = world.do(lambda state: state.upgrade(group))
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="still here", in_reply_to=asked, room=str(group.id)))
        await world.lose_next_answer()  # the first request is refused, and whether it was is not heard
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        receipt = await adapter.publish(intent.next_try())
        assert intent.state is not None, "where it goes is on disk before it goes there"
        again = Intent(adapter, Post(text="and from now on", room=str(group.id)), key="k2")
        await adapter.publish(again.next_try())
        assert again.state is None, "it is known by now"
    assert receipt.ref.id.startswith(f"{moved.id}/")
    assert [said["text"] for said in moved.messages.values()] == ["still here", "and from now on"]


@pytest.mark.asyncio
async def test_a_chat_that_has_had_enough_waits_alone(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    world.whisper("hello")
    async with world.adapter() as adapter:
        for number in range(BURST):
            await adapter.publish(Intent(adapter, Post(text=f"{number}"), key=f"k{number}").next_try())
        before = len(world.fake.asked)
        with pytest.raises(Unavailable, match="another in 5 s") as caught:
            await adapter.publish(Intent(adapter, Post(text="more"), key="more").next_try())
        assert not isinstance(caught.value, RateLimited), "the account goes on elsewhere"
        assert len(world.fake.asked) == before, "Telegram was not asked"
        await adapter.publish(Intent(adapter, Post(text="psst", direct_to=str(world.alice)), key="dm").next_try())


def test_the_limits_of_a_chat_a_group_and_the_account_hold_at_their_edges() -> None:
    now = 1000.0
    allowance = Allowance(lambda: now)
    for _ in range(BURST):
        assert allowance.wait_for("7", is_group=False) == 0
        allowance.took("7")
    assert allowance.wait_for("7", is_group=False) == 5.0
    assert allowance.wait_for("8", is_group=False) == 0
    for step in range(PER_GROUP):
        now = 2000.0 + step
        assert allowance.wait_for("-9", is_group=True) == 0
        allowance.took("-9")
    now = 2030.0
    assert allowance.wait_for("-9", is_group=True) == 30.0
    assert allowance.wait_for("-9", is_group=False) == 0
    now = 2060.0
    assert allowance.wait_for("-9", is_group=True) == 0
    for person in range(30):
        assert allowance.wait_overall() == 0
        allowance.took(f"p{person}")
    assert allowance.wait_overall() == 1.0
    now = 2061.0
    assert allowance.wait_overall() == 0


@pytest.mark.asyncio
async def test_a_post_in_doubt_is_never_said_to_be_there_or_not(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    async with world.adapter() as adapter:
        world.order("answer", path=SENDING, status=500, body=b"{}")
        intent = Intent(adapter, Post(text="did it?"))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        verdict = await adapter.find(intent.grow_old(timedelta(days=1)))
    assert isinstance(verdict, Undecided)
    assert verdict.final


@pytest.mark.asyncio
async def test_reacting_with_what_a_chat_does_not_have_is_unsupported(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    said = world.say("look")
    async with world.adapter() as adapter:
        await adapter.react(said, "🔥")
        with pytest.raises(Unsupported, match="REACTION_INVALID"):
            await adapter.react(said, "🚢")
        world.do(lambda state: setattr(world.group, "only", frozenset("👍")))
        with pytest.raises(Unsupported):
            await adapter.react(said, "🔥")


@pytest.mark.asyncio
async def test_what_is_not_its_own_is_not_deleted_and_not_edited(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    said = world.say("mine")
    async with world.adapter() as adapter:
        with pytest.raises(Forbidden):
            await adapter.delete(said)
        with pytest.raises(Forbidden):
            await adapter.edit(said, "yours")
        with pytest.raises(TooLong):
            await adapter.edit(said, "a" * 4097)
        with pytest.raises(TargetGone):
            await adapter.delete(PostRef(id="elsewhere"))
