"""The command line for tests of the gallery."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from greenroom.cli import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def greenroom(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Type a command: `greenroom("check", "bot.yaml")`."""

    def type_command(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["greenroom", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        return Said(code=int(left.value.code or 0), out=said.out, err=said.err)

    return type_command
