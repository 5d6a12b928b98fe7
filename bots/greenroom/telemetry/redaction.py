"""Log entries without credentials, and without characters that act on a terminal.

A `Secret` never shows itself. This is the net below it, for what libraries and servers put into their messages: it
knows the shapes of credentials, so it catches the usual ones and cannot promise to catch every one.
"""

import functools
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from greenroom_adapters.contract import Secret
from greenroom_adapters.text import plain

__all__ = ["redacted"]

MASK = "***"

NAMED = (
    r"authorization|cookie|password|passwd|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|consumer[_-]?key|signature|app[_-]?secret[_-]?proof"
)
SECRET_NAME = re.compile(rf"(?i)(?:{NAMED})s?$|^(?:auth|jwt|pin|sig)$")
"""Names of fields whose value is masked whatever it is."""

IDENTIFIERS = frozenset({"account", "author_id", "bot", "event_id", "key", "persona", "post", "room", "turn", "url"})
"""Fields of ours that hold ids, which may look as random as a token."""

SHAPES = (
    # a header with all of its value
    r"(?i:(?P<header>(?:authorization|cookie)[\"']?\s*[:=]\s*[\"']?)[^\r\n\"']+)",
    # a name with its value
    rf"(?i:(?P<pair>(?:{NAMED})s?[\"']?\s*[:=]\s*[\"']?)[^\s\"'&;,)}}\]]+)",
    # a scheme with a value that is no word
    r"(?i:(?P<scheme>(?<!\w)(?:bearer|basic|bot|oauth|token)\s+)(?=[^\s,;\"']*[0-9._~+/=-])[\w.~+/=:-]{8,})",
    # in addresses: arguments, user and password
    r"(?P<argument>[?&#](?:auth|code|key|sig|state)=)[^\s&#\"']+",
    r"(?P<user>://)[^\s/@:\"']*:[^\s/@\"']*(?=@)",
    # what tells by its beginning whose it is
    r"(?<![A-Za-z0-9])(?:(?:sk|pk|rk|xapp|xox[a-z])-[\w-]{8,}|(?:gh[a-z]_|github_pat_|glpat-)[\w-]{16,})",
    r"(?<![A-Za-z0-9])(?:A(?:KI|SI)A[A-Z0-9]{16}|AIza[\w-]{30,}|EAA[A-Za-z0-9]{20,})",
    r"(?<![A-Za-z0-9])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?",
    r"(?<![0-9])[0-9]{6,12}:[\w-]{30,}",
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:.|\n)*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
)
"""Credentials that tell by their surroundings or their beginning what they are."""

WORD = re.compile(r"(?<![\w$!@#%=-])[\w=-]{20,}", re.ASCII)
"""What may be a token without a name; ids of Matrix stand behind a sign and stay."""

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
RANDOM = re.compile(
    r"""
      (?=.*[a-z])(?=.*[A-Z])(?=(?:[^0-9]*[0-9]+){2}[^0-9]).+     # letters of both kinds, digits among them
    | (?=.*[a-z])(?=.*[0-9])[0-9a-z]{32,}                        # a long number in base 16 or 36
    | (?=.*[A-Z])(?=.*[0-9])[0-9A-Z]{32,}
    """,
    re.VERBOSE,
)

DEEPEST = 8
"""Nested deeper than this, a value is written as text in one piece."""


def redacted(entry: Mapping[str, Any]) -> dict[str, Any]:
    r"""Return `entry` as it may be written: its keys in order, its values made of what JSON knows.

    Every `Secret`, every field named like one, and everything shaped like a credential is `***`. Control characters
    and characters that turn the direction of writing are escapes, newlines too, except in `exception`. Numbers,
    truth values and None stay; every other object becomes its `str`. Redacting twice changes nothing.
    """
    return {_line(name): _value(name, value, 0) for name, value in entry.items()}


def _value(name: str, value: object, depth: int) -> Any:
    if isinstance(value, Secret):
        return MASK
    if value is None or isinstance(value, (bool, int, float)):
        return MASK if value is not None and _is_secret(name) else value
    if _is_secret(name):
        return MASK
    if depth < DEEPEST:
        if isinstance(value, Mapping):
            pairs = cast("Mapping[object, object]", value).items()
            return {_line(str(key)): _value(str(key), item, depth + 1) for key, item in pairs}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [_value(name, item, depth + 1) for item in cast("Iterable[object]", value)]
    text = value if isinstance(value, str) else _text(value)
    return _masked(plain(text, one_line=name != "exception"), is_id=name in IDENTIFIERS)


def _is_secret(name: str) -> bool:
    return name not in IDENTIFIERS and SECRET_NAME.search(name) is not None


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - somebody else's __str__ must not stop the bot over a line of its log
        return f"<{type(value).__name__}>"


def _line(name: str) -> str:
    return _masked(plain(name, one_line=True), is_id=False)


def _masked(text: str, *, is_id: bool) -> str:
    if len(text) < 8:
        return text
    text = _shapes().sub(_mask_shape, text)
    return text if is_id or len(text) < 20 else WORD.sub(_mask_word, text)


@functools.cache
def _shapes() -> re.Pattern[str]:
    return re.compile("|".join(SHAPES))  # at the first entry: compiling takes longer than importing the rest


def _mask_shape(found: re.Match[str]) -> str:
    return (found[found.lastgroup] if found.lastgroup else "") + MASK


def _mask_word(found: re.Match[str]) -> str:
    word = found[0]
    return word if UUID.fullmatch(word) or not RANDOM.fullmatch(word) else MASK
