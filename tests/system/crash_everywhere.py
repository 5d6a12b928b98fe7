"""The whole crash test: one run on each kind of platform, one after the other, and a table of what they showed.

    python tests/system/crash_everywhere.py [--only NAME,NAME] [options of crash.py, for every run]

A run that fails does not keep the others from being made. The exit code is 0 when all hold, 1 when one of them broke a
promise, 3 when none did and one met too little to show it. A real server that is not installed is left out, and said.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crash import BROKEN, FAKES, MISSING, NETWORKS, UNSHOWN
from stage_network import CLASSES

__all__ = ["RUNS", "Row", "exit_code", "table"]

RUNS: Mapping[str, tuple[str, ...]] = (
    {kind: ("--idempotency", kind) for kind in CLASSES}
    | {name: ("--platform", name) for name in FAKES}
    | {name: ("--platform", name) for name in sorted(NETWORKS.keys() - set(FAKES))}
)
"""Name of a run → its options: the classes of the Stage, the fakes of the tests, the real servers."""
COLUMNS = ("run", "asked", "sent", "lost", "doubled", "parked", "kills", "over open work", "minutes", "")


@dataclass(frozen=True)
class Row:
    """What one run showed."""

    name: str
    code: int
    """Exit code of the run."""
    minutes: float
    result: Mapping[str, Any] = field(default_factory=dict)
    """Its figures; none when it came to no end."""

    @property
    def verdict(self) -> str:
        """What the exit code means."""
        words = {0: "holds", BROKEN: "BROKEN", UNSHOWN: "not shown", MISSING: "server not installed"}
        return words[self.code] if self.result or self.code == MISSING else "CAME TO NO END"

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        figures = (self.result.get(what, "-") for what in ("asked", "sent", "lost", "doubled", "parked", "kills"))
        met = self.result.get("kills over open work", "-")
        return (self.name, *map(str, figures), str(met), f"{self.minutes:.1f}", self.verdict)


def table(rows: Iterable[Row]) -> str:
    """Return the rows under their headings, figures to the right."""
    lines = [COLUMNS, *(row.cells for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    last = len(COLUMNS) - 1
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number in (0, last) else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def exit_code(rows: Sequence[Row]) -> int:
    """Return 0 when all that ran hold, else the code of the worst."""
    codes = {row.code if row.result else BROKEN for row in rows if row.code != MISSING}
    return BROKEN if BROKEN in codes else UNSHOWN if UNSHOWN in codes else 0


def run(name: str, options: Sequence[str]) -> Row:
    """Make one run; its progress goes to the terminal, what it found is printed."""
    began = time.monotonic()
    command = [sys.executable, str(Path(__file__).parent / "crash.py"), *RUNS[name], *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own script
    minutes = (time.monotonic() - began) / 60
    lines = done.stdout.splitlines()
    has_result = bool(lines) and lines[0].startswith("{")
    if sys.stderr.isatty():
        print(file=sys.stderr)  # noqa: T201 - the line of the progress ends
    for line in lines[1:] if has_result else lines:
        print(f"  {line}", flush=True)  # noqa: T201 - the result
    return Row(name, done.returncode, minutes, json.loads(lines[0]) if has_result else {})


def names(told: str) -> list[str]:
    """Return the runs of an option: their names by comma."""
    named = told.split(",")
    if unknown := set(named).difference(RUNS):
        raise argparse.ArgumentTypeError(f"no run: {', '.join(sorted(unknown))}; there are {', '.join(RUNS)}")
    return named


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=names, default=list(RUNS), help=f"of {', '.join(RUNS)}")
    told, options = parser.parse_known_args()
    rows: list[Row] = []
    try:
        for number, name in enumerate(told.only, 1):
            print(f"{number} of {len(told.only)}: {name}", flush=True)  # noqa: T201 - for the person who waits
            rows.append(run(name, options))
    except KeyboardInterrupt:
        print(f"\nBroken off; {len(told.only) - len(rows)} runs are missing.")  # noqa: T201 - the result
        print(table(rows))  # noqa: T201 - the result
        sys.exit(130)
    print(f"\n{table(rows)}")  # noqa: T201 - the result
    sys.exit(exit_code(rows))


if __name__ == "__main__":
    main()
