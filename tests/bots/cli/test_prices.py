"""What models cost is an owner's own file, if he wants; and what OpenAI has billed stands beside the ledger's sum."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openai
import pytest
import pytest_asyncio
from openai_contract import contract_in
from typer.testing import CliRunner

from greenroom.app import Bot, Options
from greenroom.app.comparing_bills import ComparedBills, compare_bills
from greenroom.app.sources import read_sources
from greenroom.cli.bill import By, Period, bill_of, days_of
from greenroom.cli.bill_page import bill_page
from greenroom.cli.entry import app
from greenroom.generation import PRICES
from greenroom.settings import BotFile, Mistakes, ModelRef, PainterRef, Platforms, load_bot
from greenroom.storage import Cause, SqliteLedger
from greenroom.testing import ManualClock
from greenroom.testing.ledger import mention_turn
from greenroom.testing.models import ModelServer

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
CENT = 10_000


def bot_in(folder: Path, more: str) -> Path:
    path = folder / "bot.yaml"
    path.write_text(
        f"bot: ada\npersona: ada.yaml\naccounts: {{home: stage}}\ntimezone: UTC\nanswer: mentions\n{more}",
        encoding="utf-8",
    )
    (folder / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    return path


def load(folder: Path, more: str) -> BotFile:
    return load_bot(bot_in(folder, more), platforms=Platforms.installed())


def cost_of(file: BotFile, place: int = 0) -> tuple[int, int] | None:
    engine = file.engines.text[place]
    assert isinstance(engine, ModelRef)
    return None if engine.price is None else (engine.price.input.micros, engine.price.output.micros)


def test_the_written_list_is_greenrooms_own_and_can_be_named_as_it_is(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["prices", "--write", str(tmp_path / "prices.yaml")])
    assert done.exit_code == 0, done.output
    engines = ", ".join(f"openai/{name}" for name in PRICES)
    file = load(tmp_path, f"prices: prices.yaml\nengines: [{engines}]\n")
    assert [cost_of(file, place) for place in range(len(PRICES))] == [
        (one.input, one.output) for one in PRICES.values()
    ]
    again = CliRunner().invoke(app, ["prices", "--write", str(tmp_path / "prices.yaml")])
    assert again.exit_code != 0
    assert "--replace" in again.output


def test_the_file_goes_before_the_built_in_list_and_an_engines_own_price_before_both(tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text(
        "tokens:\n  gpt-5-mini: {input: 9 USD, output: 10 USD}\n  openai/new: {input: 1 USD, output: 2 USD}\n"
        "  hall/llama: {input: 3 USD, output: 4 USD}\npictures: {painter: 0.07 USD}\n",
        encoding="utf-8",
    )
    file = load(
        tmp_path,
        "prices: prices.yaml\nengines:\n  text: [openai/gpt-5-mini-2026-01-05, openai/new, "
        "{model: hall/llama, server: 'https://hall.example/v1'}, "
        "{model: openai/gpt-5-mini, price: {input: 1 USD, output: 1 USD}}, openai/gpt-5]\n"
        "  image: {model: painter, server: 'https://hall.example/v1'}\n",
    )
    million = 1_000_000
    assert [cost_of(file, place) for place in range(5)] == [
        (9 * million, 10 * million),
        (1 * million, 2 * million),
        (3 * million, 4 * million),
        (1 * million, 1 * million),
        None,
    ]
    painter = file.engines.image[0]
    assert isinstance(painter, PainterRef)
    assert painter.price is not None
    assert painter.price.micros == 70_000


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("tokens: {m: {input: 1 EUR, output: 1 USD}}", "other currencies than USD"),
        ("tokens: {m: {input: 1 USD}}", "output"),
        ("tokn: {}", "Did you mean `tokens`?"),
        ("pictures: {m: 3}", "has no currency"),
    ],
)
def test_a_mistake_in_it_is_told_with_its_place_in_that_file(tmp_path: Path, written: str, why: str) -> None:
    (tmp_path / "prices.yaml").write_text(written, encoding="utf-8")
    with pytest.raises(Mistakes, match=r"prices\.yaml:1:\d+") as raised:
        load(tmp_path, "prices: prices.yaml\n")
    assert why in str(raised.value)


@pytest.mark.asyncio
async def test_it_is_one_of_the_files_that_are_watched_and_kept(tmp_path: Path) -> None:
    list_ = tmp_path / "prices.yaml"
    list_.write_text("tokens: {gpt-5-mini: {input: 9 USD, output: 9 USD}}", encoding="utf-8")
    path = bot_in(tmp_path, "prices: prices.yaml\nengines: openai/gpt-5-mini\n")
    assert list_.absolute() in read_sources(path, platforms=Platforms.installed()).paths
    # a bot that runs, and whose list is spoilt afterwards, goes on with the last good one
    async with Bot.load(path, Options(environ={})):
        pass
    list_.write_text("tokens: {gpt-5-mini: nothing}", encoding="utf-8")
    bot = Bot.load(path, Options(environ={}))
    assert bot.refused is not None
    assert cost_of(bot.file) == (9_000_000, 9_000_000)


def test_the_command_says_what_engines_cost_and_by_which_list(tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text("tokens: {gpt-5-mini: {input: 9 USD, output: 10 USD}}", encoding="utf-8")
    path = bot_in(tmp_path, "prices: prices.yaml\nengines: [openai/gpt-5-mini, script]\n")
    told = CliRunner().invoke(app, ["prices", str(path)])
    assert told.exit_code == 0, told.output
    assert "prices.yaml" in told.output
    assert "openai/gpt-5-mini: a million tokens cost 9" in told.output
    as_json = json.loads(CliRunner().invoke(app, ["prices", str(path), "--json"]).output)
    assert as_json["file"].endswith("prices.yaml")
    assert len(as_json["engines"]) == 2


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        running.admin_key = "sk-admin-1"
        running.billed = {
            (datetime(2026, 11, day, tzinfo=UTC), project): dollars
            for day, project, dollars in (
                (1, "proj_a", 0.25),
                (2, "proj_a", 0.10),
                (24, "proj_a", 0.05),
                (2, "proj_b", 5.0),
            )
        }
        yield running


@pytest.mark.asyncio
async def test_what_the_server_of_the_tests_says_of_costs_is_within_the_contract(
    server: ModelServer, specs: Path
) -> None:
    client = openai.AsyncOpenAI(api_key="sk-x", admin_api_key="sk-admin-1", base_url=server.url, max_retries=0)
    first = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())
    usage = client.admin.organization.usage
    async with client:
        page = await usage.costs(start_time=first, limit=2)
        assert page.has_more
        assert [len(bucket.results) for bucket in page.data] == [1, 1]
        rest = await usage.costs(start_time=first, limit=180, page=page.next_page or "", project_ids=["proj_b"])
        assert not rest.has_more
        with pytest.raises(openai.BadRequestError):
            await usage.costs(start_time=first, limit=181)
        with pytest.raises(openai.PermissionDeniedError):
            await client.with_options(admin_api_key="sk-x").admin.organization.usage.costs(start_time=first)
    contract = contract_in(specs)
    for bill in server.bills:
        contract.judge("UsageResponse", bill)


async def spent(ledger: SqliteLedger) -> None:
    turn = mention_turn(1, at=NOON)
    ledger.receive(turn)
    await ledger.committed()
    for model, cents in (("gpt-5-mini", 30), ("gpt-4o-mini", 10), ("llama", 99), ("reading on home", 50)):
        cause = Cause(account="home", seq=turn.seq, platform="stage", person="u1")
        await ledger.settle(await ledger.reserve(at=NOON, turn="t", model=model, micros=1, cause=cause), cents * CENT)


def usage(server: ModelServer, more: str = "") -> str:
    return (
        "engines:\n  text: [openai/gpt-5-mini, {model: llama, server: 'http://127.0.0.1:9/v1'}]\n"
        f"  usage: {{key: {{env: ADMIN}}, server: '{server.url}'{more}}}\n"
    )


async def compared(folder: Path, more: str, key: str | None = "sk-admin-1") -> ComparedBills | str | None:
    file = load(folder, more)
    clock = ManualClock(NOON)
    async with SqliteLedger(file.home, bot="ada", clock=clock) as ledger:
        await spent(ledger)
        environ = {} if key is None else {"ADMIN": key}
        return await compare_bills(file, ledger, since=NOON.replace(day=1), now=NOON, environ=environ, warn=print)


@pytest.mark.asyncio
async def test_openais_figures_stand_beside_what_the_ledger_has_for_its_models_alone(
    tmp_path: Path, server: ModelServer
) -> None:
    both = await compared(tmp_path, usage(server, ", project: proj_a"))
    assert both == ComparedBills(since=datetime(2026, 11, 1, tzinfo=UTC), ledger=40 * CENT, billed=40 * CENT)
    assert both.difference == 0


@pytest.mark.asyncio
async def test_without_a_project_it_is_the_organizations_whole_bill_and_the_difference_is_told(
    tmp_path: Path, server: ModelServer
) -> None:
    both = await compared(tmp_path, usage(server))
    assert isinstance(both, ComparedBills)
    assert both.difference == -500 * CENT


@pytest.mark.asyncio
async def test_why_it_cannot_be_read_is_told_and_never_the_key(tmp_path: Path, server: ModelServer) -> None:
    found = [
        await compared(tmp_path, usage(server), key="sk-proj-of-models"),
        await compared(tmp_path, usage(server), key=None),
    ]
    await server.__aexit__(None, None, None)
    found.append(await compared(tmp_path, usage(server)))
    for said, why in zip(found, ("an admin key", "ADMIN", "cannot be reached"), strict=True):
        assert why in str(said)
    assert not any("sk-" in str(one) for one in found)
    assert await compared(tmp_path, "engines: openai/gpt-5-mini\n") is None, "nobody asks"


def test_the_command_writes_both_sums_and_a_page_with_a_bar_for_each_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def filled() -> None:
        async with SqliteLedger(file.home, bot="ada", clock=ManualClock(datetime.now(UTC))) as ledger:
            for model in ("gpt-5-mini", "<script>alert(1)</script>"):
                await ledger.settle(
                    await ledger.reserve(at=datetime.now(UTC), turn="t", model=model, micros=1), 3 * CENT
                )

    async def told(*arguments: str) -> Any:
        async with ModelServer() as server:
            server.admin_key = "sk-admin-1"
            server.billed = {(datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0), "p"): 0.01}
            bot_in(tmp_path, usage(server))
            return await asyncio.to_thread(CliRunner().invoke, app, ["spend", str(file.file), *arguments])

    file = load(tmp_path, "engines: openai/gpt-5-mini\n")
    asyncio.run(filled())
    monkeypatch.setenv("ADMIN", "sk-admin-1")
    page = tmp_path / "bill.html"
    done = asyncio.run(told("--day", "--by", "model", "--html", str(page)))
    assert done.exit_code == 0, done.output
    assert "OpenAI has billed 0.01 USD" in done.output
    assert "0.02 USD more" in done.output
    assert page.stat().st_mode & 0o077 == 0
    text = page.read_text(encoding="utf-8")
    assert "<script>" not in text
    assert "http" not in text.replace("http-equiv", "")
    drawn = text[text.index('<svg viewBox="0 0 7') : text.index("</svg>") + 6]
    assert len(ElementTree.fromstring(drawn).findall("rect")) == 2  # noqa: S314 - our own page
    again = asyncio.run(told("--html", str(page)))
    assert again.exit_code != 0
    assert "--replace" in again.output
    as_json = json.loads(asyncio.run(told("--day", "--json")).output)
    assert as_json["provider"]["difference_micros"] == 2 * CENT


@pytest.mark.asyncio
async def test_the_bars_of_a_page_are_as_high_as_their_days_were_dear(tmp_path: Path) -> None:
    file = load(tmp_path, "limits: {spend: 0.50 USD/day}\n")
    async with SqliteLedger(file.home, bot="ada", clock=ManualClock(NOON)) as ledger:
        for days, cents in ((0, 10), (1, 20), (2, 40)):
            id = await ledger.reserve(at=NOON - timedelta(days=days), turn="t", model="m", micros=1)
            await ledger.settle(id, cents * CENT)
        bill = await bill_of(file, ledger, period=Period.WEEK, by=By.MODEL, now=NOON)
        days_ = await days_of(file, ledger, bill, by=By.MODEL)
    assert [sum(day.micros.values()) for day in days_] == [0, 0, 0, 0, 40 * CENT, 20 * CENT, 10 * CENT]
    text = bill_page(file, replace(bill), days_, by="model")
    drawn = text[text.index('<svg viewBox="0 0 7') : text.index("</svg>") + 6]
    heights = [float(one.attrib["height"]) for one in ElementTree.fromstring(drawn).findall("rect")]  # noqa: S314 - as above
    assert [round(height / heights[-1], 1) for height in heights] == [4, 2, 1]
