"""Which bot a command is about: the one that is named, the only one here, or the demo."""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import greenroom
from greenroom.cli.showing import note, warn

if TYPE_CHECKING:
    from greenroom.personas import Persona
    from greenroom.settings import BotFile

__all__ = [
    "BOT_BY_ENVIRONMENT",
    "HELP",
    "AccountArgument",
    "BotArgument",
    "BotOption",
    "Chosen",
    "bot_among",
    "bots_here",
    "choose",
    "complete_account",
    "complete_bot",
    "demo_file",
]

HELP = "File or name of the bot. Left out: the only one here or in config/bots, the one that runs, else the demo."
BOT_BY_ENVIRONMENT = "GREENROOM_BOT"
FOLDERS = (Path(), Path("config") / "bots")
"""Where bot files are looked for, in this order."""
DEMO = "demo"


def complete_bot(incomplete: str) -> list[str]:
    """Return the names of bots that begin so, for a shell that completes what is typed."""
    return [name for name in (*(path.stem for path in bots_here()), DEMO) if name.startswith(incomplete)]


def complete_account(incomplete: str) -> list[str]:
    """Return the names of the bot's accounts that begin so; of a bot that cannot be read, or of several, none."""
    from greenroom_adapters.contract import GreenroomError

    try:
        accounts = choose(None).in_force(tell=None).accounts
    except (GreenroomError, OSError):
        return []
    return [name for name in accounts if name.startswith(incomplete)]


BotArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="BOT", help=HELP, envvar=BOT_BY_ENVIRONMENT, show_default=False, autocompletion=complete_bot
    ),
]
BotOption = Annotated[
    str | None,
    typer.Option(
        "--bot",
        "-b",
        metavar="BOT",
        help=HELP,
        envvar=BOT_BY_ENVIRONMENT,
        show_default=False,
        autocompletion=complete_bot,
    ),
]
AccountArgument = Annotated[
    str,
    typer.Argument(
        metavar="ACCOUNT",
        autocompletion=complete_account,
        help="Name of the account in the bot file.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A bot file, not yet read."""

    path: Path
    is_demo: bool
    """It is the one that comes with Greenroom: its state lies in the current folder, not beside its file."""

    @property
    def state(self) -> Path | None:
        """The folder of its ledger; None: where its file says."""
        return Path.cwd() / "data" if self.is_demo else None

    @property
    def start(self) -> str:
        """The command that runs it."""
        return "greenroom run" if self.is_demo else f"greenroom run {self.path}"

    @property
    def runs(self) -> bool:
        """Say whether it runs now."""
        from greenroom.cli.asking import runs
        from greenroom.settings import Mistakes
        from greenroom.storage import StorageError

        try:
            return runs(self.in_force(tell=None))
        except (Mistakes, StorageError):
            # a database that cannot be asked tells nothing of this one, and keeps no other bot from being chosen
            return False

    @property
    def is_valid(self) -> bool:
        """Say whether there are no mistakes in its files."""
        from greenroom.settings import Mistakes

        try:
            self.load()
        except Mistakes:
            return False
        return True

    def file(self) -> "BotFile":
        """Read the bot file.

        :raises Mistakes: with every mistake in it
        """
        from greenroom.settings import Platforms, load_bot

        return load_bot(self.path, platforms=Platforms.installed()).in_folder(self.state)

    def in_force(self, *, tell: Callable[[str], None] | None = warn) -> "BotFile":
        """Read the bot file; where it has mistakes return the version that the bot goes on with, and `tell` of them:
        nobody who has just spoilt a file should be unable to stop the bot.

        :raises Mistakes: with every mistake in it, and the bot never ran with another version
        """
        from greenroom.settings import Mistakes

        try:
            return self.file()
        except Mistakes as error:
            from greenroom.app import sources_kept  # dear to import
            from greenroom.settings import Platforms

            kept = sources_kept(self.path, platforms=Platforms.installed(), state=self.state)
            if kept is None:
                raise
            if tell is not None:
                for mistake in error.mistakes:
                    tell(str(mistake))
                tell("the version that was valid last is in force")
            return kept.file

    def load(self) -> "tuple[BotFile, Persona]":
        """Read the bot file and its persona.

        :raises Mistakes: with every mistake in one of the two
        """
        from greenroom.personas import load_persona, must_agree

        file = self.file()
        persona = load_persona(file.persona)
        must_agree(file, persona)
        return file, persona


def demo_file() -> Path:
    """Return the bot that comes with Greenroom."""
    return Path(greenroom.__file__).with_name("personas") / "demo" / "demo.yaml"


def choose(given: str | None) -> Chosen:
    """Return the bot that `given` names: a path, the name of a file here or in config/bots, or a folder with one bot;
    None: see `HELP`.

    :raises ConfigurationError: there is no such file, or there are several and none was named
    """
    from greenroom_adapters.contract import ConfigurationError

    if given is not None:
        return _named(given)
    here = [Chosen(path=path, is_demo=False) for path in bots_here()]
    if len(here) == 1:
        return here[0]
    demo = Chosen(path=demo_file(), is_demo=True)
    if not here:
        return demo
    has_demo = demo.file().home.exists()
    known = [*here, demo] if has_demo else here
    running = [one for one in known if one.runs]
    if len(running) == 1:
        return running[0]
    if has_demo and not running:
        beside = ", ".join(str(one.path) for one in here)
        note(f"This is about the demo, which has run in this folder. To ask about another one name it: {beside}")
        return demo
    names = [DEMO if one.is_demo else str(one.path) for one in running or known]
    which = "which bot? These run" if running else "which bot? There are"
    how = f"Name one, like `--bot {names[0]}` (`{DEMO}` is what comes with Greenroom)"
    raise ConfigurationError(f"{which}: {', '.join(names)}. {how}")


def bots_here() -> list[Path]:
    """Return the bot files of the first folder that has some."""
    for folder in FOLDERS:
        if found := _bots_in(folder):
            return found
    return []


def bot_among(words: Iterable[str]) -> str | None:
    """Return the first of these words that names a bot here; None: none of them does."""
    here = {name for path in bots_here() for name in (path.name, path.stem, path.stem.removesuffix("-bot"))}
    known = {*here, DEMO}
    return next((word for word in words if word in known), None)


def _bot_in(path: Path) -> str | None:
    """Return what a bot file calls its bot; None: it does not say."""
    found = _BOT_OF.search(_start_of(path))
    return None if found is None else found[1].decode(errors="replace")


def _named(given: str) -> Chosen:
    from greenroom.settings.names import nearest
    from greenroom_adapters.contract import ConfigurationError

    path = Path(given)
    if path.is_file():
        _must_be_a_bot(path)
        return Chosen(path=path, is_demo=path.resolve() == demo_file().resolve())
    if path.name == given and path.suffix == "":
        names = (f"{given}.yaml", f"{given}-bot.yaml")
        known = [bot for folder in FOLDERS for bot in _bots_in(folder)]
        if found := [bot for bot in known if bot.name in names] or [bot for bot in known if _bot_in(bot) == given]:
            return Chosen(path=found[0], is_demo=False)
        if given in (DEMO, _bot_in(demo_file())):
            return Chosen(path=demo_file(), is_demo=True)
    if path.is_dir():
        return Chosen(path=_only_one_in(path), is_demo=False)
    known = [bot for folder in FOLDERS for bot in _bots_in(folder)]
    by_name = {name: str(bot) for bot in known for name in (bot.stem, bot.stem.removesuffix("-bot"))}
    near = nearest(path.stem, by_name)
    there = f"There are: {', '.join(map(str, known))}" if known else "`greenroom new` writes one"
    raise ConfigurationError(
        f"{given}: there is no such bot file. {f'Did you mean `{by_name[near]}`?' if near else there}"
    )


def _only_one_in(folder: Path) -> Path:
    """Return the only bot file in a folder, or in its config/bots.

    :raises ConfigurationError: there is none, or there are several
    """
    from greenroom_adapters.contract import ConfigurationError

    bots = next((found for inner in FOLDERS if (found := _bots_in(folder / inner))), list[Path]())
    if len(bots) == 1:
        return bots[0]
    there = f"there are several bots in it: {', '.join(map(str, bots))}. Name one" if bots else "there is no bot in it"
    raise ConfigurationError(f"{folder} is a folder, and {there}")


def _must_be_a_bot(path: Path) -> None:
    """Check that a file is no persona.

    :raises ConfigurationError: it is one
    """
    from greenroom_adapters.contract import ConfigurationError

    start = _start_of(path)
    if _BOT_KEY.search(start) or not (_PERSONA_KEY.search(start) and _NAME_KEY.search(start)):
        return
    bots = [bot for folder in (path.parent, *FOLDERS) for bot in _bots_in(folder) if _names(bot, path)]
    mend = str(bots[0]) if bots else "`greenroom new` writes one"
    raise ConfigurationError(f"{path} is a persona, who speaks; what runs is a bot file that names it: {mend}")


def _names(bot: Path, persona: Path) -> bool:
    """Say whether a bot file names this persona."""
    found = _PERSONA_OF.search(_start_of(bot))
    return found is not None and (bot.parent / found[1].decode(errors="replace")).resolve() == persona.resolve()


_BOT_KEY = re.compile(rb"^(\xef\xbb\xbf)?['\"]?bot['\"]?\s*:", re.MULTILINE)
_BOT_OF = re.compile(rb"""^(?:\xef\xbb\xbf)?['"]?bot['"]?\s*:\s*['"]?([^\s'"#]+)""", re.MULTILINE)
_PERSONA_KEY = re.compile(rb"^who\s*:", re.MULTILINE)
_NAME_KEY = re.compile(rb"^(\xef\xbb\xbf)?persona\s*:", re.MULTILINE)
_PERSONA_OF = re.compile(rb"""^persona\s*:\s*['"]?([^'"#\n]+?)['"]?\s*(?:#.*)?$""", re.MULTILINE)


def _start_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(65536)
    except OSError:
        return b""


def _bots_in(folder: Path) -> list[Path]:
    """Return the bot files of a folder, by name. A persona or any other YAML file has no `bot:` of its own; what is
    called `…-bot.yaml` is one in any case, so that a mistake in its first word is told and not passed over."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
    except OSError:
        return []
    found: list[Path] = []
    for name in names:
        if name.endswith((".yaml", ".yml")):
            start = _start_of(folder / name)
            if _BOT_KEY.search(start) or (Path(name).stem.endswith("-bot") and not _PERSONA_KEY.search(start)):
                found.append(folder / name)
    return found
