"""What an error of Telegram means for whoever asked: the one place that knows its words.

Its errors have no codes but those of HTTP; what they are about stands in a description, parts of which are known here.
"""

import re
from collections.abc import Mapping
from datetime import timedelta

import msgspec

from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    Forbidden,
    MediaRefused,
    PostRejected,
    TargetGone,
    TooLong,
    Unavailable,
)
from greenroom_adapters.transport import Answer

__all__ = [
    "MEANINGS",
    "Conflict",
    "GroupMoved",
    "NoText",
    "NotModified",
    "ReactionRefused",
    "UnknownPlace",
    "refusal",
    "wait",
]

UNKNOWN_BOT = "Telegram knows no bot with this token: copy it again from @BotFather (/mybots, *API Token*)"
MOVED = "the group has become a supergroup, with the id"
MOVED_TO = re.compile(rf"{MOVED} (-\d+)")


class Conflict(Unavailable):
    """Somebody else hears what happens to this bot, and only one can."""


class UnknownPlace(AuthenticationFailed):
    """The address leads nowhere; the token stands in it."""


class NotModified(PostRejected):
    """The message has this text already."""


class NoText(PostRejected):
    """The message is a picture, with words below it."""


class ReactionRefused(PostRejected):
    """The chat has no such reaction."""


class GroupMoved(PostRejected):
    """The group has another id now. Its messages of before cannot be named any more."""

    @property
    def to(self) -> str:
        """The id that it has now."""
        found = MOVED_TO.search(str(self))
        assert found is not None  # noqa: S101 - `refusal` wrote it
        return found[1]


MEANINGS: Mapping[str, type[AdapterError]] = {
    # What it is about is not there (any more).
    "message to be replied not found": TargetGone,
    "replied message not found": TargetGone,
    "reply message not found": TargetGone,
    "message thread not found": TargetGone,
    "message to edit not found": TargetGone,
    "message to delete not found": TargetGone,
    "message to react not found": TargetGone,
    "message_id_invalid": TargetGone,
    # It is so already, or there is no such thing.
    "message is not modified": NotModified,
    "there is no text in the message": NoText,
    "reaction_invalid": ReactionRefused,
    "reactions_too_many": ReactionRefused,
    # This account may not do this here.
    "chat not found": Forbidden,
    "user not found": Forbidden,
    "peer_id_invalid": Forbidden,
    "not enough rights": Forbidden,
    "have no rights": Forbidden,
    "need administrator rights": Forbidden,
    "chat_write_forbidden": Forbidden,
    "chat_restricted": Forbidden,
    "chat_admin_required": Forbidden,
    "_forbidden": Forbidden,
    "topic_closed": Forbidden,
    "user_is_blocked": Forbidden,
    "user_banned_in_channel": Forbidden,
    "message can't be deleted": Forbidden,
    "message can't be edited": Forbidden,
    # Too much of it, or not what it should be.
    "message is too long": TooLong,
    "caption is too long": TooLong,
    "message_too_long": TooLong,
    "media_caption_too_long": TooLong,
    "photo_invalid": MediaRefused,
    "image_process_failed": MediaRefused,
    "file is too big": MediaRefused,
    "wrong file": MediaRefused,
    "wrong type of": MediaRefused,
    "media_empty": MediaRefused,
    "video_": MediaRefused,
}
"""Part of a description, in small letters → what an answer with a status of 400 means. The first that fits counts."""


class WireParameters(msgspec.Struct, frozen=True):
    """What may be done about an error (`ResponseParameters`)."""

    migrate_to_chat_id: int | None = None
    retry_after: float | None = None


class WireError(msgspec.Struct, frozen=True):
    """The body of an error."""

    description: str
    parameters: WireParameters = WireParameters()


ERRORS = msgspec.json.Decoder(WireError)


def refusal(answer: Answer) -> tuple[type[AdapterError], str] | None:
    """Say which refusal an answer is, in Telegram's words; None: its status must do."""
    said = _said(answer)
    if answer.status == 413:
        return MediaRefused, "the request is too large" if said is None else said.description
    if said is None:
        # not from the API: what stands before it, or another server altogether
        return (Unavailable, "not an answer of the Bot API") if answer.status != 401 else None
    words = said.description
    match answer.status:
        case 401:
            return AuthenticationFailed, f"{words}: {UNKNOWN_BOT}"
        case 404 if words == "Not Found":
            # the token stands in the path: one that is none leads nowhere
            return UnknownPlace, UNKNOWN_BOT
        case 404:
            return PostRejected, words
        case 409:
            return Conflict, words
        case 403:
            return Forbidden, words
        case _:
            pass
    if said.parameters.migrate_to_chat_id is not None:
        return GroupMoved, f"{MOVED} {said.parameters.migrate_to_chat_id}"
    small = words.lower()
    return next(((meaning, words) for part, meaning in MEANINGS.items() if part in small), (PostRejected, words))


def wait(answer: Answer) -> timedelta | None:
    """Say how long a 429 asks us to wait in its body."""
    said = _said(answer)
    if said is None or said.parameters.retry_after is None:
        return None
    return timedelta(seconds=min(max(0.0, said.parameters.retry_after), 24 * 3600.0))


def _said(answer: Answer) -> WireError | None:
    try:
        return ERRORS.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
