"""The crash test at a size for every run; `make crash` is the whole of it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from greenroom.faults import POINTS

CRASH = Path(__file__).parent / "crash.py"
SMALL = ("--mentions", "60", "--posts", "10", "--kills", "6")

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]


def crash(*options: str) -> tuple[int, dict[str, Any]]:
    """Run the crash test as anybody would; return its exit code and its result."""
    done = subprocess.run([sys.executable, str(CRASH), *options], capture_output=True, text=True, timeout=390)  # noqa: S603 - our own script
    assert done.stdout, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[0])
    return done.returncode, result


@pytest.mark.parametrize("idempotency", ["keyed", "keyed-window", "two_phase", "listed"])
def test_nothing_is_lost_or_doubled_however_the_bot_dies(idempotency: str) -> None:
    code, result = crash(*SMALL, "--idempotency", idempotency)
    assert code == 0, json.dumps(result)
    assert result["sent"] + result["dead"] == result["asked"]
    assert result["kills"] >= 6 + len(POINTS) // 2, result


def test_where_nothing_can_be_looked_up_posts_are_parked_and_never_doubled() -> None:
    code, result = crash(*SMALL, "--idempotency", "none", "--lose-answers", "0.2")
    assert code == 0, json.dumps(result)
    assert result["doubled"] == 0
    assert result["parked"] > 0
    assert result["sent"] + result["parked"] + result["dead"] >= result["asked"]


@pytest.mark.parametrize(("plant", "shows"), [("double", "doubled"), ("loss", "lost")])
def test_a_planted_bug_makes_the_crash_test_fail(plant: str, shows: str) -> None:
    code, result = crash(
        "--mentions", "80", "--posts", "4", "--kills", "8", "--plant", plant, "--lose-answers", "0.2", "--patience", "8"
    )
    assert code == 1, json.dumps(result)
    assert result[shows] > 0
