"""The owner's files of one bot, read together: those on disk, or those that were valid last."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.generation.build import uses_script
from greenroom.origins import read_calendar
from greenroom.personas import Persona, load_persona, must_agree
from greenroom.scheduling.agreeing import must_come
from greenroom.scheduling.bringing import Calendars
from greenroom.settings import BotFile, Mistakes, Platforms, load_bot
from greenroom.settings.editing import silent_accounts
from greenroom.settings.loader import body_of
from greenroom.storage import KeptFile, files_kept_in
from greenroom.stores import Database, Store, place_of

if TYPE_CHECKING:
    from greenroom.generation.script import Script

__all__ = ["Sources", "calendars_of", "read_sources", "rehearsing_in", "sources_kept"]

BOT, PERSONA, SCRIPT, PRICES = "bot", "persona", "script", "prices"
"""What a file is to its bot."""
CALENDAR = "calendar of "
"""What the table of a post is, with the name of the post behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What an owner wrote: the bot file, its persona, the persona's script where that may speak, and the tables of its
    posts. All are valid."""

    file: BotFile
    persona: Persona
    script: "Script | None"
    files: Mapping[str, KeptFile]
    """Role → the file as it was read."""
    calendars: Calendars
    """Name of a post → the rows of its table."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """Where the files stand."""
        return tuple(one.path for one in self.files.values())


def read_sources(path: Path, *, platforms: Platforms, state: Path | None = None) -> Sources:
    """Read the bot file at `path` and what belongs to it. With `state` the ledger lies there, under its own name.

    :raises Mistakes: with every mistake of the first file that has some
    """
    return _read(path, {}, platforms, state)


def sources_kept(path: Path, *, platforms: Platforms, state: Path | None = None) -> Sources | None:
    """Return the files with which the bot at `path` ran last, out of its ledger; None: there are none that can be used.

    Its ledger is found although the bot file is broken: by what can be read of it, else among those beside it.
    """
    for store, bot in dict.fromkeys(_ledgers(path, state)):
        kept = files_kept_in(store, bot)
        if BOT not in kept or PERSONA not in kept or kept[BOT].path.absolute() != path.absolute():
            continue
        try:
            sources = _read(path, kept, platforms, state)
        except Mistakes:
            # of another version of the program
            continue
        if place_of(sources.file.store) == place_of(store):
            return sources
    return None


def rehearsing_in(path: Path) -> frozenset[str]:
    """Return the accounts of which the bot file at `path` says `live: false`, whatever else is wrong in it or in its
    persona; none where it cannot be read at all."""
    try:
        return silent_accounts(body_of(path))
    except Mistakes:
        return frozenset()


def calendars_of(file: BotFile) -> Calendars:
    """Return the tables that the posts of a file name, as they stand there now.

    :raises Mistakes: with every mistake of the first that has some
    """
    return {
        entry.name: read_calendar(entry.origin.calendar, body_of(entry.origin.calendar), file=file)
        for entry in file.post
        if entry.origin is not None and entry.origin.calendar is not None
    }


def _read(path: Path, kept: Mapping[str, KeptFile], platforms: Platforms, state: Path | None) -> Sources:
    files: dict[str, KeptFile] = {}

    def body(role: str, place: Path) -> bytes:
        # read once: what is checked, used and kept is the same, whoever writes to the file meanwhile
        content = kept[role].body if role in kept else body_of(place)
        files[role] = KeptFile(
            role=role, path=place.absolute(), body=content, version=hashlib.sha256(content).hexdigest()
        )
        return content

    is_kept = bool(kept)
    file = load_bot(path, platforms=platforms, body=body(BOT, path), prices=partial(body, PRICES), is_kept=is_kept)
    must_come(file, body=files[BOT].body)
    file = file.in_folder(state)
    persona = load_persona(file.persona, body=body(PERSONA, file.persona), is_kept=is_kept)
    must_agree(file, persona, body=files[BOT].body)
    script: Script | None = None
    if persona.script is not None and uses_script(persona, file.engines.text):
        # imported only for bots that use it
        from greenroom.generation.script import load_script

        script = load_script(persona.script, body=body(SCRIPT, persona.script))
    tables = {entry.name: entry.origin.calendar for entry in file.post if entry.origin is not None}
    calendars = {
        name: read_calendar(table, body(f"{CALENDAR}{name}", table), file=file)
        for name, table in tables.items()
        if table is not None
    }
    return Sources(file=file, persona=persona, script=script, files=files, calendars=calendars)


_LINE = {
    key: re.compile(rf"""(?m)^['"]?{key}['"]?\s*:\s*['"]?([^'"#\n]+?)['"]?\s*(?:#.*)?$""") for key in ("bot", "store")
}
"""Where a file that is broken elsewhere still says what its bot is called, and where its ledger lies."""


def _ledgers(path: Path, state: Path | None) -> Iterator[tuple[Store, str]]:
    """Yield where the ledger of the bot file at `path` may lie, the most likely place first, and of which bot it is,
    as far as that can be read."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    said = {key: found[1] for key, pattern in _LINE.items() if (found := pattern.search(text)) is not None}
    folder = state if state is not None else path.parent / "data"
    bot = said.get("bot", "")
    if said.get("store", "").startswith(("postgresql:", "postgres:")):
        yield Database(said["store"]), bot
    elif "store" in said:
        store = Path(said["store"]).expanduser()
        yield path.parent / store if state is None else state / store.name, bot
    if bot:
        yield folder / f"{bot}.db", bot
    for store in sorted(folder.glob("*.db")):
        yield store, bot
