"""What happens when somebody says something, changes it, or takes it back: by a bot's request or a person's hand."""

import re
from typing import Any

from fake_discord.gateway import Gateway
from fake_discord.objects import THREADS, Objects, moment, rights
from fake_discord.store import Document, Store

__all__ = ["Saying"]

MENTION = re.compile(r"<@!?(\d+)>")
ROLE = re.compile(r"<@&(\d+)>")


class Saying:
    """Writes it down first, tells it afterwards."""

    def __init__(self, store: Store, objects: Objects, gateway: Gateway) -> None:
        self._store = store
        self._objects = objects
        self._gateway = gateway

    def say(
        self,
        channel: Document,
        author: str,
        content: str,
        *,
        answers: str | None = None,
        mentions: bool = True,
        nonce: Any = None,
        type: int | None = None,
        shown_as: str | None = None,
        **more: Any,
    ) -> Document:
        """Let somebody say something; return the message as it is kept."""
        message = self.message(
            channel, author, content, answers=answers, mentions=mentions, type=type, shown_as=shown_as, **more
        )
        if nonce is not None:
            message["nonce"] = nonce
        self._store.put_message(message, nonce=None if nonce is None else str(nonce))
        if channel["type"] in THREADS and channel["archived"]:
            self._store.put("channel", channel["id"], {**channel, "archived": False})
        guild = self._store.get("guild", channel.get("guild_id") or "")
        self._tell("MESSAGE_CREATE", message, channel, guild)
        return message

    def message(
        self,
        channel: Document,
        author: str,
        content: str,
        *,
        answers: str | None = None,
        mentions: bool = True,
        type: int | None = None,
        shown_as: str | None = None,
        **more: Any,
    ) -> Document:
        """Return a message that nobody has seen yet."""
        id = self._store.new_id()
        guild = self._store.get("guild", channel.get("guild_id") or "")
        named = dict.fromkeys(MENTION.findall(content)) if mentions else {}
        above = self._store.message(answers) if answers is not None else None
        if above is not None and mentions:
            named[above["author"]["id"]] = None
        message: Document = {
            "type": type if type is not None else 0 if answers is None else 19,
            "content": content,
            "mentions": [self._objects.user(user) for user in named if self._store.get("user", user)],
            "mention_roles": list(dict.fromkeys(ROLE.findall(content))) if mentions else [],
            "attachments": [],
            "embeds": [],
            "timestamp": moment(id),
            "edited_timestamp": None,
            "flags": 0,
            "components": [],
            "id": id,
            "channel_id": channel["id"],
            "author": {**self._objects.user(author), **({"username": shown_as} if shown_as else {})},
            "pinned": False,
            "mention_everyone": False,
            "tts": False,
            "reacted": {},
            **more,
        }
        if answers is not None:
            message["message_reference"] = {"type": 0, "channel_id": channel["id"], "message_id": answers}
            if guild is not None:
                message["message_reference"]["guild_id"] = guild["id"]
        return message

    def begin(self, forum: Document, author: str, name: str, *, tags: list[str]) -> Document:
        """Begin a thread in a forum."""
        id, guild = self._store.new_id(), forum["guild_id"]
        about = {"guild_id": guild, "name": name, "parent_id": forum["id"], "owner_id": author, "archived": False}
        about["applied_tags"] = tags
        thread = self._store.put("channel", id, {"id": id, "type": 11, **about})
        told = {**self._objects.channel(thread), "newly_created": True}
        for bot in self._hearers(thread):
            self._gateway.dispatch(bot, "THREAD_CREATE", told)
        return thread

    def edit(self, message: Document, content: str) -> Document:
        """Change what somebody said."""
        return self.change({**message, "content": content})

    def change(self, message: Document) -> Document:
        """Let a message stand as it is given."""
        changed = {**message, "edited_timestamp": moment(self._store.new_id())}
        self._store.put_message(changed, nonce=None)
        channel = self._store.get("channel", message["channel_id"])
        assert channel is not None
        self._tell("MESSAGE_UPDATE", changed, channel, self._store.get("guild", channel.get("guild_id") or ""))
        return changed

    def delete(self, message: Document) -> None:
        """Take a message away."""
        self._store.delete_message(message["id"])
        channel = self._store.get("channel", message["channel_id"])
        assert channel is not None
        gone = {"id": message["id"], "channel_id": channel["id"]}
        if channel["type"] != 1:
            gone["guild_id"] = channel["guild_id"]
        for bot in self._hearers(channel):
            self._gateway.dispatch(bot, "MESSAGE_DELETE", gone, is_direct=channel["type"] == 1)

    def react(self, message: Document, user: str, emoji: str) -> None:
        """Let somebody react; once, however often."""
        users = message["reacted"].setdefault(emoji, [])
        if user in users:
            return
        users.append(user)
        self._store.put_message(message, nonce=None)
        channel = self._store.get("channel", message["channel_id"])
        assert channel is not None
        told = {
            "user_id": user,
            "channel_id": channel["id"],
            "message_id": message["id"],
            "emoji": {"id": None, "name": emoji},
            "message_author_id": message["author"]["id"],
            "burst": False,
            "type": 0,
        }
        if (guild := self._store.get("guild", channel.get("guild_id") or "")) is not None:
            told |= {"guild_id": guild["id"], "member": self._objects.member(guild, user)}
        for bot in self._hearers(channel):
            self._gateway.dispatch(bot, "MESSAGE_REACTION_ADD", told, is_direct=channel["type"] == 1)

    def _tell(self, event: str, message: Document, channel: Document, guild: Document | None) -> None:
        author = message["author"]["id"]
        for bot in self._hearers(channel):
            for session in self._gateway.sessions(bot):
                shown = self._objects.message(message, bot, reads_all=session.reads_all, tells_nonce=author == bot)
                if guild is not None:
                    shown["guild_id"] = guild["id"]
                    if author in guild["members"]:
                        member = self._objects.member(guild, author)
                        del member["user"]
                        shown["member"] = member
                self._gateway.dispatch_to(session, event, shown, is_direct=guild is None)

    def _hearers(self, channel: Document) -> list[str]:
        return [bot["id"] for bot in self._store.all("bot") if rights(self._store, bot["id"], channel) & (1 << 10)]
