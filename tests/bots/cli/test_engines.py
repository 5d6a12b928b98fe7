"""`greenroom check` asks every engine for a word, and tells apart what stands in its way."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from greenroom.cli.engines import engines_that_fail
from greenroom.settings import BotFile, load_bot
from greenroom.testing.models import Endpoint, Fails, ModelServer, Order, Sends

FILE = """\
bot: ada
persona: ada.yaml
accounts: {{home: stage}}
answer: mentions
engines:
  text: [{{model: {model}, server: "{server}", key: {{env: THE_KEY}}}}{more}]
  image: [{{model: painter, server: "{server}", key: {{env: THE_KEY}}}}, card]
"""


@pytest_asyncio.fixture
async def models() -> AsyncIterator[ModelServer]:
    async with ModelServer(key="right", models=("gpt-5-mini", "gpt-5", "painter")) as server:
        yield server


@pytest.fixture
def bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., BotFile]:
    """Write a bot with one model: `bot(server, model=…, key=…)`."""

    def write(
        server: str, *, model: str = "gpt-5-mini", key: str = "right", more: str = "", judge: str | None = None
    ) -> BotFile:
        monkeypatch.setenv("THE_KEY", key)
        (tmp_path / "ada.yaml").write_text("persona: Ada\nwho: keeps the lamp\n", encoding="utf-8")
        path = tmp_path / "bot.yaml"
        text = FILE.format(server=server, model=model, more=more)
        text += "" if judge is None else JUDGE.format(judge=judge, server=server)
        path.write_text(text, encoding="utf-8")
        return load_bot(path)

    return write


@pytest.mark.asyncio
async def test_an_engine_that_answers_is_asked_once_for_very_little(
    models: ModelServer, bot: Callable[..., BotFile]
) -> None:
    assert await engines_that_fail(bot(models.url)) == ([], False)
    (asked,) = models.asked()
    assert asked["max_completion_tokens"] == 16
    assert len(models.exchanges) == 1, "no picture is paid for"


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (Fails(429, code="insufficient_quota"), "there is no money at the provider: top up the account there"),
        (Fails(401, code="invalid_api_key"), "put a valid one into the environment variable THE_KEY"),
        (Fails(403, code="model_not_allowed"), "no model `gpt-5-mini` for this key"),
        (Fails(404, code="model_not_found"), "no model `gpt-5-mini` for this key"),
        (Sends(b"<html>", status=404), "its server has no such address"),
        (Fails(503), "its server has trouble (status 503)"),
    ],
)
@pytest.mark.asyncio
async def test_what_stands_in_the_way_is_told_apart(
    models: ModelServer, bot: Callable[..., BotFile], order: Order, told: str
) -> None:
    models.will(order)
    (failing,), is_mute = await engines_that_fail(bot(models.url))
    assert failing.startswith("engine gpt-5-mini: ")
    assert told in failing
    assert is_mute, "no other engine speaks"


@pytest.mark.asyncio
async def test_the_nearest_model_is_named(models: ModelServer, bot: Callable[..., BotFile]) -> None:
    failing, _ = await engines_that_fail(bot(models.url, model="gpt-5-mni"))
    assert failing == ["engine gpt-5-mni: its server has no model `gpt-5-mni` for this key: did you mean `gpt-5-mini`?"]
    failing, _ = await engines_that_fail(bot(models.url, model="zebra"))
    assert failing == ["engine zebra: its server has no model `zebra` for this key: it has gpt-5, gpt-5-mini, painter"]


JUDGE = """
  moderation: {{model: {judge}, server: "{server}", key: {{env: THE_KEY}}}}
"""


@pytest.mark.asyncio
async def test_who_judges_is_asked_once_as_well(models: ModelServer, bot: Callable[..., BotFile]) -> None:
    assert await engines_that_fail(bot(models.url, judge="gpt-5")) == ([], False)
    judged = [one for one in models.exchanges if one.endpoint is Endpoint.MODERATIONS]
    assert len(judged) == 1
    failing, _ = await engines_that_fail(bot(models.url, judge="gpt-5", key="a-wrong-key"))
    (told,) = [one for one in failing if one.startswith("moderation gpt-5: ")]
    assert "put a valid one into the environment variable THE_KEY" in told


@pytest.mark.asyncio
async def test_the_nearest_model_that_judges_is_named(models: ModelServer, bot: Callable[..., BotFile]) -> None:
    failing, is_mute = await engines_that_fail(bot(models.url, judge="gpt-5-mni"))
    assert failing == [
        "moderation gpt-5-mni: its server has no model `gpt-5-mni` for this key: did you mean `gpt-5-mini`?"
    ]
    assert not is_mute, "it speaks, and what nobody can judge is held"


@pytest.mark.asyncio
async def test_a_key_that_nobody_knows_is_never_shown(models: ModelServer, bot: Callable[..., BotFile]) -> None:
    failing, _ = await engines_that_fail(bot(models.url, key="a-wrong-key"))
    assert len(failing) == 2, "of words, and of pictures"
    assert all("the key is unknown to the provider" in one for one in failing)
    assert "a-wrong-key" not in str(failing)


@pytest.mark.asyncio
async def test_a_server_that_does_not_run_is_told_and_the_script_speaks(bot: Callable[..., BotFile]) -> None:
    failing, is_mute = await engines_that_fail(bot("http://127.0.0.1:9/v1", more=", script"))
    assert "its server http://127.0.0.1:9/v1 cannot be reached: does it run" in failing[0]
    assert not is_mute


def test_offline_a_missing_secret_of_an_account_is_named(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_bot()
    social = '  social: {platform: mastodon, server: "https://mastodon.example", token: {env: SOCIAL_TOKEN}}\nanswer:'
    path.write_text(path.read_text(encoding="utf-8").replace("answer:", social, 1), encoding="utf-8")
    monkeypatch.delenv("SOCIAL_TOKEN", raising=False)
    said = greenroom("check", "--offline")
    assert said.code == 0
    assert "account `social` needs a secret from the environment variable SOCIAL_TOKEN" in said.out
    monkeypatch.setenv("SOCIAL_TOKEN", "a token")
    assert "SOCIAL_TOKEN" not in greenroom("check", "--offline").out
