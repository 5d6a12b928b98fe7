"""A real Stage in a process of its own, to look at its page."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest


def started(data: Path, stack: ExitStack, *options: str) -> tuple[str, subprocess.Popen[str]]:
    """Start a Stage and return its address and process; the stack stops it."""
    command = [sys.executable, "-m", "greenroom_adapters.stage", "--data", str(data), "--with-parent", *options]
    # S603: our own module, with our own arguments
    process = stack.enter_context(
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
    )
    stack.callback(process.terminate)
    assert process.stdout is not None
    word, _, ready = process.stdout.readline().partition(" ")
    assert word == "READY"
    return json.loads(ready)["url"], process


@pytest.fixture(scope="session")
def stage_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Stage that all tests share; each brings people of its own."""
    with ExitStack() as stack:
        yield started(tmp_path_factory.mktemp("stage") / "stage.db", stack)[0]


@pytest.fixture
def start_stage(tmp_path: Path) -> Iterator[Callable[..., tuple[str, subprocess.Popen[str]]]]:
    """A function that starts a Stage of the test's own, with options of the command line."""
    with ExitStack() as stack:
        yield lambda *options: started(tmp_path / "stage.db", stack, *options)
