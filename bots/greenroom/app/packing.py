"""A whole bot in one file: what its owner wrote, what that names, and its ledger; no secret."""

import contextlib
import json
import os
import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from greenroom.app.belongings import named_files, secret_files, to_set
from greenroom.personas import Persona
from greenroom.private import sync_folder
from greenroom.settings import BotFile
from greenroom.settings.editing import point_store
from greenroom.storage import arrive, copy_ledger, count_as_copy, files_waiting, moving_away
from greenroom_adapters.contract import ConfigurationError

__all__ = ["Packed", "pack", "unpack"]

MANIFEST = "greenroom.json"
LEDGER = "ledger.db"
FILES = "files/"
MEDIA = "media/"
UNPACKED = "unpacked"
"""Stands in a pack that was unpacked: whatever is unpacked once more is a copy."""
FORMAT = 1
LARGEST = 20 * 2**30
"""Bytes of all files of a pack; more is no bot, but a trap."""
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
"""What `zipfile` raises for what is no archive, or a damaged, a cut off, a nested, an encrypted or an unknown one."""
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9\xb9\xb2\xb3]|lpt[0-9\xb9\xb2\xb3])(?:\..*)?", re.IGNORECASE)
"""Names that are no files on Windows, whatever follows the full stop."""
_NOT_IN_NAME = re.compile(r"[\\:\x00-\x1f\x7f\ud800-\udfff]")
_UNFINISHED = re.compile(rf"{MEDIA}\.[^/]*\.part")
"""What a crash left where pictures and clips are made. Packs hold it that were written before it was left out."""


class _NeverWritten(Exception):
    """A pack holds this, which is not written wherever it comes from."""


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
    """Files that the bot names and that lie too far from it, or whose names mean something else elsewhere."""
    moves: bool
    """The bot goes on where this is unpacked; False: this is a copy."""
    ledger: str
    """Path of the ledger below the folder into which it is unpacked."""
    store_was: str | None = None
    """What the bot file says in `store` before it is unpacked, where that is no place below the folder."""
    is_marked: bool = True
    """The pack knows that it was unpacked; False: it can be read only."""


def pack(file: BotFile, persona: Persona, into: Path, *, moves: bool, now: int) -> Packed:
    """Write the bot of this file into one new file. With `moves` its ledger is marked, so that it runs here no more,
    and what is lost with the machine's power from then on is not the pack.

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
    named = sorted({path.resolve() for path in (*named_files(file, persona), *waiting) if path.is_file()})
    secrets = {path.resolve() for path in secret_files(file)}
    named = [path for path in named if not (path in secrets or _is_private(path, root, store.resolve()))]
    near = [path for path in named if path.is_relative_to(root) and _means_itself(path.relative_to(root).as_posix())]
    for path in (file.file.resolve(), file.persona.resolve()):
        if path not in near:
            if not _means_itself(path.relative_to(root).as_posix()):
                raise ConfigurationError(
                    f"{path} is not packed under that name, which is hidden or means something else on some systems: "
                    "rename it, or its folder"
                )
            raise ConfigurationError(f"{path} is not packed under that name, which could be a secret's: rename it")
    into.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=into.parent, prefix=".greenroom-")))
        if moves:
            stack.enter_context(moving_away(store, to=into.absolute(), at=now))
        turns = copy_ledger(store, folder / LEDGER, moves=moves, at=now)
        ledger = _beside(store, root, file)
        packed = Packed(
            bot=file.bot,
            file=file.file.resolve().relative_to(root).as_posix(),
            turns=turns,
            files=tuple(path.relative_to(root).as_posix() for path in near),
            to_set=tuple(dict.fromkeys(to_set(file))),
            left_out=tuple(str(path) for path in named if path not in near),
            moves=moves,
            ledger=ledger,
            store_was=None if store.resolve() == root / ledger else str(store),
        )
        manifest = {
            "format": FORMAT,
            **{
                name: getattr(packed, name)
                for name in ("bot", "file", "turns", "to_set", "left_out", "moves", "ledger")
            },
            "root": str(root),
            "media": str(media.absolute()),
        }
        whole = folder / into.name
        whole.touch(mode=0o600)
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            archive.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
            archive.write(folder / LEDGER, LEDGER)
            for path in near:
                archive.write(path, FILES + path.relative_to(root).as_posix())
            for path in sorted(media.glob("*")) if media.is_dir() else ():
                if path.is_file() and _means_itself(path.name):
                    archive.write(path, MEDIA + path.name)
        with whole.open("rb+") as written:
            os.fsync(written.fileno())
        whole.replace(into)
        sync_folder(into.absolute().parent)
    return packed


def unpack(pack: Path, into: Path) -> Packed:
    """Write what a pack holds below the folder `into`: all of it or, left by an error, no file. Nothing that is there
    is touched. Where its bot file names a ledger elsewhere, it names the unpacked one from then on. What was unpacked
    before is a copy.

    A pack may come from anybody. Taken is what `pack` writes; one that holds anything else is refused as a whole.

    :raises ConfigurationError: it is no pack, or a damaged one, or a file of it is there already
    :raises StorageError: its ledger is none
    :raises OSError: it cannot be written
    """
    try:
        archive = zipfile.ZipFile(pack)
        manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
        if manifest["format"] != FORMAT:
            raise ConfigurationError(f"{pack} was packed by a newer Greenroom: update this one")
        ledger = into / _meaning_itself(str(manifest["ledger"]))
        media = ledger.with_name(_meaning_itself(f"{manifest['bot']}-media"))
        targets = _targets(archive.infolist(), into=into, ledger=ledger, media=media)
        # out of the pack: what lies there already is not taken for the bot's file, and written into
        bot_file = targets[f"{FILES}{manifest['file']}"]
        packed = Packed(
            bot=str(manifest["bot"]),
            file=str(manifest["file"]),
            turns=int(manifest["turns"]),
            files=tuple(name.removeprefix(FILES) for name in targets if name.startswith(FILES)),
            to_set=tuple(map(str, manifest["to_set"])),
            left_out=tuple(map(str, manifest["left_out"])),
            moves=bool(manifest["moves"]) and UNPACKED not in archive.namelist(),
            ledger=str(manifest["ledger"]),
        )
        before = {str(manifest["root"]): into, str(manifest["media"]): media}
        if sum(one.file_size for one in archive.infolist()) > LARGEST:
            raise ConfigurationError(f"{pack} holds more than a bot has")
    except _NeverWritten as refused:
        raise ConfigurationError(
            f"nothing was unpacked, for {pack} holds {str(refused)!r}: what is hidden, could be a secret's or is no "
            "plain file under that name on every system is not written. If you packed it yourself: a pack is a zip "
            "file, so take that out of it and put it in its place by hand, or rename it there and in its greenroom.json"
        ) from refused
    except (*_UNREADABLE, KeyError, ValueError, TypeError) as error:
        raise _is_no_pack(pack) from error
    with archive, contextlib.ExitStack() as undoing:
        there = [str(path) for path in targets.values() if path.exists()]
        if there:
            raise ConfigurationError(
                f"nothing was unpacked, for {there[0]} is there already: unpack into a new --folder"
            )
        for name, target in targets.items():
            is_written_by_owner = name.startswith(FILES)
            target.parent.mkdir(mode=0o777 if is_written_by_owner else 0o700, parents=True, exist_ok=True)
            target.touch(mode=0o666 if is_written_by_owner else 0o600, exist_ok=False)
            undoing.callback(target.unlink)
            try:
                with archive.open(name) as source, target.open("wb") as written:
                    while block := source.read(1 << 20):
                        written.write(block)
            except _UNREADABLE as error:
                raise _is_no_pack(pack) from error
        for old, new in before.items():
            arrive(ledger, before=old, now=str(new.absolute()))
        store_was = point_store(bot_file, ledger)
        if not packed.moves:
            count_as_copy(ledger)
        undoing.pop_all()
    return replace(packed, store_was=store_was, is_marked=not packed.moves or _mark(pack))


def _is_no_pack(pack: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{pack} is nothing that `greenroom pack` wrote, or not the whole of it: copy it again, or pack anew"
    )


def _mark(pack: Path) -> bool:
    """Let a pack know that it was unpacked; return False where it cannot be written."""
    try:
        # opened here: where that fails, `zipfile` would try whether it can be written anew
        with pack.open("rb+") as file, zipfile.ZipFile(file, "a") as archive:
            archive.writestr(UNPACKED, "")
    except OSError:
        return False
    return True


def _targets(members: Sequence[zipfile.ZipInfo], *, into: Path, ledger: Path, media: Path) -> dict[str, Path]:
    """Return where what a pack holds is written, by its name in the pack.

    :raises _NeverWritten: it holds what `pack` does not write
    :raises ValueError: it holds two files of one name
    """
    targets: dict[str, Path] = {}
    for name in map(_of_a_file, members):
        if name in (MANIFEST, UNPACKED) or _UNFINISHED.fullmatch(name):
            continue
        if name == LEDGER:
            targets[name] = ledger
        elif name.startswith(FILES):
            targets[name] = into / _meaning_itself(name, below=FILES)
            if _is_private(targets[name], into, ledger):
                raise _NeverWritten(name)
        elif name.startswith(MEDIA):
            targets[name] = media / _meaning_itself(name, below=MEDIA)
        else:
            raise _NeverWritten(name)
    if len({one.filename for one in members}) < len(members) or len({*targets.values()}) < len(targets):
        raise ValueError("two files of one name")
    return targets


def _of_a_file(member: zipfile.ZipInfo) -> str:
    """Return the name of what a pack holds, when it is a file that can be read and nothing else: no link, no folder.

    :raises _NeverWritten: it is something else
    """
    is_plain = stat.S_IFMT(member.external_attr >> 16) in (0, stat.S_IFREG)
    is_readable = not member.flag_bits & 1 and member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if not (is_plain and is_readable):
        raise _NeverWritten(member.filename)
    return member.filename


def _meaning_itself(name: str, *, below: str = "") -> str:
    """Return a path of a pack, from `below` on.

    :raises _NeverWritten: it is one that does not mean itself
    """
    path = name.removeprefix(below)
    if not _means_itself(path):
        raise _NeverWritten(name)
    return path


def _means_itself(name: str) -> bool:
    """Say whether a path below a folder is that of a plain file in it on every system: it leads nowhere else, is no
    device, and names nothing hidden, which programs other than the bot would obey."""
    path = PurePosixPath(name)
    return (
        name == path.as_posix()
        and not path.is_absolute()
        and _NOT_IN_NAME.search(name) is None
        and not any(part.startswith(".") or part.endswith((".", " ")) or _DEVICE.fullmatch(part) for part in path.parts)
    )


def _beside(store: Path, root: Path, file: BotFile) -> str:
    """Return where the ledger lies below `root`: where it is, or where a bot file that names no place has it."""
    assert file.file is not None  # noqa: S101 - it was read from there
    usual = file.file.resolve().parent.relative_to(root) / "data"
    places: tuple[Path, ...] = (usual / store.name, usual / LEDGER)
    if store.resolve().is_relative_to(root):
        places = (store.resolve().relative_to(root), *places)
    return next(place for one in places if _means_itself(place := one.as_posix()))


def _is_private(path: Path, root: Path, store: Path) -> bool:
    """Say whether a file is no part of what an owner wrote, but a secret or the ledger's."""
    parts = path.relative_to(root).parts if path.is_relative_to(root) else (path.name,)
    own = path.parent == store.parent and path.name.startswith((store.name, f"{store.stem}-before-update-"))
    return (
        own
        or path.suffix.lower() == ".env"
        or any(part.startswith(".") or part.endswith((".accounts", "-observe")) for part in parts)
    )
