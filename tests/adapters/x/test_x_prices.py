"""What X charges: for posts before they are tried, for reading afterwards."""

from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from x_world import XWorld

from greenroom_adapters.contract import (
    Attempt,
    ConfigurationError,
    Event,
    Kind,
    Post,
    PostRef,
    SupportsPrices,
)
from greenroom_adapters.x import XAdapter
from greenroom_adapters.x.charges import Charges
from greenroom_adapters.x.prices import Prices

WorldOf = Callable[..., XWorld]
ASKED = PostRef(id="17")


@pytest.mark.parametrize(
    ("post", "price"),
    [
        (Post(text="Lamp lit."), 15_000),
        (Post(text="Lamp lit: https://lamp.example/log"), 200_000),
        (Post(text="Lamp lit, see example.com."), 200_000),
        (Post(text="here", in_reply_to=ASKED), 10_000),
        (Post(text="here: example.com", in_reply_to=ASKED), 200_000),
        (Post(text="psst example.com", direct_to="7"), 15_000),
    ],
)
@pytest.mark.asyncio
async def test_what_a_post_costs_is_known_before_it_is_tried(x_world: WorldOf, post: Post, price: int) -> None:
    adapter = x_world(access="self_serve").adapter()
    assert isinstance(adapter, SupportsPrices)
    assert adapter.price_of(post) == price


@pytest.mark.asyncio
async def test_a_thread_goes_on_at_the_price_of_a_post(x_world: WorldOf) -> None:
    world = x_world(access="self_serve")
    async with world.adapter() as adapter:
        receipt = await adapter.publish(attempt(adapter, Post(text="one")))
        assert adapter.price_of(Post(text="two", in_reply_to=receipt.ref)) == 15_000


@pytest.mark.asyncio
async def test_an_enterprise_app_pays_by_contract_and_an_owner_by_what_he_writes(x_world: WorldOf) -> None:
    world = x_world(access="enterprise")
    assert world.adapter().price_of(Post(text="Lamp lit.")) == 0
    assert world.adapter(prices={"post": 0.1}).price_of(Post(text="Lamp lit.")) == 100_000
    assert world.adapter().price_of_hearing(Kind.DIRECT_MESSAGE) == 0
    for wrong in (-0.01, float("nan"), float("inf")):
        with pytest.raises(ConfigurationError, match="a price is a number of USD"):
            world.adapter(prices={"reply": wrong})


@pytest.mark.asyncio
async def test_what_is_read_is_charged_once_a_day(x_world: WorldOf) -> None:
    world = x_world(access="self_serve")
    async with world.adapter() as adapter:
        assert adapter.take_charges() == 1_000, "it has asked who it is"
        assert {kind: adapter.price_of_hearing(kind) for kind in (Kind.MENTION, Kind.DIRECT_MESSAGE, Kind.FOLLOW)} == {
            Kind.MENTION: 1_000,
            Kind.DIRECT_MESSAGE: 10_000,
            Kind.FOLLOW: 0,
        }
        after = await adapter.now()
        adapter.take_charges()
        world.state.post(world.alice, "@lightbot are you there?")
        world.state.message(world.alice, world.bot, "psst")
        seen: list[Event] = []
        async with aclosing(adapter.events(after=after)) as events:
            async for event in events:
                seen.append(event)
                if len(seen) == 2:
                    break
        assert adapter.take_charges() == 11_000
        assert len([event async for event in adapter.history(since=seen[0].occurred_at - timedelta(hours=1))]) == 2
        assert adapter.take_charges() == 0, "it was read today already"
        await adapter.repost(PostRef(id=str(world.state.post(world.alice, "a storm"))))
        assert adapter.take_charges() == 15_000
        assert await adapter.person("alice") is not None
        assert adapter.take_charges() == 10_000


def test_the_day_of_charges_ends_at_midnight_utc() -> None:
    hours = count()
    charges = Charges(
        Prices({}, is_charged=True), now=lambda: datetime(2026, 11, 30, 22, tzinfo=UTC) + timedelta(hours=next(hours))
    )
    for _ in range(4):  # 22, 23, 0 and 1 o'clock
        charges.read("post_read", ["1", "2"])
    assert charges.take() == 4 * 5_000
    assert charges.take() == 0


def attempt(adapter: XAdapter, post: Post) -> Attempt:
    now = datetime.now(UTC)
    prepared = adapter.prepare(post, key="k")

    async def save(state: bytes) -> None:
        pass

    return Attempt(post=post, key="k", prepared=prepared, number=1, first_tried_at=now, last_tried_at=now, save=save)
