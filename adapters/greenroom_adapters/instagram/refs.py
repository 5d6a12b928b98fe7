"""How posts, comments, mentions and messages on Instagram are named."""

import re
from dataclasses import dataclass

from greenroom_adapters.contract import PostRef
from greenroom_adapters.meta.mail import MESSAGE

__all__ = ["Place", "comment_ref", "media_ref", "mention_ref", "place_of"]

NAME = re.compile(r"(?P<mention>mention/)?(?P<media>[0-9]{1,30})(?:/(?P<comment>[0-9]{1,30}))?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A post, or a comment below one."""

    media: str
    comment: str | None
    is_mention: bool
    """The post is somebody else's: it is answered by the way for mentions, and cannot be read."""

    @property
    def object(self) -> str:
        """What is deleted."""
        return self.comment or self.media


def media_ref(media: str, url: str | None = None) -> PostRef:
    """Return the reference of a post of the account."""
    return PostRef(id=media, url=url)


def comment_ref(media: str, comment: str) -> PostRef:
    """Return the reference of a comment below a post of the account. It names the post too: below that it is looked
    up."""
    return PostRef(id=f"{media}/{comment}")


def mention_ref(media: str, comment: str = "", url: str | None = None) -> PostRef:
    """Return the reference of a post of somebody else that names the account, or of a comment there that does."""
    return PostRef(id=f"mention/{media}/{comment}".removesuffix("/"), url=url)


def place_of(ref: PostRef) -> Place | None:
    """Return what a reference names; None: nothing here but perhaps a message."""
    match = None if ref.id.startswith(MESSAGE) else NAME.fullmatch(ref.id)
    if match is None:
        return None
    return Place(media=match["media"], comment=match["comment"], is_mention=match["mention"] is not None)
