"""What the tests of the ledger share: a clock, a ledger, and programs that run in processes of their own."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from greenroom.storage import SqliteLedger
from greenroom.testing import ManualClock

Program = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ada.db"


@pytest.fixture
def ledger(path: Path, clock: ManualClock) -> SqliteLedger:
    """The runner's ledger, not entered."""
    return SqliteLedger(path, bot="ada", clock=clock)


@pytest.fixture
def run_program(tmp_path: Path) -> Program:
    """Run the lines of a program with arguments, behind a command such as `unshare`, and return how it ended."""

    def run(lines: str, *arguments: object, behind: Sequence[str] = ()) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(  # noqa: S603 - our own interpreter and lines
            [*behind, sys.executable, "-c", lines, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(part for part in sys.path if part),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
        )

    return run
