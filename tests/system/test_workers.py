"""Three workers on one PostgreSQL, at a size for every run; `python tests/system/workers.py` is the whole of it."""

import json
import os
from pathlib import Path

import pytest
from hosts import why_no_hosts
from workers import ALONE, WorkersTest, arguments

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(900),
    pytest.mark.flaky(reruns=0),  # a broken promise is never tried again
]


@pytest.mark.parametrize(
    ("idempotency", "only"),
    [("keyed", "kill,stop,restart,cut,slow"), ("listed", "mute,end,leave"), ("listed", f"{ALONE},stop")],
)
def test_nothing_is_lost_or_doubled_whatever_happens_to_the_worker_that_runs_the_bot(
    tmp_path: Path, idempotency: str, only: str
) -> None:
    if ALONE in only and (why := why_no_hosts()) is not None:
        if os.environ.get("CI") and os.geteuid() == 0:
            pytest.fail(why)
        pytest.skip(why)
    rounds = len(only.split(","))
    options = arguments(["--rounds", str(rounds), "--mentions", "6", "--idempotency", idempotency, "--only", only])
    result = WorkersTest(options, tmp_path).run()
    told = json.dumps(result)
    assert (result["lost"], result["doubled"], result["strange"], result["out of order"]) == (0, 0, 0, 0), told
    assert result["listened together"] == [], told
    assert result["sent"] == result["asked"] >= rounds * 7, told
    assert result["workers that ran it"] > 1, told
