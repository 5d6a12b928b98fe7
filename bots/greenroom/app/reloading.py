"""Edited files taken up while the bot runs: whole and between two turns, or not at all."""

import asyncio
import os
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Protocol

from greenroom.app.sources import Sources
from greenroom.clock import Clock
from greenroom.scheduling.schedule import Occurrence
from greenroom.settings import BotFile
from greenroom.storage import Ledger
from greenroom.telemetry import get_log, redacted
from greenroom_adapters.contract import ConfigurationError

__all__ = ["Reloader", "TakesUp", "rehearsing", "tell_of_refusal", "usable_now"]

LOOK_EVERY = 1.0
"""Seconds between two looks at the files. An edit is read when a file stayed the same from one look to the next."""
COMINGS = 5
"""Posts to come that are told when an edit was taken up."""

_Look = tuple[tuple[int, int, int] | None, ...]


class TakesUp(Protocol):
    """Runs by files that may be edited meanwhile."""

    @property
    def silenced(self) -> frozenset[str]:
        """Accounts that rehearse because the bot file says so, although it is refused for something else."""
        ...

    async def take_up(self, sources: Sources) -> list[str]:
        """Put edited files in force, between two turns; return what of them takes effect at the next start.

        :raises ConfigurationError: they cannot be used; then everything is as it was
        """
        ...

    def silence(self) -> None:
        """Let rehearse, between two turns, of whom the bot file says `live: false` though it cannot be used."""
        ...

    async def upcoming(self, *, limit: int) -> list[Occurrence]:
        """Return the next posts of the file, earliest first."""
        ...


class Reloader:
    """Watches the files of a running bot.

    A valid edit takes effect as a whole; one with mistakes leaves everything as it was, and is told once, with every
    mistake as file:line:column. One word of it is obeyed all the same: where the bot file says `live: false`, nothing
    is published any more.
    """

    def __init__(
        self,
        bot: TakesUp,
        sources: Sources,
        *,
        read: Callable[[], Sources],
        ledger: Ledger,
        clock: Clock,
        refused: str | None = None,
    ) -> None:
        """`sources` is what is in force; `refused` says why the files on disk are not."""
        self._bot = bot
        self._ledger = ledger
        self._sources = sources
        self._read = read
        self._clock = clock
        self._refused = refused
        self._last = self._taken = _look_at(sources.paths)
        self._looking = asyncio.Lock()
        self._log = get_log().bind(bot=sources.file.bot)

    @property
    def refused(self) -> str | None:
        """Why what stands in the files is not in force; None: it is."""
        return self._refused

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await self._clock.beat(LOOK_EVERY)
            await self.look()

    async def look(self) -> None:
        """Look once, and take up what was edited."""
        async with self._looking:
            await self._look()

    async def look_until_settled(self) -> None:
        """Look as often as it takes until what stands in the files now is in force or refused."""
        await self.look()
        if _look_at(self._sources.paths) != self._taken:
            await self._clock.sleep(LOOK_EVERY)
            await self.look()

    async def _look(self) -> None:
        seen = _look_at(self._sources.paths)
        is_settled, self._last = seen == self._last, seen
        # what an edit names may be mended without another edit, so one that was refused is read again at each look
        if not is_settled or (seen == self._taken and self._refused is None):
            return
        self._taken = seen
        try:
            sources = self._read()
            if _versions(sources) == _versions(self._sources) and not self._bot.silenced:
                self._as_before()
            else:
                await self._take_up(sources)
        except ConfigurationError as error:
            self._refuse(error)

    async def _take_up(self, sources: Sources) -> None:
        later = await self._bot.take_up(sources)
        before, self._sources, self._refused = self._sources, sources, None
        self._last = self._taken = _look_at(sources.paths)
        for role, file in sources.files.items():
            old = before.files.get(role)
            if old is None or old.version != file.version:
                was, now = "none" if old is None else old.version[:8], file.version[:8]
                self._ledger.note(None, "taken up", f"{file.path.name} {was} → {now}")
                self._log.info("taken up", file=file.path.name, was=was, now=now)
        for what in later:
            self._ledger.note(None, "next start", f"{what} takes effect at the next start")
            self._log.warning("next start", what=f"{what} takes effect at the next start")
        zone = sources.file.timezone
        for coming in await self._bot.upcoming(limit=COMINGS):
            self._log.info("next post", post=coming.name, at=f"{coming.due.astimezone(zone):%a %Y-%m-%d %H:%M}")

    def _as_before(self) -> None:
        if self._refused is not None:
            self._refused = None
            self._log.info("taken up", files="as before: the mistake is gone")

    def _refuse(self, error: ConfigurationError) -> None:
        """Tell why what stands in the files is not in force, once as long as it stays the same; and silence whom the
        bot file silences."""
        self._bot.silence()
        why = str(error)
        if why != self._refused:
            self._refused = why
            tell_of_refusal(self._ledger, why, bot=self._sources.file.bot)


def tell_of_refusal(ledger: Ledger, why: str, *, bot: str) -> None:
    """Note that the files on disk cannot be used, and that the last good version is in force."""
    # it stays in the journal: a key that was pasted into the wrong place must not
    each = str(redacted({"why": "; ".join(why.splitlines())})["why"])
    ledger.note(None, "edit refused", f"{each}; the last good version stays in force")
    get_log().bind(bot=bot).error("edit refused", why=each, instead="the last good version stays in force")


def rehearsing(file: BotFile, accounts: Collection[str]) -> BotFile:
    """Return the file with these accounts, those of them that it has, rehearsing."""
    changed = {name: one.model_copy(update={"live": False}) for name, one in file.accounts.items() if name in accounts}
    return file.model_copy(update={"accounts": {**file.accounts, **changed}}) if changed else file


def usable_now(old: BotFile, new: BotFile) -> tuple[BotFile, list[str]]:
    """Return what of an edited file can be in force while the bot runs, and what takes effect at its next start.

    The bot keeps its name, its ledger and its accounts; of an account only `live` can change. A post for accounts
    that are not there yet waits for them.
    """
    later = [
        f"another `{key}`"
        for key, changes in (("bot", old.bot != new.bot), ("store", old.store != new.store))
        if changes
    ]
    accounts = dict(old.accounts)
    for name, account in old.accounts.items():
        edited = new.accounts.get(name)
        if edited is None:
            later.append(f"account `{name}`, which is not in the file any more,")
            continue
        if edited.model_copy(update={"live": account.live}) != account:
            later.append(f"account `{name}`, as it is written now,")
        accounts[name] = account.model_copy(update={"live": edited.live})
    later += [f"the new account `{name}`" for name in new.accounts if name not in accounts]
    posts = [
        entry.model_copy(update={"places": tuple(place for place in entry.places if place.account in accounts)})
        for entry in new.post
        if not entry.places or any(place.account in accounts for place in entry.places)
    ]
    kept = {"bot": old.bot, "store": old.store, "accounts": accounts, "post": tuple(posts)}
    return new.model_copy(update=kept), later


def _versions(sources: Sources) -> dict[str, tuple[Path, str]]:
    return {role: (file.path, file.version) for role, file in sources.files.items()}


def _look_at(paths: Iterable[Path]) -> _Look:
    found: list[tuple[int, int, int] | None] = []
    for path in paths:
        try:
            facts = os.stat(path)
        except OSError:
            found.append(None)
        else:
            found.append((facts.st_mtime_ns, facts.st_size, facts.st_ino))
    return tuple(found)
