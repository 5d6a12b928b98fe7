"""The model engine against a server on a free port that speaks the vendor's wire; its contract judges both sides."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from openai_contract import contract_in

from greenroom.clock import Clock, to_micros
from greenroom.generation import (
    Brief,
    BudgetSpent,
    EngineUnavailable,
    GenerationError,
    Line,
    Overlong,
    Price,
    Refused,
    ShareSpent,
)
from greenroom.generation.openai_engine import OpenAIEngine
from greenroom.generation.reach import Reach, is_loopback
from greenroom.personas.persona import Persona
from greenroom.policy.budget import Budget
from greenroom.storage import NOBODYS, Cause
from greenroom.testing.clock import ManualClock
from greenroom.testing.models import Breaks, Calls, CutsOff, Fails, Filters, ModelServer, Order, Refuses, Says, Sends
from greenroom_adapters.contract import Author, Secret, Surface, TextLimit

SAFE = Says("Ask the harbour office.", usage=(100, 20))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 24, 12, tzinfo=UTC))


@pytest_asyncio.fixture
async def server(specs: Path) -> AsyncIterator[ModelServer]:
    """The server, running; afterwards every request and answer must have been within the contract."""
    async with ModelServer() as server:
        server.always(SAFE)
        yield server
        contract_in(specs).judge_all(server.exchanges)


def fails(server: ModelServer, status: int, *, code: str | None = None, **headers: str) -> None:
    """Let the server answer with an error of the protocol from now on."""
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    server.always(Fails(status, code=code, message="quoting sk-secret-key", headers=spelled))


class SqliteSpend:
    """The ledger's port for money, on SQLite."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.execute("create table spend (id integer primary key, at, turn, model, micros, settled)")

    def close(self) -> None:
        self.connection.close()

    async def spent_since(self, moment: datetime) -> int:
        sums = self.connection.execute("select coalesce(sum(micros), 0) from spend where at >= ?", [to_micros(moment)])
        return int(sums.fetchone()[0])

    async def spent_by(self, platform: str, person: str, *, since: datetime) -> int:
        return await self.spent_since(since)

    async def reserve(self, *, at: datetime, turn: str, model: str, micros: int, cause: Cause = NOBODYS) -> int:
        cursor = self.connection.execute(
            "insert into spend (at, turn, model, micros, settled) values (?, ?, ?, ?, 0) returning id",
            [to_micros(at), turn, model, micros],
        )
        return int(cursor.fetchone()[0])

    async def settle(self, id: int, micros: int) -> None:
        self.connection.execute("update spend set micros = ?, settled = 1 where id = ?", [micros, id])

    def rows(self) -> list[tuple[str, str, int, int]]:
        return list(self.connection.execute("select turn, model, micros, settled from spend order by id"))


@pytest.fixture
def spend() -> Iterator[SqliteSpend]:
    with closing(SqliteSpend()) as opened:
        yield opened


@pytest.fixture
def budget(spend: SqliteSpend, clock: ManualClock) -> Budget:
    return Budget(spend, clock=clock, zone=UTC)


PRICE = Price(input=250_000, output=2_000_000)
ADA = Persona(persona="Ada", who="keeps the lighthouse")


def brief(**changed: Any) -> Brief:
    values: dict[str, Any] = {
        "persona": ADA,
        "surface": Surface.REPLY,
        "limits": (TextLimit(length=500),),
        "seed": "mention:1",
        "turn": "mention:1",
        "said": "Is it safe to go out?",
        "author": Author(id="7", handle="bo"),
        "platform": "stage",
    }
    return Brief(**values | changed)


@dataclass(kw_only=True)
class Workshop:
    """Makes engines that talk to the server, and closes them."""

    url: str
    budget: Budget
    clock: Clock
    made: list[OpenAIEngine] = field(default_factory=list[OpenAIEngine])

    def __call__(self, reach: dict[str, Any] | None = None, **changed: Any) -> OpenAIEngine:
        reached: dict[str, Any] = {"model": "gpt-5-mini", "server": self.url, "key": Secret("sk-secret-key")}
        values: dict[str, Any] = {
            "name": "openai/gpt-5-mini",
            "price": PRICE,
            "purse": self.budget,
            "clock": self.clock,
        }
        engine = OpenAIEngine(Reach(**reached | (reach or {})), **values | changed)
        self.made.append(engine)
        return engine


@pytest_asyncio.fixture
async def make(server: ModelServer, budget: Budget, clock: ManualClock) -> AsyncIterator[Workshop]:
    workshop = Workshop(url=server.url, budget=budget, clock=clock)
    yield workshop
    for engine in workshop.made:
        await engine.aclose()
        await engine.aclose()


async def failure(engine: OpenAIEngine, asked: Brief | None = None) -> GenerationError:
    with pytest.raises(GenerationError) as caught:
        await engine.generate(asked or brief())
    assert "sk-secret" not in str(caught.value)
    return caught.value


async def unavailable(engine: OpenAIEngine) -> EngineUnavailable:
    error = await failure(engine)
    assert isinstance(error, EngineUnavailable)
    return error


# The request


@pytest.mark.asyncio
async def test_one_brief_is_one_request_with_the_key_the_model_and_a_bound(server: ModelServer, make: Workshop) -> None:
    generated = await make(most_tokens=700).generate(brief())
    assert generated.text == "Ask the harbour office."
    assert (generated.engine, generated.model) == ("openai/gpt-5-mini", "gpt-5-mini")
    (asked,) = server.asked()
    assert server.exchanges[0].authorization == "Bearer sk-secret-key"
    assert asked["model"] == "gpt-5-mini"
    assert asked["max_completion_tokens"] == 700
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]
    assert set(asked) == {"model", "messages", "max_completion_tokens"}


@pytest.mark.asyncio
async def test_the_persona_and_what_was_said_reach_the_model_and_the_key_does_not(
    server: ModelServer, make: Workshop
) -> None:
    async def history() -> tuple[Line, ...]:
        return (Line(author=None, text="Lamp lit at 18:02."),)

    await make().generate(brief(history=history))
    system, user = (message["content"] for message in server.asked()[0]["messages"])
    assert "You are Ada. keeps the lighthouse" in system
    assert "Is it safe to go out?" in user
    assert "Lamp lit at 18:02." in user
    assert "sk-secret" not in system + user


@pytest.mark.asyncio
async def test_a_local_server_needs_no_key_and_no_money(
    server: ModelServer, make: Workshop, spend: SqliteSpend
) -> None:
    generated = await make({"key": None}, price=None).generate(brief())
    assert generated.cost == 0
    assert spend.rows() == []
    assert server.exchanges[0].authorization == "Bearer none"


# Money


@pytest.mark.asyncio
async def test_what_the_call_cost_is_settled_by_the_servers_count(make: Workshop, spend: SqliteSpend) -> None:
    generated = await make().generate(brief())
    # 100 tokens read at 0.25 and 20 written at 2 USD for a million: 25 + 40 millionths
    assert generated.cost == 65
    assert spend.rows() == [("mention:1", "gpt-5-mini", 65, 1)]


@pytest.mark.asyncio
async def test_the_dearest_possible_call_is_reserved_before_the_first_byte(
    server: ModelServer, make: Workshop, spend: SqliteSpend
) -> None:
    server.will(Says("late", wait=30))
    task = asyncio.create_task(make(most_tokens=1000).generate(brief()))
    async with asyncio.timeout(10):
        await server.heard.wait()
    texts = [message["content"] for message in server.asked()[0]["messages"]]
    prompt_tokens = sum(len(text.encode()) + 16 for text in texts)
    ((turn, model, micros, settled),) = spend.rows()
    assert (turn, model, settled) == ("mention:1", "gpt-5-mini", 0)
    assert micros == PRICE.of(prompt_tokens=prompt_tokens, completion_tokens=1000)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # Nobody knows what the cancelled call cost: it counts in full.
    assert spend.rows() == [("mention:1", "gpt-5-mini", micros, 0)]


@pytest.mark.asyncio
async def test_without_enough_money_nothing_is_asked(
    server: ModelServer, make: Workshop, spend: SqliteSpend, clock: ManualClock
) -> None:
    poor = Budget(spend, clock=clock, zone=UTC, limit=100)
    error = await failure(make(purse=poor))
    assert isinstance(error, BudgetSpent)
    assert "do not fit into what is left" in str(error)
    assert server.asked() == []


@pytest.mark.asyncio
async def test_over_the_share_of_its_asker_nothing_is_asked_and_it_says_whose_money_it_is(
    server: ModelServer, make: Workshop, spend: SqliteSpend, clock: ManualClock
) -> None:
    purse = Budget(spend, clock=clock, zone=UTC, share=0)
    error = await failure(make(purse=purse), brief(cause=Cause(platform="stage", person="u1")))
    assert isinstance(error, ShareSpent)
    assert "what one person may cost on a day" in str(error)
    assert server.asked() == []


@pytest.mark.asyncio
async def test_an_answer_without_a_count_costs_what_was_reserved(
    server: ModelServer, make: Workshop, spend: SqliteSpend
) -> None:
    server.will(Says("Ask the harbour office.", usage=None))
    generated = await make().generate(brief())
    assert spend.rows() == [("mention:1", "gpt-5-mini", generated.cost, 0)]
    assert generated.cost > 65


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 503])
async def test_a_call_that_was_turned_away_costs_nothing(
    server: ModelServer, make: Workshop, spend: SqliteSpend, status: int
) -> None:
    fails(server, status)
    await failure(make())
    assert spend.rows() == [("mention:1", "gpt-5-mini", 0, 1)]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "bad",
    [
        Fails(500, type="server_error"),
        Breaks(),
        Breaks(0.5),
        Says("late", wait=30),
        Sends(b"<html>gateway</html>"),
    ],
    ids=["500", "cut", "cut in the middle", "slow", "nonsense"],
)
async def test_a_call_with_an_unknown_outcome_counts_as_spent(
    server: ModelServer, make: Workshop, spend: SqliteSpend, bad: Order
) -> None:
    server.will(bad)
    await failure(make(timeout=timedelta(seconds=0.3)))
    ((_, _, micros, settled),) = spend.rows()
    assert micros > 0
    assert settled == 0


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "order",
    [
        Filters("I will not.", usage=(100, 20)),
        Refuses("no", usage=(100, 20)),
        CutsOff(usage=(100, 20)),
        Calls(("tide", {}), usage=(100, 20)),
    ],
    ids=["filter", "refusal", "length", "a call that nobody offered"],
)
async def test_an_answer_that_cannot_be_used_is_paid_all_the_same(
    server: ModelServer, make: Workshop, spend: SqliteSpend, order: Order
) -> None:
    server.will(order)
    await failure(make())
    assert spend.rows() == [("mention:1", "gpt-5-mini", 65, 1)]


@pytest.mark.asyncio
async def test_nothing_that_leaves_this_machine_is_called_while_paid_calls_are_off(make: Workshop) -> None:
    # The suite sets the variable; the address below is reserved and would not answer anyway.
    error = await unavailable(make({"server": "https://api.openai.example/v1"}))
    assert str(error) == "paid calls are switched off"
    assert error.permanent


@pytest.mark.asyncio
async def test_an_engine_without_a_key_says_so_and_asks_nobody(make: Workshop) -> None:
    error = await unavailable(make({"server": "https://api.openai.example/v1", "key": None, "environ": {}}))
    assert error.permanent
    assert str(error).startswith("it has no key: set OPENAI_API_KEY")


# Failures


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "invalid_api_key", "the key is unknown to the provider"),
        (403, "model_not_allowed", "the key has no access to gpt-5-mini"),
        (404, "model_not_found", "its server does not know the model gpt-5-mini"),
        (429, "insufficient_quota", "there is no money at the provider: top up the account there"),
        (402, None, "there is no money at the provider: top up the account there"),
        (400, "unsupported_parameter", "its server does not take our request (status 400)"),
        (422, None, "its server does not take our request (status 422)"),
    ],
)
async def test_what_a_person_must_mend_is_told_apart(
    server: ModelServer, make: Workshop, status: int, code: str | None, words: str
) -> None:
    fails(server, status, code=code)
    error = await unavailable(make())
    assert str(error) == words
    assert error.permanent
    assert error.retry_after is None


@pytest.mark.asyncio
async def test_an_address_that_is_no_model_server_is_told_apart_from_an_unknown_model(
    server: ModelServer, make: Workshop
) -> None:
    error = await unavailable(make({"server": server.url.removesuffix("/v1")}))
    assert str(error) == "its server has no such address"
    assert error.permanent


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"retry_after": "7"}, timedelta(seconds=7)),
        ({"retry_after": "900"}, timedelta(minutes=15)),
        ({"retry_after": "0.5"}, timedelta(milliseconds=500)),
        ({"retry_after_ms": "250", "retry_after": "1"}, timedelta(milliseconds=250)),
        ({"retry_after": "Tue, 24 Nov 2026 12:02:00 GMT"}, timedelta(minutes=2)),
        ({"retry_after": "Tue, 24 Nov 2026 11:00:00 GMT"}, timedelta(0)),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "99999999999999999"}, None),
        ({"retry_after": "999999999"}, timedelta(days=1)),
        ({"retry_after_ms": "nan"}, None),
    ],
)
async def test_a_rate_limit_says_how_long_to_wait(
    server: ModelServer, make: Workshop, headers: dict[str, str], wait: timedelta | None
) -> None:
    fails(server, 429, code="rate_limit_exceeded", **headers)
    error = await unavailable(make())
    assert not error.permanent
    assert error.retry_after == wait
    assert len(server.asked()) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 529])
async def test_trouble_of_the_server_is_a_reason_to_come_back(server: ModelServer, make: Workshop, status: int) -> None:
    fails(server, status)
    error = await unavailable(make())
    assert not error.permanent
    assert str(status) in str(error)
    assert len(server.asked()) == 1


@pytest.mark.asyncio
async def test_a_slow_server_is_given_up_at_the_deadline(server: ModelServer, make: Workshop) -> None:
    server.will(Says("late", wait=30))
    error = await unavailable(make(timeout=timedelta(seconds=0.2)))
    assert str(error) == "it took too long"
    assert not error.permanent


@pytest.mark.asyncio
@pytest.mark.parametrize("at", [0.0, 0.3, 0.9])
async def test_a_cut_connection_is_a_reason_to_come_back(server: ModelServer, make: Workshop, at: float) -> None:
    server.will(Breaks(at))
    error = await unavailable(make())
    assert str(error) == "the connection was cut"
    assert not error.permanent


@pytest.mark.asyncio
async def test_a_server_that_is_not_there_costs_nothing(make: Workshop, spend: SqliteSpend) -> None:
    # A port that was free a moment ago and that nobody listens on.
    probe = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = probe.sockets[0].getsockname()[1]
    probe.close()
    await probe.wait_closed()
    error = await unavailable(make({"server": f"http://127.0.0.1:{port}/v1"}))
    assert str(error) == "its server cannot be reached"
    assert not error.permanent
    assert spend.rows() == [("mention:1", "gpt-5-mini", 0, 1)]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"hello",
        b"[]",
        b"null",
        b'{"choices": 3}',
        b'{"choices": []}',
        b'{"choices": [{}]}',
        b'{"choices": [{"message": {"content": ["a"]}}]}',
        b'{"choices": [{"message": {"content": "a"}, "finish_reason": "tool_calls"}]}',
        b"\xff\xfe",
        b'{"choices": [{"message": {"content": "\xff"}}]}',
    ],
)
async def test_nonsense_is_a_reason_to_come_back(server: ModelServer, make: Workshop, raw: bytes) -> None:
    server.will(Sends(raw, headers={"Content-Type": "application/json"}))
    error = await unavailable(make())
    assert not error.permanent


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Refuses(), Refused),
        (Filters(), Refused),
        (Filters(None), Refused),
        (CutsOff(), Overlong),
        (CutsOff(None), Overlong),
        (Says(""), Refused),
        (Says(" \n"), Refused),
        (Sends(b'{"choices": [{"message": {"content": null}, "finish_reason": "stop"}]}'), Refused),
        (Says("<think>on and on"), Overlong),
    ],
)
async def test_refusing_and_being_cut_off_are_told_apart(
    server: ModelServer, make: Workshop, order: Order, expected: type[GenerationError]
) -> None:
    server.will(order)
    assert type(await failure(make())) is expected


@pytest.mark.asyncio
@pytest.mark.parametrize("code", ["content_filter", "content_policy_violation", "context_length_exceeded"])
async def test_a_brief_that_the_provider_turns_down_is_refused(server: ModelServer, make: Workshop, code: str) -> None:
    fails(server, 400, code=code)
    assert isinstance(await failure(make()), Refused)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("  Wind west.\n", "Wind west."),
        ('"Wind west."', "Wind west."),
        ("“Wind west.”", "Wind west."),
        ('"Wind" is what I call "west"', '"Wind" is what I call "west"'),
        ("<think>\nThey ask about wind.\n</think>\n\nWind west.", "Wind west."),
        ('"', '"'),
    ],
)
async def test_only_the_text_that_is_meant_is_taken(
    server: ModelServer, make: Workshop, content: str, text: str
) -> None:
    server.will(Says(content))
    assert (await make().generate(brief())).text == text


# Many at once


@pytest.mark.asyncio
async def test_calls_beyond_the_bound_wait_their_turn_and_reserve_nothing_yet(
    server: ModelServer, make: Workshop, spend: SqliteSpend
) -> None:
    server.always(Says("Wind.", wait=0.02, usage=(100, 20)))
    engine = make(at_once=3)
    texts = await asyncio.gather(*(engine.generate(brief(turn=f"t{n}")) for n in range(12)))
    assert len(texts) == 12
    assert server.most_at_work <= 3
    assert sum(micros for _, _, micros, _ in spend.rows()) == 12 * 65


@pytest.mark.asyncio
async def test_a_closed_engine_asks_nobody(server: ModelServer, make: Workshop) -> None:
    engine = make()
    async with aclosing(engine):
        await engine.generate(brief())
    with pytest.raises(RuntimeError, match="closed"):
        await engine.generate(brief())
    assert len(server.asked()) == 1


@pytest.mark.parametrize(
    ("server", "local"),
    [
        ("http://localhost:11434/v1", True),
        ("http://LOCALHOST./v1", True),
        ("http://127.0.0.1:1/v1", True),
        ("http://127.8.8.8/v1", True),
        ("http://[::1]:8080/v1", True),
        ("http://models.localhost/v1", True),
        ("https://api.openai.com/v1", False),
        ("http://localhost.example.org/v1", False),
        ("http://127.0.0.1.example.org/v1", False),
        ("http://127.0.0.1@example.org/v1", False),
        ("http://192.168.1.5:11434/v1", False),
        ("http://0.0.0.0/v1", False),
        ("nonsense", False),
    ],
)
def test_only_an_address_of_this_machine_is_local(server: str, local: bool) -> None:
    assert is_loopback(server) is local
