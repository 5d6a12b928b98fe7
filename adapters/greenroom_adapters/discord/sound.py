"""Whether what an owner wrote goes together: for a bot, which has a token, and for a webhook, which has its address."""

import re
from typing import NoReturn

from greenroom_adapters.contract import ConfigurationError, Secret
from greenroom_adapters.discord.settings import DiscordSettings
from greenroom_adapters.discord.signing_in import bare
from greenroom_adapters.discord.tags import MOST

__all__ = ["token_in", "webhook_in"]

ADDRESS = re.compile(r"https?://\S+/webhooks/(\d{1,20})/([\w-]{20,200})/?", re.ASCII)
NAME = 80
"""Longest name of a webhook's message ("Execute Webhook")."""
NOT_IN_NAMES = ("discord", "clyde")
"""No webhook may be called so ("Create Webhook")."""


def token_in(settings: DiscordSettings) -> Secret:
    """Return the token of a bot.

    :raises ConfigurationError: there is none, or what is written has no effect for a bot
    """
    if settings.token is None:
        _refuse("it needs the `token` of a bot, which `greenroom login` gets, or the `webhook` of a channel")
    written = {"name": settings.name, "avatar": settings.avatar, "thread": settings.thread, "forum": settings.forum}
    for key in (key for key, value in written.items() if value):
        _refuse(f"`{key}` goes with a `webhook`: leave it out, or write `webhook` in place of `token`")
    return bare(settings.token)


def webhook_in(settings: DiscordSettings) -> tuple[str, Secret]:
    """Return the id and the token of a webhook, which are in its address.

    :raises ConfigurationError: it is no such address, or what else is written does not go with a webhook
    """
    if settings.webhook is None:
        _refuse("there is no `webhook`")
    found = ADDRESS.fullmatch(settings.webhook.reveal().strip())
    if found is None:
        # it is not repeated: it may be half of a secret
        _refuse(
            "`webhook` is no address of a webhook: copy it in the channel's settings, under *Integrations*, "
            "*Webhooks*; it looks like https://discord.com/api/webhooks/NUMBER/TOKEN"
        )
    if settings.token is not None:
        _refuse("`token` is a bot's, and `webhook` posts without one: keep one of them")
    for key, is_written in {
        "home": bool(settings.home),
        "servers": bool(settings.servers),
        "commands": not settings.commands,
        "gateway_url": bool(settings.gateway_url),
    }.items():
        if is_written:
            _refuse(f"`{key}` is for a bot with a `token`; a webhook has one channel and hears nothing: leave it out")
    if settings.thread and settings.forum:
        _refuse("with `forum: true` each post begins a thread, and `thread` names one: keep one of them")
    if settings.thread and not settings.thread.isdecimal():
        _refuse("`thread` is the id of a thread: right-click it with *Developer Mode* on, *Copy Thread ID*")
    if settings.tags and not settings.forum:
        _refuse("`tags` are of posts in a forum: write `forum: true` where the webhook's channel is one")
    if len(settings.tags) > MOST or not all(tag.isdecimal() for tag in settings.tags):
        _refuse(f"a webhook knows the tags of its forum by their ids alone, and a post has at most {MOST}")
    if len(settings.name) > NAME:
        _refuse(f"`name` has {len(settings.name)} characters, and {NAME} are possible")
    if any(word in settings.name.casefold() for word in NOT_IN_NAMES):
        _refuse(f"no webhook may be called {' or '.join(NOT_IN_NAMES)}: write another `name`")
    return found[1], Secret(found[2])


def _refuse(words: str) -> NoReturn:
    raise ConfigurationError(f"discord: {words}")
