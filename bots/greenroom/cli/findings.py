"""What there is to find in a bot's files and accounts before it runs."""

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from greenroom.app import Bot, Options, router_of
from greenroom.cli.choosing import Chosen
from greenroom.cli.costs import engine_words, hint_of_a_key, limit_words
from greenroom.cli.failing import words_of
from greenroom.cli.showing import moment_words
from greenroom.cli.upcoming import coming_up
from greenroom.clock import SystemClock
from greenroom.personas import load_persona
from greenroom.settings import Mistakes, SecretMissing
from greenroom_adapters.contract import Adapter, ConfigurationError, GreenroomError

__all__ = ["AccountFindings", "Findings", "find", "is_persona"]

PATIENCE = 30.0
"""Seconds in which a platform must have let an account in."""
COMINGS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFindings:
    """What signing one account in showed."""

    platform: str
    handle: str = ""
    may: Sequence[str] = ()
    warnings: Sequence[str] = ()
    error: str | None = None
    """Why it could not be signed in; None: it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that was found."""

    mistakes: Sequence[str] = ()
    """Each with its place, where it has one, and its mend."""
    accounts: Mapping[str, AccountFindings] = field(default_factory=dict[str, AccountFindings])
    warnings: Sequence[str] = ()
    engines: Sequence[str] = ()
    limit: str | None = None
    hint: str | None = None
    comings: Sequence[str] = ()
    """The next posts of the file."""

    @property
    def ok(self) -> bool:
        """The bot can run as it stands."""
        return not self.mistakes and all(account.error is None for account in self.accounts.values())

    def as_object(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "ok": self.ok,
            "mistakes": list(self.mistakes),
            "accounts": {
                name: {
                    "platform": one.platform,
                    "handle": one.handle,
                    "may": list(one.may),
                    "warnings": list(one.warnings),
                    "error": one.error,
                }
                for name, one in self.accounts.items()
            },
            "warnings": list(self.warnings),
            "engines": list(self.engines),
        }


def is_persona(path: Path) -> bool:
    """Say whether a file is a persona, and no bot."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    keys = set(re.findall(r"(?m)^(bot|persona|who|accounts)\s*:", text))
    return "who" in keys and keys.isdisjoint(("bot", "accounts"))


async def find(chosen: Chosen, *, offline: bool) -> Findings:
    """Look for every mistake, then sign every account in unless `offline`. Changes nothing on any platform."""
    mistakes: list[str] = []
    try:
        file = chosen.file()
    except Mistakes as found:
        return Findings(mistakes=_each(found))
    try:
        persona = load_persona(file.persona)
    except Mistakes as found:
        return Findings(mistakes=_each(found))
    bot = Bot(file, persona, Options())
    comings: list[str] = []
    warnings = [] if file.answer or file.post else ["the bot neither answers nor posts: write `answer` or `post`"]
    try:
        await bot.speaker(file, persona).voice.aclose()
    except SecretMissing as error:
        # the machine that only looks at the files need not have them
        (warnings if offline else mistakes).append(str(error))
    except GreenroomError as error:
        mistakes += _each(error)
    try:
        router_of(file, persona)
        now = SystemClock().now()
        comings = [
            f"{moment_words(one.due, now, file.timezone)}  {one.name} in {', '.join(one.places)}"
            for one in await coming_up(file, None, now=now, limit=COMINGS, times=COMINGS)
        ][:COMINGS]
    except ConfigurationError as error:
        mistakes += _each(error)
    engines, limit = engine_words(file), await limit_words(file, None)
    hint = hint_of_a_key(file, os.environ)
    if mistakes or offline:
        return Findings(mistakes=mistakes, warnings=warnings, engines=engines, limit=limit, hint=hint, comings=comings)
    try:
        accounts = {name: await _signed_in(bot, name) for name in file.accounts}
    finally:
        for local in bot.local.values():
            await local.stop()
    return Findings(accounts=accounts, warnings=warnings, engines=engines, limit=limit, hint=hint, comings=comings)


async def _signed_in(bot: Bot, name: str) -> AccountFindings:
    platform = bot.file.accounts[name].platform
    try:
        async with asyncio.timeout(PATIENCE):
            adapter: Adapter = await bot.adapter(name)
            async with adapter:
                standing = await adapter.check()
    except TimeoutError:
        return AccountFindings(platform=platform, error=f"the platform did not answer within {PATIENCE:.0f} seconds")
    except GreenroomError as error:
        return AccountFindings(platform=platform, error=words_of(error))
    return AccountFindings(platform=platform, handle=standing.me.handle, may=standing.may, warnings=standing.warnings)


def _each(error: GreenroomError) -> list[str]:
    return [str(one) for one in error.mistakes] if isinstance(error, Mistakes) else [words_of(error)]
