"""The schemas that editors use: current, true to the loader, and helpful."""

import importlib
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from greenroom.personas import Persona, load_persona
from greenroom.settings import Mistakes, Platforms, load_bot
from greenroom.settings.document import parse
from greenroom.settings.names import NOT_YET
from greenroom.settings.schema import bot_schema, field_docs, model_schema, schema_text
from greenroom_adapters.contract import Adapter

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / "config"
BOTS = sorted((CONFIG / "bots").glob("*.yaml"))
PERSONAS = sorted(path for path in (CONFIG / "personas").glob("*.yaml") if not path.name.endswith(".script.yaml"))

HEAD = "bot: ada\npersona: ada.yaml\naccounts: {home: harbour}\n"


def shipped() -> Platforms:
    """Return the platforms that this distribution brings along, also when it is not installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    def loader(target: str) -> Callable[[], type[Adapter]]:
        module, _, name = target.partition(":")
        return lambda: getattr(importlib.import_module(module), name)

    return Platforms({name: loader(target) for name, target in project["entry-points"]["greenroom.adapters"].items()})


@pytest.mark.parametrize(
    ("name", "make"),
    [("bot", lambda: bot_schema(shipped())), ("persona", lambda: model_schema(Persona))],
)
def test_the_schema_in_config_is_the_one_of_the_models(name: str, make: Callable[[], dict[str, Any]]) -> None:
    assert (CONFIG / "schema" / f"{name}.schema.json").read_text(encoding="utf-8") == schema_text(make())


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((CONFIG / "schema" / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("path", BOTS, ids=lambda path: path.name)
def test_every_bot_in_config_loads_and_fits_its_schema(path: Path) -> None:
    validator("bot").validate(parse(path.read_bytes(), path=path))
    assert load_bot(path, platforms=shipped()).bot == path.stem
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=../schema/bot.schema.json\n")


@pytest.mark.parametrize("path", PERSONAS, ids=lambda path: path.name)
def test_every_persona_in_config_loads_and_fits_its_schema(path: Path) -> None:
    validator("persona").validate(parse(path.read_bytes(), path=path))
    assert load_persona(path).persona
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=../schema/persona.schema.json"


BELOW_THE_HEAD = [
    ("answer: mentions", True),
    ("answer: [mentions, {to: [replies], within: 2h, chance: 8%, in: home}]", True),
    ("answer: mentoins", False),
    ("answer: {to: mentions, within: 10}", False),
    ("answer: {to: mentions, within: 10m}", False),
    ("answer: {to: mentions, chance: 0.5}", False),
    ("post: {every: 6 hours}", True),
    ("post: [{name: a, at: [08:00, 2026-12-24 18:00], days: mon-fri}, {name: b, cron: 0 8 * * *}]", True),
    ("post: {at: '24:00'}", False),
    ("post: {at: 08:00, jitter: 1 minute}", False),
    ("post: {at: 08:00, picture: {file: lights.jpg, alt: Lamps}}", True),
    ("post: {at: 08:00, picture: {card: {show: line, rows: {a: 1, b: 2.5}}, shape: wide}}", True),
    ("post: {at: 08:00, picture: {card: bar}}", False),
    ("post: {at: 08:00, picture: {card: {show: line, rows: {a: b}}}}", False),
    ("engines: script", True),
    ("engines: [openai/gpt-5-mini, {model: x, server: 'http://localhost:1'}, silence]", True),
    ("engines: {text: {model: openai/x, key: {env: A}, price: {input: 1 USD, output: 2 USD}}}", True),
    ("engines: {text: {model: openai/x, key: sk-1}}", False),
    ("rooms: {lounge: {is: home/lounge, mode: listen}, quay: home/quay}", True),
    ("rooms: {lounge: {is: home/lounge, mode: 'off'}}", False),
    ("limits: {spend: 2 USD/day, quiet: 23:00-07:00}", True),
    ("limits: {spend: 2}", False),
    ("keep: 30 days", True),
    ("keep: 30", False),
    ("tools: {}", True),
    ("tools: {tides: {mcp: uvx tides-server, env: [A, B], within: 5 seconds, calls: 2, price: 0.01 USD}}", True),
    ("tools: {own: {python: own.py:tide, trusted: true}, far: {mcp: 'https://x/mcp', key: {env: A}}}", True),
    ("tools: {tides: {mcp: uvx x, calls: 21}}", False),
    ("tools: {tides: {mcp: uvx x, key: sk-1}}", False),
    ("version: x", False),
]


@pytest.fixture(scope="module")
def checker(platforms: Platforms) -> Draft202012Validator:
    return Draft202012Validator(bot_schema(platforms))


@pytest.mark.parametrize(("written", "right"), BELOW_THE_HEAD)
def test_the_schema_and_the_loader_say_the_same(
    folder: Path, platforms: Platforms, checker: Draft202012Validator, written: str, right: bool
) -> None:
    path = folder / "bot.yaml"
    path.write_text(f"{HEAD}{written}\n", encoding="utf-8")
    assert checker.is_valid(parse(path.read_bytes(), path=path)) is right
    try:
        load_bot(path, platforms=platforms)
    except Mistakes:
        assert not right
    else:
        assert right


def test_the_keys_of_a_platform_are_in_the_schema(checker: Draft202012Validator) -> None:
    head = {"bot": "ada", "persona": "ada.yaml"}
    assert checker.is_valid(head | {"accounts": {"home": {"platform": "harbour", "depth": 3, "token": {"env": "A"}}}})
    assert not checker.is_valid(head | {"accounts": {"home": {"platform": "harbour", "dpeth": 3}}})
    assert not checker.is_valid(head | {"accounts": {"home": {"platform": "harbour", "depth": "deep"}}})
    assert checker.is_valid(head | {"accounts": {"home": {"platform": "unheard_of", "anything": 3}}})


def test_every_key_is_explained() -> None:
    for schema in (bot_schema(shipped()), model_schema(Persona)):
        for section in [schema, *schema["$defs"].values()]:
            for part in [section, *section.get("anyOf", [])]:
                for key, value in part.get("properties", {}).items():
                    assert value.get("description"), key


def test_no_key_that_is_not_there_yet_is_offered() -> None:
    offered = {
        "the bot file": bot_schema(shipped())["properties"].keys(),
        "the persona file": model_schema(Persona)["properties"].keys(),
    }
    for section, keys in offered.items():
        assert not keys & NOT_YET.get(section, frozenset())


def test_help_comes_from_the_docstrings_of_a_platforms_settings(harbour: type[Adapter]) -> None:
    assert field_docs(harbour.Settings) == {
        "server": "Address of the harbour.",
        "token": "What the harbour master handed out.",
    }


def test_a_platform_that_needs_what_is_not_installed_spoils_no_schema() -> None:
    def explode() -> type[Adapter]:
        raise ModuleNotFoundError("no such library", name="heavy_library")

    schema = Draft202012Validator(
        bot_schema(Platforms({"stage": lambda: shipped().adapter("stage"), "heavy": explode}))
    )
    file: dict[str, Any] = {
        "bot": "ada",
        "persona": "ada.yaml",
        "accounts": {"home": {"platform": "heavy", "relay": "x"}},
    }
    assert list(schema.iter_errors(file)) == []
    file["accounts"]["home"]["platform"] = "stage"
    assert list(schema.iter_errors(file)) != []
