"""Webhooks: what whoever has the address of one may do with it, and what is refused."""

import re
import secrets
from typing import Any

from fake_discord.calls import Answered
from fake_discord.messages import FILE_BYTES, REQUEST_BYTES, REQUIRES_TAG, Messages
from fake_discord.objects import THREADS, Objects, moment
from fake_discord.refusals import Refused, invalid
from fake_discord.saying import Saying
from fake_discord.store import Document, Store

__all__ = ["ADDRESS", "Webhooks"]

ADDRESS = re.compile(r"/webhooks/(\d+)/([^/]+)(?:/messages/(\d+))?")
FORUM = 15


class Webhooks:
    """The webhooks of all channels."""

    def __init__(self, store: Store, objects: Objects, saying: Saying, messages: Messages) -> None:
        self._store = store
        self._objects = objects
        self._saying = saying
        self._messages = messages

    def make(self, channel: str, name: str) -> Document:
        """Make a webhook of a channel."""
        where = self._store.get("channel", channel)
        assert where is not None
        id = self._store.new_id()
        user = {"id": id, "username": name, "global_name": None, "discriminator": "0000", "bot": True}
        self._store.put("user", id, user)
        told = {"id": id, "token": secrets.token_urlsafe(51), "name": name, "channel_id": channel}
        return self._store.put("webhook", id, {**told, "guild_id": where["guild_id"], "is_gone": False})

    def remove(self, webhook: str) -> Document:
        """Delete a webhook, as somebody does who manages the channel."""
        known = self._store.get("webhook", webhook)
        assert known is not None
        return self._store.put("webhook", webhook, {**known, "is_gone": True})

    async def serve(self, method: str, match: re.Match[str], query: Any, body: Any, files: list[bytes]) -> Answered:
        """Answer one request."""
        webhook = self._store.get("webhook", match[1])
        if webhook is None or webhook["is_gone"]:
            raise Refused(404, 10015, "Unknown Webhook")
        if webhook["token"] != match[2]:
            raise Refused(401, 50027, "Invalid Webhook Token")
        match method, match[3]:
            case "GET", None:
                return 200, self._shown(webhook)
            case "POST", None:
                return self._execute(webhook, query, body, files)
            case "GET", message:
                return 200, self._look(self._said(webhook, message, query))
            case "PATCH", message:
                content = (body.get("content") or "").strip()
                if len(content) > 2000:
                    raise invalid("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
                return 200, self._look(self._saying.edit(self._said(webhook, message, query), content))
            case "DELETE", message:
                self._saying.delete(self._said(webhook, message, query))
                return 204, None
            case _:
                raise Refused(405, 0, "405: Method Not Allowed")

    def _shown(self, webhook: Document) -> Document:
        told = {key: webhook[key] for key in ("id", "token", "name", "channel_id", "guild_id")}
        url = f"https://discord.com/api/webhooks/{webhook['id']}/{webhook['token']}"
        return {**told, "type": 1, "application_id": None, "avatar": None, "url": url}

    def _execute(self, webhook: Document, query: Any, body: Document, files: list[bytes]) -> Answered:
        content = (body.get("content") or "").strip()
        if len(content) > 2000:
            raise invalid("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
        embeds = self._messages.embeds(body.get("embeds") or [])
        if not content and not files and not body.get("poll") and not embeds:
            raise Refused(400, 50006, "Cannot send an empty message")
        if any(len(file) > FILE_BYTES for file in files) or sum(map(len, files)) > REQUEST_BYTES:
            raise Refused(413, 40005, "Request entity too large")
        name = body.get("username")
        if name is not None and (not 1 <= len(name) <= 80 or "discord" in name.lower() or "clyde" in name.lower()):
            raise invalid("username", "USERNAME_INVALID_CONTAINS", "Username cannot contain that")
        where = self._place(webhook, query.get("thread_id"), body)
        more: Document = {"embeds": embeds, "webhook_id": webhook["id"], "shown_as": name}
        if where["type"] in THREADS and where.pop("is_new", False):
            more |= {"id": where["id"], "timestamp": moment(where["id"])}
        if body.get("flags"):
            more["flags"] = body["flags"]
        if body.get("avatar_url"):
            more["avatar_url"] = body["avatar_url"]
        if files:
            more["attachments"] = self._messages.attached(where["id"], files, body.get("attachments") or [])
        if body.get("poll"):
            more["poll"] = self._messages.poll(body["poll"])
        allowed = body.get("allowed_mentions")
        mentions = allowed is None or "users" in allowed.get("parse", [])
        message = self._saying.say(where, webhook["id"], content, mentions=mentions, **more)
        return (200, self._look(message)) if query.get("wait") == "true" else (204, None)

    def _place(self, webhook: Document, thread: str | None, body: Document) -> Document:
        channel = self._store.get("channel", webhook["channel_id"])
        assert channel is not None
        begun = body.get("thread_name")
        if thread is not None and begun:
            raise Refused(400, 220002, "Webhooks posted to forum channels cannot have both a thread_name and thread_id")
        if thread is not None:
            found = self._store.get("channel", thread)
            if found is None or found.get("parent_id") != channel["id"]:
                raise Refused(404, 10003, "Unknown Channel")
            return found
        if channel["type"] != FORUM:
            if begun:
                raise Refused(400, 220003, "Webhooks can only create threads in forum channels")
            return channel
        if not begun:
            raise Refused(400, 220001, "Webhooks posted to forum channels must have a thread_name or thread_id")
        applied = body.get("applied_tags") or []
        if not {tag["id"] for tag in channel.get("tags", [])} >= set(applied):
            raise invalid("applied_tags", "BASE_TYPE_CHOICES", "no tag of this forum")
        if channel.get("flags", 0) & REQUIRES_TAG and not applied:
            raise Refused(400, 40067, "A tag is required to create a forum post in this channel")
        return {**self._saying.begin(channel, webhook["id"], begun, tags=applied), "is_new": True}

    def _said(self, webhook: Document, message: str | None, query: Any) -> Document:
        found = self._store.message(message or "", query.get("thread_id") or webhook["channel_id"])
        if found is None or found.get("webhook_id") != webhook["id"]:
            raise Refused(404, 10008, "Unknown Message")
        return found

    def _look(self, message: Document) -> Document:
        shown = self._objects.message(message, message["author"]["id"], reads_all=True, tells_nonce=False)
        return {key: value for key, value in shown.items() if key != "avatar_url"}
