"""The base of every model that an owner's file fills: frozen, strict about its keys, kind about mistakes."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    SerializationInfo,
    ValidationInfo,
    model_validator,
)
from pydantic.json_schema import WithJsonSchema
from pydantic_core import PydanticCustomError

from greenroom.settings.document import Items, Located
from greenroom.settings.names import RENAMED, Renamed, is_clear, nearest, unknown_key
from greenroom_adapters.text import web_address

__all__ = [
    "FilePath",
    "FilePattern",
    "Meant",
    "Model",
    "Name",
    "PlainPath",
    "Reading",
    "Text",
    "Texts",
    "Truth",
    "Url",
    "beside",
    "complain",
    "from_folder",
    "not_a_word",
    "one_or_many",
    "word_of",
    "wrong",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """A key that was read as another one."""

    line: int
    column: int
    written: str
    key: str
    renamed: Renamed | None
    """It was called so earlier, and is no mistake; None: it is one."""
    is_clear: bool = True
    """Nothing else can have been meant."""


@dataclass(slots=True, kw_only=True)
class Reading:
    """What is known while one file is read; handed to every validator as its context."""

    folder: Path
    """Where the file stands: paths in it start here."""
    complaints: list[tuple[int, int, str]] = field(default_factory=list[tuple[int, int, str]])
    """Mistakes that a validator found beside the one that it may raise: line, column, reason."""
    meant: list[Meant] = field(default_factory=list[Meant])
    """Keys that were read as others."""
    accounts: frozenset[str] | None = None
    """Names of the accounts of this file; None: not a bot file."""
    rooms: Mapping[str, object] = field(default_factory=dict[str, object])
    """Rooms of this file by name: what stands below `is`, as written."""
    is_kept: bool = False
    """What is read stood in the file earlier: the files that it names may have gone since."""


def wrong(reason: str) -> PydanticCustomError:
    """Return the error that a validator raises; `reason` is shown to the owner as it is."""
    return PydanticCustomError("wrong", "{reason}", {"reason": reason})


def complain(info: ValidationInfo, container: object, key: str | int, reason: str) -> None:
    """Note a mistake at `key` of `container`, and go on; outside a file, raise it.

    For what one value alone cannot tell (an unknown key, a name given twice), so that all mistakes are found at once.
    """
    if isinstance(info.context, Reading):
        if isinstance(container, Located) and isinstance(key, str):
            info.context.complaints.append((*container.places[key], reason))
            return
        if isinstance(container, Items) and isinstance(key, int):
            info.context.complaints.append((*container.places[key], reason))
            return
    raise wrong(reason)


class Model(BaseModel):
    """A section of a file.

    A subclass names its `section` for error texts, the fields that no file may write (`computed`), perhaps the one
    field that a value without keys stands for (`short_for`: `home: stage` is `home: {platform: stage}`), and perhaps
    the field that takes all keys which are not its own (`rest`). Where it says what others get to see (`is_seen`), a
    key without a value is a mistake, and not the same as none.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        arbitrary_types_allowed=True,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
    )

    section: ClassVar[str]
    computed: ClassVar[frozenset[str]] = frozenset()
    short_for: ClassVar[str | None] = None
    rest: ClassVar[str | None] = None
    is_seen: ClassVar[bool] = False

    @classmethod
    def written_keys(cls) -> dict[str, str]:
        """Return the keys that a file may write here, each with the name of its field."""
        return {
            str(info.validation_alias or name): name
            for name, info in cls.model_fields.items()
            if name not in cls.computed
        }

    @model_validator(mode="before")
    @classmethod
    def _sort_keys(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse unknown keys with the nearest right name, and write shorthand out."""
        if not isinstance(info.context, Reading):
            return value
        keys = cls.written_keys()
        if not isinstance(value, Mapping):
            if cls.short_for is None or value is None:
                raise wrong(f"{cls.section} is written with keys and values. Its keys: {', '.join(keys)}")
            return {cls.short_for: value}
        written = cast(Mapping[str, Any], value)
        known = {key: part for key, part in written.items() if key in keys}
        others = {key: part for key, part in written.items() if key not in keys}
        for key, part in known.items() if cls.is_seen else ():
            field = cls.model_fields[keys[key]]
            if part is None and field.default is None and not field.is_required():
                complain(
                    info, written, key, f"`{key}` has no value: write one behind it, like `{key}: …`, or leave it out"
                )
        if cls.rest is not None:
            return known | {cls.rest: others}
        for key, part in others.items():
            renamed = RENAMED.get(cls.section, {}).get(key)
            if renamed is None:
                reason, meant = unknown_key(key, section=cls.section, names=keys)
                complain(info, written, key, reason)
            elif (meant := renamed.to) in written:
                complain(info, written, key, f"`{key}` is called `{meant}` now, which stands here as well: keep that")
            if meant is not None and meant not in written and isinstance(written, Located):
                # Read it as what was meant, so that what is wrong below it is found in the same go.
                known[meant] = written[meant] = part
                line, column = written.places[meant] = written.places[key]
                clear = renamed is not None or is_clear(key, meant, section=cls.section, names=keys)
                info.context.meant.append(
                    Meant(line=line, column=column, written=key, key=meant, renamed=renamed, is_clear=clear)
                )
        return known


def _listed(value: Any) -> Any:
    if value is None:
        return ()
    return cast(Any, value if isinstance(value, (list, tuple)) else (value,))


one_or_many = BeforeValidator(_listed)
"""`mentions` means `[mentions]`; nothing means an empty list."""


def not_a_word(value: object, words: Iterable[str], what: str) -> str:
    """Say that `value` is none of `words`, which are `what`, and which one it may have been meant to be."""
    words = list(words)
    if isinstance(value, (Mapping, list, tuple)):
        return f"{what} is one word. Write one of {', '.join(words)}"
    written = " ".join((str(value).lower() if value is None or isinstance(value, bool) else str(value)).split())
    near = nearest(written, words) if isinstance(value, str) else None
    mend = f"Did you mean `{near}`?" if near else f"Write one of {', '.join(words)}"
    return f"`{written[:40]}` is not {what}. {mend}"


def word_of(words: type[StrEnum], what: str) -> BeforeValidator:
    """Return the validator of a field whose value is one of `words`."""

    def read(value: Any) -> Any:
        if not isinstance(value, str) or value not in [*words]:
            raise wrong(not_a_word(value, [*words], what))
        return words(value)

    return BeforeValidator(read)


def _truth(value: Any) -> Any:
    if not isinstance(value, bool):
        shown = f"`{' '.join(value.split())[:40]}`: " if isinstance(value, str) else ""
        raise wrong(f"{shown}write true or false")
    return value


Truth = Annotated[bool, BeforeValidator(_truth)]
"""true or false; no other word means either."""


def _not_blank(value: Any, info: ValidationInfo) -> Any:
    if isinstance(info.context, Reading):
        if isinstance(value, (int, float)):
            raise wrong(f'this must be a text: write "{str(value).lower() if isinstance(value, bool) else value}"')
        if not isinstance(value, str):
            raise wrong("this must be a text")
        if not value.strip():
            raise wrong("this text is empty")
        return value.strip()
    return value


Text = Annotated[str, BeforeValidator(_not_blank), WithJsonSchema({"type": "string", "minLength": 1})]
"""A text with something in it, trimmed."""


def beside(value: Any, info: ValidationInfo) -> Any:
    """Read a path, relative to the file that it stands in."""
    if isinstance(value, Path) and not isinstance(info.context, Reading):
        return value
    if not isinstance(value, (str, Path)) or not str(value).strip() or "\0" in str(value):
        raise wrong("this must be the path of a file")
    path = Path(value).expanduser()
    return info.context.folder / path if isinstance(info.context, Reading) else path


def _exists(path: Path, info: ValidationInfo) -> Path:
    if isinstance(info.context, Reading) and not info.context.is_kept and not path.is_file():
        names = sorted(_names_in(path.parent))
        near = next((name for name in names if Path(name).stem == path.name), None) or nearest(path.name, names)
        meant = f". Did you mean `{near}`?" if near else ""
        raise wrong(f"there is no file {os.path.normpath(path)}{meant}")
    return path


def _names_in(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(folder) if entry.is_file()]
    except OSError:
        return []


def from_folder(path: Path, info: SerializationInfo) -> str:
    """Write a path relative to the folder that the context names, where it lies there."""
    folder = info.context if isinstance(info.context, Path) else None
    return str(path.relative_to(folder) if folder is not None and path.is_relative_to(folder) else path)


_as_written = PlainSerializer(from_folder)
_PATH_SCHEMA = WithJsonSchema({"type": "string", "minLength": 1})

PlainPath = Annotated[Path, BeforeValidator(beside), _as_written, _PATH_SCHEMA]
"""A path, relative to the file that it stands in; nothing needs to be there yet."""

FilePath = Annotated[Path, BeforeValidator(beside), AfterValidator(_exists), _as_written, _PATH_SCHEMA]
"""The path of a file that exists, relative to the file that it stands in."""


def _exists_unless_wild(path: Path, info: ValidationInfo) -> Path:
    return path if any(sign in str(path) for sign in "*?[") else _exists(path, info)


FilePattern = Annotated[Path, BeforeValidator(beside), AfterValidator(_exists_unless_wild), _as_written, _PATH_SCHEMA]
"""The path of a file that exists, or with `*`, `?` or `[…]` in it of any number of files; relative to the file that it
stands in."""


def _http(value: Any) -> Any:
    text = str(value).strip().rstrip("/")
    if web_address(text) is None:
        raise wrong("this must be an address: write it like http://localhost:11434/v1")
    return text


Url = Annotated[str, BeforeValidator(_http), WithJsonSchema({"type": "string", "pattern": "^https?://.+"})]
"""The address of a server, without a slash at its end."""


def _check_name(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"[^\W_][\w.-]{0,63}", value):
        raise wrong("a name has letters, digits, dots, dashes and underscores, and begins with a letter or digit")
    return value


Name = Annotated[str, BeforeValidator(_check_name), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 64})]
"""A name that can be part of a file's name and of an identity in the ledger."""

Texts = Annotated[tuple[Text, ...], one_or_many]
