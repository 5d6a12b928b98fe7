"""What the fake Telegram answers to each method, but for `getUpdates`."""

import itertools
import json
import re
import time
from typing import Any

from telegram_state import CHANNEL, IN, PRIVATE, SUPERGROUP, Bot, Chat, Document, Refused, State, units

__all__ = ["Files", "Methods"]

Files = dict[str, tuple[str, str, bytes]]
EMOJI = frozenset(
    "👍👎❤🔥🥰👏😁🤔🤯😱🤬😢🎉🤩🤮💩🙏👌🕊🤡🥱🥴😍🐳🌚🌭💯🤣⚡🍌🏆💔🤨😐🍓🍾💋🖕😈😴😭🤓👻👀🎃🙈😇😨🤝✍🤗🫡🎅🎄☃💅🤪🗿🆒💘🙉🦄😘💊🙊😎👾😡"
)
"""What can be reacted with (`ReactionTypeEmoji`), without those that are several characters."""
HANDED_OUT = 20_000_000
"""Bytes of a file that a bot may fetch (`getFile`)."""
KICKED = {
    SUPERGROUP: "Forbidden: bot was kicked from the supergroup chat",
    "group": "Forbidden: bot was kicked from the group chat",
    CHANNEL: "Forbidden: bot was kicked from the channel chat",
}


class Methods:
    """Each of them by its own name; what it refuses is raised as `Refused`."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.per_group = 20
        """Messages of bots to one group in a minute."""
        self.overall = 30
        """Messages of bots in a second."""
        self._written: list[float] = []
        self._albums = itertools.count(1)

    # The account -----------------------------------------------------------------------------------------------------

    def getMe(self, bot: Bot, files: Files) -> Document:
        return {
            **self._state.people[bot.id],
            "can_join_groups": bot.joins_groups,
            "can_read_all_group_messages": bot.reads_everything,
            "supports_inline_queries": False,
        }

    def getWebhookInfo(self, bot: Bot, files: Files) -> Document:
        told: Document = {"url": bot.webhook, "has_custom_certificate": False, "pending_update_count": len(bot.queue)}
        trouble = {"last_error_message": bot.trouble, "last_error_date": int(bot.troubled_at)}
        return told | (trouble if bot.trouble else {})

    def setWebhook(
        self,
        bot: Bot,
        files: Files,
        url: str,
        secret_token: str = "",
        allowed_updates: list[str] | None = None,
        max_connections: int = 40,
        drop_pending_updates: bool = False,
    ) -> bool:
        if url and not url.startswith("https://"):
            raise Refused(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        bot.webhook, bot.secret = url, secret_token
        bot.allowed = bot.allowed if allowed_updates is None else frozenset(allowed_updates)
        if drop_pending_updates:
            bot.queue.clear()
        bot.poller = None
        bot.news.set()
        return True

    def deleteWebhook(self, bot: Bot, files: Files, drop_pending_updates: bool = False) -> bool:
        return self.setWebhook(bot, files, url="", drop_pending_updates=drop_pending_updates)

    def setMyCommands(
        self, bot: Bot, files: Files, commands: list[Document], scope: Document | None = None, language_code: str = ""
    ) -> bool:
        bot.commands[(scope or {"type": "default"})["type"]] = commands
        return True

    # Chats and people ------------------------------------------------------------------------------------------------

    def getChat(self, bot: Bot, files: Files, chat_id: int | str) -> Document:
        chat = self._chat(bot, chat_id)
        gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
        shown = {k: v for k, v in self._state.shown(chat).items() if k != "is_forum" or chat.topics}
        return {
            **shown,
            "accent_color_id": 1,
            "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys(gifts, False),
        }

    def getChatMember(self, bot: Bot, files: Files, chat_id: int | str, user_id: int) -> Document:
        chat = self._chat(bot, chat_id)
        if user_id not in self._state.people:
            raise Refused(400, "Bad Request: user not found")
        return chat.members.get(user_id) or self._state.membership(user_id, "left")

    def getChatAdministrators(self, bot: Bot, files: Files, chat_id: int | str) -> list[Document]:
        chat = self._chat(bot, chat_id)
        if chat.type == PRIVATE:
            raise Refused(400, "Bad Request: there are no administrators in the private chat")
        return [member for member in chat.members.values() if member["status"] in ("creator", "administrator")]

    def leaveChat(self, bot: Bot, files: Files, chat_id: int | str) -> bool:
        chat = self._chat(bot, chat_id)
        self._must_be_in(bot, chat)
        self._state.make(chat, bot.id, "left", by=bot.id)
        return True

    # Messages --------------------------------------------------------------------------------------------------------

    def sendMessage(
        self,
        bot: Bot,
        files: Files,
        chat_id: int | str,
        text: str,
        message_thread_id: int | None = None,
        reply_parameters: Document | None = None,
        link_preview_options: Document | None = None,
    ) -> Document:
        if not text.strip():
            raise Refused(400, "Bad Request: message text is empty")
        if units(text) > 4096:
            raise Refused(400, "Bad Request: message is too long")
        more: Document = {"text": text, "entities": self._state.entities(text)}
        if link_preview_options is not None:
            more["link_preview_options"] = link_preview_options
        return self._send(bot, chat_id, message_thread_id, reply_parameters, text, **more)

    def sendPhoto(self, bot: Bot, files: Files, chat_id: int | str, photo: str, **more: Any) -> Document:
        return self._send_file(bot, files, chat_id, "photo", photo, **more)

    def sendVideo(self, bot: Bot, files: Files, chat_id: int | str, video: str, **more: Any) -> Document:
        return self._send_file(bot, files, chat_id, "video", video, **more)

    def sendAnimation(self, bot: Bot, files: Files, chat_id: int | str, animation: str, **more: Any) -> Document:
        return self._send_file(bot, files, chat_id, "animation", animation, **more)

    def sendMediaGroup(
        self, bot: Bot, files: Files, chat_id: int | str, media: list[Document], **more: Any
    ) -> list[Document]:
        group = str(next(self._albums))
        return [
            self._send_file(
                bot,
                files,
                chat_id,
                one["type"],
                one["media"],
                caption=one.get("caption", ""),
                media_group_id=group,
                **more,
            )
            for one in media
        ]

    def getFile(self, bot: Bot, files: Files, file_id: str) -> Document:
        if file_id not in self._state.files:
            raise Refused(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        path, content = self._state.files[file_id]
        if len(content) > HANDED_OUT:
            raise Refused(400, "Bad Request: file is too big")
        return {"file_id": file_id, "file_unique_id": f"u{file_id}", "file_path": path, "file_size": len(content)}

    def editMessageCaption(self, bot: Bot, files: Files, chat_id: int | str, message_id: int, caption: str) -> Document:
        return self._edited(self._own(bot, self._chat(bot, chat_id), message_id), "caption", caption)

    def editMessageText(self, bot: Bot, files: Files, chat_id: int | str, message_id: int, text: str) -> Document:
        said = self._own(bot, self._chat(bot, chat_id), message_id)
        if "text" not in said:
            raise Refused(400, "Bad Request: there is no text in the message to edit")
        return self._edited(said, "text", text)

    def deleteMessage(self, bot: Bot, files: Files, chat_id: int | str, message_id: int) -> bool:
        chat = self._chat(bot, chat_id)
        if message_id not in chat.messages:
            raise Refused(400, "Bad Request: message to delete not found")
        if chat.messages[message_id].get("from", {}).get("id") != bot.id and chat.type != CHANNEL:
            raise Refused(400, "Bad Request: message can't be deleted")
        del chat.messages[message_id]
        return True

    def setMessageReaction(
        self, bot: Bot, files: Files, chat_id: int | str, message_id: int, reaction: list[Document] | None = None
    ) -> bool:
        chat = self._chat(bot, chat_id)
        self._must_be_in(bot, chat)
        if message_id not in chat.messages:
            raise Refused(400, "Bad Request: message to react not found")
        emoji = [one["emoji"] for one in reaction or []]
        if len(emoji) > 1:
            raise Refused(400, "Bad Request: REACTIONS_TOO_MANY")
        if any(one not in EMOJI or (chat.only is not None and one not in chat.only) for one in emoji):
            raise Refused(400, "Bad Request: REACTION_INVALID")
        self._state.react(chat, message_id, bot.id, *emoji)
        return True

    def sendChatAction(
        self, bot: Bot, files: Files, chat_id: int | str, action: str, message_thread_id: int | None = None
    ) -> bool:
        if action not in ("typing", "upload_photo", "upload_video", "upload_document"):
            raise Refused(400, "Bad Request: wrong parameter action in request")
        self._must_be_in(bot, self._chat(bot, chat_id))
        bot.actions.append({"chat_id": chat_id, "action": action, "message_thread_id": message_thread_id})
        return True

    # Inside ----------------------------------------------------------------------------------------------------------

    def _chat(self, bot: Bot, chat_id: int | str) -> Chat:
        """Return a chat that a bot can name."""
        chats = self._state.chats
        if isinstance(chat_id, str) and re.fullmatch(r"-?\d+", chat_id):
            chat_id = int(chat_id)
        if isinstance(chat_id, int):
            chat = chats.get(chat_id)
        else:
            name = chat_id.removeprefix("@").casefold()
            chat = next((one for one in chats.values() if one.username and one.username.casefold() == name), None)
        is_public = chat is not None and bool(chat.username)
        if chat is None or not (is_public or bot.id in chat.members):
            raise Refused(400, "Bad Request: chat not found")
        if chat.moved_to is not None:
            raise Refused(
                400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.moved_to
            )
        return chat

    def _must_be_in(self, bot: Bot, chat: Chat) -> Document:
        mine: Document = chat.members.get(bot.id, {"status": "left"})
        if chat.type == PRIVATE:
            if (chat.id, bot.id) in self._state.blocked:
                raise Refused(403, "Forbidden: bot was blocked by the user")
            return mine
        if mine["status"] == "kicked":
            raise Refused(403, KICKED[chat.type])
        if mine["status"] not in IN:
            raise Refused(403, f"Forbidden: bot is not a member of the {chat.type} chat")
        return mine

    def _may_write(self, bot: Bot, chat: Chat) -> None:
        mine = self._must_be_in(bot, chat)
        if mine["status"] == "restricted" and not mine["can_send_messages"]:
            raise Refused(400, "Bad Request: not enough rights to send text messages to the chat")
        if chat.type == CHANNEL and not mine.get("can_post_messages"):
            raise Refused(403, "Forbidden: need administrator rights in the channel chat")
        now = time.monotonic()
        self._written = [one for one in self._written if one > now - 1]
        if len(self._written) >= self.overall:
            raise Refused(429, "Too Many Requests: retry after 1", retry_after=1)
        while chat.written and chat.written[0] < now - 60:
            chat.written.popleft()
        if chat.type != PRIVATE and len(chat.written) >= self.per_group:
            left = int(60 - (now - chat.written[0])) + 1
            raise Refused(429, f"Too Many Requests: retry after {left}", retry_after=left)

    def _send(
        self,
        bot: Bot,
        chat_id: int | str,
        topic: int | None,
        reply: Document | None,
        words: str,
        **more: Any,
    ) -> Document:
        chat = self._chat(bot, chat_id)
        self._may_write(bot, chat)
        if topic is not None and topic not in chat.topics:
            raise Refused(400, "Bad Request: message thread not found")
        answers = None
        if reply is not None:
            answers = reply["message_id"]
            if answers not in chat.messages:
                raise Refused(400, "Bad Request: message to be replied not found")
        now = time.monotonic()
        self._written.append(now)
        chat.written.append(now)
        message = self._state.put(chat, bot.id, answers=answers, topic=topic, **more)
        chat.sent.append(message["message_id"])
        chat.texts[message["message_id"]] = (words, answers)
        self._state.copy(chat, message)
        return message

    def _send_file(
        self,
        bot: Bot,
        files: Files,
        chat_id: int | str,
        kind: str,
        attached: str,
        *,
        caption: str = "",
        message_thread_id: int | None = None,
        reply_parameters: Document | None = None,
        media_group_id: str | None = None,
    ) -> Document:
        if units(caption) > 1024:
            raise Refused(400, "Bad Request: message caption is too long")
        name, media_type, content = files[attached.removeprefix("attach://")]
        if len(content) > (10_000_000 if kind == "photo" else 50_000_000):
            raise Refused(413, "Request Entity Too Large")
        if (media_type.startswith("video/")) != (kind == "video"):
            raise Refused(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
        file = self._state.file(name, content)
        shown: Document = {"file_id": file, "file_unique_id": f"u{file}", "width": 1, "height": 1}
        more: Document = {kind: [shown] if kind == "photo" else {**shown, "duration": 1}}
        if kind == "animation":
            more["document"] = {"file_id": file, "file_unique_id": f"u{file}"}
        if caption:
            more |= {"caption": caption, "caption_entities": self._state.entities(caption)}
        if media_group_id is not None:
            more["media_group_id"] = media_group_id
        return self._send(bot, chat_id, message_thread_id, reply_parameters, caption, **more)

    def _own(self, bot: Bot, chat: Chat, message: int) -> Document:
        said = chat.messages.get(message)
        if said is None:
            raise Refused(400, "Bad Request: message to edit not found")
        if message not in chat.sent:
            raise Refused(400, "Bad Request: message can't be edited")
        return said

    def _edited(self, said: Document, what: str, words: str) -> Document:
        if said.get(what) == words:
            raise Refused(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the "
                "same as a current content and reply markup of the message",
            )
        said |= {what: words, "edit_date": int(time.time())}
        return json.loads(json.dumps(said))  # type: ignore[no-any-return]  # a copy of what is a document
