"""What an account on a real network publishes, and how that becomes certain."""

import asyncio
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bluesky_chat import ChatService
from bluesky_newcomers import newcomer
from bluesky_people import POST, Person, eventually, register
from bluesky_world import BlueskyWorld, a_network
from PIL import Image
from running import RunningServer

from greenroom_adapters.bluesky.plan import Plan
from greenroom_adapters.contract import (
    Absent,
    AuthenticationFailed,
    Duplicate,
    Forbidden,
    Found,
    IdempotencyKind,
    Media,
    MediaRefused,
    OutcomeUnknown,
    Post,
    PostRef,
    RateLimited,
    Secret,
    TargetGone,
    TooLong,
    Unavailable,
    Undecided,
    Unsupported,
)
from greenroom_adapters.testing import FaultyProxy, Intent

pytestmark = [pytest.mark.server, pytest.mark.timeout(120), pytest.mark.asyncio]

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"


def picture(folder: Path, *, size: tuple[int, int] = (40, 20), name: str = "a.png") -> Media:
    made = io.BytesIO()
    Image.new("RGB", size, "navy").save(made, "PNG")
    (folder / name).write_bytes(made.getvalue())
    return Media(path=str(folder / name), media_type="image/png", alt=f"a picture of {size[0]} by {size[1]}")


def record_of(world: BlueskyWorld, ref: PostRef) -> dict[str, Any]:
    """Return the record of a post of the bot as it stands on its data server."""
    value: dict[str, Any] = world.bot.record(ref.id)["value"]
    return value


# Words ---------------------------------------------------------------------------------------------------------------


async def test_links_mentions_and_tags_work_for_readers(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    text = f"\u0141\u00f3d\u017a {FAMILY} @{world.alice.handle}, @nobody.test: example.org/a?b #lamp"
    async with world.adapter() as adapter:
        receipt = await adapter.publish(Intent(adapter, Post(text=text, language="pl")).next_try())
    record = record_of(world, receipt.ref)
    content = text.encode()
    shown = [
        (
            content[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode(),
            {name: value for name, value in facet["features"][0].items() if name != "$type"},
        )
        for facet in record["facets"]
    ]
    assert shown == [
        (f"@{world.alice.handle}", {"did": world.alice.did}),
        ("example.org/a?b", {"uri": "https://example.org/a?b"}),
        ("#lamp", {"tag": "lamp"}),
    ]
    assert record["langs"] == ["pl"]
    await asyncio.to_thread(world.alice.wait_for_notification, receipt.ref.id)


async def test_an_answer_names_the_asker_and_nobody_else(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    carol = await asyncio.to_thread(register, world.bot.base, "carol")
    words = f"Well, @{world.alice.handle}, @{carol.handle} is a fool"
    asked = await asyncio.to_thread(world.alice.mention, world.bot, "what of her?")
    await asyncio.to_thread(world.bot.wait_for, asked["uri"])
    async with world.adapter() as adapter:
        first = await adapter.publish(
            Intent(adapter, Post(text=words, in_reply_to=world.post_ref(asked["uri"]))).next_try()
        )
        second = await adapter.publish(Intent(adapter, Post(text=words, in_reply_to=first.ref), key="k2").next_try())
    for receipt in (first, second):
        (facet,) = record_of(world, receipt.ref)["facets"]
        assert facet["features"] == [{"$type": "app.bsky.richtext.facet#mention", "did": world.alice.did}]


@pytest.mark.parametrize(
    ("text", "goes"),
    [
        ("a" * 300, True),
        ("a" * 301, False),
        (FAMILY * 166 + "ab", True),  # 2990 bytes
        (FAMILY * 166 + "a" * 12, True),  # 3000 bytes
        (FAMILY * 166 + "a" * 13, False),
        ("\u0301" * 1500, True),
        ("\u0301" * 1501, False),
    ],
    ids=["300", "301", "2990 B", "3000 B", "3001 B", "3000 B of one grapheme", "3002 B of one grapheme"],
)
async def test_the_server_and_we_agree_on_what_is_too_long(bluesky_world: BlueskyWorld, text: str, goes: bool) -> None:
    async with bluesky_world.adapter() as adapter:
        attempt = replace(Intent(adapter, Post(text="short")).next_try(), post=Post(text=text))
        if goes:
            adapter.prepare(Post(text=text), key="k")
            await adapter.publish(attempt)
        else:
            with pytest.raises(TooLong):
                adapter.prepare(Post(text=text), key="k")
            with pytest.raises(TooLong):
                await adapter.publish(attempt)


# What it refers to ---------------------------------------------------------------------------------------------------


async def test_an_answer_names_the_top_of_its_thread_and_a_thread_goes_on_at_once(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    top = await world.post_of_somebody("top")
    middle = world.alice.reply(world.alice.ref(top.id), "middle")
    world.bot.wait_for(middle["uri"])
    async with world.adapter() as adapter:
        ref, refs = world.post_ref(middle["uri"]), list[PostRef]()
        for number in range(3):  # each answers what the AppView may not have heard of yet
            post = Post(text=f"part {number}", in_reply_to=ref)
            ref = (await adapter.publish(Intent(adapter, post, key=f"k{number}").next_try())).ref
            refs.append(ref)
        told = await adapter.thread(refs[-1])
    assert [record_of(world, one)["reply"]["root"]["uri"] for one in refs] == [top.id] * 3
    assert record_of(world, refs[0])["reply"]["parent"] == middle
    assert record_of(world, refs[2])["reply"]["parent"]["uri"] == refs[1].id
    assert [post.text for post in told] == ["top", "middle", "part 0", "part 1"]


async def test_what_its_author_has_closed_is_neither_answered_nor_quoted(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    closed = await world.post_of_somebody("closed")
    rkey = closed.id.rpartition("/")[2]
    for collection, record in (
        ("app.bsky.feed.threadgate", {"post": closed.id, "allow": []}),
        (
            "app.bsky.feed.postgate",
            {"post": closed.id, "embeddingRules": [{"$type": "app.bsky.feed.postgate#disableRule"}]},
        ),
    ):
        record = {"$type": collection, "createdAt": "2026-11-29T12:00:00Z", **record}
        body = {"repo": world.alice.did, "collection": collection, "rkey": rkey, "record": record}
        world.alice.do("com.atproto.repo.putRecord", body)

    def is_closed() -> bool | None:
        viewer = (world.bot.seen(closed.id) or {}).get("viewer", {})
        return (viewer.get("replyDisabled") and viewer.get("embeddingDisabled")) or None

    await asyncio.to_thread(eventually, is_closed, "the gates in the AppView")
    async with world.adapter() as adapter:
        for post in (Post(text="yet", in_reply_to=closed), Post(text="yet", quote=closed)):
            with pytest.raises(Forbidden):
                await adapter.publish(Intent(adapter, post).next_try())
    assert await world.published() == []


async def test_behind_a_block_nothing_is_answered(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    foe = await asyncio.to_thread(register, world.bot.base, "foe")
    post = foe.post("hello")
    world.bot.wait_for(post["uri"])
    foe.block(world.bot)
    await asyncio.to_thread(world.bot.wait_until_gone, post["uri"])
    async with world.adapter() as adapter:
        answer = Post(text="but", in_reply_to=world.post_ref(post["uri"]))
        with pytest.raises(Forbidden, match="block"):
            await adapter.publish(Intent(adapter, answer).next_try())
        with pytest.raises(Forbidden, match="block"):
            await adapter.react(world.post_ref(post["uri"]))
    assert await world.published() == []


async def test_in_the_thread_of_somebody_who_blocks_the_account_nobody_is_answered(
    bluesky_world: BlueskyWorld,
) -> None:
    """A data server takes the answer, and it would stand in a thread whose author wants to be left alone."""
    world = bluesky_world
    foe = await asyncio.to_thread(register, world.bot.base, "foe")
    top = foe.post("hello")
    await asyncio.to_thread(world.alice.wait_for, top["uri"])
    asked = world.alice.reply(top, f"what does @{world.bot.handle} say?")
    await asyncio.to_thread(world.bot.wait_for, asked["uri"])
    async with world.adapter() as adapter:
        before = Post(text="hello, foe", in_reply_to=world.post_ref(asked["uri"]))
        ours = await adapter.publish(Intent(adapter, before).next_try())
        foe.block(world.bot)
        await asyncio.to_thread(world.bot.wait_until_gone, top["uri"])
        for number, target in enumerate((world.post_ref(asked["uri"]), ours.ref)):
            answer = Intent(adapter, Post(text=f"but {number}", in_reply_to=target), key=f"k{number}")
            with pytest.raises(Forbidden, match="block"):
                await adapter.publish(answer.next_try())
    assert [post.text for post in await world.published()] == ["hello, foe"]


async def test_below_a_thread_whose_top_is_gone_who_asks_is_answered(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    top = await world.post_of_somebody("top")
    asked = world.alice.reply(world.alice.ref(top.id), f"and @{world.bot.handle}?")
    await asyncio.to_thread(world.bot.wait_for, asked["uri"])
    await world.remove(top)
    await asyncio.to_thread(world.bot.wait_until_gone, top.id)
    async with world.adapter() as adapter:
        await adapter.publish(Intent(adapter, Post(text="here", in_reply_to=world.post_ref(asked["uri"]))).next_try())
    assert [post.text for post in await world.published()] == ["here"]


async def test_a_quote_that_is_gone_is_said_to_be_so(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    gone = await world.post_of_somebody("gone")
    await world.remove(gone)
    async with world.adapter() as adapter:
        with pytest.raises(TargetGone):
            await adapter.publish(Intent(adapter, Post(text="that", quote=gone)).next_try())


async def test_what_bluesky_does_not_have_is_unsupported(bluesky_world: BlueskyWorld, tmp_path: Path) -> None:
    world = bluesky_world
    async with world.adapter() as adapter:
        for post in (
            Post(text="hi", room="somewhere"),
            Post(text="hi", content_warning="shipwreck"),
            Post(text="hi", in_reply_to=PostRef(id="chat:a/b")),
            Post(text="hi", direct_to=world.alice.did, media=(picture(tmp_path),)),
        ):
            with pytest.raises(Unsupported):
                adapter.prepare(post, key="k")
        with pytest.raises(Unsupported):
            await adapter.react(await world.post_of_somebody("like me"), "party")
        with pytest.raises(Unsupported):
            await adapter.delete(PostRef(id="chat:a/b"))


# Pictures ------------------------------------------------------------------------------------------------------------


async def test_pictures_have_their_shape_and_go_along_with_a_quote_and_a_warning(
    bluesky_world: BlueskyWorld, tmp_path: Path
) -> None:
    world = bluesky_world
    quoted = await world.post_of_somebody("worth it")
    media = (picture(tmp_path), picture(tmp_path, size=(10, 30), name="b.png"))
    post = Post(text="look", media=media, quote=quoted, content_warning="nudity")
    async with world.adapter() as adapter:
        receipt = await adapter.publish(Intent(adapter, post).next_try())
    record = record_of(world, receipt.ref)
    images = record["embed"]["media"]["images"]
    assert [image["aspectRatio"] for image in images] == [{"width": 40, "height": 20}, {"width": 10, "height": 30}]
    assert [image["alt"] for image in images] == [one.alt for one in media]
    assert record["embed"]["record"]["record"]["uri"] == quoted.id
    assert record["labels"]["values"] == [{"val": "nudity"}]
    await asyncio.to_thread(world.alice.wait_for, receipt.ref.id)
    assert world.alice.seen(receipt.ref.id)["embed"]["$type"] == "app.bsky.embed.recordWithMedia#view"  # type: ignore[index]  # waited for


async def test_a_video_goes_out_with_its_description(bluesky_world: BlueskyWorld, tmp_path: Path) -> None:
    world = bluesky_world
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(64))
    clip = Media(path=str(tmp_path / "a.mp4"), media_type="video/mp4", alt="waves")
    async with world.adapter() as adapter:
        receipt = await adapter.publish(Intent(adapter, Post(text="look", media=(clip,))).next_try())
        with pytest.raises(MediaRefused):
            adapter.prepare(Post(text="look", media=(clip, picture(tmp_path))), key="k")
    embed = record_of(world, receipt.ref)["embed"]
    assert (embed["$type"], embed["alt"]) == ("app.bsky.embed.video", "waves")
    assert embed["video"]["mimeType"] == "video/mp4"


async def test_a_retry_uploads_anew_and_is_the_same_post(bluesky_world: BlueskyWorld, tmp_path: Path) -> None:
    world = bluesky_world
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="look", media=(picture(tmp_path),)))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        await adapter.publish(intent.next_try())
    assert len(await world.published()) == 1


# Never twice, never over another -------------------------------------------------------------------------------------


async def test_what_stands_under_a_key_is_never_overwritten(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="ours"))
        rkey = Plan.read(intent.prepared).rkey
        record = {"$type": POST, "text": "somebody else\u2019s", "createdAt": "2026-11-29T12:00:00Z"}
        world.bot.do(
            "com.atproto.repo.putRecord", {"repo": world.bot.did, "collection": POST, "rkey": rkey, "record": record}
        )
        with pytest.raises(Duplicate):
            await adapter.publish(intent.next_try())
        verdict = await adapter.find(intent.last_try())
    assert isinstance(verdict, Undecided)
    assert verdict.final
    assert [post.text for post in await world.published()] == ["somebody else\u2019s"]


async def test_a_try_that_found_out_less_about_its_mentions_is_still_the_same_post(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text=f"hi @{world.alice.handle}"))
        refused = b'{"error": "InvalidRequest", "message": "Unable to resolve handle"}'
        world.order("answer", method="GET", path="resolveHandle", status=400, body=refused)
        await world.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        with pytest.raises(Duplicate):  # the record would be another one; delivery looks it up
            await adapter.publish(intent.next_try())
        assert isinstance(await adapter.find(intent.last_try()), Found)
    assert len(await world.published()) == 1


async def test_absence_is_certain_while_the_account_has_written_nothing_since(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    async with world.adapter() as adapter:
        settled = adapter.capabilities.settles_after * 2
        lost = Intent(adapter, Post(text="never arrived"), key="k1")
        await world.refuse_next()
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(lost.next_try())
        assert lost.state is not None
        assert isinstance(await adapter.find(lost.grow_old(settled)), Absent)
        await adapter.publish(Intent(adapter, Post(text="another"), key="k2").next_try())
        verdict = await adapter.find(lost.grow_old(settled))
        assert isinstance(verdict, Undecided), "it may have been written and deleted since"
        assert not verdict.final
        await adapter.publish(lost.next_try())
    assert [post.text for post in await world.published()] == ["never arrived", "another"]


async def test_direct_messages_with_the_same_words_are_told_apart_by_their_time(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    async with world.adapter() as adapter:
        assert adapter.idempotency_of(Post(text="aye", direct_to="x")).kind is IdempotencyKind.LISTED
        assert adapter.idempotency_of(Post(text="aye")).kind is IdempotencyKind.KEYED
        earlier = Intent(adapter, Post(text="aye", direct_to=world.alice.did), key="k1")
        first = await adapter.publish(earlier.next_try())
        await world.lose_next_answer()
        later = Intent(adapter, Post(text="aye", direct_to=world.alice.did), key="k2")
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(later.next_try())
        found = await adapter.find(later.last_try())
        assert isinstance(found, Found)
        assert found.receipt.ref != first.ref
        old = later.grow_old(-timedelta(hours=1))
        assert not isinstance(await adapter.find(old), Found)
        nobody = Intent(adapter, Post(text="aye", direct_to=world.bot.did[:-1] + "a"), key="k3")
        assert isinstance(await adapter.find(nobody.last_try()), Undecided)
        assert isinstance(await adapter.find(nobody.grow_old(timedelta(minutes=5))), Absent)


async def test_a_direct_message_that_was_deleted_is_not_absent(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="taken back", direct_to=world.alice.did))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        (post,) = await world.published()
        await world.remove(PostRef(id=post.id))
        verdict = await adapter.find(intent.grow_old(timedelta(minutes=1)))
    assert isinstance(verdict, Undecided)


async def test_somebody_who_takes_no_messages_gets_none(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    shut = await asyncio.to_thread(register, world.bot.base, "shut")
    world.chat.closed_to.add(shut.did)
    async with world.adapter() as adapter:
        assert not await adapter.may_message(shut.did)
        with pytest.raises(Forbidden):
            await adapter.publish(Intent(adapter, Post(text="psst", direct_to=shut.did)).next_try())


async def test_a_direct_message_may_be_longer_than_a_post(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    async with world.adapter() as adapter:
        for length, goes in ((999, True), (1000, True), (1001, False)):
            post = Post(text="a" * length, direct_to=world.alice.did)
            if goes:
                await adapter.publish(Intent(adapter, post, key=f"k{length}").next_try())
            else:
                with pytest.raises(TooLong):
                    adapter.prepare(post, key="k")
    assert [len(post.text) for post in await world.published()] == [999, 1000]


# Limits --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def limited() -> Iterator[RunningServer]:
    """A network whose data server keeps its own limits."""
    with a_network(PDS_RATE_LIMITS="1") as server:
        yield server


async def test_the_servers_own_limits_are_told_and_obeyed(limited: RunningServer, chat: ChatService) -> None:
    base = limited.facts["url"]
    alice: Person = await asyncio.to_thread(register, base, "alice")
    with FaultyProxy(base) as proxy:
        world = BlueskyWorld(await asyncio.to_thread(newcomer, base), proxy, chat, alice)
        async with world.adapter() as adapter:
            receipts = [
                await adapter.publish(Intent(adapter, Post(text=f"post {number}"), key=f"k{number}").next_try())
                for number in range(3)
            ]
            first, last = receipts[0].quota, receipts[-1].quota
            assert first is not None
            assert last is not None
            assert (first.limit, first.bucket) == (last.limit, last.bucket) == (3000, "writes 3000;w=300")
            assert last.remaining <= first.remaining - 2
            assert timedelta(0) < last.resets_at - datetime.now(UTC) <= timedelta(minutes=5)
        waits = await asyncio.wait_for(asyncio.gather(*(refused_for_good(world) for _ in range(8))), 200)
    assert all(timedelta(0) < wait <= timedelta(minutes=5) for wait in waits)


async def refused_for_good(world: BlueskyWorld) -> timedelta:
    """Sign in with a wrong password until the server has enough of it (after thirty times in five minutes); return how
    long it asks us to wait."""
    while True:
        try:
            await world.adapter(password=Secret("wrong")).__aenter__()
        except RateLimited as refused:
            return refused.retry_after
        except (AuthenticationFailed, Unavailable):
            # each password costs the server a good deal of work, and a slow one answers late
            continue
