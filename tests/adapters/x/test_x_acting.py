"""What an account on X does beside posting, and what its owner is told before it runs."""

from collections.abc import Callable

import pytest
from x_world import XWorld

from greenroom_adapters.contract import PostRef

WorldOf = Callable[..., XWorld]


@pytest.mark.asyncio
async def test_an_owner_is_told_what_x_wants_and_what_it_costs(x_world: WorldOf) -> None:
    world = x_world(access="self_serve")
    async with world.adapter(ai_replies_approved=False) as adapter:
        standing = await adapter.check()
        assert adapter.capabilities.holds_answers is not None
    told = "\n".join(standing.warnings)
    assert "Automation" in told
    assert "ai_replies_approved: true" in told
    assert "0.015 for each post, 0.2 for each post with a link" in told
    assert "does not say that it is a bot" not in told
    assert "reply to who mentions or quotes it" in standing.may
    assert "quote posts" not in standing.may


@pytest.mark.asyncio
async def test_an_account_whose_bio_is_silent_and_whose_posts_are_hidden_is_told_so(x_world: WorldOf) -> None:
    world = x_world()
    world.state.do("UPDATE people SET bio = 'Keeps a light.', is_protected = 1 WHERE id = ?", world.bot)
    async with world.adapter() as adapter:
        told = "\n".join((await adapter.check()).warnings)
    assert "does not say that it is a bot" in told
    assert "protected" in told
    assert "X charges" not in told, "an enterprise app pays by contract"


@pytest.mark.parametrize("dialect", ["tweet", "post"])
@pytest.mark.asyncio
async def test_counts_are_read_in_both_vocabularies(x_world: WorldOf, dialect: str) -> None:
    world = x_world(dialect=dialect)
    lamp = world.state.post(world.bot, "lamp lit")
    world.state.post(world.alice, "well done", replied=lamp)
    world.state.post(world.alice, "look", quoted=lamp)
    world.state.post(world.alice, "lamp lit", reposted=lamp)
    world.state.do("INSERT INTO likes VALUES (?, ?)", lamp, world.alice)
    async with world.adapter() as adapter:
        counted = await adapter.metrics(PostRef(id=str(lamp)))
    assert (counted.likes, counted.reposts, counted.replies, counted.quotes) == (1, 1, 1, 1)


@pytest.mark.asyncio
async def test_a_number_is_an_id_and_a_handle_is_one_with_its_sign(x_world: WorldOf) -> None:
    world = x_world()
    numeric = world.state.person("12345")
    async with world.adapter() as adapter:
        assert await adapter.person("12345") is None, "nobody has this id, whoever has it for a name"
        found = await adapter.person("@12345")
        assert found is not None
        assert found.id == str(numeric)
        for nobody in ("", "@", "a b", "../me", "x" * 40, "\u00e9"):
            assert await adapter.person(nobody) is None


@pytest.mark.asyncio
async def test_a_thread_ends_at_what_is_gone(x_world: WorldOf) -> None:
    world = x_world()
    root = world.state.post(world.alice, "root")
    middle = world.state.post(world.bot, "middle", replied=root)
    leaf = world.state.post(world.alice, "leaf", replied=middle)
    async with world.adapter() as adapter:
        thread = await adapter.thread(PostRef(id=str(leaf)))
        assert [(post.author.handle, post.text) for post in thread] == [("alice", "root"), ("lightbot", "middle")]
        world.state.delete(root)
        assert [post.text for post in await adapter.thread(PostRef(id=str(leaf)))] == ["middle"]


@pytest.mark.parametrize("dialect", ["tweet", "post"])
@pytest.mark.asyncio
async def test_posts_that_are_gone_are_named_and_nothing_else(x_world: WorldOf, dialect: str) -> None:
    world = x_world(dialect=dialect)
    there, gone = (world.state.post(world.alice, "@lightbot hello") for _ in range(2))
    world.state.delete(gone)
    async with world.adapter(look_for_deleted=True, prices={"post_read": 0.005}) as adapter:
        assert adapter.price_of_look() == 5_000
        assert await adapter.gone([str(there), str(gone), "dm/17"]) == {str(gone)}
        assert await adapter.gone(["dm/17"]) == frozenset()
    assert world.adapter().price_of_look() is None
