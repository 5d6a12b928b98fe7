"""Asking before something that cannot simply be taken back."""

import sys
from collections.abc import Callable

import typer

__all__ = ["confirm"]


def confirm(question: str, *, tell: Callable[[], None], yes: bool, as_json: bool) -> None:
    """Say with `tell` what it means (not with `as_json`), and return when it may be done: by `--yes`, or because the
    owner says so on his terminal.

    :raises ConfigurationError: nobody can be asked here
    :raises typer.Exit: the owner says no
    """
    from greenroom_adapters.contract import ConfigurationError

    if not as_json:
        tell()
    if not yes and (as_json or not sys.stdin.isatty()):
        raise ConfigurationError("nobody can be asked here, so nothing was done: add --yes to do it")
    if not yes and not typer.confirm(question):
        typer.echo("Nothing was done.")
        raise typer.Exit
