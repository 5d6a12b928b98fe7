"""What an owner should know of the account before it runs, each trouble with its mend."""

from collections.abc import Collection
from datetime import datetime, timedelta

from greenroom_adapters.contract import Author, Forbidden, Kind, PostRejected, Standing, Wanted
from greenroom_adapters.telegram.api import Api
from greenroom_adapters.telegram.errors import GroupMoved
from greenroom_adapters.telegram.references import chat_named
from greenroom_adapters.telegram.settings import TelegramSettings
from greenroom_adapters.telegram.wire import WireMember, WireUser

__all__ = ["misses_messages", "standing"]

LATELY = timedelta(hours=1)
"""So long a call that failed is worth a word: Telegram tells of the last one for ever."""
PRIVACY = (
    "*privacy mode* is on: in groups it is told of commands, of answers to it and of messages that name it, and of "
    "nothing else. @BotFather: /setprivacy, *Disable*; then take the bot out of each group and into it again. In a "
    "group where it is an administrator it is told of everything in any case"
)


def misses_messages(me: WireUser, wanted: Wanted | None) -> bool:
    """Say whether the bot's rules want messages in groups that it may not read everywhere."""
    wants = wanted is None or Kind.MESSAGE in wanted.kinds
    return wants and not me.can_read_all_group_messages


async def standing(
    told: WireUser, me: Author, *, settings: TelegramSettings, api: Api, wanted: Wanted | None, now: datetime
) -> Standing:
    """Say what the account may do and what will not work."""
    may = ["read direct messages", "answer", "react"]
    if told.can_join_groups:
        may.insert(1, "read what is said to it in groups")
    if told.can_read_all_group_messages:
        may.insert(2, "read everything in groups")
    warnings: list[str] = []
    if misses_messages(told, wanted):
        warnings.append(PRIVACY)
    if not told.can_join_groups and (wanted is None or wanted.rooms or Kind.MENTION in wanted.kinds):
        warnings.append("nobody can take it into a group: @BotFather, /setjoingroups, *Enable*")
    webhook = await api.webhook()
    failed_lately = now.timestamp() - webhook.last_error_date < LATELY.total_seconds()
    if settings.webhook and webhook.url == settings.webhook and webhook.last_error_message and failed_lately:
        warnings.append(
            f"Telegram could not call `webhook`: {webhook.last_error_message}. Behind it must be a proxy that speaks "
            f"HTTPS and hands on to {settings.webhook_listen}"
        )
    if webhook.url and webhook.url != settings.webhook:
        warnings.append(
            f"another program has Telegram call {_host(webhook.url)} for this bot, so it hears nothing here: let that "
            "program give its webhook up (`deleteWebhook`), or make a new token at @BotFather (/revoke)"
        )
    places = {settings.home, *(() if wanted is None else wanted.rooms)} - {""}
    found = await _about_chats(api, int(me.id), places)
    if settings.home and not found:
        may.append("post")
    return Standing(me=me, may=tuple(may), warnings=(*warnings, *found))


async def _about_chats(api: Api, me: int, places: Collection[str]) -> list[str]:
    """Say where the bot's own posts would not go out."""
    found: list[str] = []
    for place in sorted(places):
        where = chat_named(place)
        if where is None:
            found.append(f"`{place}` names no chat: write `@name` of one that is public, or an id like -1001234567890")
            continue
        try:
            chat = await api.chat(where.wire)
            member = await api.member(where.wire, me)
        except GroupMoved as moved:
            found.append(f"{place} has become a supergroup: write {moved.to} in its place")
            continue
        except Forbidden:
            found.append(f"it is not in {place}: take it in, into a channel as an administrator who may post messages")
            continue
        except PostRejected as refused:
            found.append(f"{place} cannot be looked at: {refused}")
            continue
        if not _may_write(member, is_channel=chat.type == "channel"):
            mend = (
                "make it an administrator who may post messages" if chat.type == "channel" else "let it send messages"
            )
            found.append(f"it may not write in {place}: {mend}")
    return found


def _may_write(member: WireMember, *, is_channel: bool) -> bool:
    if not member.is_in:
        return False
    if is_channel:
        return member.status == "creator" or bool(member.can_post_messages)
    return member.can_send_messages is not False


def _host(address: str) -> str:
    """Return the machine of an address; what stands behind it may be a secret."""
    return address.split("://", 1)[-1].split("/", 1)[0]
