"""What `greenroom run` writes while a bot runs: for people, or for programs."""

import abc
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

from rich.text import Text
from typing_extensions import override

from greenroom.app import Bot
from greenroom.cli.costs import engine_words, engines_without_key, forecast_words, hint_of_a_key, limit_words
from greenroom.cli.follow import More, resting
from greenroom.cli.showing import complain, console, facts, moment_words, write_json
from greenroom.cli.turn_words import as_object, turn_lines, without_texts
from greenroom.clock import SystemClock, from_micros
from greenroom.personas import Persona
from greenroom.settings import BotFile, Platforms, outdated
from greenroom.settings.telling import tell_words
from greenroom.storage import Ledger, Turn
from greenroom.stores import place_of
from greenroom.telemetry import logging_to, redacted
from greenroom.turns.reasons import reason_of
from greenroom_adapters.text import plain

if TYPE_CHECKING:
    from greenroom.observation.server import Observation

__all__ = ["JsonLog", "LiveLog", "Log", "program_name"]

Entry = Mapping[str, Any]
"""As `logging_to` hands it over: redacted, made of what JSON knows."""
SHOWN_APART = frozenset({"event", "level", "bot", "account", "exception", "me"})
"""Parts of an entry that have a place of their own in a line, or none."""
SENTENCES = frozenset({"what", "why"})
"""Parts of an entry that are sentences of their own, which need no name."""
UNITS = {"again_in": " s"}
"""What a part of an entry is counted in."""


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
    def observed(self, observation: "Observation") -> None:
        """Say where others may see how the bot is, or that nobody can yet, and a password that was made for that."""

    @abc.abstractmethod
    async def running(self, bot: Bot, *, others: Sequence[Path]) -> None:
        """Say what runs, where everything is, and which `others` could be run instead of the demo."""

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

    def __init__(self, zone: tzinfo, *, texts: bool = True) -> None:
        """Write moments in `zone`; without `texts` nothing of what people and the bot said."""
        self._zone = zone
        self._texts = texts
        self._place = console()

    @override
    def wrote(self, entry: Entry) -> None:
        level = entry.get("level", "info")
        if "turn" in entry and level != "error":
            # told when it comes to rest
            return
        words = ""
        for key, value in entry.items():
            if key in SENTENCES:
                words += f"{': ' if words else ''}{value}"
            elif key not in SHOWN_APART:
                words += f"{', ' if words else ''}{key.replace('_', ' ')} {value}{UNITS.get(key, '')}"
        now = datetime.now(self._zone)
        line = Text.assemble(
            (f"{now:%H:%M:%S}", "dim"),
            "  ",
            (
                f"{plain(str(entry['event']), one_line=True):<9}",
                {"warning": "yellow", "error": "bold red"}.get(level, ""),
            ),
        )
        if entry.get("account"):
            line.append(f" {entry['account']}", "cyan")
        if entry.get("me"):
            words = f"as @{entry['me']}"
        if words:
            line.append(f"  {plain(words, one_line=True)}", "dim")
        if "exception" in entry:
            line.append("\n" + plain(str(entry["exception"])), "dim")
        self._place.print(line)

    @override
    def rested(self, turn: Turn | More) -> None:
        if isinstance(turn, More):
            self._place.print(Text(f"          … and {turn.count} more", "dim"))
        elif not self._texts:
            moment = from_micros(turn.changed).astimezone(self._zone)
            words = f"turn {turn.seq}, {turn.kind}: {reason_of(turn.reason)}"
            state = f"{turn.state.word:<9}"
            self._place.print(
                Text.assemble((f"{moment:%H:%M:%S}", "dim"), f"  {state} ", (turn.account, "cyan"), f"  {words}")
            )
        else:
            self._place.print(turn_lines(turn, self._zone))

    @override
    def observed(self, observation: "Observation") -> None:
        rows = [("observe", f"{observation.url}  (/live /ready /health /metrics)")]
        if observation.is_taken:
            rows = [("observe", f"nobody can: another program has {observation.url}, until it ends")]
            rows.append(("", "another address: run with --observe HOST:PORT"))
        if observation.new_password is not None:
            rows.append(("password", f"{observation.new_password}  (shown this once; any user name goes with it)"))
            rows.append(("", f"who has lost it deletes {observation.password_file} and starts the bot again"))
        facts(rows, self._place)

    @override
    async def running(self, bot: Bot, *, others: Sequence[Path]) -> None:
        file = bot.file
        rows = [("ledger", place_of(file.store))]
        if (strayed := bot.ledger.strayed) is not None:
            rows.append(("copy", f"{strayed.why}. Everything rehearses, for the other copy may run as well"))
            rows.append(("", f"where nothing else runs of it: greenroom run {file.bot} --take-over"))
        if bot.refused is not None:
            rows.append(("files", "their last good version: those on disk have mistakes, `greenroom check` tells them"))
        rows += [("files", words) for words in _outdated(bot)]
        for name, desk in bot.desks.items():
            account = file.accounts[name]
            live = "" if account.live else ", rehearsing: nothing is published"
            rows.append(("account", f"{name} on {desk.adapter.platform}{live}"))
        rows += [("look at", f"{url}  (the {platform} on this machine)") for platform, url in bot.addresses.items()]
        rows += [("engine", words) for words in engine_words(file)]
        rows += [("", words) for words in engines_without_key(file, os.environ)]
        if (limit := await limit_words(file, bot.ledger)) is not None:
            rows.append(("limit", limit))
        if (forecast := forecast_words(file, bot.persona, now=SystemClock().now())) is not None:
            rows.append(("forecast", forecast))
        if (hint := hint_of_a_key(file, os.environ)) is not None:
            rows.append(("", hint))
        rows.append(("times", str(file.timezone)))
        if (off := bot.policy.switch.off) is not None:
            rows.append(("stopped", f"nothing is said until `greenroom resume` ({off})"))
        else:
            paused = {name: desk.pacer.paused for name, desk in bot.desks.items() if desk.pacer.paused}
            rows += [("paused", f"{name} ({why})") for name, why in paused.items()]
        for coming in await bot.upcoming(limit=1):
            rows.append(("next post", f"{moment_words(coming.due, SystemClock().now(), file.timezone)}  {coming.name}"))
        if file.tell is not None:
            rows.append(("tell", tell_words(file.tell)))
        if others:
            program = program_name()
            rows.append(("", f"This is the demo. Bots of yours: {', '.join(f'{program} run {one}' for one in others)}"))
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
    """For programs: one object a line, each with `at`, `event` and `bot`; what is about an account or a turn says which
    (`account`, `turn`)."""

    def __init__(self, bot: str, *, texts: bool = True) -> None:
        """Write for a bot of this name; without `texts` nothing of what people and the bot said, nor to whom."""
        self._bot = bot
        self._texts = texts

    @override
    def wrote(self, entry: Entry) -> None:
        if not self._texts and "turn" in entry and "why" in entry:
            entry = {**entry, "why": reason_of(str(entry["why"]))}
        self._write(**entry)

    @override
    def rested(self, turn: Turn | More) -> None:
        if isinstance(turn, More):
            self._write(event="more turns", count=turn.count)
        else:
            shown = as_object(turn) if self._texts else without_texts(turn)
            self._write(at=from_micros(turn.changed).isoformat(), event="turn", **redacted(shown))

    def _write(self, *, event: str, at: str | None = None, **facts: Any) -> None:
        write_json({"at": at or _now(), "event": event, "bot": self._bot, **facts})

    @override
    def observed(self, observation: "Observation") -> None:
        new = {} if observation.new_password is None else {"password": observation.new_password}
        event = "not observed" if observation.is_taken else "observed"
        self._write(event=event, address=observation.url, **new)

    @override
    async def running(self, bot: Bot, *, others: Sequence[Path]) -> None:
        self._write(
            event="running",
            ledger=place_of(bot.file.store),
            strayed=None if bot.ledger.strayed is None else bot.ledger.strayed.why,
            accounts={name: desk.adapter.platform for name, desk in bot.desks.items()},
            addresses=bot.addresses,
            engines=engine_words(bot.file),
            forecast=forecast_words(bot.file, bot.persona, now=SystemClock().now()),
            timezone=str(bot.file.timezone),
            outdated=_outdated(bot),
            mistakes=[] if bot.refused is None else [str(one) for one in bot.refused.mistakes],
            process=os.getpid(),
        )

    @override
    def stopping(self) -> None:
        self._write(event="stopping")

    @override
    def stopped(self) -> None:
        self._write(event="stopped")

    @override
    def stopped_at_once(self) -> None:
        self._write(event="stopped at once")


def _outdated(bot: Bot) -> list[str]:
    """Return which keys of the files were renamed, each in a sentence."""
    path = bot.file.file
    of_bot = [] if path is None else outdated(BotFile, path, platforms=Platforms.installed())
    return of_bot + outdated(Persona, bot.file.persona)


def program_name() -> str:
    """Return how this program can be called again: by its name, or by its path where its folder is in no PATH."""
    called = Path(sys.argv[0])
    return "greenroom" if called.stem != "greenroom" or which("greenroom") else str(called)


def _now() -> str:
    return datetime.now(UTC).isoformat()
