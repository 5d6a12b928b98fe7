"""Whatever stands in a file: a model or mistakes, nothing else."""

from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.personas import Persona, load_persona
from greenroom.settings import BotFile, CardEntry, Picture, Platforms, load_bot
from greenroom.settings.answering import AnswerRule
from greenroom.settings.bot import Limits, People
from greenroom.settings.engines import Engines, ModelRef
from greenroom.settings.posting import PostEntry
from greenroom.settings.rooms import RoomRule
from greenroom_adapters.contract import ConfigurationError

WORDS = [
    "home",
    "home/lounge",
    "stage",
    "harbour",
    "mentions",
    "messages",
    "script",
    "hold",
    "openai/x",
    "08:00",
    "6 hours",
    "8%",
    "1 USD/day",
    "mon-fri",
    "0-2",
    "cut",
    "Europe/Lisbon",
    "listen",
    "elsewhere",
    "env",
    "ada.yaml",
    "en",
    "x",
    "\0",
    "…",
    "=",
]
KEYS = [
    *BotFile.written_keys(),
    *Persona.written_keys(),
    *(
        key
        for model in (AnswerRule, Engines, Limits, ModelRef, People, Picture, CardEntry, PostEntry, RoomRule)
        for key in model.written_keys()
    ),
    "tools",
    "schedule",
    "bio",
    "acounts",
    "platform",
    "live",
    "env",
    "field_depth",
    "depth",
    "home",
    "lounge",
    "section",
    "*",
]
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS) | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(st.sampled_from(KEYS), values, max_size=6)


@given(document=documents, whole=st.booleans())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bot_file_gives_a_bot_or_mistakes(
    folder: Path, platforms: Platforms, document: dict[str, Any], whole: bool
) -> None:
    head = {"bot": "ada", "persona": "ada.yaml", "accounts": {"home": "harbour"}} if whole else {}
    path = folder / "bot.yaml"
    path.write_text(yaml.safe_dump(document | head, allow_unicode=True), encoding="utf-8")
    told = ""
    try:
        assert isinstance(load_bot(path, platforms=platforms), BotFile)
    except ConfigurationError as error:
        told = str(error)
    assert all(line.startswith(str(path)) for line in told.splitlines())


@given(document=documents, whole=st.booleans())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_persona_file_gives_a_persona_or_mistakes(folder: Path, document: dict[str, Any], whole: bool) -> None:
    head = {"persona": "Ada", "who": "x"} if whole else {}
    path = folder / "persona.yaml"
    path.write_text(yaml.safe_dump(document | head, allow_unicode=True), encoding="utf-8")
    told = ""
    try:
        assert isinstance(load_persona(path), Persona)
    except ConfigurationError as error:
        told = str(error)
    assert all(line.startswith(str(path)) for line in told.splitlines())
