"""Characters of elizaOS: JSON with a `bio`, examples and a `style`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from greenroom.personas.foreign.character import LONGEST_EXAMPLE, LONGEST_WORDS, Character, Taking, Talk
from greenroom.personas.foreign.naming import name_of

__all__ = ["from_eliza", "is_eliza"]

REASONS = {
    "knowledge": "facts belong into files, named in `knowledge`",
    "settings": "models and voices stand in the bot file; secrets are never copied: `greenroom login`",
    "secrets": "secrets are never copied: `greenroom login`",
    "modelProvider": "models stand in the bot file, in `engines`",
    "models": "models stand in the bot file, in `engines`",
    "clients": "where it speaks stands in the bot file, in `accounts`",
    "clientConfig": "where it speaks stands in the bot file, in `accounts`",
    "plugins": "its tools are those that you allow here",
    "templates": "the prompt is built from the persona's fields",
    "twitterProfile": "profiles are yours to write",
    "id": "a version is the file's hash",
}


def is_eliza(fields: Mapping[str, Any]) -> bool:
    """Say whether these are the fields of such a character."""
    return "bio" in fields or ("system" in fields and "name" in fields) or "postExamples" in fields


def from_eliza(fields: Mapping[str, Any], path: Path, name: str | None) -> Character:
    """Return the character.

    :raises ConfigurationError: it has no name
    """
    called = name_of(name, fields.get("name"), path)
    taking = Taking(fields, name=called)
    taking.value("name")
    own = {str(fields.get(key, "")).casefold() for key in ("name", "username")} | {called.casefold()}
    username = taking.text("username", most=LONGEST_WORDS)
    who = "\n".join(text for key in ("system", "bio", "lore") if (text := taking.text(key)))
    style: object = taking.value("style")
    styles = Taking(cast("Mapping[str, Any]", style) if isinstance(style, Mapping) else {}, name=called)
    manner = [*taking.texts("adjectives", most=LONGEST_WORDS), *styles.texts("all")]
    on = {"post": "; ".join(styles.texts("post")), "chat": "; ".join(styles.texts("chat"))}
    posts, topics = taking.texts("postExamples"), taking.texts("topics", most=LONGEST_WORDS)
    talks = _talks(taking, taking.value("messageExamples"), own)
    said = taking.fitting("messageExamples", [talk.say for talk in talks], most=LONGEST_EXAMPLE)
    styles.leave({}, "surfaces here are post, reply, chat, direct_message, caption")
    return Character(
        name=called,
        who=who,
        voice="; ".join(manner),
        voice_on={surface: words for surface, words in on.items() if words},
        nicknames=(username,) if username and username.casefold() != called.casefold() else (),
        topics=topics,
        posts=posts,
        talks=tuple(talk for talk in talks if talk.say in said)[: len(said)],
        left=(*taking.leave(REASONS, "nothing here is like it"), *styles.left),
    )


def _talks(taking: Taking, value: object, own: set[str]) -> list[Talk]:
    """Return the pairs of what somebody says and it answers, out of conversations."""
    found: list[Talk] = []
    for conversation in cast("list[object]", value) if isinstance(value, list) else ():
        before = ""
        for who, text in _lines(conversation):
            is_own = who.casefold() in own or "agent" in who.casefold()
            if is_own and before:
                found.append(Talk(to=taking.cleaned(before), say=taking.cleaned(text)))
            before = "" if is_own else text
    return [talk for talk in dict.fromkeys(found) if talk.to and talk.say]


def _lines(conversation: object) -> Iterator[tuple[str, str]]:
    """Yield who says what."""
    if isinstance(conversation, Mapping):
        conversation = cast("Mapping[str, object]", conversation).get("examples")
    for line in cast("list[object]", conversation) if isinstance(conversation, list) else ():
        if not isinstance(line, Mapping):
            continue
        fields = cast("Mapping[str, object]", line)
        content = fields.get("content")
        text = cast("Mapping[str, object]", content).get("text") if isinstance(content, Mapping) else content
        who = fields.get("name") or fields.get("user")
        if isinstance(text, str) and isinstance(who, str):
            yield who, text
