"""What `greenroom login` found out about an account, kept beside the ledger: the settings, and where the secrets are.

An account of the bot `ada` whose ledger is `data/ada.db` has the folder `data/ada.accounts/NAME`, which only the bot's
own user can look into: `login.json`, and a file for each secret, named after its key and the sign-in: `token.5f…`.
"""

import contextlib
import json
import re
import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

from greenroom.lock import hold
from greenroom.private import private_folder, remove_private, sweep_private, write_private
from greenroom_adapters.contract import ConfigurationError, Credentials

__all__ = ["KEYRING", "Login", "account_folder", "read_login", "store_login"]

KEYRING = "greenroom"
"""The service under which secrets stand in the system's keyring."""
RECORD = "login.json"
LOCK = ".lock"
PATIENCE = 5.0
"""Seconds in which another process must have kept its sign-in."""
MARK_BYTES = 8
MARKED = re.compile(r"\w+\.[0-9a-f]{16}")
"""Files with a secret: its key, and the mark of the sign-in that it belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One sign-in."""

    platform: str
    handle: str
    """Who signed in, without a leading @."""
    settings: Mapping[str, str]
    """Keys of the adapter's `Settings` → values that are no secret."""
    secrets: Mapping[str, Mapping[str, str]]
    """Keys of the adapter's `Settings` → where the secret is, as a bot file refers to it."""
    mark: str
    """Tells this sign-in from every other."""


def account_folder(store: Path, account: str) -> Path:
    """Return where what belongs to one account of the bot with this ledger is kept; nothing need be there yet."""
    return store.with_suffix(".accounts") / account


def read_login(folder: Path) -> Login | None:
    """Return the sign-in that is kept in an account's `folder`; None: there is none.

    :raises ConfigurationError: it cannot be read
    """
    try:
        found: Any = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        login = Login(
            platform=_text(found["platform"]),
            handle=_text(found["handle"]),
            settings=_texts(found["settings"]),
            secrets={_text(key): _placed(_texts(place), folder) for key, place in found["secrets"].items()},
            mark=_text(found["mark"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not what `greenroom login` writes"
        raise ConfigurationError(f"{folder / RECORD} cannot be read ({why}): sign in anew") from error
    return login


def store_login(folder: Path, platform: str, credentials: Credentials, *, in_keyring: str | None = None) -> Login:
    """Keep what a sign-in brought in an account's `folder`, in the place of an earlier one; return how it is kept.

    `in_keyring` names the account in the system's keyring, where the secrets go then; None: each goes into a file.
    Whatever stops it, there is either the earlier sign-in or this one, whole: its secrets go under names that none
    before had, and count when the record that names them takes the place of the earlier one.

    :raises ConfigurationError: there is no place for it
    :raises OSError: it cannot be written
    """
    for key in credentials.secrets:
        if not key.isidentifier():
            raise ValueError(f"{platform}: {key!r} is no key of its settings")
    mark = secrets.token_hex(MARK_BYTES)
    places: dict[str, Mapping[str, str]] = {
        key: {"file": f"{key}.{mark}"} if in_keyring is None else {"keyring": f"{KEYRING}/{in_keyring}/{key}/{mark}"}
        for key in credentials.secrets
    }
    login = Login(
        platform=platform,
        handle=credentials.handle,
        settings=dict(credentials.settings),
        secrets=places,
        mark=mark,
    )
    with _alone_in(private_folder(folder)):
        sweep_private(folder)
        before = _login_of_before(folder)
        try:
            for key, secret in credentials.secrets.items():
                if in_keyring is None:
                    write_private(folder / places[key]["file"], secret.reveal().encode())
                else:
                    _into_keyring(_entry(places[key]), secret.reveal())
            write_private(folder / RECORD, json.dumps(asdict(login), ensure_ascii=False, indent=1).encode())
        finally:
            _tidy(folder, [*places.values(), *({"file": key} for key in places), *before])
    return replace(login, secrets={key: _placed(place, folder) for key, place in places.items()})


def _alone_in(folder: Path) -> AbstractContextManager[object]:
    """Hold the folder against every other sign-in.

    :raises ConfigurationError: another is being kept
    :raises OSError: it cannot be held
    """
    try:
        lock = hold(folder / LOCK, patience=PATIENCE)
    except sqlite3.Error as error:
        raise OSError(f"{folder} cannot be used: {error}") from error
    if lock is None:
        raise ConfigurationError("another sign-in of this account is being kept: sign in again when it has ended")
    return contextlib.closing(lock)


def _login_of_before(folder: Path) -> list[Mapping[str, str]]:
    """Return where an earlier sign-in has its secrets."""
    try:
        before = read_login(folder)
    except ConfigurationError:
        return []
    return [] if before is None else list(before.secrets.values())


def _tidy(folder: Path, places: Iterable[Mapping[str, str]]) -> None:
    """Delete the secrets at these places, and in the folder those of sign-ins that were stopped half-way, apart from
    those of the sign-in that counts now. What cannot be deleted stays for the next time."""
    try:
        login = read_login(folder)
    except ConfigurationError:
        return
    counting = [] if login is None else list(login.secrets.values())
    files = {Path(place["file"]).name for place in places if "file" in place}
    files |= {path.name for path in folder.iterdir() if MARKED.fullmatch(path.name)}
    for name in files - {Path(place["file"]).name for place in counting if "file" in place}:
        with contextlib.suppress(OSError):
            remove_private(folder / name)
    for place in places:
        if "keyring" in place and place not in counting:
            _out_of_keyring(_entry(place))


def _placed(place: Mapping[str, str], folder: Path) -> Mapping[str, str]:
    """Return a reference with its file where that is now: the folder may have moved."""
    return {"file": str((folder / Path(place["file"]).name).absolute())} if "file" in place else place


def _entry(place: Mapping[str, str]) -> str:
    """Return under which name a secret stands in the keyring."""
    return place["keyring"].removeprefix(f"{KEYRING}/")


def _into_keyring(entry: str, value: str) -> None:
    try:
        import keyring
        import keyring.errors
    except ModuleNotFoundError:
        raise ConfigurationError("keyring is not installed: pip install 'greenroom[keyring]'") from None
    try:
        keyring.set_password(KEYRING, entry, value)
    except keyring.errors.KeyringError as error:
        raise ConfigurationError(
            f"no keyring works here ({type(error).__name__}): leave --keyring away on a machine without a desktop"
        ) from None


def _out_of_keyring(entry: str) -> None:
    """Delete an entry, if it is there."""
    try:
        import keyring
        import keyring.errors
    except ModuleNotFoundError:
        return
    with contextlib.suppress(keyring.errors.KeyringError):
        keyring.delete_password(KEYRING, entry)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(type(value).__name__)
    return value


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise TypeError(type(value).__name__)
    return {_text(key): _text(item) for key, item in cast("dict[object, object]", value).items()}
