"""What a message of ours says, as Discord wants it written."""

import math
from collections.abc import Sequence
from datetime import timedelta

from greenroom_adapters.contract import CountingRule, MediaLimit, Poll, PollLimit, TextLimit
from greenroom_adapters.media import Loaded

__all__ = [
    "MEDIA_LIMIT",
    "MENTIONS_NOBODY",
    "POLL_LIMIT",
    "QUESTION",
    "REQUEST_BYTES",
    "TEXT_LIMIT",
    "compose",
    "compose_response",
    "names",
]

TEXT_LIMIT = TextLimit(length=2000, rule=CountingRule.CODE_POINTS)
"""API reference, "Create Message": 2,000 characters, although the schema of its body says 4,000."""
MEDIA_LIMIT = MediaLimit(
    count=10,
    types=frozenset(
        {
            "image/png",
            "image/jpeg",
            "image/gif",
            "image/webp",
            "video/mp4",
            "video/webm",
            "video/quicktime",
            "audio/mpeg",
            "audio/mp4",
            "audio/ogg",
            "audio/wav",
        }
    ),
    bytes=10 * 1024 * 1024,
    alt_length=1024,
)
"""API reference, "Uploading files": what a server without boosts takes; types that clients show in place."""
REQUEST_BYTES = 25 * 1024 * 1024 - 64 * 1024
"""All files of one message together, with some room for what is around them."""
QUESTION = 300
"""Largest length of a poll's question, in characters (contract, `PollCreateRequest`)."""
POLL_LIMIT = PollLimit(options=10, option_length=55, shortest=timedelta(hours=1), longest=timedelta(hours=768))
MENTIONS_NOBODY: dict[str, object] = {"parse": [], "replied_user": False}
"""What an engine wrote must ring nobody's telephone, whatever stands in it ("Allowed mentions")."""
DEFAULT_LAYOUT = 1
HOUR = timedelta(hours=1)


def compose(
    text: str, *, nonce: str, answers: str | None, poll: Poll | None, files: Sequence[tuple[str, Loaded]]
) -> dict[str, object]:
    """Return the body of a message (contract, `MessageCreateRequest`). `answers` is a message of the same channel."""
    body = {"nonce": nonce, "enforce_nonce": True, **compose_response(text, poll=poll, files=files)}
    if answers is not None:
        body["message_reference"] = {"message_id": answers, "fail_if_not_exists": True}
    return body


def compose_response(text: str, *, poll: Poll | None, files: Sequence[tuple[str, Loaded]]) -> dict[str, object]:
    """Return the body of the answer to a command (contract, `IncomingWebhookUpdateRequestPartial`)."""
    body: dict[str, object] = {"allowed_mentions": MENTIONS_NOBODY}
    if poll is None:
        body["content"] = text
    else:
        body["poll"] = {
            "question": {"text": text},
            "answers": [{"poll_media": {"text": option}} for option in poll.options],
            "duration": math.ceil(poll.open_for / HOUR),
            "allow_multiselect": poll.several,
            "layout_type": DEFAULT_LAYOUT,
        }
    if files:
        body["attachments"] = [
            {"id": str(number), "filename": name, "description": file.alt} for number, (name, file) in enumerate(files)
        ]
    return body


def names(files: Sequence[Loaded]) -> list[tuple[str, Loaded]]:
    """Return the files under names of our own: those on the owner's disk are nobody's business."""
    return [(_name(number, file.media_type), file) for number, file in enumerate(files)]


def _name(number: int, media_type: str) -> str:
    main, _, kind = media_type.partition("/")
    ending = {"jpeg": "jpg", "quicktime": "mov", "mpeg": "mp3"}.get(kind, kind)
    if main == "audio" and kind == "mp4":
        ending = "m4a"
    return f"{main}{number or ''}.{ending}"
