"""What an account writes for its platform: checked against the adapter's own `Settings`, and turned into them."""

import dataclasses
import re
import sys
import types
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from pydantic import AfterValidator, Field, Strict, ValidationError, ValidationInfo, create_model
from pydantic_core import ErrorDetails

from greenroom.settings.bot import Account
from greenroom.settings.document import Located, place_of
from greenroom.settings.errors import Mistake, Mistakes, SecretMissing
from greenroom.settings.logins import Login
from greenroom.settings.model import Model, PlainPath, Reading, Text, Truth, one_or_many, word_of, wrong
from greenroom.settings.names import nearest
from greenroom.settings.reasons import causes, reason_of
from greenroom.settings.secrets import SecretRef, Warn, resolve
from greenroom.settings.spelling import DURATION
from greenroom_adapters.contract import Adapter, ConfigurationError, IsAddress, Secret, SupportsLogin

__all__ = [
    "Platforms",
    "can_log_in",
    "check_accounts",
    "secret_keys",
    "settings_for",
    "settings_model",
    "text_of",
    "written_settings",
]

GROUP = "greenroom.adapters"
PREFIX = "field_"
COMMON_KEYS = frozenset({"platform", "live"})


class Platforms:
    """The adapters that bots can be signed in with, by the name of their platform. Loads each when it is asked for."""

    def __init__(self, adapters: Mapping[str, Callable[[], type[Adapter]]]) -> None:
        self._adapters = dict(adapters)

    @classmethod
    def installed(cls) -> "Platforms":
        """Return those that are installed here, ours and others'."""
        return cls({point.name: point.load for point in entry_points(group=GROUP)})

    @classmethod
    def of(cls, *adapters: type[Adapter]) -> "Platforms":
        """Return exactly these."""
        return cls({adapter.platform: _always(adapter) for adapter in adapters})

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all platforms, sorted."""
        return tuple(sorted(self._adapters))

    def adapter(self, platform: str) -> type[Adapter]:
        """Return the adapter of `platform`.

        :raises ConfigurationError: none is installed, or something that it needs is not
        """
        if platform not in self._adapters:
            near = self._known_as(platform.casefold()) or nearest(platform, self._adapters)
            mend = f"Did you mean `{near}`?" if near else f"There are: {', '.join(self.names) or 'none'}"
            raise ConfigurationError(f"there is no platform `{platform[:40]}`. {mend}")
        try:
            return self._adapters[platform]()
        except ImportError as missing:
            # by this very interpreter: the `pip` of the shell may be another one's
            mend = f"{sys.executable} -m pip install 'greenroom[{platform}]'"
            raise ConfigurationError(f"the platform `{platform}` needs {missing.name or missing}: {mend}") from missing

    def _known_as(self, word: str) -> str | None:
        """Return the platform that people call so; None: none of those that can be used here."""
        for name, load in self._adapters.items():
            with suppress(ImportError):
                if word in load().known_as:
                    return name
        return None


def _always(adapter: type[Adapter]) -> Callable[[], type[Adapter]]:
    return lambda: adapter


def check_accounts(document: Located, reading: Reading, platforms: Platforms) -> list[tuple[int, int, str]]:
    """Return what is wrong in the `accounts` of a bot file, as line, column, reason. Reads no secret.

    What `greenroom login` finds out may be left out of the file, whether it has been done or not.
    """
    found: list[tuple[int, int, str]] = []
    accounts = document.get("accounts")
    for name, written in accounts.items() if isinstance(accounts, Located) else ():
        platform = written.get("platform") if isinstance(written, Located) else written
        if not isinstance(platform, str) or not platform:
            continue
        try:
            adapter = platforms.adapter(platform)
            model = settings_model(adapter)
        except ConfigurationError as error:
            found.append((*place_of(document, ("accounts", name, "platform")), str(error)))
            continue
        own = _without_common_keys(written) if isinstance(written, Located) else Located()
        try:
            model.model_validate(own, context=reading, by_alias=True, by_name=False)
        except ValidationError as error:
            start = place_of(document, ("accounts", name))
            found += [
                (*place_of(own, one["loc"], start=start), reason_of(one))
                for one in causes(error)
                if not (can_log_in(adapter) and _is_left_out(one))
            ]
    return found


def can_log_in(adapter: type[Adapter]) -> bool:
    """Say whether `greenroom login` can find out what an account on this platform needs."""
    return issubclass(adapter, SupportsLogin)


def secret_keys(adapter: type[Adapter]) -> frozenset[str]:
    """Return the keys of an account on this platform that hold secrets."""
    hints = get_type_hints(adapter.Settings)
    return frozenset(field.name for field in dataclasses.fields(adapter.Settings) if _holds_secrets(hints[field.name]))


def settings_for(
    name: str,
    account: Account,
    *,
    file: Path,
    adapter: type[Adapter],
    environ: Mapping[str, str],
    warn: Warn,
    login: Login | None = None,
) -> Any:
    """Return the instance of `adapter.Settings` that the account `name` of the bot file `file` describes.

    What the file leaves out is taken from `login`, what `greenroom login` found out about this account. What stands in
    the file wins; but where it names another server or user than those who were signed in, none of their secrets is
    used.

    :raises Mistakes: a key is unknown or a value is not understood
    :raises SecretMissing: a secret is not where its reference says, or what is needed stands nowhere
    :raises ConfigurationError: the file speaks of somebody else than `login`
    """
    model = settings_model(adapter)
    reading = Reading(folder=file.parent)
    written = dict(account.settings)
    taken = {} if login is None else _taken_from(login, name, account, adapter)
    mistakes: list[str] = []
    values: Model | None = None
    try:
        values = model.model_validate({**taken, **written}, context=reading, by_alias=True, by_name=False)
    except ValidationError as error:
        left_out = [str(one["loc"][-1]) for one in causes(error) if _is_left_out(one)] if can_log_in(adapter) else []
        if left_out and len(left_out) == len(causes(error)):
            needs = " and ".join(f"`{key}`" for key in left_out)
            it = "it" if len(left_out) == 1 else "them"
            raise SecretMissing(
                f"account `{name}` needs {needs}: `greenroom login {name}` gets {it}, or write {it} into the file"
            ) from None
        mistakes = [f"{'.'.join(map(str, one['loc']))}: {reason_of(one)}" for one in causes(error)]
    if values is None:
        raise Mistakes(
            Mistake(path=file, line=None, column=None, reason=f"account `{name}`: {reason}") for reason in mistakes
        )

    def follow(value: Any, key: str) -> Any:
        if isinstance(value, SecretRef):
            try:
                return resolve(value, owner=f"account `{name}`", environ=environ, warn=warn)
            except SecretMissing as missing:
                if not can_log_in(adapter):
                    raise
                how = "sign in anew" if key not in written else "take it out of the file and sign in"
                raise SecretMissing(f"{missing}; or {how}: greenroom login {name}") from None
        return tuple(follow(one, key) for one in cast(tuple[object, ...], value)) if isinstance(value, tuple) else value

    keys = (field.removeprefix(PREFIX) for field in values.model_fields_set)
    return adapter.Settings(**{key: follow(getattr(values, PREFIX + key), key) for key in keys})


def text_of(written: object) -> str:
    """Return a value of a bot file as one text, as an adapter's `login` knows it: items with commas between."""
    if isinstance(written, (list, tuple)):
        return ", ".join(map(str, cast(list[object], written)))
    return str(written)


def written_settings(adapter: type[Adapter], settings: Mapping[str, str]) -> dict[str, str | list[str]]:
    """Return what an adapter's `login` found out as a bot file has it: where `Settings` has several, a list of them."""
    hints = get_type_hints(adapter.Settings)
    return {key: _words_of(value) if get_origin(hints.get(key)) is tuple else value for key, value in settings.items()}


def _taken_from(login: Login, name: str, account: Account, adapter: type[Adapter]) -> dict[str, object]:
    """Return what `login` says that the file leaves out.

    :raises ConfigurationError: the file speaks of somebody else
    """
    if login.platform != account.platform:
        # the account has moved since
        return {}
    known = {field.name for field in dataclasses.fields(adapter.Settings)}
    found: dict[str, object] = {**written_settings(adapter, login.settings), **login.secrets}
    taken = {key: value for key, value in found.items() if key in known and key not in account.settings}
    if any(key in taken for key in login.secrets):
        for key, value in login.settings.items():
            if key in account.settings and not _is_alike(account.settings[key], value):
                raise ConfigurationError(
                    f"account `{name}` was signed in with `{key}: {value}`, and the file says another: "
                    f"`greenroom login {name}` signs in anew"
                )
    return taken


def _is_alike(written: object, signed_in: str) -> bool:
    """Say whether two spellings of a server or a user mean the same."""

    def plainly(value: str) -> set[str]:
        words = (word.casefold().removeprefix("https://").removeprefix("@").rstrip("/") for word in _words_of(value))
        return set(words)

    return plainly(text_of(written)) == plainly(signed_in)


def _words_of(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _is_left_out(error: ErrorDetails) -> bool:
    return error["type"] == "missing" and len(error["loc"]) == 1


def _holds_secrets(hint: Any) -> bool:
    return hint is Secret or any(map(_holds_secrets, get_args(hint)))


def settings_model(adapter: type[Adapter]) -> type[Model]:
    """Return the model of what an owner may write for `adapter` beside `platform` and `live`.

    Its fields are called `field_NAME`; in the file each is called NAME.

    :raises TypeError: `Settings` is no dataclass, or a field has a type that cannot be written in a file
    """
    hints = get_type_hints(adapter.Settings, include_extras=True)
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(adapter.Settings):
        if field.name in COMMON_KEYS:
            raise TypeError(f"{adapter.__name__}.Settings.{field.name}: every account has this key already")
        default: dict[str, Any] = {}
        if field.default is not dataclasses.MISSING:
            default = {"default": field.default}
        elif field.default_factory is not dataclasses.MISSING:
            default = {"default_factory": field.default_factory}
        written = _as_written(hints[field.name], f"{adapter.__name__}.Settings.{field.name}")
        # Under a name of our own: a platform may call its key `copy` or `json`, which pydantic's models have already.
        fields[PREFIX + field.name] = (written, Field(validation_alias=field.name, **default))
    model = create_model(f"{adapter.__name__}Settings", __base__=Model, __module__=__name__, **fields)
    model.section = f"an account on `{adapter.platform}`"
    return model


def _without_common_keys(written: Located) -> Located:
    own = Located({key: value for key, value in written.items() if key not in COMMON_KEYS})
    own.places = written.places
    return own


def _with_a_scheme(written: str, info: ValidationInfo, *, scheme: str) -> str:
    """Refuse an address that does not say how it is spoken to."""
    if not isinstance(info.context, Reading) or re.match(r"(https?|wss?)://[^/\\s]", written, re.IGNORECASE):
        return written
    rest = written.rpartition("://")[2].lstrip("/")
    is_here = re.match(r"(localhost|127\.|\[::1\])", rest) is not None
    plainly = {"https": "http", "wss": "ws"}.get(scheme, scheme) if is_here else scheme
    raise wrong(f"`{written[:80]}` is no address: write {plainly}://{rest[:80] or 'NAME'}")


def _address(mark: IsAddress) -> Any:
    return Annotated[Text, AfterValidator(partial(_with_a_scheme, scheme=mark.scheme))]


_AS_WRITTEN: Mapping[object, Any] = {
    str: Text,
    bool: Truth,
    int: Annotated[int, Strict()],
    float: float,
    timedelta: Annotated[timedelta, DURATION],
    Path: PlainPath,
    Secret: SecretRef,
    types.NoneType: None,
}
"""Type of a field of `Settings` → how it is written in a file."""


def _as_written(hint: Any, name: str) -> Any:
    """Return the type that reads what an owner writes for a field of type `hint`."""
    if hint in _AS_WRITTEN:
        return _AS_WRITTEN[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        mark = next((one for one in arguments[1:] if isinstance(one, IsAddress)), None)
        if mark is not None and arguments[0] is str:
            return _address(mark)
        return _as_written(arguments[0], name)
    if origin is Literal:
        return hint
    if origin in (types.UnionType, Union):
        parts = [_as_written(argument, name) for argument in arguments]
        if len(parts) == 2 and None in parts:
            return next(part for part in parts if part is not None) | None
    if origin is tuple and len(arguments) == 2 and arguments[1] is ...:
        item: Any = _as_written(arguments[0], name)
        return Annotated[tuple[item, ...], one_or_many]
    if origin is Mapping:
        mapping: Any = Mapping
        return mapping[tuple(_as_written(argument, name) for argument in arguments)]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return Annotated[hint, word_of(hint, "a word that this platform knows")]
    raise TypeError(f"{name}: a value of type {hint} cannot be written in a bot file")
