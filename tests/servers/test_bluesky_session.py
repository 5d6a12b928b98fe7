"""How an account signs in and stays signed in, on a real data server."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping

import pytest
from bluesky_people import PASSWORD, call
from bluesky_world import BlueskyWorld, MemoryKeep
from typing_extensions import override

from greenroom_adapters.bluesky import BlueskyAdapter
from greenroom_adapters.contract import (
    AuthenticationFailed,
    ConfigurationError,
    Kind,
    Post,
    Secret,
    SupportsLogin,
    Surface,
    Unsupported,
)
from greenroom_adapters.testing import Intent, Order

pytestmark = [pytest.mark.server, pytest.mark.timeout(120), pytest.mark.asyncio]

CREATE = "com.atproto.server.createSession"
REFRESH = "com.atproto.server.refreshSession"
ADMIN = {"Authorization": "Basic YWRtaW46YWRtaW4tcGFzcw=="}
"""What a network for tests takes for its admin."""


@pytest.fixture(autouse=True)
def signed_out(bluesky_world: BlueskyWorld) -> None:
    """Signing in is what these tests are about."""
    bluesky_world.sign_out()


def asked(world: BlueskyWorld, name: str) -> int:
    """Count the calls of this name that came by."""
    return sum(f"/xrpc/{name}" in request.path for request in world.proxy.requests())


async def test_a_session_is_kept_and_a_restart_needs_no_password(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    for _ in range(3):
        async with world.connect() as adapter:
            await adapter.publish(Intent(adapter, Post(text="hi"), key="k").next_try())
    assert asked(world, CREATE) == 1
    forgetful = world.adapter()
    async with forgetful:
        pass
    assert asked(world, CREATE) == 2


async def test_a_session_that_runs_out_is_renewed_once_for_all_and_nothing_is_asked_twice(
    bluesky_world: BlueskyWorld,
) -> None:
    world = bluesky_world
    async with world.connect() as adapter:
        world.run_tokens_out(5, methods=("GET",))
        intents = [Intent(adapter, Post(text=f"post {number}"), key=f"k{number}") for number in range(5)]
        await asyncio.gather(*(adapter.publish(intent.next_try()) for intent in intents))
    assert asked(world, REFRESH) == 1
    assert asked(world, CREATE) == 1
    assert len(await world.published()) == 5


async def test_new_tokens_are_kept_before_they_are_used(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world

    class FullDisk(MemoryKeep):
        @override
        async def store(self, name: str, value: bytes) -> None:
            raise OSError("the disk is full")

    async with world.connect():
        pass
    kept = FullDisk()
    kept.values = dict(world.kept.values)
    adapter = world.adapter()
    adapter.keep_in(kept)
    async with adapter:
        world.run_tokens_out(1)
        before = len(world.proxy.requests())
        with pytest.raises(OSError, match="the disk is full"):
            await adapter.check()
        renewed = [request.path for request in world.proxy.requests()[before:]]
        assert renewed[-1].endswith(REFRESH), "nothing was asked with tokens that a crash would lose"


async def test_a_kept_session_that_is_none_any_more_is_replaced(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    async with world.connect():
        pass
    good = json.loads(world.kept.values["session"])
    for spoilt in (
        b"nonsense",
        json.dumps({**good, "access": "a.b.c", "refresh": "a.b.c"}).encode(),
        json.dumps({**good, "handle": "somebody.else"}).encode(),
    ):
        world.kept.values["session"] = spoilt
        async with world.connect() as adapter:
            assert adapter.me.id == world.bot.did
        assert json.loads(world.kept.values["session"])["did"] == world.bot.did


async def test_a_wrong_password_is_said_to_be_the_reason(bluesky_world: BlueskyWorld) -> None:
    with pytest.raises(AuthenticationFailed, match="Invalid identifier or password"):
        async with bluesky_world.adapter(password=Secret("abcd-efgh-ijkl-mnop")):
            pass


async def test_a_password_that_is_taken_back_ends_the_session_when_its_token_runs_out(
    bluesky_world: BlueskyWorld,
) -> None:
    world = bluesky_world
    async with world.connect() as adapter:
        await adapter.check()
        world.bot.revoke(world.password_name)
        await adapter.check()  # a token is good until it runs out
        world.run_tokens_out(2)
        with pytest.raises(AuthenticationFailed):
            await adapter.check()
    with pytest.raises(AuthenticationFailed):
        async with world.adapter():
            pass


async def test_an_account_that_was_taken_down_or_put_aside_is_said_to_be_so(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    async with world.connect() as adapter:
        intent = Intent(adapter, Post(text="hi"))
        world.bot.do("com.atproto.server.deactivateAccount", {})
        with pytest.raises(AuthenticationFailed, match="AccountDeactivated"):
            await adapter.publish(intent.next_try())
    with pytest.raises(AuthenticationFailed, match="not active"):
        async with world.adapter():
            pass
    world.bot.do("com.atproto.server.activateAccount", None)
    subject = {"$type": "com.atproto.admin.defs#repoRef", "did": world.bot.did}
    body = {"subject": subject, "takedown": {"applied": True, "ref": "test"}}
    call(world.bot.base, "POST", "com.atproto.admin.updateSubjectStatus", body, headers=ADMIN)
    with pytest.raises(AuthenticationFailed, match="AccountTakedown"):
        async with world.adapter(password=Secret(PASSWORD)):
            pass
    with pytest.raises(AuthenticationFailed):  # of app passwords it says only that they are none any more
        async with world.adapter():
            pass


async def test_a_password_without_direct_messages_neither_hears_nor_sends_them_and_says_so(
    bluesky_world: BlueskyWorld,
) -> None:
    world = bluesky_world
    _, password = world.bot.app_password(direct=False)
    async with world.adapter(password=Secret(password)) as adapter:
        assert Surface.DIRECT_MESSAGE not in adapter.capabilities.surfaces
        assert Kind.DIRECT_MESSAGE not in adapter.capabilities.kinds
        assert list(await adapter.now()) == ["notifications"]
        assert not await adapter.may_message(world.alice.did)
        with pytest.raises(Unsupported, match="direct"):
            adapter.prepare(Post(text="psst", direct_to=world.alice.did), key="k")
        assert any("direct messages" in warning for warning in (await adapter.check()).warnings)
    async with world.adapter(password=Secret(password), direct=False) as adapter:
        assert not any("direct messages" in warning for warning in (await adapter.check()).warnings)


async def test_the_accounts_own_password_works_and_is_warned_of(bluesky_world: BlueskyWorld) -> None:
    async with bluesky_world.adapter(password=Secret(PASSWORD)) as adapter:
        assert any("app password" in warning for warning in (await adapter.check()).warnings)
    async with bluesky_world.adapter() as adapter:
        assert not any("app password" in warning for warning in (await adapter.check()).warnings)


async def test_tokens_travel_to_the_data_server_that_the_identity_names(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    async with world.adapter(pds="") as adapter:
        await adapter.publish(Intent(adapter, Post(text="straight")).next_try())
    assert {request.path.rpartition("/")[2] for request in world.proxy.requests()} == {CREATE}


# Logging in ----------------------------------------------------------------------------------------------------------


class Terminal:
    """A person who answers questions."""

    def __init__(self, answers: Mapping[str, str], password: str) -> None:
        self._answers = answers
        self._password = password
        self.told: list[str] = []

    def tell(self, text: str) -> None:
        self.told.append(text)

    async def ask(self, question: str, *, default: str = "") -> str:
        return next((answer for part, answer in self._answers.items() if part in question), default)

    async def ask_secret(self, question: str) -> Secret:
        return Secret(self._password)

    async def visit(self, address: Callable[[str], Awaitable[str]]) -> Mapping[str, str]:
        raise AssertionError("nothing is to be visited")


async def test_a_person_is_asked_for_handle_and_app_password_and_they_are_tried(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    assert issubclass(BlueskyAdapter, SupportsLogin)
    password = world.settings.password
    terminal = Terminal({"Handle": f"@{world.bot.handle.upper()}"}, password.reveal())
    known = {"server": world.proxy.url, "pds": world.proxy.url}
    made = await BlueskyAdapter.login(terminal, known)
    assert made.settings == {"handle": world.bot.handle, "server": world.proxy.url}
    assert (made.secrets, made.handle, made.notes) == ({"password": password}, world.bot.handle, ())
    assert "App passwords" in " ".join(terminal.told)
    assert asked(world, CREATE) == 1


async def test_what_is_no_handle_and_what_is_no_password_is_said(bluesky_world: BlueskyWorld) -> None:
    known = {"server": bluesky_world.proxy.url, "pds": bluesky_world.proxy.url}
    for wrong in ("ada", "ada@example.org", ""):
        with pytest.raises(ConfigurationError, match="no handle"):
            await BlueskyAdapter.login(Terminal({"Handle": wrong}, "x"), known)
    known["handle"] = bluesky_world.bot.handle
    with pytest.raises(AuthenticationFailed):
        await BlueskyAdapter.login(Terminal({}, "wrong"), known)


async def test_a_person_hears_what_the_given_password_does_not_allow(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    known = {"server": world.proxy.url, "pds": world.proxy.url, "handle": world.bot.handle}
    for password, words in ((PASSWORD, "own password"), (world.bot.app_password(direct=False)[1], "direct messages")):
        made = await BlueskyAdapter.login(Terminal({}, password), known)
        assert words in " ".join(made.notes)


# The mark of a bot ---------------------------------------------------------------------------------------------------


async def test_the_mark_of_a_bot_changes_nothing_else_in_the_profile(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    labels = {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "!no-unauthenticated"}]}
    profile = {"displayName": "Łamp", "description": "keeps a light", "createdAt": "2026-01-01T00:00:00Z"}
    world.bot.set_profile(**profile, labels=labels, fromTheFuture={"a": [1, {"b": None}]})
    async with world.connect() as adapter:
        assert isinstance(adapter, BlueskyAdapter)
        assert await adapter.declare()
        assert not await adapter.declare()
    kept = world.bot.record(f"at://{world.bot.did}/app.bsky.actor.profile/self")["value"]
    values = kept.pop("labels")["values"]
    assert values == [{"val": "!no-unauthenticated"}, {"val": "bot"}]
    assert kept == {"$type": "app.bsky.actor.profile", **profile, "fromTheFuture": {"a": [1, {"b": None}]}}


async def test_a_profile_that_its_owner_changes_at_the_same_moment_keeps_both_changes(
    bluesky_world: BlueskyWorld,
) -> None:
    world = bluesky_world
    world.bot.set_profile(displayName="before")
    async with world.connect() as adapter:
        assert isinstance(adapter, BlueskyAdapter)
        world.proxy.order(Order(kind="delay", method="GET", path=r"getRecord.*actor\.profile", seconds=0.3))
        declaring = asyncio.create_task(adapter.declare())
        await asyncio.sleep(0.15)
        await asyncio.to_thread(world.bot.set_profile, displayName="after")
        assert await declaring
    kept = world.bot.record(f"at://{world.bot.did}/app.bsky.actor.profile/self")["value"]
    assert (kept["displayName"], kept["labels"]["values"]) == ("after", [{"val": "bot"}])


async def test_a_fresh_account_that_the_appview_does_not_know_yet_can_sign_in(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    world.proxy.order(
        Order(
            kind="answer",
            method="GET",
            path=r"app\.bsky\.actor\.getProfile",
            status=400,
            body=b'{"error": "InvalidRequest", "message": "Profile not found"}',
        )
    )
    async with world.connect() as adapter:
        assert (adapter.me.id, adapter.me.handle) == (world.bot.did, world.bot.handle)


async def test_the_log_names_no_token(bluesky_world: BlueskyWorld, caplog: pytest.LogCaptureFixture) -> None:
    world = bluesky_world
    with caplog.at_level(logging.DEBUG):
        async with world.connect() as adapter:
            kept = json.loads(world.kept.values["session"])
            world.run_tokens_out(1)
            await adapter.check()
            renewed = json.loads(world.kept.values["session"])
    assert renewed["refresh"] != kept["refresh"]
    written = "".join(f"{record.getMessage()}{record.args}" for record in caplog.records)
    for secret in (kept["access"], kept["refresh"], renewed["access"], renewed["refresh"]):
        assert secret not in written
