"""Who may import whom, beyond what import-linter sees; and which names a package offers."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ADAPTERS = ROOT / "adapters" / "greenroom_adapters"
BOTS = ROOT / "bots" / "greenroom"
NO_PLATFORMS = {
    "contract",
    "media",
    "meta",
    "recognising",
    "remembering",
    "testing",
    "text",
    "transport",
    "web",
    "webhooks",
}
OPEN_TO_BOTS = {"contract", "media", "text", "web", "webhooks"}
OPEN_TO_TESTS_OF_BOTS = OPEN_TO_BOTS | {"testing"}
PLATFORM_NAMES = {
    "bluesky", "discord", "facebook", "instagram", "mastodon", "nostr", "reddit", "slack", "telegram", "tiktok",
    "twitter",
}  # fmt: skip
"""Those that mean nothing else: `x`, `matrix` and `threads` are words of ours too."""


def packages() -> list[Path]:
    return sorted([*BOTS.rglob("__init__.py"), *ADAPTERS.rglob("__init__.py")])


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, f"{path}: a relative import"
            yield node.module


def open_to(path: Path) -> set[str]:
    """What a module of the bots may know of the adapters; only its test tools may know theirs."""
    return OPEN_TO_TESTS_OF_BOTS if path.is_relative_to(BOTS / "testing") else OPEN_TO_BOTS


def platforms() -> set[str]:
    return {folder.parent.name for folder in ADAPTERS.glob("*/__init__.py")} - NO_PLATFORMS


def contracts() -> list[dict[str, Any]]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        found: list[dict[str, Any]] = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    return found


@pytest.mark.parametrize("path", sorted((ADAPTERS / "contract").rglob("*.py")), ids=lambda path: path.stem)
def test_the_contract_imports_the_standard_library_and_itself_alone(path: Path) -> None:
    foreign = {
        module
        for module in imported_modules(path)
        if module.split(".")[0] not in sys.stdlib_module_names and not module.startswith("greenroom_adapters.contract")
    }
    assert foreign == set()


def test_bots_import_nothing_of_the_adapters_but_what_is_open_to_them() -> None:
    strangers = {
        (name_of(path), module)
        for path in BOTS.rglob("*.py")
        for module in imported_modules(path)
        if module.startswith("greenroom_adapters.") and module.split(".")[1] not in open_to(path)
    }
    assert strangers == set()


def test_bots_know_no_platform_by_its_name() -> None:
    named = {
        (name_of(path), node.value)
        for path in BOTS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lower() in PLATFORM_NAMES
    }
    assert named == set()


def test_every_platform_is_found_by_its_own_name(project: dict[str, Any]) -> None:
    points = project["project"]["entry-points"]["greenroom.adapters"]
    assert set(points) == platforms()
    assert all(target.startswith(f"greenroom_adapters.{name}:") for name, target in points.items())


@pytest.mark.parametrize("source", ["greenroom", "greenroom_adapters.contract"])
def test_the_rule_against_platforms_names_every_one(source: str) -> None:
    (rule,) = [rule for rule in contracts() if rule["type"] == "forbidden" and rule["source_modules"] == [source]]
    assert {f"greenroom_adapters.{name}" for name in platforms()} <= set(rule["forbidden_modules"])


def test_platforms_are_kept_apart_as_soon_as_there_are_two() -> None:
    apart = [set(rule["modules"]) for rule in contracts() if rule["type"] == "independence"]
    if len(platforms()) > 1:
        assert {f"greenroom_adapters.{name}" for name in platforms()} in apart


@pytest.mark.parametrize("path", packages(), ids=name_of)
def test_a_package_offers_what_it_imports_in_order(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "its first line says what the package is for"
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("greenroom")
        for alias in node.names
    }
    if imported:
        offered = declared_names(tree)
        assert set(offered) == imported
        assert offered == sorted(offered, key=constants_then_classes_then_functions)


def declared_names(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            names: list[str] = ast.literal_eval(node.value)
            return names
    return []


def constants_then_classes_then_functions(name: str) -> tuple[int, str]:
    if name.isupper():
        return 0, name
    return (1 if name[0].isupper() else 2), name
