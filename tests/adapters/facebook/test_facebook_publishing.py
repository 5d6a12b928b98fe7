"""What a page says: posts with pictures and links, comments, messages; and what Facebook answers to it."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from facebook_world import FacebookWorld
from graph_fields import GraphError
from PIL import Image

from greenroom_adapters.contract import (
    Absent,
    AuthenticationFailed,
    Forbidden,
    Found,
    Media,
    MediaRefused,
    OutcomeUnknown,
    Post,
    PostRef,
    PostRejected,
    RateLimited,
    Surface,
    TooLong,
    Unavailable,
    Undecided,
    Unsupported,
)
from greenroom_adapters.testing.conformance.tools import Intent

WorldOf = Callable[..., FacebookWorld]


def picture(folder: Path, name: str) -> Media:
    path = folder / f"{name}.png"
    Image.new("RGB", (8, 8), "navy").save(path)
    return Media(path=str(path), media_type="image/png", alt=f"the {name}")


@pytest.mark.asyncio
async def test_pictures_are_brought_unpublished_and_a_try_goes_on_with_those_that_are_there(
    facebook_world: WorldOf, tmp_path: Path
) -> None:
    world = facebook_world()
    post = Post(text="two lamps", media=(picture(tmp_path, "old lamp"), picture(tmp_path, "new lamp")))
    async with world.adapter() as adapter:
        intent = Intent(adapter, post)
        world.server.refuse(GraphError(4, "(#4) Application request limit reached"), path="/feed")
        with pytest.raises(RateLimited):
            await adapter.publish(intent.next_try())
        assert await world.published() == []
        await adapter.publish(intent.next_try())
    (told,) = await world.published()
    assert told.alts == ("the old lamp", "the new lamp")
    assert [path for _, path in world.server.calls].count(f"/{world.bot}/photos") == 2


@pytest.mark.asyncio
async def test_a_post_with_pictures_is_known_by_these_whatever_its_words(
    facebook_world: WorldOf, tmp_path: Path
) -> None:
    world = facebook_world()
    async with world.adapter() as adapter:
        world.state.post(world.bot, "lamps", files=["4711"], alts=["another's"])
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="lamps", media=(picture(tmp_path, "lamp"),)))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        found = await adapter.find(intent.last_try())
    assert isinstance(found, Found)
    row = world.state.one("SELECT id FROM posts WHERE alts = ?", json.dumps(["the lamp"]))
    assert row is not None
    assert found.receipt.ref.id == row["id"]


@pytest.mark.asyncio
async def test_the_first_link_of_a_post_is_shown_below_it(facebook_world: WorldOf) -> None:
    world = facebook_world()
    async with world.adapter() as adapter:
        await adapter.publish(Intent(adapter, Post(text="See https://example.org/log and more")).next_try())
    (row,) = world.state.all("SELECT link FROM posts")
    assert row["link"] == "https://example.org/log"


@pytest.mark.asyncio
async def test_a_link_without_a_scheme_gets_one_whatever_it_asks_for(facebook_world: WorldOf) -> None:
    world = facebook_world()
    words = "See example.org/go?to=https://example.com/log"
    async with world.adapter() as adapter:
        await adapter.publish(Intent(adapter, Post(text=words)).next_try())
    (row,) = world.state.all("SELECT link FROM posts")
    assert row["link"] == "https://example.org/go?to=https://example.com/log"


@pytest.mark.asyncio
async def test_an_answer_to_an_answer_is_found_beside_it(facebook_world: WorldOf) -> None:
    world = facebook_world()
    post = world.state.post(world.bot, "lamp lit")
    top = world.state.comment(world.alice, post, "how bright?")
    below = world.state.comment(world.alice, post, "and for whom?", parent=top)
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="for ships", in_reply_to=PostRef(id=f"{post}/{below}")))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        assert isinstance(await adapter.find(intent.last_try()), Found)
        above = await adapter.thread(PostRef(id=f"{post}/{below}"))
    assert [one.text for one in above] == ["lamp lit", "how bright?"]


@pytest.mark.parametrize(
    ("code", "subcode", "meaning"),
    [
        (190, 463, AuthenticationFailed),
        (368, 0, AuthenticationFailed),
        (32, 0, RateLimited),
        (613, 0, RateLimited),
        (200, 0, Forbidden),
        (2, 0, OutcomeUnknown),
    ],
)
@pytest.mark.asyncio
async def test_what_facebook_refuses_with_a_code_says_what_to_do(
    facebook_world: WorldOf, code: int, subcode: int, meaning: type[Exception]
) -> None:
    world = facebook_world()
    usage = {"X-Business-Use-Case-Usage": json.dumps({"1": [{"estimated_time_to_regain_access": 7}]})}
    async with world.adapter() as adapter:
        world.server.refuse(GraphError(code, "no", subcode=subcode), path="/feed", headers=usage)
        with pytest.raises(meaning) as caught:
            await adapter.publish(Intent(adapter, Post(text="hello")).next_try())
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after == timedelta(minutes=7)
    assert await world.published() == []


@pytest.mark.asyncio
async def test_a_receipt_tells_how_much_of_the_limit_is_left(facebook_world: WorldOf) -> None:
    world = facebook_world()
    world.server.usage = 93
    async with world.adapter() as adapter:
        receipt = await adapter.publish(Intent(adapter, Post(text="hello")).next_try())
    assert receipt.quota is not None
    assert receipt.quota.remaining == 7


@pytest.mark.asyncio
async def test_nobody_is_written_to_a_day_after_his_last_message(facebook_world: WorldOf) -> None:
    world = facebook_world()
    async with world.adapter() as adapter:
        assert not await adapter.may_message(world.alice)
        late = world.state.message(world.bot, world.alice, world.alice, "hello?")
        world.state.all("UPDATE messages SET created = created - 86500 WHERE id = ?", late)
        assert not await adapter.may_message(world.alice)
        with pytest.raises(Forbidden, match="24 hours"):
            await adapter.publish(Intent(adapter, Post(text="hello", direct_to=world.alice)).next_try())
        world.state.message(world.bot, world.alice, world.alice, "still there?")
        assert await adapter.may_message(world.alice)


@pytest.mark.asyncio
async def test_what_a_page_cannot_send_is_refused_before_any_try(facebook_world: WorldOf, tmp_path: Path) -> None:
    world = facebook_world()
    one, two = picture(tmp_path, "one"), picture(tmp_path, "two")
    async with world.adapter(direct_messages=False) as adapter:
        with pytest.raises(Unsupported, match="direct_messages: false"):
            adapter.prepare(Post(text="hi", direct_to=world.alice), key="k")
        with pytest.raises(Unsupported):
            adapter.prepare(Post(text="hi", in_reply_to=PostRef(id="dm/m_1")), key="k")
        with pytest.raises(TooLong):
            adapter.prepare(Post(text="a" * 8001, in_reply_to=PostRef(id="1_2")), key="k")
        assert [one.length for one in adapter.capabilities.limits.text_on(Surface.REPLY)] == [8000], "a model is told"
        with pytest.raises(MediaRefused):
            adapter.prepare(Post(text="hi", in_reply_to=PostRef(id="1_2"), media=(one, two)), key="k")
    async with world.adapter() as adapter:
        with pytest.raises(MediaRefused):
            adapter.prepare(Post(text="hi", direct_to=world.alice, media=(one,)), key="k")
    assert await world.published() == []


@pytest.mark.asyncio
async def test_what_was_never_sent_is_absent_when_it_has_settled_and_not_before(facebook_world: WorldOf) -> None:
    world = facebook_world()
    world.state.message(world.bot, world.alice, world.alice, "hello?")
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="hello", direct_to=world.alice))
        assert isinstance(await adapter.find(intent.last_try()), Undecided)
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=2))), Absent)


@pytest.mark.asyncio
async def test_an_upload_that_breaks_leaves_nothing_that_anybody_sees(facebook_world: WorldOf, tmp_path: Path) -> None:
    world = facebook_world()
    world.server.refuse(GraphError(2, "Service temporarily unavailable"), path="/photos")
    async with world.adapter() as adapter:
        with pytest.raises(Unavailable):
            await adapter.publish(Intent(adapter, Post(text="look", media=(picture(tmp_path, "lamp"),))).next_try())
    assert await world.published() == []


def test_settings_out_of_bounds_are_refused(facebook_world: Any) -> None:
    world = facebook_world()
    for changed in ({"look_every": 0}, {"posts_watched": 0}, {"posts_watched": 101}):
        with pytest.raises(Exception, match=next(iter(changed))):
            world.adapter(**changed)


@pytest.mark.asyncio
async def test_a_comment_below_which_facebook_shows_its_link_is_found(facebook_world: WorldOf) -> None:
    world = facebook_world()
    post = world.state.post(world.bot, "lamp lit")
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        words = "the log is at https://example.org/log"
        intent = Intent(adapter, Post(text=words, in_reply_to=PostRef(id=post)))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=2))), Found)


@pytest.mark.asyncio
async def test_a_message_is_found_however_much_was_said_since(facebook_world: WorldOf) -> None:
    world = facebook_world()
    world.state.message(world.bot, world.alice, world.alice, "hello?")
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="hello", direct_to=world.alice))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        for number in range(130):
            world.state.message(world.bot, world.alice, world.alice, f"are you there? {number}")
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=2))), Found)


@pytest.mark.parametrize(
    ("listed", "post"),
    [
        ("/published_posts", Post(text="lamp lit")),
        ("/comments", Post(text="lamp lit", in_reply_to=PostRef(id="1_2"))),
        ("/conversations", Post(text="lamp lit", direct_to="4711")),
    ],
)
@pytest.mark.asyncio
async def test_a_list_that_cannot_be_read_whole_proves_nothing(
    facebook_world: WorldOf, listed: str, post: Post
) -> None:
    world = facebook_world()
    rows = [{"id": "1_2", "created_time": "a moment ago", "updated_time": "a moment ago", "message": "lamp lit"}]
    async with world.adapter() as adapter:
        intent = Intent(adapter, post)
        world.order("answer", method="GET", path=listed, status=200, body=json.dumps({"data": rows}).encode())
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=2))), Undecided)


@pytest.mark.asyncio
async def test_a_message_is_not_absent_where_the_conversation_is_hidden(facebook_world: WorldOf) -> None:
    world = facebook_world()
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="hello", direct_to=world.alice))
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=2))), Undecided)


@pytest.mark.asyncio
async def test_what_facebook_says_it_has_not_done_is_not_done(facebook_world: WorldOf) -> None:
    world = facebook_world()
    post = world.state.post(world.bot, "lamp lit")
    async with world.adapter() as adapter:
        for method, path, act in (("DELETE", post, adapter.delete), ("POST", "/likes", adapter.react)):
            world.order("answer", method=method, path=path, status=200, body=b'{"success": false}')
            with pytest.raises(PostRejected):
                await act(PostRef(id=post))


@pytest.mark.asyncio
async def test_a_post_is_found_also_by_a_clock_that_is_wrong(facebook_world: WorldOf, fast_clock: timedelta) -> None:
    world = facebook_world()
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="did it?"))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        assert isinstance(await adapter.find(intent.grow_old(-fast_clock)), Found)
