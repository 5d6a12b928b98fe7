"""What a message of ours says, as Discord wants it written."""

import math
from collections.abc import Sequence
from datetime import timedelta

from greenroom_adapters.contract import CountingRule, Embed, EmbedLimit, MediaLimit, PollLimit, Post, TextLimit
from greenroom_adapters.media import Loaded

__all__ = [
    "EMBED_LIMIT",
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
EMBED_LIMIT = EmbedLimit(
    title=256, text=4096, fields=25, field_name=256, field_value=1024, footer=2048, link=2048, whole=6000
)
"""API reference, "Embed limits"; the addresses by the contract (`RichEmbed`)."""
MENTIONS_NOBODY: dict[str, object] = {"parse": [], "replied_user": False}
"""What an engine wrote must ring nobody's telephone, whatever stands in it ("Allowed mentions")."""
DEFAULT_LAYOUT = 1
SUPPRESS_EMBEDS = 1 << 2
"""Flag of a message below whose links Discord shows no previews ("Message Flags"); it would hide an embed as well."""
HOUR = timedelta(hours=1)


def compose(
    post: Post, *, text: str, nonce: str, answers: str | None, files: Sequence[tuple[str, Loaded]], previews: bool
) -> dict[str, object]:
    """Return the body of a message (contract, `MessageCreateRequest`) with the words and whatever else of a post.
    `answers` is a message of the same channel."""
    body = {
        "nonce": nonce,
        "enforce_nonce": True,
        **compose_response(post, text=text, files=files, previews=previews),
    }
    if answers is not None:
        body["message_reference"] = {"message_id": answers, "fail_if_not_exists": True}
    return body


def compose_response(
    post: Post, *, text: str, files: Sequence[tuple[str, Loaded]], previews: bool
) -> dict[str, object]:
    """Return the body of the answer to a command (contract, `IncomingWebhookUpdateRequestPartial`). Not `previews`:
    Discord shows none of what links in the text lead to."""
    body: dict[str, object] = {"allowed_mentions": MENTIONS_NOBODY}
    poll = post.poll
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
    if post.embed is not None:
        body["embeds"] = [_embed(post.embed)]
    elif not previews:
        body["flags"] = SUPPRESS_EMBEDS
    if files:
        body["attachments"] = [
            {"id": str(number), "filename": name, "description": file.alt} for number, (name, file) in enumerate(files)
        ]
    return body


def _embed(embed: Embed) -> dict[str, object]:
    """Return an embed as the contract has it (`RichEmbed`)."""
    table = [{"name": field.name, "value": field.value, "inline": field.beside} for field in embed.fields]
    told: dict[str, object | None] = {
        "title": embed.title,
        "description": embed.text,
        "url": embed.link,
        "color": embed.colour,
        "fields": table or None,
        "image": None if embed.image is None else {"url": embed.image},
        "footer": None if embed.footer is None else {"text": embed.footer},
    }
    return {key: value for key, value in told.items() if value is not None}


def names(files: Sequence[Loaded]) -> list[tuple[str, Loaded]]:
    """Return the files under names of our own: those on the owner's disk are nobody's business."""
    return [(_name(number, file.media_type), file) for number, file in enumerate(files)]


def _name(number: int, media_type: str) -> str:
    main, _, kind = media_type.partition("/")
    ending = {"jpeg": "jpg", "quicktime": "mov", "mpeg": "mp3"}.get(kind, kind)
    if main == "audio" and kind == "mp4":
        ending = "m4a"
    return f"{main}{number or ''}.{ending}"
