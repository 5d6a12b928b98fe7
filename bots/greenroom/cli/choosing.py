"""Which bot a command is about: the one that is named, the only one here, or the demo."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import greenroom

if TYPE_CHECKING:
    from greenroom.personas import Persona
    from greenroom.settings import BotFile

__all__ = ["BotArgument", "BotOption", "Chosen", "bots_here", "choose", "demo_file"]

HELP = "File or name of the bot. Left out: the only one here or in config/bots, else the demo."
BotArgument = Annotated[
    str | None, typer.Argument(metavar="[BOT]", help=HELP, envvar="GREENROOM_BOT", show_default=False)
]
BotOption = Annotated[
    str | None, typer.Option("--bot", "-b", metavar="BOT", help=HELP, envvar="GREENROOM_BOT", show_default=False)
]

FOLDERS = (Path(), Path("config") / "bots")
"""Where bot files are looked for, in this order."""
DEMO = "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A bot file, not yet read."""

    path: Path
    is_demo: bool
    """It is the one that comes with Greenroom: its state lies in the current folder, not beside its file."""

    def file(self) -> "BotFile":
        """Read the bot file.

        :raises Mistakes: with every mistake in it
        """
        from greenroom.settings import Platforms, load_bot

        file = load_bot(self.path, platforms=Platforms.installed())
        if not self.is_demo:
            return file
        return file.model_copy(update={"store": Path.cwd() / "data" / f"{file.bot}.db"})

    def load(self) -> "tuple[BotFile, Persona]":
        """Read the bot file and its persona.

        :raises Mistakes: with every mistake in one of the two
        """
        from greenroom.personas import load_persona

        file = self.file()
        return file, load_persona(file.persona)


def demo_file() -> Path:
    """Return the bot that comes with Greenroom."""
    return Path(greenroom.__file__).with_name("personas") / "demo" / "demo.yaml"


def choose(given: str | None, *, demo_among_several: bool = False) -> Chosen:
    """Return the bot that `given` names: a path, or the name of a file here or in config/bots; None: see `HELP`.

    With `demo_among_several` the demo is also taken where there are several and none was named.

    :raises ConfigurationError: there is no such file, or there are several and none was named
    """
    from greenroom_adapters.contract import ConfigurationError

    if given is not None:
        return _named(given)
    here = bots_here()
    if len(here) == 1:
        return Chosen(path=here[0], is_demo=False)
    demo = Chosen(path=demo_file(), is_demo=True)
    if here and not demo_among_several and not demo.file().store.exists():
        raise ConfigurationError(f"which bot? There are {', '.join(map(str, here))}: name one, like `--bot {here[0]}`")
    return demo


def bots_here() -> list[Path]:
    """Return the bot files of the first folder that has some."""
    for folder in FOLDERS:
        if found := _bots_in(folder):
            return found
    return []


def _named(given: str) -> Chosen:
    from greenroom_adapters.contract import ConfigurationError

    path = Path(given)
    if path.is_file():
        return Chosen(path=path, is_demo=path.resolve() == demo_file())
    if path.name == given and path.suffix == "":
        names = (f"{given}.yaml", f"{given}-bot.yaml")
        found = [bot for folder in FOLDERS for bot in _bots_in(folder) if bot.name in names]
        if found:
            return Chosen(path=found[0], is_demo=False)
        if given == DEMO:
            return Chosen(path=demo_file(), is_demo=True)
    known = [str(bot) for folder in FOLDERS for bot in _bots_in(folder)]
    there = f"There are: {', '.join(known)}" if known else "`greenroom new` writes one"
    raise ConfigurationError(f"{given}: there is no such bot file. {there}")


_BOT_KEY = re.compile(rb"^(\xef\xbb\xbf)?['\"]?bot['\"]?\s*:", re.MULTILINE)


def _bots_in(folder: Path) -> list[Path]:
    """Return the bot files of a folder, by name. A persona or any other YAML file has no `bot:` of its own."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
    except OSError:
        return []
    found: list[Path] = []
    for name in names:
        if name.endswith((".yaml", ".yml")):
            try:
                with (folder / name).open("rb") as file:
                    start = file.read(65536)
            except OSError:
                continue
            if _BOT_KEY.search(start):
                found.append(folder / name)
    return found
