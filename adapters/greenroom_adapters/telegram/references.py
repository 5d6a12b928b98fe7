"""How messages, chats and topics of Telegram are named here."""

import re
from dataclasses import dataclass

from greenroom_adapters.contract import PostRef

__all__ = ["Chat", "Message", "asker_of", "chat_named", "conversation", "message_of", "private_command", "reference"]

ID = r"-?\d{1,20}"
CHAT = re.compile(rf"({ID}|@[A-Za-z]\w{{3,31}})(?::(\d{{1,20}}))?", re.ASCII)
MESSAGE = re.compile(rf"({ID})(?::(\d{{1,20}}))?/(\d{{1,20}})((?:\+\d{{1,20}})*)", re.ASCII)
PRIVATELY = re.compile(rf"{ID}/private-\d{{1,20}}-(\d{{1,20}})", re.ASCII)
SUPERGROUP = "-100"
"""How the ids of supergroups and channels begin; the rest is their number in addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """Where something is said: a chat, and perhaps a topic of it."""

    id: str
    """A number, or `@name` of one that is public."""
    topic: int | None = None

    @property
    def wire(self) -> int | str:
        """The chat as requests name it."""
        return self.id if self.id.startswith("@") else int(self.id)

    @property
    def is_group(self) -> bool:
        """It is a group or a channel; of one that goes by its name, that is so as well."""
        return self.id.startswith(("-", "@"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message, or the messages of an album."""

    chat: Chat
    ids: tuple[int, ...]
    """Several for an album, its first message first."""


def chat_named(name: str) -> Chat | None:
    """Return the chat that an owner or an event names; None: it names none."""
    found = CHAT.fullmatch(name)
    return None if found is None else Chat(id=found[1], topic=None if found[2] is None else int(found[2]))


def conversation(chat: int, topic: int | None) -> str:
    """Return the name of a chat, or of one topic of it."""
    return str(chat) if topic is None else f"{chat}:{topic}"


def reference(chat: int, *messages: int, topic: int | None, username: str | None = None) -> PostRef:
    """Return the identity of a message: Telegram finds it by its chat and its own number together. The topic is named
    so that an answer can be put there; an album is named by all of its messages."""
    first, *others = messages
    id = "+".join([f"{conversation(chat, topic)}/{first}", *map(str, others)])
    return PostRef(id=id, url=_address(chat, first, topic=topic, username=username))


def message_of(ref: PostRef) -> Message | None:
    """Return what a `PostRef` of ours names; None: it is none of Telegram."""
    found = MESSAGE.fullmatch(ref.id)
    if found is None:
        return None
    chat = Chat(id=found[1], topic=None if found[2] is None else int(found[2]))
    return Message(chat=chat, ids=(int(found[3]), *(int(other) for other in found[4].split("+")[1:])))


def private_command(chat: int, message: int, *, by: int) -> PostRef:
    """Return what stands for a command that somebody gave in a group, and whose answer is for him alone."""
    return PostRef(id=f"{chat}/private-{message}-{by}")


def asker_of(ref: PostRef) -> str | None:
    """Return the id of whoever alone is to see the answer to a command; None: the `PostRef` stands for something
    else."""
    found = PRIVATELY.fullmatch(ref.id)
    return None if found is None else found[1]


def _address(chat: int, message: int, *, topic: int | None, username: str | None) -> str | None:
    """Return where a person can look at a message; None: nowhere, it is in a small group or between two."""
    place = username
    if place is None:
        if not str(chat).startswith(SUPERGROUP):
            return None
        place = f"c/{str(chat).removeprefix(SUPERGROUP)}"
    return f"https://t.me/{place}/{message}" if topic is None else f"https://t.me/{place}/{topic}/{message}"
