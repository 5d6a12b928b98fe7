"""How an account's token is had and renewed, and what its owner is told of it before it runs."""

import json
import logging
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from instagram_world import InstagramWorld
from owner import Drawer, Person
from ports import free_port

from greenroom_adapters.contract import AuthenticationFailed, Credentials, Kind, Secret, Wanted
from greenroom_adapters.instagram import InstagramAdapter, InstagramSettings

WorldOf = Callable[..., InstagramWorld]
POSTS = Wanted(kinds=frozenset({Kind.REPLY}), posts=True, attaches=True)


async def log_in(world: InstagramWorld, person: Person) -> Credentials:
    found = await InstagramAdapter.login(person, {"base_url": world.proxy.url})
    assert {*found.settings, *found.secrets} <= {field.name for field in fields(InstagramSettings)}
    return found


@pytest.mark.asyncio
async def test_the_token_of_the_dashboard_is_asked_for_and_tried(instagram_world: WorldOf) -> None:
    world = instagram_world()
    person = Person(world.settings.token.reveal(), world.server.app_secret)
    found = await log_in(world, person)
    assert found.handle == "lamp.bot"
    assert any("professional" in text for text in person.told)
    assert any("60 days" in note for note in found.notes)
    assert any("media_url" in note for note in found.notes)
    secrets: dict[str, Any] = dict(found.secrets)
    settings: dict[str, Any] = dict(found.settings)
    async with InstagramAdapter(InstagramSettings(**secrets, **settings), account="gallery") as adapter:
        assert adapter.me.id == world.bot
    assert set((await log_in(world, Person(world.settings.token.reveal(), ""))).secrets) == {"token"}


@pytest.mark.asyncio
async def test_a_wrong_token_is_not_kept(instagram_world: WorldOf) -> None:
    world = instagram_world()
    with pytest.raises(AuthenticationFailed):
        await log_in(world, Person("IGnobody", ""))


@pytest.mark.asyncio
async def test_a_token_is_renewed_in_time_and_the_next_start_goes_on_with_the_new_one(instagram_world: WorldOf) -> None:
    world, drawer = instagram_world(), Drawer()

    async def started(now: datetime) -> list[str]:
        adapter = InstagramAdapter(world.settings, account="gallery", now=lambda: now)
        adapter.keep_in(drawer)
        async with adapter:
            await adapter.now()
        return [json.loads(value)["token"] for value in drawer.kept.values()]

    now = datetime.now(UTC)
    (first,) = await started(now)
    assert first != world.settings.token.reveal()
    world.state.all("DELETE FROM tokens WHERE token = ?", world.settings.token.reveal())
    assert await started(now + timedelta(days=29)) == [first], "it is good for long"
    (second,) = await started(now + timedelta(days=31))
    assert second != first
    with pytest.raises(AuthenticationFailed):
        await started(now + timedelta(days=120))  # nobody ran it for so long


@pytest.mark.asyncio
async def test_a_token_that_cannot_be_renewed_yet_is_used_as_it_is(
    instagram_world: WorldOf, caplog: pytest.LogCaptureFixture
) -> None:
    world, drawer = instagram_world(), Drawer()
    token = world.state.token_for(world.bot, ends_at=-1)  # of its first day
    adapter = InstagramAdapter(replace(world.settings, token=Secret(token)), account="gallery")
    adapter.keep_in(drawer)
    with caplog.at_level(logging.INFO):
        async with adapter:
            await adapter.now()
    assert drawer.kept == {}
    assert "cannot be renewed now" in caplog.text
    assert token not in caplog.text


@pytest.mark.asyncio
async def test_check_tries_the_way_of_the_pictures(instagram_world: WorldOf) -> None:
    world = instagram_world()
    async with world.adapter() as adapter:
        adapter.want(POSTS)
        standing = await adapter.check()
    assert standing.warnings == ()
    assert "post pictures and reels (0 of 50 in 24 hours are used)" in standing.may
    async with world.adapter(media_url=f"http://127.0.0.1:{free_port()}/shelf") as adapter:
        adapter.want(POSTS)
        (warning,) = (await adapter.check()).warnings
    assert "cannot be fetched under `media_url`" in warning


@pytest.mark.asyncio
async def test_check_names_what_a_post_would_lack(instagram_world: WorldOf) -> None:
    world = instagram_world()
    async with world.adapter(media_url="") as adapter:
        adapter.want(replace(POSTS, attaches=False))
        told = (await adapter.check()).warnings
        assert ["`media_url`" in told[0], "`picture`" in told[1]] == [True, True]
        adapter.want(replace(POSTS, posts=False))
        assert (await adapter.check()).warnings == ()


@pytest.mark.asyncio
async def test_check_says_that_an_account_is_not_professional_and_what_is_not_allowed(instagram_world: WorldOf) -> None:
    world = instagram_world()
    world.state.all("UPDATE accounts SET type = 'PERSONAL' WHERE id = ?", world.bot)
    token = world.state.token_for(world.bot, scopes=["instagram_business_basic"])
    async with world.adapter(token=Secret(token)) as adapter:
        told = " ".join((await adapter.check()).warnings)
    for words in ("switch to a professional one", "cannot read mentions", "direct_messages: false", "content_publish"):
        assert words in told


def test_settings_out_of_bounds_are_refused(instagram_world: WorldOf) -> None:
    world = instagram_world()
    for changed in ({"look_every": 0}, {"posts_watched": 0}, {"hashtags": -1}, {"media_url": "bot.example"}):
        with pytest.raises(Exception, match=next(iter(changed))):
            world.adapter(**changed)
