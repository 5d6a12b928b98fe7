"""How far a command is, shown where a person looks at it."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

__all__ = ["Progress", "progress_bar"]

Progress = Callable[[float], None]
"""Hears which part of the whole is done, from 0 to 1."""


@contextmanager
def progress_bar(name: str, *, quiet: bool) -> Generator[Progress]:
    """Show how far it is on standard error, so that nobody reads it as the answer; nowhere but on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda part: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from greenroom_adapters.text import plain

    place = Console(stderr=True, highlight=False, emoji=False, markup=False)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=place, transient=True) as bar:
        task = bar.add_task(plain(name), total=1.0)
        yield lambda part: bar.update(task, completed=part)
