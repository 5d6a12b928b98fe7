"""The Stage as a process: it starts, it says so, it survives, it ends."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from greenroom_adapters.stage.__main__ import main
from greenroom_adapters.testing.stage import RunningStage, StageDidNotStart


def test_it_says_where_it_is_and_takes_the_note_away_at_the_end(tmp_path: Path) -> None:
    data = tmp_path / "folder" / "stage.db"
    note = tmp_path / "folder" / "stage.db.json"
    with RunningStage(data=data) as stage:
        assert json.loads(note.read_text()) == {"url": stage.url, "pid": stage.pid}
        before = time.monotonic()

        assert stage.stop() == 0

        assert time.monotonic() - before < 20
    assert not note.exists()


def test_an_open_page_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    with (
        RunningStage(data=tmp_path / "stage.db") as stage,
        urllib.request.urlopen(f"{stage.url}/live", timeout=10) as live,  # noqa: S310 - a Stage on loopback
    ):
        assert live.headers.get_content_type() == "text/event-stream"
        before = time.monotonic()

        assert stage.stop() == 0

        assert time.monotonic() - before < 20
        assert stage.log == ""


def test_an_interrupt_is_a_clean_stop(tmp_path: Path) -> None:
    with RunningStage(data=tmp_path / "stage.db") as stage:
        os.kill(stage.pid, signal.SIGINT)

        assert stage.stop() == 0
        assert "Traceback" not in stage.log


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    with RunningStage(data=tmp_path / "stage.db") as stage:
        url = stage.url
        token = stage.sign_in("ada")
        posts = []
        for number in range(50):
            posts.append(stage.say(token, f"post {number}"))
            if number == 25:
                stage.restart()

        listing = stage.restart().call("GET", "/api/me/posts?limit=200", token=token)["posts"]

        assert stage.url == url
        assert listing == posts[::-1]


def test_a_second_server_on_one_file_is_refused_in_words(tmp_path: Path) -> None:
    with RunningStage(data=tmp_path / "stage.db") as first:
        with pytest.raises(StageDidNotStart, match=r"stage: another Stage is running on .*stage\.db"):
            RunningStage(data=tmp_path / "stage.db").start()
        first.kill()

        with RunningStage(data=tmp_path / "stage.db") as second:
            assert second.call("GET", "/api/instance")["name"] == "Stage"


def test_a_taken_port_and_a_file_that_is_no_database_are_told_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with RunningStage(data=tmp_path / "stage.db") as stage:
        port = stage.url.rpartition(":")[2]
        assert main(["--data", str(tmp_path / "other.db"), "--port", port]) == 1
    said = capsys.readouterr().err
    assert f"cannot start on 127.0.0.1:{port}: another program listens there already" in said
    assert "--port 0" in said
    assert "Errno" not in said
    (tmp_path / "text.db").write_text("no database, but long enough to be looked at " * 50)

    assert main(["--data", str(tmp_path / "text.db")]) == 1
    assert "cannot be used as a data file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ["--idempotency", "sometimes"],
        ["--idempotency", "keyed:soon"],
        ["--idempotency", "none:5"],
        ["--text-limit", "0"],
        ["--text-limit", "10:words"],
        ["--writes", "5"],
        ["--writes", "5/0"],
        ["--visible-after", "-1"],
        ["--visible-after", "nan"],
        ["--listing-reach", "0"],
        ["--port", "70000"],
    ],
)
def test_an_option_without_sense_is_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(options)

    assert caught.value.code == 2
    assert options[0] in capsys.readouterr().err


def test_it_ends_with_its_parent_when_it_is_told_to(tmp_path: Path) -> None:
    parent = subprocess.Popen(  # noqa: S603 - our own interpreter, our own module, no shell
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from greenroom_adapters.testing.stage import RunningStage\n"
            "stage = RunningStage(data=Path(sys.argv[1])).start(); print(stage.pid, flush=True); sys.stdin.read()",
            str(tmp_path / "stage.db"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()

    deadline = time.monotonic() + 10
    while is_alive(child):
        assert time.monotonic() < deadline, "the Stage outlived its parent"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # An orphan that nobody collects stays in the table after its end.
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_others_may_count_in_its_file_while_it_runs(tmp_path: Path) -> None:
    with RunningStage(data=tmp_path / "stage.db") as stage:
        stage.say(stage.sign_in("ada"), "count me")
        reader = sqlite3.connect(f"file:{stage.data}?mode=ro", uri=True)
        try:
            assert reader.execute("SELECT count(*), max(text) FROM posts").fetchone() == (1, "count me")
        finally:
            reader.close()
