"""A post as the status that it becomes."""

from dataclasses import dataclass

from greenroom_adapters.contract import Post, TextLimit, Visibility
from greenroom_adapters.mastodon.people import addressed
from greenroom_adapters.mastodon.wire import WireStatus
from greenroom_adapters.text import count, cut, defused

__all__ = ["Audience", "Draft", "compose", "length", "status_language"]

WIRE = {Visibility.PUBLIC: "public", Visibility.UNLISTED: "unlisted", Visibility.FOLLOWERS: "private"}
WIDTH = {"direct": 0, "private": 1, "unlisted": 2, "public": 3}
"""How many people see it, in order. What a server calls otherwise is taken for the narrowest (`mutuals_only`,
`local`)."""
SHORTEST_WARNING = 8
"""Of an inherited warning that has no room, at least this much stands, or none of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who sees what the account writes, by its owner's settings, in the words of the wire."""

    posts: str
    replies: str

    @classmethod
    def of(cls, *, posts: str, replies: str) -> "Audience":
        """Return it for words of the settings."""
        return cls(posts=WIRE[Visibility(posts)], replies=WIRE[Visibility(replies)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is sent, but for files."""

    text: str
    """With the mention that it begins with."""
    warning: str
    visibility: str


def compose(
    post: Post, *, answered: WireStatus | None, person: str | None, me: str, audience: Audience, limit: TextLimit
) -> Draft:
    """Return a post as it goes out.

    An answer mentions the person whom it answers and nobody else, whatever its words are: who asks must not make the
    account write to others. It is seen by no more people than what it answers, and stands behind the same warning.
    `person` is the handle of whoever is written to directly.
    """
    text = post.text
    if person is not None:
        text = addressed(defused(text, spare=[person]), person)
    elif answered is not None and answered.account.id != me:
        asker = answered.account.acct
        text = addressed(defused(text, spare=[asker]), asker)
    elif answered is not None:  # the next part of a thread of our own speaks to whom the last one spoke
        text = defused(text, spare=[mention.acct for mention in answered.mentions or ()])
    warning = post.content_warning or ""
    if not warning and answered is not None and answered.spoiler_text and post.direct_to is None:
        warning = _inherited(answered.spoiler_text, text, limit)
    return Draft(text=text, warning=warning, visibility=_visibility(post, answered, audience, me=me))


def length(text: str, warning: str, limit: TextLimit) -> int:
    """Return what the server counts: the warning and the text as one (Mastodon counts no link in the former as short,
    so this is never less)."""
    return count(text, limit.rule) + len(warning)


def status_language(tag: str) -> str:
    """Return a language as statuses have it: ISO 639, without region or script."""
    return tag.partition("-")[0].lower()


def _visibility(post: Post, answered: WireStatus | None, audience: Audience, *, me: str) -> str:
    if post.direct_to is not None:
        return "direct"
    if answered is None:
        return WIRE[post.visibility] if post.visibility is not None else audience.posts
    # The next part of a thread of our own is seen like the one before it, as long as nothing else is said.
    usual = audience.posts if answered.account.id == me else audience.replies
    wanted = WIRE[post.visibility] if post.visibility is not None else usual
    asked = answered.visibility if answered.visibility in WIDTH else "direct"
    return min(wanted, asked, key=lambda visibility: WIDTH[visibility])


def _inherited(warning: str, text: str, limit: TextLimit) -> str:
    room = limit.length - count(text, limit.rule)
    if len(warning) <= room:
        return warning
    return cut(warning, (TextLimit(length=room),)) if room >= SHORTEST_WARNING else ""
