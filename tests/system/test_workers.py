"""Three workers on one PostgreSQL, at a size for every run; `python tests/system/workers.py` is the whole of it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hosts import why_no_hosts
from stage_network import UNREACHABLE
from workers import ALONE, WorkersTest, arguments

from greenroom.faults import POINTS

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(900),
    pytest.mark.flaky(reruns=0),  # a broken promise is never tried again
]

STOPS = [point for point in POINTS if point not in UNREACHABLE["listed"]]


@pytest.mark.parametrize(
    ("idempotency", "only"),
    [
        ("keyed", "kill,stop,restart,cut,slow"),
        ("listed", "mute,end,leave"),
        ("listed", f"{ALONE},stop"),
        # a stop at each point that a worker can come to, in two parts that run beside each other
        pytest.param("listed", ",".join(STOPS[::2]), id="stopped at half of the points"),
        pytest.param("listed", ",".join(STOPS[1::2]), id="stopped at the other half"),
        ("two_phase", "kill,after_checkpoint,restart,after_publish_before_receipt,cut"),
    ],
)
def test_nothing_is_lost_or_doubled_whatever_happens_to_the_worker_that_runs_the_bot(
    tmp_path: Path, idempotency: str, only: str
) -> None:
    if ALONE in only and (why := why_no_hosts()) is not None:
        if os.environ.get("CI") and os.geteuid() == 0:
            pytest.fail(why)
        pytest.skip(why)
    result = run(tmp_path, idempotency, only)
    assert (result["sent"], result["parked"]) == (result["asked"], 0), result


def test_what_nobody_can_look_up_is_parked_when_the_worker_that_sent_it_is_stopped_and_never_said_twice(
    tmp_path: Path,
) -> None:
    result = run(tmp_path, "none", "after_sending,after_publish_before_receipt")
    assert result["parked"] >= 2, result
    assert result["asked"] - result["parked"] <= result["sent"] <= result["asked"], result


def run(folder: Path, idempotency: str, only: str) -> dict[str, Any]:
    """Return the figures of a run in which each of the deeds is done once; what holds on every platform held."""
    told = arguments(["--mentions", "6", "--idempotency", idempotency, "--only", only])
    told.rounds = len(told.only)
    result = WorkersTest(told, folder).run()
    never = ("lost", "doubled", "strange", "out of order")
    assert [result[what] for what in never] == [0] * len(never), json.dumps(result)
    assert result["listened together"] == [], json.dumps(result)
    assert result["asked"] >= told.rounds * 7, json.dumps(result)
    assert result["workers that ran it"] > 1, json.dumps(result)
    return result
