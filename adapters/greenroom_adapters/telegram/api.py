"""The calls of the Bot API, one method each: names and bodies, and nothing that decides."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import aiohttp
import msgspec

from greenroom_adapters.contract import MediaRefused
from greenroom_adapters.media import Loaded
from greenroom_adapters.telegram.wire import (
    CHATS,
    FILES,
    MEMBER,
    MEMBERS,
    UPDATES,
    USER,
    WEBHOOK,
    WireChat,
    WireMember,
    WireUser,
    WireWebhook,
)
from greenroom_adapters.transport import Answer, Effect, Http

__all__ = ["ALLOWED_UPDATES", "PAGE", "Api"]

PAGE = 100
"""Updates in one answer: the most there can be."""
SLACK = timedelta(seconds=10)
"""So much later than asked for may an answer without updates come; then the connection is dead, open or not."""
ALLOWED_UPDATES = (
    *("message", "edited_message", "channel_post", "edited_channel_post"),
    *("message_reaction", "my_chat_member"),
)
"""Kinds of updates that are asked for by name: reactions come no other way, and what is not named does not come."""


class Api:
    """The calls. Each raises the errors of `Http.call`."""

    def __init__(self, http: Http, *, slack: timedelta = SLACK) -> None:
        """`http` leads to the bot: its address ends with the token."""
        self.http = http
        self._slack = slack

    # The account -----------------------------------------------------------------------------------------------------

    async def me(self) -> WireUser:
        """Say whose token it is."""
        return self.http.decode(await self._call("getMe"), USER).result

    async def webhook(self) -> WireWebhook:
        """Say where Telegram calls; an empty address: nowhere."""
        return self.http.decode(await self._call("getWebhookInfo"), WEBHOOK).result

    async def set_webhook(self, address: str, *, secret: str) -> None:
        """Let Telegram call this address, with the secret, instead of being asked."""
        await self._call("setWebhook", {"url": address, "secret_token": secret, "allowed_updates": ALLOWED_UPDATES})

    async def delete_webhook(self) -> None:
        """Let Telegram call nobody. What has happened waits to be asked for."""
        await self._call("deleteWebhook")

    # What happens ----------------------------------------------------------------------------------------------------

    async def updates(self, offset: int | None, *, wait: timedelta) -> list[msgspec.Raw]:
        """Return what has happened from update `offset` on, not read yet; Telegram forgets what was before that. None:
        from the oldest on, and nothing is forgotten. Where there is nothing, the answer comes after this `wait`.

        :raises Conflict: somebody else hears it
        """
        body: dict[str, object] = {
            "limit": PAGE,
            "timeout": int(wait.total_seconds()),
            "allowed_updates": ALLOWED_UPDATES,
            **({} if offset is None else {"offset": offset}),
        }
        answer = await self._call("getUpdates", body, deadline=wait + self._slack)
        return self.http.decode(answer, UPDATES).result

    # Chats and people ------------------------------------------------------------------------------------------------

    async def chat(self, chat: int | str) -> WireChat:
        """Return a chat, or somebody with whom the bot has one.

        :raises Forbidden: the bot knows no such chat
        """
        return self.http.decode(await self._call("getChat", {"chat_id": chat}), CHATS).result

    async def member(self, chat: int | str, user: int) -> WireMember:
        """Return somebody as a member of a chat."""
        return self.http.decode(await self._call("getChatMember", {"chat_id": chat, "user_id": user}), MEMBER).result

    async def administrators(self, chat: int) -> tuple[WireMember, ...]:
        """Return who keeps order in a group."""
        answer = await self._call("getChatAdministrators", {"chat_id": chat})
        return self.http.decode(answer, MEMBERS).result

    async def set_commands(self, commands: Sequence[Mapping[str, str]], *, scope: str) -> None:
        """Let those in a scope be shown exactly these commands."""
        await self._call("setMyCommands", {"commands": commands, "scope": {"type": scope}})

    async def file(self, file: str) -> str:
        """Return the path of a file that was sent to the bot."""
        told = self.http.decode(await self._call("getFile", {"file_id": file}), FILES).result
        if told.file_path is None:
            raise self.http.error(MediaRefused, "Telegram says no place where the file lies")
        return told.file_path

    async def leave(self, chat: int | str) -> None:
        """Leave a group or a channel."""
        await self._call("leaveChat", {"chat_id": chat})

    # Messages --------------------------------------------------------------------------------------------------------

    async def send(
        self, method: str, body: Mapping[str, object], files: Sequence[Loaded], *, deadline: timedelta
    ) -> Answer:
        """Send a message; the answer holds it. Files are attached under the names `file0`, `file1` and so on."""
        if not files:
            return await self.http.call("POST", f"/{method}", effect=Effect.ONCE, json=body, deadline=deadline)

        def form() -> aiohttp.FormData:
            made = aiohttp.FormData()
            for name, value in body.items():
                made.add_field(name, value if isinstance(value, str) else msgspec.json.encode(value).decode())
            for number, file in enumerate(files):
                # what it is called on the owner's disk is nobody's business
                name, ending = f"file{number}", file.media_type.partition("/")[2]
                made.add_field(name, file.content, filename=f"{name}.{ending}", content_type=file.media_type)
            return made

        return await self.http.call("POST", f"/{method}", effect=Effect.ONCE, form=form, deadline=deadline)

    async def edit_caption(self, chat: int | str, message: int, text: str) -> None:
        """Replace what stands below a picture of ours.

        :raises NotModified: it stands there already
        """
        await self._call("editMessageCaption", {"chat_id": chat, "message_id": message, "caption": text})

    async def edit_text(self, chat: int | str, message: int, text: str) -> None:
        """Replace the text of a message of ours.

        :raises NotModified: it has that text already
        :raises NoText: it is a picture, with words below it
        """
        await self._call("editMessageText", {"chat_id": chat, "message_id": message, "text": text})

    async def delete(self, chat: int | str, message: int) -> None:
        """Delete a message."""
        await self._call("deleteMessage", {"chat_id": chat, "message_id": message})

    async def react(self, chat: int | str, message: int, emoji: str) -> None:
        """React with this emoji, in place of what the bot reacted with before."""
        reaction = [{"type": "emoji", "emoji": emoji}]
        await self._call("setMessageReaction", {"chat_id": chat, "message_id": message, "reaction": reaction})

    async def show_typing(self, chat: int | str, topic: int | None) -> None:
        """Show that the bot is writing, for five seconds."""
        where: dict[str, object] = {"chat_id": chat, **({} if topic is None else {"message_thread_id": topic})}
        await self._call("sendChatAction", {**where, "action": "typing"})

    async def _call(
        self, method: str, body: Mapping[str, object] | None = None, *, deadline: timedelta | None = None
    ) -> Answer:
        return await self.http.call("POST", f"/{method}", effect=Effect.REPEATABLE, json=body or {}, deadline=deadline)
