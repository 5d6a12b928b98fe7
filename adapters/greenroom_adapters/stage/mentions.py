"""Who is addressed in a text."""

import re

__all__ = ["HANDLE", "handles_in"]

HANDLE = re.compile(r"(?=.{1,30}\Z)[A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*", re.ASCII)
"""The whole of a handle, to be matched with `fullmatch`."""

# Letters of scripts that put no space between words may touch a mention; Latin letters, which would make it part of an
# address or of a longer word, may not. The handle is taken whole or not at all (`++`, `*+`).
MENTION = re.compile(
    r"(?<![A-Za-z0-9_@/.+\-\u00c0-\u024f])@([A-Za-z0-9_]++(?:-[A-Za-z0-9_]++)*+)(?![@\u00c0-\u024f])",
)


def handles_in(text: str) -> tuple[str, ...]:
    """Return the handles that are mentioned as `@handle`, lower case, each once, in the order of the text.

    Addresses of mail and of the web are no mentions, and neither is `@handle@elsewhere`.
    """
    return tuple(dict.fromkeys(handle.lower() for handle in MENTION.findall(text)))
