"""The repository speaks of the project alone: of no machine, no registry and no way of working."""

import re

import pytest

# Written in two parts, so that this file does not find itself.
LEFT_FOR_LATER = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|HA" + r"CK)\b")
MACHINE_PATH = re.compile(r"(?:^|[^\w.)}~-])/(?:work|farm|home/[a-z]\w*|Users/\w+|root|opt)/", re.MULTILINE)
REGISTRY = re.compile(r"py" + r"pi\.org|python" + r"hosted\.org|registry\.npm" + r"js|--(?:extra-)?index" + r"-url\b")
WAY_OF_WORKING = re.compile(
    r"\b(?:iss" + r"ue|sess" + r"ion|tick" + r"et|spr" + r"int) ?(?:no\. ?|#) ?\d+", re.IGNORECASE
)
BARE_IGNORE = re.compile(r"#\s*(?:type|pyright):\s*ignore(?!\[)|#\s*no" + r"qa(?!:)")
BARE_SKIP = re.compile(r"mark\.(?:skip|xfail)\b(?!if)(?!\([^)]*reason)|pytest\.skip\(\)")


def finds(pattern: re.Pattern[str], files: dict[str, str]) -> list[str]:
    """Return `file:line: what was found` of each match."""
    return [
        f"{name}:{text.count(chr(10), 0, found.start()) + 1}: {found[0].strip()}"
        for name, text in files.items()
        for found in pattern.finditer(text)
    ]


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(LEFT_FOR_LATER, id="nothing is left for later"),
        pytest.param(MACHINE_PATH, id="no absolute path of a machine"),
        pytest.param(WAY_OF_WORKING, id="no numbers of talks about the work"),
    ],
)
def test_no_tracked_file_speaks_of_anything_but_the_project(
    tracked_files: dict[str, str], pattern: re.Pattern[str]
) -> None:
    assert finds(pattern, tracked_files) == []


def test_no_tracked_file_names_a_registry(tracked_files: dict[str, str]) -> None:
    lock_options = {name: text.replace("--no-emit-index" + "-url", "") for name, text in tracked_files.items()}
    assert finds(REGISTRY, lock_options) == []


@pytest.mark.parametrize("pattern", [pytest.param(BARE_IGNORE, id="ignores"), pytest.param(BARE_SKIP, id="skips")])
def test_exceptions_from_a_rule_say_which_and_why(tracked_files: dict[str, str], pattern: re.Pattern[str]) -> None:
    assert finds(pattern, {name: text for name, text in tracked_files.items() if name.endswith(".py")}) == []


def test_the_top_level_holds_what_was_agreed_on(tracked_files: dict[str, str]) -> None:
    assert {name.split("/")[0] for name in tracked_files} <= {
        ".ci",
        ".gitignore",
        "CHANGELOG.md",
        "LICENSE",
        "Makefile",
        "README.md",
        "adapters",
        "bots",
        "config",
        "deploy",
        "docs",
        "pyproject.toml",
        "requirements",
        "tests",
    }
