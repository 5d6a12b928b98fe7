"""A command line that is not understood: what is wrong with it, and what leads on."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typing_extensions import override

__all__ = ["Commands", "Program"]

EXAMPLE = re.compile(r"^\s*(Example: .+)$", re.MULTILINE)
ELSEWHERE = {
    "create": ("new",),
    "delete": ("undo",),
    "help": ("--help",),
    "init": ("new",),
    "start": ("run",),
    "stop": ("stop-all", "pause"),
    "version": ("--version",),
}
"""What other programs call a command → what it is called here."""


class Commands(TyperGroup):
    """A group of commands that names the nearest one where none is of the name."""

    @override
    def resolve_command(self, ctx: Any, args: Any) -> Any:  # typer has its context from click, or brings its own
        word = str(args[0])
        if self.get_command(ctx, word) is None and not word.startswith("-"):
            near = " or ".join(f"'{name}'" for name in _nearest(word, self.commands))
            ctx.fail(f"No such command '{word}'. {f'Did you mean {near}?' if near else self._there_are()}")
        return super().resolve_command(ctx, args)

    def _there_are(self) -> str:
        return f"There are: {', '.join(self.commands)}"


class Program(Commands):
    """All commands. A mistake in the words behind one is told with the command's example."""

    @override
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except TyperException as error:
            context = getattr(error, "ctx", None)
            example = None if context is None else EXAMPLE.search(context.command.help or "")
            if context is None or example is None:
                raise
            context.fail(f"{_words_of(error)}\n{example[1]}")

    @override
    def _there_are(self) -> str:
        return "`greenroom --help` lists all of them"


def _words_of(error: TyperException) -> str:
    """Return what is wrong: with a value in an owner's words, where pydantic has found it; with several together in the
    command's own."""
    from pydantic import ValidationError

    if isinstance(error.__cause__, ValidationError):
        from greenroom.settings.reasons import reason_of

        error.message = reason_of(error.__cause__.errors()[0])
    if isinstance(error, typer.BadParameter) and error.param is None:
        return error.message
    return error.format_message()


def _nearest(word: str, names: Iterable[str]) -> Sequence[str]:
    """Return the names that may be meant by a word, the likeliest first."""
    if word in ELSEWHERE:
        return ELSEWHERE[word]
    known = list(names)
    begin_so = [name for name in known if word in name.split("-") or (len(word) > 2 and name.startswith(word))]
    return begin_so or get_close_matches(word, known)
