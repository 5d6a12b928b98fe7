"""What a message looks like on the wire."""

from dataclasses import dataclass

from greenroom_adapters.contract import CountingRule, Post, TextLimit
from greenroom_adapters.telegram.references import Chat

__all__ = ["TEXT_LIMIT", "Wording", "compose"]

TEXT_LIMIT = TextLimit(length=4096, rule=CountingRule.UTF16_UNITS)
"""`sendMessage`: "1-4096 characters after entities parsing"; places in a text are counted in UTF-16 units there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Where a message goes, and how."""

    where: Chat
    answers: int | None
    previews: bool


def compose(post: Post, wording: Wording) -> tuple[str, dict[str, object]]:
    """Return the method that sends a post, and its parameters.

    The text goes as it is, without a way of marking it up: there is nothing in it that would have to be escaped.
    """
    body: dict[str, object] = {"chat_id": wording.where.wire, "text": post.text}
    if wording.where.topic is not None:
        body["message_thread_id"] = wording.where.topic
    if wording.answers is not None:
        body["reply_parameters"] = {"message_id": wording.answers}
    if not wording.previews:
        body["link_preview_options"] = {"is_disabled": True}
    return "sendMessage", body
