"""The crash test at a size for every run; `make crash` is the whole of it."""

import json
from typing import Any

import pytest
from crash_verdict import broken, unshown
from crashing import crash
from stage_network import UNREACHABLE

from greenroom.faults import POINTS

SMALL = ("--mentions", "45", "--posts", "8", "--kills", "4", "--lose-answers", "0.15")
"""So few writes need a larger share of lost answers, or some runs lose none and show nothing."""

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(400),
    pytest.mark.flaky(reruns=0),  # a broken promise is never tried again
]

SOUND: dict[str, Any] = {
    "idempotency": "keyed",
    "asked": 110,
    "sent": 110,
    "lost": 0,
    "doubled": 0,
    "parked": 0,
    "dead": 0,
    "parked without a try in doubt": 0,
    "unasked": 0,
    "strange": 0,
    "generations": 103,
    "generations repeated after they were stored": 0,
    "mentions": 100,
    "kills": 40,
    "kills over open work": 30,
    "kills of the server": 2,
    "kills of the server over open work": 1,
    "tries in doubt after a kill": 12,
    "restarts after a key's window": 0,
    "answers lost": 6,
    "answers to lose": 0.05,
    "sent before the drain": 60,
    "posts left for the drain": 2,
    "points not reached": {"after_checkpoint": "there is only one phase"},
}
"""A result that proves the promise."""


@pytest.mark.parametrize("idempotency", ["keyed", "keyed-window", "two_phase", "listed"])
def test_nothing_is_lost_or_doubled_however_the_bot_dies(idempotency: str) -> None:
    code, result = crash(*SMALL, "--idempotency", idempotency)
    assert code == 0, json.dumps(result)
    assert result["sent"] == result["asked"]
    assert result["kills"] >= 4 + len(POINTS) - len(result["points not reached"])


def test_where_nothing_can_be_looked_up_posts_are_parked_and_never_doubled() -> None:
    code, result = crash(*SMALL, "--idempotency", "none", "--lose-answers", "0.2")
    assert code == 0, json.dumps(result)
    assert result["doubled"] == 0
    assert result["parked"] > 0
    assert result["sent"] + result["parked"] >= result["asked"]


@pytest.mark.flaky(reruns=2)  # whether a kill falls where the planted bug shows is up to chance
@pytest.mark.parametrize(
    ("plant", "idempotency", "shows"),
    [("double", "keyed", "doubled"), ("loss", "keyed", "lost"), ("trust", "keyed-window", "doubled")],
)
def test_a_planted_bug_makes_the_crash_test_fail(plant: str, idempotency: str, shows: str) -> None:
    code, result = crash(
        *("--mentions", "80", "--posts", "4", "--kills", "8", "--lose-answers", "0.2", "--patience", "8"),
        *("--plant", plant, "--idempotency", idempotency, "--points", ",".join(["after_inbox_insert"] * 3)),
    )
    assert code == 1, json.dumps(result)
    assert result[shows] > 0
    # what the bot itself says of what is missing
    assert bool(result["left over"]) == bool(result["lost"])


def test_a_run_that_met_everything_and_broke_nothing_holds() -> None:
    for result in (SOUND, SOUND | {"idempotency": "none", "sent": 104, "parked": 6}):
        assert broken(result) == unshown(result) == []


@pytest.mark.parametrize(
    "what",
    [
        {"lost": 1},
        {"doubled": 1},
        {"unasked": 1},
        {"strange": 1},
        {"generations repeated after they were stored": 1},
        {"parked": 1},
        {"sent": 109},
        {"dead": 1},
        {"idempotency": "none", "parked": 1, "parked without a try in doubt": 1},
    ],
)
def test_one_broken_promise_fails_the_run(what: dict[str, Any]) -> None:
    assert len(broken(SOUND | what)) == 1


@pytest.mark.parametrize(
    "what",
    [
        {"points not reached": {"after_receipt": None}},
        {"generations": 99},
        {"kills over open work": 19},
        {"kills of the server over open work": 0},
        {"tries in doubt after a kill": 0},
        {"answers lost": 0},
        {"sent before the drain": 35},
        {"idempotency": "keyed-window"},
        {"posts left for the drain": 6},
    ],
)
def test_a_run_that_could_not_have_shown_a_fault_fails_too(what: dict[str, Any]) -> None:
    assert broken(SOUND | what) == []
    assert len(unshown(SOUND | what)) == 1


def test_only_the_second_phase_is_out_of_reach_and_only_where_there_is_none() -> None:
    assert {point for points in UNREACHABLE.values() for point in points} == {"after_checkpoint"}
    assert "two_phase" not in UNREACHABLE
