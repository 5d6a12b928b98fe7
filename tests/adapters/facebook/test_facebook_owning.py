"""How a page's token is had, and what its owner is told of it before it runs."""

import time
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from facebook_world import FacebookWorld
from graph_state import PAGE_SCOPES
from owner import Person

from greenroom_adapters.contract import AuthenticationFailed, ConfigurationError, Credentials, Secret
from greenroom_adapters.facebook import FacebookAdapter, FacebookSettings

WorldOf = Callable[..., FacebookWorld]
DAY = 86_400


def of_a_person(world: FacebookWorld, *scopes: str) -> str:
    """Return the token that the explorer shows to whoever looks after the page."""
    return world.state.token_for(world.alice, scopes=["pages_show_list", *(scopes or PAGE_SCOPES)])


async def log_in(world: FacebookWorld, person: Person) -> Credentials:
    found = await FacebookAdapter.login(person, {"base_url": world.proxy.url})
    assert {*found.settings, *found.secrets} <= {field.name for field in fields(FacebookSettings)}
    return found


@pytest.mark.asyncio
async def test_a_token_of_an_hour_becomes_one_of_the_page_that_lasts(facebook_world: WorldOf) -> None:
    world = facebook_world()
    person = Person(world.server.app_id, world.server.app_secret, of_a_person(world))
    found = await log_in(world, person)
    assert found.handle == "lamp"
    assert any("pages_manage_posts" in text for text in person.told)
    assert any("lasts" in note for note in found.notes)
    secrets: dict[str, Any] = dict(found.secrets)
    settings: dict[str, Any] = dict(found.settings)
    async with FacebookAdapter(FacebookSettings(**secrets, **settings), account="page") as adapter:
        assert adapter.me.id == world.bot
        assert (await adapter.check()).warnings == ()


@pytest.mark.asyncio
async def test_of_several_pages_one_is_chosen(facebook_world: WorldOf) -> None:
    world = facebook_world()
    other = world.state.account("page", "Buoy", handle="buoy")
    found = await log_in(world, Person(world.server.app_id, world.server.app_secret, of_a_person(world), other))
    assert found.handle == "buoy"
    with pytest.raises(ConfigurationError, match="none of these"):
        await log_in(world, Person(world.server.app_id, world.server.app_secret, of_a_person(world), "12"))


@pytest.mark.asyncio
async def test_what_is_lacking_is_told_when_signing_in(facebook_world: WorldOf) -> None:
    world = facebook_world()
    short = of_a_person(world, "pages_manage_posts")
    found = await log_in(world, Person(world.server.app_id, world.server.app_secret, short))
    assert any("pages_messaging" in note for note in found.notes)


@pytest.mark.asyncio
async def test_wrong_secrets_are_not_kept(facebook_world: WorldOf) -> None:
    world = facebook_world()
    with pytest.raises(ConfigurationError, match="App ID"):
        await log_in(world, Person("my app"))
    with pytest.raises(AuthenticationFailed):
        await log_in(world, Person(world.server.app_id, world.server.app_secret, "EAAGnobody"))


@pytest.mark.asyncio
async def test_the_token_of_a_person_is_no_token_of_a_page(facebook_world: WorldOf) -> None:
    world = facebook_world()
    with pytest.raises(AuthenticationFailed, match="greenroom login"):
        async with world.adapter(token=Secret(of_a_person(world))):
            pass
    world.server.violations.clear()  # a person has no category: that is how it is found out


@pytest.mark.asyncio
async def test_check_tells_what_it_may_and_the_end_of_the_token_ahead(facebook_world: WorldOf) -> None:
    world = facebook_world()
    ends = int(time.time()) + 5 * DAY
    async with world.adapter(token=Secret(world.state.token_for(world.bot, ends_at=ends))) as adapter:
        standing = await adapter.check()
    assert "read and answer messages, within 24 hours of the last one" in standing.may
    (warning,) = standing.warnings
    assert "ends on" in warning
    async with world.adapter(token=Secret(world.state.token_for(world.bot, ends_at=ends + 30 * DAY))) as adapter:
        assert (await adapter.check()).warnings == ()


@pytest.mark.asyncio
async def test_check_names_the_permissions_that_are_lacking(facebook_world: WorldOf) -> None:
    world = facebook_world()
    token = world.state.token_for(world.bot, scopes=["pages_read_engagement", "pages_manage_posts"])
    async with world.adapter(token=Secret(token)) as adapter:
        standing = await adapter.check()
    told = " ".join(standing.warnings)
    for lacking in ("pages_read_user_content", "pages_manage_engagement", "pages_messaging"):
        assert f"the token lacks `{lacking}`" in told
    assert "direct_messages: false" in told
    assert "pages_manage_metadata" not in told, "without a webhook nobody needs it"


@pytest.mark.asyncio
async def test_without_the_app_the_end_of_the_token_is_said_to_be_unknown(facebook_world: WorldOf) -> None:
    world = facebook_world()
    world.settings = replace(world.settings, app_id="", app_secret=None)
    async with world.adapter() as adapter:
        (warning,) = (await adapter.check()).warnings
    assert "`app_id` and `app_secret`" in warning
