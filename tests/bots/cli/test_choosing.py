"""Which bot a command is about."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import greenroom as package
from greenroom.cli.choosing import Chosen, choose, demo_file
from greenroom.clock import SystemClock
from greenroom.storage import SqliteLedger
from greenroom_adapters.contract import ConfigurationError


def test_an_empty_folder_has_the_demo_whose_state_lies_in_that_folder(home: Path) -> None:
    chosen = choose(None)
    assert chosen.path == demo_file()
    assert chosen.file().store == home / "data" / "demo.db"


def test_the_demo_is_itself_also_by_its_path_where_a_link_leads_to_what_is_installed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = home.parent / "link"
    link.symlink_to(demo_file().parents[2])
    monkeypatch.setattr(package, "__file__", str(link / "__init__.py"))
    assert choose(str(demo_file())).file().store == home / "data" / "demo.db"


def test_the_demo_shares_nothing_with_an_ada_of_the_same_folder(home: Path, write_bot: Callable[..., Path]) -> None:
    own = choose(str(write_bot())).file()
    demo = choose("demo").file()
    assert own.bot == demo.bot
    assert own.home.resolve() != demo.home.resolve()


def test_the_only_bot_of_the_folder_is_meant_and_no_other_yaml_file(home: Path, write_bot: Callable[..., Path]) -> None:
    write_bot()
    (home / "compose.yaml").write_text("services:\n  bot: {image: x}\n", encoding="utf-8")
    assert choose(None).path == Path("bot.yaml")


@pytest.mark.parametrize("first", ["bott: ada", "bot ada", "Bot: ada", ""])
def test_a_bot_file_whose_first_word_is_wrong_is_still_the_one_that_is_meant(
    greenroom: Callable[..., Any], home: Path, write_bot: Callable[..., Path], first: str
) -> None:
    text = write_bot().read_text(encoding="utf-8")
    (home / "bot.yaml").unlink()
    (home / "ada-bot.yaml").write_text(text.replace("bot: ada", first), encoding="utf-8")
    assert choose(None).path == Path("ada-bot.yaml")
    told = greenroom("check", "--offline")
    assert told.code == 1
    assert "ada-bot.yaml" in told.err


def test_bots_of_the_configuration_folder_are_found_by_name(home: Path, write_bot: Callable[..., Path]) -> None:
    folder = home / "config" / "bots"
    folder.mkdir(parents=True)
    write_bot().rename(folder / "lamp.yaml")
    assert choose(None).path == Path("config") / "bots" / "lamp.yaml"
    assert choose("lamp").path == Path("config") / "bots" / "lamp.yaml"
    assert choose("demo").is_demo


def test_among_several_nobody_is_taken_but_the_demo_that_has_run_there(
    home: Path, write_bot: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    text = write_bot().read_text(encoding="utf-8")
    (home / "second.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"which bot.*bot\.yaml, second\.yaml.*`demo`"):
        choose(None)
    (home / "data").mkdir()
    (home / "data" / "demo.db").touch()
    assert capsys.readouterr().err == ""
    assert choose(None).is_demo
    said = " ".join(capsys.readouterr().err.split())
    assert said == (
        "This is about the demo, which has run in this folder. To ask about another one name it: bot.yaml, second.yaml"
    ), "whom nobody named is named, and nothing is wrong"


def test_the_environment_can_name_the_bot(
    greenroom: Callable[..., Any], home: Path, write_bot: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bot().rename(home / "elsewhere.yml")
    monkeypatch.setenv("GREENROOM_BOT", "elsewhere.yml")
    assert greenroom("check", "--offline").out.startswith("elsewhere.yml: ")


def test_among_several_the_one_that_runs_is_meant(home: Path, write_bot: Callable[..., Path]) -> None:
    text = write_bot().read_text(encoding="utf-8")
    (home / "second.yaml").write_text(text.replace("bot: ada", "bot: ben"), encoding="utf-8")
    (home / "data").mkdir()

    async def while_it_runs() -> Path:
        async with SqliteLedger(home / "data" / "ben.db", bot="ben", clock=SystemClock()):
            return choose(None).path

    assert asyncio.run(while_it_runs()) == Path("second.yaml")


def test_a_command_does_not_take_the_demo_for_another_bot_that_runs_beside_it(
    home: Path, write_bot: Callable[..., Path]
) -> None:
    text = write_bot().read_text(encoding="utf-8")
    for name in ("ben", "cleo"):
        (home / f"{name}.yaml").write_text(text.replace("bot: ada", f"bot: {name}"), encoding="utf-8")
    (home / "bot.yaml").unlink()
    (home / "data").mkdir()

    async def while_both_run() -> None:
        clock = SystemClock()
        demo = SqliteLedger(home / "data" / "demo.db", bot="ada", clock=clock)
        async with demo, SqliteLedger(home / "data" / "ben.db", bot="ben", clock=clock):
            choose(None)

    with pytest.raises(ConfigurationError, match=r"These run: ben.yaml, demo. Name one"):
        asyncio.run(while_both_run())


@pytest.mark.parametrize("given", ["near", "near/", "./near", "far"])
def test_a_folder_with_one_bot_in_it_names_that(home: Path, write_bot: Callable[..., Path], given: str) -> None:
    bot = write_bot()
    (home / "near").mkdir()
    (home / "near" / "bot.yaml").write_bytes(bot.read_bytes())
    (home / "near" / "persona.yaml").write_bytes((home / "persona.yaml").read_bytes())
    (home / "far" / "config" / "bots").mkdir(parents=True)
    (home / "far" / "config" / "bots" / "ada.yaml").write_bytes(bot.read_bytes())
    path = Path("far/config/bots/ada.yaml") if given == "far" else Path("near/bot.yaml")
    assert choose(given) == Chosen(path=path, is_demo=False)


def test_a_bot_goes_before_a_folder_of_its_name(home: Path, write_bot: Callable[..., Path]) -> None:
    write_bot()
    (home / "ada").mkdir()
    assert choose("ada").path == Path("bot.yaml")


def test_a_folder_with_no_bot_or_several_is_told_as_one(
    home: Path, write_bot: Callable[..., Path], greenroom: Callable[..., Any]
) -> None:
    bot = write_bot()
    (home / "some").mkdir()
    said = greenroom("run", "some/")
    assert (said.code, said.err) == (1, "error: some is a folder, and there is no bot in it\n")
    for name in ("a", "b"):
        (home / "some" / f"{name}.yaml").write_bytes(bot.read_bytes())
    told = greenroom("check", "some").err
    assert told == "error: some is a folder, and there are several bots in it: some/a.yaml, some/b.yaml. Name one\n"
