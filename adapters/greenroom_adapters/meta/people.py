"""Somebody on a platform of Meta."""

import re

from greenroom_adapters.contract import Author
from greenroom_adapters.meta.wire import WirePerson

__all__ = ["NOBODY", "author_of", "author_or_nobody", "names"]

NOBODY = "somebody"
"""Handle of those of whom it is not told who they are."""


def author_of(person: WirePerson) -> Author:
    """Return the person. Instagram tells a handle, and Facebook a name alone, which anybody may choose. Where there is
    no handle the id stands for it: rights may hang on a handle, and never on a name."""
    return Author(id=person.id, handle=person.username or person.id, name=person.name)


def author_or_nobody(person: WirePerson | None, name: str) -> Author:
    """Return the person who wrote what has this name. Some keep from apps who they are: each thing that such a one
    wrote is somebody else's then, and nobody's rights hang on its author."""
    return Author(id=f"unknown-{name}", handle=NOBODY) if person is None else author_of(person)


def names(text: str, handle: str) -> bool:
    """Say whether a text names the account; addresses of mail and of pages do not."""
    return re.search(rf"(?<![\w/])@{re.escape(handle)}(?![\w.]*\w)", text, re.IGNORECASE) is not None
