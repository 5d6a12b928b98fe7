"""The table of `make crash`, its exit code, and that it goes through all of its runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from crash import BROKEN, MISSING, NETWORKS, UNSHOWN
from crash_everywhere import RUNS, Row, exit_code, table
from stage_network import CLASSES

EVERYWHERE = Path(__file__).parent / "crash_everywhere.py"
FIGURES = {"asked": 1114, "sent": 1114, "lost": 0, "doubled": 0, "parked": 0, "kills": 214, "kills over open work": 174}
HELD = Row("keyed", 0, 3.72, FIGURES)
DOUBLED = Row("listed", BROKEN, 4.0, FIGURES | {"doubled": 2})
MET_LITTLE = Row("x", UNSHOWN, 1.0, FIGURES | {"kills over open work": 12})
AWAY = Row("matrix", MISSING, 0.0)
FELL = Row("none", 1, 0.5)


def test_there_is_a_run_for_each_class_of_the_stage_and_for_each_platform() -> None:
    assert set(RUNS) == {*CLASSES, *NETWORKS}


def test_the_table_has_a_row_for_each_run_with_figures_below_their_headings() -> None:
    assert table([HELD, DOUBLED, MET_LITTLE, AWAY, FELL]).splitlines() == [
        "run     asked  sent  lost  doubled  parked  kills  over open work  minutes",
        "keyed    1114  1114     0        0       0    214             174      3.7  holds",
        "listed   1114  1114     0        2       0    214             174      4.0  BROKEN",
        "x        1114  1114     0        0       0    214              12      1.0  not shown",
        "matrix      -     -     -        -       -      -               -      0.0  server not installed",
        "none        -     -     -        -       -      -               -      0.5  CAME TO NO END",
    ]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([HELD, AWAY], 0),
        ([HELD, MET_LITTLE], UNSHOWN),
        ([DOUBLED, MET_LITTLE, HELD], BROKEN),
        ([FELL, HELD], BROKEN),
        ([], 0),
    ],
)
def test_the_exit_code_is_that_of_the_worst_run_and_a_server_that_is_away_counts_for_nothing(
    rows: list[Row], code: int
) -> None:
    assert exit_code(rows) == code


@pytest.mark.system
@pytest.mark.timeout(400)
@pytest.mark.flaky(reruns=0)  # a broken promise is never tried again
def test_a_run_that_fails_does_not_keep_the_next_one_from_being_made() -> None:
    tiny = ("--mentions", "2", "--posts", "1", "--kills", "1", "--points", "none", "--server-kills", "0")
    done = subprocess.run(  # noqa: S603 - our own script
        # there is no time for an answer to be lost by chance
        [sys.executable, str(EVERYWHERE), "--only", "matrix,keyed", *tiny, "--lose-answers", "0.000001"],
        env={name: value for name, value in os.environ.items() if name != "CI"} | {"SYNAPSE_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=390,
    )
    assert done.returncode == UNSHOWN, done.stdout + done.stderr
    assert "NOT SHOWN: no answer was lost on the way" in done.stdout
    away, met_little = (line.split() for line in done.stdout.splitlines()[-2:])
    assert (away[0], away[-3:]) == ("matrix", ["server", "not", "installed"])
    assert (met_little[:5], met_little[-2:]) == (["keyed", "3", "3", "0", "0"], ["not", "shown"])


def test_a_run_that_is_not_known_is_refused_with_the_names_of_those_that_are() -> None:
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(EVERYWHERE), "--only", "keyd"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2
    assert "no run: keyd; there are keyed, keyed-window" in done.stderr
