"""Personas of AstrBot: one, several, or a whole settings file with them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard, cast

from greenroom.personas.foreign.character import LONGEST_EXAMPLE, Character, Taking, Talk
from greenroom.personas.foreign.naming import name_of
from greenroom_adapters.contract import ConfigurationError
from greenroom_adapters.text import plain

__all__ = ["from_astrbot", "is_astrbot"]

REASONS = {
    "tools": "its tools are those that you allow here",
    "skills": "its tools are those that you allow here",
    "folder_id": "a place in the other program",
}
_DIALOGS = ("begin_dialogs", "mood_imitation_dialogs")


def _is_persona(value: object) -> TypeGuard[Mapping[str, Any]]:
    if not isinstance(value, Mapping):
        return False
    fields = cast("Mapping[str, Any]", value)
    return "persona_id" in fields or ("prompt" in fields and "name" in fields) or _DIALOGS[0] in fields


def _personas(found: object) -> list[Mapping[str, Any]]:
    """Return the personas in a file; none: it is of something else."""
    if _is_persona(found):
        return [found]
    if isinstance(found, Mapping):
        fields = cast("Mapping[str, object]", found)
        found = fields.get("personas", fields.get("persona"))
    many = cast("list[object]", found) if isinstance(found, list) else []
    return [one for one in many if _is_persona(one)]


def is_astrbot(found: object) -> bool:
    """Say whether a JSON value is one of these."""
    return bool(_personas(found))


def from_astrbot(found: object, path: Path, name: str | None) -> Character:
    """Return the character; of several the one that is called `name`.

    :raises ConfigurationError: there are several, and `name` is none of them; it has no name
    """
    personas = _personas(found)
    by_name = {str(one.get("persona_id") or one.get("name") or ""): one for one in personas}
    if len(personas) > 1 and name not in by_name:
        there = ", ".join(plain(one, one_line=True)[:40] for one in by_name)
        raise ConfigurationError(f"{path} has several personas: take one with --name. There are: {there}")
    fields = by_name.get(name or "", personas[0])
    called = name_of(name, fields.get("persona_id") or fields.get("name"), path)
    taking = Taking(fields, name=called)
    for key in ("name", "persona_id"):
        taking.value(key)
    who = "\n".join(text for key in ("system_prompt", "prompt") if (text := taking.text(key)))
    talks: list[Talk] = []
    for key in _DIALOGS:
        lines = taking.value(key)
        said = cast("list[object]", lines) if isinstance(lines, list) else []
        texts = [taking.cleaned(line) for line in said if isinstance(line, str)]
        talks += [Talk(to=to, say=say) for to, say in zip(texts[::2], texts[1::2], strict=False) if to and say]
    fitting = taking.fitting("begin_dialogs", [talk.say for talk in talks], most=LONGEST_EXAMPLE)
    return Character(
        name=called,
        who=who,
        talks=tuple(talk for talk in talks if talk.say in fitting)[: len(fitting)],
        unable=taking.text("custom_error_message", most=LONGEST_EXAMPLE),
        left=taking.leave(REASONS, "nothing here is like it"),
    )
