"""The reference of all commands as Markdown, made from what `--help` knows: `python -m greenroom.cli.reference`."""

import inspect
import re
import sys
from collections.abc import Iterator
from typing import Any

import typer.main

from greenroom.cli.entry import app
from greenroom.cli.failing import FAILED, NEEDS_A_PERSON, RUNS_ALREADY, STOPPED_AT_ONCE, USAGE

__all__ = ["reference"]

INTRODUCTION = f"""# Commands

Made from the program's own help by `python -m greenroom.cli.reference`; a test compares the two.

**Which bot.** BOT is a file (`config/bots/ada.yaml`), its name (`ada`), or a folder with one bot in it. Left out, it is
the only bot file of the current folder, or of `config/bots`; where there is none, the demo that comes with Greenroom,
whose state then lies in `data/` of the current folder. `GREENROOM_BOT` names one for all commands.

**Beside a running bot.** Every command works while the bot runs: it asks the bot, or reads the ledger beside it. Where
no bot runs, it does the same on the ledger alone.

**Output.** `--json` writes JSON and nothing else on standard output. Messages about what went wrong go to standard
error. Colours only on a terminal, and not where `NO_COLOR` is set.

**Exit codes.** 0 done · {FAILED} it could not be done, the message says why and what helps · {USAGE} the command line
is not understood · {NEEDS_A_PERSON} `status`: something needs a person · {RUNS_ALREADY} another process runs the bot ·
{STOPPED_AT_ONCE} a second Ctrl-C.
"""


def reference() -> str:
    """Return the text of docs/commands.md."""
    root: Any = typer.main.get_command(app)
    return "\n".join([INTRODUCTION, *_lines(root, "greenroom")])


def _lines(group: Any, path: str) -> Iterator[str]:
    for name, command in group.commands.items():
        whole = f"{path} {name}"
        yield f"## `{whole}`\n"
        yield f"{_paragraphs(command.help)}\n"
        if hasattr(command, "commands"):
            yield from _lines(command, whole)
            continue
        rows = [row for parameter in command.params if (row := _row(parameter)) is not None]
        if rows:
            yield "| | |\n|---|---|"
            yield "\n".join(rows) + "\n"


def _paragraphs(text: str) -> str:
    """Return a help text with its example as code."""
    text = inspect.cleandoc(text)
    return re.sub(r"(?m)^Example: (.+)$", r"```sh\n\1\n```", text)


def _row(parameter: Any) -> str | None:
    if parameter.name == "help":
        return None
    value = "" if getattr(parameter, "is_flag", False) else f" {parameter.metavar or ''}".rstrip()
    if parameter.param_type_name == "argument":
        words = (parameter.metavar or parameter.name.upper()).strip("[]")
        name = f"`{words}`"
    else:
        name = ", ".join(f"`{spelling}{value if spelling.startswith('--') else ''}`" for spelling in parameter.opts)
    usual = parameter.default if parameter.show_default and parameter.default not in (None, False) else None
    about = parameter.help if usual is None else f"{parameter.help} (usual: {usual})"
    return f"| {name} | {about.replace('|', chr(92) + '|')} |"


if __name__ == "__main__":
    sys.stdout.write(reference())
