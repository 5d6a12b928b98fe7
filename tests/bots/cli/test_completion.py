"""A shell completes commands, bots and accounts."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


def completed(folder: Path, words: str) -> list[str]:
    """Return what a shell offers for the last of these words."""
    environment = {name: value for name, value in os.environ.items() if name != "GREENROOM_BOT"}
    typed = {"_GREENROOM_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    ran = subprocess.run(
        [sys.executable, "-m", "greenroom"],
        cwd=folder,
        env=environment | typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return ran.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("greenroom cal", {"calendar"}),
        ("greenroom held ans", {"answer"}),
        ("greenroom week b", {"bot"}),
        ("greenroom log --bot b", {"bot"}),
        ("greenroom queue list --bot de", {"demo"}),
        ("greenroom pause h", {"home"}),
        ("greenroom live x", set()),
    ],
)
def test_a_shell_completes_commands_bots_and_accounts(
    write_bot: Callable[..., Path], home: Path, words: str, offered: set[str]
) -> None:
    write_bot()
    assert set(completed(home, words)) == offered
