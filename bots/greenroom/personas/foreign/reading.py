"""A file of another system: what it is, and the character in it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from greenroom.personas.foreign.astrbot import from_astrbot, is_astrbot
from greenroom.personas.foreign.cards import card_in_picture, from_card, is_card
from greenroom.personas.foreign.character import Character
from greenroom.personas.foreign.eliza import from_eliza, is_eliza
from greenroom.personas.foreign.soul import from_soul
from greenroom_adapters.contract import ConfigurationError

__all__ = ["read_character"]

LARGEST = 20_000_000
"""Bytes of a file: cards carry a picture."""
LARGEST_TEXT = 2_000_000
"""Bytes of the words in it."""
KNOWN = "a character of elizaOS (JSON), a persona of AstrBot (JSON), a character card (PNG or JSON) or a SOUL.md"
OURS = (".yaml", ".yml")
"""How files of this program end: no other system's that can be read does."""
PNG = b"\x89PNG\r\n\x1a\n"


def read_character(path: Path, *, name: str | None = None) -> Character:
    """Return the character in a file of another system. `name`: what it is called, where the file does not say, or
    which of several.

    Nothing in the file is followed: no path, no address, no template, no tool.

    :raises ConfigurationError: the file cannot be read, is none that is known, or holds nothing to begin with
    """
    if path.suffix.casefold() in OURS:
        raise ConfigurationError(
            f"{path} is YAML, and no other system's. A persona needs no change: name it in a bot file as "
            f"`persona: {path.name}`. What can be read: {KNOWN}"
        )
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigurationError(f"{path} is larger than {LARGEST // 1_000_000} MB: no character is")
        body = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    words = card_in_picture(body, path, most=LARGEST_TEXT) if body.startswith(PNG) else body
    if len(words) > LARGEST_TEXT:
        raise ConfigurationError(f"{path} has more than {LARGEST_TEXT // 1_000_000} MB of words: no character has")
    try:
        text = words.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is no text in UTF-8. What can be read: {KNOWN}") from error
    character = _of_json(text, path, name) if words is not body or _is_json(path, text) else from_soul(text, path, name)
    if not character.who.strip():
        raise ConfigurationError(f"{path} does not say who it is: there is nothing to begin with")
    return character


def _is_json(path: Path, text: str) -> bool:
    return path.suffix.casefold() == ".json" or text.lstrip().startswith(("{", "["))


def _of_json(text: str, path: Path, name: str | None) -> Character:
    try:
        found: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"{path}:{error.lineno}:{error.colno}: this is no JSON: {error.msg}") from error
    except (RecursionError, ValueError) as error:
        raise ConfigurationError(f"{path}: this JSON is nested too deeply, or has numbers without end") from error
    if is_astrbot(found):
        return from_astrbot(found, path, name)
    if isinstance(found, Mapping):
        fields = cast("Mapping[str, Any]", found)
        if is_card(fields):
            return from_card(fields, path, name)
        if is_eliza(fields):
            return from_eliza(fields, path, name)
    raise ConfigurationError(f"{path} is no character that is known here. What can be read: {KNOWN}")
