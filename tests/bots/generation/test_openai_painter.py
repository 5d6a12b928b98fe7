"""Pictures of a model, against a server on a free port that is as strict as the vendor's: requests, bounds, money."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from greenroom.clock import SystemClock
from greenroom.generation import (
    BudgetSpent,
    Canvas,
    EngineUnavailable,
    GenerationError,
    Refused,
    ShareSpent,
    Studio,
)
from greenroom.generation.openai_painter import LARGEST_ANSWER, OpenAIPainter
from greenroom.generation.prices import PICTURE_PRICES, picture_price_of
from greenroom.generation.reach import NO_PAID_CALLS, Reach
from greenroom.policy import Budget
from greenroom.settings import WithoutModel
from greenroom.storage import Cause, SqliteLedger
from greenroom.testing.models import Breaks, Endpoint, Fails, ModelServer, Sends
from greenroom_adapters.contract import Secret

MINI = PICTURE_PRICES["gpt-image-1-mini"]
Make = Callable[..., OpenAIPainter]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        yield running


@pytest_asyncio.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[SqliteLedger]:
    async with SqliteLedger(tmp_path / "a.db", bot="ada", clock=SystemClock()) as opened:
        yield opened


@pytest.fixture
def budget(ledger: SqliteLedger) -> Budget:
    return Budget(ledger, clock=SystemClock(), zone=UTC, limit=1_000_000, share=100_000)


@pytest_asyncio.fixture
async def make(server: ModelServer, budget: Budget) -> AsyncIterator[Make]:
    made: list[OpenAIPainter] = []

    def painter(reach: dict[str, Any] | None = None, **changed: Any) -> OpenAIPainter:
        reached: dict[str, Any] = {
            "model": "gpt-image-1-mini",
            "server": server.url,
            "key": Secret("sk-secret-key"),
            "environ": {},
        }
        values: dict[str, Any] = {
            "name": "openai/gpt-image-1-mini",
            "quality": "medium",
            "price": MINI,
            "purse": budget,
            "clock": SystemClock(),
        }
        made.append(OpenAIPainter(Reach(**reached | (reach or {})), **values | changed))
        return made[-1]

    yield painter
    for one in made:
        await one.aclose()


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(out, "PNG")
    return out.getvalue()


def size_of(content: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(content)) as picture:
        return picture.size


async def spent(budget: Budget) -> int:
    return await budget.spent()


async def failure(painter: OpenAIPainter, canvas: Canvas | None = None) -> GenerationError:
    with pytest.raises(GenerationError) as caught:
        await painter.paint(canvas or Canvas(prompt="the harbour at dawn"))
    assert "sk-secret" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(("shape", "size"), [("square", (1024, 1024)), ("wide", (1536, 1024)), ("tall", (1024, 1536))])
@pytest.mark.asyncio
async def test_a_picture_is_made_in_its_shape_and_paid_by_the_servers_count(
    server: ModelServer, make: Make, budget: Budget, shape: str, size: tuple[int, int]
) -> None:
    painted = await make().paint(Canvas(prompt="the harbour at dawn", shape=shape, turn="t"))
    assert size_of(painted.content) == size
    (asked,) = server.asked(Endpoint.IMAGES)
    assert asked["quality"] == "medium"
    assert "response_format" not in asked
    usage = server.exchanges[0].answer["usage"]
    assert painted.cost == MINI.of(usage["input_tokens"], usage["output_tokens"])
    assert await spent(budget) == painted.cost


@pytest.mark.asyncio
async def test_a_picture_that_is_changed_is_sent_with_what_is_to_become_of_it(server: ModelServer, make: Make) -> None:
    painted = await make().paint(Canvas(prompt="at dusk", original=png()))
    (asked,) = server.asked(Endpoint.EDITS)
    assert asked["prompt"] == "at dusk"
    assert asked["image"] == [png()]
    assert size_of(painted.content) == (1024, 1024)


@pytest.mark.asyncio
async def test_a_server_of_ones_own_is_asked_for_the_picture_itself_and_costs_what_its_owner_wrote(
    server: ModelServer, make: Make, budget: Budget
) -> None:
    own = make({"model": "dall-e-2", "key": None}, price=None)
    assert size_of((await own.paint(Canvas(prompt="a lamp"))).content) == (1024, 1024)
    assert server.asked(Endpoint.IMAGES)[0]["response_format"] == "b64_json"
    assert "quality" not in server.asked(Endpoint.IMAGES)[0]
    assert await spent(budget) == 0
    priced = make({"model": "dall-e-2"}, price=40_000)
    assert (await priced.paint(Canvas(prompt="a lamp", original=png()))).cost == 40_000
    assert await spent(budget) == 40_000


@pytest.mark.asyncio
async def test_the_dearest_picture_is_reserved_and_an_unknown_outcome_counts_as_spent(
    server: ModelServer, make: Make, budget: Budget
) -> None:
    server.will(Breaks(0.5), on=Endpoint.IMAGES)
    assert isinstance(await failure(make()), EngineUnavailable)
    dearest = MINI.dearest("the harbour at dawn", quality="medium", size="1024x1024", edits=False)
    assert await spent(budget) == dearest
    assert dearest >= MINI.of(5, 1056)


@pytest.mark.asyncio
async def test_what_was_turned_away_costs_nothing(server: ModelServer, make: Make, budget: Budget) -> None:
    server.will(Fails(400, code="moderation_blocked", message="quoting sk-secret-key"), Fails(429), on=Endpoint.IMAGES)
    assert isinstance(await failure(make()), Refused)
    assert isinstance(await failure(make()), EngineUnavailable)
    assert await spent(budget) == 0


@pytest.mark.asyncio
async def test_without_the_money_nothing_is_asked(server: ModelServer, make: Make, budget: Budget) -> None:
    budget.change(zone=UTC, limit=1000, share=1000)
    assert isinstance(await failure(make()), BudgetSpent)
    budget.change(zone=UTC, limit=1_000_000, share=0)
    asker = Cause(platform="stage", person="7")
    assert isinstance(await failure(make(), Canvas(prompt="x", cause=asker)), ShareSpent)
    assert server.exchanges == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b'{"created": 1}',
        b'{"created": 1, "data": []}',
        b'{"created": 1, "data": [{"url": "https://files.example/x.png"}]}',
        b'{"created": 1, "data": [{"b64_json": "%%%"}]}',
        b'{"created": 1, "data": [{"b64_json": 5}]}',
        b'{"created": 1, "data": "x"}',
        b"\xff\xfe",
    ],
)
@pytest.mark.asyncio
async def test_an_answer_that_makes_no_sense_is_told_as_such(server: ModelServer, make: Make, body: bytes) -> None:
    server.will(Sends(body), on=Endpoint.IMAGES)
    assert isinstance(await failure(make()), EngineUnavailable)


@pytest.mark.asyncio
async def test_an_answer_that_never_ends_is_not_read_to_its_end(server: ModelServer, make: Make) -> None:
    server.will(Sends(b" " * (LARGEST_ANSWER + 1)), on=Endpoint.IMAGES)
    assert "longer than any picture" in str(await failure(make()))


@pytest.mark.asyncio
async def test_what_a_stranger_writes_cannot_run_up_the_bill(server: ModelServer, make: Make) -> None:
    await make().paint(Canvas(prompt="x" * 50_000))
    assert len(server.asked(Endpoint.IMAGES)[0]["prompt"]) == 2000
    assert isinstance(await failure(make(), Canvas(prompt="  ")), Refused)


@pytest.mark.asyncio
async def test_a_slow_server_is_given_up(server: ModelServer, make: Make) -> None:
    server.gate.clear()
    assert "too long" in str(await failure(make(timeout=timedelta(seconds=0.3))))


@pytest.mark.asyncio
async def test_nothing_leaves_this_machine_while_paid_calls_are_off(make: Make) -> None:
    away = make({"server": "https://images.example/v1", "environ": {NO_PAID_CALLS: "1"}})
    assert "paid calls are switched off" in str(await failure(away))
    assert "no key" in str(await failure(make({"server": "https://images.example/v1", "key": None})))


# the order in which painters are asked


@pytest.mark.asyncio
async def test_the_next_is_asked_where_one_cannot(server: ModelServer, make: Make) -> None:
    server.will(Fails(500), on=Endpoint.IMAGES)
    studio = Studio([make(name="first"), make(name="second")], instead=WithoutModel.HOLD)
    painting = await studio.paint(Canvas(prompt="a lamp"))
    assert painting.painted is not None
    assert painting.painted.engine == "second"
    assert painting.notes == ("first: its server has trouble (status 500)",)


@pytest.mark.parametrize("instead", [WithoutModel.HOLD, WithoutModel.NONE])
@pytest.mark.asyncio
async def test_an_outage_is_waited_for_and_a_refusal_is_not(
    server: ModelServer, make: Make, instead: WithoutModel
) -> None:
    studio = Studio([make()], instead=instead)
    server.will(Fails(429, headers={"Retry-After": "7"}), Fails(400, code="moderation_blocked"), on=Endpoint.IMAGES)
    with pytest.raises(EngineUnavailable) as caught:
        await studio.paint(Canvas(prompt="a lamp"))
    assert caught.value.retry_after == timedelta(seconds=7)
    painting = await studio.paint(Canvas(prompt="a lamp"))
    assert (painting.painted, painting.instead) == (None, instead)


@pytest.mark.asyncio
async def test_where_a_card_is_drawn_instead_nothing_is_waited_for(server: ModelServer, make: Make) -> None:
    server.will(Fails(429), on=Endpoint.IMAGES)
    painting = await Studio([make()], instead=WithoutModel.CARD).paint(Canvas(prompt="a lamp"))
    assert (painting.painted, painting.instead) == (None, WithoutModel.CARD)


@pytest.mark.asyncio
async def test_a_studio_closes_when_its_last_picture_is_made(server: ModelServer, make: Make) -> None:
    studio = Studio([make()], instead=WithoutModel.HOLD)
    server.gate.clear()
    painting = asyncio.create_task(studio.paint(Canvas(prompt="a lamp")))
    await asyncio.wait_for(server.heard.wait(), 30)
    ending = asyncio.create_task(studio.finish())
    server.gate.set()
    assert (await painting).painted is not None
    await asyncio.wait_for(ending, 30)


def test_prices_are_those_of_pictures_and_an_edit_may_cost_more() -> None:
    assert picture_price_of("gpt-image-1-mini-2025-10-06") == MINI
    assert picture_price_of("gpt-image-9") is None
    values = [
        MINI.dearest("x", quality=quality, size="1024x1024", edits=False) for quality in ("low", "medium", "high")
    ]
    assert values == sorted(values)
    assert MINI.dearest("x", quality="low", size="1024x1024", edits=True) > values[0]
