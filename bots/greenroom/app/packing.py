"""A whole bot in one file: what its owner wrote, what that names, and its ledger; no secret."""

import contextlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, cast

from pydantic import BaseModel

from greenroom.memory.documents import files_of
from greenroom.origins import read_calendar
from greenroom.personas import Persona
from greenroom.settings import BotFile, ModelRef, PainterRef, SecretRef, account_folder
from greenroom.settings.loader import body_of
from greenroom.storage import arrive, copy_ledger, files_waiting, moving_away
from greenroom_adapters.contract import ConfigurationError

__all__ = ["Packed", "pack", "unpack"]

MANIFEST = "greenroom.json"
LEDGER = "ledger.db"
FILES = "files/"
MEDIA = "media/"
FORMAT = 1
LARGEST = 20 * 2**30
"""Bytes of all files of a pack; more is no bot, but a trap."""
_OWN = frozenset({"file", "store"})
"""Fields that say where a file itself, or the ledger, lies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What a pack holds."""

    bot: str
    file: str
    """Path of the bot file in the pack, and below the folder into which it is unpacked."""
    turns: int
    files: tuple[str, ...]
    to_set: tuple[str, ...]
    """What the bot needs and the pack does not have, in words."""
    left_out: tuple[str, ...]
    """Files that the bot names and that lie too far from it."""
    moves: bool
    """The bot goes on where this is unpacked; False: this is a copy."""


def pack(file: BotFile, persona: Persona, into: Path, *, moves: bool, now: int) -> Packed:
    """Write the bot of this file into one new file. With `moves` its ledger is marked, so that it runs here no more.

    :raises AlreadyRunning: it runs, and is to be moved
    :raises StorageError: its ledger cannot be copied
    :raises ConfigurationError: there is something at `into` already, or no ledger
    :raises OSError: it cannot be written
    """
    assert file.file is not None  # noqa: S101 - it was read from there
    if into.exists():
        raise ConfigurationError(f"{into} is there already: name another file with --to")
    store = file.store
    if not isinstance(store, Path):
        raise ConfigurationError(
            f"{store}: a ledger in a database is not packed: pg_dump makes its backups, and the files of the bot can "
            "be copied"
        )
    if not store.exists():
        raise ConfigurationError(f"{store}: there is no ledger yet, so copying the folder of the bot is enough")
    root = Path(os.path.commonpath([file.file.resolve().parent, file.persona.resolve().parent]))
    if root == Path(root.anchor):
        raise ConfigurationError(
            f"{file.persona} has no folder in common with {file.file}: put the two closer together"
        )
    media = store.with_name(f"{file.bot}-media")
    waiting = (path for path in files_waiting(store) if path.parent != media.absolute())
    named = sorted({path.resolve() for path in (*_named(file, persona), *waiting) if path.is_file()})
    near = [path for path in named if path.is_relative_to(root)]
    into.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=into.parent, prefix=".greenroom-")))
        if moves:
            stack.enter_context(moving_away(store, to=into.absolute(), at=now))
        turns = copy_ledger(store, folder / LEDGER, moves=moves, at=now)
        packed = Packed(
            bot=file.bot,
            file=file.file.resolve().relative_to(root).as_posix(),
            turns=turns,
            files=tuple(path.relative_to(root).as_posix() for path in near),
            to_set=tuple(dict.fromkeys(_to_set(file))),
            left_out=tuple(str(path) for path in named if path not in near),
            moves=moves,
        )
        manifest = {
            "format": FORMAT,
            **{name: getattr(packed, name) for name in ("bot", "file", "turns", "to_set", "left_out", "moves")},
            "root": str(root),
            "media": str(media.absolute()),
            "ledger": _beside(store, root, file.file),
        }
        whole = folder / into.name
        whole.touch(mode=0o600)
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
            archive.write(folder / LEDGER, LEDGER)
            for path in near:
                archive.write(path, FILES + path.relative_to(root).as_posix())
            for path in sorted(media.glob("*")) if media.is_dir() else ():
                archive.write(path, MEDIA + path.name)
        with whole.open("rb+") as written:
            os.fsync(written.fileno())
        whole.replace(into)
    return packed


def unpack(pack: Path, into: Path) -> Packed:
    """Write what a pack holds below the folder `into`; nothing that is there is touched.

    :raises ConfigurationError: it is no pack, or a file of it is there already
    :raises StorageError: its ledger is none
    :raises OSError: it cannot be written
    """
    try:
        archive = zipfile.ZipFile(pack)
        manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
        if manifest["format"] != FORMAT:
            raise ConfigurationError(f"{pack} was packed by a newer Greenroom: update this one")
        ledger = into / _safe(str(manifest["ledger"]))
        media = ledger.with_name(f"{manifest['bot']}-media")
        _safe(f"{manifest['bot']}-media")
        targets: dict[str, Path] = {LEDGER: ledger}
        for name in archive.namelist():
            if name.startswith(FILES):
                targets[name] = into / _safe(name.removeprefix(FILES))
            elif name.startswith(MEDIA):
                targets[name] = media / _safe(name.removeprefix(MEDIA))
        packed = Packed(
            bot=str(manifest["bot"]),
            file=_safe(str(manifest["file"])),
            turns=int(manifest["turns"]),
            files=tuple(name.removeprefix(FILES) for name in targets if name.startswith(FILES)),
            to_set=tuple(map(str, manifest["to_set"])),
            left_out=tuple(map(str, manifest["left_out"])),
            moves=bool(manifest["moves"]),
        )
        before = {str(manifest["root"]): into, str(manifest["media"]): media}
        if sum(one.file_size for one in archive.infolist()) > LARGEST:
            raise ConfigurationError(f"{pack} holds more than a bot has")
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise ConfigurationError(f"{pack} is nothing that `greenroom pack` wrote") from error
    with archive:
        there = [str(path) for path in targets.values() if path.exists()]
        if there:
            raise ConfigurationError(
                f"nothing was unpacked, for {there[0]} is there already: unpack into a new --folder"
            )
        for name, target in targets.items():
            target.parent.mkdir(mode=0o700 if name == LEDGER else 0o777, parents=True, exist_ok=True)
            target.touch(mode=0o600 if name == LEDGER else 0o666, exist_ok=False)
            with archive.open(name) as source, target.open("wb") as written:
                while block := source.read(1 << 20):
                    written.write(block)
    for old, new in before.items():
        arrive(ledger, before=old, now=str(new.absolute()))
    return packed


def _safe(name: str) -> str:
    """Return a path of a pack, when it leads into the folder and nowhere else.

    :raises ValueError: it does not
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or any(mark in name for mark in "\\:\0"):
        raise ValueError(name)
    return name


def _beside(store: Path, root: Path, file: Path) -> str:
    """Return where the ledger lies below `root`: where it is, or where a bot file that names no place has it."""
    if store.resolve().is_relative_to(root):
        return store.resolve().relative_to(root).as_posix()
    return (file.resolve().parent.relative_to(root) / "data" / store.name).as_posix()


def _named(file: BotFile, persona: Persona) -> Iterator[Path]:
    """Yield every file of which a bot is made. Reads its tables and looks into folders."""
    assert file.file is not None  # noqa: S101 - it was read from there
    yield file.file
    yield file.persona
    for path in (*_paths(file), *_paths(persona)):
        if path.is_dir():
            yield from (one for one in path.rglob("*") if one.is_file())
        else:
            yield path
    if persona.knowledge is not None:
        yield from files_of(persona.knowledge.files)
    for tool in file.tools.values():
        if tool.python is not None:
            yield tool.function[0]
    for entry in file.post:
        if entry.origin is not None and entry.origin.calendar is not None:
            rows = read_calendar(entry.origin.calendar, body_of(entry.origin.calendar), file=file)
            yield from (Path(media.path) for row in rows for media in row.media)


def _paths(value: object) -> Iterator[Path]:
    """Yield every path that a file names, but for those of secrets."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, BaseModel) and not isinstance(value, SecretRef):
        for name in type(value).model_fields:
            if name not in _OWN or not isinstance(value, BotFile | Persona):
                yield from _paths(getattr(value, name))
    elif isinstance(value, Mapping):
        yield from _each(cast("Mapping[object, object]", value).values())
    elif isinstance(value, tuple | list | frozenset):
        yield from _each(cast("Iterable[object]", value))


def _each(values: Iterable[object]) -> Iterator[Path]:
    for value in values:
        yield from _paths(value)


def _to_set(file: BotFile) -> Iterator[str]:
    """Yield what the bot needs beside its files, in words."""
    for name, account in file.accounts.items():
        if account_folder(file.home, name).is_dir():
            yield f"account `{name}`: sign in with `greenroom login {name}`"
        for value in account.settings.values():
            written: Mapping[str, object] = (
                cast("Mapping[str, object]", value) if isinstance(value, Mapping) else dict[str, object]()
            )
            if len(written) == 1 and set(written) <= SecretRef.model_fields.keys():
                yield f"account `{name}`: {SecretRef.model_validate(written)}"
    yield from (str(ref) for ref in _references(file.model_copy(update={"accounts": {}})))
    for engine in (*file.engines.text, *file.engines.image):
        if isinstance(engine, ModelRef | PainterRef) and engine.key is None and engine.server is None:
            yield "the environment variable OPENAI_API_KEY"


def _references(value: object) -> Iterator[SecretRef]:
    if isinstance(value, SecretRef):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _references(getattr(value, name))
    elif isinstance(value, Mapping):
        for one in cast("Mapping[object, object]", value).values():
            yield from _references(one)
    elif isinstance(value, tuple | list):
        for one in cast("Iterable[object]", value):
            yield from _references(one)
