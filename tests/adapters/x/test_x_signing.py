"""Whose requests they are: by OAuth 1.0a, and by tokens of OAuth 2 that change with every renewal."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from x_world import XWorld

from greenroom_adapters.contract import (
    AuthenticationFailed,
    ConfigurationError,
    OutcomeUnknown,
    Post,
    Secret,
    SupportsKeeping,
)
from greenroom_adapters.testing import Intent, Order
from greenroom_adapters.transport import Pair
from greenroom_adapters.x import XAdapter, XSettings

WorldOf = Callable[..., XWorld]


class Drawer:
    """A place to keep things in, as a bot gives it to its accounts."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.is_full = False

    async def load(self, name: str) -> bytes | None:
        return self.kept.get(name)

    async def store(self, name: str, value: bytes) -> None:
        if self.is_full:
            raise OSError("the disk is full")
        self.kept[name] = value


def oauth2(world: XWorld, **more: Any) -> XSettings:
    """Return settings of an account that has signed in by OAuth 2."""
    return replace(
        world.settings,
        **{
            "api_key": None,
            "api_secret": None,
            "token": None,
            "token_secret": None,
            "client_id": "client-of-tests",
            "client_secret": Secret("client-secret-of-tests"),
            "refresh_token": Secret(world.state.refresher_for(world.bot)),
            **more,
        },
    )


def keeping(adapter: XAdapter, drawer: Drawer) -> XAdapter:
    assert isinstance(adapter, SupportsKeeping)
    adapter.keep_in(drawer)
    return adapter


@pytest.mark.asyncio
async def test_tokens_are_renewed_kept_and_used_again_after_a_restart(x_world: WorldOf) -> None:
    world, drawer = x_world(), Drawer()
    world.settings = oauth2(world)
    for number in range(3):
        async with keeping(world.adapter(), drawer) as adapter:
            assert adapter.me.handle == "lightbot"
            await adapter.publish(Intent(adapter, Post(text=f"post {number}"), key=f"k{number}").next_try())
    assert len([one for one in world.proxy.requests() if one.path == "/2/oauth2/token"]) == 1
    assert [post.text for post in await world.published()] == ["post 0", "post 1", "post 2"]


@pytest.mark.asyncio
async def test_a_post_that_was_refused_for_its_token_goes_out_once_with_the_next(x_world: WorldOf) -> None:
    world, drawer = x_world(), Drawer()
    world.settings = oauth2(world)
    async with keeping(world.adapter(), drawer) as adapter:
        world.state.do("DELETE FROM bearers")
        intent = Intent(adapter, Post(text="lit"), key="k")
        receipt = await adapter.publish(intent.next_try())
    sent = [one for one in world.proxy.requests() if (one.method, one.path) == ("POST", "/2/tweets")]
    assert len({one.headers["Authorization"] for one in sent}) == len(sent) == 2
    assert [post.id for post in await world.published()] == [receipt.ref.id.rpartition("/")[2]]


@pytest.mark.asyncio
async def test_a_post_whose_answer_is_lost_is_not_sent_again_with_another_token(x_world: WorldOf) -> None:
    world, drawer = x_world(), Drawer()
    world.settings = oauth2(world)
    async with keeping(world.adapter(), drawer) as adapter:
        world.proxy.order(Order(kind="answer", method="POST", path="/2/tweets", status=401))
        world.proxy.order(Order(kind="lose", method="POST", path="/2/tweets"))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(Intent(adapter, Post(text="lit"), key="k").next_try())
    assert [post.text for post in await world.published()] == ["lit"]


@pytest.mark.asyncio
async def test_each_refresh_token_is_used_once_and_the_next_is_on_disk_first(x_world: WorldOf) -> None:
    world, drawer = x_world(), Drawer()
    world.settings = oauth2(world)
    world.server.lasts = 1.0  # so short that each request needs another token
    async with keeping(world.adapter(), drawer) as adapter:
        for number in range(3):
            await adapter.publish(Intent(adapter, Post(text=f"post {number}"), key=f"k{number}").next_try())
    asked = [one.body for one in world.proxy.requests() if one.path == "/2/oauth2/token"]
    assert len(asked) == len(set(asked)) == 4
    drawer.is_full = True
    with pytest.raises(OSError, match="the disk is full"):
        async with keeping(world.adapter(), drawer):
            pass
    sent = [one for one in world.proxy.requests() if one.path.startswith("/2/users/me")]
    assert len(sent) == 1, "a token that is not on disk is not used"


@pytest.mark.asyncio
async def test_tokens_that_cannot_be_kept_now_are_kept_before_anything_else_is_asked_for(x_world: WorldOf) -> None:
    world, drawer = x_world(), Drawer()
    world.settings = oauth2(world)
    async with keeping(world.adapter(), drawer) as adapter:
        world.state.do("DELETE FROM bearers")
        drawer.is_full = True
        for _ in range(2):
            with pytest.raises(OSError, match="the disk is full"):
                await adapter.check()
        drawer.is_full = False
        await adapter.check()
    assert len([one for one in world.proxy.requests() if one.path == "/2/oauth2/token"]) == 2
    async with keeping(world.adapter(), drawer) as adapter:
        assert adapter.me.handle == "lightbot"


@pytest.mark.asyncio
async def test_a_renewal_outlives_whoever_waited_for_it(x_world: WorldOf) -> None:
    """X has spent the old refresh token by then: what its answer brings is all that the account has."""
    world, drawer = x_world(), Drawer()
    world.settings = oauth2(world)
    async with keeping(world.adapter(), drawer) as adapter:
        world.state.do("DELETE FROM bearers")
        world.order("delay", path="/2/oauth2/token", seconds=0.5)
        tries = [asyncio.create_task(adapter.check()) for _ in range(2)]
        await asyncio.sleep(0.25)
        tries[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tries[0]
        await tries[1]
        await adapter.check()
    assert len([one for one in world.proxy.requests() if one.path == "/2/oauth2/token"]) == 2


@pytest.mark.asyncio
async def test_leaving_waits_for_a_renewal_and_leaves_nothing_behind(x_world: WorldOf) -> None:
    world, drawer = x_world(), Drawer()
    world.settings = oauth2(world)
    async with keeping(world.adapter(), drawer) as adapter:
        world.state.do("DELETE FROM bearers")
        world.order("delay", path="/2/oauth2/token", seconds=0.5)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.25):
                await adapter.check()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    async with keeping(world.adapter(), drawer) as adapter:
        assert adapter.me.handle == "lightbot"


@pytest.mark.asyncio
async def test_a_token_that_x_does_not_take_is_replaced_once_and_nothing_is_posted_twice(x_world: WorldOf) -> None:
    world, drawer = x_world(), Drawer()
    world.settings = oauth2(world)
    async with keeping(world.adapter(), drawer) as adapter:
        world.state.do("DELETE FROM bearers")
        await asyncio.gather(
            *(adapter.publish(Intent(adapter, Post(text=f"post {n}"), key=f"k{n}").next_try()) for n in range(4))
        )
        assert len([one for one in world.proxy.requests() if one.path == "/2/oauth2/token"]) == 2
        assert len(await world.published()) == 4
        world.state.revoke_all(world.bot)
        with pytest.raises(AuthenticationFailed, match="greenroom login"):
            await adapter.publish(Intent(adapter, Post(text="gone"), key="gone").next_try())


@pytest.mark.asyncio
async def test_another_program_that_was_faster_leaves_its_tokens_to_us(x_world: WorldOf) -> None:
    world, drawer = x_world(), Drawer()
    world.settings = oauth2(world)
    async with keeping(world.adapter(), drawer) as running:
        world.state.do("DELETE FROM bearers")
        async with keeping(world.adapter(), drawer) as checking:
            await checking.check()
        await running.check()
    assert len([one for one in world.proxy.requests() if one.path == "/2/oauth2/token"]) == 2


@pytest.mark.asyncio
async def test_a_new_sign_in_counts_more_than_what_was_kept(x_world: WorldOf) -> None:
    world, drawer = x_world(), Drawer()
    world.settings = oauth2(world)
    async with keeping(world.adapter(), drawer):
        pass
    world.state.revoke_all(world.bot)
    world.settings = oauth2(world)
    async with keeping(world.adapter(), drawer) as adapter:
        assert adapter.me.handle == "lightbot"


@pytest.mark.asyncio
async def test_a_refresh_token_is_not_spent_where_the_next_cannot_be_kept(x_world: WorldOf) -> None:
    world = x_world()
    world.settings = oauth2(world)
    with pytest.raises(AuthenticationFailed, match="no place to keep"):
        async with world.adapter():
            pass
    assert not any(one.path == "/2/oauth2/token" for one in world.proxy.requests())


@pytest.mark.asyncio
async def test_no_token_of_oauth_2_is_shown(x_world: WorldOf, caplog: pytest.LogCaptureFixture) -> None:
    world, drawer = x_world(), Drawer()
    world.settings = oauth2(world)
    world.server.lasts = 1.0
    with caplog.at_level(logging.DEBUG):
        async with keeping(world.adapter(), drawer) as adapter:
            world.state.revoke_all(world.bot)
            with pytest.raises(AuthenticationFailed) as refused:
                await adapter.check()
    pair = Pair.read(drawer.kept["tokens"])
    assert pair is not None
    settings = world.settings
    assert settings.client_secret is not None
    assert settings.refresh_token is not None
    secrets = (pair.access_token, pair.refresh_token, settings.client_secret.reveal(), settings.refresh_token.reveal())
    shown = f"{refused.value!r}{refused.value}{pair!r}{vars(adapter)!r}{settings!r}{caplog.text}"
    assert not any(secret in shown for secret in secrets)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "`api_key`, `api_secret`, `token`, `token_secret` missing"),
        ({"api_key": Secret("abcd"), "token": Secret("abcd")}, "`api_secret`, `token_secret` missing"),
        ({"client_id": "c"}, "needs `client_id` and `refresh_token`"),
        ({"client_id": "c", "refresh_token": Secret("abcd"), "api_key": Secret("abcd")}, "not both"),
    ],
)
def test_half_a_set_of_credentials_is_told_before_anything_is_asked(more: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        XAdapter(XSettings(**more), account="home")


@pytest.mark.asyncio
async def test_a_wrong_secret_is_told_at_the_door(x_world: WorldOf) -> None:
    world = x_world()
    with pytest.raises(AuthenticationFailed):
        async with world.adapter(token_secret=Secret("wrong")):
            pass
