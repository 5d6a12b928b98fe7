"""Which persona a command is about, and with which engines it speaks here."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from greenroom.cli.choosing import choose

if TYPE_CHECKING:
    from greenroom.clock import Clock
    from greenroom.generation import Engine, Voice
    from greenroom.memory import Library
    from greenroom.personas import Persona
    from greenroom.rehearsal import Pocket, Recorded
    from greenroom.settings import BotFile, EngineRef
    from greenroom_adapters.contract import Limits

__all__ = [
    "Cast",
    "EngineOption",
    "RecordedOption",
    "ServerOption",
    "WhoArgument",
    "cast",
    "engines_of",
    "is_persona",
    "limits_of",
    "recorded_with",
]

WhoArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="WHO",
        help="File or name of a bot, or of a persona alone. Left out: the only bot here, the one that runs, else the "
        "demo.",
        envvar="GREENROOM_BOT",
        show_default=False,
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine", metavar="MODEL", help="Let this engine speak: openai/NAME, or script.", show_default=False
    ),
]
ServerOption = Annotated[
    str | None,
    typer.Option("--server", metavar="URL", help="The server that has this model.", show_default=False),
]

RecordedOption = Annotated[
    Path | None,
    typer.Option(
        "--recorded",
        metavar="FILE",
        help="Answers of a model that were written down: they are told again, and no model is asked. With --engine it "
        "is asked for those that are missing, which are added.",
        show_default=False,
    ),
]

FOLDERS = (Path(), Path("personas"), Path("config") / "personas", Path("config") / "gallery")
"""Where personas are looked for by their names, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """A persona, and the bot that it speaks for."""

    path: Path
    """Of the persona file."""
    persona: "Persona"
    file: "BotFile | None" = None
    """None: only a persona was named."""

    @property
    def zone(self) -> tzinfo:
        """In which it looks at the clock."""
        return UTC if self.file is None else self.file.timezone

    @property
    def engines(self) -> "tuple[EngineRef, ...]":
        """Its bot's, else the script."""
        from greenroom.settings import BuiltIn

        return (BuiltIn.SCRIPT,) if self.file is None else tuple(self.file.engines.text)

    @property
    def limit(self) -> int:
        """What one command may pay for it, in millionths of a dollar: as much as its bot on a day."""
        from greenroom.policy import USD

        return USD if self.file is None else self.file.limits.spend.amount.micros

    def voice(
        self,
        engines: "tuple[EngineRef, ...]",
        *,
        pocket: "Pocket",
        clock: "Clock",
        environ: Mapping[str, str],
        recorded: "Recorded | None" = None,
    ) -> "Voice":
        """Return its voice over these engines; whoever calls closes it. What was `recorded` no model is asked for; with
        it and without engines, that is all there is.

        :raises ConfigurationError: an engine cannot be used as it is written, or its key is missing
        """
        from greenroom.cli.showing import warn
        from greenroom.generation import build_voice
        from greenroom.settings import SecretRef, resolve
        from greenroom_adapters.contract import Secret

        def secret(reference: SecretRef, owner: str) -> Secret:
            return resolve(reference, owner=owner, environ=environ, warn=warn)

        def through(engine: "Engine") -> "Engine":
            from greenroom.rehearsal import Recorder

            return engine if recorded is None else Recorder(recorded, engine)

        def alone() -> "Iterator[Engine]":
            from greenroom.rehearsal import Recorder

            if recorded is not None and not engines:
                yield Recorder(recorded)

        return build_voice(
            self.persona,
            engines,
            purse=pocket,
            resolve=secret,
            clock=clock,
            zone=self.zone,
            environ=environ,
            own=tuple(alone()),
            through=through,
            library=self.library(clock=clock),
            tools=None if self.file is None else self.file.tools,
        )

    def library(self, *, clock: "Clock") -> "Library | None":
        """Return its documents, read anew and found by their words; None: it has none. Whoever calls closes it."""
        from greenroom.memory import Library

        return None if self.persona.knowledge is None else Library(self.persona.knowledge, clock=clock)


def cast(given: str | None) -> Cast:
    """Return who is meant: a persona file, a bot, or either by its name.

    :raises Mistakes: with every mistake in the files
    :raises ConfigurationError: there is no such persona and no such bot
    """
    from greenroom.personas import load_persona
    from greenroom_adapters.contract import ConfigurationError

    if given is not None and is_persona(Path(given)):
        return Cast(path=Path(given), persona=load_persona(Path(given)))
    try:
        chosen = choose(given)
    except ConfigurationError as error:
        here = [] if given is None else list(_personas_here())
        named = next((one for one in here if one.stem == given), None)
        if named is not None:
            return Cast(path=named, persona=load_persona(named))
        if not here:
            raise
        raise ConfigurationError(f"{error}. Personas: {', '.join(map(str, here))}") from error
    file, persona = chosen.load()
    return Cast(path=file.persona, persona=persona, file=file)


def engines_of(who: Cast, word: str | None, server: str | None) -> "tuple[EngineRef, ...]":
    """Return the engine of this name, as the bot file has it, with its key and price, else as it is written here; none
    where none was named.

    :raises ConfigurationError: it is none
    """
    from pydantic import ValidationError

    from greenroom.settings import BuiltIn, ModelRef
    from greenroom_adapters.contract import ConfigurationError

    if word is None:
        if server is not None:
            raise ConfigurationError("--server: name its model with --engine")
        return ()
    if word == BuiltIn.SCRIPT and server is None:
        return (BuiltIn.SCRIPT,)
    known = [] if who.file is None else [one for one in who.file.engines.text if isinstance(one, ModelRef)]
    for engine in known:
        if engine.model == word and server in (None, engine.server):
            return (engine,)
    try:
        return (ModelRef(model=word, server=server),)
    except ValidationError as error:
        raise ConfigurationError(f"--engine: {error.errors()[0]['msg']}") from error


def recorded_with(
    path: Path | None, engines: "tuple[EngineRef, ...]"
) -> "tuple[Recorded | None, tuple[EngineRef, ...]]":
    """Return the recorded answers of a file, and which of the `engines` that were named may be asked beside them; the
    script where neither was.

    :raises ConfigurationError: the file is none of those, or is not there, and no model may be asked
    """
    from greenroom.clock import SystemClock
    from greenroom.rehearsal import Recorded
    from greenroom.settings import BuiltIn
    from greenroom_adapters.contract import ConfigurationError

    if path is None:
        return None, engines or (BuiltIn.SCRIPT,)
    if BuiltIn.SCRIPT in engines:
        raise ConfigurationError("the script costs nothing, so nothing of it is recorded: leave --recorded out")
    if not engines and not path.exists():
        raise ConfigurationError(
            f"there is no file {path}: name a model with --engine, and its answers are written there"
        )
    return Recorded(path, now=SystemClock().now()), engines


def limits_of(platform: str | None, file: "BotFile | None") -> "tuple[str, Limits | None]":
    """Return the platform that is meant (None: that of the bot's first account), and what its texts usually must fit
    into; None where nothing is known of that.

    :raises ConfigurationError: there is no such platform
    """
    from greenroom.settings import Platforms

    if platform is None:
        if file is None:
            return "", None
        platform = next(iter(file.accounts.values())).platform
    return platform, Platforms.installed().adapter(platform).usual_limits


def is_persona(path: Path) -> bool:
    """Say whether a file is a persona, and no bot."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    keys = set(re.findall(r"(?m)^(bot|persona|who|accounts)\s*:", text))
    return "who" in keys and keys.isdisjoint(("bot", "accounts"))


def _personas_here() -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted(folder.glob("*.yaml")):
            if is_persona(path):
                yield path
