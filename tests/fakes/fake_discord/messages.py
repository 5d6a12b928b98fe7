"""What a bot may ask of channels and messages, and what it is refused there."""

from datetime import UTC, datetime, timedelta
from typing import Any

from fake_discord.calls import Answered
from fake_discord.objects import (
    ATTACH,
    EMBED_LINKS,
    HISTORY,
    MANAGE,
    REACT,
    SEND,
    SEND_IN_THREADS,
    THREADS,
    VIEW,
    Objects,
    moment,
    rights,
)
from fake_discord.refusals import Refused, invalid
from fake_discord.saying import Saying
from fake_discord.store import Document, Store

__all__ = ["Messages"]

FILE_BYTES, REQUEST_BYTES = 10 * 1024 * 1024, 25 * 1024 * 1024
REQUIRES_TAG, MANAGE_THREADS = 1 << 4, 1 << 34
SUPPRESS_EMBEDS = 1 << 2
READS_ALL = (1 << 18) | (1 << 19)
"""Flags of an application, one of which lets it read what does not concern it."""


class Messages:
    """Their answers."""

    def __init__(
        self, store: Store, objects: Objects, saying: Saying, *, nonce_window: float, tells_nonce: bool
    ) -> None:
        self._store = store
        self._objects = objects
        self._saying = saying
        self._nonce_window = nonce_window
        self._tells_nonce = tells_nonce

    def _open(self, bot: Document, channel: str, needed: int = 0) -> tuple[Document, int]:
        found = self._store.get("channel", channel)
        if found is None:
            raise Refused(404, 10003, "Unknown Channel")
        may = rights(self._store, bot["id"], found)
        if not may & VIEW:
            raise Refused(403, 50001, "Missing Access")
        if needed and not may & needed:
            raise Refused(403, 50013, "Missing Permissions")
        return found, may

    def _shown(self, bot: Document, message: Document, *, tells_nonce: bool = False) -> Document:
        reads_all = bool(bot["flags"] & READS_ALL)
        return self._objects.message(message, bot["id"], reads_all=reads_all, tells_nonce=tells_nonce)

    def _said(self, channel: str, message: str) -> Document:
        found = self._store.message(message, channel)
        if found is None:
            raise Refused(404, 10008, "Unknown Message")
        return found

    async def channel(self, bot: Document, channel: str, **_: Any) -> Answered:
        """Return a channel."""
        return 200, self._objects.channel(self._open(bot, channel)[0], me=bot["id"])

    async def messages(self, bot: Document, channel: str, *, query: Any, **_: Any) -> Answered:
        """Return a page of messages."""
        _, may = self._open(bot, channel)
        if not may & HISTORY:
            return 200, []
        if "after" in query and "before" in query:
            raise invalid("after", "MUTUALLY_EXCLUSIVE", "one of them")
        page = self._store.page(
            channel,
            after=int(query["after"]) if "after" in query else None,
            before=int(query["before"]) if "before" in query else None,
            limit=int(query.get("limit", "50")),
        )
        return 200, [self._shown(bot, message, tells_nonce=self._tells_nonce) for message in page]

    async def message(self, bot: Document, channel: str, message: str, **_: Any) -> Answered:
        """Return a message."""
        self._open(bot, channel, HISTORY)
        return 200, self._shown(bot, self._said(channel, message), tells_nonce=self._tells_nonce)

    async def create(self, bot: Document, channel: str, *, body: Any, files: list[bytes], **_: Any) -> Answered:
        """Send a message."""
        where, may = self._open(bot, channel)
        if where["type"] == 15:
            raise Refused(400, 50008, "Cannot send messages in a non-text channel")
        if not may & (SEND_IN_THREADS if where["type"] in THREADS else SEND):
            raise Refused(403, 50013, "Missing Permissions")
        if where["type"] == 1 and any(user in bot.get("shut_out", []) for user in where["between"]):
            raise Refused(403, 50007, "Cannot send messages to this user")
        nonce = body.get("nonce")
        if nonce is not None and body.get("enforce_nonce"):
            known = self._store.with_nonce(bot["id"], str(nonce), within=self._nonce_window)
            if known is not None:
                return 200, self._shown(bot, known, tells_nonce=True)
        content = (body.get("content") or "").strip()
        if len(content) > 2000:
            raise invalid("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
        if not content and not files and not body.get("poll") and not body.get("embeds"):
            raise Refused(400, 50006, "Cannot send an empty message")
        if files and not may & ATTACH:
            raise Refused(403, 50013, "Missing Permissions")
        more: Document = self._embedded(body, may)
        if any(len(file) > FILE_BYTES for file in files) or sum(map(len, files)) > REQUEST_BYTES:
            raise Refused(413, 40005, "Request entity too large")
        answers = self._answered(bot, channel, body.get("message_reference"), may)
        if files:
            more["attachments"] = self.attached(channel, files, body.get("attachments") or [])
        if body.get("poll"):
            more["poll"] = self.poll(body["poll"])
        allowed = body.get("allowed_mentions")
        mentions = allowed is None or "users" in allowed.get("parse", [])
        message = self._saying.say(where, bot["id"], content, answers=answers, mentions=mentions, nonce=nonce, **more)
        return 200, self._shown(bot, message, tells_nonce=True)

    async def begin_thread(self, bot: Document, channel: str, *, body: Any, files: list[bytes], **_: Any) -> Answered:
        """Begin a thread of a forum, with its first message."""
        where, may = self._open(bot, channel, SEND)
        if where["type"] != 15:
            raise Refused(400, 50024, "Cannot execute action on this channel type")
        told = body.get("message") or {}
        content = (told.get("content") or "").strip()
        if not 1 <= len(body["name"].strip()) <= 100:
            raise invalid("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
        if len(content) > 2000:
            raise invalid("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
        if not content and not files and not told.get("poll") and not told.get("embeds"):
            raise Refused(400, 50006, "Cannot send an empty message")
        if files and not may & ATTACH:
            raise Refused(403, 50013, "Missing Permissions")
        embedded = self._embedded(told, may)
        applied = body.get("applied_tags") or []
        known = {tag["id"]: tag for tag in where.get("tags", [])}
        if not known.keys() >= set(applied):
            raise invalid("applied_tags", "BASE_TYPE_CHOICES", "no tag of this forum")
        if where.get("flags", 0) & REQUIRES_TAG and not applied:
            raise Refused(400, 40067, "A tag is required to create a forum post in this channel")
        if any(known[tag]["moderated"] for tag in applied) and not may & MANAGE_THREADS:
            raise Refused(403, 50013, "Missing Permissions")
        thread = self._saying.begin(where, bot["id"], body["name"].strip(), tags=applied)
        more: Document = {"id": thread["id"], "timestamp": moment(thread["id"]), **embedded}
        if files:
            more["attachments"] = self.attached(thread["id"], files, told.get("attachments") or [])
        if told.get("poll"):
            more["poll"] = self.poll(told["poll"])
        allowed = told.get("allowed_mentions")
        mentions = allowed is None or "users" in allowed.get("parse", [])
        message = self._saying.say(thread, bot["id"], content, mentions=mentions, **more)
        return 201, {**self._objects.channel(thread), "message": self._shown(bot, message)}

    async def archived(self, bot: Document, channel: str, **_: Any) -> Answered:
        """Return the public threads of a channel that are archived."""
        self._open(bot, channel, HISTORY)
        threads = [
            self._objects.channel(one)
            for one in self._store.all("channel")
            if one.get("parent_id") == channel and one["type"] in THREADS and one["archived"]
        ]
        return 200, {"threads": threads[:100], "members": [], "has_more": False}

    def _answered(self, bot: Document, channel: str, told: Document | None, may: int) -> str | None:
        if told is None:
            return None
        if not may & HISTORY:
            raise Refused(403, 160002, "Cannot reply without permission to read message history")
        if self._store.message(told["message_id"], channel) is not None:
            return str(told["message_id"])
        if told.get("fail_if_not_exists", True):
            raise invalid("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        return None

    def attached(self, channel: str, files: list[bytes], told: list[Document]) -> list[Document]:
        """Return the files of a message as it shows them."""
        described = {int(one["id"]): one for one in told}
        shown: list[Document] = []
        for number, file in enumerate(files):
            about = described.get(number, {})
            if len(about.get("description") or "") > 1024:
                raise invalid("attachments", "BASE_TYPE_MAX_LENGTH", "Must be 1024 or fewer in length.")
            id = self._store.new_id()
            name = about.get("filename", "unknown")
            url = f"https://cdn.example/attachments/{channel}/{id}/{name}"
            shown.append({"id": id, "filename": name, "size": len(file), "url": url, "proxy_url": url})
            if about.get("description"):
                shown[-1]["description"] = about["description"]
        return shown

    def _embedded(self, body: Document, may: int) -> Document:
        """Return what a message shows of the embeds and flags that were sent with it."""
        shown = self.embeds(body.get("embeds") or [])
        if shown and not may & EMBED_LINKS:
            raise Refused(403, 50013, "Missing Permissions")
        if (flags := body.get("flags") or 0) & ~SUPPRESS_EMBEDS:
            raise invalid("flags", "INVALID_BITWISE_FLAG", "no such flag here")
        return {"embeds": shown, **({"flags": flags} if flags else {})}

    def embeds(self, told: list[Document]) -> list[Document]:
        """Return embeds as a message shows them."""
        whole = 0
        for embed in told:
            fields = embed.get("fields") or []
            texts = [embed.get("title"), embed.get("description"), (embed.get("footer") or {}).get("text")]
            texts += [field[key] for field in fields for key in ("name", "value")]
            whole += sum(len(text.strip()) for text in texts if text)
            if len(fields) > 25:
                raise invalid("embeds", "BASE_TYPE_BAD_LENGTH", "Must be between 0 and 25 in length.")
            for text, most in zip(texts, [256, 4096, 2048, *[256, 1024] * len(fields)], strict=True):
                if text is not None and not 1 <= len(text.strip()) <= most:
                    raise invalid("embeds", "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
        if whole > 6000:
            raise invalid("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")
        return [{"type": "rich", **embed} for embed in told]

    def poll(self, told: Document) -> Document:
        """Return a poll as a message shows it."""
        question = told["question"]["text"]
        options = [answer["poll_media"]["text"] for answer in told["answers"]]
        if len(question) > 300 or not 1 <= len(options) <= 10 or any(len(option) > 55 for option in options):
            raise invalid("poll", "BASE_TYPE_MAX_LENGTH", "a poll is smaller")
        hours = told.get("duration", 24)
        if not 1 <= hours <= 768:
            raise invalid("poll", "NUMBER_TYPE_MAX", "768 or fewer")
        return {
            "question": {"text": question},
            "answers": [
                {"answer_id": number, "poll_media": {"text": option}} for number, option in enumerate(options, 1)
            ],
            "expiry": (datetime.now(UTC) + timedelta(hours=hours)).isoformat(),
            "allow_multiselect": told.get("allow_multiselect", False),
            "layout_type": 1,
            "results": {"answer_counts": [], "is_finalized": False},
        }

    async def edit(self, bot: Document, channel: str, message: str, *, body: Any, **_: Any) -> Answered:
        """Change a message."""
        self._open(bot, channel)
        said = self._said(channel, message)
        if said["author"]["id"] != bot["id"]:
            raise Refused(403, 50005, "Cannot edit a message authored by another user")
        content = (body.get("content") or "").strip()
        if len(content) > 2000:
            raise invalid("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
        return 200, self._shown(bot, self._saying.edit(said, content))

    async def delete(self, bot: Document, channel: str, message: str, **_: Any) -> Answered:
        """Delete a message."""
        _, may = self._open(bot, channel)
        said = self._said(channel, message)
        if said["author"]["id"] != bot["id"] and not may & MANAGE:
            raise Refused(403, 50013, "Missing Permissions")
        self._saying.delete(said)
        return 204, None

    async def react(self, bot: Document, channel: str, message: str, emoji: str, **_: Any) -> Answered:
        """React to a message."""
        self._open(bot, channel, REACT)
        said = self._said(channel, message)
        if emoji.isascii() and ":" not in emoji:
            raise Refused(400, 10014, "Unknown Emoji")
        self._saying.react(said, bot["id"], emoji)
        return 204, None
