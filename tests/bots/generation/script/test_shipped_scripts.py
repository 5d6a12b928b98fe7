"""The scripts that are shipped and shown are sound."""

import re
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest

from greenroom.generation.script import Script, load_script
from greenroom.personas import Persona, load_persona
from greenroom.settings.loader import load_bot

ROOT = Path(__file__).parents[4]
SHIPPED = (
    "bots/greenroom/personas/demo/ada.script.yaml",
    "bots/greenroom/generation/script/plain.script.yaml",
    "config/personas/ada.script.yaml",
)

SHOWN = sorted({ROOT / path for path in SHIPPED} | {*(ROOT / "config").rglob("*.script.yaml")})


def texts(script: Script) -> list[str]:
    """Return everything that a script may say, as written."""
    said = [one for rule in script.rules.values() for saying in rule.says for one in saying.all()]
    said += [one for sayings in script.symbols.values() for one in sayings]
    said += [one for chapters in script.told.values() for chapter in chapters for one in chapter]
    return [one.wording.source for one in (*said, *script.posts)]


@pytest.mark.parametrize("path", SHIPPED)
def test_a_shipped_script_keeps_its_own_tone(path: str) -> None:
    for text in texts(load_script(ROOT / path)):
        assert "!" not in text
        assert len(text) <= 280, text
        assert text == " ".join(text.split())


@pytest.mark.parametrize("path", SHIPPED)
def test_a_shipped_script_says_nothing_in_two_places(path: str) -> None:
    script = load_script(ROOT / path)
    spoken = [saying.wording.source for rule in script.rules.values() for saying in rule.says]
    whole = [text for text in spoken if not re.fullmatch(r"#[a-z_]+#", text)]
    assert len(set(whole)) == len(whole)


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.stem)
def test_nobody_is_greeted_for_the_first_time_as_somebody_who_was_there_before(path: Path) -> None:
    greetings = [rule for name, rule in load_script(path).rules.items() if name.startswith("greeting")]
    back = [one for rule in greetings for one in rule.says if re.search(r"\b(again|still)\b", one.wording.source, re.I)]
    assert [one.wording.source for one in back if one.first is not False] == []


def test_ada_has_much_to_say() -> None:
    script = load_script(ROOT / SHIPPED[0])
    assert sum(len(list(saying.all())) for rule in script.rules.values() for saying in rule.says) > 500
    assert sum(map(len, script.symbols.values())) > 200


def test_the_demo_bot_can_be_loaded_from_the_package() -> None:
    with as_file(files("greenroom.personas") / "demo") as folder:
        bot = load_bot(folder / "demo.yaml")
        persona = load_persona(folder / "ada.yaml")
    assert bot.bot == "ada"
    assert persona.script is not None


def test_the_museums_ada_talks_and_posts(talk: Callable[..., Any]) -> None:
    persona = load_persona(ROOT / "config" / "personas" / "ada.yaml")
    conversation = talk(persona)
    assert "museum" in conversation.say("are you a bot?")
    assert re.search(r"ten|half past", conversation.say("When are you open?"))
    assert conversation.post()


def test_the_script_of_the_manual_works(stranger: Callable[..., Persona], talk: Callable[..., Any]) -> None:
    manual = (ROOT / "docs" / "writing-a-script.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml\n(.*?)```", manual, re.DOTALL)
    assert block is not None
    persona = stranger("persona: Bo\nwho: watches\n", block[1])
    conversation = talk(persona)
    assert conversation.say("hello") in ("Hello.", "Good evening.")
    conversation.say("My name is eve")
    assert "Something passed just now" in conversation.say("I saw the sea")
    assert conversation.say("why?") == "They all want to be elsewhere."
    assert "gull" in conversation.post("anything at all").lower() or "Wind" in conversation.mine[-1]
    assert conversation.post("the weather").startswith("Wind: ")
