"""What `greenroom run` writes while a bot runs: for people, or for programs."""

import abc
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, tzinfo
from typing import Any

from rich.text import Text
from typing_extensions import override

from greenroom.app import Bot
from greenroom.cli.costs import engine_words, hint_of_a_key
from greenroom.cli.follow import More, resting
from greenroom.cli.showing import complain, console, facts, moment_words, write_json
from greenroom.cli.turn_words import as_object, turn_lines
from greenroom.clock import SystemClock, from_micros
from greenroom.storage import Ledger, Turn
from greenroom.telemetry import logging_to
from greenroom_adapters.text import plain

__all__ = ["JsonLog", "Log", "LiveLog"]

Entry = Mapping[str, Any]


class Log(abc.ABC):
    """The log of one run."""

    def listening(self, *, debug: bool) -> AbstractContextManager[None]:
        """Write what this process logs until the block ends; with `debug` all of it."""
        return logging_to(self.wrote, debug=debug)

    async def follow(self, ledger: Ledger) -> None:
        """Write every turn that comes to rest from now on, for ever."""
        async for turn in resting(ledger, since=SystemClock().micros()):
            self.rested(turn)

    @abc.abstractmethod
    def wrote(self, entry: Entry) -> None:
        """Write a line of the log."""

    @abc.abstractmethod
    def rested(self, turn: Turn | More) -> None:
        """Write what became of a turn."""

    @abc.abstractmethod
    async def running(self, bot: Bot) -> None:
        """Say what runs, and where everything is."""

    @abc.abstractmethod
    def stopping(self) -> None:
        """Say that a stop was asked for."""

    @abc.abstractmethod
    def stopped(self) -> None:
        """Say that it is over."""

    @abc.abstractmethod
    def stopped_at_once(self) -> None:
        """Say that it is over without having been finished."""


class LiveLog(Log):
    """For people."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._place = console()

    @override
    def wrote(self, entry: Entry) -> None:
        level = entry.get("level", "info")
        if "turn" in entry and level != "error":
            # told when it comes to rest
            return
        rest = {key: value for key, value in entry.items() if key not in ("at", "event", "level", "bot", "account", "exception")}
        words = ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in rest.items())
        now = datetime.now(UTC).astimezone(self._zone)
        line = Text.assemble(
            (f"{now:%H:%M:%S}", "dim"),
            "  ",
            (str(entry.get("event", "")), {"warning": "yellow", "error": "bold red"}.get(level, "")),
        )
        if entry.get("account"):
            line.append(f"  {entry['account']}", "cyan")
        if words:
            line.append(f"  {plain(words, one_line=True)}", "dim")
        if "exception" in entry:
            line.append("\n" + plain(str(entry["exception"])), "dim")
        self._place.print(line)

    @override
    def rested(self, turn: Turn | More) -> None:
        if isinstance(turn, More):
            self._place.print(Text(f"          … and {turn.count} more", "dim"))
        else:
            self._place.print(turn_lines(turn, self._zone))

    @override
    async def running(self, bot: Bot) -> None:
        file, now = bot.file, datetime.now(UTC)
        rows = [("ledger", str(file.store))]
        for name, desk in bot.desks.items():
            account = file.accounts[name]
            live = "" if account.live else ", rehearsing: nothing is published"
            rows.append(("account", f"{name} on {desk.adapter.platform}{live}"))
        for platform, url in bot.addresses.items():
            rows.append(("look at", f"{url}  ({platform}, on this machine)"))
        rows += [("engine", words) for words in await engine_words(file, bot.ledger)]
        if (hint := hint_of_a_key(file, os.environ)) is not None:
            rows.append(("", hint))
        rows.append(("times", str(file.timezone)))
        self._place.print(Text.assemble((bot.persona.persona, "bold"), f" runs as bot {file.bot}. Ctrl-C stops it."))
        facts(rows, self._place)

    @override
    def stopping(self) -> None:
        self._place.print(Text("\nStopping: what is in flight is finished or noted down. Ctrl-C again stops at once."))

    @override
    def stopped(self) -> None:
        self._place.print(Text("Stopped."))

    @override
    def stopped_at_once(self) -> None:
        complain("stopped at once; what was in flight is looked up at the next start")


class JsonLog(Log):
    """For programs: one object a line, each with `event`."""

    def __init__(self) -> None:
        self._write = write_json

    @override
    def wrote(self, entry: Entry) -> None:
        self._write({"at": _now(), **{key: _plain_value(value) for key, value in entry.items()}})

    @override
    def rested(self, turn: Turn | More) -> None:
        if isinstance(turn, More):
            self._write({"at": _now(), "event": "more turns", "count": turn.count})
        else:
            self._write({"at": from_micros(turn.changed).isoformat(), "event": "turn", **as_object(turn)})

    @override
    async def running(self, bot: Bot) -> None:
        self._write(
            {
                "at": _now(),
                "event": "running",
                "bot": bot.file.bot,
                "ledger": str(bot.file.store),
                "accounts": {name: desk.adapter.platform for name, desk in bot.desks.items()},
                "addresses": bot.addresses,
                "engines": await engine_words(bot.file, bot.ledger),
                "timezone": str(bot.file.timezone),
                "process": os.getpid(),
            }
        )

    @override
    def stopping(self) -> None:
        self._write({"at": _now(), "event": "stopping"})

    @override
    def stopped(self) -> None:
        self._write({"at": _now(), "event": "stopped"})

    @override
    def stopped_at_once(self) -> None:
        self._write({"at": _now(), "event": "stopped at once"})


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _plain_value(value: object) -> object:
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
