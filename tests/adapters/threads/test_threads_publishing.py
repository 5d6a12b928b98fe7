"""What an account says: words, pictures and carousels, always in two phases, alone and below what others said."""

import asyncio
import json
import re
from collections.abc import Callable
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from graph_fields import GraphError
from PIL import Image
from threads_world import ThreadsWorld

from greenroom_adapters.contract import (
    Absent,
    AuthenticationFailed,
    Found,
    Media,
    MediaRefused,
    OutcomeUnknown,
    OwnPostSeen,
    Post,
    PostRef,
    RateLimited,
    TargetGone,
    TooLong,
    Unavailable,
    Undecided,
    Unsupported,
)
from greenroom_adapters.testing.conformance.tools import Intent, take
from greenroom_adapters.text import split

WorldOf = Callable[..., ThreadsWorld]
MP4 = b"\0\0\0\x18ftypisom\0\0\0\0isomavc1 a clip"


def picture(folder: Path, name: str, *, kind: str = "png") -> Media:
    path = folder / f"{name}.{kind}"
    Image.new("RGB", (10, 10), "navy").save(path)
    return Media(path=str(path), media_type=f"image/{kind}", alt=f"the {name}")


def containers(world: ThreadsWorld) -> list[str]:
    return [row["status"] for row in world.state.all("SELECT * FROM containers ORDER BY created, id")]


async def said(world: ThreadsWorld) -> list[tuple[str, str | None]]:
    return [(post.text, post.in_reply_to) for post in await world.published()]


@pytest.mark.asyncio
async def test_several_files_are_a_carousel_each_with_its_description(threads_world: WorldOf, tmp_path: Path) -> None:
    world = threads_world()
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(MP4)
    files = (
        picture(tmp_path, "old lamp"),
        Media(path=str(clip), media_type="video/mp4", alt="it turns"),
        picture(tmp_path, "new lamp", kind="jpeg"),
    )
    async with world.adapter() as adapter:
        receipt = await adapter.publish(Intent(adapter, Post(text="lamps", media=files)).next_try())
    (post,) = await world.published()
    assert post.alts == ("the old lamp", "it turns", "the new lamp")
    assert receipt.ref.url == f"https://www.threads.net/@lamp.bot/post/{receipt.ref.id}"


@pytest.mark.asyncio
async def test_a_long_text_is_a_thread_whose_parts_stand_below_each_other(threads_world: WorldOf) -> None:
    world = threads_world()
    async with world.adapter() as adapter:
        parts = split(" ".join(["the lamp turns"] * 80), adapter.capabilities.limits.text)
        assert len(parts) > 2
        above: PostRef | None = None
        for number, part in enumerate(parts):
            intent = Intent(adapter, Post(text=part, in_reply_to=above), key=f"k/{number}")
            above = (await adapter.publish(intent.next_try())).ref
        assert above is not None
        assert [post.text for post in await adapter.thread(above)] == list(parts[:-1])
    posts = await world.published()
    assert [post.in_reply_to for post in posts] == [None, *(post.id for post in posts[:-1])]


@pytest.mark.asyncio
async def test_an_answer_carries_a_picture(threads_world: WorldOf, tmp_path: Path) -> None:
    world = threads_world()
    target = await world.post_of_somebody("show me the lamp")
    async with world.adapter() as adapter:
        post = Post(text="here", in_reply_to=target, media=(picture(tmp_path, "lamp"),))
        await adapter.publish(Intent(adapter, post).next_try())
    (answer,) = await world.published()
    assert (answer.in_reply_to, answer.alts) == (target.id, ("the lamp",))


@pytest.mark.asyncio
async def test_links_and_emoji_count_in_full_and_letters_of_any_script_as_one(threads_world: WorldOf) -> None:
    world = threads_world()
    link = "https://example.org/" + "a" * 100
    async with world.adapter() as adapter:
        adapter.prepare(Post(text=f"{link} {'b' * (500 - len(link) - 1)}"), key="k")
        adapter.prepare(Post(text="\N{SPARKLES}" * 166), key="k")
        await adapter.publish(Intent(adapter, Post(text="灯" * 488 + "\N{ELECTRIC LIGHT BULB}" * 3)).next_try())
        for text in (f"{link} {'b' * (500 - len(link))}", "\N{SPARKLES}" * 167):
            with pytest.raises(TooLong):
                adapter.prepare(Post(text=text), key="k")


@pytest.mark.asyncio
async def test_what_threads_has_not_is_refused_before_anything_goes_out(threads_world: WorldOf, tmp_path: Path) -> None:
    world = threads_world()
    async with world.adapter(media_url="") as adapter:
        with pytest.raises(MediaRefused, match="media_url"):
            adapter.prepare(Post(text="", media=(picture(tmp_path, "lamp"),)), key="k")
        for post in (
            Post(text="psst", direct_to=world.alice),
            Post(text="all", room="1"),
            Post(text="hm", in_reply_to=PostRef(id="dm/1")),
        ):
            with pytest.raises(Unsupported):
                adapter.prepare(post, key="k")
    assert world.server.calls == [("GET", "/me")]


@pytest.mark.parametrize("change", ["status = 'EXPIRED'", "status = 'ERROR'", "created = created - 86500"])
@pytest.mark.asyncio
async def test_a_container_that_is_of_no_more_use_is_made_anew(threads_world: WorldOf, change: str) -> None:
    world = threads_world()
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="again"))
        world.server.refuse(GraphError(4, "(#4) Application request limit reached"), path="threads_publish")
        with pytest.raises(RateLimited):
            await adapter.publish(intent.next_try())
        world.state.all(f"UPDATE containers SET {change}")  # noqa: S608 - the test's own words
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=5))), Absent)
        await adapter.publish(intent.next_try())
    assert await said(world) == [("again", None)]
    assert len(containers(world)) == 2


@pytest.mark.asyncio
async def test_an_answer_whose_answer_was_lost_is_found_by_its_container_and_not_said_twice(
    threads_world: WorldOf,
) -> None:
    world = threads_world()
    target = await world.post_of_somebody("how bright?")
    other = await world.post_of_somebody("how high?")
    async with world.adapter() as adapter:
        await adapter.publish(Intent(adapter, Post(text="very", in_reply_to=other), key="k1").next_try())
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="very", in_reply_to=target), key="k2")
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        found = await adapter.find(intent.last_try())
        assert isinstance(found, Found)
        again = await adapter.publish(intent.next_try())
        assert again.ref.id == found.receipt.ref.id
    assert await said(world) == [("very", other.id), ("very", target.id)]
    assert found.receipt.ref.id == (await world.published())[1].id


@pytest.mark.asyncio
async def test_the_limits_of_posts_and_of_answers_are_asked_for_apart(threads_world: WorldOf) -> None:
    world = threads_world()
    target = await world.post_of_somebody("hello")
    world.state.post(world.bot, "one")
    world.server.posts_a_day = 1
    async with world.adapter() as adapter:
        with pytest.raises(RateLimited, match="posted 1 times in 24 hours, and Threads allows 1"):
            await adapter.publish(Intent(adapter, Post(text="two"), key="k1").next_try())
        await adapter.publish(Intent(adapter, Post(text="yes", in_reply_to=target), key="k2").next_try())
        world.server.answers_a_day = 1
        with pytest.raises(RateLimited, match="answered 1 times"):
            await adapter.publish(Intent(adapter, Post(text="no", in_reply_to=target), key="k3").next_try())
    assert await said(world) == [("one", None), ("yes", target.id)]
    assert len(containers(world)) == 1


@pytest.mark.asyncio
async def test_what_is_gone_between_the_two_phases_is_answered_by_nobody(threads_world: WorldOf) -> None:
    world = threads_world()
    target = await world.post_of_somebody("hello")
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="yes", in_reply_to=target))
        world.server.refuse(GraphError(4, "(#4) Application request limit reached"), path="threads_publish")
        with pytest.raises(RateLimited):
            await adapter.publish(intent.next_try())
        await world.remove(target)
        with pytest.raises(TargetGone):
            await adapter.publish(intent.next_try())
        world.state.all("DELETE FROM containers")
        intent = Intent(adapter, Post(text="soon"), key="k2")
        world.server.refuse(GraphError(100, "does not exist", subcode=33), path="threads_publish")
        with pytest.raises(Unavailable, match="nothing of it went out"):
            await adapter.publish(intent.next_try())
    assert await said(world) == []


@pytest.mark.parametrize(
    ("kind", "words"), [(MediaRefused, "INVALID_ASPEC_RATIO"), (Unavailable, "FAILED_DOWNLOADING_IMAGE")]
)
@pytest.mark.asyncio
async def test_an_error_in_the_file_is_final_and_one_on_the_way_is_not(
    threads_world: WorldOf, tmp_path: Path, kind: type[Exception], words: str
) -> None:
    world = threads_world()
    world.server.processing = 30.0
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="lamp", media=(picture(tmp_path, "lamp"),)))
        publishing = asyncio.create_task(adapter.publish(intent.next_try()))
        async with asyncio.timeout(10):
            while not containers(world):
                await asyncio.sleep(0.02)
        world.state.all("UPDATE containers SET status = 'ERROR', why = ?", words)
        with pytest.raises(kind, match=words):
            await publishing
    assert await said(world) == []


@pytest.mark.parametrize(("code", "meaning"), [(190, AuthenticationFailed), (4, RateLimited)])
@pytest.mark.asyncio
async def test_a_refusal_says_what_to_do(threads_world: WorldOf, code: int, meaning: type[Exception]) -> None:
    world = threads_world()
    async with world.adapter() as adapter:
        world.server.refuse(GraphError(code, "no"), path="/me/threads$")
        with pytest.raises(meaning):
            await adapter.publish(Intent(adapter, Post(text="lamp")).next_try())
    assert await said(world) == []


@pytest.mark.asyncio
async def test_every_post_has_two_phases(threads_world: WorldOf) -> None:
    world = threads_world()
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="lamp"))
        await adapter.publish(intent.next_try())
        state: Any = json.loads(intent.last_try().state or b"{}")
    assert [call for call in world.server.calls if call[0] == "POST"] == [
        ("POST", "/me/threads"),
        ("POST", "/me/threads_publish"),
    ]
    assert state["container"] == world.state.all("SELECT id FROM containers")[0]["id"]


@pytest.mark.asyncio
async def test_a_post_whose_container_is_forgotten_is_found_below_an_older_one(threads_world: WorldOf) -> None:
    world = threads_world()
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="lamp lit"))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        world.state.all("DELETE FROM containers")
        world.state.post(world.bot, "stands above all others", created=1_700_000_000.0)
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=5))), Found)
        await adapter.publish(intent.next_try())
    assert [text for text, _ in await said(world)].count("lamp lit") == 1


@pytest.mark.parametrize("is_answer", [False, True])
@pytest.mark.asyncio
async def test_a_list_that_cannot_be_read_whole_proves_nothing(threads_world: WorldOf, *, is_answer: bool) -> None:
    world = threads_world()
    target = await world.post_of_somebody("hello") if is_answer else None
    rows = [{"id": "1", "timestamp": "a moment ago", "text": "lamp lit"}]
    listed = "/me/replies" if is_answer else "/me/threads"
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="lamp lit", in_reply_to=target))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        world.state.all("DELETE FROM containers")
        for _ in range(2):
            world.order("answer", method="GET", path=listed, status=200, body=json.dumps({"data": rows}).encode())
        verdict = await adapter.find(intent.grow_old(timedelta(minutes=5)))
        assert isinstance(verdict, Undecided)
        assert verdict.final
        with pytest.raises(OutcomeUnknown, match="what can be read"):
            await adapter.publish(intent.next_try())
    assert len(await said(world)) == 1


@pytest.mark.asyncio
async def test_a_list_that_goes_on_proves_nothing(threads_world: WorldOf) -> None:
    world = threads_world()
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="lamp lit"))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        world.state.all("DELETE FROM containers")
        for number in range(220):
            world.state.post(world.bot, f"light {number}")
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=5))), Undecided)
        with pytest.raises(OutcomeUnknown, match="what can be read"):
            await adapter.publish(intent.next_try())


@pytest.mark.asyncio
async def test_a_post_is_found_behind_many_newer_ones_of_which_an_old_one_stands_first(threads_world: WorldOf) -> None:
    world = threads_world()
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="lamp lit"))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        world.state.all("DELETE FROM containers")
        for number in range(60):
            world.state.post(world.bot, f"light {number}")
        world.state.post(world.bot, "stands above all others", created=1_700_000_000.0)
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=5))), Found)


@pytest.mark.asyncio
async def test_a_picture_without_words_is_taken_for_no_other_one(threads_world: WorldOf, tmp_path: Path) -> None:
    world = threads_world()
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="", media=(picture(tmp_path, "lamp"),)))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        world.state.all("DELETE FROM containers")
        world.state.post(world.bot, "")
        verdict = await adapter.find(intent.grow_old(timedelta(minutes=5)))
        assert isinstance(verdict, Undecided)
        assert verdict.final


@pytest.mark.asyncio
async def test_a_carousel_of_which_a_file_is_forgotten_never_went_out(threads_world: WorldOf, tmp_path: Path) -> None:
    world = threads_world()
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="lamps", media=(picture(tmp_path, "old"), picture(tmp_path, "new"))))
        world.server.refuse(GraphError(4, "(#4) Application request limit reached"), method="GET", path="/[0-9]+$")
        with pytest.raises(RateLimited):
            await adapter.publish(intent.next_try())
        assert len(containers(world)) == 2
        world.state.all("DELETE FROM containers")
        asked = len(world.server.calls)
        await adapter.publish(intent.next_try())
    assert ("GET", "/me/threads") not in world.server.calls[asked:]
    assert await said(world) == [("lamps", None)]


@pytest.mark.asyncio
async def test_an_answer_names_whom_it_answers_and_nobody_else(threads_world: WorldOf) -> None:
    """Whoever asks must not make the account write to others."""
    world = threads_world()
    words = "Well @Alice, ask @bea.b: https://example.org/@bea.b"
    target = PostRef(id=world.state.post(world.alice, "@lamp.bot whom?", names=[world.bot]))
    async with world.adapter() as adapter:
        await take(adapter, 1, after={"mentions": "0;"})
        intent = Intent(adapter, Post(text=words, in_reply_to=target), key="k1")
        await world.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        found = await adapter.find(intent.last_try())
        assert isinstance(found, Found)
        full = Intent(adapter, Post(text="@bea.b " + "a" * 493, in_reply_to=target), key="k2")
        await world.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(full.next_try())
        assert isinstance(await adapter.find(full.last_try()), Found)
        async with asyncio.timeout(10), aclosing(adapter.events(after={"feed": "0;"})) as events:
            own = await anext(event async for event in events if event.id == found.receipt.ref.id)
    assert isinstance(own, OwnPostSeen)
    assert own.text == words
    said = [post.text.replace("https://example.org/@bea.b", "") for post in await world.published()]
    assert [re.findall(r"@([\w.]*\w)", text) for text in said] == [["Alice"], []]


@pytest.mark.asyncio
async def test_a_post_is_found_also_by_a_clock_that_is_wrong(threads_world: WorldOf, fast_clock: timedelta) -> None:
    world = threads_world()
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="did it?"))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        world.state.all("DELETE FROM containers")  # the list alone can tell
        assert isinstance(await adapter.find(intent.grow_old(-fast_clock)), Found)


@pytest.mark.asyncio
async def test_an_answer_that_a_version_sent_which_left_names_in_it_is_found(threads_world: WorldOf) -> None:
    world = threads_world()
    text = "@bea.b " + "a" * 493  # no room for anything that is not seen
    target = PostRef(id=world.state.post(world.alice, "@lamp.bot whom?", names=[world.bot]))
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text=text, in_reply_to=target))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        world.state.all("UPDATE comments SET text = ? WHERE text = ?", text, text.replace("@", ""))
        assert isinstance(await adapter.find(intent.last_try()), Found)
