"""What the Stage's adapter does beyond the suite of every adapter: signing in, odd events, the reach of a listing."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from greenroom_adapters.contract import (
    Absent,
    AdapterError,
    AuthenticationFailed,
    ConfigurationError,
    CountingRule,
    FollowReceived,
    Found,
    Idempotency,
    IdempotencyKind,
    JoinReceived,
    Kind,
    Media,
    MentionReceived,
    MessageReceived,
    OutcomeUnknown,
    Post,
    PostDeleted,
    PostEdited,
    PostRef,
    ReactionReceived,
    RemoteMedia,
    RepostReceived,
    Room,
    SanctionReceived,
    Secret,
    TextLimit,
    Trust,
    Undecided,
    UnknownEvent,
)
from greenroom_adapters.stage import StageAdapter, StageSettings
from greenroom_adapters.stage.mapping import read_event
from greenroom_adapters.testing import Intent, take
from greenroom_adapters.testing.stage import RunningStage

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
SERVER = "http://127.0.0.1:8766"


# Events --------------------------------------------------------------------------------------------------------------

ACCOUNT = {"id": "a1", "handle": "bea", "name": "Bea", "bio": "", "bot": False, "url": "/@bea"}
POST = {
    "id": "p1",
    "url": "/posts/p1",
    "author": ACCOUNT,
    "text": "@ada hello",
    "created_at": "2026-11-24T07:59:00Z",
    "edited_at": None,
    "in_reply_to": "p0",
    "conversation": "c1",
    "quote": None,
    "room": {"id": "r1", "name": "Tea"},
    "direct_to": None,
    "media": [{"url": "/media/m1", "media_type": "image/png", "alt": "a lamp"}],
    "language": "en",
    "content_warning": None,
    "likes": 1,
    "reposts": 0,
    "replies": 0,
    "quotes": 0,
}


def event(kind: str, **fields: object) -> bytes:
    return msgspec.json.encode(
        {"id": "e1", "cursor": "7", "kind": kind, "occurred_at": "2026-11-24T07:59:01Z", **fields}
    )


def read(raw: bytes) -> Any:
    return read_event(raw, after="6", server=SERVER, received_at=NOW)


def test_a_mention_has_everything_that_the_wire_said() -> None:
    mention = read(event("mention", post=POST, also=["reply", "something new"]))
    assert isinstance(mention, MentionReceived)
    assert (mention.id, mention.source, mention.cursor) == ("e1", "events", "7")
    assert mention.post == PostRef(id="p1", url=f"{SERVER}/posts/p1")
    assert (mention.author.id, mention.author.handle, mention.author.name) == ("a1", "bea", "Bea")
    assert (mention.conversation, mention.room) == ("c1", Room(id="r1", name="Tea"))
    assert mention.also == (Kind.REPLY,)
    assert mention.in_reply_to == PostRef(id="p0")
    assert [(item.url, item.alt) for item in mention.media] == [(f"{SERVER}/media/m1", "a lamp")]


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (event("reaction", post_id="p", account=ACCOUNT), ReactionReceived),
        (event("repost", post_id="p", account=ACCOUNT), RepostReceived),
        (event("follow", account=ACCOUNT), FollowReceived),
        (event("join", account=ACCOUNT, room={"id": "r", "name": "Tea"}), JoinReceived),
        (event("deletion", post_id="p"), PostDeleted),
        (event("edit", post_id="p", text="new"), PostEdited),
    ],
)
def test_events_without_a_post_are_read(raw: bytes, kind: type[Any]) -> None:
    assert type(read(raw)) is kind


@pytest.mark.parametrize(
    "raw",
    [event("earthquake"), event("mention"), event("follow", account={"id": 3}), event("edit", post_id="p")],
)
def test_an_event_that_lacks_something_keeps_its_place(raw: bytes) -> None:
    unknown = read(raw)
    assert isinstance(unknown, UnknownEvent)
    assert (unknown.id, unknown.cursor) == ("e1", "7")
    assert unknown.raw == raw.decode()


@settings(max_examples=200)
@given(st.one_of(st.binary(max_size=60), st.dictionaries(st.text(max_size=9), st.integers()).map(msgspec.json.encode)))
def test_whatever_comes_is_an_event_with_a_stable_id(raw: bytes) -> None:
    unknown = read(raw)
    assert isinstance(unknown, UnknownEvent)
    assert unknown.id == read(raw).id
    assert unknown.cursor
    assert unknown.occurred_at.tzinfo is not None


# Signing in ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def closed_stage() -> Iterator[RunningStage]:
    with RunningStage("--closed", "--text-limit", "20:graphemes", "--idempotency", "keyed:90") as stage:
        yield stage


@pytest.mark.asyncio
async def test_an_account_registers_itself_by_its_name_in_the_bot_file(stages: Callable[[str], RunningStage]) -> None:
    settings = StageSettings(server=stages("keyed").url + "/", name="Ada", bio="keeps the light")
    async with StageAdapter(settings, account="lighthouse") as adapter:
        assert (adapter.me.handle, adapter.me.name, adapter.me.is_bot) == ("lighthouse", "Ada", True)
    other = StageSettings(server=stages("keyed").url, handle="ada-the-keeper")
    async with StageAdapter(other, account="lighthouse") as adapter:
        assert adapter.me.handle == "ada-the-keeper"


@pytest.mark.asyncio
async def test_a_handle_that_the_stage_does_not_take_is_a_mistake_of_the_configuration(
    stages: Callable[[str], RunningStage],
) -> None:
    settings = StageSettings(server=stages("keyed").url, handle="not a handle!")
    with pytest.raises(ConfigurationError, match="not a handle!"):
        async with StageAdapter(settings, account="home"):
            pass


@pytest.mark.asyncio
async def test_a_closed_stage_asks_for_a_token(closed_stage: RunningStage) -> None:
    with pytest.raises(AuthenticationFailed, match="token"):
        async with StageAdapter(StageSettings(server=closed_stage.url), account="home"):
            pass
    wrong = StageSettings(server=closed_stage.url, token=Secret("no such token"))
    with pytest.raises(AuthenticationFailed) as caught:
        async with StageAdapter(wrong, account="home"):
            pass
    assert "no such token" not in str(caught.value)


@pytest.mark.asyncio
async def test_a_token_signs_in_and_outlives_the_adapter(closed_stage: RunningStage) -> None:
    token = closed_stage.call("POST", "/api/admin/tokens", {"handle": "ada"})["token"]
    settings = StageSettings(server=closed_stage.url, token=Secret(token), name="Ada of Cabo Raso")
    for _ in range(2):
        async with StageAdapter(settings, account="home") as adapter:
            assert (adapter.me.handle, adapter.me.name) == ("ada", "Ada of Cabo Raso")
            assert adapter.me.is_bot


@pytest.mark.asyncio
async def test_what_the_instance_says_is_what_the_account_can_do(closed_stage: RunningStage) -> None:
    token = closed_stage.call("POST", "/api/admin/tokens", {"handle": "ada"})["token"]
    settings = StageSettings(server=closed_stage.url, token=Secret(token))
    async with StageAdapter(settings, account="home") as adapter:
        capabilities = adapter.capabilities
    assert capabilities.limits.text == (TextLimit(length=20, rule=CountingRule.GRAPHEMES),)
    assert capabilities.idempotency == Idempotency(kind=IdempotencyKind.KEYED, window=timedelta(seconds=90))


@pytest.mark.asyncio
async def test_signing_out_ends_the_token_that_signing_in_made(stages: Callable[[str], RunningStage]) -> None:
    stage = stages("keyed")
    async with StageAdapter(StageSettings(server=stage.url), account="passerby") as adapter:
        token = adapter._http._authorization["Authorization"].removeprefix("Bearer ")
        assert stage.call("GET", "/api/me", token=token)["handle"] == "passerby"
    with pytest.raises(OSError, match="401"):
        stage.call("GET", "/api/me", token=token)


# Looking up ----------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_try_beyond_the_reach_of_the_listing_stays_undecided() -> None:
    with RunningStage("--faults", "--idempotency", "listed", "--listing-reach", "4") as stage:
        async with StageAdapter(StageSettings(server=stage.url), account="ada") as adapter:
            stage.order("lose_answer", path="/api/posts", account="ada")
            intent = Intent(adapter, Post(text="long ago"))
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(intent.next_try())
            assert isinstance(await adapter.find(intent.last_try()), Found)
            for number in range(4):
                await adapter.publish(Intent(adapter, Post(text=f"{number}"), key=f"k{number}").next_try())
            verdict = await adapter.find(intent.grow_old(adapter.capabilities.settles_after * 2))
    assert isinstance(verdict, Undecided)
    assert verdict.final


@pytest.mark.asyncio
async def test_a_long_listing_is_read_to_the_time_of_the_try(stages: Callable[[str], RunningStage]) -> None:
    settings = StageSettings(server=stages("listed").url)
    async with StageAdapter(settings, account="chatterbox") as adapter:
        intent = Intent(adapter, Post(text="the first"), key="first")
        await adapter.publish(intent.next_try())
        await asyncio.gather(
            *(adapter.publish(Intent(adapter, Post(text=f"{n}"), key=f"k{n}").next_try()) for n in range(130))
        )
        async with asyncio.timeout(10):
            while not isinstance(verdict := await adapter.find(intent.last_try()), Found):
                assert not isinstance(verdict, Absent)


@pytest.mark.asyncio
async def test_what_somebody_attached_is_fetched_up_to_a_size(
    stages: Callable[[str], RunningStage], tmp_path: Path
) -> None:
    settings = StageSettings(server=stages("keyed").url)
    Image.new("RGB", (40, 30), "navy").save(tmp_path / "sea.png")
    content = (tmp_path / "sea.png").read_bytes()
    async with (
        StageAdapter(settings, account="keeper") as adapter,
        StageAdapter(settings, account="painter") as other,
    ):
        after = await adapter.now()
        media = Media(path=str(tmp_path / "sea.png"), media_type="image/png", alt="the sea")
        await other.publish(Intent(other, Post(text="@keeper make it dusk", media=(media,))).next_try())
        (event,) = await take(adapter, 1, after=after)
        assert isinstance(event, MentionReceived)
        (attached,) = event.media
        assert await adapter.fetch(attached, most=len(content)) == content
        with pytest.raises(AdapterError):
            await adapter.fetch(attached, most=len(content) - 1)
        with pytest.raises(AdapterError):
            await adapter.fetch(RemoteMedia(url=f"{attached.url}-gone", media_type="image/png"), most=1_000)


@pytest.mark.asyncio
async def test_what_the_adapter_itself_deleted_casts_no_doubt(stages: Callable[[str], RunningStage]) -> None:
    async with StageAdapter(StageSettings(server=stages("listed").url), account="tidy") as adapter:
        receipt = await adapter.publish(Intent(adapter, Post(text="off again"), key="k1").next_try())
        await adapter.delete(receipt.ref)
        never = Intent(adapter, Post(text="never sent"), key="k2")
        verdict = await adapter.find(never.grow_old(adapter.capabilities.settles_after * 2))
    assert isinstance(verdict, Absent)


@pytest.mark.asyncio
async def test_a_container_that_is_gone_is_never_made_anew(stages: Callable[[str], RunningStage]) -> None:
    async with StageAdapter(StageSettings(server=stages("two_phase").url), account="boxer") as adapter:
        intent = Intent(adapter, Post(text="once"))
        intent.state = b"no-such-container"
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        verdict = await adapter.find(intent.grow_old(adapter.capabilities.settles_after * 2))
    assert isinstance(verdict, Undecided)
    assert verdict.final


@pytest.mark.asyncio
async def test_a_stage_that_offers_no_proof_warns_its_owner(stages: Callable[[str], RunningStage]) -> None:
    async with StageAdapter(StageSettings(server=stages("none").url), account="blind") as adapter:
        assert any("parked" in warning for warning in (await adapter.check()).warnings)
    async with StageAdapter(StageSettings(server=stages("keyed").url), account="seeing") as adapter:
        assert (await adapter.check()).warnings == ()


# Listening -----------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_stage_that_is_killed_and_comes_back_is_heard_again() -> None:
    with RunningStage("--faults") as stage:
        quick = timedelta(seconds=0.1)
        async with StageAdapter(StageSettings(server=stage.url), account="ada", poll_every=quick) as adapter:
            listener = asyncio.create_task(take(adapter, 2, after=await adapter.now()))
            person = stage.sign_in("bea")
            await asyncio.to_thread(stage.say, person, "@ada before")
            await asyncio.to_thread(stage.restart)
            await asyncio.to_thread(stage.say, person, "@ada afterwards")
            first, second = await listener
    assert isinstance(first, MentionReceived)
    assert isinstance(second, MentionReceived)
    assert (first.text, second.text) == ("@ada before", "@ada afterwards")


@pytest.mark.asyncio
async def test_answers_that_are_nonsense_delay_events_and_lose_none(
    stage_world: Callable[..., Awaitable[Any]],
) -> None:
    world = await stage_world("keyed")
    async with world.connect() as adapter:
        after = await adapter.now()
        await world.mention_bot("one")
        order = {"path": "/api/events", "account": world.bot, "count": 2}
        await asyncio.to_thread(world.stage.order, "garbage", **order)
        await asyncio.to_thread(world.stage.order, "status", status=503, **order)
        (event,) = await take(adapter, 1, after=after)
    assert isinstance(event, MentionReceived)


@pytest.mark.asyncio
async def test_a_backlog_longer_than_a_page_comes_whole_and_in_order(
    stages: Callable[[str], RunningStage], stage_world: Callable[..., Awaitable[Any]]
) -> None:
    world = await stage_world("keyed")
    async with world.connect() as adapter:
        after = await adapter.now()

        def speak() -> None:
            person = world.stage.sign_in(f"{world.bot}-fan")
            for number in range(230):
                world.stage.say(person, f"@{world.bot} {number}")

        await asyncio.to_thread(speak)
        seen = await take(adapter, 230, after=after)
    assert [event.text for event in seen] == [f"@{world.bot} {number}" for number in range(230)]  # type: ignore[attr-defined] # all are mentions


@pytest.mark.asyncio
async def test_without_a_cursor_listening_begins_now(stage_world: Callable[..., Awaitable[Any]]) -> None:
    world = await stage_world("keyed")
    await world.mention_bot("long ago")
    async with world.connect() as adapter, aclosing(adapter.events(after={})) as stream:
        event = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.3)
        assert not event.done()
        await world.mention_bot("now")
        async with asyncio.timeout(10):
            assert "now" in (await event).text


# Importing -----------------------------------------------------------------------------------------------------------


def test_importing_the_adapter_loads_no_server() -> None:
    code = (
        "import sys, greenroom_adapters.stage;"
        "print(sorted({'starlette', 'uvicorn', 'jinja2', 'sqlite3'} & set(sys.modules)),"
        " [name for name in ('server', 'state', 'faults') if f'greenroom_adapters.stage.{name}' in sys.modules])"
    )
    ran = subprocess.run(  # noqa: S603 - our own interpreter, fixed code
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
    )
    assert ran.stdout.strip() == "[] []"


# Rooms and who keeps order in them -----------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_room_is_come_into_by_its_name_and_opened_where_nobody_has(
    stages: Callable[[str], RunningStage],
) -> None:
    stage = stages("keyed")
    keeper = stage.sign_in("pierkeeper")
    stage.call("POST", "/api/rooms", {"name": "Pier"}, token=keeper)
    async with StageAdapter(StageSettings(server=stage.url), account="pierbot") as adapter:
        for name in ("Pier", "Jetty", "Jetty"):
            await adapter.come_in(name)
    rooms = {room["name"]: room["members"] for room in stage.call("GET", "/api/rooms", token=keeper)["rooms"]}
    assert (rooms["Pier"], rooms["Jetty"]) == (2, 1)


@pytest.mark.asyncio
async def test_who_keeps_order_in_a_room_is_known_by_what_he_says_there_and_by_what_he_takes_down(
    stages: Callable[[str], RunningStage],
) -> None:
    stage = stages("keyed")
    keeper, guest = stage.sign_in("rose"), stage.sign_in("guest")
    room = stage.call("POST", "/api/rooms", {"name": "Quay"}, token=keeper)["id"]
    async with StageAdapter(StageSettings(server=stage.url), account="quaybot") as adapter:
        stage.call("POST", f"/api/rooms/{room}/join", token=guest)
        token = adapter._http._authorization["Authorization"].removeprefix("Bearer ")
        stage.call("POST", f"/api/rooms/{room}/join", token=token)
        after = await adapter.now()
        receipt = await adapter.publish(Intent(adapter, Post(text="too loud", room=room), key="loud").next_try())
        stage.say(keeper, "quiet, please", room=room)
        stage.say(guest, "not so loud", room=room)
        stage.call("DELETE", f"/api/posts/{receipt.ref.id}", token=keeper)
        stage.call("DELETE", f"/api/rooms/{room}/members/quaybot", token=keeper)
        await adapter.leave(room)
        # what the bot said itself is told without its text by now
        _, first, second, gone, sanction = await take(adapter, 5, after=after)
    assert isinstance(first, MessageReceived)
    assert isinstance(second, MessageReceived)
    assert (first.author.trust, second.author.trust) == (Trust.MODERATOR, Trust.ANYONE)
    assert isinstance(gone, PostDeleted)
    assert gone.post.id == receipt.ref.id
    assert gone.by is not None
    assert gone.by.handle == "rose"
    assert isinstance(sanction, SanctionReceived)
    assert (sanction.room.id, sanction.until) == (room, None)
