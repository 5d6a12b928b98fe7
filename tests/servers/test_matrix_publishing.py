"""What an account on Matrix says, on a real Synapse; what the server cannot be told to do, a proxy plays."""

import struct
import zlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from matrix_people import V3, Person
from matrix_world import MatrixWorld

from greenroom_adapters.contract import (
    Absent,
    AuthenticationFailed,
    ConfigurationError,
    Forbidden,
    Found,
    Media,
    OutcomeUnknown,
    Post,
    RateLimited,
    Secret,
    Surface,
    TextEvent,
    TooLong,
    Unavailable,
    Undecided,
    Unsupported,
)
from greenroom_adapters.matrix import MatrixAdapter
from greenroom_adapters.testing import Intent, take

pytestmark = [pytest.mark.server, pytest.mark.timeout(120), pytest.mark.asyncio]


async def content_of(world: MatrixWorld, adapter: MatrixAdapter, post: Post, *, key: str = "k") -> Any:
    """Publish, and return what the other person sees."""
    receipt = await adapter.publish(Intent(adapter, post, key=key).next_try())
    return world.alice.event(*world.where(receipt.ref))["content"]


def picture(path: Path, *, width: int, height: int) -> Media:
    """Write a picture, and return it with its description."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress((b"\0" + b"\x10\x20\x30" * width) * height)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    return Media(path=str(path), media_type="image/png", alt="a dark blue rectangle")


def as_other_device(world: MatrixWorld, device: Person) -> MatrixAdapter:
    """Return an adapter for the same account, signed in somewhere else."""
    return world.adapter(token=Secret(device.token))


# How it looks --------------------------------------------------------------------------------------------------------


async def test_an_answer_is_a_notice_that_mentions_the_person_and_nobody_else(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    asked = world.alice.say(world.home, "who is there?", mention=world.bot)
    async with world.adapter() as adapter:
        text = f'@room hear, {world.alice.id} <asks> "who" & where\n@everybody:bot.test'
        content = await content_of(world, adapter, Post(text=text, in_reply_to=world.ref(asked), room=world.home))
    assert content["msgtype"] == "m.notice"
    assert content["body"] == text
    assert content["m.mentions"] == {"user_ids": [world.alice.id]}
    assert content["m.relates_to"] == {"m.in_reply_to": {"event_id": asked}}
    link = f'<a href="https://matrix.to/#/{quote(world.alice.id, safe="")}">{world.alice.id}</a>'
    assert content["formatted_body"] == f'@room hear, {link} &lt;asks&gt; "who" &amp; where<br>@everybody:bot.test'


async def test_a_post_that_answers_nobody_mentions_nobody_and_has_no_markup(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        content = await content_of(world, adapter, Post(text="@room <b>lamp lit</b>: https://example.org"))
    assert content["m.mentions"] == {}
    assert "formatted_body" not in content
    assert "m.relates_to" not in content


async def test_the_owner_may_have_it_write_as_people_do(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter(message="text") as adapter:
        assert (await content_of(world, adapter, Post(text="lamp lit")))["msgtype"] == "m.text"


async def test_the_key_is_not_shown_to_the_room(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        content = await content_of(world, adapter, Post(text="lamp lit"), key="turn-7-of-ada")
    assert "turn-7-of-ada" not in str(content)
    assert content["org.greenroom.key"].startswith("greenroom-")


async def test_a_picture_and_its_words_are_one_event_with_its_size_and_its_description(
    matrix_world: MatrixWorld, tmp_path: Path
) -> None:
    world = matrix_world
    media = picture(tmp_path / "private name.png", width=64, height=48)
    async with world.adapter() as adapter:
        content = await content_of(world, adapter, Post(text="the sea", media=(media,)))
        alone = await content_of(world, adapter, Post(text="", media=(media,)), key="k2")
    assert content["msgtype"] == "m.image"
    assert content["body"] == "the sea\n\na dark blue rectangle"
    assert content["filename"] == "image.png"
    size = Path(media.path).stat().st_size
    assert content["info"] == {"mimetype": "image/png", "size": size, "w": 64, "h": 48}
    assert alone["body"] == "a dark blue rectangle"
    server, _, name = content["url"].removeprefix("mxc://").partition("/")
    assert (server, bool(name)) == ("bot.test", True)


async def test_a_picture_that_somebody_sent_is_fetched_although_the_server_wants_to_know_who_asks(
    matrix_world: MatrixWorld, tmp_path: Path
) -> None:
    world = matrix_world
    media = picture(tmp_path / "sea.png", width=64, height=48)
    async with world.adapter() as adapter:
        content = await content_of(world, adapter, Post(text="the sea", media=(media,)))
        after = await adapter.now()
        world.alice.send(world.home, {"msgtype": "m.image", "body": "make it dusk", "url": content["url"]})
        (event,) = await take(adapter, 1, after=after)
        assert isinstance(event, TextEvent)
        (sent,) = event.media
        assert await adapter.fetch(sent, most=10_000) == Path(media.path).read_bytes()


async def test_sound_and_film_go_out_as_what_they_are(matrix_world: MatrixWorld, tmp_path: Path) -> None:
    world = matrix_world
    (tmp_path / "file").write_bytes(b"not really")
    async with world.adapter() as adapter:
        for number, (media_type, expected) in enumerate((("audio/ogg", "m.audio"), ("video/mp4", "m.video"))):
            media = Media(path=str(tmp_path / "file"), media_type=media_type, alt="the sea, heard from above")
            content = await content_of(world, adapter, Post(text="hear", media=(media,)), key=f"k{number}")
            assert content["msgtype"] == expected


async def test_editing_a_picture_keeps_the_picture(matrix_world: MatrixWorld, tmp_path: Path) -> None:
    world = matrix_world
    media = picture(tmp_path / "a.png", width=2, height=2)
    async with world.adapter() as adapter:
        receipt = await adapter.publish(Intent(adapter, Post(text="the see", media=(media,))).next_try())
        await adapter.edit(receipt.ref, "the sea")
    before = world.alice.event(*world.where(receipt.ref))["content"]
    (edit,) = [
        event["content"]
        for event in world.alice.messages(world.home)
        if event["content"].get("m.relates_to", {}).get("rel_type") == "m.replace"
    ]
    assert edit["m.new_content"]["url"] == before["url"]
    assert edit["m.new_content"]["body"] == "the sea"


# Where it goes -------------------------------------------------------------------------------------------------------


async def test_without_a_home_there_is_no_place_for_own_posts(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter(home="") as adapter:
        assert Surface.POST not in adapter.capabilities.surfaces
        with pytest.raises(Unsupported, match="home"):
            adapter.prepare(Post(text="lamp lit"), key="k")
        await content_of(world, adapter, Post(text="lamp lit", room=world.home))


@pytest.mark.parametrize("called", ["id", "alias", "name"])
async def test_a_room_is_found_by_its_id_its_alias_and_its_name(matrix_world: MatrixWorld, called: str) -> None:
    world = matrix_world
    room = world.alice.make_room(preset="public_chat", name="The Pier")
    world.bot.join(room)
    name = {"id": room, "alias": world.alias, "name": "The Pier"}[called]
    async with world.adapter(home="") as adapter:
        receipt = await adapter.publish(Intent(adapter, Post(text="lamp lit", room=name)).next_try())
    assert world.where(receipt.ref)[0] == (world.home if called == "alias" else room)


@pytest.mark.parametrize("room", ["#nowhere:bot.test", "nowhere"])
async def test_a_room_that_is_not_there_is_refused_and_checking_says_so(matrix_world: MatrixWorld, room: str) -> None:
    world = matrix_world
    async with world.adapter(home=room) as adapter:
        with pytest.raises(Forbidden):
            await adapter.publish(Intent(adapter, Post(text="lamp lit")).next_try())
        assert any("home" in warning for warning in (await adapter.check()).warnings)


async def test_a_room_that_the_account_was_put_out_of_is_forbidden(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="lamp lit"))
        world.alice.kick(world.home, world.bot)
        with pytest.raises(Forbidden):
            await adapter.publish(intent.next_try())
        assert isinstance(await adapter.find(intent.last_try()), Undecided)


async def test_a_room_where_the_account_may_not_write_is_forbidden_and_checking_says_so(
    matrix_world: MatrixWorld,
) -> None:
    world = matrix_world
    room = world.alice.make_room(
        preset="public_chat", name="Stage", power_level_content_override={"events_default": 50}
    )
    world.bot.join(room)
    async with world.adapter() as adapter:
        with pytest.raises(Forbidden):
            await adapter.publish(Intent(adapter, Post(text="lamp lit", room=room)).next_try())
        assert any("Stage" in warning and "write" in warning for warning in (await adapter.check()).warnings)


async def test_a_private_answer_to_something_public_stays_private(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    asked = world.alice.say(world.home, "tell me alone", mention=world.bot)
    async with world.adapter() as adapter:
        answer = Post(text="between us", in_reply_to=world.ref(asked), direct_to=world.alice.id)
        receipt = await adapter.publish(Intent(adapter, answer).next_try())
    room, event = world.where(receipt.ref)
    assert room != world.home
    world.alice.accept_everything()
    assert "m.relates_to" not in world.alice.event(room, event)["content"]


async def test_a_direct_conversation_is_begun_once(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        first = await adapter.publish(Intent(adapter, Post(text="one", direct_to=world.alice.id), key="k1").next_try())
    async with world.adapter() as adapter:
        second = await adapter.publish(Intent(adapter, Post(text="two", direct_to=world.alice.id), key="k2").next_try())
    assert world.where(first.ref)[0] == world.where(second.ref)[0]
    listed = world.bot.call("GET", f"{V3}/user/{quote(world.bot.id)}/account_data/m.direct")
    assert listed == {world.alice.id: [world.where(first.ref)[0]]}


async def test_a_conversation_whose_making_got_no_answer_is_not_made_a_second_time(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="psst", direct_to=world.alice.id))
        world.order("lose", path="/createRoom", method="POST")
        with pytest.raises(Unavailable):
            await adapter.publish(intent.next_try())
        await adapter.publish(intent.next_try())
    made = [request for request in world.proxy.requests() if request.path.endswith("/createRoom")]
    assert len(made) == 1


# Never twice ---------------------------------------------------------------------------------------------------------


async def test_a_file_is_uploaded_once_however_often_the_sending_is_tried(
    matrix_world: MatrixWorld, tmp_path: Path
) -> None:
    world = matrix_world
    media = picture(tmp_path / "a.png", width=2, height=2)
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="look", media=(media,)))
        world.order("refuse")
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
    async with world.adapter() as adapter:
        await adapter.publish(intent.next_try())
    assert len([request for request in world.proxy.requests() if "/upload?" in request.path]) == 1
    assert len(await world.published()) == 1


async def test_the_same_device_signed_in_anew_posts_once(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="once"))
        world.order("lose")
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
    again = world.bot.sign_in_again(world.bot.device)
    async with as_other_device(world, again) as adapter:
        await adapter.publish(intent.next_try())
    assert len(await world.published()) == 1


async def test_another_device_does_not_send_before_it_has_looked(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="once"))
        world.order("lose")
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
    other = world.bot.sign_in_again()
    async with as_other_device(world, other) as adapter:
        with pytest.raises(OutcomeUnknown, match="device"):
            await adapter.publish(intent.next_try())
        found = await adapter.find(intent.last_try())
        assert isinstance(found, Found)
    (post,) = await world.published()
    assert found.receipt.ref.id == post.id


async def test_another_device_sends_what_certainly_did_not_go_out(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="once"))
        world.order("refuse")
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
    other = world.bot.sign_in_again()
    async with as_other_device(world, other) as adapter:
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=2))), Absent)
        await adapter.publish(intent.next_try())
    assert len(await world.published()) == 1


async def test_a_post_is_found_by_its_key_long_after_the_server_has_forgotten_the_transaction(
    matrix_world: MatrixWorld,
) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="lamp lit"))
        world.order("lose")
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        for number in range(110):
            world.alice.say(world.home, f"said {number}")
        for number in range(3):
            await adapter.publish(Intent(adapter, Post(text="lamp lit"), key=f"other {number}").next_try())
    other = world.bot.sign_in_again()
    async with as_other_device(world, other) as adapter:
        found = await adapter.find(intent.grow_old(timedelta(days=2)))
    assert isinstance(found, Found)
    assert found.receipt.ref.id == (await world.published())[0].id


async def test_what_never_found_its_room_is_absent(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="psst", direct_to=world.alice.id))
        assert isinstance(await adapter.find(intent.last_try()), Undecided)
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=2))), Absent)


# What the server says ------------------------------------------------------------------------------------------------


async def test_a_text_that_the_server_finds_too_long_is_refused_as_such(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        with pytest.raises(TooLong):
            await adapter.publish(Intent(adapter, Post(text="\x01" * 20_000)).next_try())
    assert await world.published() == []


@pytest.mark.parametrize("character", ['"', "\n", "\\", "\u00e9", "\U0001f5fc"])
async def test_every_ordinary_text_within_the_limit_is_taken(matrix_world: MatrixWorld, character: str) -> None:
    world = matrix_world
    asked = world.alice.say(world.home, "say much", mention=world.bot)
    async with world.adapter() as adapter:
        (limit,) = adapter.capabilities.limits.text
        text = world.alice.id + character * ((limit.length - len(world.alice.id)) // len(character.encode()))
        content = await content_of(world, adapter, Post(text=text, in_reply_to=world.ref(asked), room=world.home))
    assert content["body"] == text


async def test_an_older_server_says_in_the_body_how_long_to_wait(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        body = b'{"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", "retry_after_ms": 2500}'
        world.order("answer", status=429, body=body)
        with pytest.raises(RateLimited) as caught:
            await adapter.publish(Intent(adapter, Post(text="too fast")).next_try())
    assert caught.value.retry_after == timedelta(seconds=2.5)


@pytest.mark.parametrize("wrong", [{"user": "@somebody:bot.test"}, {"device": "ANOTHER"}, {"token": Secret("syt_x")}])
async def test_a_token_of_somebody_else_or_of_nobody_is_refused(
    matrix_world: MatrixWorld, wrong: dict[str, Any]
) -> None:
    with pytest.raises(AuthenticationFailed):
        async with matrix_world.adapter(**wrong):
            pass


async def test_a_person_is_known_by_id_also_where_the_server_keeps_profiles_to_itself(
    matrix_world: MatrixWorld,
) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        assert await adapter.person("alice") is None  # there is one on every server
        assert await adapter.person("@nobody:bot.test") is None
        found = await adapter.person(world.alice.id.removeprefix("@"))
        assert found is not None
        assert (found.id, found.name != "") == (world.alice.id, True)
        world.order("answer", path="/profile/", method="GET", status=403, body=b'{"errcode": "M_FORBIDDEN"}')
        found = await adapter.person(world.alice.id)
        assert found is not None
        assert found.id == world.alice.id


async def test_the_right_user_and_device_are_let_in(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter(user=world.bot.id, device=world.bot.device) as adapter:
        assert adapter.me.id == world.bot.id


async def test_a_server_without_an_address_is_a_mistake_in_the_configuration(matrix_world: MatrixWorld) -> None:
    with pytest.raises(ConfigurationError):
        MatrixAdapter(replace(matrix_world.settings, server="example.org"), account="home")
