"""What there is to find in a bot's files and accounts before it runs."""

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from greenroom.app import Bot, Options, Standing, accounts_that_keep, is_local, router_of, standing_of
from greenroom.cli.asking import ask, runs
from greenroom.cli.choosing import Chosen
from greenroom.cli.costs import (
    engine_words,
    engines_without_key,
    forecast_words,
    hint_of_a_key,
    limit_words,
    spend_words,
    unpainted,
)
from greenroom.cli.document_words import surveyed, surveyed_feeds
from greenroom.cli.engines import engines_that_fail
from greenroom.cli.failing import words_of
from greenroom.cli.lacking import lacking
from greenroom.cli.origins import feed_words, warnings_of_origins
from greenroom.cli.showing import moment_words
from greenroom.cli.tool_words import warnings_of_tools
from greenroom.cli.upcoming import coming_up
from greenroom.cli.who_hears import tried, unheard, unread
from greenroom.clock import SystemClock
from greenroom.personas import Persona, load_persona, must_agree
from greenroom.settings import (
    BotFile,
    Mistakes,
    Platforms,
    SecretMissing,
    account_folder,
    can_log_in,
    outdated,
    read_login,
    rooms_of,
    settings_for,
)
from greenroom.settings.telling import tell_words
from greenroom_adapters.contract import (
    Adapter,
    AuthenticationFailed,
    ConfigurationError,
    GreenroomError,
)

__all__ = ["AccountFindings", "Findings", "find"]

PATIENCE = 30.0
"""Seconds in which a platform must have let an account in."""
COMINGS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFindings:
    """What signing one account in showed."""

    platform: str
    handle: str = ""
    may: Sequence[str] = ()
    is_bot: bool | None = None
    """Its platform marks it as a bot; None: the platform has no mark that a program could set."""
    warnings: Sequence[str] = ()
    costs: Sequence[str] = ()
    """What a day on it costs, in words; empty: its platform charges nothing."""
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
    forecast: str | None = None
    """What the bot will cost about; None: its first engine is free."""
    comings: Sequence[str] = ()
    """The next posts of the file."""
    feeds: Sequence[str] = ()
    """What stands in each of its feeds now."""
    tell: str | None = None
    """Who is told what needs a person, and what came of trying; None: nobody is."""
    documents: str | None = None
    """How many documents the persona looks into; None: none."""

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
                    "is_bot": one.is_bot,
                    "warnings": list(one.warnings),
                    "costs": list(one.costs),
                    "error": one.error,
                }
                for name, one in self.accounts.items()
            },
            "warnings": list(self.warnings),
            "engines": list(self.engines),
            "forecast": self.forecast,
            "feeds": list(self.feeds),
            "tell": self.tell,
            "documents": self.documents,
        }


async def find(chosen: Chosen, *, offline: bool, tries_tell: bool = True) -> Findings:
    """Look for every mistake, then sign every account in unless `offline`. Changes nothing on any platform, but for one
    message to whoever is told, once and unless it is not to be tried."""
    mistakes: list[str] = []
    try:
        file = chosen.file()
    except Mistakes as found:
        return Findings(mistakes=_each(found))
    try:
        persona = load_persona(file.persona)
        must_agree(file, persona)
    except Mistakes as found:
        return Findings(mistakes=_each(found))
    bot = Bot(file, persona, Options())
    comings: list[str] = []
    forecast: str | None = None
    warnings = [] if file.answer or file.post else ["the bot neither answers nor posts: write `answer` or `post`"]
    warnings += outdated(BotFile, chosen.path, platforms=Platforms.installed()) + outdated(Persona, file.persona)
    warnings += [] if chosen.is_demo else unheard(file)
    # a ledger in a file is no server: it may be looked into also when nobody is to be asked
    warnings += await unread(file) if isinstance(file.store, Path) or not offline else []
    warnings += engines_without_key(file, os.environ)
    warnings += warnings_of_tools(file, persona)
    warnings += unpainted(file)
    warnings += _kept_apart(file)
    warnings += _spelled_apart(file)
    documents, faults = await surveyed(persona, clock=SystemClock())
    warnings += faults
    if file.engines.embeddings is not None and persona.knowledge is None:
        warnings.append("`engines: embeddings` is for documents, and the persona has no `knowledge`")
    try:
        await bot.speaker(file, persona).aclose()
        if (embedder := bot.embedder(file)) is not None:
            await embedder.aclose()
    except SecretMissing as error:
        # the machine that only looks at the files need not have them
        (warnings if offline else mistakes).append(str(error))
    except GreenroomError as error:
        mistakes += _each(error)
    try:
        router_of(file, persona)
        warnings += warnings_of_origins(file, now=SystemClock().now())
        now = SystemClock().now()
        forecast = forecast_words(file, persona, now=now)
        comings = [
            f"{moment_words(one.due, now, file.timezone)}  {one.name} in {', '.join(one.places)}"
            for one in await coming_up(file, None, now=now, limit=COMINGS, times=COMINGS)
        ][:COMINGS]
    except ConfigurationError as error:
        mistakes += _each(error)
    if offline:
        warnings += _secrets_missing(file)
        warnings += lacking(file, file.accounts)
    elif not mistakes:
        failing, is_mute = await engines_that_fail(file)
        if is_mute:
            mistakes += failing
        else:
            warnings += failing
    feeds = (
        []
        if mistakes or offline
        else [
            *await feed_words(file),
            *await surveyed_feeds(persona, clock=SystemClock()),
        ]
    )
    warnings += [words for words, is_read in feeds if not is_read]
    engines, limit = engine_words(file), await limit_words(file, None)
    hint = hint_of_a_key(file, os.environ)
    if mistakes or offline:
        return Findings(
            mistakes=mistakes,
            warnings=warnings,
            engines=engines,
            limit=limit,
            hint=hint,
            forecast=forecast,
            comings=comings,
            documents=documents,
        )
    tell = None if file.tell is None else tell_words(file.tell)
    try:
        accounts = {name: await _signed_in(bot, name) for name in file.accounts}
        warnings += lacking(file, [name for name, account in accounts.items() if account.error is not None])
        if limit is None and any(account.costs for account in accounts.values()):
            limit = spend_words(file, 0)
        if file.tell is not None and tries_tell and accounts[file.tell.account].error is None:
            words, is_unheard = await tried(bot, file.tell)
            warnings += [f"you may not hear what needs you: `tell: {tell}`: {words}"] if is_unheard else []
            tell = f"{tell}: {words}"
    finally:
        for keep in bot.keeps.values():
            keep.close()
        for local in bot.local.values():
            await local.stop()
    return Findings(
        feeds=[words for words, is_read in feeds if is_read],
        accounts=accounts,
        warnings=warnings,
        engines=engines,
        limit=limit,
        hint=hint,
        forecast=forecast,
        comings=comings,
        tell=tell,
        documents=documents,
    )


def _kept_apart(file: BotFile) -> Iterator[str]:
    """Yield what several workers must have in common."""
    if keeping := accounts_that_keep(file, Platforms.installed()):
        yield (
            f"what {' and '.join(keeping)} is signed in with changes while the bot runs, and is kept in "
            f"{file.home.parent}: where workers run on several machines, let all of them have that same folder"
        )


def _spelled_apart(file: BotFile) -> Iterator[str]:
    """Yield which rooms are written in several ways: they are one, and what is said of it is divided among them."""
    spellings: dict[tuple[str, str], dict[str, None]] = {}
    for account in file.accounts:
        for room in rooms_of(file, account, ignored=True):
            spellings.setdefault((account, room.casefold()), {})[f"`{account}/{room}`"] = None
    for ways in spellings.values():
        if len(ways) > 1:
            yield f"{' and '.join(ways)} are one room: write it the same everywhere, or only one of them holds there"


def _secrets_missing(file: BotFile) -> Iterator[str]:
    """Yield what the accounts need, and this machine does not have."""
    platforms = Platforms.installed()
    for name, account in file.accounts.items():
        # the local one of this machine is filled in when it is started
        if is_local(account.platform):
            continue
        try:
            settings_for(
                name,
                account,
                file=file.file or Path("bot.yaml"),
                adapter=platforms.adapter(account.platform),
                environ=os.environ,
                warn=lambda text: None,
                login=read_login(account_folder(file.home, name)),
            )
        except ConfigurationError as error:
            yield from _each(error)


async def _signed_in(bot: Bot, name: str) -> AccountFindings:
    platform = bot.file.accounts[name].platform
    try:
        async with asyncio.timeout(PATIENCE):
            adapter: Adapter = await bot.adapter(name)
            keep = bot.keeps.get(name)
            if keep is not None and not keep.take():
                standing = await _asked_of_who_is_signed_in(bot.file, name)
            else:
                async with adapter:
                    standing = await standing_of(adapter, bot.file, name, now=SystemClock().now())
    except TimeoutError:
        return AccountFindings(platform=platform, error=f"the platform did not answer within {PATIENCE:.0f} seconds")
    except AuthenticationFailed as error:
        anew = f"{error}; sign in anew with `greenroom login {name}`"
        logs_in = can_log_in(Platforms.installed().adapter(platform))
        return AccountFindings(platform=platform, error=anew if logs_in else words_of(error))
    except GreenroomError as error:
        return AccountFindings(platform=platform, error=words_of(error))
    return AccountFindings(
        platform=platform,
        handle=standing.handle,
        may=standing.may,
        is_bot=standing.is_bot,
        warnings=standing.warnings,
        costs=standing.costs,
    )


async def _asked_of_who_is_signed_in(file: BotFile, name: str) -> Standing:
    """Return how an account stands whose session another process uses: the running bot says it."""
    if not runs(file):
        raise ConfigurationError("another process is signed in with the same session now: wait until it has ended")
    answer = await ask(file, "standing", {"account": name}, patience=PATIENCE)
    return msgspec.convert(answer["standing"], Standing)


def _each(error: GreenroomError) -> list[str]:
    return [str(one) for one in error.mistakes] if isinstance(error, Mistakes) else [words_of(error)]
