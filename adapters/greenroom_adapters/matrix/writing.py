"""What the bot says, as the content of an event."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

import msgspec

from greenroom_adapters.contract import CountingRule, TextLimit
from greenroom_adapters.matrix.media import message_type

__all__ = ["KEY", "TEXT_LIMIT", "Answered", "Attached", "Style", "compose", "edit"]

KEY = "org.greenroom.key"
"""Where the digest of the idempotency key stands in the content: by it an event is found again."""
TEXT_LIMIT = TextLimit(length=30_000, rule=CountingRule.UTF8_BYTES)
"""An event has at most 65,536 bytes as canonical JSON, with everything that servers add to it (client-server API,
"Size limits"). Quotes, backslashes and line ends take two bytes there, so this many bytes of an ordinary text always
fit, with 5,000 bytes for the rest of the event. A text of control characters, six bytes each, may be refused by the
server."""
FORMATTED_CAP = 50_000
"""Largest size of the plain and the formatted text together, in bytes of JSON; above it only the plain one is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How the owner wants the bot to write."""

    message: Literal["notice", "text"]
    threads: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The message that is answered."""

    event: str
    sender: str
    thread: str | None
    """Root of the thread that it stands in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file in the server's content repository."""

    url: str
    alt: str
    media_type: str
    name: str
    info: Mapping[str, object]


def compose(
    text: str,
    *,
    key: str,
    me: str,
    style: Style,
    answered: Answered | None = None,
    attached: Attached | None = None,
    opens_thread: bool = False,
) -> dict[str, object]:
    """Return the content of one `m.room.message`.

    It mentions the person who is answered and nobody else, whatever names stand in the text: `m.mentions` says so to
    every client that knows it, and keeps the older rules, by which the bare words `@room` would call everybody, from
    being applied.
    """
    person = answered.sender if answered is not None and answered.sender != me else None
    content: dict[str, object] = {
        "msgtype": f"m.{style.message}",
        "body": text,
        "m.mentions": {"user_ids": [person]} if person else {},
        KEY: key,
    }
    if attached is not None:
        content |= _file(text, attached)
    elif person is not None:
        content |= _formatted(text, person)
    if answered is not None:
        content["m.relates_to"] = _relation(answered, opens_thread=opens_thread)
    return content


def edit(event: str, original: Mapping[str, object], text: str) -> dict[str, object]:
    """Return the content that gives an event of ours another text and leaves the rest of it as it is.

    An edit mentions nobody: who was mentioned before is not called a second time (client-server API, "Event
    replacements").
    """
    kept = {
        name: value
        for name, value in original.items()
        if name not in ("m.relates_to", "format", "formatted_body", "m.new_content")
    }
    return {
        "msgtype": original.get("msgtype", "m.notice"),
        "body": f"* {text}",
        "m.mentions": {},
        "m.new_content": {**kept, "body": text},
        "m.relates_to": {"rel_type": "m.replace", "event_id": event},
    }


def _relation(answered: Answered, *, opens_thread: bool) -> dict[str, object]:
    in_reply_to = {"event_id": answered.event}
    root = answered.thread or (answered.event if opens_thread else None)
    if root is None:
        return {"m.in_reply_to": in_reply_to}
    # For clients without threads it looks like a reply; those with threads show it as the next one in its thread.
    return {"rel_type": "m.thread", "event_id": root, "is_falling_back": True, "m.in_reply_to": in_reply_to}


def _file(text: str, attached: Attached) -> dict[str, object]:
    """Return a file with what is said about it, as one event. Matrix has one text for a file, its caption, and no other
    for those who cannot see it: the description stands there, below the words of the post."""
    return {
        "msgtype": message_type(attached.media_type),
        "body": f"{text}\n\n{attached.alt}" if text else attached.alt,
        "filename": attached.name,
        "url": attached.url,
        "info": dict(attached.info),
    }


def _formatted(text: str, person: str) -> dict[str, object]:
    """Return the text with a link where it names the person who is answered by id. Links to pages need no formatting:
    clients find them in the plain text."""
    if person not in text:
        return {}
    # Quoted as matrix.to wants it, which leaves nothing that could end the attribute.
    link = f'<a href="https://matrix.to/#/{quote(person, safe="")}">{html.escape(person)}</a>'
    formatted = link.join(html.escape(piece, quote=False).replace("\n", "<br>") for piece in text.split(person))
    if len(msgspec.json.encode([text, formatted])) > FORMATTED_CAP:
        return {}
    return {"format": "org.matrix.custom.html", "formatted_body": formatted}
