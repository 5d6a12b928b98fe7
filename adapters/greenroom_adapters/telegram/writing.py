"""What a message looks like on the wire."""

from collections.abc import Sequence
from dataclasses import dataclass

from greenroom_adapters.contract import CountingRule, Post, TextLimit
from greenroom_adapters.media import Loaded
from greenroom_adapters.telegram.references import Chat

__all__ = ["ANIMATION", "CAPTION_LIMIT", "TEXT_LIMIT", "Wording", "compose"]

ANIMATION = "image/gif"
TEXT_LIMIT = TextLimit(length=4096, rule=CountingRule.UTF16_UNITS)
"""`sendMessage`: "1-4096 characters after entities parsing"; places in a text are counted in UTF-16 units there."""

CAPTION_LIMIT = TextLimit(length=1024, rule=CountingRule.UTF16_UNITS)
"""`sendPhoto`: "0-1024 characters after entities parsing"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Where a message goes, and how."""

    where: Chat
    answers: int | None
    previews: bool


def compose(post: Post, wording: Wording, files: Sequence[Loaded]) -> tuple[str, dict[str, object]]:
    """Return the method that sends a post, and its parameters; files are attached to the request as `file0` and so on.

    The text goes as it is, without a way of marking it up: there is nothing in it that would have to be escaped.
    """
    body: dict[str, object] = {"chat_id": wording.where.wire}
    if wording.where.topic is not None:
        body["message_thread_id"] = wording.where.topic
    if wording.answers is not None:
        body["reply_parameters"] = {"message_id": wording.answers}
    if not files:
        if not wording.previews:
            body["link_preview_options"] = {"is_disabled": True}
        return "sendMessage", {**body, "text": post.text}
    caption = {"caption": post.text} if post.text else {}
    if len(files) > 1:
        parts = [{"type": _kind(file), "media": f"attach://file{number}"} for number, file in enumerate(files)]
        # what stands below the first is what is shown below the album
        return "sendMediaGroup", {**body, "media": [{**parts[0], **caption}, *parts[1:]]}
    kind = "animation" if files[0].media_type == ANIMATION else _kind(files[0])
    return f"send{kind.capitalize()}", {**body, **caption, kind: "attach://file0"}


def _kind(file: Loaded) -> str:
    return "video" if file.media_type.startswith("video/") else "photo"
