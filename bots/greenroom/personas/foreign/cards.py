"""Character cards, versions 1 to 3: JSON, alone or in a chunk of a PNG picture."""

import base64
import binascii
import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from greenroom.personas.foreign.character import LONGEST_EXAMPLE, LONGEST_WORDS, Character, Left, Taking, Talk
from greenroom.personas.foreign.naming import name_of
from greenroom_adapters.contract import ConfigurationError

__all__ = ["card_in_picture", "from_card", "is_card"]

CHUNKS = (b"ccv3", b"chara")
"""Keywords of the chunks with the words of a card, the newest version first."""
REASONS = {
    "alternate_greetings": "a bot here begins no scene; take some into `examples`",
    "character_book": "facts belong into files, named in `knowledge`",
    "post_history_instructions": "orders to a model have no place: say what is to be checked in `bounds` and `never`",
    "creator_notes": "notes for people, not for the persona",
    "creator_notes_multilingual": "notes for people, not for the persona",
    "tags": "shelves of a library, not topics",
    "extensions": "settings of the other program",
    "assets": "pictures of the other program",
    "group_only_greetings": "a bot here begins no scene",
    "creator": "name its author in a comment",
    "character_version": "a version is the file's hash",
    "source": "name its source in a comment",
}
_V1 = frozenset({"description", "personality", "first_mes", "mes_example"})
_SPEAKER = re.compile(r"(\{\{\s*(?:char|user)\s*\}\}|[^\n:]{1,60}):\s*", re.IGNORECASE)
_ITSELF = re.compile(r"\{\{\s*char\s*\}\}", re.IGNORECASE)


def is_card(fields: Mapping[str, Any]) -> bool:
    """Say whether these are the fields of a card."""
    return str(fields.get("spec", "")).startswith("chara_card") or len(_V1 & fields.keys()) >= 2


def card_in_picture(body: bytes, path: Path, *, most: int) -> bytes:
    """Return the words of the card in a PNG.

    :raises ConfigurationError: there are none, or more than `most` bytes
    """
    found: dict[bytes, bytes] = {}
    for kind, chunk in _chunks(body):
        keyword, end, text = chunk.partition(b"\0")
        if kind == b"tEXt" and end and keyword.lower() in CHUNKS:
            found.setdefault(keyword.lower(), text)
    written = next((found[keyword] for keyword in CHUNKS if keyword in found), None)
    if written is None:
        raise ConfigurationError(f"{path} is a picture without a character in it")
    if len(written) > 2 * most:
        raise ConfigurationError(f"{path} has more than {most // 1_000_000} MB of words: no character has")
    try:
        return base64.b64decode(written, validate=True)
    except binascii.Error as error:
        raise ConfigurationError(f"{path}: the character in this picture is broken") from error


def _chunks(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of every whole chunk of a PNG."""
    at = 8
    while at + 12 <= len(body):
        length = int.from_bytes(body[at : at + 4])
        if at + 12 + length > len(body):
            return
        yield body[at + 4 : at + 8], body[at + 8 : at + 8 + length]
        at += 12 + length


def from_card(card: Mapping[str, Any], path: Path, name: str | None) -> Character:
    """Return the character.

    :raises ConfigurationError: it has no name
    """
    data = card.get("data")
    fields = cast("Mapping[str, Any]", data) if isinstance(data, Mapping) else card
    called = name_of(name, fields.get("name"), path)
    taking = Taking({key: value for key, value in fields.items() if key not in ("spec", "spec_version")}, name=called)
    taking.value("name")
    who = "\n".join(text for key in ("system_prompt", "description", "scenario") if (text := taking.text(key)))
    nickname = taking.text("nickname", most=LONGEST_WORDS)
    greeting = taking.text("first_mes", most=LONGEST_EXAMPLE)
    talks = [Talk(to="hello", say=greeting)] if greeting else []
    talks += _talks(taking, taking.value("mes_example"), called)
    if not talks and fields.get("mes_example"):
        taking.left.append(Left("mes_example", f"nothing in it is short talk of {called}: write `examples` yourself"))
    said = taking.fitting("mes_example", [talk.say for talk in talks], most=LONGEST_EXAMPLE)
    return Character(
        name=called,
        who=who,
        voice=taking.text("personality", most=1_000),
        nicknames=(nickname,) if nickname else (),
        talks=tuple(talk for talk in talks if talk.say in said)[: len(said)],
        left=taking.leave(REASONS, "nothing here is like it"),
    )


def _talks(taking: Taking, value: object, name: str) -> list[Talk]:
    """Return the pairs of a line of somebody and the one of the character below it."""
    found: list[Talk] = []
    for scene in re.split(r"<START>", value if isinstance(value, str) else "", flags=re.IGNORECASE):
        lines: list[tuple[bool, list[str]]] = []
        for line in map(str.strip, scene.split("\n")):
            speaker = _SPEAKER.match(line)
            if speaker is not None:
                is_own = _ITSELF.match(speaker[1]) is not None or speaker[1].strip().casefold() == name.casefold()
                lines.append((is_own, [line[speaker.end() :]]))
            elif lines:
                lines[-1][1].append(line)
        for (was_own, before), (is_own, after) in itertools.pairwise(lines):
            if is_own and not was_own:
                found.append(Talk(to=taking.cleaned("\n".join(before)), say=taking.cleaned("\n".join(after))))
    return [talk for talk in dict.fromkeys(found) if talk.to and talk.say]
