"""Pictures and clips, on their way out and in, and albums of them."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest
from telegram_fake import FakeTelegram
from telegram_world import TelegramWorld

from greenroom_adapters.contract import (
    Adapter,
    AdapterError,
    DirectMessageReceived,
    Media,
    MediaRefused,
    MentionReceived,
    Post,
    RemoteMedia,
    SupportsFetching,
    TextEvent,
    TooLong,
)
from greenroom_adapters.testing import Intent
from greenroom_adapters.testing.conformance.tools import listening, take

pytestmark = pytest.mark.timeout(60)
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAC0lEQVR4nGNgAAIAAAUAAXpeqz8AAAAASUVORK5CYII=")


def a(kind: str, folder: Path) -> Media:
    """Return a file to publish."""
    path = folder / kind.replace("/", ".")
    path.write_bytes(PIXEL)
    return Media(path=str(path), media_type=kind, alt="one pixel")


@pytest.mark.parametrize(
    ("kind", "method", "parameter"),
    [
        ("image/png", "sendPhoto", "photo"),
        ("image/webp", "sendPhoto", "photo"),
        ("image/gif", "sendAnimation", "animation"),
        ("video/mp4", "sendVideo", "video"),
    ],
)
@pytest.mark.asyncio
async def test_a_file_goes_out_as_what_it_is_under_a_name_of_ours(
    telegram_world: TelegramWorld, tmp_path: Path, kind: str, method: str, parameter: str
) -> None:
    world = telegram_world
    async with world.adapter() as adapter:
        post = Post(text="look", media=(a(kind, tmp_path),), room=str(world.group.id))
        await adapter.publish(Intent(adapter, post).next_try())
    asked = [parameters for called, parameters in world.fake.asked if called == method]
    assert asked == [{"chat_id": world.group.id, "caption": "look", parameter: "attach://file0"}]
    ((path, content),) = world.do(lambda state: list(state.files.values()))
    assert content == PIXEL
    assert path == f"photos/file0.{kind.partition('/')[2]}"


@pytest.mark.asyncio
async def test_several_files_are_an_album_with_its_words_that_is_deleted_whole(
    telegram_world: TelegramWorld, tmp_path: Path
) -> None:
    world = telegram_world
    asked = world.say("show me")
    media = (a("image/png", tmp_path), a("video/mp4", tmp_path))
    async with world.adapter() as adapter:
        receipt = await adapter.publish(Intent(adapter, Post(text="look", media=media, in_reply_to=asked)).next_try())
        first, second = await world.published()
        assert (first.text, second.text) == ("look", "")
        assert {first.in_reply_to, second.in_reply_to} == {asked.id}
        number = int(second.id.rpartition("/")[2])
        assert receipt.ref.id == f"{first.id}+{number}"
        await adapter.now()
        world.do(lambda state: state.react(world.group, number, world.alice, "👍"))
        *_, reaction = await take(adapter, 2, after={"updates": "0"})
        assert getattr(reaction, "post", None) == receipt.ref, "any of its pictures is the post"
        await adapter.edit(receipt.ref, "look here")
        assert [post.text for post in await world.published()] == ["look here", ""]
        await adapter.delete(receipt.ref)
        await adapter.delete(receipt.ref)
    assert await world.published() == []


@pytest.mark.asyncio
async def test_what_a_picture_cannot_be_is_refused_before_anything_goes_out(
    telegram_world: TelegramWorld, tmp_path: Path
) -> None:
    gif, png = a("image/gif", tmp_path), a("image/png", tmp_path)
    async with telegram_world.adapter() as adapter:
        with pytest.raises(TooLong, match="at most 1024 UTF-16 units"):
            adapter.prepare(Post(text="a" * 1025, media=(png,)), key="k")
        adapter.prepare(Post(text="\U0001f6a2" * 512, media=(png,)), key="k")
        with pytest.raises(TooLong):
            adapter.prepare(Post(text="\U0001f6a2" * 512 + "a", media=(png,)), key="k")
        with pytest.raises(MediaRefused, match="a GIF goes alone"):
            adapter.prepare(Post(text="hi", media=(gif, png)), key="k")


@pytest.mark.asyncio
async def test_a_picture_that_somebody_sent_is_fetched_and_nothing_else_is(
    telegram_world: TelegramWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world = telegram_world
    file = world.do(lambda state: state.file("sea.jpg", PIXEL))
    large = world.do(lambda state: state.file("large.jpg", b"x" * 30_000_000))
    world.whisper("", caption="what is this?", photo=[_size(file)])
    async with world.adapter() as adapter:
        assert isinstance(adapter, SupportsFetching)
        (event,) = await take(adapter, 1, after={"updates": "0"})
        assert isinstance(event, DirectMessageReceived)
        assert event.text == "what is this?"
        assert world.bot.token not in event.media[0].url
        assert await adapter.fetch(event.media[0], most=1000) == PIXEL
        for url, most in (
            ("http://127.0.0.1:9/inside", 1000),
            (f"telegram-file:{large}", 50_000_000),
            ("telegram-file:nothing", 1000),
            (event.media[0].url, 10),
        ):
            with pytest.raises(AdapterError) as caught:
                await adapter.fetch(RemoteMedia(url=url, media_type="image/jpeg"), most=most)
            assert world.bot.token.partition(":")[2] not in f"{caught.value!r}"
        world.do(lambda state: state.files.update(moved=("/var/lib/telegram/sea.jpg", PIXEL)))
        with pytest.raises(MediaRefused, match="disk of the Bot API server"):
            await adapter.fetch(RemoteMedia(url="telegram-file:moved", media_type="image/jpeg"), most=1000)
        gone = json.dumps({"ok": False, "error_code": 404, "description": "Not Found"}).encode()
        world.order("answer", method="GET", path="/file/", status=404, body=gone)
        with pytest.raises(MediaRefused, match="not there any more"):
            await adapter.fetch(event.media[0], most=1000)
    assert world.bot.token not in caplog.text


@pytest.mark.asyncio
async def test_pictures_that_were_sent_as_one_are_one_event_however_they_arrive(
    telegram: FakeTelegram, telegram_world: TelegramWorld
) -> None:
    world = telegram_world

    def picture(name: str, **more: Any) -> None:
        world.say("", photo=[_size(name)], media_group_id="album-1", **more)

    async with world.adapter() as adapter, listening(adapter, after={"updates": "0"}) as listener:
        picture("A", caption="@light_bot which?", caption_entities=world.do(lambda s: s.entities("@light_bot which?")))
        await asyncio.sleep(0.05)
        picture("B")
        picture("C")
        await world.mention_bot("the end")
        await listener.until("the end")
        album, end = listener.seen
    assert isinstance(album, MentionReceived)
    assert [media.url for media in album.media] == ["telegram-file:A", "telegram-file:B", "telegram-file:C"]
    assert album.post.id.count("+") == 2
    assert isinstance(end, MentionReceived)
    async with world.adapter() as adapter:
        again = await _one(adapter)
        assert (again.id, again.cursor) == (album.id, album.cursor), "an album at the end of a queue is waited for"


async def _one(adapter: Adapter) -> TextEvent:
    (event,) = await take(adapter, 1, after={"updates": "0"})
    assert isinstance(event, TextEvent)
    return event


@pytest.mark.asyncio
async def test_an_album_that_nothing_follows_is_heard(telegram_world: TelegramWorld) -> None:
    world = telegram_world
    for name in "AB":
        world.whisper("", photo=[_size(name)], media_group_id="album-2")
    async with world.adapter() as adapter:
        event = await _one(adapter)
        assert len(event.media) == 2
        await adapter.acknowledge(event.source, event.cursor)


def _size(file: str) -> dict[str, object]:
    return {"file_id": file, "file_unique_id": f"u{file}", "width": 90, "height": 90}
