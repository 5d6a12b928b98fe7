"""Slash commands: what a bot offers, what a person gives, and how it is answered."""

import re
import secrets
import time
from typing import Any

from fake_discord.calls import Answered, Calls
from fake_discord.gateway import Gateway
from fake_discord.messages import Messages
from fake_discord.objects import SEND, SEND_IN_THREADS, THREADS, Objects, moment, rights
from fake_discord.refusals import Refused, invalid
from fake_discord.saying import Saying
from fake_discord.store import Document, Store

__all__ = ["Commands"]

NAME = re.compile(r"[-_'\w]{1,32}")
MOST = 100
ACKNOWLEDGED_WITHIN, ANSWERED_WITHIN = 3.0, 900.0
EPHEMERAL, LOADING = 1 << 6, 1 << 7
SLASH_COMMAND = 20


class Commands:
    """The commands of all bots."""

    def __init__(
        self, store: Store, objects: Objects, gateway: Gateway, saying: Saying, calls: Calls, messages: Messages
    ) -> None:
        self._store = store
        self._objects = objects
        self._gateway = gateway
        self._saying = saying
        self._calls = calls
        self._messages = messages
        self.replaced: dict[str, int] = {}
        """Bot → how often it has replaced its commands."""
        self.typed: dict[str, int] = {}
        """Channel → how often somebody was said to be typing there."""

    # What a bot offers -----------------------------------------------------------------------------------------------

    async def offered(self, bot: Document, application: str, **_: Any) -> Answered:
        """Return the commands of a bot."""
        self._is_own(bot, application)
        return 200, (self._store.get("commands", bot["id"]) or {"all": []})["all"]

    async def replace(self, bot: Document, application: str, *, body: Any, **_: Any) -> Answered:
        """Replace the commands of a bot."""
        self._is_own(bot, application)
        if len(body) > MOST:
            raise Refused(400, 30032, f"Maximum number of application commands reached ({MOST})")
        names: set[str] = set()
        for told in body:
            name, description = told["name"], told.get("description") or ""
            if not NAME.fullmatch(name) or name != name.lower():
                raise invalid("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
            if name in names:
                raise invalid("name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
            if not 1 <= len(description) <= 100:
                raise invalid("description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
            names.add(name)
        everything = [self._command(bot, told) for told in body]
        self._store.put("commands", bot["id"], {"all": everything})
        self.replaced[bot["id"]] = self.replaced.get(bot["id"], 0) + 1
        return 200, everything

    def _command(self, bot: Document, told: Document) -> Document:
        id, permissions = self._store.new_id(), told.get("default_member_permissions")
        return {
            **told,
            "id": id,
            "application_id": bot["id"],
            "version": id,
            "default_member_permissions": None if permissions is None else str(permissions),
            "nsfw": False,
        }

    def _is_own(self, bot: Document, application: str) -> None:
        if application != bot["id"]:
            raise Refused(403, 20012, "You are not authorized to perform this action on this application")

    # What a person gives ---------------------------------------------------------------------------------------------

    def give(self, bot: str, user: str, name: str, channel: str | None = None, text: str | None = None) -> Document:
        """Give a command in a channel, or to the bot alone; return the interaction as it is kept."""
        known = self._store.get("commands", bot) or {"all": []}
        command = next((one for one in known["all"] if one["name"] == name), None)
        assert command is not None, f"the bot offers no /{name}"
        if channel is None:
            channel = self._calls.direct_channel(bot, user)["id"]
        where = self._store.get("channel", channel)
        assert where is not None
        id = self._store.new_id()
        given = {
            "id": id,
            "token": secrets.token_urlsafe(90),
            "bot": bot,
            "user": user,
            "channel": channel,
            "command": name,
            "at": time.time(),
            "message": None,
        }
        self._store.put("interaction", id, given)
        data: Document = {"id": command["id"], "name": name, "type": 1}
        if text is not None:
            data["options"] = [{"name": command["options"][0]["name"], "type": 3, "value": text}]
        told: Document = {
            "id": id,
            "application_id": bot,
            "type": 2,
            "token": given["token"],
            "version": 1,
            "data": data,
            "channel_id": channel,
            "channel": self._objects.channel(where, me=bot),
            "locale": "en-US",
            "app_permissions": "0",
            "entitlements": [],
            "authorizing_integration_owners": {},
            "attachment_size_limit": 10 * 1024 * 1024,
        }
        guild = self._store.get("guild", where.get("guild_id") or "")
        if guild is None:
            told |= {"user": self._objects.user(user), "context": 1}
        else:
            member = {**self._objects.member(guild, user), "permissions": str(rights(self._store, user, where))}
            told |= {"guild_id": guild["id"], "guild_locale": "en-US", "member": member, "context": 0}
        self._gateway.dispatch(bot, "INTERACTION_CREATE", told, is_direct=guild is None)
        return given

    def later(self, interaction: str, seconds: float) -> Document:
        """Let so much time have passed since a command was given."""
        given = self._given(interaction)
        return self._store.put("interaction", interaction, {**given, "at": given["at"] - seconds})

    def shown(self, interaction: str) -> Document:
        """Return what has become of a command: its `message` as whoever gave it sees it, and who sees it besides."""
        given = self._given(interaction)
        return {**given, "message": self._standing(given)}

    # How it is answered ----------------------------------------------------------------------------------------------

    async def callback(self, bot: Document, interaction: str, token: str, *, body: Any, **_: Any) -> Answered:
        """Acknowledge a command, or answer it at once."""
        given = self._store.get("interaction", interaction)
        if given is None or given["token"] != token or time.time() - given["at"] > ACKNOWLEDGED_WITHIN:
            raise Refused(404, 10062, "Unknown interaction")
        if given["message"] is not None:
            raise Refused(400, 40060, "Interaction has already been acknowledged.")
        data = body.get("data") or {}
        flags = data.get("flags") or 0
        if flags & ~EPHEMERAL:
            raise invalid("flags", "INVALID_BITWISE_FLAG", "no such flag here")
        content = ""
        match body["type"]:
            case 5:
                flags |= LOADING
            case 4:
                content = (data.get("content") or "").strip()
                if not content:
                    raise Refused(400, 50006, "Cannot send an empty message")
            case _:
                raise invalid("type", "BASE_TYPE_CHOICES", "One of 4, 5")
        self._say(given, content, flags)
        return 204, None

    async def original(self, bot: Document, application: str, token: str, **_: Any) -> Answered:
        """Return the answer to a command."""
        return 200, self._look(bot, self._answered(application, token)[1])

    async def edit_original(
        self, bot: Document, application: str, token: str, *, body: Any, files: list[bytes], **_: Any
    ) -> Answered:
        """Write the answer to a command."""
        given, message = self._answered(application, token)
        content = (body.get("content") or "").strip()
        if len(content) > 2000:
            raise invalid("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
        embeds = self._messages.embeds(body.get("embeds") or [])
        if not content and not files and not embeds:
            raise Refused(400, 50006, "Cannot send an empty message")
        changed = {**message, "content": content, "embeds": embeds, "flags": message["flags"] & ~LOADING}
        if files:
            changed["attachments"] = self._messages.attached(given["channel"], files, body.get("attachments") or [])
        if changed["flags"] & EPHEMERAL:
            changed["edited_timestamp"] = moment(self._store.new_id())
            self._store.put("interaction", given["id"], {**given, "message": changed})
        else:
            changed = self._saying.change(changed)
        return 200, self._look(bot, changed)

    async def delete_original(self, bot: Document, application: str, token: str, **_: Any) -> Answered:
        """Take the answer to a command away."""
        given, message = self._answered(application, token)
        if message["flags"] & EPHEMERAL:
            self._store.put("interaction", given["id"], {**given, "message": {**message, "is_gone": True}})
        else:
            self._saying.delete(message)
        return 204, None

    async def typing(self, bot: Document, channel: str, **_: Any) -> Answered:
        """Show that a bot is typing."""
        where = self._store.get("channel", channel)
        if where is None:
            raise Refused(404, 10003, "Unknown Channel")
        if not rights(self._store, bot["id"], where) & (SEND_IN_THREADS if where["type"] in THREADS else SEND):
            raise Refused(403, 50013, "Missing Permissions")
        self.typed[channel] = self.typed.get(channel, 0) + 1
        return 204, None

    def _say(self, given: Document, content: str, flags: int) -> None:
        where = self._store.get("channel", given["channel"])
        assert where is not None
        metadata = {
            "id": given["id"],
            "type": 2,
            "user": self._objects.user(given["user"]),
            "authorizing_integration_owners": {},
        }
        more: Document = {"type": SLASH_COMMAND, "flags": flags, "interaction_metadata": metadata}
        more |= {"webhook_id": given["bot"], "application_id": given["bot"]}
        if flags & EPHEMERAL:
            message = self._saying.message(where, given["bot"], content, **more)
        else:
            message = {"id": self._saying.say(where, given["bot"], content, **more)["id"], "flags": flags}
        self._store.put("interaction", given["id"], {**given, "message": message})

    def _answered(self, application: str, token: str) -> tuple[Document, Document]:
        given = next((one for one in self._store.all("interaction") if one["token"] == token), None)
        if given is None or given["bot"] != application or time.time() - given["at"] > ANSWERED_WITHIN:
            raise Refused(401, 50027, "Invalid Webhook Token")
        if given["message"] is None:
            raise Refused(404, 10015, "Unknown Webhook")
        message = self._standing(given)
        if message is None:
            raise Refused(404, 10008, "Unknown Message")
        return given, message

    def _standing(self, given: Document) -> Document | None:
        message = given["message"]
        if message is None or message.get("is_gone"):
            return None
        return message if message["flags"] & EPHEMERAL else self._store.message(message["id"])

    def _look(self, bot: Document, message: Document) -> Document:
        return self._objects.message(message, bot["id"], reads_all=True, tells_nonce=False)

    def _given(self, interaction: str) -> Document:
        found = self._store.get("interaction", interaction)
        assert found is not None, f"there is no interaction {interaction}"
        return found
