"""What an account keeps from one start to the next: private files beside the ledger, one process at a time.

A platform may hand out a session that it takes back once, so two processes with the same one would end it for each
other. Hence one rule: **what an account keeps is used by one process at a time.** The process that begins to use it
holds a lock until it ends, however it ends. Whoever comes second is told that the platform is unavailable, and a bot
that starts then tries again; `greenroom check` beside a running bot asks that bot instead of signing in.

What is kept under other credentials is never seen: the folder is named after the settings that the adapter says its
session belongs to (else the secrets, the server and user), and the sign-in that they came with. Other settings may be
edited.
"""

import asyncio
import contextlib
import dataclasses
import re
import shutil
import sqlite3
import time
from collections.abc import Collection
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any, cast

from greenroom.lock import hold
from greenroom.private import private_folder, sweep_private, write_private
from greenroom.settings import Login
from greenroom_adapters.contract import Secret, Unavailable

__all__ = ["FolderKeep", "kept_folder"]

KEPT = "kept-"
LOCK = ".lock"
UNUSED = timedelta(days=30)
"""After so long what was kept under other credentials is deleted."""
WHO = frozenset({"server", "user", "handle"})
"""Settings that say who is signed in, and where, on whatever platform that does not say which do."""
SAFE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
"""Names under which something is kept as they are; others by their digest."""


def kept_folder(folder: Path, settings: Any, login: Login | None, *, fields: Collection[str] | None = None) -> Path:
    """Return where an account with this `folder` and these `settings` (an instance of its adapter's `Settings`) keeps
    what it keeps: another place for every other sign-in, and for other values of `fields` (the adapter's
    `session_fields`)."""
    digest = blake2b(login.mark.encode() if login is not None else b"", digest_size=8)
    for field in dataclasses.fields(settings):
        names_session = _is_needed(field) or field.name in WHO if fields is None else field.name in fields
        for value in _each(getattr(settings, field.name)):
            if names_session or (fields is None and isinstance(value, Secret)):
                word = value.reveal() if isinstance(value, Secret) else str(value)
                digest.update(f"{field.name}:{len(word)}:{word}".encode())
    return folder / f"{KEPT}{digest.hexdigest()}"


class FolderKeep:
    """A `Keep` in a folder of its own. The lock is taken at the first use, or by `take`; `close` lets go of it."""

    def __init__(self, folder: Path, *, account: str, platform: str) -> None:
        self._folder = folder
        self._account = account
        self._platform = platform
        self._lock: sqlite3.Connection | None = None

    def take(self) -> bool:
        """Say whether this process may use it: another does not. From then on none does until `close`.

        :raises Unavailable: it cannot be used at all
        """
        if self._lock is None:
            try:
                self._lock = hold(private_folder(self._folder) / LOCK, patience=0)
                if self._lock is not None:
                    sweep_private(self._folder)
            except (OSError, sqlite3.Error) as error:
                raise self._unavailable(f"{self._folder} cannot be used: {error}") from error
        return self._lock is not None

    def close(self) -> None:
        """Let others use it. Safe to call twice."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def forget_others(self) -> None:
        """Delete what was kept under other credentials and is old, where no process uses it."""
        newest = time.time() - UNUSED.total_seconds()
        for other in self._folder.parent.glob(f"{KEPT}*"):
            with contextlib.suppress(OSError, sqlite3.Error):
                if other == self._folder or other.is_symlink() or other.stat().st_mtime > newest:
                    continue
                if (lock := hold(other / LOCK, patience=0)) is not None:
                    with contextlib.closing(lock):
                        shutil.rmtree(other)

    async def load(self, name: str) -> bytes | None:
        """Return what was stored under `name`; None: nothing.

        :raises Unavailable: another process uses it, or it cannot be read
        """
        return await asyncio.to_thread(self._read, self._path(name))

    async def store(self, name: str, value: bytes) -> None:
        """Replace what is stored under `name`, whole or not at all; returns when it is on disk.

        :raises Unavailable: another process uses it, or it cannot be written
        """
        await asyncio.to_thread(self._write, self._path(name), value)

    def _path(self, name: str) -> Path:
        if not self.take():
            raise self._unavailable(
                f"another process is signed in as account `{self._account}` with the same session; "
                "it is waited for until that one ends"
            )
        word = name if SAFE.fullmatch(name) else f"~{blake2b(name.encode(), digest_size=16).hexdigest()}"
        return self._folder / word

    def _read(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unavailable(f"{path} cannot be read: {error.strerror}") from error

    def _write(self, path: Path, value: bytes) -> None:
        try:
            write_private(path, value)
        except OSError as error:
            raise self._unavailable(f"{path} cannot be written: {error.strerror}") from error

    def _unavailable(self, why: str) -> Unavailable:
        return Unavailable(why, platform=self._platform, account=self._account)


def _is_needed(field: "dataclasses.Field[Any]") -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _each(value: object) -> tuple[object, ...]:
    return cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,)
