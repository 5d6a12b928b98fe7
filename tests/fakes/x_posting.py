"""What the X of the tests takes for a post or a direct message, and what it refuses, in X's words."""

import json
import unicodedata
from typing import TYPE_CHECKING, Any

from x_text import mentioned, weighted_length

if TYPE_CHECKING:
    from x_server import XServer

__all__ = ["Refused", "create_message", "create_post"]

KNOWN = {"text", "reply", "quote_tweet_id", "media", "poll", "reply_settings", "made_with_ai", "paid_partnership"}
EXCLUSIVE = ("media", "poll", "quote_tweet_id")


class Refused(Exception):
    """X says no."""

    def __init__(self, status: int, title: str, detail: str, kind: str = "about:blank") -> None:
        super().__init__(detail)
        self.status, self.title, self.detail, self.type = status, title, detail, kind


def create_post(server: "XServer", me: int, body: dict[str, Any]) -> int:
    """Publish a post and return its id."""
    state = server.state
    text = body.get("text", "")
    allowed = KNOWN if server.dialect == "post" else KNOWN - {"made_with_ai", "paid_partnership"}
    if body.keys() - allowed:
        raise _invalid(f"$.{next(iter(body.keys() - allowed))}: is not defined in the schema")
    if sum(name in body for name in EXCLUSIVE) > 1:
        raise _invalid("media, poll and quote_tweet_id are mutually exclusive")
    if not text.strip() and "media" not in body:
        raise _invalid("text is empty")
    if weighted_length(text) > 280:
        raise Refused(403, "Forbidden", "Your Tweet text is too long. For more info, see the documentation.")
    with state.at_once():
        replied = _replied(server, me, body)
        quoted = _quoted(server, body)
        files = _files(server, me, body.get("media", {}).get("media_ids", []), private=False)
        if "poll" in body:
            _check_poll(body["poll"])
        if server.refuses_duplicates:
            _check_duplicate(server, me, text, replied, quoted)
        return state.post(
            me,
            text,
            replied=replied,
            quoted=quoted,
            files=files,
            poll=body.get("poll"),
            made_with_ai=body.get("made_with_ai"),
        )


def create_message(server: "XServer", me: int, person: int, body: dict[str, Any]) -> int:
    """Send a direct message and return its id."""
    state = server.state
    if not body.get("text") and not body.get("attachments"):
        raise _invalid("a message has a text or an attachment")
    if len(body.get("attachments", [])) > 1:
        raise _invalid("a message has one attachment")
    if state.one("SELECT id FROM people WHERE id = ?", person) is None:
        raise Refused(404, "Not Found Error", "There is no such user.", "resource-not-found")
    if state.one("SELECT id FROM messages WHERE sender = ? AND recipient = ?", person, me) is None:
        raise Refused(403, "Forbidden", "You cannot send messages to users you have no conversation with.")
    names = [attachment["media_id"] for attachment in body.get("attachments", [])]
    files = _files(server, me, names, private=True)
    return state.message(me, person, body.get("text", ""), files=files)


def _replied(server: "XServer", me: int, body: dict[str, Any]) -> int | None:
    if "reply" not in body:
        return None
    number = int(body["reply"]["in_reply_to_tweet_id"])
    target = server.state.one("SELECT * FROM posts WHERE id = ? AND NOT deleted", number)
    if target is None:
        words = "You attempted to reply to a Tweet that is deleted or not visible to you."
        raise Refused(403, "Forbidden", words)
    if server.access == "self_serve" and target["author"] != me and not _calls_for(server, target, me):
        words = (
            "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by "
            "the author of the post you are replying to."
        )
        raise Refused(403, "Forbidden", words)
    return number


def _calls_for(server: "XServer", target: Any, me: int) -> bool:
    state = server.state
    handle = state.all("SELECT handle FROM people WHERE id = ?", me)[0]["handle"].lower()
    if handle in (name.lower() for name in mentioned(target["text"])):
        return True
    for column in ("quoted", "replied"):  # X puts the name of whom it answers before an answer: that is a mention
        other = state.one("SELECT * FROM posts WHERE id = ?", target[column]) if target[column] is not None else None
        if other is not None and other["author"] == me:
            return True
    return False


def _quoted(server: "XServer", body: dict[str, Any]) -> int | None:
    if "quote_tweet_id" not in body:
        return None
    if server.access == "self_serve":
        raise Refused(403, "Forbidden", "Quote posts are not available on your access level.")
    number = int(body["quote_tweet_id"])
    if server.state.one("SELECT id FROM posts WHERE id = ? AND NOT deleted", number) is None:
        raise _invalid("The Tweet that is to be quoted does not exist.")
    return number


def _files(server: "XServer", me: int, names: list[str], *, private: bool) -> list[int]:
    rows = [server.state.one("SELECT * FROM files WHERE id = ? AND owner = ?", int(name), me) for name in names]
    found = [row for row in rows if row is not None and row["is_whole"]]
    if len(found) < len(names):
        raise _invalid("Your media IDs are invalid.")
    if any(row["category"].startswith("dm_") is not private for row in found):
        raise _invalid("Your media IDs are of another category.")
    is_alone = any(not row["category"].endswith("_image") for row in found)
    if len(found) > 4 or (is_alone and len(found) > 1):
        raise _invalid("Your media is too much for one Tweet.")
    return [row["id"] for row in found]


def _check_poll(poll: dict[str, Any]) -> None:
    options = poll["options"]
    if not 2 <= len(options) <= 4 or not all(1 <= len(option) <= 25 for option in options):
        raise _invalid("poll options")
    if len(set(options)) < len(options) or not 5 <= poll["duration_minutes"] <= 10080:
        raise _invalid("poll duration")


def _check_duplicate(server: "XServer", me: int, text: str, replied: int | None, quoted: int | None) -> None:
    rows = server.state.all(
        "SELECT text FROM posts WHERE author = ? AND NOT deleted AND replied IS ? AND quoted IS ? AND reposted IS NULL",
        *(me, replied, quoted),
    )
    if _tidied(text) in {_tidied(row["text"]) for row in rows}:
        raise Refused(403, "Forbidden", "You are not allowed to create a Tweet with duplicate content.")


def _tidied(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _invalid(detail: str) -> Refused:
    return Refused(
        400,
        "Invalid Request",
        f"One or more parameters to your request was invalid: {json.dumps(detail)}",
        "invalid-request",
    )
