"""What a bot may ask about itself, about servers and about people."""

from typing import Any

from fake_discord.gateway import Gateway
from fake_discord.objects import THREADS, Objects
from fake_discord.refusals import Refused
from fake_discord.store import Document, Store

__all__ = ["Answered", "Calls"]

Answered = tuple[int, Any]
"""Status and JSON."""


class Calls:
    """Their answers."""

    def __init__(self, store: Store, objects: Objects, gateway: Gateway) -> None:
        self._store = store
        self._objects = objects
        self._gateway = gateway

    async def me(self, bot: Document, **_: Any) -> Answered:
        """Return whose token it is."""
        return 200, {**self._objects.user(bot["id"]), "mfa_enabled": False, "locale": "en-US"}

    async def application(self, bot: Document, **_: Any) -> Answered:
        """Return the application of the bot."""
        return 200, {
            **dict.fromkeys(("icon", "type", "interactions_endpoint_url", "role_connections_verification_url", "team")),
            "id": bot["id"],
            "name": "bot",
            "description": "",
            "verify_key": "00",
            "flags": bot["flags"],
            "flags_new": str(bot["flags"]),
            "redirect_uris": [],
            "owner": self._objects.user(bot["owner"]),
            **dict.fromkeys(
                ("approximate_guild_count", "approximate_user_install_count", "approximate_user_authorization_count"), 0
            ),
            "explicit_content_filter": 0,
            "eligible_oauth2_scopes": [],
            "bot_public": bot.get("public", False),
        }

    async def gateway_bot(self, bot: Document, **_: Any) -> Answered:
        """Return where the gateway is."""
        starts = {
            "total": 1000,
            "remaining": max(0, self._gateway.starts_left(bot["id"])),
            "reset_after": bot.get("reset_after", 3_600_000),
            "max_concurrency": 1,
        }
        return 200, {"url": self._gateway.url, "shards": bot.get("shards", 1), "session_start_limit": starts}

    async def guilds(self, bot: Document, *, query: Any, **_: Any) -> Answered:
        """Return the servers that the bot is in."""
        after = int(query.get("after", "0"))
        mine = [
            guild for guild in self._store.all("guild") if bot["id"] in guild["members"] and int(guild["id"]) > after
        ]
        shown = [
            {
                "id": guild["id"],
                "name": guild["name"],
                "icon": None,
                "banner": None,
                "owner": False,
                "permissions": guild["roles"][guild["id"]]["permissions"],
                "features": [],
            }
            for guild in mine
        ]
        return 200, shown[: int(query.get("limit", "200"))]

    async def leave(self, bot: Document, guild: str, **_: Any) -> Answered:
        """Let the bot leave a server."""
        found = self._in_guild(bot, guild)
        del found["members"][bot["id"]]
        self._store.put("guild", guild, found)
        self._gateway.dispatch(bot["id"], "GUILD_DELETE", {"id": guild})
        return 204, None

    def _in_guild(self, bot: Document, guild: str) -> Document:
        found = self._store.get("guild", guild)
        if found is None or bot["id"] not in found["members"]:
            raise Refused(404, 10004, "Unknown Guild")
        return found

    async def guild(self, bot: Document, guild: str, **_: Any) -> Answered:
        """Return a server."""
        return 200, self._objects.guild(self._in_guild(bot, guild))

    async def channels(self, bot: Document, guild: str, **_: Any) -> Answered:
        """Return the channels of a server."""
        self._in_guild(bot, guild)
        found = [one for one in self._store.all("channel") if one.get("guild_id") == guild]
        return 200, [self._objects.channel(one) for one in found if one["type"] not in THREADS]

    async def threads(self, bot: Document, guild: str, **_: Any) -> Answered:
        """Return the threads of a server that are not archived."""
        self._in_guild(bot, guild)
        found = [one for one in self._store.all("channel") if one.get("guild_id") == guild and one["type"] in THREADS]
        shown = [self._objects.channel(one) for one in found if not one["archived"]]
        return 200, {"threads": shown, "members": [], "has_more": False}

    async def member(self, bot: Document, guild: str, user: str, **_: Any) -> Answered:
        """Return somebody as a member."""
        found = self._in_guild(bot, guild)
        if user not in found["members"]:
            raise Refused(404, 10007, "Unknown Member")
        return 200, self._objects.member(found, user)

    async def search(self, bot: Document, guild: str, *, query: Any, **_: Any) -> Answered:
        """Return members by the beginning of their name."""
        found, name = self._in_guild(bot, guild), query["query"].casefold()
        shown = [self._objects.member(found, user) for user in found["members"]]
        fitting = [one for one in shown if one["user"]["username"].casefold().startswith(name)]
        return 200, fitting[: int(query.get("limit", "1"))]

    async def user(self, bot: Document, user: str, **_: Any) -> Answered:
        """Return somebody."""
        if self._store.get("user", user) is None:
            raise Refused(404, 10013, "Unknown User")
        return 200, self._objects.user(user)

    async def direct(self, bot: Document, *, body: Any, **_: Any) -> Answered:
        """Return the conversation with somebody."""
        person = self._store.get("user", body["recipient_id"])
        if person is None:
            raise Refused(400, 50033, "Invalid Recipient(s)")
        return 200, self._objects.channel(self.direct_channel(bot["id"], person["id"]), me=bot["id"])

    def direct_channel(self, one: str, other: str) -> Document:
        """Return the conversation of two, which is made when there is none."""
        between = sorted((one, other))
        for channel in self._store.all("channel"):
            if channel["type"] == 1 and channel["between"] == between:
                return channel
        id = self._store.new_id()
        return self._store.put("channel", id, {"id": id, "type": 1, "between": between})
