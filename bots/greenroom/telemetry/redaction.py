"""Takes out of a log what must not be in it: secrets, and characters that act on a terminal."""

import re
from typing import Any

from greenroom_adapters.contract import Secret

__all__ = ["redacted"]

MASK = "***"
_TELLTALE = ("key", "token", "secret", "password", "authorization", "cookie", "credential")
"""A field whose name contains one of these shows nothing of its value."""
_HARMLESS = frozenset({"key", "tokens"})
"""Names that look like it and are not: the idempotency key of a post, a number of tokens."""
_SECRETS = re.compile(
    r"(?i:\b(?:bearer|basic|token)\s+)(?P<after>[^\s\"',;]{6,})"
    r"|(?P<maker>\b(?:sk|pk|rk|xox[abeprs]|gh[oprsu]|glpat|AKIA|AIza|ya29)[-_.]?[A-Za-z0-9_.-]{12,})"
    r"|(?<=://)(?P<userinfo>[^/\s:@]+:[^/\s@]+)(?=@)"
    r"|(?i:[?&](?:[a-z_]*(?:token|key|secret|sig|signature|password|code))=)(?P<query>[^&\s\"']+)"
    r"|(?P<jwt>\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)"
)
_ACTING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def redacted(value: Any, *, name: str = "") -> Any:
    """Return `value` as a log may show it; `name` is the field that it stands in.

    Texts lose what looks like a credential and what moves a terminal's cursor; mappings and sequences are gone
    through; anything else but numbers becomes its text.
    """
    lowered = name.lower()
    if lowered not in _HARMLESS and any(telltale in lowered for telltale in _TELLTALE):
        return MASK
    if isinstance(value, str):
        return _plain(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, dict):
        return {str(key): redacted(one, name=str(key)) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted(one) for one in value]
    return _plain(str(value))


def _plain(text: str) -> str:
    return _ACTING.sub("\ufffd", _SECRETS.sub(_mask, text))


def _mask(found: re.Match[str]) -> str:
    start, end = next(found.span(name) for name in found.re.groupindex if found[name] is not None)
    whole, begin = found[0], found.start()
    return whole[: start - begin] + MASK + whole[end - begin :]
