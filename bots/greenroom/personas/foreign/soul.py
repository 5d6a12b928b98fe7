"""A SOUL.md: who an agent is, in Markdown."""

import re
from pathlib import Path

from greenroom.personas.foreign.character import LONGEST_EXAMPLE, LONGEST_WORDS, Character, Left, Taking
from greenroom.personas.foreign.naming import name_of

__all__ = ["from_soul"]

LONGEST_HEADING = 200
_FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_HEADING = re.compile(r"(#{1,6})[ \t]+(\S.*)")
_NAME = re.compile(r"^[-*_ ]{0,8}name[*_ ]{0,4}:[*_ ]{0,4}([^\n*_]{1,200})", re.IGNORECASE | re.MULTILINE)
_BULLET = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
_MARKS = re.compile(r"(\*\*|__|`)")
_FILE_NAME = re.compile(r"soul(?:\.md)?\b|who you are|persona|identity", re.IGNORECASE)

_VOICE = re.compile(
    r"\b(?:tone|voice|vibe|style|speak\w*|communicat\w*|how (?:you|i) (?:talk|write|sound))\b", re.IGNORECASE
)
_TOPICS = re.compile(r"\b(?:topics?|interests?|expertise|passions?)\b", re.IGNORECASE)
_EXAMPLES = re.compile(r"\b(?:examples?|samples?)\b", re.IGNORECASE)
_NO_PLACE = re.compile(r"\b(?:continuity|memory|tools?|heartbeat|files?|workspace|session)\b", re.IGNORECASE)


def from_soul(text: str, path: Path, name: str | None) -> Character:
    """Return the character.

    :raises ConfigurationError: it has no name
    """
    text = _without_comments(_FRONT.sub("", text.replace("\r\n", "\n")))
    sections = _sections(text)
    called = name_of(name, _written_name(text, sections), path)
    words: dict[str, list[str]] = {"who": [], "voice": [], "topics": [], "examples": []}
    left: list[Left] = []
    for heading, lines in sections:
        if not any(line.strip() for line in lines):
            continue
        if _NO_PLACE.search(heading):
            left.append(Left(heading[:60], "about the other program's files, not about who it is"))
            continue
        kind = next((kind for kind, of in _KINDS if of.search(heading)), "who")
        words[kind] += lines
    taking = Taking({key: "\n".join(_plain(line) for line in lines) for key, lines in words.items()}, name=called)
    who, voice = taking.text("who"), " ".join(taking.text("voice", most=1_000).split("\n"))
    topics, examples = (
        taking.fitting(key, [one for one in taking.text(key).split("\n") if one], most=most)
        for key, most in (("topics", LONGEST_WORDS), ("examples", LONGEST_EXAMPLE))
    )
    return Character(
        name=called, who=who, voice=voice, topics=topics, posts=examples, left=(*left, *taking.leave({}, ""))
    )


_KINDS = (("examples", _EXAMPLES), ("voice", _VOICE), ("topics", _TOPICS))


def _without_comments(text: str) -> str:
    first, *rest = text.split("<!--")
    return first + "".join(part.partition("-->")[2] for part in rest)


def _sections(text: str) -> list[tuple[str, list[str]]]:
    """Return the headings, each with the lines below it; what stands above the first has none."""
    found: list[tuple[str, list[str]]] = [("", [])]
    for line in text.split("\n"):
        heading = _HEADING.match(line) if len(line) <= LONGEST_HEADING else None
        if heading is not None:
            found.append((heading[2].rstrip(" #"), []))
        else:
            found[-1][1].append(line)
    return found


def _written_name(text: str, sections: list[tuple[str, list[str]]]) -> str | None:
    if (found := _NAME.search(text)) is not None:
        return found[1].strip()
    title = next((heading for heading, _ in sections if heading), "")
    return _MARKS.sub("", title) if title and _FILE_NAME.search(title) is None else None


def _plain(line: str) -> str:
    return _MARKS.sub("", _BULLET.sub("", line)).strip().strip('"“”')
