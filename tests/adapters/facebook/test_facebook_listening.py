"""What a page hears from its lists, also after a long time away."""

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing

import pytest
from facebook_world import FacebookWorld
from graph_fields import GraphError

from greenroom_adapters.contract import TextEvent

WorldOf = Callable[..., FacebookWorld]


async def heard_after(world: FacebookWorld, count: int) -> list[TextEvent]:
    """Return the first so many things that people said since everything was empty."""
    heard: list[TextEvent] = []
    after = {"feed": "0;", "mentions": "0;", "messages": "0;"}
    async with world.adapter() as adapter, asyncio.timeout(20), aclosing(adapter.events(after=after)) as events:
        async for event in events:
            if isinstance(event, TextEvent):
                heard.append(event)
                if len(heard) == count:
                    break
    return heard


@pytest.mark.asyncio
async def test_whatever_was_said_in_a_long_time_away_is_heard(facebook_world: WorldOf) -> None:
    world = facebook_world()
    post = world.state.post(world.bot, "lamp lit")
    for number in range(1010):
        world.state.comment(world.alice, post, f"comment {number}")
    for number in range(260):
        world.state.post(world.alice, f"@lamp mention {number}", names=[world.bot])
    for number in range(130):
        world.state.message(world.bot, world.alice, world.alice, f"message {number}")
    for number in range(130):
        person = world.state.account("person", f"Person {number}")
        world.state.message(world.bot, person, person, "hello")
    heard = await heard_after(world, 1010 + 260 + 260)
    assert len({event.id for event in heard}) == 1010 + 260 + 260


@pytest.mark.asyncio
async def test_a_conversation_that_cannot_be_read_ends_nothing(facebook_world: WorldOf) -> None:
    world = facebook_world()
    world.state.message(world.bot, world.alice, world.alice, "hello?")
    rows = [{"id": "t_1", "updated_time": "a moment ago"}]
    world.order("answer", method="GET", path="/conversations", status=200, body=json.dumps({"data": rows}).encode())
    (heard,) = await heard_after(world, 1)
    assert heard.text == "hello?"


@pytest.mark.asyncio
async def test_what_the_first_link_of_a_comment_leads_to_is_no_picture_of_it(facebook_world: WorldOf) -> None:
    world = facebook_world()
    post = world.state.post(world.bot, "lamp lit")
    world.state.comment(world.alice, post, "see https://example.org/log")
    world.state.comment(world.alice, post, "see this", file="4711")
    linking, showing = await heard_after(world, 2)
    assert (len(linking.media), len(showing.media)) == (0, 1)


@pytest.mark.asyncio
async def test_one_post_or_one_conversation_that_cannot_be_read_further_back_silences_no_other(
    facebook_world: WorldOf,
) -> None:
    world = facebook_world()
    posts = [world.state.post(world.bot, text) for text in ("lamp lit", "lamp out")]
    for number in range(30):
        world.state.comment(world.alice, posts[0], f"comment {number}")
        world.state.message(world.bot, world.alice, world.alice, f"message {number}")
    world.state.comment(world.alice, posts[1], "good night")
    bea = world.state.account("person", "Bea")
    world.state.message(world.bot, bea, bea, "good morning")
    gone = GraphError(100, "Unsupported get request. Object does not exist", subcode=33)
    world.server.refuse(gone, method="GET", path=r"/comments$", count=100)
    world.server.refuse(gone, method="GET", path=r"/t_[0-9]+/messages$", count=100)
    said = {event.text for event in await heard_after(world, 25 + 1 + 20 + 1)}
    assert {"good night", "good morning", "comment 29", "message 29"} <= said


@pytest.mark.asyncio
async def test_long_comments_below_many_posts_make_nobody_deaf(
    facebook_world: WorldOf, caplog: pytest.LogCaptureFixture
) -> None:
    world = facebook_world()
    for number in range(10):
        post = world.state.post(world.bot, f"light {number}")
        for _ in range(24):
            world.state.comment(world.alice, post, "\N{SPARKLES}" * 8000)
        world.state.comment(world.alice, post, f"how bright is {number}?")
    heard = await heard_after(world, 6 * 25)
    assert [event.text for event in heard if len(event.text) < 100] == [f"how bright is {n}?" for n in range(4, 10)]
    assert "the newest 6 are looked at" in caplog.text


@pytest.mark.asyncio
async def test_long_posts_that_name_a_page_keep_it_from_hearing_no_other(facebook_world: WorldOf) -> None:
    world = facebook_world()
    for _ in range(30):
        world.state.post(world.alice, "\N{SPARKLES}" * 60_000, names=[world.bot])
    world.state.post(world.alice, "@lamp how bright?", names=[world.bot])
    heard = await heard_after(world, 31)
    assert heard[-1].text == "@lamp how bright?"
