"""How posts on Threads are named; an answer is a post like any other."""

import re

from greenroom_adapters.contract import PostRef

__all__ = ["name_of", "post_ref"]

NAME = re.compile(r"[0-9]{1,30}", re.ASCII)


def post_ref(name: str, url: str | None = None) -> PostRef:
    """Return the reference of a post."""
    return PostRef(id=name, url=url)


def name_of(ref: PostRef) -> str | None:
    """Return the name of the post that is meant; None: it is none on Threads."""
    return ref.id if NAME.fullmatch(ref.id) else None
