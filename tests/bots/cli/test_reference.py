"""The help: complete, true, and quick."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer.main

from greenroom.cli.entry import app
from greenroom.cli.file_reference import file_references
from greenroom.cli.reference import reference

HEAVY = {"aiohttp", "openai", "pydantic", "rich", "yaml", "greenroom.app", "greenroom.settings", "greenroom.storage"}


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(commands(typer.main.get_command(app)))


def test_the_page_is_what_the_commands_say(pytestconfig: pytest.Config) -> None:
    page = (pytestconfig.rootpath / "docs" / "commands.md").read_text(encoding="utf-8")
    assert page == reference(), "write it anew: python -m greenroom.cli.reference > docs/commands.md"


def test_the_pages_of_the_two_files_are_what_their_models_say(pytestconfig: pytest.Config) -> None:
    for name, text in file_references().items():
        page = (pytestconfig.rootpath / "docs" / name).read_text(encoding="utf-8")
        assert page == text, "write them anew: python -m greenroom.cli.file_reference"


def test_every_key_of_the_two_files_is_explained_and_every_section_that_is_named_is_there() -> None:
    for text in file_references().values():
        rows = [line for line in text.splitlines() if line.startswith(("| `", "| **"))]
        assert len(rows) > 100
        assert not [row for row in rows if row.endswith("|  |")]
        headings = {line[3:].lower().replace(" ", "-") for line in text.splitlines() if line.startswith("## ")}
        assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_has_one_example_of_itself_and_describes_all_its_options(path: tuple[str, ...]) -> None:
    command = ALL[path]
    assert command.help.count("Example: ") == 1
    assert f"Example: greenroom {' '.join(path)}" in command.help
    assert all(parameter.help for parameter in command.params)
    assert len(command.get_short_help_str(100)) <= 60
    # typer would show the type of a value that has no name
    assert all(getattr(parameter, "is_flag", False) or parameter.metavar for parameter in command.params)


def test_a_group_of_commands_is_told_in_one_line_that_is_not_cut() -> None:
    groups = [one for one in typer.main.get_command(app).commands.values() if hasattr(one, "commands")]  # type: ignore[attr-defined]  # a group
    assert len(groups) > 4
    assert all(len(group.get_short_help_str(100)) <= 60 for group in groups)


WITHOUT_A_BOT = {("certificate",), ("stage",), ("schema",), ("new",), ("unpack",)}
"""They are about no bot that is there."""
WITHOUT_JSON = {("stage",)}
"""It serves, and says nothing but where."""


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_takes_the_bot_and_json_in_the_same_words(path: tuple[str, ...]) -> None:
    spelled = [tuple(parameter.opts) for parameter in ALL[path].params]
    assert (("--bot", "-b") in spelled) is (path not in WITHOUT_A_BOT)
    assert (("--json",) in spelled) is (path not in WITHOUT_JSON)


@pytest.mark.parametrize("path", [("--help",), ("-h",), *((*path, "--help") for path in ALL)], ids=" ".join)
def test_help_is_there_everywhere(greenroom: Callable[..., Any], path: tuple[str, ...]) -> None:
    said = greenroom(*path)
    assert said.code == 0
    assert "Usage: greenroom" in said.out
    assert "[[" not in said.out


def test_the_version_is_told(greenroom: Callable[..., Any]) -> None:
    assert greenroom("--version").out.startswith("greenroom ")


def test_help_and_completion_import_nothing_heavy() -> None:
    program = "import json, sys; import greenroom.cli; print(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - our own program
    assert not HEAVY & set(json.loads(ran.stdout))
