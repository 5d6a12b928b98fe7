"""How a post on TikTok is named: by its own id once everybody sees it, before that by what it was published under."""

from greenroom_adapters.contract import PostRef

__all__ = ["is_public", "ref_of"]


def ref_of(post: str, *, publishing: str, handle: str, is_video: bool) -> PostRef:
    """Return the reference of what was published under `publishing`, and is `post` where that is known."""
    if not post:
        return PostRef(id=publishing)
    return PostRef(id=post, url=f"https://www.tiktok.com/@{handle}/{'video' if is_video else 'photo'}/{post}")


def is_public(ref: PostRef) -> bool:
    """Say whether a reference names a post by its own id."""
    return ref.id.isascii() and ref.id.isdigit()
