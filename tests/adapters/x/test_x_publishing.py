"""What goes out on X, and how it is found again."""

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from x_text import mentioned, weighted_length
from x_world import XWorld

from greenroom_adapters.contract import (
    Absent,
    AuthenticationFailed,
    CountingRule,
    Duplicate,
    Forbidden,
    Found,
    Media,
    MediaRefused,
    MentionReceived,
    OutcomeUnknown,
    OwnPostSeen,
    Poll,
    Post,
    PostRef,
    PostRejected,
    RateLimited,
    TooLong,
    Unavailable,
    Unsupported,
)
from greenroom_adapters.testing import Intent, Order, take
from greenroom_adapters.text import count, fits
from greenroom_adapters.x.media import PIECE

WorldOf = Callable[..., XWorld]
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000b4944415478da6360000200000500017a5eab3f"
    "0000000049454e44ae426082"
)


def picture(folder: Path, *, name: str = "a.png", content: bytes = PIXEL, **more: Any) -> Media:
    (folder / name).write_bytes(content)
    return Media(path=str(folder / name), **{"media_type": "image/png", "alt": "a pixel", **more})


# Answers only where X allows them -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["tweet", "post"])
@pytest.mark.asyncio
async def test_an_answer_without_a_summons_is_refused_before_it_goes_out(x_world: WorldOf, dialect: str) -> None:
    world = x_world(dialect=dialect, access="self_serve")
    ours = PostRef(id=str(world.state.post(world.bot, "lamp lit")))
    stranger = await world.post_of_somebody("who keeps the light?")
    async with world.adapter() as adapter:
        for number in range(2):
            with pytest.raises(Forbidden, match="mention the bot or quote it"):
                await adapter.publish(
                    Intent(adapter, Post(text="I do", in_reply_to=stranger), key=f"k{number}").next_try()
                )
        named = PostRef(id=str(world.state.post(world.alice, "and @lightbot?")))
        quoting = PostRef(id=str(world.state.post(world.alice, "look", quoted=int(ours.id))))
        answering = PostRef(id=str(world.state.post(world.alice, "well done", replied=int(ours.id))))
        for number, target in enumerate((named, quoting, answering, ours)):
            intent = Intent(adapter, Post(text="Thank you.", in_reply_to=target), key=f"t{number}")
            await adapter.publish(intent.next_try())
    asked = [one.path for one in world.proxy.requests() if one.path.startswith("/2/tweets?")]
    assert len(asked) == 5, "each is asked about once"
    sent = [one for one in world.proxy.requests() if one.method == "POST"]
    assert len(sent) == 4, "what X would refuse is not sent"


@pytest.mark.asyncio
async def test_what_was_heard_as_a_mention_is_answered_without_a_look(x_world: WorldOf) -> None:
    world = x_world(access="self_serve")
    async with world.adapter() as adapter:
        after = await adapter.now()
        await world.mention_bot("hello")
        (event,) = await take(adapter, 1, after=after)
        target = PostRef(id=event.id)
        first = await adapter.publish(Intent(adapter, Post(text="one", in_reply_to=target), key="a").next_try())
        await adapter.publish(Intent(adapter, Post(text="two", in_reply_to=first.ref), key="b").next_try())
    assert not any(one.path.startswith("/2/tweets?") for one in world.proxy.requests())


@pytest.mark.asyncio
async def test_quotes_are_for_those_who_may_quote(x_world: WorldOf) -> None:
    world = x_world(access="self_serve")
    quoted = await world.post_of_somebody("worth repeating")
    async with world.adapter() as adapter:
        assert not adapter.capabilities.quotes
        with pytest.raises(Unsupported):
            adapter.prepare(Post(text="so true", quote=quoted), key="k")


@pytest.mark.asyncio
async def test_nobody_is_written_to_who_did_not_write_first(x_world: WorldOf) -> None:
    world = x_world()
    async with world.adapter() as adapter:
        assert not await adapter.may_message(str(world.alice))
        intent = Intent(adapter, Post(text="buy this", direct_to=str(world.alice)))
        with pytest.raises(Forbidden):
            await adapter.publish(intent.next_try())
        await world.message_bot("hello")
        assert await adapter.may_message(str(world.alice))
        receipt = await adapter.publish(intent.next_try())
        assert isinstance(await adapter.find(intent.last_try()), Found)
        await adapter.delete(receipt.ref)
        await adapter.delete(receipt.ref)


# Files ----------------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_file_goes_up_in_pieces_and_goes_on_where_it_stopped(x_world: WorldOf, tmp_path: Path) -> None:
    world = x_world()
    clip = b"\0\0\0\x18ftypmp42" + bytes(2 * PIECE + 100)
    media = picture(tmp_path, name="a.mp4", content=clip, media_type="video/mp4", alt="waves")
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="look", media=(media,)))
        world.order("lose", path="/append")
        with pytest.raises(Unavailable):
            await adapter.publish(intent.next_try())
        assert intent.state is not None
        await adapter.publish(intent.next_try())
        assert isinstance(await adapter.find(intent.last_try()), Found)
    pieces = world.state.all("SELECT number, length(content) AS size FROM segments ORDER BY number")
    assert [(row["number"], row["size"]) for row in pieces] == [(0, PIECE), (1, PIECE), (2, len(clip) - 2 * PIECE)]
    assert len([one for one in world.proxy.requests() if one.path.endswith("/initialize")]) == 1
    assert (await world.published())[0].alts == ("waves",)


@pytest.mark.asyncio
async def test_four_pictures_each_with_its_description_and_no_gif_among_them(x_world: WorldOf, tmp_path: Path) -> None:
    world = x_world()
    media = tuple(picture(tmp_path, name=f"{n}.png", alt=f"number {n}") for n in range(4))
    gif = replace(media[0], media_type="image/gif")
    async with world.adapter() as adapter:
        await adapter.publish(Intent(adapter, Post(text="four", media=media)).next_try())
        with pytest.raises(MediaRefused, match="stands alone"):
            adapter.prepare(Post(text="two", media=(gif, media[1])), key="k")
    assert (await world.published())[0].alts == ("number 0", "number 1", "number 2", "number 3")


@pytest.mark.parametrize(
    ("dialect", "generated", "marked"), [("post", True, 1), ("post", False, None), ("tweet", True, None)]
)
@pytest.mark.asyncio
async def test_what_a_machine_made_is_marked_where_the_vocabulary_has_a_mark(
    x_world: WorldOf, tmp_path: Path, dialect: str, generated: bool, marked: int | None
) -> None:
    world = x_world(dialect=dialect)
    media = picture(tmp_path, is_generated=generated)
    async with world.adapter() as adapter:
        await adapter.publish(Intent(adapter, Post(text="look", media=(media,))).next_try())
    assert world.state.all("SELECT made_with_ai FROM posts")[0]["made_with_ai"] == marked


@pytest.mark.asyncio
async def test_a_private_picture_is_one_and_of_its_own_category(x_world: WorldOf, tmp_path: Path) -> None:
    world = x_world()
    person = await world.message_bot("show me")
    media = picture(tmp_path)
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="here", direct_to=person, media=(media,)))
        await adapter.publish(intent.next_try())
        assert isinstance(await adapter.find(intent.last_try()), Found)
        with pytest.raises(MediaRefused):
            adapter.prepare(Post(text="here", direct_to=person, media=(media, media)), key="k")
    assert world.state.all("SELECT category FROM files")[0]["category"] == "dm_image"


@pytest.mark.asyncio
async def test_a_poll_stands_alone_and_has_one_vote(x_world: WorldOf, tmp_path: Path) -> None:
    world = x_world()
    poll = Poll(options=("calm", "rough"), open_for=timedelta(minutes=5))
    async with world.adapter() as adapter:
        await adapter.publish(Intent(adapter, Post(text="The sea?", poll=poll)).next_try())
        for wrong in (
            Post(text="q", poll=replace(poll, several=True)),
            Post(text="q", poll=replace(poll, open_for=timedelta(minutes=4))),
            Post(text="q", poll=poll, media=(picture(tmp_path),)),
            Post(text="q", poll=poll, quote=PostRef(id="1")),
        ):
            with pytest.raises(PostRejected):
                adapter.prepare(wrong, key="k")
    assert json.loads(world.state.all("SELECT poll FROM posts")[0]["poll"])["duration_minutes"] == 5


# Length ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "\u00e9",
        "e\u0301",
        "\u65e5",
        "\U0001f44b",
        "\U0001f469\u200d\U0001f467",
        "\U0001f1f5\U0001f1f9",
        "https://example.org/abc/def ",
    ],
)
@pytest.mark.asyncio
async def test_x_and_we_agree_at_the_limit_below_and_above(x_world: WorldOf, unit: str) -> None:
    world = x_world(limits={})
    text = unit
    async with world.adapter() as adapter:
        limits = adapter.capabilities.limits.text
        assert limits[0].rule is CountingRule.X_WEIGHTED
        while fits(text + unit, limits):
            text += unit
        text += "b" * (limits[0].length - count(text, limits[0].rule))
        assert count(text, limits[0].rule) == weighted_length(text) == 280
        for number, fitting in enumerate((text[:-1] + " .", text[:-1], text)):
            if fits(fitting, limits):
                await adapter.publish(Intent(adapter, Post(text=fitting), key=f"k{number}").next_try())
        with pytest.raises(TooLong):
            adapter.prepare(Post(text=text + "b"), key="over")
        past = replace(Intent(adapter, Post(text="short"), key="past").next_try(), post=Post(text=text + "b"))
        with pytest.raises(TooLong):
            await adapter.publish(past)


# What went wrong ------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_the_same_words_again_are_perhaps_ours_and_looked_up(x_world: WorldOf) -> None:
    world = x_world()
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="good morning https://example.org/a"))
        await world.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        with pytest.raises(Duplicate):
            await adapter.publish(intent.next_try())
        found = await adapter.find(intent.last_try())
    assert isinstance(found, Found)
    assert found.receipt.ref.id == (await world.published())[0].id


@pytest.mark.asyncio
@pytest.mark.parametrize("text", ["I & <we>, see example.org", "@alice good evening", "@bob @alice good evening"])
async def test_an_answer_is_found_whatever_names_x_puts_or_hides_before_it(x_world: WorldOf, text: str) -> None:
    world = x_world()
    target = await world.post_of_somebody("who?")
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text=text, in_reply_to=target))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
    async with world.adapter() as adapter:
        assert isinstance(await adapter.find(intent.last_try()), Found)


@pytest.mark.asyncio
async def test_two_that_look_alike_are_told_apart_by_who_has_a_receipt(x_world: WorldOf) -> None:
    world = x_world(refuses_duplicates=False)
    async with world.adapter() as adapter:
        first = Intent(adapter, Post(text="tick"), key="first")
        receipt = await adapter.publish(first.next_try())
        second = Intent(adapter, Post(text="tick"), key="second")
        old = second.grow_old(timedelta(minutes=1))
        assert isinstance(await adapter.find(old), Absent), "the other one has its receipt"
        assert isinstance(again := await adapter.find(first.last_try()), Found)
        assert again.receipt.ref == receipt.ref


@pytest.mark.asyncio
async def test_limits_are_told_with_each_receipt_and_true_in_a_refusal(x_world: WorldOf) -> None:
    world = x_world(limits={"POST /2/tweets": 2})
    async with world.adapter() as adapter:
        for number, left in enumerate((1, 0)):
            receipt = await adapter.publish(Intent(adapter, Post(text=f"{number}"), key=f"{number}").next_try())
            assert receipt.quota is not None
            assert (receipt.quota.limit, receipt.quota.remaining) == (2, left)
            assert timedelta(minutes=14) < receipt.quota.resets_at - datetime.now(UTC) < timedelta(minutes=16)
        with pytest.raises(RateLimited) as refused:
            await adapter.publish(Intent(adapter, Post(text="one too many")).next_try())
    assert timedelta(minutes=14) < refused.value.retry_after < timedelta(minutes=16)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Well, @Alice, ask @bob, @lightbot or bob@example.org: https://example.org/@bob", ["Alice"]),
        ("@bob " + "a" * 275, []),  # no room for anything that is not seen
        ("@alice @bob @bob", ["alice"]),
        ("see/@bob =@bob \uff20bob \u3042@bob @alice\u3042@bob, or example.org/@bob", ["alice"]),
        ("RT@bob and RT@bob, but art@bob", []),
    ],
)
@pytest.mark.asyncio
async def test_an_answer_names_whom_it_answers_and_nobody_else(x_world: WorldOf, text: str, named: list[str]) -> None:
    """Whoever asks must not make the account write to others."""
    world = x_world()
    world.state.person("bob", name="Bob", bio="Sleeps.")
    async with world.adapter() as adapter:
        after = await adapter.now()
        await world.mention_bot("whom should I ask?")
        (event,) = await take(adapter, 1, after=after)
        assert isinstance(event, MentionReceived)
        intent = Intent(adapter, Post(text=text, in_reply_to=event.post))
        world.order("lose")
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        found = await adapter.find(intent.last_try())
        assert isinstance(found, Found)
        part = Intent(adapter, Post(text=f"2. {text[3:]}", in_reply_to=found.receipt.ref), key="k2")
        await adapter.publish(part.next_try())
        plain = Intent(adapter, Post(text=text), key="k3")
        await adapter.publish(plain.next_try())
    answer, second, post = await world.published()
    assert mentioned(answer.text) == named
    assert mentioned(second.text) == []
    assert post.text == text, "nobody but its owner had a say in it"
    assert all(weighted_length(one.text) <= 280 for one in (answer, second))


@pytest.mark.asyncio
async def test_the_words_of_an_answer_are_told_as_they_were_meant(x_world: WorldOf) -> None:
    world = x_world()
    asked = PostRef(id=str(world.state.post(world.alice, "@lightbot and bob?")))
    async with world.adapter() as adapter:
        after = await adapter.now()
        receipt = await adapter.publish(Intent(adapter, Post(text="@bob sleeps", in_reply_to=asked)).next_try())
        async with asyncio.timeout(10), aclosing(adapter.events(after=after)) as events:
            own = await anext(events)
        below = PostRef(id=str(world.state.post(world.alice, "@lightbot good", replied=int(receipt.ref.id))))
        told = await adapter.thread(below)
    assert [post.text for post in told][1:] == ["@bob sleeps"]
    assert isinstance(own, OwnPostSeen)
    assert (own.post.id, own.text) == (receipt.ref.id, "@bob sleeps")


@pytest.mark.asyncio
async def test_a_used_up_month_is_waited_for_and_pauses_nobody(x_world: WorldOf) -> None:
    world = x_world()
    async with world.adapter() as adapter:
        world.server.capped = True
        with pytest.raises(RateLimited) as refused:
            await adapter.publish(Intent(adapter, Post(text="hello")).next_try())
        assert refused.value.retry_after == timedelta(hours=1)
        world.server.capped = False
        await adapter.publish(Intent(adapter, Post(text="hello")).next_try())


@pytest.mark.asyncio
async def test_used_up_credit_is_waited_for_and_costs_no_post(x_world: WorldOf, tmp_path: Path) -> None:
    """Whoever has to pay first has nothing thrown away meanwhile."""
    world = x_world()
    async with world.adapter() as adapter:
        illustrated = Intent(adapter, Post(text="look", media=(picture(tmp_path),)), key="k2")
        intent = Intent(adapter, Post(text="hello"))
        world.server.has_credit = False
        for one in (intent, illustrated):
            with pytest.raises(RateLimited, match="CreditsDepleted") as refused:
                await adapter.publish(one.next_try())
            assert refused.value.retry_after == timedelta(hours=1)
        with pytest.raises(RateLimited):
            await adapter.person("@alice")
        world.server.has_credit = True
        for one in (intent, illustrated):
            await adapter.publish(one.next_try())
    assert [post.text for post in await world.published()] == ["hello", "look"]


@pytest.mark.asyncio
async def test_a_proxys_page_of_html_leaves_the_outcome_unknown(x_world: WorldOf) -> None:
    world = x_world()
    async with world.adapter() as adapter:
        world.order("answer", status=502, body=b"<html>Bad Gateway</html>")
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(Intent(adapter, Post(text="hello")).next_try())


@pytest.mark.asyncio
async def test_where_a_post_cannot_go_is_said_before_anything_goes_out(x_world: WorldOf) -> None:
    world = x_world()
    async with world.adapter() as adapter:
        for wrong in (
            Post(text="hi", room="a room"),
            Post(text="hi", direct_to="@alice"),
            Post(text="hi", in_reply_to=PostRef(id="https://x.com/1")),
            Post(text="hi", in_reply_to=PostRef(id="dm/12")),
            Post(text="hi", quote=PostRef(id="abc")),
        ):
            with pytest.raises(Unsupported):
                adapter.prepare(wrong, key="k")


@pytest.mark.asyncio
async def test_one_refusal_of_the_keys_is_asked_again_with_a_new_signature_but_no_post_is(x_world: WorldOf) -> None:
    world = x_world()
    async with world.adapter() as adapter:
        world.proxy.order(Order(kind="answer", method="GET", path="/2/users/me", status=401, count=1))
        await adapter.check()
        looks = [request for request in world.proxy.requests() if request.path.startswith("/2/users/me")][-2:]
        assert looks[0].headers["Authorization"] != looks[1].headers["Authorization"]
        world.proxy.order(Order(kind="answer", method="POST", path="/2/tweets", status=401, count=1))
        with pytest.raises(AuthenticationFailed):
            await adapter.publish(Intent(adapter, Post(text="hi")).next_try())
    assert await world.published() == []


@pytest.mark.asyncio
async def test_a_post_is_found_also_by_a_clock_that_is_wrong(x_world: WorldOf, fast_clock: timedelta) -> None:
    world = x_world()
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="did it?"))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        assert isinstance(await adapter.find(intent.grow_old(-fast_clock)), Found)


@pytest.mark.asyncio
async def test_an_answer_that_a_version_sent_which_left_names_in_it_is_found(x_world: WorldOf) -> None:
    world = x_world()
    text = "@bob " + "a" * 275  # no room for anything that is not seen
    target = await world.post_of_somebody("who?")
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text=text, in_reply_to=target))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        world.state.all("UPDATE posts SET text = ? WHERE text = ?", text, text.replace("@", ""))
        assert isinstance(await adapter.find(intent.last_try()), Found)
