"""A post of ours in a forum: a thread with a title, begun once."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from discord_world import DiscordWorld
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom_adapters.contract import (
    Absent,
    Found,
    IdempotencyKind,
    Media,
    OutcomeUnknown,
    OwnPostSeen,
    Poll,
    Post,
    PostRef,
    PostRejected,
    Undecided,
    key_digest,
)
from greenroom_adapters.discord.forum import title_and_text
from greenroom_adapters.testing import Intent
from greenroom_adapters.testing.conformance.tools import listening, wait_until

FORUM = 15
BEGINNING = r"/threads$"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000b4944415478da6360000200000500017a5eab3f"
    "0000000049454e44ae426082"
)


async def forum_of(world: DiscordWorld, name: str = "log") -> str:
    made = await world.call("channel", guild=world.guild["id"], name=name, type=FORUM)
    return str(made["id"])


async def threads(world: DiscordWorld) -> list[tuple[str, str]]:
    """Return title and words of each thread that the bot began."""
    return [(one["channel"]["name"], one["content"]) for one in await world.call("published", bot=world.me)]


@pytest.mark.asyncio
async def test_a_post_at_a_home_that_is_a_forum_begins_a_thread(discord_world: DiscordWorld, tmp_path: Path) -> None:
    world = discord_world
    forum = await forum_of(world)
    (tmp_path / "lamp.png").write_bytes(PIXEL)
    lamp = Media(media_type="image/png", path=str(tmp_path / "lamp.png"), alt="the lamp")
    poll = Poll(options=("yes", "no"), open_for=timedelta(hours=24))
    async with world.adapter(home="#log") as adapter:
        assert "post in #log" in (await adapter.check()).may
        post = Post(text="High water\n\nAt 18:02.\n@everyone", media=(lamp,))
        receipt = await adapter.publish(Intent(adapter, post, key="k1").next_try())
        await adapter.publish(Intent(adapter, Post(text="Lamp lit.", room=forum), key="k2").next_try())
        await adapter.publish(Intent(adapter, Post(text="Shall it burn?", poll=poll), key="k3").next_try())
    assert await threads(world) == [
        ("High water", "At 18:02.\n@everyone"),
        ("Lamp lit.", "Lamp lit."),
        ("Shall it burn?", ""),
    ]
    said, _, asked = await world.call("published", bot=world.me)
    assert receipt.ref == PostRef(
        id=f"{said['id']}/{said['id']}",
        url=f"https://discord.com/channels/{world.guild['id']}/{said['id']}/{said['id']}",
    )
    assert said["channel"]["parent_id"] == forum
    assert said["mentions"] == []
    assert [file["description"] for file in said["attachments"]] == ["the lamp"]
    assert asked["poll"]["question"]["text"] == "Shall it burn?"


@pytest.mark.asyncio
async def test_a_thread_whose_answer_was_lost_is_found_and_not_begun_again(discord_world: DiscordWorld) -> None:
    world = discord_world
    await forum_of(world)
    async with world.adapter(home="#log") as adapter:
        intent = Intent(adapter, Post(text="Lamp lit.\nAt 18:02."))
        world.order("lose", path=BEGINNING)
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        assert adapter.idempotency_of(intent.post).kind is IdempotencyKind.LISTED
        (said,) = await world.published()
    async with world.adapter(home="#log") as adapter:  # another process
        found = await adapter.find(intent.last_try())
        assert isinstance(found, Found)
        assert found.receipt.ref.id == said.id
        again = await adapter.publish(intent.next_try())
        assert again.ref.id == said.id
    assert len(await world.published()) == 1


@pytest.mark.asyncio
async def test_what_may_have_begun_is_not_begun_again_before_it_must_be_there(discord_world: DiscordWorld) -> None:
    world = discord_world
    await forum_of(world)
    async with world.adapter(home="#log") as adapter:
        intent = Intent(adapter, Post(text="Lamp lit."))
        world.order("answer", path=BEGINNING, status=502, body=b"")
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        verdict = await adapter.find(intent.last_try())
        assert isinstance(verdict, Undecided)
        assert not verdict.final
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=1))), Absent)
    assert await world.published() == []


@pytest.mark.parametrize(("archived_ago", "expected"), [(timedelta(hours=5), Absent), (timedelta(0), Undecided)])
@pytest.mark.asyncio
async def test_a_forum_with_many_old_threads_says_for_certain_what_is_not_there(
    discord_world: DiscordWorld, archived_ago: timedelta, expected: type
) -> None:
    world = discord_world
    forum = await forum_of(world)
    metadata = {"archived": True, "archive_timestamp": (datetime.now(UTC) - archived_ago).isoformat()}
    old = [
        {"id": str(number), "type": 11, "parent_id": forum, "owner_id": world.me, "thread_metadata": metadata}
        for number in range(1000, 1100)
    ]
    async with world.adapter(home="#log") as adapter:
        intent = Intent(adapter, Post(text="Lamp lit."))
        world.order("answer", path=BEGINNING, status=502, body=b"")
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        page = json.dumps({"threads": old, "members": [], "has_more": True}).encode()
        world.order("answer", path=r"/threads/archived/public", method="GET", status=200, body=page)
        verdict = await adapter.find(intent.grow_old(timedelta(minutes=1)))
    assert isinstance(verdict, expected)


@pytest.mark.asyncio
async def test_a_thread_that_is_gone_is_left_to_a_person(discord_world: DiscordWorld) -> None:
    world = discord_world
    await forum_of(world)
    async with world.adapter(home="#log") as adapter:
        intent = Intent(adapter, Post(text="Lamp lit."))
        world.order("lose", path=BEGINNING)
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        (said,) = await world.published()
        await world.remove(PostRef(id=said.id))
        verdict = await adapter.find(intent.last_try())
    assert isinstance(verdict, Undecided)
    assert verdict.final


@pytest.mark.asyncio
async def test_a_thread_whose_words_were_changed_is_left_to_a_person(discord_world: DiscordWorld) -> None:
    world = discord_world
    await forum_of(world)
    async with world.adapter(home="#log") as adapter:
        intent = Intent(adapter, Post(text="High water\nAt 18:02."))
        world.order("lose", path=BEGINNING)
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        (said,) = await world.published()
        await world.call("edit", message=said.id.partition("/")[2], content="At 18:12.")
        verdict = await adapter.find(intent.grow_old(timedelta(minutes=1)))
    assert isinstance(verdict, Undecided)
    assert verdict.final


@pytest.mark.asyncio
async def test_the_same_words_under_another_key_are_another_thread(discord_world: DiscordWorld) -> None:
    world = discord_world
    await forum_of(world)
    async with world.adapter(home="#log") as adapter:
        await adapter.publish(Intent(adapter, Post(text="Lamp lit."), key="k1").next_try())
        second = Intent(adapter, Post(text="Lamp lit."), key="k2")
        world.order("answer", path=BEGINNING, status=502, body=b"")
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(second.next_try())
        assert isinstance(await adapter.find(second.last_try()), Undecided)


@pytest.mark.asyncio
async def test_our_own_thread_is_heard_as_our_own(discord_world: DiscordWorld) -> None:
    world = discord_world
    await forum_of(world)
    async with world.adapter(home="#log") as adapter, listening(adapter, after=await adapter.now()) as listener:
        receipt = await adapter.publish(Intent(adapter, Post(text="Lamp lit."), key="k1").next_try())

        async def is_heard() -> bool:
            return any(isinstance(event, OwnPostSeen) for event in listener.seen)

        await wait_until(is_heard, "our own thread")
        (own,) = (event for event in listener.seen if isinstance(event, OwnPostSeen))
        assert own.post.id == receipt.ref.id
        assert own.key in (None, key_digest("k1"))
        assert listener.texts() == []


@pytest.mark.parametrize(
    "text", ["Lamp lit.", "High water\nAt 18:02.", "High water\n\nAt 18:02.\n\nLow: 23:40.", f"{'long ' * 30}\nrest"]
)
@pytest.mark.asyncio
async def test_our_own_thread_is_told_with_the_words_of_its_post(discord_world: DiscordWorld, text: str) -> None:
    world = discord_world
    await forum_of(world)
    async with world.adapter(home="#log") as adapter:
        beginning = await adapter.now()
        await adapter.publish(Intent(adapter, Post(text=text), key="k1").next_try())
    async with (  # another process, which knows of no key
        world.adapter(home="#log") as adapter,
        listening(adapter, after=beginning) as listener,
    ):

        async def is_heard() -> bool:
            return any(isinstance(event, OwnPostSeen) for event in listener.seen)

        await wait_until(is_heard, "our own thread")
        (own,) = (event for event in listener.seen if isinstance(event, OwnPostSeen))
        assert own.text.split() == text.split()


@pytest.mark.asyncio
async def test_a_forum_that_takes_no_post_of_ours_says_why(discord_world: DiscordWorld) -> None:
    world = discord_world
    forum = await forum_of(world)
    denied = [{"id": world.guild["id"], "type": 0, "allow": "0", "deny": str(1 << 11)}]
    await world.call("overwrite", channel=forum, overwrites=denied)
    async with world.adapter(home="#log") as adapter:
        (warning,) = (await adapter.check()).warnings
        assert "may not begin posts in #log" in warning
        assert "*Create Posts*" in warning
        with pytest.raises(PostRejected, match="50013"):
            await adapter.publish(Intent(adapter, Post(text="Lamp lit.")).next_try())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lamp lit.", ("Lamp lit.", "Lamp lit.")),
        ("High water\nAt 18:02.", ("High water", "At 18:02.")),
        (f"{'long ' * 30}\nrest", (None, f"{'long ' * 30}\nrest")),
    ],
)
def test_a_first_line_that_is_short_enough_is_the_title(text: str, expected: tuple[str | None, str]) -> None:
    title, rest = title_and_text(text)
    assert rest == expected[1]
    assert title == expected[0] or (expected[0] is None and 50 < len(title) <= 100)


@settings(max_examples=30)
@given(st.text(min_size=1).filter(lambda text: text.strip()))
def test_every_text_has_a_title_and_loses_no_word(text: str) -> None:
    title, rest = title_and_text(text)
    assert 1 <= len(title) <= 100
    assert rest
    assert set(text.split()) <= set(title.split()) | set(rest.split())
