"""Which bot a command is about."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenroom.cli.choosing import choose, demo_file
from greenroom_adapters.contract import ConfigurationError


def test_an_empty_folder_has_the_demo_whose_state_lies_in_that_folder(home: Path) -> None:
    chosen = choose(None)
    assert chosen.path == demo_file()
    assert chosen.file().store == home / "data" / "ada.db"


def test_the_only_bot_of_the_folder_is_meant_and_no_other_yaml_file(home: Path, write_bot: Callable[..., Path]) -> None:
    write_bot()
    (home / "compose.yaml").write_text("services:\n  bot: {image: x}\n", encoding="utf-8")
    assert choose(None).path == Path("bot.yaml")


def test_bots_of_the_configuration_folder_are_found_by_name(home: Path, write_bot: Callable[..., Path]) -> None:
    folder = home / "config" / "bots"
    folder.mkdir(parents=True)
    write_bot().rename(folder / "lamp.yaml")
    assert choose(None).path == Path("config") / "bots" / "lamp.yaml"
    assert choose("lamp").path == Path("config") / "bots" / "lamp.yaml"
    assert choose("demo").is_demo


def test_among_several_run_takes_the_demo_and_the_others_ask(home: Path, write_bot: Callable[..., Path]) -> None:
    text = write_bot().read_text(encoding="utf-8")
    (home / "second.yaml").write_text(text, encoding="utf-8")
    assert choose(None, demo_among_several=True).is_demo
    with pytest.raises(ConfigurationError, match="which bot"):
        choose(None)
    (home / "data").mkdir()
    (home / "data" / "ada.db").touch()
    assert choose(None).is_demo


def test_the_environment_can_name_the_bot(
    greenroom: Callable[..., Any], home: Path, write_bot: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bot().rename(home / "elsewhere.yml")
    monkeypatch.setenv("GREENROOM_BOT", "elsewhere.yml")
    assert greenroom("check", "--offline").out.startswith("elsewhere.yml: ")
