"""What people do, and what tests order, below `/_fake/`: each call is `POST /_fake/NAME` with one JSON object."""

import re
import secrets
from typing import Any

from aiohttp import web

from fake_discord.contract import Contract
from fake_discord.gateway import Gateway
from fake_discord.limits import Limits
from fake_discord.objects import EVERYBODY, THREADS, Objects, moment
from fake_discord.rest import Rest
from fake_discord.saying import Saying
from fake_discord.store import Document, Store

__all__ = ["Admin"]


class Admin:
    """The hands of everybody who is no bot."""

    def __init__(
        self,
        store: Store,
        objects: Objects,
        gateway: Gateway,
        saying: Saying,
        rest: Rest,
        limits: Limits,
        contract: Contract | None,
    ) -> None:
        self._store = store
        self._objects = objects
        self._gateway = gateway
        self._saying = saying
        self._rest = rest
        self._limits = limits
        self._contract = contract

    async def serve(self, request: web.Request) -> web.Response:
        """Obey one call."""
        order = getattr(self, request.match_info["name"].replace("-", "_"))
        return web.json_response(order(**await request.json()))

    # Who and where ---------------------------------------------------------------------------------------------------

    def person(self, name: str, bot: bool = False) -> Document:
        """Make somebody."""
        id = self._store.new_id()
        return self._store.put(
            "user",
            id,
            {
                "id": id,
                "username": name,
                "global_name": None if bot else name.title(),
                "discriminator": "4242" if bot else "0",
                "bot": bot,
            },
        )

    def bot(self, name: str, owner: str, flags: int = 1 << 19) -> Document:
        """Make a bot, whose application has these flags."""
        user = self.person(name, bot=True)
        told = {"id": user["id"], "token": f"{secrets.token_hex(12)}.{secrets.token_hex(20)}"}
        return self._store.put("bot", user["id"], {**told, "owner": owner, "flags": flags})

    def guild(self, name: str, owner: str, members: list[str]) -> Document:
        """Make a server with a channel for everybody."""
        id = self._store.new_id()
        roles: Document = {id: {"id": id, "name": "@everyone", "permissions": str(EVERYBODY)}}
        joined: Document = {}
        for user in (owner, *members):
            joined[user] = {"roles": [], "nick": None, "joined_at": moment(self._store.new_id())}
            if self._store.get("bot", user) is not None:
                role = self._store.new_id()
                roles[role] = {"id": role, "name": "bot", "permissions": "0", "bot_id": user}
                joined[user]["roles"] = [role]
        guild = {"id": id, "name": name, "owner_id": owner, "roles": roles, "members": joined}
        self._store.put("guild", id, {**guild, "system_channel_id": None})
        return {**guild, "channel": self.channel(id, "general")["id"]}

    def channel(
        self, guild: str, name: str, type: int = 0, parent: str | None = None, overwrites: list[Document] | None = None
    ) -> Document:
        """Make a channel or a thread."""
        id = self._store.new_id()
        channel: Document = {"id": id, "type": type, "guild_id": guild, "name": name, "parent_id": parent}
        if type in THREADS:
            owner = self._store.get("guild", guild)
            assert owner is not None
            channel |= {"owner_id": owner["owner_id"], "archived": False}
        else:
            channel["permission_overwrites"] = overwrites or []
        self._store.put("channel", id, channel)
        event = "THREAD_CREATE" if type in THREADS else "CHANNEL_CREATE"
        self._tell_guild(guild, event, {**self._objects.channel(channel), "newly_created": True})
        return channel

    def tags(self, channel: str, tags: list[Document], required: bool = False) -> Document:
        """Give a forum these tags (`name`, `moderated`), and say whether each post must have one."""
        made = [{"id": self._store.new_id(), "moderated": False, **tag} for tag in tags]
        changed = {**self._known("channel", channel), "tags": made, "flags": 1 << 4 if required else 0}
        self._store.put("channel", channel, changed)
        self._tell_guild(changed["guild_id"], "CHANNEL_UPDATE", self._objects.channel(changed))
        return changed

    def webhook(self, channel: str, name: str = "Post") -> Document:
        """Make a webhook of a channel."""
        return self._rest.webhooks.make(channel, name)

    def remove_webhook(self, webhook: str) -> Document:
        """Delete a webhook."""
        return self._rest.webhooks.remove(webhook)

    def archive(self, channel: str) -> Document:
        """Archive a thread."""
        known = self._known("channel", channel)
        return self._store.put("channel", channel, {**known, "archived": True})

    def overwrite(self, channel: str, overwrites: list[Document]) -> Document:
        """Replace what a channel grants and takes away."""
        changed = {**self._known("channel", channel), "permission_overwrites": overwrites}
        self._store.put("channel", channel, changed)
        self._tell_guild(changed["guild_id"], "CHANNEL_UPDATE", self._objects.channel(changed))
        return changed

    def silence(self, guild: str, user: str, until: str) -> Document:
        """Let somebody say nothing until a moment. Discord tells a bot of itself, whatever its intents are."""
        known = self._known("guild", guild)
        known["members"][user]["silenced_until"] = until
        self._store.put("guild", guild, known)
        self._gateway.dispatch(user, "GUILD_MEMBER_UPDATE", {**self._objects.member(known, user), "guild_id": guild})
        return known

    def role(self, guild: str, user: str, permissions: int, name: str = "role") -> Document:
        """Give somebody a role of his own."""
        id, known = self._store.new_id(), self._known("guild", guild)
        known["roles"][id] = {"id": id, "name": name, "permissions": str(permissions)}
        known["members"][user]["roles"].append(id)
        self._store.put("guild", guild, known)
        told = {"guild_id": guild, "role": self._objects.role(known["roles"][id])}
        self._tell_guild(guild, "GUILD_ROLE_CREATE", told)
        return known

    def invite(self, guild: str, bot: str) -> Document:
        """Let a bot into a server."""
        known = self._known("guild", guild)
        known["members"][bot] = {"roles": [], "nick": None, "joined_at": moment(self._store.new_id())}
        self._store.put("guild", guild, known)
        self._gateway.dispatch(bot, "GUILD_CREATE", self._gateway.guild_create(known, bot))
        return known

    def throw_out(self, guild: str, bot: str) -> Document:
        """Throw a bot out of a server."""
        known = self._known("guild", guild)
        del known["members"][bot]
        self._store.put("guild", guild, known)
        self._gateway.dispatch(bot, "GUILD_DELETE", {"id": guild})
        return known

    def outage(self, guild: str, over: bool = False) -> Document:
        """Put a server out of order, or let it come again."""
        known = self._store.put("guild", guild, {**self._known("guild", guild), "out_of_order": not over})
        for bot in self._bots_in(known):
            if over:
                self._gateway.dispatch(bot, "GUILD_CREATE", self._gateway.guild_create(known, bot))
            else:
                self._gateway.dispatch(bot, "GUILD_DELETE", {"id": guild, "unavailable": True})
        return known

    # What they say ---------------------------------------------------------------------------------------------------

    def say(self, channel: str, author: str, content: str, **more: Any) -> Document:
        """Say something; `answers` is a message."""
        return self._saying.say(self._known("channel", channel), author, content, **more)

    def message(self, author: str, to: str, content: str) -> Document:
        """Write to somebody alone."""
        return self._saying.say(self._rest.calls.direct_channel(author, to), author, content)

    def edit(self, message: str, content: str) -> Document:
        """Change what was said."""
        return self._saying.edit(self._said(message), content)

    def delete(self, message: str) -> Document:
        """Take away what was said."""
        self._saying.delete(self._said(message))
        return {}

    def react(self, message: str, user: str, emoji: str) -> Document:
        """React."""
        self._saying.react(self._said(message), user, emoji)
        return {}

    def shut_out(self, bot: str, user: str) -> Document:
        """Let somebody take no messages of a bot."""
        return self._store.put("bot", bot, {**self._known("bot", bot), "shut_out": [user]})

    # Commands --------------------------------------------------------------------------------------------------------

    def give(self, bot: str, user: str, name: str, **more: Any) -> Document:
        """Give a command: in a `channel`, or to the bot alone; with a `text` behind it."""
        return self._rest.commands.give(bot, user, name, **more)

    def later(self, interaction: str, seconds: float) -> Document:
        """Let so much time have passed since a command was given."""
        return self._rest.commands.later(interaction, seconds)

    def given(self, interaction: str) -> Document:
        """Return what has become of a command."""
        return self._rest.commands.shown(interaction)

    def offered(self, bot: str) -> Document:
        """Return what a bot offers, and how often it has replaced that."""
        known = self._store.get("commands", bot) or {"all": []}
        return {**known, "replaced": self._rest.commands.replaced.get(bot, 0)}

    def typed(self, channel: str) -> Document:
        """Return how often somebody was said to be typing in a channel."""
        return {"count": self._rest.commands.typed.get(channel, 0)}

    # What is there ---------------------------------------------------------------------------------------------------

    def published(self, bot: str) -> list[Document]:
        """Return what a bot has said, with the channel that each stands in."""
        return [{**said, "channel": self._known("channel", said["channel_id"])} for said in self._store.said_by(bot)]

    def said(self, message: str) -> Document:
        """Return a message."""
        return self._said(message)

    def sessions(self, bot: str) -> Document:
        """Return how many sessions a bot has, with which intents, and when it began sessions."""
        found = self._gateway.sessions(bot)
        return {
            "known": len(found),
            "open": sum(session.way is not None for session in found),
            "intents": [session.intents for session in found],
            "begun": len(self._gateway.begun.get(bot, [])),
        }

    def violations(self) -> Document:
        """Return what the contract does not allow, and what was asked for of it."""
        seen = sorted(self._contract.seen) if self._contract is not None else []
        return {"judged": self._contract is not None, "violations": self._rest.violations, "operations": seen}

    # What goes wrong -------------------------------------------------------------------------------------------------

    def order(self, bot: str, kind: str) -> Document:
        """Order a fault for the next message that a bot is told: `redeliver` or `reorder`."""
        for session in self._gateway.sessions(bot):
            session.orders.append(kind)
        return {}

    def dispatch(self, bot: str, event: str, data: Any, direct: bool = False) -> Document:
        """Tell a bot anything at all."""
        self._gateway.dispatch(bot, event, data, is_direct=direct)
        return {}

    def raw(self, bot: str, text: str) -> Document:
        """Send a frame that is whatever it is."""
        for session in self._gateway.sessions(bot):
            if session.way is not None:
                session.way.say(text.encode())
        return {}

    def forget_sessions(self, bot: str) -> Document:
        """Forget the sessions of a bot, and close its connections as Discord does when it must."""
        for session in self._gateway.sessions(bot):
            if session.way is not None:
                session.way.close(4000)
        self._gateway.forget(bot)
        return {}

    def close(self, bot: str, code: int) -> Document:
        """Close the connections of a bot with a code."""
        for session in self._gateway.sessions(bot):
            if session.way is not None:
                session.way.close(code)
        return {}

    def revoke(self, bot: str) -> Document:
        """Make a new token; the old one is worth nothing from now on."""
        changed = {**self._known("bot", bot), "token": f"{secrets.token_hex(12)}.{secrets.token_hex(20)}"}
        self._store.put("bot", bot, changed)
        self._gateway.revoke(bot)
        return changed

    def flags(self, bot: str, flags: int) -> Document:
        """Change the flags of a bot's application."""
        return self._store.put("bot", bot, {**self._known("bot", bot), "flags": flags})

    def public(self, bot: str) -> Document:
        """Let anybody invite a bot."""
        return self._store.put("bot", bot, {**self._known("bot", bot), "public": True})

    def shards(self, bot: str, shards: int) -> Document:
        """Let Discord recommend so many shards to a bot."""
        return self._store.put("bot", bot, {**self._known("bot", bot), "shards": shards})

    def starts(self, bot: str, used: int, reset_after: int) -> Document:
        """Let a bot have begun so many sessions today; the day ends after so many milliseconds."""
        self._gateway.begun[bot] = [2e9] * used
        return self._store.put("bot", bot, {**self._known("bot", bot), "reset_after": reset_after})

    def _known(self, kind: str, id: str) -> Document:
        found = self._store.get(kind, id)
        assert found is not None, f"there is no {kind} {id}"
        return found

    def _said(self, message: str) -> Document:
        found = self._store.message(re.sub(r".*/", "", message))
        assert found is not None, f"there is no message {message}"
        return found

    def _bots_in(self, guild: Document) -> list[str]:
        return [bot["id"] for bot in self._store.all("bot") if bot["id"] in guild["members"]]

    def _tell_guild(self, guild: str, event: str, data: Document) -> None:
        for bot in self._bots_in(self._known("guild", guild)):
            self._gateway.dispatch(bot, event, data)
