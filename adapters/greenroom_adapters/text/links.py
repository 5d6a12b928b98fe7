"""Where a platform sees links in a text: the published rules of twitter-text 3, which most platforms resemble.

A link is a host with a known top-level domain, with or without `https://` before it, and the path and query behind
it. Found in one pass over the text, in time proportional to its length.
"""

import functools
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Link", "find_links"]

LONGEST_LINK = 4096
LONGEST_LABEL = 63
LONGEST_SHORT_CODE = 40

SPACES = r"\t-\r \x85\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
DIRECTION_MARKS = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
NON_CHARACTERS = r"\ufeff\ufffe\uffff"
LATIN_ACCENTS = (
    r"\xc0-\xd6\xd8-\xf6\xf8-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272\u0289\u028b\u02bb"
    r"\u0300-\u036f\u1e00-\u1eff"
)
CYRILLIC = r"\u0400-\u04ff"

HOST_CHARACTER = rf"[^!'#%&()*+,\\\-./:;<=>?@\[\]^_{{|}}~${SPACES}{DIRECTION_MARKS}{NON_CHARACTERS}]"
LABELS = re.compile(rf"{HOST_CHARACTER}++(?:(?:\.|[_-]++){HOST_CHARACTER}++)*+")
"""A longest row of labels; whether it is a host depends on its dots and its top-level domain. It matches wherever it
begins to match, so that searching for all of them takes time in proportion to the text."""

DOT_IN_A_WORD = re.compile(r"[^\s.]\.[^\s.]")
"""Without one there is no link; most texts have none."""

MAY_NOT_PRECEDE = frozenset(string.ascii_letters + string.digits + "@$#\uff20\uff03\ufeff\ufffe\uffff")
MAY_NOT_FOLLOW = frozenset(string.ascii_letters + string.digits + "@+-")
PROTOCOLS = ("https://", "http://")

PATH_CHARACTER = rf"[a-z0-9!*';:=+,.$/%#\[\]\-\u2013_~@|&{CYRILLIC}{LATIN_ACCENTS}]"
PARENTHESES = rf"\((?:{PATH_CHARACTER}+|{PATH_CHARACTER}*\({PATH_CHARACTER}+\){PATH_CHARACTER}*)\)"
PATH_END = rf"(?:[a-z0-9=_#/+\-{CYRILLIC}{LATIN_ACCENTS}]|{PARENTHESES})"
PATH_PART = rf"(?:{PATH_CHARACTER}*(?:{PARENTHESES}{PATH_CHARACTER}*)*{PATH_END}|@{PATH_CHARACTER}+/)"
QUERY = r"\?[a-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*[a-z0-9\-_&=#/]"
BEHIND_HOST = re.compile(rf"(?::[0-9]+)?(?P<path>/{PATH_PART}*+)?(?:{QUERY})?", re.ASCII | re.IGNORECASE)

PUNYCODE = re.compile(r"xn--[\-0-9a-z]+", re.ASCII | re.IGNORECASE)
ASCII_WORD = re.compile(r"[a-z]+", re.ASCII | re.IGNORECASE)
LATIN_LABEL = re.compile(rf"[\-a-z0-9{LATIN_ACCENTS}]+", re.IGNORECASE)
SHORT_LINK = re.compile(r"https?://t\.co/([a-z0-9]+)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link of a text: `text[start:end]`."""

    start: int
    end: int
    has_protocol: bool
    """It is written with `http://` or `https://` before it."""


def find_links(text: str) -> tuple[Link, ...]:
    """Return the links of `text` in order; they do not overlap."""
    if DOT_IN_A_WORD.search(text) is None:
        return ()
    links: list[Link] = []
    position = consumed = 0
    while row := LABELS.search(text, position):
        position = row.end()
        if "." not in row[0]:
            continue
        start = _first_start(text, row.start(), row.end(), consumed)
        host_end = _host_end(text, start, row.end())
        if host_end is None:
            continue
        behind = BEHIND_HOST.match(text, host_end)
        end = behind.end() if behind else host_end
        has_path = behind is not None and behind["path"] is not None
        links.extend(_links_of_host(text, start, host_end, end, has_path=has_path, consumed=consumed))
        position = consumed = end
    return tuple(links)


def _links_of_host(text: str, start: int, host_end: int, end: int, *, has_path: bool, consumed: int) -> Iterator[Link]:
    """Yield what counts as a link of the host `text[start:host_end]` with its path and query up to `end`."""
    protocol = next((known for known in PROTOCOLS if _stands_before(text, start, known, consumed)), "")
    if not _is_valid_host(text[start:host_end]) or end - start + len(protocol or PROTOCOLS[0]) > LONGEST_LINK:
        return
    if protocol:
        begin = start - len(protocol)
        short = SHORT_LINK.match(text, begin, end)
        if short is None:
            yield Link(start=begin, end=end, has_protocol=True)
        elif len(short[1]) <= LONGEST_SHORT_CODE:
            yield Link(start=begin, end=short.end(), has_protocol=True)
    elif start == 0 or text[start - 1] not in "-_./":
        latin = _latin_hosts(text, start, host_end)
        for first, last in latin:
            reach = end if has_path and (first, last) == latin[-1] else last
            yield Link(start=first, end=reach, has_protocol=False)


def _first_start(text: str, row_start: int, row_end: int, consumed: int) -> int:
    """Return the first place in the row where a link may begin: behind a character that may precede one and that
    belongs to no link before."""
    start = row_start
    while start < row_end and (not _may_begin_at(text, start, consumed) or text[start] in ".-_"):
        start += 1
    return start


def _may_begin_at(text: str, start: int, consumed: int) -> bool:
    return start == 0 or (start > consumed and text[start - 1] not in MAY_NOT_PRECEDE)


def _stands_before(text: str, start: int, protocol: str, consumed: int) -> bool:
    """Tell whether `protocol` stands right before `start`, itself at a place where a link may begin."""
    begin = start - len(protocol)
    return begin >= 0 and text[begin:start].lower() == protocol and _may_begin_at(text, begin, consumed)


def _host_end(text: str, start: int, row_end: int) -> int | None:
    """Return where the longest host that begins at `start` ends; None: no top-level domain is known."""
    dot = text.rfind(".", start, row_end)
    while dot != -1:
        label_start = max(text.rfind(".", start, dot) + 1, start)
        if label_start < dot and "_" not in text[label_start:dot]:
            end = _top_level_end(text, dot + 1)
            if end is not None:
                return end
        dot = text.rfind(".", start, dot)
    return None


def _top_level_end(text: str, start: int) -> int | None:
    """Return where the top-level domain that begins at `start` ends; None: there is none."""
    if punycode := PUNYCODE.match(text, start):
        return punycode.end()
    known = _top_level_domains()
    if word := ASCII_WORD.match(text, start):
        end = word.end()
        return end if word[0].lower() in known and _may_end_at(text, end) else None
    for length in range(_longest_top_level_domain(), 0, -1):
        if text[start : start + length].lower() in known and _may_end_at(text, start + length):
            return start + length
    return None


def _may_end_at(text: str, end: int) -> bool:
    return end >= len(text) or text[end] not in MAY_NOT_FOLLOW


@functools.cache
def _top_level_domains() -> frozenset[str]:
    """The registered top-level domains in lower case; those of other scripts as they are written, not encoded."""
    # Imported at the first text with a dot in it: most programs that import this package never count one.
    # mypy and pyright: the package ships no types.
    from linkify_it.tlds import TLDS  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]

    registered: list[str] = TLDS

    names: set[str] = set()
    for name in registered:
        lower = name.lower()
        names.add(lower[4:].encode("ascii").decode("punycode") if lower.startswith("xn--") else lower)
    return frozenset(names)


@functools.cache
def _longest_top_level_domain() -> int:
    return max(len(name) for name in _top_level_domains() if not name.isascii())


def _is_valid_host(host: str) -> bool:
    """Tell whether every label, encoded as the name system needs it, is short enough."""
    if host.startswith("xn--") and not host.isascii():
        return False
    return all(0 < _encoded_length(label) <= LONGEST_LABEL for label in host.split("."))


def _encoded_length(label: str) -> int:
    if label.isascii():
        return len(label)
    if len(label) > LONGEST_LABEL:  # encoding never shortens; it is slow for long labels
        return len(label)
    return len(b"xn--" + label.encode("punycode"))


def _latin_hosts(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return where hosts of Latin letters stand within a host without protocol, as (start, end).

    `日本語example.com` without a protocol is a link of `example.com` alone.
    """
    hosts: list[tuple[int, int]] = []
    position = start
    while first := LATIN_LABEL.search(text, position, end):
        position = first.end()
        label: re.Match[str] | None = first
        while label and text[label.end() : label.end() + 1] == ".":
            top = _top_level_end(text, label.end() + 1)
            if top is not None and top <= end:
                position = top
            label = LATIN_LABEL.match(text, label.end() + 1, end)
        if position > first.end():
            hosts.append((first.start(), position))
    return hosts
