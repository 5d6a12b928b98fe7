"""What an account writes for its platform: checked against the adapter's own `Settings`, and turned into them."""

import dataclasses
import types
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from pydantic import Field, Strict, ValidationError, create_model

from greenroom.settings.bot import Account
from greenroom.settings.document import Located, place_of
from greenroom.settings.errors import Mistake, Mistakes
from greenroom.settings.model import Model, PlainPath, Reading, Text, Truth, one_or_many, word_of
from greenroom.settings.names import nearest
from greenroom.settings.reasons import causes, reason_of
from greenroom.settings.secrets import SecretRef, Warn, resolve
from greenroom.settings.spelling import DURATION
from greenroom_adapters.contract import Adapter, ConfigurationError, Secret

__all__ = ["Platforms", "check_accounts", "settings_for", "settings_model"]

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

        :raises ConfigurationError: none is installed
        """
        if platform not in self._adapters:
            near = nearest(platform, self._adapters)
            mend = f"Did you mean `{near}`?" if near else f"There are: {', '.join(self.names) or 'none'}"
            raise ConfigurationError(f"there is no platform `{platform[:40]}`. {mend}")
        return self._adapters[platform]()


def _always(adapter: type[Adapter]) -> Callable[[], type[Adapter]]:
    return lambda: adapter


def check_accounts(document: Located, reading: Reading, platforms: Platforms) -> list[tuple[int, int, str]]:
    """Return what is wrong in the `accounts` of a bot file, as line, column, reason. Reads no secret."""
    found: list[tuple[int, int, str]] = []
    accounts = document.get("accounts")
    for name, written in accounts.items() if isinstance(accounts, Located) else ():
        platform = written.get("platform") if isinstance(written, Located) else written
        if not isinstance(platform, str) or not platform:
            continue
        try:
            model = settings_model(platforms.adapter(platform))
        except ConfigurationError as error:
            found.append((*place_of(document, ("accounts", name, "platform")), str(error)))
            continue
        own = _without_common_keys(written) if isinstance(written, Located) else Located()
        try:
            model.model_validate(own, context=reading, by_alias=True, by_name=False)
        except ValidationError as error:
            start = place_of(document, ("accounts", name))
            found += [(*place_of(own, one["loc"], start=start), reason_of(one)) for one in causes(error)]
    return found


def settings_for(
    name: str, account: Account, *, file: Path, adapter: type[Adapter], environ: Mapping[str, str], warn: Warn
) -> Any:
    """Return the instance of `adapter.Settings` that the account `name` of the bot file `file` describes.

    :raises Mistakes: a key is unknown or a value is not understood
    :raises SecretMissing: a secret is not where its reference says
    """
    model = settings_model(adapter)
    reading = Reading(folder=file.parent)
    mistakes: list[str] = []
    values: Model | None = None
    try:
        values = model.model_validate(dict(account.settings), context=reading, by_alias=True, by_name=False)
    except ValidationError as error:
        mistakes = [f"{'.'.join(map(str, one['loc']))}: {reason_of(one)}" for one in causes(error)]
    if values is None:
        raise Mistakes(
            Mistake(path=file, line=None, column=None, reason=f"account `{name}`: {reason}") for reason in mistakes
        )

    def follow(value: Any) -> Any:
        if isinstance(value, SecretRef):
            return resolve(value, owner=f"account `{name}`", environ=environ, warn=warn)
        return tuple(map(follow, cast(tuple[object, ...], value))) if isinstance(value, tuple) else value

    return adapter.Settings(
        **{field.removeprefix(PREFIX): follow(getattr(values, field)) for field in values.model_fields_set}
    )


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
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return Annotated[hint, word_of(hint, "a word that this platform knows")]
    raise TypeError(f"{name}: a value of type {hint} cannot be written in a bot file")
