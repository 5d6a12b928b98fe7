"""Files on a strict Blossom server, and how a person gets a key and relays."""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from fake_relay import FakeRelay, Serve
from nostr_people import Person
from nostr_sdk import Event

from greenroom_adapters.contract import (
    Absent,
    ConfigurationError,
    Credentials,
    Media,
    MediaRefused,
    OutcomeUnknown,
    Post,
    RemoteMedia,
    Secret,
    Unavailable,
    Unsupported,
)
from greenroom_adapters.nostr import NostrAdapter, NostrSettings
from greenroom_adapters.testing import Intent
from greenroom_adapters.testing.serving import serving
from greenroom_adapters.transport import Pace

pytestmark = pytest.mark.timeout(60)

BOT = Person()
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAC0lEQVR4nGNgAAIAAAUAAXpeqz8AAAAASUVORK5CYII=")


class FakeBlossom:
    """A media server that keeps to BUD-01 and BUD-02: whatever comes without a good permission is refused."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.uploads = 0
        self.refusal: tuple[int, str] | None = None
        self.described: Callable[[dict[str, Any]], Any] = lambda blob: blob
        self.url = ""

    async def blob(self, request: web.Request) -> web.Response:
        """Give a file to anybody; a permission is for those who write."""
        assert "Authorization" not in request.headers
        return web.Response(body=self.blobs[request.match_info["digest"]], content_type="image/png")

    async def upload(self, request: web.Request) -> web.Response:
        """Take a file."""
        self.uploads += 1
        content = await request.read()
        if self.refusal is not None:
            status, reason = self.refusal
            return web.json_response({}, status=status, headers={"X-Reason": reason})
        digest = hashlib.sha256(content).hexdigest()
        scheme, _, written = request.headers["Authorization"].partition(" ")
        event = json.loads(base64.b64decode(written, validate=True))
        tags = {tag[0]: tag[1] for tag in event["tags"]}
        assert scheme == "Nostr"
        assert Event.from_json(json.dumps(event)).verify()
        assert (event["kind"], event["pubkey"]) == (24242, BOT.id)
        assert event["content"], "a permission says in words what for"
        assert abs(event["created_at"] - time.time()) < 60
        assert int(tags["expiration"]) > time.time()
        assert (tags["t"], tags["x"]) == ("upload", digest)
        self.blobs[digest] = content
        kind = request.headers["Content-Type"]
        blob = {
            "url": f"{self.url}/{digest}.{kind.rpartition('/')[2]}",
            "sha256": digest,
            "size": len(content),
            "type": kind,
            "uploaded": int(time.time()),
        }
        return web.json_response(self.described(blob))


@pytest_asyncio.fixture
async def blossom() -> AsyncIterator[FakeBlossom]:
    server = FakeBlossom()
    app = web.Application(client_max_size=10**9)
    app.router.add_put("/upload", server.upload)
    app.router.add_get("/{digest}.png", server.blob)
    async with serving(app) as served:
        server.url = f"http://127.0.0.1:{served.port}"
        yield server


@pytest.fixture
def picture(tmp_path: Path) -> Media:
    (tmp_path / "pixel.png").write_bytes(PIXEL)
    return Media(path=str(tmp_path / "pixel.png"), media_type="image/png", alt="one pixel, very small")


def adapter(relay: FakeRelay, media_server: str = "", **settings: Any) -> NostrAdapter:
    key = Secret(BOT.keys.secret_key().to_bech32())
    made = NostrSettings(key=key, relays=(relay.url,), media_server=media_server, **settings)
    pace = Pace(fast=(timedelta(0),), slow=timedelta(seconds=0.1))
    return NostrAdapter(made, account="home", heartbeat=timedelta(seconds=1), pace=pace)


@pytest.mark.asyncio
async def test_a_picture_is_linked_and_described(serve: Serve, blossom: FakeBlossom, picture: Media) -> None:
    relay = await serve(FakeRelay())
    async with adapter(relay, blossom.url) as account:
        await account.publish(Intent(account, Post(text="look", media=(picture, picture))).next_try())
    (event,) = relay.events
    digest = hashlib.sha256(PIXEL).hexdigest()
    link = f"{blossom.url}/{digest}.png"
    assert blossom.blobs == {digest: PIXEL}
    assert event["content"] == f"look\n\n{link}\n\n{link}"
    (first, second) = [tag for tag in event["tags"] if tag[0] == "imeta"]
    assert first == second
    said = dict(part.split(" ", 1) for part in first[1:])
    assert said == {
        "url": link,
        "m": "image/png",
        "x": digest,
        "size": str(len(PIXEL)),
        "dim": "1x1",
        "alt": "one pixel, very small",
    }


@pytest.mark.asyncio
async def test_a_file_on_the_own_media_server_is_fetched_without_a_permission(
    serve: Serve, blossom: FakeBlossom, picture: Media
) -> None:
    relay = await serve(FakeRelay())
    async with adapter(relay, blossom.url) as account:
        await account.publish(Intent(account, Post(text="look", media=(picture,))).next_try())
        (digest,) = blossom.blobs
        sent = RemoteMedia(url=f"{blossom.url}/{digest}.png", media_type="image/png")
        assert await account.fetch(sent, most=len(PIXEL)) == PIXEL
        with pytest.raises(Unavailable):
            await account.fetch(sent, most=len(PIXEL) - 1)


@pytest.mark.asyncio
async def test_a_file_is_uploaded_once_and_the_post_is_one(serve: Serve, blossom: FakeBlossom, picture: Media) -> None:
    relay = await serve(FakeRelay(answer=lambda event: ["OK", event["id"], False, "error: try again"]))
    async with adapter(relay, blossom.url) as account:
        intent = Intent(account, Post(text="look", media=(picture,)))
        with pytest.raises(OutcomeUnknown):
            await account.publish(intent.next_try())
        assert intent.state is not None
    relay.answer = None
    async with adapter(relay, blossom.url) as account:
        one = await account.publish(intent.next_try())
        two = await account.publish(intent.next_try())
    assert one == two
    assert blossom.uploads == 1
    assert len(relay.events) == 1


@pytest.mark.asyncio
async def test_what_was_not_uploaded_was_not_sent(serve: Serve, blossom: FakeBlossom, picture: Media) -> None:
    relay = await serve(FakeRelay())
    async with adapter(relay, blossom.url) as account:
        intent = Intent(account, Post(text="look", media=(picture,)))
        assert isinstance(await account.find(intent.grow_old(timedelta(hours=1))), Absent)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 413, 415])
@pytest.mark.asyncio
async def test_a_file_that_the_server_does_not_take_is_refused_and_nothing_goes_out(
    status: int, serve: Serve, blossom: FakeBlossom, picture: Media
) -> None:
    relay = await serve(FakeRelay())
    blossom.refusal = status, "not from you"
    async with adapter(relay, blossom.url) as account:
        with pytest.raises(MediaRefused):
            await account.publish(Intent(account, Post(text="look", media=(picture,))).next_try())
    assert relay.events == []


@pytest.mark.asyncio
async def test_a_media_server_that_is_away_is_waited_for(serve: Serve, blossom: FakeBlossom, picture: Media) -> None:
    relay = await serve(FakeRelay())
    blossom.refusal = 503, "not now"
    async with adapter(relay, blossom.url) as account:
        with pytest.raises(Unavailable):
            await account.publish(Intent(account, Post(text="look", media=(picture,))).next_try())


@pytest.mark.parametrize(
    "change", [{"sha256": "0" * 64}, {"url": "javascript:alert(1)"}, {"url": "https://m.example/a b"}]
)
@pytest.mark.asyncio
async def test_what_the_server_says_of_the_file_is_not_simply_believed(
    change: dict[str, Any], serve: Serve, blossom: FakeBlossom, picture: Media
) -> None:
    relay = await serve(FakeRelay())
    blossom.described = lambda blob: blob | change
    async with adapter(relay, blossom.url) as account:
        with pytest.raises(MediaRefused):
            await account.publish(Intent(account, Post(text="look", media=(picture,))).next_try())
    assert relay.events == []


@pytest.mark.asyncio
async def test_without_a_media_server_nothing_can_be_attached(serve: Serve, picture: Media) -> None:
    relay = await serve(FakeRelay())
    async with adapter(relay) as account:
        assert account.capabilities.limits.media is None
        with pytest.raises(Unsupported):
            account.prepare(Post(text="look", media=(picture,)), key="k")


# Signing in ----------------------------------------------------------------------------------------------------------


class Clerk:
    """A person who answers what he was told to answer."""

    def __init__(self, secret: str = "", relays: str = "") -> None:
        self._secret = secret
        self._relays = relays
        self.told: list[str] = []
        self.asked: list[str] = []

    def tell(self, text: str) -> None:
        self.told.append(text)

    async def ask(self, question: str, *, default: str = "") -> str:
        self.asked.append(question)
        return self._relays or default

    async def ask_secret(self, question: str) -> Secret:
        return Secret(self._secret)

    async def visit(self, address: Callable[[str], Awaitable[str]]) -> Mapping[str, str]:
        raise AssertionError("nobody needs a browser here")


@pytest.mark.asyncio
async def test_a_person_without_a_key_gets_a_new_one_and_is_told_to_keep_it(serve: Serve) -> None:
    relay = await serve(FakeRelay())
    clerk = Clerk(relays=f"{relay.url}/, ws://127.0.0.1:9")
    one = await NostrAdapter.login(clerk, {})
    two = await NostrAdapter.login(clerk, {})
    assert isinstance(one, Credentials)
    assert one.secrets["key"] != two.secrets["key"]
    assert one.settings == {"relays": f"{relay.url}, ws://127.0.0.1:9"}
    assert one.handle.startswith("npub1")
    assert any("copy of the secret" in note for note in one.notes)
    assert any("ws://127.0.0.1:9 cannot be reached" in note for note in one.notes)
    assert one.secrets["key"].reveal() not in f"{clerk.told}{one}"
    assert relay.events == []
    settings = NostrSettings(key=one.secrets["key"], relays=(relay.url,))
    async with NostrAdapter(settings, account="home") as account:
        assert account.me.handle == one.handle


@pytest.mark.asyncio
async def test_a_person_with_a_key_keeps_it_and_is_not_asked_for_what_is_known(serve: Serve) -> None:
    relay = await serve(FakeRelay())
    clerk = Clerk(secret=BOT.keys.secret_key().to_hex())
    found = await NostrAdapter.login(clerk, {"relays": relay.url})
    assert (found.handle, found.settings) == (BOT.npub, {})
    assert found.secrets["key"].reveal() == BOT.keys.secret_key().to_bech32()
    assert clerk.asked == []
    assert found.notes == ()


@pytest.mark.parametrize(("secret", "relays"), [("npub1x", "wss://r.example"), ("", "https://r.example"), ("", ", ,")])
@pytest.mark.asyncio
async def test_what_cannot_be_right_is_refused(secret: str, relays: str) -> None:
    with pytest.raises(ConfigurationError):
        await NostrAdapter.login(Clerk(secret=secret, relays=relays), {})


@pytest.mark.asyncio
async def test_without_a_relay_that_answers_nobody_signs_in() -> None:
    with pytest.raises(Unavailable):
        async with asyncio.timeout(20):
            await NostrAdapter.login(Clerk(relays="ws://127.0.0.1:9"), {})


def test_a_configuration_that_cannot_work_is_said_at_once() -> None:
    key = Secret(BOT.keys.secret_key().to_bech32())
    for wrong in (
        NostrSettings(key=Secret("nsec1nothing"), relays=("wss://r.example",)),
        NostrSettings(key=key, relays=()),
        NostrSettings(key=key, relays=("r.example",)),
        NostrSettings(key=key, relays=("wss://me:word@r.example",)),
        NostrSettings(key=key, relays=("wss://r.example",), confirm=0),
        NostrSettings(key=key, relays=("wss://r.example", "wss://r.example/"), confirm=2),
        NostrSettings(key=key, relays=("wss://r.example",), media_server="ftp://m.example"),
    ):
        with pytest.raises(ConfigurationError) as refused:
            NostrAdapter(wrong, account="home")
        assert key.reveal() not in str(refused.value)
