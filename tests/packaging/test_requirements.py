"""The locked requirements are those of pyproject.toml, and name no place to get them from."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)(.*)$", re.MULTILINE)
OURS = "greenroom"


def pins(path: Path) -> dict[str, list[Version]]:
    """Return the locked versions by name; several where platforms differ."""
    found: dict[str, list[Version]] = {}
    for name, version, _ in PIN.findall(path.read_text(encoding="utf-8")):
        found.setdefault(canonicalize_name(name), []).append(Version(version))
    return found


def asked_for_by_us(path: Path) -> set[str]:
    """Return the names that the lock file says pyproject.toml asks for."""
    entries = re.split(r"^(?=[A-Za-z0-9])", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {canonicalize_name(re.split(r"[=\[ ]", entry)[0]) for entry in entries if f"{OURS} (pyproject.toml" in entry}


def direct(lines: Iterable[str]) -> list[Requirement]:
    requirements = [Requirement(line) for line in lines]
    return [requirement for requirement in requirements if canonicalize_name(requirement.name) != OURS]


def needed_to_run(project: dict[str, Any]) -> list[Requirement]:
    return direct([*project["project"]["dependencies"], *project["dependency-groups"]["build"]])


def needed_by_tests(project: dict[str, Any]) -> list[Requirement]:
    extras = project["project"]["optional-dependencies"]
    wanted = [*extras["keyring"], *extras["testing"], *project["dependency-groups"]["dev"]]
    return [*needed_to_run(project), *direct(wanted)]


@pytest.mark.parametrize("name", ["run.txt", "test.txt", "container.txt", "build.txt"])
def test_lock_files_name_no_host_and_no_folder(root: Path, name: str) -> None:
    text = (root / "requirements" / name).read_text(encoding="utf-8")
    assert re.findall(r"^.*(?:://|--index|--extra-index|--find-links|@ ?file).*$", text, re.MULTILINE) == []


@pytest.mark.parametrize("name", ["run.txt", "test.txt", "container.txt", "build.txt"])
def test_every_locked_version_has_hashes(root: Path, name: str) -> None:
    text = (root / "requirements" / name).read_text(encoding="utf-8")
    entries = [entry for entry in re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE) if "==" in entry]
    assert len(entries) >= len(pins(root / "requirements" / name)) > 5
    assert [entry.split("\n")[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_what_runs_is_locked_as_pyproject_asks_for_it(root: Path, project: dict[str, Any]) -> None:
    path = root / "requirements" / "run.txt"
    assert {canonicalize_name(requirement.name) for requirement in needed_to_run(project)} == asked_for_by_us(path)
    locked = pins(path)
    for requirement in needed_to_run(project):
        assert all(version in requirement.specifier for version in locked[canonicalize_name(requirement.name)])


def test_what_tests_is_locked_as_pyproject_asks_for_it(root: Path, project: dict[str, Any]) -> None:
    locked = pins(root / "requirements" / "test.txt")
    for requirement in needed_by_tests(project):
        versions = locked[canonicalize_name(requirement.name)]
        assert all(version in requirement.specifier for version in versions)


def test_tests_run_on_the_very_versions_that_run(root: Path) -> None:
    test = pins(root / "requirements" / "test.txt")
    for name in ("run.txt", "container.txt", "build.txt"):
        run = pins(root / "requirements" / name)
        assert {name: test.get(name) for name in run} == run
