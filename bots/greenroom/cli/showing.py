"""What the command line writes: lines for people on a terminal, JSON for programs, complaints on standard error."""

import io
import json
import re
import sys
from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Annotated

import typer
from typing_extensions import override

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "AsJson",
    "Yes",
    "complain",
    "console",
    "facts",
    "moment_words",
    "money",
    "note",
    "say",
    "warn",
    "write_json",
]

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, and nothing else.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking, for scripts.", show_default=False)]


UNCUT = 100_000
TRAILING = re.compile(r" +$", re.MULTILINE)


def console() -> "Console":
    """Return where people read: colours only on a terminal, and not where NO_COLOR is set."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False, emoji=False, markup=False)
    # what no terminal shows is not cut to the width of one, and not filled up to it
    return Console(file=_Trimmed(), highlight=False, emoji=False, markup=False, width=UNCUT)


class _Trimmed(io.StringIO):
    """Standard output without the spaces that fill a column up."""

    @override
    def write(self, text: str, /) -> int:
        return sys.stdout.write(TRAILING.sub("", text))

    @override
    def flush(self) -> None:
        sys.stdout.flush()


def say(words: str) -> None:
    """Write one sentence for people to standard output. It may hold words of strangers."""
    from greenroom_adapters.text import plain

    typer.echo(plain(words))


def complain(words: str) -> None:
    """Write what went wrong to standard error."""
    _to_standard_error("error: ", "bold red", words)


def warn(words: str) -> None:
    """Write what an owner should know although it went well to standard error."""
    _to_standard_error("warning: ", "bold yellow", words)


def note(words: str) -> None:
    """Write what an owner may wonder about, and need not mend, to standard error."""
    _to_standard_error("", "", words)


def _to_standard_error(title: str, style: str, words: str) -> None:
    from rich.console import Console
    from rich.text import Text

    from greenroom_adapters.text import plain

    place = Console(stderr=True, highlight=False, emoji=False, markup=False, soft_wrap=True)
    place.print(Text.assemble((title, style), plain(words)))


def write_json(value: object) -> None:
    """Write one JSON value, as one line, to standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def facts(rows: Iterable[tuple[str, str]], place: "Console") -> None:
    """Write names and what they stand for, in two columns. The texts may be those of strangers."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from greenroom_adapters.text import plain

    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, Text(plain(value)))
    place.print(Padding(table, (0, 0, 0, 2), expand=False))


def money(micros: int) -> str:
    """Return millionths of a dollar as an owner reads them: 1.50 USD, and small sums to the first digits that tell."""
    dollars = micros / 1_000_000
    digits = 2 if micros % 10_000 == 0 or dollars >= 1 else 4 if micros >= 100 else 6
    return f"{dollars:.{digits}f} USD"


def moment_words(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """Return an aware moment in words that are short where it is near: `14:03`, `tomorrow 08:00`, `Fri 4 Dec 18:00`."""
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    days = (local.date() - today).days
    if days == 0:
        return f"{local:%H:%M}"
    if days in (1, -1):
        return f"{'tomorrow' if days == 1 else 'yesterday'} {local:%H:%M}"
    if local.year == today.year:
        return f"{local:%a} {local.day} {local:%b} {local:%H:%M}"
    return f"{local:%Y-%m-%d %H:%M}"
