"""Whether a text that X lists is one that we sent: X rewrites links, and tidies spaces and letters."""

import re
import unicodedata
from contextlib import suppress
from urllib.parse import urlsplit

from greenroom_adapters.text import find_links, undefused

__all__ = ["is_like"]

NAMES = re.compile(r"\s*(?:@[A-Za-z0-9_]{1,15}(?:\s+|$))+")
SPACES = re.compile(r"\s+")


def is_like(sent: str, listed: str, *, is_answer: bool = False) -> bool:
    """Say whether X made `listed` (its own short links replaced by where they lead) out of `sent`.

    Names before an answer count for nothing: X puts them there, and hides those that the author put there as well.
    """
    if is_answer:
        sent, listed = _without_names(sent), _without_names(listed)
    return _tidied(sent) == _tidied(listed)


def _without_names(text: str) -> str:
    names = NAMES.match(text)
    return text if names is None else text[names.end() :]


def _tidied(text: str) -> str:
    text = unicodedata.normalize("NFC", undefused(text))
    parts: list[str] = []
    position = 0
    for link in find_links(text):
        parts += [text[position : link.start], _canonical(text[link.start : link.end])]
        position = link.end
    return SPACES.sub(" ", "".join([*parts, text[position:]])).strip()


def _canonical(link: str) -> str:
    """Return a link without what X adds to it or takes from it: protocol, a slash at the end, the host's spelling."""
    try:
        split = urlsplit(link if "://" in link else f"http://{link}")
        host = split.netloc.lower()
    except ValueError:
        return link
    with suppress(UnicodeError):
        host = host.encode("idna").decode("ascii")
    tail = f"?{split.query}" if split.query else ""
    tail += f"#{split.fragment}" if split.fragment else ""
    return f"{host}{split.path.rstrip('/')}{tail}"
