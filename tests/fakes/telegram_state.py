"""What a Telegram knows: people, bots, chats, what was said there, and what waits for the bots."""

import asyncio
import copy
import itertools
import re
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Bot", "Chat", "Refused", "State", "units"]

LINK = re.compile(r"https?://\S+")
MENTION = re.compile(r"(?<!\w)@[A-Za-z0-9_]{3,32}(?![A-Za-z0-9_])")
COMMAND = re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])")
PRIVATE, GROUP, SUPERGROUP, CHANNEL = "private", "group", "supergroup", "channel"
IN = frozenset({"creator", "administrator", "member", "restricted"})
USUAL_UPDATES = frozenset({"message", "edited_message", "channel_post", "edited_channel_post", "my_chat_member"})
"""What comes to a bot that never said what it wants: everything but reactions and the comings of others."""

TELEGRAM = 777_000
"""Whoever puts what a channel says before those who talk about it."""

Document = dict[str, Any]


class Refused(Exception):
    """What Telegram answers instead of a result."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


def units(text: str) -> int:
    """Return a length in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(eq=False)
class Bot:
    """A bot, and the queue of what happened to it."""

    id: int
    username: str
    token: str
    reads_everything: bool = True
    joins_groups: bool = True
    queue: deque[Document] = field(default_factory=deque[Document])
    next_update: int = 700_000_001
    allowed: frozenset[str] = USUAL_UPDATES
    webhook: str = ""
    secret: str = ""
    trouble: str = ""
    """Why its webhook could not be called last."""
    troubled_at: float = field(default_factory=time.time)
    """When that was."""
    commands: dict[str, list[Document]] = field(default_factory=dict[str, list[Document]])
    """Scope → the commands that people see there."""
    actions: list[Document] = field(default_factory=list[Document])
    news: asyncio.Event = field(default_factory=asyncio.Event)
    poller: object | None = None
    """The question that waits for something to happen."""
    is_doubled: bool = False
    """The next answer is given twice: its updates count as not heard."""


@dataclass(eq=False)
class Chat:
    """A chat with what was said there."""

    id: int
    type: str
    title: str = ""
    username: str = ""
    members: dict[int, Document] = field(default_factory=dict[int, Document])
    """Person → what he is there (`ChatMember`)."""
    messages: dict[int, Document] = field(default_factory=dict[int, Document])
    sent: list[int] = field(default_factory=list[int])
    """The numbers of all messages that bots sent here, deleted ones too."""
    texts: dict[int, tuple[str, int | None]] = field(default_factory=dict[int, tuple[str, int | None]])
    """Message → what it said at first, and what it answered; of deleted ones too."""
    reactions: dict[int, dict[int, list[Document]]] = field(default_factory=dict[int, dict[int, list[Document]]])
    topics: set[int] = field(default_factory=set[int])
    moved_to: int | None = None
    discussion: "Chat | None" = None
    """Of a channel: the group in which people talk about what is said there."""
    only: frozenset[str] | None = None
    """The emoji that people may react with; None: all."""
    written: deque[float] = field(default_factory=deque[float])
    """When bots wrote here lately."""


class State:
    """All of it. Used in the loop of the server alone."""

    def __init__(self) -> None:
        self.people: dict[int, Document] = {TELEGRAM: {"id": TELEGRAM, "is_bot": False, "first_name": "Telegram"}}
        self.bots: dict[str, Bot] = {}
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        """Id of a file → its path and its bytes."""
        self.blocked: set[tuple[int, int]] = set()
        """(person, bot) that he has blocked."""
        self._people = itertools.count(1001)
        self._groups = itertools.count(1)
        self._messages = itertools.count(1)
        self._in_groups: dict[int, itertools.count[int]] = {}

    # People, bots and chats ------------------------------------------------------------------------------------------

    def person(self, name: str) -> int:
        """Let somebody join."""
        id = next(self._people)
        self.people[id] = {"id": id, "is_bot": False, "first_name": name.capitalize(), "username": name}
        return id

    def bot(self, name: str, *, reads_everything: bool = True) -> Bot:
        """Make a bot."""
        id = next(self._people)
        self.people[id] = {"id": id, "is_bot": True, "first_name": name.capitalize(), "username": name}
        made = Bot(id=id, username=name, token=f"{id}:{secrets.token_urlsafe(26)}", reads_everything=reads_everything)
        self.bots[made.token] = made
        return made

    def group(self, title: str, *members: int, type: str = SUPERGROUP, username: str = "") -> Chat:
        """Make a group or a channel; whoever is named first is its creator, and bots are members."""
        number = next(self._groups)
        id = -number if type == GROUP else -(1_000_000_000_000 + number)
        made = self.chats[id] = Chat(id=id, type=type, title=title, username=username)
        for member in members:
            made.members[member] = self.membership(member, "creator" if member == members[0] else "member")
        return made

    def private(self, person: int, bot: Bot) -> Chat:
        """Return the chat of a person with a bot; there is one for both sides."""
        key = person
        if key not in self.chats:
            self.chats[key] = Chat(id=key, type=PRIVATE)
        chat = self.chats[key]
        chat.members.setdefault(person, self.membership(person, "member"))
        chat.members.setdefault(bot.id, self.membership(bot.id, "member"))
        return chat

    def membership(self, person: int, status: str, **more: Any) -> Document:
        """Return what somebody is in a chat (`ChatMember`)."""
        made: Document = {"status": status, "user": self.people[person]}
        if status == "creator":
            made["is_anonymous"] = False
        if status == "administrator":
            rights = (
                *("can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats"),
                *("can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users"),
                *("can_post_stories", "can_edit_stories", "can_delete_stories"),
            )
            made |= dict.fromkeys(rights, True)
        if status == "restricted":
            denied = (
                *("can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos"),
                *("can_send_video_notes", "can_send_voice_notes", "can_send_polls", "can_send_other_messages"),
                *("can_add_web_page_previews", "can_react_to_messages", "can_edit_tag", "can_change_info"),
                *("can_invite_users", "can_pin_messages", "can_manage_topics"),
            )
            made |= {"is_member": True, "can_send_messages": False, "until_date": 0, **dict.fromkeys(denied, False)}
        if status == "kicked":
            made["until_date"] = 0
        return made | more

    def make(self, chat: Chat, person: int, status: str, *, by: int, **more: Any) -> None:
        """Let somebody be something else in a chat from now on."""
        old = chat.members.get(person) or self.membership(person, "left")
        new = self.membership(person, status, **more)
        chat.members[person] = new
        told = {"chat": self.shown(chat), "from": self.people[by], "date": _now()}
        for bot in self.bots.values():
            if bot.id == person:
                self.tell(bot, "my_chat_member", {**told, "old_chat_member": old, "new_chat_member": new})

    def upgrade(self, chat: Chat) -> Chat:
        """Let a group become a supergroup: it has another id, and its messages have no numbers there."""
        creator, *others = chat.members
        made = self.group(chat.title, creator, *others)
        chat.moved_to = made.id
        for bot in self.bots_in(chat):
            service = {**self._head(chat, creator), "migrate_to_chat_id": made.id}
            self.tell(bot, "message", service)
        return made

    def bots_in(self, chat: Chat) -> list[Bot]:
        """Return the bots that are in a chat."""
        return [bot for bot in self.bots.values() if chat.members.get(bot.id, {}).get("status") in IN]

    def shown(self, chat: Chat) -> Document:
        """Return a chat as it is told (`Chat`)."""
        if chat.type == PRIVATE:
            person = self.people[chat.id]
            return {"id": chat.id, "type": PRIVATE, **{k: person[k] for k in ("first_name", "username") if k in person}}
        made: Document = {"id": chat.id, "type": chat.type, "title": chat.title}
        if chat.username:
            made["username"] = chat.username
        if chat.topics:
            made["is_forum"] = True
        return made

    # What is said ----------------------------------------------------------------------------------------------------

    def say(
        self,
        chat: Chat,
        author: int,
        text: str = "",
        *,
        answers: int | None = None,
        topic: int | None = None,
        **more: Any,
    ) -> Document:
        """Let somebody say something; whichever bots may hear it are told."""
        message = self.put(chat, author, answers=answers, topic=topic, **more)
        if text:
            message["text"] = text
            message["entities"] = self.entities(text)
        chat.texts[message["message_id"]] = (text or message.get("caption", ""), answers)
        kind = "channel_post" if chat.type == CHANNEL else "message"
        for bot in self.bots_in(chat):
            if bot.id != author and self._hears(bot, chat, message):
                self.tell(bot, kind, message)
        self.copy(chat, message)
        return message

    def copy(self, channel: Chat, message: Document) -> None:
        """Put what is said in a channel before those who talk about it, as Telegram does by itself."""
        group = channel.discussion
        if group is None:
            return
        origin = {"type": "channel", "chat": self.shown(channel), "message_id": message["message_id"], "date": _now()}
        said: Document = {
            key: message[key] for key in ("text", "entities", "caption", "caption_entities", "photo") if key in message
        }
        copied: Document = {
            **self._head(group, TELEGRAM),
            **said,
            "sender_chat": self.shown(channel),
            "is_automatic_forward": True,
            "forward_origin": origin,
        }
        group.messages[copied["message_id"]] = copied
        for bot in self.bots_in(group):
            if self._hears(bot, group, copied):
                self.tell(bot, "message", copied)

    def put(self, chat: Chat, author: int, *, answers: int | None, topic: int | None, **more: Any) -> Document:
        """Store a message, and tell nobody."""
        message = {**self._head(chat, author), **more}
        if answers is not None:
            above = chat.messages[answers]
            message["reply_to_message"] = {k: v for k, v in above.items() if k != "reply_to_message"}
        elif topic is not None:
            message["reply_to_message"] = chat.messages[topic]
        if topic is not None:
            message |= {"message_thread_id": topic, "is_topic_message": True}
        chat.messages[message["message_id"]] = message
        return message

    def open_topic(self, chat: Chat, author: int, name: str) -> int:
        """Begin a topic of a forum; return its number."""
        head = self._head(chat, author)
        topic = int(head["message_id"])
        chat.topics.add(topic)
        chat.messages[topic] = {
            **head,
            "message_thread_id": topic,
            "is_topic_message": True,
            "forum_topic_created": {"name": name, "icon_color": 7322096},
        }
        return topic

    def edit(self, chat: Chat, message: int, text: str) -> None:
        """Let a person change what he said."""
        said = chat.messages[message]
        said |= {"text": text, "entities": self.entities(text), "edit_date": _now()}
        for bot in self.bots_in(chat):
            if bot.id != said["from"]["id"] and self._hears(bot, chat, said):
                self.tell(bot, "edited_message", said)

    def react(self, chat: Chat, message: int, person: int, *emoji: str) -> None:
        """Let a person react. Only bots that are administrators hear of it in groups."""
        before = chat.reactions.setdefault(message, {}).get(person, [])
        after = [{"type": "emoji", "emoji": one} for one in emoji]
        chat.reactions[message][person] = after
        if self.people[person]["is_bot"]:
            return
        told = {
            "chat": self.shown(chat),
            "message_id": message,
            "user": self.people[person],
            "date": _now(),
            "old_reaction": before,
            "new_reaction": after,
        }
        for bot in self.bots_in(chat):
            if chat.type == PRIVATE or chat.members[bot.id]["status"] == "administrator":
                self.tell(bot, "message_reaction", told)

    def entities(self, text: str) -> list[Document]:
        """Return what Telegram finds in a text by itself: names and commands, but none in links."""
        text = LINK.sub(lambda link: "x" * len(link[0]), text)
        found = [
            {"type": kind, "offset": units(text[: match.start()]), "length": units(match[0])}
            for kind, looks in (("mention", MENTION), ("bot_command", COMMAND))
            for match in looks.finditer(text)
        ]
        return sorted(found, key=lambda one: int(one["offset"]))

    def tell(self, bot: Bot, kind: str, what: Document) -> None:
        """Let something wait for a bot, if it wants to hear of such things."""
        if kind not in bot.allowed:
            return
        # as it is now, whatever becomes of it
        bot.queue.append({"update_id": bot.next_update, kind: copy.deepcopy(what)})
        bot.next_update += 1
        bot.news.set()

    def file(self, name: str, content: bytes) -> str:
        """Keep a file; return its id."""
        id = f"AgAD{secrets.token_urlsafe(12)}"
        self.files[id] = (f"photos/{name}", content)
        return id

    def _hears(self, bot: Bot, chat: Chat, message: Document) -> bool:
        """Say whether Telegram lets a bot hear a message (privacy mode)."""
        if chat.type != SUPERGROUP and chat.type != GROUP:
            return True
        if bot.reads_everything or chat.members[bot.id]["status"] == "administrator":
            return True
        above = message.get("reply_to_message", {}).get("from", {}).get("id")
        words = str(message.get("text", message.get("caption", "")))
        return above == bot.id or f"@{bot.username}" in words or words.startswith("/")

    def _head(self, chat: Chat, author: int) -> Document:
        if chat.type in (SUPERGROUP, CHANNEL):
            number = next(self._in_groups.setdefault(chat.id, itertools.count(1)))
        else:
            number = next(self._messages)
        head: Document = {"message_id": number, "date": _now(), "chat": self.shown(chat)}
        if chat.type == CHANNEL:
            return head | {"sender_chat": self.shown(chat)}
        return head | {"from": self.people[author]}


def _now() -> int:
    return int(time.time())
