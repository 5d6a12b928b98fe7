"""The wheel holds both packages with all they need, and works in an environment of its own."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
import urllib.request
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest


def run(*command: str | Path, folder: Path) -> str:
    """Run a program in `folder`, away from the checkout; return what it printed, fail with it when it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(  # noqa: S603 - our own interpreters, with our own arguments
        [str(part) for part in command],
        cwd=folder,
        env={**environment, "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built as a publisher builds it, but with the tools that are installed."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, root, folder=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program `greenroom` of a fresh environment; the project's dependencies are borrowed from this one."""
    folder = tmp_path_factory.mktemp("installed")
    venv.EnvBuilder(with_pip=False, symlinks=os.name == "posix").create(folder)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    run(
        *(sys.executable, "-m", "pip", "--python", programs / "python", "--quiet", "--disable-pip-version-check"),
        *("install", "--no-deps", "--no-index", wheel),
        folder=folder,
    )
    packages = run(
        programs / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder
    ).strip()
    # A path file inside that folder is not followed: the checkout itself stays out of reach.
    (Path(packages) / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return programs / "greenroom"


def test_the_wheel_holds_every_file_of_both_packages_and_nothing_else(root: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    sources = [(root / "bots", "greenroom"), (root / "adapters", "greenroom_adapters")]
    expected = {
        path.relative_to(top).as_posix()
        for top, package in sources
        for path in (top / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == expected
    assert {"greenroom/py.typed", "greenroom_adapters/py.typed"} <= names
    assert any(name.endswith(".html") for name in names)
    assert any("/static/" in name for name in names)


def test_the_wheel_says_where_platforms_and_the_command_are(wheel: Path, project: dict[str, Any]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (entry_points,) = [name for name in archive.namelist() if name.endswith("/entry_points.txt")]
        text = archive.read(entry_points).decode()
        licences = [name for name in archive.namelist() if name.endswith("/LICENSE")]
    assert "greenroom = greenroom.cli:main" in text
    points = project["project"]["entry-points"]["greenroom.adapters"]
    told = "".join(f"{name} = {target}\n" for name, target in sorted(points.items()))
    assert f"[greenroom.adapters]\n{told}\n" in text
    assert len(licences) == 1


def test_the_installed_command_says_its_version_anywhere(
    installed: Path, project: dict[str, Any], tmp_path: Path
) -> None:
    assert run(installed, "--version", folder=tmp_path).strip() == f"greenroom {project['project']['version']}"
    assert list(tmp_path.iterdir()) == []


def test_the_installed_command_explains_itself_anywhere(installed: Path, tmp_path: Path) -> None:
    told = run(installed, "--help", folder=tmp_path)
    assert "Usage: greenroom" in told
    assert " run " in told


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal that Windows has not")
def test_the_installed_command_runs_the_demo_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    printed: list[str] = []
    with socket.socket() as taken, contextlib.ExitStack() as stack:
        # the usual port; where somebody else has it, that is as good
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        is_ours = False
        with contextlib.suppress(OSError):
            taken.bind(("127.0.0.1", 8765))
            taken.listen()
            is_ours = True
        bot = stack.enter_context(
            subprocess.Popen(  # noqa: S603 - our own program
                [installed, "run"],
                cwd=tmp_path,
                env={name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GREENROOM"))},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        stack.callback(bot.kill)
        watch = threading.Timer(240, bot.kill)
        stack.callback(watch.cancel)
        watch.start()
        assert bot.stdout is not None
        for line in bot.stdout:
            printed.append(line)
            if "connected" in line:
                (address,) = re.findall(r"http://127\.0\.0\.1:\d+", "".join(printed))
                assert not (is_ours and address.endswith(":8765")), "it takes the next free one"
                with urllib.request.urlopen(address, timeout=60) as page:  # noqa: S310 - on this machine
                    assert page.status == 200
                bot.send_signal(signal.SIGINT)
        bot.wait()
    assert bot.returncode == 0, "".join(printed)
    assert printed[-1] == "Stopped.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["data"], "all state lies in one folder"


def test_every_entry_point_of_the_installed_project_loads(installed: Path, tmp_path: Path) -> None:
    program = """
import importlib.metadata, pathlib, sys
for point in importlib.metadata.distribution("greenroom").entry_points:
    point.load()
    origin = pathlib.Path(sys.modules[point.module].__file__)
    assert origin.is_relative_to(sys.prefix), origin
    print(point.group, point.name)
"""
    told = run(installed.with_name("python"), "-c", program, folder=tmp_path)
    assert {"console_scripts greenroom", "greenroom.adapters stage"} <= set(told.splitlines())
