"""What an account says: pictures, reels and carousels in two phases, answers and messages."""

import asyncio
import json
import re
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from graph_fields import GraphError
from instagram_world import InstagramWorld
from PIL import Image

from greenroom_adapters.contract import (
    Absent,
    AuthenticationFailed,
    Forbidden,
    Found,
    IdempotencyKind,
    Media,
    MediaRefused,
    OutcomeUnknown,
    OwnPostSeen,
    Post,
    PostRef,
    PostRejected,
    RateLimited,
    TooLong,
    Unavailable,
    Undecided,
    Unsupported,
)
from greenroom_adapters.instagram import InstagramAdapter
from greenroom_adapters.testing.conformance.tools import Intent, take

WorldOf = Callable[..., InstagramWorld]
DAY = 86_500
MP4 = b"\0\0\0\x18ftypisom\0\0\0\0isomavc1 a clip"


def picture(folder: Path, name: str, *, size: tuple[int, int] = (10, 10), **more: Any) -> Media:
    path = folder / f"{name}.jpg"
    Image.new("RGB", size, "navy").save(path)
    return Media(path=str(path), media_type="image/jpeg", alt=f"the {name}", **more)


def clip(folder: Path) -> Media:
    path = folder / "clip.mp4"
    path.write_bytes(MP4)
    return Media(path=str(path), media_type="video/mp4", alt="the lamp turns")


def containers(world: InstagramWorld) -> list[tuple[str, str]]:
    return [(row["kind"], row["status"]) for row in world.state.all("SELECT * FROM containers ORDER BY created, id")]


def posts(world: InstagramWorld) -> list[tuple[str, str]]:
    rows = world.state.all("SELECT * FROM posts WHERE author = ? AND id != ? ORDER BY n", world.bot, world.first)
    return [(row["kind"], row["text"]) for row in rows]


@pytest.mark.asyncio
async def test_several_files_are_a_carousel_and_a_video_alone_is_a_reel(
    instagram_world: WorldOf, tmp_path: Path
) -> None:
    world = instagram_world()
    files = (picture(tmp_path, "old lamp"), clip(tmp_path), picture(tmp_path, "new lamp"))
    async with world.adapter() as adapter:
        receipt = await adapter.publish(Intent(adapter, Post(text="lamps", media=files), key="k1").next_try())
        await adapter.publish(Intent(adapter, Post(text="it turns", media=(clip(tmp_path),)), key="k2").next_try())
    assert posts(world) == [("CAROUSEL_ALBUM", "lamps"), ("VIDEO", "it turns")]
    row = world.state.one("SELECT * FROM posts WHERE id = ?", receipt.ref.id)
    assert row is not None
    assert [json.loads(alt) for alt in json.loads(row["alts"])] == [["the old lamp"], [""], ["the new lamp"]]
    assert receipt.ref.url == f"https://www.instagram.com/p/{row['n']}/"


@pytest.mark.asyncio
async def test_files_are_given_out_while_a_post_needs_them_and_under_no_name_that_is_guessed(
    instagram_world: WorldOf, tmp_path: Path
) -> None:
    world = instagram_world()
    world.server.processing = 0.5
    async with world.adapter() as adapter, aiohttp.ClientSession() as stranger:
        seen: list[str] = []
        lent = adapter._lending
        assert lent is not None
        publishing = asyncio.create_task(
            adapter.publish(Intent(adapter, Post(text="lamp", media=(picture(tmp_path, "lamp"),)), key="k").next_try())
        )
        await world.until(lambda: containers(world))
        async with lent.lent("k", [picture(tmp_path, "lamp")]) as addresses:
            seen += addresses
        async with stranger.get(seen[0]) as answer:
            assert (answer.status, answer.content_type) == (200, "image/jpeg")
        async with stranger.get(f"{world.settings.media_url}/lamp.jpg") as answer:
            assert answer.status == 404
        await publishing
        assert re.fullmatch(re.escape(world.settings.media_url) + r"/[0-9a-f]{48}\.jpg", seen[0])
        with pytest.raises(aiohttp.ClientConnectorError):
            await stranger.get(seen[0])


@pytest.mark.asyncio
async def test_a_container_that_takes_long_is_gone_on_with_at_the_next_try(
    instagram_world: WorldOf, tmp_path: Path
) -> None:
    world = instagram_world()
    world.server.processing = 6.0
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="slow", media=(clip(tmp_path),)))
        with pytest.raises(Unavailable, match="gone on with"):
            await adapter.publish(intent.next_try())
        world.state.all("UPDATE containers SET ready_at = 0")
        await adapter.publish(intent.next_try())
    assert posts(world) == [("VIDEO", "slow")]
    assert containers(world) == [("REELS", "PUBLISHED")]


@pytest.mark.parametrize("change", ["status = 'EXPIRED'", "status = 'ERROR'", f"created = created - {DAY}"])
@pytest.mark.asyncio
async def test_a_container_that_is_of_no_more_use_is_made_anew(
    instagram_world: WorldOf, tmp_path: Path, change: str
) -> None:
    world = instagram_world()
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="again", media=(picture(tmp_path, "lamp"),)))
        world.server.refuse(GraphError(4, "(#4) Application request limit reached"), path="media_publish")
        with pytest.raises(RateLimited):
            await adapter.publish(intent.next_try())
        world.state.all(f"UPDATE containers SET {change}")  # noqa: S608 - the test's own words
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=5))), Absent)
        await adapter.publish(intent.next_try())
    assert posts(world) == [("IMAGE", "again")]
    assert len(containers(world)) == 2


@pytest.mark.asyncio
async def test_a_try_whose_answer_was_lost_is_decided_by_its_container(
    instagram_world: WorldOf, tmp_path: Path
) -> None:
    world = instagram_world()
    world.state.post(world.bot, "lamp", kind="IMAGE", created=1_700_000_100.0)
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="lamp", media=(picture(tmp_path, "lamp"),)))
        await world.refuse_next()
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        assert isinstance(await adapter.find(intent.last_try()), Undecided), "it may still come in"
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=5))), Absent), "it is not published"
        await world.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        found = await adapter.find(intent.last_try())
        assert isinstance(found, Found)
        world.state.all("DELETE FROM containers")
        assert isinstance(await adapter.find(intent.last_try()), Found), "a forgotten one is looked up in the list"
    assert len(posts(world)) == 2


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("Error: Media upload has failed with error code 2207026", MediaRefused),
        ("Error: Media upload has failed with error code 2207052", Unavailable),
        ("Error: Media upload has failed with error code 2207001", Unavailable),
        ("Error", Unavailable),
    ],
)
@pytest.mark.asyncio
async def test_a_file_that_instagram_could_not_use_says_whether_to_try_again(
    instagram_world: WorldOf, tmp_path: Path, words: str, meaning: type[Exception]
) -> None:
    world = instagram_world()
    world.server.processing = 0.3
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="lamp", media=(clip(tmp_path),)))
        publishing = asyncio.create_task(adapter.publish(intent.next_try()))
        await world.until(lambda: containers(world))
        world.state.all("UPDATE containers SET status = 'ERROR', why = ?", words)
        with pytest.raises(meaning):
            await publishing
    assert posts(world) == []


@pytest.mark.asyncio
async def test_how_often_it_may_post_is_asked_before_each_post(instagram_world: WorldOf, tmp_path: Path) -> None:
    world = instagram_world()
    world.server.posts_a_day = 1
    lamp = picture(tmp_path, "lamp")
    async with world.adapter() as adapter:
        await adapter.publish(Intent(adapter, Post(text="one", media=(lamp,)), key="k1").next_try())
        with pytest.raises(RateLimited, match="posted 1 times in 24 hours") as caught:
            await adapter.publish(Intent(adapter, Post(text="two", media=(lamp,)), key="k2").next_try())
    assert caught.value.retry_after == timedelta(hours=1)
    assert len(containers(world)) == 1


@pytest.mark.parametrize(
    ("code", "subcode", "meaning"),
    [
        (190, 460, AuthenticationFailed),
        (9, 2207050, AuthenticationFailed),
        (9, 2207051, AuthenticationFailed),
        (9, 2207042, RateLimited),
        (-1, 2207001, OutcomeUnknown),
        (9007, 2207027, Unavailable),
        (10, 0, Forbidden),
    ],
)
@pytest.mark.asyncio
async def test_what_instagram_refuses_with_a_code_says_what_to_do(
    instagram_world: WorldOf, tmp_path: Path, code: int, subcode: int, meaning: type[Exception]
) -> None:
    world = instagram_world()
    async with world.adapter() as adapter:
        world.server.refuse(GraphError(code, "no", subcode=subcode), path="media_publish")
        with pytest.raises(meaning):
            await adapter.publish(Intent(adapter, Post(text="hi", media=(picture(tmp_path, "lamp"),))).next_try())
    assert posts(world) == []


@pytest.mark.asyncio
async def test_what_an_account_cannot_post_is_refused_before_any_try(instagram_world: WorldOf, tmp_path: Path) -> None:
    world = instagram_world()
    lamp = picture(tmp_path, "lamp")
    adapter = InstagramAdapter(world.settings, account="gallery")
    async with adapter:
        with pytest.raises(MediaRefused, match="needs a picture"):
            adapter.prepare(Post(text="words alone"), key="k")
        for size in ((10, 13), (20, 10)):
            with pytest.raises(MediaRefused, match=r"4:5 to 1\.91:1"):
                adapter.prepare(Post(text="hi", media=(picture(tmp_path, "odd", size=size),)), key="k")
        adapter.prepare(Post(text="#a #b #c #d #e", media=(lamp,)), key="k")
        with pytest.raises(PostRejected, match="6 hashtags, and 5"):
            adapter.prepare(Post(text="#a #b #c #d #e #f", media=(lamp,)), key="k")
        with pytest.raises(MediaRefused, match="answers and messages"):
            adapter.prepare(Post(text="hi", in_reply_to=PostRef(id=world.first), media=(lamp,)), key="k")
        with pytest.raises(TooLong):
            adapter.prepare(Post(text="\u00e9" * 501, direct_to=world.alice), key="k")
        with pytest.raises(Unsupported):
            adapter.prepare(Post(text="hi", in_reply_to=PostRef(id="dm/m_1")), key="k")
    async with InstagramAdapter(replace(world.settings, media_url=""), account="gallery") as homeless:
        with pytest.raises(MediaRefused, match="media_url"):
            homeless.prepare(Post(text="hi", media=(lamp,)), key="k")
    assert containers(world) == []


@pytest.mark.asyncio
async def test_a_picture_that_a_model_made_is_told_below_it(instagram_world: WorldOf, tmp_path: Path) -> None:
    world = instagram_world()
    lamp = picture(tmp_path, "lamp", is_generated=True)
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="A lamp.", media=(lamp,)))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        assert isinstance(await adapter.find(intent.last_try()), Found)
    async with world.adapter(generated_line="") as adapter:
        await adapter.publish(Intent(adapter, Post(text="Another.", media=(lamp,)), key="k2").next_try())
    assert [text for _, text in posts(world)] == ["A lamp.\n\nPicture made with AI.", "Another."]


@pytest.mark.asyncio
async def test_who_names_the_account_is_answered_there_and_once(instagram_world: WorldOf) -> None:
    world = instagram_world()
    media = world.state.post(world.alice, "with @lamp.bot", names=[world.bot], kind="IMAGE")
    comment = world.state.comment(world.alice, media, "is that @lamp.bot?")
    async with world.adapter() as adapter:
        for name in (f"mention/{media}", f"mention/{media}/{comment}"):
            post = Post(text="It is.", in_reply_to=PostRef(id=name))
            assert adapter.idempotency_of(post).kind is IdempotencyKind.NONE
            intent = Intent(adapter, post, key=name)
            await adapter.publish(intent.next_try())
            verdict = await adapter.find(intent.last_try())
            assert isinstance(verdict, Undecided)
            assert verdict.final
    assert [post.in_reply_to for post in await world.published()] == [media, f"{media}/{comment}"]


@pytest.mark.asyncio
async def test_an_answer_to_an_answer_is_found_beside_it(instagram_world: WorldOf) -> None:
    world = instagram_world()
    top = world.state.comment(world.alice, world.first, "how bright?")
    below = world.state.comment(world.alice, world.first, "and for whom?", parent=top)
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="for ships", in_reply_to=PostRef(id=f"{world.first}/{below}")))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        assert isinstance(await adapter.find(intent.last_try()), Found)
        above = await adapter.thread(PostRef(id=f"{world.first}/{below}"))
    assert [one.text for one in above] == ["The first light.", "how bright?"]


@pytest.mark.asyncio
async def test_where_instagram_lets_no_program_delete_that_is_said(instagram_world: WorldOf) -> None:
    world = instagram_world()
    async with world.adapter() as adapter:
        world.server.refuse(GraphError(100, "Unsupported delete request."), method="DELETE")
        with pytest.raises(Forbidden, match="do it in the app"):
            await adapter.delete(PostRef(id=world.first))
        await adapter.delete(PostRef(id=world.first))


@pytest.mark.asyncio
async def test_an_answer_is_found_below_a_post_that_many_comment_on(instagram_world: WorldOf) -> None:
    world = instagram_world()
    top = world.state.comment(world.alice, world.first, "how bright?")
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="very", in_reply_to=PostRef(id=f"{world.first}/{top}")))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        for number in range(520):
            world.state.comment(world.alice, world.first, f"light {number}")
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=5))), Found)


@pytest.mark.asyncio
async def test_answers_that_are_not_all_shown_prove_nothing(instagram_world: WorldOf) -> None:
    world = instagram_world()
    top = world.state.comment(world.alice, world.first, "how bright?")
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="very", in_reply_to=PostRef(id=f"{world.first}/{top}")))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        for number in range(60):
            world.state.comment(world.alice, world.first, f"as bright as {number}?", parent=top)
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=5))), Undecided)
        elsewhere = world.state.comment(world.alice, world.first, "and where?")
        other = Intent(adapter, Post(text="here", in_reply_to=PostRef(id=f"{world.first}/{elsewhere}")), key="k2")
        assert isinstance(await adapter.find(other.grow_old(timedelta(minutes=5))), Absent)


@pytest.mark.asyncio
async def test_a_message_is_absent_when_the_newest_reach_back_to_the_try_and_not_else(instagram_world: WorldOf) -> None:
    world = instagram_world()
    for _ in range(30):
        old = world.state.message(world.bot, world.alice, world.alice, "hello?")
        world.state.all("UPDATE messages SET created = created - 3600 WHERE id = ?", old)
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="hello", direct_to=world.alice))
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=5))), Absent)
        for _ in range(20):
            world.state.message(world.bot, world.alice, world.alice, "are you there?")
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=5))), Undecided)


@pytest.mark.asyncio
async def test_a_post_whose_container_is_forgotten_is_found_below_a_pinned_one(
    instagram_world: WorldOf, tmp_path: Path
) -> None:
    world = instagram_world()
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="lamp lit", media=(picture(tmp_path, "lamp"),)))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        world.state.all("DELETE FROM containers")
        world.state.post(world.bot, "pinned", kind="IMAGE", created=1_700_000_000.0)
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=5))), Found)
        await adapter.publish(intent.next_try())
    assert posts(world).count(("IMAGE", "lamp lit")) == 1


@pytest.mark.asyncio
async def test_a_picture_without_words_is_taken_for_no_other_one(instagram_world: WorldOf, tmp_path: Path) -> None:
    world = instagram_world()
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="", media=(picture(tmp_path, "lamp"),)))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        world.state.all("DELETE FROM containers")
        world.state.post(world.bot, "", kind="IMAGE")
        verdict = await adapter.find(intent.grow_old(timedelta(minutes=5)))
        assert isinstance(verdict, Undecided)
        assert verdict.final


@pytest.mark.asyncio
async def test_a_list_of_posts_that_cannot_be_read_whole_proves_nothing(
    instagram_world: WorldOf, tmp_path: Path
) -> None:
    world = instagram_world()
    rows = [{"id": "1", "timestamp": "a moment ago", "caption": "lamp lit"}]
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="lamp lit", media=(picture(tmp_path, "lamp"),)))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        world.state.all("DELETE FROM containers")
        for _ in range(2):
            world.order("answer", method="GET", path="/media", status=200, body=json.dumps({"data": rows}).encode())
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=5))), Undecided)
        with pytest.raises(OutcomeUnknown, match="what can be read"):
            await adapter.publish(intent.next_try())
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=5))), Found), "it is read by now"
        for number in range(220):
            world.state.post(world.bot, f"light {number}", kind="IMAGE")
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=5))), Undecided)
        with pytest.raises(OutcomeUnknown, match="what can be read"):
            await adapter.publish(intent.next_try())
    assert posts(world).count(("IMAGE", "lamp lit")) == 1


@pytest.mark.asyncio
async def test_an_answer_names_whom_it_answers_and_nobody_else(instagram_world: WorldOf) -> None:
    """Whoever asks must not make the account write to others."""
    world = instagram_world()
    words = "Well @Alice, ask @bea.b: https://example.org/@bea.b"
    target = await world.post_of_somebody("@lamp.bot whom should I ask?")
    async with world.adapter() as adapter:
        await take(adapter, 1, after={"feed": "0;"})
        intent = Intent(adapter, Post(text=words, in_reply_to=target), key="k1")
        await world.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        found = await adapter.find(intent.last_try())
        assert isinstance(found, Found)
        full = Intent(adapter, Post(text="@bea.b " + "a" * 2193, in_reply_to=target), key="k2")
        await world.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(full.next_try())
        assert isinstance(await adapter.find(full.last_try()), Found)
        async with asyncio.timeout(10), aclosing(adapter.events(after={"feed": "0;"})) as events:
            own = await anext(event async for event in events if event.id == found.receipt.ref.id.partition("/")[2])
    assert isinstance(own, OwnPostSeen)
    assert own.text == words
    said = [post.text.replace("https://example.org/@bea.b", "") for post in await world.published()]
    assert [re.findall(r"@([\w.]*\w)", text) for text in said] == [["Alice"], []]


@pytest.mark.asyncio
async def test_an_answer_that_a_version_sent_which_left_names_in_it_is_found(instagram_world: WorldOf) -> None:
    world = instagram_world()
    text = "@bea.b " + "a" * 2193  # no room for anything that is not seen
    target = await world.post_of_somebody("@lamp.bot whom?")
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text=text, in_reply_to=target))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        world.state.all("UPDATE comments SET text = ? WHERE text = ?", text, text.replace("@", ""))
        assert isinstance(await adapter.find(intent.last_try()), Found)
