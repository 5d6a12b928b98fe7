"""What every spelling is: how a value of a file is read, written, and described to an editor."""

from collections.abc import Callable
from typing import Any, Generic, TypeGuard, TypeVar, cast

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

__all__ = ["Spelling", "SpellingError", "is_number", "quoted", "trimmed"]

T = TypeVar("T")


class SpellingError(ValueError):
    """A value is not spelled as the grammar wants it; the message says how to write it."""


class Spelling(Generic[T]):
    """One kind of value: how it is read, written, and described to an editor.

    Stands in `Annotated[timedelta, DURATION]` of a pydantic model. Without a validation context (a model built in
    Python, not read from a file) a value that already is what a spelling stands for passes as it is.
    """

    def __init__(
        self,
        *,
        means: type[Any] | tuple[type[Any], ...],
        read: Callable[[object], T],
        write: Callable[[T], str | list[str]],
        schema: dict[str, Any],
    ) -> None:
        self._means = means
        self._read = read
        self._write = write
        self._schema = schema

    def read(self, value: object) -> T:
        """Return what `value` (as YAML gave it) means.

        :raises SpellingError: it means nothing, or more than one thing
        """
        return self._read(value)

    def write(self, value: T) -> str | list[str]:
        """Return the spelling of `value`; reading it gives `value` again."""
        return self._write(value)

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            self._validate, serialization=core_schema.plain_serializer_function_ser_schema(self._write)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return dict(self._schema)

    def _validate(self, value: Any, info: ValidationInfo) -> T:
        if info.context is None and isinstance(value, self._means):
            return cast(T, value)
        try:
            return self._read(value)
        except SpellingError as error:
            raise PydanticCustomError("spelling", "{reason}", {"reason": str(error)}) from error


def is_number(value: object) -> TypeGuard[int | float]:
    """Say whether YAML gave a number, where a number alone says too little."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def quoted(value: object) -> str:
    """Return a value of the file as it is quoted in an error: short, on one line."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    line = " ".join((str(value).lower() if isinstance(value, bool) else str(value)).split())
    return f"`{line if len(line) <= 40 else line[:39] + '…'}`"


def trimmed(value: object, example: str) -> str:
    """Return `value` when it is a text, trimmed and with single spaces."""
    if not isinstance(value, str) or not value.strip():
        raise SpellingError(f"{quoted(value)} is not understood here: write it like {example}")
    return " ".join(value.split())
