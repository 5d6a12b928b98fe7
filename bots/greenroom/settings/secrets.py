"""References to secrets in an owner's files, and the one place that follows them."""

import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

from pydantic import ValidationInfo, model_validator
from typing_extensions import override

from greenroom.settings.errors import SecretMissing
from greenroom.settings.model import Model, PlainPath, Reading, Text, wrong
from greenroom_adapters.contract import Secret

__all__ = ["HOW_TO_REFER", "SecretRef", "Warn", "resolve"]

Warn = Callable[[str], None]
"""Called with one sentence for the owner."""

HOW_TO_REFER = "write {env: NAME}, {file: PATH} or {keyring: SERVICE/USER}"


class SecretRef(Model):
    """Where a secret is kept. Exactly one of the three is set; the secret itself is never part of it."""

    section: ClassVar[str] = "a secret"

    env: Text | None = None
    """Name of an environment variable."""
    file: PlainPath | None = None
    """A file that holds the secret and nothing else, relative to the file that names it."""
    keyring: Text | None = None
    """An entry of the system's keyring, as SERVICE/USER."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_a_value(cls, value: Any, info: ValidationInfo) -> object:
        """Refuse what looks like the secret itself; the error never shows it."""
        if isinstance(info.context, Reading) and not isinstance(value, Mapping):
            raise wrong(f"a secret does not belong in the file: {HOW_TO_REFER}")
        return cast(object, value)

    @model_validator(mode="after")
    def _one_place(self) -> "SecretRef":
        if sum(place is not None for place in (self.env, self.file, self.keyring)) != 1:
            raise wrong(f"a secret is kept in one place: {HOW_TO_REFER}")
        if self.keyring is not None and not all(self.keyring.partition("/")):
            raise wrong("an entry of the keyring is written SERVICE/USER")
        return self

    @override
    def __str__(self) -> str:
        if self.env is not None:
            return f"the environment variable {self.env}"
        if self.file is not None:
            return f"the file {self.file}"
        return f"the keyring entry {self.keyring}"


def resolve(ref: SecretRef, *, owner: str, environ: Mapping[str, str], warn: Warn) -> Secret:
    """Return the secret that `ref` points at.

    `owner` says in words who needs it ("account `home`"). A file that others on this machine can read is used, and
    `warn` is told.

    :raises SecretMissing: nothing is there, or it is empty
    """
    if ref.env is not None:
        value = environ.get(ref.env, "")
        hint = f"set it, for example with: export {ref.env}=…"
    elif ref.file is not None:
        value = _read_file(ref.file, owner=owner, warn=warn)
        hint = "put the secret into it"
    else:
        value = _read_keyring(str(ref.keyring), owner=owner)
        hint = "store it with: keyring set {} {}".format(*str(ref.keyring).split("/", 1))
    if not value.strip():
        raise SecretMissing(f"{owner} needs a secret from {ref}, which is not set or empty: {hint}")
    return Secret(value.strip())


def _read_file(path: Path, *, owner: str, warn: Warn) -> str:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SecretMissing(f"{owner} needs a secret from the file {path}, which cannot be read: {reason}") from None
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        warn(f"the secret of {owner} in {path} can be read by others on this machine: chmod 600 {path}")
    return text


def _read_keyring(entry: str, *, owner: str) -> str:
    try:
        import keyring
        import keyring.errors
    except ModuleNotFoundError:
        raise SecretMissing(
            f"{owner} needs a secret from the keyring entry {entry}, but keyring is not installed: "
            "pip install 'greenroom[keyring]'"
        ) from None
    service, user = entry.split("/", 1)
    try:
        return keyring.get_password(service, user) or ""
    except keyring.errors.KeyringError as error:
        raise SecretMissing(
            f"{owner} needs a secret from the keyring entry {entry}, but no keyring works here "
            f"({type(error).__name__}): use {{env: NAME}} or {{file: PATH}} on a machine without a desktop"
        ) from None
