"""What the Bot API says, as far as it is read here. Everything else in its answers is left alone."""

from typing import Generic, TypeVar

import msgspec

__all__ = [
    "CHATS",
    "FILES",
    "MEMBER",
    "MEMBERS",
    "MESSAGE",
    "MESSAGES",
    "UPDATE",
    "UPDATES",
    "UPDATE_IDS",
    "USER",
    "WEBHOOK",
    "WireChat",
    "WireEntity",
    "WireFile",
    "WireMember",
    "WireMembership",
    "WireMessage",
    "WirePhoto",
    "WireReacted",
    "WireReaction",
    "WireUpdate",
    "WireUpdateId",
    "WireUser",
    "WireWebhook",
]

T = TypeVar("T")


class WireUser(msgspec.Struct, frozen=True):
    """Somebody (`User`); of the bot itself `getMe` says what it may do."""

    id: int
    is_bot: bool = False
    first_name: str = ""
    last_name: str | None = None
    username: str | None = None
    can_join_groups: bool | None = None
    can_read_all_group_messages: bool | None = None


class WireChat(msgspec.Struct, frozen=True):
    """A chat (`Chat`, `ChatFullInfo`)."""

    id: int
    type: str
    title: str | None = None
    username: str | None = None
    first_name: str | None = None
    last_name: str | None = None


class WireEntity(msgspec.Struct, frozen=True):
    """A part of a text that means something (`MessageEntity`). Places are counted in UTF-16 units."""

    type: str
    offset: int
    length: int
    user: WireUser | None = None


class WirePhoto(msgspec.Struct, frozen=True):
    """One size of a picture (`PhotoSize`)."""

    file_id: str
    width: int = 0
    height: int = 0


class WireFile(msgspec.Struct, frozen=True):
    """A file of any kind (`Document`, `Video`, `Animation`, `Voice`, `Audio`, `Sticker`, `File`)."""

    file_id: str
    mime_type: str | None = None
    emoji: str | None = None
    file_path: str | None = None


class WireOrigin(msgspec.Struct, frozen=True):
    """Where something was said first (`MessageOrigin`); of a channel, in which message."""

    type: str
    chat: WireChat | None = None
    message_id: int = 0


class WireMessage(msgspec.Struct, frozen=True, rename={"sender": "from"}):
    """A message (`Message`)."""

    message_id: int
    date: int
    chat: WireChat
    sender: WireUser | None = None
    sender_chat: WireChat | None = None
    message_thread_id: int | None = None
    is_topic_message: bool = False
    edit_date: int | None = None
    reply_to_message: "WireMessage | None" = None
    media_group_id: str | None = None
    text: str | None = None
    entities: tuple[WireEntity, ...] = ()
    caption: str | None = None
    caption_entities: tuple[WireEntity, ...] = ()
    photo: tuple[WirePhoto, ...] = ()
    video: WireFile | None = None
    animation: WireFile | None = None
    document: WireFile | None = None
    sticker: WireFile | None = None
    voice: WireFile | None = None
    audio: WireFile | None = None
    new_chat_members: tuple[WireUser, ...] = ()
    migrate_to_chat_id: int | None = None
    forum_topic_created: dict[str, object] | None = None
    is_automatic_forward: bool = False
    forward_origin: WireOrigin | None = None

    @property
    def topic(self) -> int | None:
        """The topic of a forum in which it stands; None: in none."""
        return self.message_thread_id if self.is_topic_message else None


class WireMember(msgspec.Struct, frozen=True):
    """Somebody as a member of a chat (`ChatMember`)."""

    status: str
    user: WireUser
    is_member: bool = False
    """Of `restricted`: he is in the chat."""
    can_send_messages: bool | None = None
    until_date: int | None = None
    can_delete_messages: bool = False
    can_post_messages: bool | None = None
    """Of an administrator of a channel."""

    @property
    def is_in(self) -> bool:
        """He is in the chat."""
        return self.status in ("creator", "administrator", "member") or (self.status == "restricted" and self.is_member)


class WireMembership(
    msgspec.Struct, frozen=True, rename={"by": "from", "old": "old_chat_member", "new": "new_chat_member"}
):
    """What somebody is in a chat has changed (`ChatMemberUpdated`)."""

    chat: WireChat
    by: WireUser
    date: int
    old: WireMember
    new: WireMember


class WireReaction(msgspec.Struct, frozen=True):
    """A reaction (`ReactionType`)."""

    type: str
    emoji: str | None = None
    custom_emoji_id: str | None = None


class WireReacted(msgspec.Struct, frozen=True):
    """Somebody's reactions to a message have changed (`MessageReactionUpdated`)."""

    chat: WireChat
    message_id: int
    date: int
    user: WireUser | None = None
    actor_chat: WireChat | None = None
    old_reaction: tuple[WireReaction, ...] = ()
    new_reaction: tuple[WireReaction, ...] = ()


class WireUpdateId(msgspec.Struct, frozen=True):
    """The number of an update, whatever is in it."""

    update_id: int


class WireUpdate(msgspec.Struct, frozen=True):
    """Something that happened (`Update`)."""

    update_id: int
    message: WireMessage | None = None
    edited_message: WireMessage | None = None
    channel_post: WireMessage | None = None
    edited_channel_post: WireMessage | None = None
    message_reaction: WireReacted | None = None
    my_chat_member: WireMembership | None = None


class WireWebhook(msgspec.Struct, frozen=True):
    """Where Telegram calls instead of being asked (`WebhookInfo`)."""

    url: str = ""
    last_error_message: str | None = None
    last_error_date: int = 0
    """When a call failed last, in seconds since 1970; it stays there when the next ones have succeeded."""


class _Answer(msgspec.Struct, Generic[T], frozen=True):
    """What every answer is wrapped in."""

    result: T


USER = msgspec.json.Decoder(_Answer[WireUser])
CHATS = msgspec.json.Decoder(_Answer[WireChat])
MEMBER = msgspec.json.Decoder(_Answer[WireMember])
MEMBERS = msgspec.json.Decoder(_Answer[tuple[WireMember, ...]])
MESSAGE = msgspec.json.Decoder(_Answer[WireMessage])
MESSAGES = msgspec.json.Decoder(_Answer[tuple[WireMessage, ...]])
FILES = msgspec.json.Decoder(_Answer[WireFile])
UPDATES = msgspec.json.Decoder(_Answer[list[msgspec.Raw]])
WEBHOOK = msgspec.json.Decoder(_Answer[WireWebhook])
UPDATE = msgspec.json.Decoder(WireUpdate)
UPDATE_IDS = msgspec.json.Decoder(WireUpdateId)
