"""Whatever the adapter asks is in the lexicons, and every record that it writes is as they say, judged on the wire."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bluesky_chat import ChatService
from bluesky_world import BlueskyWorld
from jetstream import JetstreamServer
from lexicons import Lexicons
from PIL import Image

from greenroom_adapters.contract import Media, Post
from greenroom_adapters.testing import Intent, take

pytestmark = [pytest.mark.server, pytest.mark.timeout(120)]

A_POST: dict[str, Any] = {
    "$type": "app.bsky.feed.post",
    "text": "hi",
    "createdAt": "2026-11-29T12:00:00.000Z",
}


@pytest.fixture
def lexicons(specs: Path) -> Lexicons:
    return Lexicons(specs / "bluesky" / "lexicons")


@pytest.mark.asyncio
async def test_every_request_is_in_the_lexicons(
    bluesky_world: BlueskyWorld, chat: ChatService, stream: JetstreamServer, lexicons: Lexicons, tmp_path: Path
) -> None:
    world = bluesky_world
    world.sign_out()
    picture = io.BytesIO()
    Image.new("RGB", (40, 20), "navy").save(picture, "PNG")
    (tmp_path / "a.png").write_bytes(picture.getvalue())
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(64))
    pictures = tuple(Media(path=str(tmp_path / "a.png"), media_type="image/png", alt=f"a{n}") for n in range(4))
    clip = Media(path=str(tmp_path / "a.mp4"), media_type="video/mp4", alt="a clip")
    before = len(chat.wrong)  # the suite says what is too long there on purpose
    async with world.adapter(stream=stream.url, watch=("lighthouse",)) as adapter:
        after = await adapter.now()
        target = await world.post_of_somebody("worth an answer")
        await world.mention_bot("one")
        await world.message_bot("psst")
        for number in range(3):
            stream.say(world.alice.did if number else world.bot.did, f"{number}", "a lighthouse")
        await take(adapter, 4, after=after)
        words = f"@{world.alice.handle} see https://example.org/x #lamp"
        posts = (
            Post(text=words, in_reply_to=target, language="en"),
            Post(text="look", media=pictures, content_warning="graphic-media"),
            Post(text="look", media=(clip,), quote=target),
            Post(text="look", quote=target),
            Post(text=words, direct_to=world.alice.did),
        )
        intents = [Intent(adapter, post, key=f"k{number}") for number, post in enumerate(posts)]
        receipts = [await adapter.publish(intent.next_try()) for intent in intents]
        for intent in intents:
            await adapter.find(intent.last_try())
        await adapter.thread(receipts[0].ref)
        await adapter.react(target)
        await adapter.repost(target)
        await adapter.follow(world.alice.did)
        await adapter.metrics(target)
        await adapter.may_message(world.alice.did)
        await adapter.person(world.alice.handle)
        await adapter.declare()
        await adapter.delete(receipts[1].ref)
        await adapter.check()
        world.run_tokens_out(1)
        async for _ in adapter.history(since=datetime.now(UTC) - timedelta(minutes=1)):
            pass
    wrong: dict[str, list[str]] = {}
    asked: set[str] = set()
    for request in world.proxy.requests():
        path, _, query = request.path.partition("?")
        name = path.removeprefix("/xrpc/")
        asked.add(name)
        found = lexicons.wrong_with_call(request.method, name, query, request.body)
        if found:
            wrong[f"{request.method} {request.path}"] = found
    assert wrong == {}
    assert chat.wrong[before:] == []
    assert asked >= {
        "app.bsky.actor.getProfile",
        "app.bsky.feed.getPosts",
        "app.bsky.notification.listNotifications",
        "chat.bsky.convo.getConvo",
        "chat.bsky.convo.getConvoAvailability",
        "chat.bsky.convo.getConvoForMembers",
        "chat.bsky.convo.getLog",
        "chat.bsky.convo.getMessages",
        "chat.bsky.convo.listConvos",
        "chat.bsky.convo.sendMessage",
        "com.atproto.identity.resolveHandle",
        "com.atproto.repo.createRecord",
        "com.atproto.repo.deleteRecord",
        "com.atproto.repo.getRecord",
        "com.atproto.repo.putRecord",
        "com.atproto.repo.uploadBlob",
        "com.atproto.server.createSession",
        "com.atproto.server.refreshSession",
        "com.atproto.sync.getLatestCommit",
    }


@pytest.mark.parametrize(
    "spoilt",
    [
        {"text": "a" * 301},
        {"text": "\U0001f469\u200d\U0001f469\u200d\U0001f467" * 167},
        {"createdAt": "yesterday"},
        {"langs": ["en", "de", "fr", "it"]},
        {"reply": {"root": {"uri": "at://did:plc:a/app.bsky.feed.post/3k", "cid": "bafyreia"}}},
        {"embed": {"$type": "app.bsky.embed.unheard"}},
        {"embed": {"$type": "app.bsky.embed.images", "images": [{"alt": "a", "image": {"$type": "blob"}}]}},
        {"facets": [{"index": {"byteStart": -1, "byteEnd": 2}, "features": []}]},
        {"colour": "blue"},
    ],
    ids=["graphemes", "bytes", "date", "langs", "no parent", "embed", "blob", "facet", "unheard of"],
)
def test_the_judge_of_records_finds_what_is_wrong(lexicons: Lexicons, spoilt: dict[str, Any]) -> None:
    assert lexicons.wrong_with_record(A_POST, "3n3hyabignk2s") == []
    assert lexicons.wrong_with_record({**A_POST, **spoilt}, "3n3hyabignk2s")


@pytest.mark.parametrize(
    ("method", "name", "query", "body"),
    [
        ("POST", "app.bsky.feed.getPosts", "uris=at://did:plc:a/app.bsky.feed.post/3k", b""),
        ("GET", "app.bsky.feed.getPosts", "", b""),
        ("GET", "app.bsky.feed.getPosts", "uris=nonsense", b""),
        ("GET", "app.bsky.notification.listNotifications", "limit=101", b""),
        ("GET", "app.bsky.notification.listNotifications", "colour=blue", b""),
        ("GET", "app.bsky.unheard.of", "", b""),
        ("POST", "chat.bsky.convo.sendMessage", "", b'{"convoId": "a", "message": {}}'),
        ("POST", "chat.bsky.convo.sendMessage", "", b'{"convoId": "a", "message": {"text": "a"}, "nonce": "b"}'),
    ],
)
def test_the_judge_of_calls_finds_what_is_wrong(
    lexicons: Lexicons, method: str, name: str, query: str, body: bytes
) -> None:
    assert lexicons.wrong_with_call(method, name, query, body)
