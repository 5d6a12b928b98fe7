"""What an owner should know of the account before it runs, each trouble with its mend."""

from collections.abc import Collection, Iterator

from discord import Permissions
from discord.utils import oauth_url

from greenroom_adapters.contract import AdapterError, Author, Kind, PostRejected, Standing, Wanted
from greenroom_adapters.discord.api import Api
from greenroom_adapters.discord.channels import Channels
from greenroom_adapters.discord.listening import Listening
from greenroom_adapters.discord.permissions import in_channel, lacking, needed
from greenroom_adapters.discord.places import FORUMS, SPOKEN_IN, THREADS, Places
from greenroom_adapters.discord.settings import DiscordSettings
from greenroom_adapters.discord.tags import applied, lacking_tag
from greenroom_adapters.discord.wire import WireApplication, WireChannel

__all__ = ["LOOKED_INTO", "PORTAL", "invitation", "misses_content", "standing", "switch_on_content"]

NAMED = 10
"""Channels that are named; of more, only their number is told."""
LOOKED_INTO = 25
"""Servers whose channels are looked at; each takes four requests."""
FEW_STARTS = 100


PORTAL = "https://discord.com/developers/applications"


def invitation(application: str, wanted: Wanted | None) -> str:
    """Return the address at which somebody lets the bot into his server, with the permissions that it needs."""
    permissions = Permissions(**dict.fromkeys(needed(wanted), True))
    return oauth_url(application, permissions=permissions, scopes=("bot",))


def switch_on_content(application: str) -> str:
    """Say where the owner lets the bot read what does not mention it."""
    return (
        "switch on *Message Content Intent* under *Privileged Gateway Intents* on the page *Bot* of its application, "
        f"{PORTAL}/{application}/bot"
    )


def misses_content(wanted: Wanted | None) -> str | None:
    """Return what a bot that may not read everything does not read; None: nothing that its rules want."""
    if wanted is None:
        return "answers to it that do not mention it, and all other messages"
    what = {
        Kind.REPLY: "answers to it that do not mention it (their writers have switched the ping off)",
        Kind.MESSAGE: "messages that do not mention it",
    }
    return ", and ".join(words for kind, words in what.items() if kind in wanted.kinds) or None


async def standing(
    me: Author,
    application: WireApplication,
    *,
    reads_everything: bool,
    settings: DiscordSettings,
    api: Api,
    places: Places,
    channels: Channels,
    listening: Listening,
    wanted: Wanted | None,
) -> Standing:
    """Say what the account may do and what will not work."""
    known = {guild.id: guild.name for guild in await api.guilds()}
    readable = await listening.survey(most=LOOKED_INTO)
    rooms = sum(len([one for one in told if one.type not in THREADS]) for told in readable.values())
    warnings = [
        *_about_servers(known, settings, places, application, wanted),
        *(() if reads_everything else _about_reading(application, wanted)),
        *await _about_channels(
            readable,
            places,
            api,
            me.id,
            needed(wanted),
            posts_in={settings.home} | (wanted.rooms if wanted is not None else set()),
            tags=settings.tags,
        ),
    ]
    starts = (await api.gateway()).session_start_limit
    if starts.remaining < FEW_STARTS:
        warnings.append(
            f"only {starts.remaining} of {starts.total} starts of a session are left for today: something starts the "
            "bot again and again. It waits before it connects, so that Discord does not take its token away."
        )
    what = "messages and mentions" if reads_everything else "mentions"
    may = [
        f"read {what} in {_many(rooms, 'channel')} of {_many(len(readable), 'server')}",
        "answer where it is asked, react, edit and delete its own messages",
        "send direct messages to people who share a server with it",
    ]
    if settings.home:
        try:
            home = await channels.called(settings.home)
            may.append(f"post in #{home.name}")
        except PostRejected as refused:
            warnings.append(f"its own posts have no place: {refused}. Mend `home` in the bot file.")
    return Standing(me=me, may=tuple(may), warnings=tuple(warnings))


def _about_servers(
    known: dict[str, str],
    settings: DiscordSettings,
    places: Places,
    application: WireApplication,
    wanted: Wanted | None,
) -> Iterator[str]:
    link = invitation(application.id, wanted)
    served = [guild for guild in known if places.serves(guild)]
    if not served:
        yield f"it is in none of the servers that it is to serve: invite it with {link}"
    missing = [guild for guild in settings.servers if guild not in known]
    if missing and served:
        yield f"it is not in {', '.join(missing)}, which `servers` names: invite it with {link}"
    if not settings.servers:
        yield from _about_strangers(known, places, application)
    if len(served) > LOOKED_INTO:
        yield f"only {LOOKED_INTO} of its {len(served)} servers were looked into."


def _about_strangers(known: dict[str, str], places: Places, application: WireApplication) -> Iterator[str]:
    if application.bot_public:
        yield (
            "anybody may invite it into a server, and it would speak there: list the ids of your own under `servers`, "
            "or switch *Public Bot* off on the page *Bot* of the developer portal."
        )
    if not known or (len(known) == 1 and places.first in known):
        return
    if places.first is None:
        where = "channels go by their ids alone"
    else:
        where = f"channels go by their names in {known.get(places.first, 'one that it has left')} alone"
    yield (
        f"it is in {len(known)} servers, and {where}: a stranger's channel may have any name. List the ids of your own "
        "under `servers`, and their channels go by their names."
    )


def _about_reading(application: WireApplication, wanted: Wanted | None) -> Iterator[str]:
    missed = misses_content(wanted)
    if missed is not None:
        yield (
            f"{missed} come without their text; mentions and direct messages it reads. To read them, "
            f"{switch_on_content(application.id)}, and start the bot again."
        )


async def _about_channels(
    readable: dict[str, list[WireChannel]],
    places: Places,
    api: Api,
    me: str,
    wants: Collection[str],
    *,
    posts_in: Collection[str],
    tags: Collection[str],
) -> list[str]:
    silent: list[str] = []
    closed: list[str] = []
    tagless: list[str] = []
    partly: dict[str, list[str]] = {}
    for guild in places.guilds():
        if guild.id not in readable:
            continue
        try:
            told = await api.channels(guild.id)
        except AdapterError:
            continue
        for channel in told:
            if channel.type not in SPOKEN_IN:
                continue
            rights = in_channel(
                guild.mine(me), channel.permission_overwrites, me=me, roles=guild.my_roles, guild=guild.id
            )
            if not rights.view_channel:
                continue
            name = f"#{channel.name} ({guild.name})"
            speaks = "send_messages_in_threads" if channel.type in FORUMS else "send_messages"
            if speaks in wants and not getattr(rights, speaks):
                silent.append(name)
                continue
            if channel.type in FORUMS and _is_named(channel, posts_in, has_name=places.has_names(guild.id)):
                if not rights.send_messages:
                    closed.append(name)
                tagless += _about_tags(channel, tags, gives_all=rights.manage_threads)
            for missing in lacking(rights, [one for one in wants if one not in ("send_messages", "view_channel")]):
                partly.setdefault(missing, []).append(name)
    warnings: list[str] = []
    if silent:
        warnings.append(
            f"may not write in {_list(silent)}: give its role *Send Messages* there, or take *View Channels* away."
        )
    if closed:
        warnings.append(f"may not begin posts in {_list(closed)}: give its role *Create Posts* there.")
    warnings += tagless
    warnings += [
        f"has no *{missing}* in {_list(where)}: give its role this permission." for missing, where in partly.items()
    ]
    return warnings


def _is_named(channel: WireChannel, named: Collection[str], *, has_name: bool) -> bool:
    return channel.id in named or (has_name and f"#{channel.name}" in named)


def _about_tags(forum: WireChannel, tags: Collection[str], *, gives_all: bool) -> Iterator[str]:
    lacking = lacking_tag(forum.name or forum.id, forum.flags, forum.available_tags, tags)
    if lacking is not None:
        yield f"{lacking}. Write one of them under `tags` of the account."
    given = applied(forum.available_tags, tags)
    moderated = [f"`{tag.name}`" for tag in given if tag.moderated]
    if moderated and not gives_all:
        yield (
            f"the tag {_list(moderated)} of #{forum.name} is for those alone who may manage threads: give its role "
            "*Manage Threads* there, or name another one under `tags`."
        )


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _list(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= NAMED else f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"
