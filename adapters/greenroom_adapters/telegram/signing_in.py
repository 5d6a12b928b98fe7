"""How a person gets the token of a bot."""

import re
from collections.abc import Mapping
from datetime import timedelta

import msgspec

from greenroom_adapters.contract import (
    Clerk,
    ConfigurationError,
    Credentials,
    Secret,
    Unavailable,
    Wanted,
)
from greenroom_adapters.telegram.api import Api
from greenroom_adapters.telegram.checking import misses_messages
from greenroom_adapters.telegram.errors import refusal, wait
from greenroom_adapters.telegram.wire import UPDATE
from greenroom_adapters.transport import Http

BODY_CAP = 8 * 1024 * 1024

__all__ = ["sign_in", "token_in", "way"]

STEPS = (
    "In Telegram, write to @BotFather: /newbot. He asks for a name, which people see, and for a user name that ends "
    "with `bot`.",
    "He answers with the token, a number, a colon and letters. Whoever has it is the bot.",
    "Write to your new bot: anything. A bot can begin no conversation, and so it learns who you are.",
)
TOKEN = re.compile(r"\d{1,20}:[\w-]{20,100}", re.ASCII)
MALFORMED = "telegram: that is no token of a bot: @BotFather gives one that is a number, a colon and letters"


def token_in(token: Secret) -> Secret:
    """Return a token as it is sent.

    :raises ConfigurationError: it is none
    """
    # it is not repeated: it may be half of a secret
    if TOKEN.fullmatch(bare := token.reveal().strip()) is None:
        raise ConfigurationError(MALFORMED)
    return Secret(bare)


def way(
    token: Secret, base_url: str, *, platform: str, account: str, files: bool = False, body_cap: int = BODY_CAP
) -> Http:
    """Return the way to the bot, or to the files that were sent to it. The token stands in the address, and so it is
    masked whole and in part, wherever that appears."""
    words = token.reveal()
    return Http(
        f"{base_url.rstrip('/')}{'/file' if files else ''}/bot{words}",
        platform=platform,
        account=account,
        secrets=(token, Secret(words.partition(":")[2])),
        refusal=refusal,
        wait=wait,
        body_cap=body_cap,
    )


async def sign_in(
    clerk: Clerk, known: Mapping[str, str], *, platform: str, base_url: str, wanted: Wanted | None
) -> Credentials:
    """Walk somebody through it: what the bot needs is `wanted`, and everything that a bot may need without it."""
    clerk.tell("\n".join(f"{number}. {step}" for number, step in enumerate(STEPS, 1)))
    token = token_in(await clerk.ask_secret("Token of the bot"))
    async with way(token, known.get("base_url", base_url), platform=platform, account="login") as http:
        api = Api(http)
        me = await api.me()
        notes = await _who_wrote(api)
    if misses_messages(me, wanted):
        notes.append(
            "In groups it is told of what is said to it alone. For more: @BotFather, /setprivacy, *Disable*, before it "
            "is taken into a group."
        )
    return Credentials(settings={}, secrets={"token": token}, handle=me.username or str(me.id), notes=tuple(notes))


async def _who_wrote(api: Api) -> list[str]:
    """Tell the ids of those who wrote to the bot: people are named by them. What they wrote stays unread."""
    try:
        waiting = await api.updates(None, wait=timedelta(0))
    except Unavailable:
        return []
    people: dict[int, str] = {}
    for raw in waiting:
        try:
            message = UPDATE.decode(raw).message
        except msgspec.DecodeError:
            continue
        if message is not None and message.chat.type == "private" and message.sender is not None:
            people[message.sender.id] = message.sender.username or message.sender.first_name
    return [f"{name} has written to it and has the id {id}: the owner is named by it." for id, name in people.items()]
