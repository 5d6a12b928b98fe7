"""People as the contract knows them, and how they are named in a text."""

import re
from collections.abc import Iterable

from greenroom_adapters.contract import Author
from greenroom_adapters.mastodon.html import plain_text
from greenroom_adapters.mastodon.wire import WireAccount
from greenroom_adapters.text import declines_bots

__all__ = ["addressed", "author", "names", "without_address"]

ADDRESS = re.compile(r"\s*@([a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)(?:@([\w.-]*\w))?(?=[\s:,]|$)[:,]?\s*", re.IGNORECASE)
"""A mention at the beginning of a text, with what parts it from the words."""


def author(account: WireAccount) -> Author:
    """Return the author that an account is. Roles on the server are none in a conversation, so nobody is trusted."""
    return Author(
        id=account.id,
        handle=account.acct,
        name=account.display_name or "",
        is_bot=bool(account.bot),
        declines_bots=_declines_bots(account),
    )


def addressed(text: str, handle: str) -> str:
    """Return the text with a mention of this person in it, at its beginning unless it is there already: whom a text
    does not name is not told of it."""
    return text if names(text, handle) else f"@{handle} {text}".rstrip()


def names(text: str, handle: str) -> bool:
    """Tell whether a text mentions this very handle."""
    return re.search(rf"(?<![=/\w@])@{re.escape(handle)}(?![\w@])(?!\.\w)", text, re.IGNORECASE) is not None


def without_address(text: str, handles: Iterable[str]) -> str:
    """Return the text without the mentions of these people that it begins with. A mention is shown without its server,
    so its first part is enough."""
    wanted = {handle.partition("@")[0].lower() for handle in handles}
    while (found := ADDRESS.match(text)) is not None and found[1].lower() in wanted:
        text = text[found.end() :]
    return text


def _declines_bots(account: WireAccount) -> bool:
    told = (account.note or "", *(f"{field.name} {field.value}" for field in account.fields or ()))
    # A profile is read with each of its owner's posts, and few speak of bots.
    return declines_bots(*(plain_text(text) for text in told if "bot" in text.lower()))
