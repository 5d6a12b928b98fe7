"""What somebody has written on an account that is signed in: read once, for its style."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

from greenroom.app import Bot
from greenroom.cli.asking import runs
from greenroom.cli.choosing import choose
from greenroom.clock import SystemClock
from greenroom_adapters.contract import (
    ConfigurationError,
    Event,
    Kind,
    OwnPostSeen,
    SupportsHistory,
    SupportsPrices,
)

__all__ = ["is_account", "posts_of_account"]

LAST = 200
"""Posts that are looked at."""
LOOKED_BACK = timedelta(days=365)
PATIENCE = 120.0
"""Seconds in which a platform must have shown what was written in a year."""


def is_account(given: str) -> bool:
    """Say whether an owner means an account by this: BOT/ACCOUNT, where no file is called so."""
    bot, slash, account = given.partition("/")
    return (
        bool(bot and slash and account) and "/" not in account and not Path(given).suffix and not Path(given).exists()
    )


def posts_of_account(given: str) -> list[str]:
    """Return the last posts that somebody wrote by hand on the account BOT/ACCOUNT, oldest first. Answers are left out,
    and so is what a bot has posted there, where the platform tells.

    :raises ConfigurationError: there is no such account, or its posts cannot be read
    :raises AdapterError: its platform cannot be asked
    """
    name, _, account = given.partition("/")
    chosen = choose(name)
    file = chosen.file()
    if account not in file.accounts:
        raise ConfigurationError(f"`{name}` has no account `{account}`; it has: {', '.join(sorted(file.accounts))}")
    if runs(file):
        raise ConfigurationError(f"`{name}` runs, and its account cannot be used twice: stop it for a moment")
    return asyncio.run(_read(Bot.load(chosen.path), account))


async def _read(bot: Bot, account: str) -> list[str]:
    try:
        adapter = await bot.adapter(account)
        platform = adapter.platform
        if isinstance(adapter, SupportsPrices) and adapter.price_of_hearing(Kind.MENTION):
            raise ConfigurationError(
                f"{platform} charges for what is read: ask it for your archive, and measure that file"
            )
        if not isinstance(adapter, SupportsHistory):
            raise ConfigurationError(f"{platform} does not show what was written before: save your posts as a file")
        async with asyncio.timeout(PATIENCE), adapter:
            if Kind.OWN_POST not in adapter.capabilities.kinds:
                raise ConfigurationError("this account does not show its own posts: save them as a file")
            return await _own(adapter.history(since=SystemClock().now() - LOOKED_BACK))
    except TimeoutError as error:
        why = f"what was written in a year was not read in {PATIENCE:.0f} seconds: save your posts as a file"
        raise ConfigurationError(why) from error
    finally:
        for keep in bot.keeps.values():
            keep.close()
        for local in bot.local.values():
            await local.stop()


async def _own(history: AsyncGenerator[Event, None]) -> list[str]:
    posts: deque[str] = deque(maxlen=LAST)
    async with aclosing(history) as events:
        async for event in events:
            if isinstance(event, OwnPostSeen) and event.in_reply_to is None and event.key is None:
                posts.append(event.text)
    return list(posts)
