"""The tags of a post in a forum, and of a forum that demands one."""

from typing import Any

import pytest
from discord_world import DiscordWorld

from greenroom_adapters.contract import Forbidden, Post, PostRejected, Wanted
from greenroom_adapters.testing import Intent

FORUM = 15
MANAGE_THREADS = 1 << 34


async def forum_with(world: DiscordWorld, *names: str, required: bool = True, moderated: str = "") -> dict[str, str]:
    """Make the forum `#log` with these tags; return name → id of each."""
    made = await world.call("channel", guild=world.guild["id"], name="log", type=FORUM)
    tags = [{"name": name, "moderated": name == moderated} for name in names]
    known = await world.call("tags", channel=made["id"], tags=tags, required=required)
    return {tag["name"]: tag["id"] for tag in known["tags"]}


async def tags_of(world: DiscordWorld) -> list[Any]:
    return [said["channel"]["applied_tags"] for said in await world.call("published", bot=world.me)]


@pytest.mark.asyncio
async def test_a_post_gets_those_of_the_owners_tags_that_its_forum_has(discord_world: DiscordWorld) -> None:
    world = discord_world
    ids = await forum_with(world, "News", "Weather", "Ships")
    async with world.adapter(home="#log", tags=("weather", ids["News"], "elsewhere")) as adapter:
        assert (await adapter.check()).warnings == ()
        await adapter.publish(Intent(adapter, Post(text="Lamp lit.")).next_try())
    assert await tags_of(world) == [[ids["News"], ids["Weather"]]]


@pytest.mark.asyncio
async def test_no_more_tags_are_given_than_a_post_can_have(discord_world: DiscordWorld) -> None:
    world = discord_world
    names = [f"tag{number}" for number in range(7)]
    ids = await forum_with(world, *names)
    async with world.adapter(home="#log", tags=tuple(names)) as adapter:
        await adapter.publish(Intent(adapter, Post(text="Lamp lit.")).next_try())
    assert await tags_of(world) == [[ids[name] for name in names[:5]]]


@pytest.mark.asyncio
@pytest.mark.parametrize(("tags", "why"), [((), "`tags` names none"), (("storms",), "none of `tags` is one of its")])
async def test_a_forum_that_demands_a_tag_is_told_before_and_refuses_with_those_that_it_has(
    discord_world: DiscordWorld, tags: tuple[str, ...], why: str
) -> None:
    world = discord_world
    await forum_with(world, "News", "Weather")
    async with world.adapter(home="#log", tags=tags) as adapter:
        (warning,) = (await adapter.check()).warnings
        with pytest.raises(PostRejected, match="it has `News`, `Weather`") as refused:
            await adapter.publish(Intent(adapter, Post(text="Lamp lit.")).next_try())
    for words in (warning, str(refused.value)):
        assert "#log takes no post without a tag" in words
        assert why in words
    assert "under `tags`" in warning
    assert await world.published() == []


@pytest.mark.asyncio
async def test_a_forum_that_only_a_post_names_is_looked_at_too(discord_world: DiscordWorld) -> None:
    world = discord_world
    await forum_with(world, "News")
    wanted = Wanted(kinds=frozenset(), posts=True, attaches=False)
    async with world.adapter() as adapter:
        adapter.want(wanted)
        assert (await adapter.check()).warnings == ()
        adapter.want(Wanted(kinds=frozenset(), posts=True, attaches=False, rooms=frozenset({"#log"})))
        (warning,) = (await adapter.check()).warnings
    assert "#log takes no post without a tag" in warning


@pytest.mark.asyncio
async def test_a_tag_for_moderators_alone_is_named_until_the_bot_may_give_it(discord_world: DiscordWorld) -> None:
    world = discord_world
    ids = await forum_with(world, "News", "Staff", required=False, moderated="Staff")
    async with world.adapter(home="#log", tags=("staff",)) as adapter:
        (warning,) = (await adapter.check()).warnings
        assert "`Staff` of #log" in warning
        assert "*Manage Threads*" in warning
        with pytest.raises(Forbidden):
            await adapter.publish(Intent(adapter, Post(text="Lamp lit.")).next_try())
        await world.call("role", guild=world.guild["id"], user=world.me, permissions=MANAGE_THREADS, name="keeper")
        assert (await adapter.check()).warnings == ()
        await adapter.publish(Intent(adapter, Post(text="Lamp lit.")).next_try())
    assert await tags_of(world) == [[ids["Staff"]]]


@pytest.mark.asyncio
async def test_a_forum_that_begins_to_demand_a_tag_while_the_bot_runs_is_noticed(discord_world: DiscordWorld) -> None:
    world = discord_world
    made = await world.call("channel", guild=world.guild["id"], name="log", type=FORUM)
    async with world.adapter(home="#log") as adapter:
        await adapter.publish(Intent(adapter, Post(text="Lamp lit."), key="k1").next_try())
        await world.call("tags", channel=made["id"], tags=[{"name": "News"}], required=True)
        with pytest.raises(PostRejected, match="it has `News`"):
            await adapter.publish(Intent(adapter, Post(text="High water."), key="k2").next_try())
    assert await tags_of(world) == [[]]
