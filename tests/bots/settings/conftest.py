"""A folder to write bot files in, and a platform of many settings."""

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

from greenroom.settings import BotFile, Platforms, load_bot
from greenroom_adapters.contract import ConfigurationError, Secret
from greenroom_adapters.stage import StageAdapter

HEAD = "bot: ada\npersona: ada.yaml\naccounts: {home: harbour}\n"
"""Three lines that every bot file needs; what a test adds begins in line 4."""


class Flag(enum.StrEnum):
    """A word of the platform."""

    RED = "red"
    GREEN = "green"


@dataclass(frozen=True, slots=True, kw_only=True)
class HarbourSettings:
    """An account in the harbour."""

    server: str = "http://127.0.0.1:1"
    """Address of the harbour."""
    token: Secret | None = None
    """What the harbour master handed out."""
    keys: tuple[Secret, ...] = ()
    berths: tuple[str, ...] = ()
    patience: timedelta = timedelta(seconds=30)
    depth: int = 3
    tide: float = 0.5
    lit: bool = False
    flag: Flag = Flag.RED
    side: Literal["port", "starboard"] = "port"
    chart: Path | None = None
    buoys: tuple[str, ...] = field(default_factory=tuple)


class HarbourAdapter(StageAdapter):
    """A platform with a setting of every kind."""

    platform: ClassVar[str] = "harbour"
    Settings: ClassVar[type[Any]] = HarbourSettings


@pytest.fixture(scope="session")
def harbour() -> type[HarbourAdapter]:
    return HarbourAdapter


@pytest.fixture(scope="session")
def platforms() -> Platforms:
    return Platforms.of(HarbourAdapter, StageAdapter)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    (tmp_path / "lights.jpg").write_bytes(b"")
    return tmp_path


@pytest.fixture
def load(folder: Path, platforms: Platforms) -> Callable[[str], BotFile]:
    """Load what stands below the three lines that every bot file needs."""

    def load_text(text: str) -> BotFile:
        path = folder / "bot.yaml"
        path.write_text(HEAD + text, encoding="utf-8")
        return load_bot(path, platforms=platforms)

    return load_text


@pytest.fixture
def mistakes(folder: Path, platforms: Platforms) -> Callable[[str], list[str]]:
    """Return what is wrong with a whole bot file, each as `line:column: reason`."""

    def of_text(text: str) -> list[str]:
        path = folder / "bot.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigurationError) as caught:
            load_bot(path, platforms=platforms)
        lines = str(caught.value).replace(f"{folder}/", "").splitlines()
        assert all(line.startswith("bot.yaml:") for line in lines)
        return [line.removeprefix("bot.yaml:") for line in lines]

    return of_text
