"""Where log entries go: those of our rooms and those of the libraries below them, redacted, to one writer.

Decided: on the standard library, not on structlog, whose import brings rich's tracebacks along and costs a quarter of
what `greenroom run` may spend on starting; libraries log through it anyway.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Generator, Mapping
from typing import Any

from typing_extensions import override

from greenroom.telemetry.redaction import redacted

__all__ = ["Entry", "Log", "Writer", "get_log", "logging_to"]

OURS = "greenroom"
"""Our rooms log under this name, our adapters under `greenroom_adapters`."""

Entry = dict[str, Any]
"""One redacted entry: `event` (what happened, in words), `level` (`debug info warning error critical`), and as the
case may be `bot`, `account`, `turn`, `key`, `event_id`, `logger` (whose library), `exception` and further facts."""

Writer = Callable[[Entry], None]
"""Writes one entry. It is called by one thread at a time, and never before the last call has returned."""


class Log:
    """A logger whose entries carry facts: `log.info("sent", turn=7)`; `bind` returns one with more of them.

    What people wrote belongs into facts of `debug` entries only.
    """

    __slots__ = ("_facts", "_logger")

    def __init__(self, logger: logging.Logger, facts: Mapping[str, Any]) -> None:
        self._logger = logger
        self._facts = dict(facts)

    def bind(self, **facts: Any) -> "Log":
        """Return a log that adds `facts` to each entry."""
        return Log(self._logger, {**self._facts, **facts})

    def debug(self, event: str, **facts: Any) -> None:
        """Say what helps who looks for a mistake."""
        self._say(logging.DEBUG, event, facts)

    def info(self, event: str, **facts: Any) -> None:
        """Say what goes its usual way."""
        self._say(logging.INFO, event, facts)

    def warning(self, event: str, **facts: Any) -> None:
        """Say what did not, and mends itself."""
        self._say(logging.WARNING, event, facts)

    def error(self, event: str, **facts: Any) -> None:
        """Say what a person must look at."""
        self._say(logging.ERROR, event, facts)

    def exception(self, event: str, **facts: Any) -> None:
        """Say which exception was caught just now."""
        self._say(logging.ERROR, event, facts, exc_info=True)

    def _say(self, level: int, event: str, facts: Mapping[str, Any], *, exc_info: bool = False) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, "%s", event, exc_info=exc_info, extra={"facts": {**self._facts, **facts}})


def get_log() -> Log:
    """Return the log of our rooms, without facts."""
    return Log(logging.getLogger(OURS), {})


@contextlib.contextmanager
def logging_to(write: Writer, *, debug: bool = False) -> Generator[None]:
    """Send everything that this process logs to `write` until the block ends; then log as before.

    Rooms of Greenroom and our adapters from level info on, other libraries from warning on; with `debug` all of
    Greenroom and other libraries from info on. Python's warnings are entries as well. A `write` that fails with an
    `OSError` (a closed pipe, a full disk) loses the entry and nothing else: a bot does not stop because nobody reads
    its log.
    """
    root = logging.getLogger()
    ours = [logging.getLogger(OURS), logging.getLogger("greenroom_adapters")]
    before = root.handlers[:], root.level, [logger.level for logger in ours]
    root.handlers[:] = [_Handler(write)]
    root.setLevel(logging.INFO if debug else logging.WARNING)
    for logger in ours:
        logger.setLevel(logging.DEBUG if debug else logging.INFO)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.handlers[:], level, levels = before
        root.setLevel(level)
        for logger, own in zip(ours, levels, strict=True):
            logger.setLevel(own)


class _Handler(logging.Handler):
    """The last step of every entry."""

    def __init__(self, write: Writer) -> None:
        super().__init__()
        self._write = write
        self._one_at_a_time = threading.RLock()
        self._formatter = logging.Formatter()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        facts: Mapping[str, Any] = getattr(record, "facts", {})
        entry: Entry = {"event": _message(record), "level": record.levelname.lower(), **facts}
        if record.name != OURS:
            entry["logger"] = record.name
        if record.exc_info and record.exc_info[0] is not None:
            entry["exception"] = self._formatter.formatException(record.exc_info)
        with self._one_at_a_time, contextlib.suppress(OSError):
            self._write(redacted(entry))


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a library's wrong format string; logging itself would print it unredacted
        return str(record.msg)
