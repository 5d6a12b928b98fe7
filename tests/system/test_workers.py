"""Three workers on one PostgreSQL, at a size for every run; `python tests/system/workers.py` is the whole of it."""

import json
from pathlib import Path

import pytest
from workers import WorkersTest, arguments

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(900),
    pytest.mark.flaky(reruns=0),  # a broken promise is never tried again
]


@pytest.mark.parametrize(
    ("idempotency", "rounds", "only"), [("keyed", 6, "kill,stop,restart"), ("listed", 3, "kill,end,leave")]
)
def test_nothing_is_lost_or_doubled_whatever_happens_to_the_worker_that_runs_the_bot(
    tmp_path: Path, idempotency: str, rounds: int, only: str
) -> None:
    options = arguments(["--rounds", str(rounds), "--mentions", "6", "--idempotency", idempotency, "--only", only])
    result = WorkersTest(options, tmp_path).run()
    told = json.dumps(result)
    assert (result["lost"], result["doubled"], result["strange"]) == (0, 0, 0), told
    assert result["sent"] == result["asked"] == rounds * 7, told
    assert result["workers that ran it"] > 1, told
