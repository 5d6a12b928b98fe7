"""How the page's posts, their comments and its messages are named."""

import re

from greenroom_adapters.contract import PostRef
from greenroom_adapters.meta.mail import MESSAGE

__all__ = ["Place", "comment_ref", "place_of", "post_ref"]

NAME = re.compile(r"(?P<post>[0-9]{1,30}(?:_[0-9]{1,30})?)(?:/(?P<comment>[0-9]{1,30}(?:_[0-9]{1,30})?))?", re.ASCII)


class Place:
    """A post, or a comment below one."""

    __slots__ = ("comment", "post")

    def __init__(self, post: str, comment: str | None) -> None:
        self.post = post
        self.comment = comment

    @property
    def object(self) -> str:
        """What is liked, deleted, or answered."""
        return self.comment or self.post


def post_ref(post: str, url: str | None = None) -> PostRef:
    """Return the reference of a post."""
    return PostRef(id=post, url=url or f"https://www.facebook.com/{post}")


def comment_ref(post: str, comment: str) -> PostRef:
    """Return the reference of a comment. It names its post too: below that it is looked up."""
    return PostRef(id=f"{post}/{comment}", url=f"https://www.facebook.com/{comment}")


def place_of(ref: PostRef) -> Place | None:
    """Return what a reference names; None: nothing here but perhaps a message."""
    match = None if ref.id.startswith(MESSAGE) else NAME.fullmatch(ref.id)
    return None if match is None else Place(match["post"], match["comment"])
