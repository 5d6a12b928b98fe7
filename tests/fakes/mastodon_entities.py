"""The state of the fake Mastodon as the entities of its API."""

from datetime import datetime, timedelta
from typing import Any

from mastodon_state import ALT_LIMIT, LIMIT, POLL, Account, Attachment, Notification, State, Status, shown

__all__ = ["Entities"]

PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4", "video/webm")


def stamp(moment: datetime) -> str:
    """Return a moment as Mastodon writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


class Entities:
    """Writes entities for one viewer after the other."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.base = ""
        """The server's address, as it shows itself."""
        self.streaming = ""
        self.version = "4.7.0"

    def account(self, account: Account) -> dict[str, Any]:
        own = [status for status in self._state.statuses.values() if status.author is account]
        page = f"{self.base}/@{account.acct}"
        return {
            "id": account.id,
            "username": account.username,
            "acct": account.acct,
            "display_name": account.display_name,
            "locked": False,
            "bot": account.bot,
            "discoverable": True,
            "indexable": False,
            "group": False,
            "created_at": stamp(account.created_at),
            "note": f"<p>{account.note}</p>" if account.note else "",
            "url": page,
            "uri": f"{self.base}/users/{account.username}",
            "avatar": f"{self.base}/avatars/original/missing.png",
            "avatar_static": f"{self.base}/avatars/original/missing.png",
            "header": f"{self.base}/headers/original/missing.png",
            "header_static": f"{self.base}/headers/original/missing.png",
            "followers_count": sum(account.id in who.follows for who in self._state.accounts.values()),
            "following_count": len(account.follows),
            "statuses_count": len(own),
            "last_status_at": own[-1].created_at.date().isoformat() if own else None,
            "emojis": [],
            "fields": [{**line, "verified_at": None} for line in account.fields],
        }

    def credentials(self, account: Account) -> dict[str, Any]:
        return {
            **self.account(account),
            "source": {
                "privacy": "public",
                "sensitive": False,
                "language": None,
                "note": account.note,
                "fields": [{**line, "verified_at": None} for line in account.fields],
                "follow_requests_count": 0,
                "indexable": False,
                "discoverable": True,
                "hide_collections": False,
                "attribution_domains": [],
                "quote_policy": "public",
            },
            "role": {"id": "-99", "name": "", "permissions": "65536", "color": "", "highlighted": False},
        }

    def status(self, status: Status, viewer: Account) -> dict[str, Any]:
        quote: dict[str, Any] | None = None
        if status.quote is not None:
            is_there = status.quote.id in self._state.statuses
            quote = {
                "state": "accepted" if is_there else "deleted",
                "quoted_status": self.status(status.quote, viewer) if is_there else None,
            }
        below = [one for one in self._state.statuses.values() if one.in_reply_to is status]
        return {
            "id": status.id,
            "created_at": stamp(status.created_at),
            "in_reply_to_id": None if status.in_reply_to is None else status.in_reply_to.id,
            "in_reply_to_account_id": None if status.in_reply_to is None else _answered(status).id,
            "sensitive": status.sensitive,
            "spoiler_text": status.warning,
            "visibility": status.visibility,
            "language": status.language,
            "uri": f"{self.base}/users/{status.author.username}/statuses/{status.id}",
            "url": f"{self.base}/@{status.author.acct}/{status.id}",
            "replies_count": len(below),
            "reblogs_count": len(status.boosted),
            "favourites_count": len(status.favoured),
            "quotes_count": sum(one.quote is status for one in self._state.statuses.values()),
            "edited_at": None if status.edited_at is None else stamp(status.edited_at),
            "favourited": viewer.id in status.favoured,
            "reblogged": viewer.id in status.boosted,
            "muted": False,
            "bookmarked": False,
            "content": shown(status, self.base),
            "filtered": [],
            "reblog": None,
            "account": self.account(status.author),
            "media_attachments": [self.attachment(file) for file in status.media],
            "mentions": [
                {"id": who.id, "username": who.username, "url": f"{self.base}/@{who.acct}", "acct": who.acct}
                for who in status.mentions
            ],
            "tags": [],
            "emojis": [],
            "card": None,
            "poll": self._poll(status),
            "quote": quote,
            "quote_approval": {"automatic": ["public"], "manual": [], "current_user": "automatic"},
        }

    def boost(self, status: Status, viewer: Account) -> dict[str, Any]:
        """Return the boost of a status by the viewer."""
        inner = self.status(status, viewer)
        return {
            **inner,
            "id": status.boosted[viewer.id],
            "account": self.account(viewer),
            "reblog": inner,
            "media_attachments": [],
            "mentions": [],
        }

    def notification(self, told: Notification) -> dict[str, Any]:
        viewer = self._state.accounts[told.to]
        found: dict[str, Any] = {
            "id": told.id,
            "type": told.type,
            "created_at": stamp(told.created_at),
            "group_key": f"ungrouped-{told.id}",
            "account": self.account(told.by),
        }
        if told.status is not None:
            found["status"] = self.status(told.status, viewer)
        return found

    def attachment(self, file: Attachment) -> dict[str, Any]:
        is_ready = file.ready_at <= self._state.now()
        address = f"{self.base}/system/media_attachments/{file.id}/original"
        return {
            "id": file.id,
            "type": file.type,
            "url": address if is_ready else None,
            "preview_url": address if is_ready else None,
            "remote_url": None,
            "meta": None,
            "description": file.description or None,
            "blurhash": None,
        }

    def instance(self) -> dict[str, Any]:
        return {
            "domain": self._state.domain,
            "title": "Harbour",
            "version": self.version,
            "source_url": "https://github.com/mastodon/mastodon",
            "description": "A fake on loopback.",
            "usage": {"users": {"active_month": 2}},
            "thumbnail": {"url": f"{self.base}/preview.png"},
            "icon": [],
            "languages": ["en"],
            "configuration": {
                "urls": {"streaming": self.streaming},
                "accounts": {"max_featured_tags": 10, "max_pinned_statuses": 5},
                "statuses": {
                    "max_characters": LIMIT,
                    "max_media_attachments": 4,
                    "characters_reserved_per_url": 23,
                },
                "media_attachments": {
                    "description_limit": ALT_LIMIT,
                    "supported_mime_types": list(PICTURES),
                    "image_size_limit": 2 * 1024 * 1024,
                    "image_matrix_limit": 33_177_600,
                    "video_size_limit": 8 * 1024 * 1024,
                    "video_matrix_limit": 8_294_400,
                    "video_frame_rate_limit": 120,
                },
                "polls": {
                    "max_options": POLL["options"],
                    "max_characters_per_option": POLL["characters"],
                    "min_expiration": POLL["shortest"],
                    "max_expiration": POLL["longest"],
                },
                "translation": {"enabled": False},
            },
            "registrations": {"enabled": False, "approval_required": False, "message": None},
            "api_versions": {"mastodon": 9},
            "contact": {"email": "harbour@example.org", "account": None},
            "rules": [{"id": "1", "text": "Bots say that they are bots", "hint": ""}],
        }

    def _poll(self, status: Status) -> dict[str, Any] | None:
        if status.poll is None:
            return None
        ends = status.created_at + timedelta(seconds=int(status.poll["expires_in"]))
        return {
            "id": status.id,
            "expires_at": stamp(ends),
            "expired": ends <= self._state.now(),
            "multiple": bool(status.poll.get("multiple", False)),
            "votes_count": 0,
            "voters_count": 0,
            "options": [{"title": option, "votes_count": 0} for option in status.poll["options"]],
            "emojis": [],
        }


def _answered(status: Status) -> Account:
    """Return whom Mastodon says that a status answers: it passes over answers to oneself (documentation, "Status")."""
    one = status
    while one.in_reply_to is not None and one.in_reply_to.author is status.author:
        one = one.in_reply_to
    return status.author if one.in_reply_to is None else one.in_reply_to.author
