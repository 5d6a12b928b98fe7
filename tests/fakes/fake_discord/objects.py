"""How things look to those who ask: the objects of the contract, with every field that it demands."""

from datetime import UTC, datetime
from typing import Any

from fake_discord.store import EPOCH_MS, Document, Store

__all__ = ["THREADS", "Objects", "moment", "rights"]

THREADS = (10, 11, 12)
VIEW, SEND, HISTORY, REACT, ATTACH, MANAGE, SEND_IN_THREADS, ADMINISTRATOR = (
    *(1 << 10, 1 << 11, 1 << 16, 1 << 6),
    *(1 << 15, 1 << 13, 1 << 38, 1 << 3),
)
EMBED_LINKS = 1 << 14
EVERYBODY = VIEW | SEND | HISTORY | REACT | ATTACH | SEND_IN_THREADS


def moment(snowflake: str) -> str:
    """Return when an id was made, as ISO 8601."""
    return datetime.fromtimestamp(((int(snowflake) >> 22) + EPOCH_MS) / 1000, UTC).isoformat()


def rights(store: Store, user: str, channel: Document) -> int:
    """Return what somebody may do in a channel, as a number of flags; threads have those of their channel."""
    if channel["type"] in THREADS:
        channel = store.get("channel", channel["parent_id"]) or channel
    if channel["type"] == 1:
        return EVERYBODY | EMBED_LINKS if user in channel["between"] else 0
    guild = store.get("guild", channel["guild_id"])
    if guild is None or user not in guild["members"]:
        return 0
    roles = [guild["id"], *guild["members"][user]["roles"]]
    value = 0
    for role in roles:
        value |= int(guild["roles"][role]["permissions"])
    if value & ADMINISTRATOR or guild["owner_id"] == user:
        return -1
    for group in ([guild["id"]], roles[1:], [user]):
        allow = deny = 0
        for overwrite in channel["permission_overwrites"]:
            if overwrite["id"] in group:
                allow |= int(overwrite["allow"])
                deny |= int(overwrite["deny"])
        value = (value & ~deny) | allow
    return value


class Objects:
    """Makes them out of the state."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def user(self, id: str) -> Document:
        """Return a `UserResponse`."""
        known = self._store.get("user", id)
        assert known is not None
        user = {
            "id": id,
            "username": known["username"],
            "avatar": None,
            "discriminator": known["discriminator"],
            "public_flags": 0,
            "flags": 0,
            "global_name": known["global_name"],
            "primary_guild": None,
        }
        return {**user, "bot": True} if known["bot"] else user

    def member(self, guild: Document, user: str) -> Document:
        """Return a `GuildMemberResponse`."""
        known = guild["members"][user]
        return {
            "avatar": None,
            "banner": None,
            "communication_disabled_until": known.get("silenced_until"),
            "flags": 0,
            "joined_at": known["joined_at"],
            "nick": known["nick"],
            "pending": False,
            "premium_since": None,
            "roles": known["roles"],
            "user": self.user(user),
            "mute": False,
            "deaf": False,
        }

    def role(self, role: Document) -> Document:
        """Return a `GuildRoleResponse`."""
        shown = {
            "id": role["id"],
            "name": role["name"],
            "permissions": role["permissions"],
            "position": 0,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "managed": "bot_id" in role,
            "mentionable": False,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
        }
        return {**shown, "tags": {"bot_id": role["bot_id"]}} if "bot_id" in role else shown

    def channel(self, channel: Document, me: str | None = None) -> Document:
        """Return a `GuildChannelResponse`, `ThreadResponse` or, as `me` sees it, `PrivateChannelResponse`."""
        shown: dict[str, Any] = {"id": channel["id"], "type": channel["type"], "flags": 0}
        newest = self._store.newest(channel["id"])
        if channel["type"] == 15:
            threads = [one for one in self._store.all("channel") if one.get("parent_id") == channel["id"]]
            newest = max((one["id"] for one in threads), key=int, default=None)
        shown["last_message_id"] = newest
        if channel["type"] == 1:
            return {**shown, "recipients": [self.user(user) for user in channel["between"] if user != me]}
        shown |= {"guild_id": channel["guild_id"], "name": channel["name"], "parent_id": channel["parent_id"]}
        if channel["type"] not in THREADS:
            if channel["type"] == 15:
                tags = [{"emoji_id": None, "emoji_name": None, **tag} for tag in channel.get("tags", [])]
                shown |= {"available_tags": tags, "flags": channel.get("flags", 0)}
            return {**shown, "position": 0, "permission_overwrites": channel["permission_overwrites"]}
        return {
            **shown,
            "owner_id": channel["owner_id"],
            "applied_tags": channel.get("applied_tags", []),
            "thread_metadata": {
                "archived": channel["archived"],
                "archive_timestamp": None,
                "auto_archive_duration": 60,
                "locked": False,
                "create_timestamp": moment(channel["id"]),
            },
            "message_count": 0,
            "member_count": 1,
            "total_message_sent": 0,
        }

    def guild(self, guild: Document) -> Document:
        """Return a `GuildWithCountsResponse`."""
        nothing = dict.fromkeys(
            (
                *("icon", "description", "home_header", "splash", "discovery_splash", "banner", "application_id"),
                *("afk_channel_id", "widget_channel_id", "max_presences", "vanity_url_code", "rules_channel_id"),
                *("safety_alerts_channel_id", "public_updates_channel_id", "incidents_data"),
            )
        )
        zero = dict.fromkeys(
            (
                *("system_channel_flags", "verification_level", "default_message_notifications", "mfa_level"),
                *("explicit_content_filter", "premium_tier", "premium_subscription_count", "nsfw_level"),
            ),
            0,
        )
        return {
            **nothing,
            **zero,
            "id": guild["id"],
            "name": guild["name"],
            "features": [],
            "owner_id": guild["owner_id"],
            "region": "deprecated",
            "afk_timeout": 300,
            "system_channel_id": guild["system_channel_id"],
            "widget_enabled": False,
            "roles": [self.role(role) for role in guild["roles"].values()],
            "max_members": 500_000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "preferred_locale": "en-US",
            "premium_progress_bar_enabled": False,
            "nsfw": False,
            "emojis": [],
            "stickers": [],
        }

    def message(self, message: Document, me: str, *, reads_all: bool, tells_nonce: bool) -> Document:
        """Return a `MessageResponse` as a bot sees it: without the intent, what does not concern it has no content."""
        shown = {key: value for key, value in message.items() if key not in ("reacted", "nonce")}
        if tells_nonce and "nonce" in message:
            shown["nonce"] = message["nonce"]
        channel = self._store.get("channel", message["channel_id"])
        concerns = (
            reads_all
            or message["author"]["id"] == me
            or any(user["id"] == me for user in message["mentions"])
            or channel is None
            or channel["type"] == 1
        )
        if not concerns:
            shown |= {"content": "", "embeds": [], "attachments": [], "components": []}
            shown.pop("poll", None)
        told = message.get("message_reference")
        if message["type"] == 19 and told is not None:
            above = self._store.message(told["message_id"])
            shown["referenced_message"] = above and {
                key: value for key, value in above.items() if key not in ("reacted", "nonce", "referenced_message")
            }
        if message["reacted"]:
            shown["reactions"] = [
                {
                    "emoji": {"id": None, "name": emoji},
                    "count": len(users),
                    "count_details": {"burst": 0, "normal": len(users)},
                    "burst_colors": [],
                    "me_burst": False,
                    "me": me in users,
                }
                for emoji, users in message["reacted"].items()
            ]
        return shown
