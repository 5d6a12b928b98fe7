"""What README.md and docs/ show is run, loaded and compared; what they name exists.

- A block whose first line is a comment with a file name (`# bots/ada.yaml`, `# guestbook.py`) is that file: it is
  written into the document's folder. A `yaml` block is loaded as the bot, the persona or the script that it is. One
  without a name is loaded too; when it is none of these, it is a part of a bot file.
- A `console` block is typed: each line that begins with `$ ` is run in the document's folder, in order, and what the
  block shows below is compared with what was printed; `...` stands for anything. Nothing shown: nothing compared.
- An `sh` block of README.md, of a page to start from, or of those on running for long is typed line by line, as by
  somebody in an empty folder without a terminal: every command ends well; what runs until Ctrl-C gets its Ctrl-C when
  its account is connected. `make` is left out, and so is `podman`, whose image `make image` builds and runs. What `pip`
  would get from an index is one of our extras. The page on several machines has a server of PostgreSQL.
- A `python` block without a name is run as a program in that folder. A block of any other language is text.
- What `pip` installs there is known to the blocks below, and to no other document.
"""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import tomllib
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from postgres import Postgres

from greenroom.cli.choosing import demo_file
from greenroom.generation.script import load_script
from greenroom.personas import load_persona
from greenroom.settings import load_bot
from greenroom.settings.loader import load_model
from greenroom.settings.prices import PriceFile

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

FENCED = re.compile(r"^(?P<fence>```+)(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=fence)[ ]*$", re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r"# ([\w./-]+\.(?:yaml|py|toml))\b")
FILES = frozenset({"yaml", "python", "toml"})
COMMAND = re.compile(r"(?:^|[`\s])greenroom ((?!run\b)[a-z][a-z-]*)(?=[ `\n])")
TARGET = re.compile(r"`make ([a-z]+)|^make ([a-z]+)", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")

TYPED = re.compile(r"(README|start-.*|deploy|observing|scale)\.md")
WITH_A_BOT = frozenset({"observing.md", "scale.md"})
"""Pages for who has a bot already."""
OF_AN_INDEX = re.compile(r"greenroom\[([\w,]+)\]")
DATABASE = "postgresql://greenroom@db.example/greenroom"
"""A server in an example; where that is run, a real one."""
EXTRAS = set(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"])
SMALLEST_BOT = {"bot": "ada", "persona": "ada.yaml", "accounts": {"home": "stage"}, "answer": "mentions"}
SMALLEST_PERSONA = "persona: Ada\nwho: keeps the lighthouse\nvoice: dry and kind\n"
LONGEST_COMMAND_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block of a document."""

    line: int
    language: str
    text: str


def blocks(document: Path) -> list[Block]:
    source = document.read_text(encoding="utf-8")
    return [
        Block(line=source.count("\n", 0, found.start()) + 1, language=found["language"], text=found["text"])
        for found in FENCED.finditer(source)
    ]


def name_of(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Where `pip` installs what a document builds."""
    return tmp_path / ".installed"


@pytest.fixture
def environment(tmp_path: Path, installed: Path) -> dict[str, str]:
    """An environment in which `greenroom` is the one under test, `pip` asks no index, and no key is known."""
    programs = tmp_path / ".programs"
    programs.mkdir()
    for name, options in (("greenroom", "-m greenroom"), ("pip", "-m pip"), ("python", "")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {options} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    inherited = {name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_TOKEN"))}
    return {
        **inherited,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "bots"), str(ROOT / "adapters"), str(installed)]),
        "PIP_TARGET": str(installed),
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads it the other way round: without isolation
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "COLUMNS": "120",
        "TERM": "dumb",
        "NO_COLOR": "1",
    }


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_what_a_document_shows_is_so(
    document: Path, tmp_path: Path, installed: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(installed)
    folder = tmp_path / "folder"
    folder.mkdir()
    everything = blocks(document)
    if document.name in WITH_A_BOT:
        begin_with_a_bot(folder, environment)
    named = [block for block in everything if block.language in FILES and FILE_NAME.match(block.text)]
    for block in named:
        write_named(block, folder)
    for block in everything:
        match block.language:
            case "python" | "toml" if block in named:
                pass
            case "yaml" if block in named:
                load(folder / FILE_NAME.match(block.text)[1])  # type: ignore[index]  # it matched above
            case "yaml":
                load_unnamed(block, tmp_path)
            case "console":
                type_in(block, folder, environment)
            case "sh" if TYPED.fullmatch(document.name):
                with database_for(block) as real:
                    type_lines(real, folder, environment)
            case "python":
                run([sys.executable, "-c", block.text], folder, environment, expected_code=0)


def begin_with_a_bot(folder: Path, environment: dict[str, str]) -> None:
    """Make the smallest bot, and its ledger."""
    (folder / "ada.yaml").write_text(SMALLEST_PERSONA, encoding="utf-8")
    (folder / "ada-bot.yaml").write_text(yaml.safe_dump(SMALLEST_BOT), encoding="utf-8")
    run(["greenroom", "post", "Lit.", "--at", "2099-01-01 08:00", "--bot", "ada"], folder, environment, expected_code=0)


@contextlib.contextmanager
def database_for(block: Block) -> Generator[Block]:
    """Have a server where a block speaks of one, and its address in the block."""
    if DATABASE not in block.text:
        yield block
        return
    server = Postgres()
    server.start()
    try:
        yield replace(block, text=block.text.replace(DATABASE, server.url))
    finally:
        server.close()


PICTURE = re.compile(r"file: ([\w-]+\.(?:jpg|png|mp4))")
"""A picture that an example names; the reader has one."""


def write_named(block: Block, folder: Path) -> None:
    found = FILE_NAME.match(block.text)
    assert found is not None
    path = folder / found[1]
    assert path.resolve().is_relative_to(folder.resolve()), f"line {block.line}: {found[1]} is outside of the folder"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, encoding="utf-8")


def load(path: Path) -> None:
    """Load a bot, a persona, a script or a list of prices, whichever the file is; a part of a bot file with the rest of
    the smallest."""
    text = path.read_text(encoding="utf-8")
    for picture in PICTURE.findall(text):
        (path.parent / picture).touch()
    value: Any = yaml.safe_load(text)
    assert isinstance(value, dict), f"{path.name}: neither a file nor a part of one"
    if "who" in value:
        load_persona(path)
    elif "rules" in value:
        load_script(path)
    elif "tokens" in value:
        load_model(PriceFile, path)
    else:
        rest = {key: default for key, default in SMALLEST_BOT.items() if key not in value}
        if "bot" not in value:
            path.write_text(path.read_text(encoding="utf-8") + yaml.safe_dump(rest), encoding="utf-8")
        load_bot(path)


def load_unnamed(block: Block, tmp_path: Path) -> None:
    (tmp_path / "ada.yaml").write_text(SMALLEST_PERSONA, encoding="utf-8")
    path = tmp_path / f"line-{block.line}.yaml"
    path.write_text(block.text, encoding="utf-8")
    load(path)


def type_in(block: Block, folder: Path, environment: dict[str, str]) -> None:
    """Run the commands of a block; a command goes on in the next line behind a backslash."""
    shown = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert not shown[0].strip(), f"line {block.line}: output before the first command"
    for entry in shown[1:]:
        command, _, expected = entry.replace("\\\n", " ").partition("\n")
        printed = run(["/bin/sh", "-c", command], folder, environment, expected_code=None)
        if expected.strip():
            assert matches(expected, printed), f"line {block.line}: $ {command}\n{printed}"


def run(command: list[str], folder: Path, environment: dict[str, str], *, expected_code: int | None) -> str:
    done = subprocess.run(  # noqa: S603 - what our own documents show
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST_COMMAND_S,
        check=False,
    )
    assert "Traceback (most recent call last)" not in done.stdout, done.stdout
    assert expected_code is None or done.returncode == expected_code, done.stdout
    return done.stdout


def type_lines(block: Block, folder: Path, environment: dict[str, str]) -> None:
    for line in block.text.splitlines():
        command = shlex.split(line, comments=True)
        if command[:2] == ["greenroom", "run"]:
            start_and_stop(command, folder, environment)
        elif command[:2] == ["pip", "install"] and (ours := OF_AN_INDEX.fullmatch(command[-1])):
            assert set(ours[1].split(",")) <= EXTRAS
        elif command and command[0] not in ("make", "podman", "."):
            # `make` and `podman` would do more than try a page, and `.` finds a program that is found here already
            run(command, folder, environment, expected_code=0)


def start_and_stop(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Run a bot until its account is connected, then press Ctrl-C."""
    printed: list[str] = []
    with subprocess.Popen(  # noqa: S603 - what our own documents show
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as bot:
        assert bot.stdout is not None
        watch = threading.Timer(LONGEST_COMMAND_S, bot.kill)
        watch.start()
        try:
            for line in bot.stdout:
                printed.append(line)
                if "connected" in line:
                    bot.send_signal(signal.SIGINT)
            bot.wait()
        finally:
            watch.cancel()
    assert bot.returncode == 0, "".join(printed)
    assert any("connected" in line for line in printed), "".join(printed)
    assert printed[-1] == "Stopped.\n"


def matches(expected: str, printed: str) -> bool:
    """Tell whether `printed` is `expected`, in which `...` stands for anything; space at line ends does not count."""
    pieces = (re.escape(piece) for piece in _trimmed(expected).split("..."))
    return re.fullmatch(".*?".join(pieces), _trimmed(printed), re.DOTALL) is not None


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def test_the_bots_of_the_readme_share_no_ledger_with_the_demo() -> None:
    demo = yaml.safe_load(demo_file().read_text(encoding="utf-8"))["bot"]
    named = [yaml.safe_load(block.text) for block in blocks(ROOT / "README.md") if block.language == "yaml"]
    assert demo not in [value.get("bot") for value in named]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_what_a_document_links_to_exists(document: Path) -> None:
    missing = [
        target
        for target in LINK.findall(document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
    assert missing == []


def test_the_table_of_contents_leads_to_every_page() -> None:
    contents = ROOT / "docs" / "README.md"
    named = {(contents.parent / target).resolve() for target in LINK.findall(contents.read_text(encoding="utf-8"))}
    assert set(contents.parent.glob("*.md")) - named == {contents}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_make_target_that_a_document_names_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = document.read_text(encoding="utf-8")
    named = {first or second for first, second in TARGET.findall(text)}
    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_command_that_a_document_names_exists(document: Path) -> None:
    from greenroom.cli.entry import app  # here: without it the other tests of this module still run

    names = [command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands]
    names += [str(group.name) for group in app.registered_groups]
    known = {str(name).strip("_").replace("_", "-") for name in names}
    text = document.read_text(encoding="utf-8")
    # one that it shows as a mistake is run like all others, and answered so
    mistaken = set(re.findall(r"No such command '([a-z-]+)'", text))
    assert set(COMMAND.findall(text)) - mistaken <= known


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("a\nb", "a  \nb\n", True),
        ("a\n...\nc", "a\nb\nb\nc", True),
        ("port ...", "port 8080", True),
        ("a", "a\nb", False),
        ("a.c", "abc", False),
        ("...b", "a", False),
    ],
)
def test_dots_stand_for_anything_and_nothing_else_does(expected: str, printed: str, *, same: bool) -> None:
    assert matches(expected, printed) is same


def test_a_command_that_fails_in_a_readme_is_noticed(tmp_path: Path, environment: dict[str, str]) -> None:
    for wrong in ("greenroom check nowhere.yaml", "greenroom run nowhere", "greenroom nwe"):
        with pytest.raises(AssertionError):
            type_lines(Block(line=1, language="sh", text=f"make run\n{wrong} # a comment\n"), tmp_path, environment)


def test_an_output_that_is_shown_wrongly_is_noticed(tmp_path: Path, environment: dict[str, str]) -> None:
    type_in(Block(line=1, language="console", text="$ echo lit\nlit\n$ echo any\n"), tmp_path, environment)
    with pytest.raises(AssertionError, match="echo lit"):
        type_in(Block(line=1, language="console", text="$ echo lit\ndark\n"), tmp_path, environment)


def test_the_readme_lists_every_command_and_no_other() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^((?:`[a-z-]+` ?)+): each with `--help`", text, re.MULTILINE)
    commands = re.findall(r"^## `greenroom ([a-z-]+)", (ROOT / "docs" / "commands.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(re.findall(r"`([a-z-]+)`", line)) == sorted(set(commands))
