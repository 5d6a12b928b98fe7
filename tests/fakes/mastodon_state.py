"""What a strict fake of Mastodon 4.7 knows and does: accounts, statuses, notifications, keys. Rules only, no wire.

Written after the documentation and what its code does (the key is looked up before a status is made and noted after
it; a deleted status is a 404 under its key; a notification for whoever is named; `delete` to followers and to whoever
was named). Nothing of the adapter is imported.
"""

import html
import itertools
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import regex  # type: ignore[import-untyped]  # its types are a package of their own

URL = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)'\]]")
MENTION = re.compile(r"@(?<![=/\w]@)([a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)(?:@([\w.-]+\w))?", re.IGNORECASE)
HASHTAG = re.compile(r"#(?<![=/\w)&#]#)(\w*[^\W\d]\w*)")
KEY_LIVES = timedelta(hours=1)
LIMIT = 500
ALT_LIMIT = 1500
POLL = {"options": 4, "characters": 50, "shortest": 300, "longest": 2629746}
WIDTH = ("direct", "private", "unlisted", "public")


class Refusal(Exception):
    """The server refuses, with a status and its words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


@dataclass
class Account:
    """Somebody on the server, or known to it."""

    id: str
    username: str
    domain: str | None
    created_at: datetime
    note: str = ""
    display_name: str = ""
    fields: list[dict[str, str]] = field(default_factory=list)
    bot: bool = False
    follows: set[str] = field(default_factory=set)

    @property
    def acct(self) -> str:
        return self.username if self.domain is None else f"{self.username}@{self.domain}"


@dataclass
class Status:
    """A post."""

    id: str
    author: Account
    text: str
    visibility: str
    created_at: datetime
    in_reply_to: "Status | None" = None
    quote: "Status | None" = None
    warning: str = ""
    sensitive: bool = False
    language: str | None = None
    media: list["Attachment"] = field(default_factory=list)
    poll: dict[str, Any] | None = None
    mentions: list[Account] = field(default_factory=list)
    edited_at: datetime | None = None
    favoured: set[str] = field(default_factory=set)
    boosted: dict[str, str] = field(default_factory=dict)


@dataclass
class Attachment:
    """A file."""

    id: str
    owner: str
    type: str
    description: str
    ready_at: datetime
    status: str | None = None


@dataclass
class Notification:
    """Something that concerns an account."""

    id: str
    to: str
    type: str
    by: Account
    status: Status | None
    created_at: datetime


class State:
    """The server's memory. `publish` hears of (account id, event, what it is about) for the streams."""

    def __init__(self, domain: str, publish: Callable[[str, str, Any], None]) -> None:
        self.domain = domain
        self._publish = publish
        self._numbers = itertools.count(1)
        self._skew = timedelta(0)
        self.accounts: dict[str, Account] = {}
        self.statuses: dict[str, Status] = {}
        self.notifications: list[Notification] = []
        self.media: dict[str, Attachment] = {}
        self.keys: dict[tuple[str, str], tuple[str, datetime]] = {}
        self.tokens: dict[str, tuple[str, str]] = {}
        """Token → (account id, scopes)."""
        self.requires_key_of: list[str] = []
        self.processing = timedelta(0)
        """How long an upload takes until it is ready."""

    def now(self) -> datetime:
        """Return the server's present moment."""
        return datetime.now(UTC) + self._skew

    def later(self, time: timedelta) -> None:
        """Let time pass on the server."""
        self._skew += time

    def new_id(self) -> str:
        """Return an id in the way of Mastodon: milliseconds, then a sequence."""
        return str((int(self.now().timestamp() * 1000) << 16) + next(self._numbers) % 65536)

    def join(self, username: str, domain: str | None = None, **profile: Any) -> Account:
        """Make an account."""
        account = Account(self.new_id(), username, domain, self.now(), display_name=username.title(), **profile)
        self.accounts[account.id] = account
        return account

    def let_in(self, account: Account, scopes: str = "read write") -> str:
        """Give a token to an account."""
        token = secrets.token_urlsafe(32)
        self.tokens[token] = (account.id, scopes)
        return token

    # Statuses --------------------------------------------------------------------------------------------------------

    def post(
        self,
        author: Account,
        text: str,
        *,
        visibility: str = "public",
        in_reply_to_id: str | None = None,
        quoted_status_id: str | None = None,
        spoiler_text: str = "",
        sensitive: bool = False,
        language: str | None = None,
        media_ids: list[str] | None = None,
        poll: dict[str, Any] | None = None,
    ) -> Status:
        """Make a status and tell whom it concerns."""
        answered = quoted = None
        if in_reply_to_id is not None:
            answered = self.visible(in_reply_to_id, author)
        if quoted_status_id is not None:
            quoted = self.visible(quoted_status_id, author)
            if quoted.visibility == "direct":
                raise Refusal(422, "Validation failed: Quoted status cannot be quoted")
        media = [self._attachable(author, name) for name in media_ids or []]
        if len(media) > 4 or (len(media) > 1 and any(file.type != "image" for file in media)):
            raise Refusal(422, "Validation failed: Cannot attach more than 4 files")
        if not text.strip() and not media:
            raise Refusal(422, "Validation failed: Text can't be blank")
        if visibility not in WIDTH:
            raise Refusal(422, "Validation failed: Visibility is not included in the list")
        if poll is not None:
            self._check_poll(poll, media)
        self.check_length(text, spoiler_text)
        status = Status(
            self.new_id(),
            author,
            text,
            visibility,
            self.now(),
            in_reply_to=answered,
            quote=quoted,
            warning=spoiler_text,
            sensitive=sensitive or bool(spoiler_text),
            language=language or "en",
            media=media,
            poll=poll,
            mentions=self._mentioned(text),
        )
        for file in media:
            file.status = status.id
        self.statuses[status.id] = status
        for who in status.mentions:
            self.notify(who.id, "mention", author, status)
        if quoted is not None:
            self.notify(quoted.author.id, "quote", author, status)
        for who in self._followers(author):
            if visibility != "direct":
                self._publish(who.id, "update", status)
        self._publish(author.id, "update", status)
        return status

    def edit(self, status: Status, text: str, *, spoiler_text: str, sensitive: bool, media_ids: list[str]) -> None:
        """Replace a status; what is not named is taken away."""
        self.check_length(text, spoiler_text)
        media = [self.media[name] for name in media_ids]
        if (text, spoiler_text, media) == (status.text, status.warning, status.media):
            return
        status.text, status.warning, status.sensitive, status.media = text, spoiler_text, sensitive, media
        status.edited_at = self.now()
        before = {who.id for who in status.mentions}
        status.mentions = self._mentioned(text)
        for who in status.mentions:
            if who.id not in before:
                self.notify(who.id, "mention", status.author, status)
        for name in status.boosted:
            self.notify(name, "update", status.author, status)
        for who in (*self._followers(status.author), status.author):
            self._publish(who.id, "status.update", status)

    def delete(self, status: Status) -> None:
        """Take a status down; nothing of it is left but its key."""
        del self.statuses[status.id]
        self.notifications = [told for told in self.notifications if told.status is not status]
        told = {who.id for who in (*self._followers(status.author), *status.mentions, status.author)}
        for name in told:
            self._publish(name, "delete", status.id)

    def favour(self, who: Account, status: Status) -> None:
        if who.id not in status.favoured:
            status.favoured.add(who.id)
            self.notify(status.author.id, "favourite", who, status)

    def boost(self, who: Account, status: Status) -> None:
        if status.visibility not in ("public", "unlisted") and status.author is not who:
            raise Refusal(422, "Validation failed: This post cannot be boosted")
        if who.id not in status.boosted:
            status.boosted[who.id] = self.new_id()
            self.notify(status.author.id, "reblog", who, status)

    def follow(self, who: Account, whom: Account) -> None:
        if whom.id not in who.follows:
            who.follows.add(whom.id)
            self.notify(whom.id, "follow", who, None)

    def notify(self, to: str, kind: str, by: Account, status: Status | None) -> None:
        """Tell an account of the server that something concerns it."""
        if to == by.id or self.accounts[to].domain is not None:
            return
        number = str(10_000_000 + next(self._numbers))
        told = Notification(number, to, kind, by, status, self.now())
        self.notifications.append(told)
        self._publish(to, "notification", told)

    def visible(self, name: str, to: Account) -> Status:
        """Return a status that an account may see."""
        status = self.statuses.get(name)
        if status is None or not self.sees(to, status):
            raise Refusal(404, "Record not found")
        return status

    def sees(self, who: Account, status: Status) -> bool:
        named = who is status.author or who in status.mentions
        if status.visibility == "private":
            return named or status.author.id in who.follows
        return status.visibility != "direct" or named

    def above(self, status: Status, to: Account) -> list[Status]:
        """Return what a status answers, and what that answers, oldest first, as far as it is there."""
        found: list[Status] = []
        one = status.in_reply_to
        while one is not None:
            if one.id in self.statuses and self.sees(to, one):
                found.append(one)
            one = one.in_reply_to
        return found[::-1]

    def below(self, status: Status, to: Account) -> list[Status]:
        found: list[Status] = []
        for one in self.statuses.values():
            if one.in_reply_to is not None and (one.in_reply_to is status or one.in_reply_to in found):
                found.append(one)
        return [one for one in found if self.sees(to, one)]

    def check_length(self, text: str, warning: str) -> None:
        if length(warning + counted(text)) > LIMIT:
            raise Refusal(422, f"Validation failed: Text character limit of {LIMIT} exceeded")

    def _check_poll(self, poll: dict[str, Any], media: list[Attachment]) -> None:
        options = poll["options"]
        if media:
            raise Refusal(422, "Validation failed: Cannot attach a poll and files")
        if not 2 <= len(options) <= POLL["options"] or len(set(options)) < len(options):
            raise Refusal(422, "Validation failed: Options are wrong")
        if any(length(option) > POLL["characters"] for option in options):
            raise Refusal(422, "Validation failed: An option is too long")
        if not POLL["shortest"] <= int(poll["expires_in"]) <= POLL["longest"]:
            raise Refusal(422, "Validation failed: Expiry is wrong")

    def _attachable(self, author: Account, name: str) -> Attachment:
        file = self.media.get(name)
        if file is None or file.owner != author.id or file.status is not None:
            raise Refusal(422, "Validation failed: Media not found")
        if file.ready_at > self.now():
            raise Refusal(422, "Cannot attach files that have not finished processing. Try again in a moment!")
        return file

    def _mentioned(self, text: str) -> list[Account]:
        found: list[Account] = []
        for mention in MENTION.finditer(URL.sub(" ", text)):
            who = self.lookup(mention[0])
            if who is not None and who not in found:
                found.append(who)
        return found

    def lookup(self, handle: str) -> Account | None:
        """Return whoever has this handle."""
        name, _, domain = handle.removeprefix("@").lower().partition("@")
        wanted = None if domain in ("", self.domain) else domain
        known = self.accounts.values()
        return next((who for who in known if who.username.lower() == name and who.domain == wanted), None)

    def _followers(self, account: Account) -> list[Account]:
        return [who for who in self.accounts.values() if account.id in who.follows]


def length(text: str) -> int:
    """Return what Mastodon counts: grapheme clusters."""
    return len(regex.findall(r"\X", text))


def counted(text: str) -> str:
    """Return the text that is counted: a link as 23 characters, a mention without its server."""
    parts: list[str] = []
    at = 0
    for link in URL.finditer(text):
        parts += [MENTION.sub(r"@\1", text[at : link.start()]), "x" * 23]
        at = link.end()
    return "".join((*parts, MENTION.sub(r"@\1", text[at:])))


def shown(status: Status, base: str) -> str:
    """Return a status as Mastodon's HTML: paragraphs, short links, mentions without their server."""
    people = {who.acct.lower(): who for who in status.mentions} | {who.username.lower(): who for who in status.mentions}

    def link(address: str) -> str:
        scheme, rest = address.split("//", 1)
        head, tail = rest[:30], rest[30:]
        dots = ' class="ellipsis"' if tail else ""
        return (
            f'<a href="{html.escape(address)}" target="_blank" rel="nofollow noopener noreferrer" translate="no">'
            f'<span class="invisible">{scheme}//</span><span{dots}>{html.escape(head)}</span>'
            f'<span class="invisible">{html.escape(tail)}</span></a>'
        )

    def name(mention: re.Match[str]) -> str:
        handle = mention[0].removeprefix("@").lower().removesuffix(f"@{base.split('//')[1].split(':')[0]}")
        who = people.get(handle) or people.get(mention[1].lower())
        if who is None:
            return mention[0]
        url = f"{base}/@{who.acct}"
        return (
            f'<span class="h-card" translate="no"><a href="{url}" class="u-url mention">@<span>{who.username}</span>'
            "</a></span>"
        )

    def words(text: str) -> str:
        text = MENTION.sub(name, html.escape(text, quote=False))
        return HASHTAG.sub(rf'<a href="{base}/tags/\1" class="mention hashtag" rel="tag">#<span>\1</span></a>', text)

    parts: list[str] = []
    at = 0
    for found in URL.finditer(status.text):
        parts += [words(status.text[at : found.start()]), link(found[0])]
        at = found.end()
    parts.append(words(status.text[at:]))
    paragraphs = re.split(r"\n\n+", "".join(parts).strip())
    fallback = ""
    if status.quote is not None:
        address = f"{base}/@{status.quote.author.acct}/{status.quote.id}"
        fallback = f'<p class="quote-inline">RE: {link(address)}</p>'
    return fallback + "".join(f"<p>{part.strip()}</p>".replace("\n", "<br />") for part in paragraphs)
