"""Structured logs on the standard library: fields by keyword, redacted before anybody shows them.

On the standard library and not on a logging package because what `greenroom run` imports is on a budget, and the
SDKs' own records have to pass the same redaction anyway.
"""

import logging
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from typing_extensions import override

from greenroom.telemetry.redaction import redacted

__all__ = ["Log", "Receiver", "get_log", "send_logs_to"]

Receiver = Callable[[Mapping[str, Any]], None]
"""Takes one log entry."""

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Log:
    """A logger whose lines carry fields: `log.info("sent", turn=7)`. `bind` returns one with more of them.

    What people wrote belongs into fields of `debug` lines only.
    """

    __slots__ = ("_fields", "_logger")

    def __init__(self, logger: logging.Logger, fields: Mapping[str, Any]) -> None:
        self._logger = logger
        self._fields = dict(fields)

    def bind(self, **fields: Any) -> "Log":
        """Return a log that adds `fields` to each line."""
        return Log(self._logger, {**self._fields, **fields})

    def debug(self, text: str, **fields: Any) -> None:
        """Say what helps who looks for a mistake."""
        self._say(logging.DEBUG, text, fields)

    def info(self, text: str, **fields: Any) -> None:
        """Say what goes its usual way."""
        self._say(logging.INFO, text, fields)

    def warning(self, text: str, **fields: Any) -> None:
        """Say what did not, and mends itself."""
        self._say(logging.WARNING, text, fields)

    def error(self, text: str, **fields: Any) -> None:
        """Say what a person must look at."""
        self._say(logging.ERROR, text, fields)

    def exception(self, text: str, **fields: Any) -> None:
        """Say which exception of ours or of a library was caught just now."""
        self._say(logging.ERROR, text, fields, exc_info=True)

    def _say(self, level: int, text: str, fields: Mapping[str, Any], *, exc_info: bool = False) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, text, exc_info=exc_info, extra={"fields": {**self._fields, **fields}})


def get_log(name: str = "greenroom") -> Log:
    """Return the log of a part of the program."""
    return Log(logging.getLogger(name), {})


def send_logs_to(receiver: Receiver, *, level: str = "info", debug: bool = False) -> None:
    """Hand every log entry of this process from now on, SDKs included, to `receiver`, redacted. The command line calls
    it once, and shows entries as it likes.

    An entry has `at` (seconds since 1970), `level`, `event` (the text), its fields, and perhaps `exception`: the last
    line of it, or with `debug` all of it. `debug` also lets entries of level debug through.
    """
    root = logging.getLogger()
    root.handlers[:] = [_Handler(receiver, debug)]
    root.setLevel(logging.WARNING)
    logging.getLogger("greenroom").setLevel(logging.DEBUG if debug else _LEVELS[level])


class _Handler(logging.Handler):
    def __init__(self, receiver: Receiver, debug: bool) -> None:
        super().__init__()
        self._receiver = receiver
        self._debug = debug

    @override
    def emit(self, record: logging.LogRecord) -> None:
        fields: Mapping[str, Any] = getattr(record, "fields", {})
        entry: dict[str, Any] = {
            "at": record.created,
            "level": record.levelname.lower(),
            "event": redacted(record.getMessage()),
            **{name: redacted(value, name=name) for name, value in fields.items()},
        }
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            lines = traceback.format_exception(error) if self._debug else traceback.format_exception_only(error)
            entry["exception"] = str(redacted("".join(lines))).strip()
        self._receiver(entry)
