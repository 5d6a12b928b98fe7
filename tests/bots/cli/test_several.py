"""`greenroom run` of several bots: a process for each, which live and die apart."""

import asyncio
import gc
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenroom.cli import several
from greenroom.cli.several import Member, members_of, run_several
from greenroom_adapters.testing.stage import RunningStage

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends signals that Windows has not")


@pytest.fixture
def two(home: Path) -> Callable[[str], None]:
    """Write the bots ada and bea; what stands behind `home: ` is their account."""

    def write(account: str) -> None:
        for name in ("ada", "bea"):
            (home / f"{name}.yaml").write_text(f"persona: {name.title()}\nwho: keeps a lighthouse\n")
            (home / f"{name}-bot.yaml").write_text(
                f"bot: {name}\npersona: {name}.yaml\naccounts: {{home: {account}}}\nanswer: mentions\n"
            )

    return write


def test_one_that_runs_already_says_so_and_the_others_run(
    running: Callable[..., Any], two: Callable[[str], None], stage: RunningStage, greenroom: Callable[..., Any]
) -> None:
    two(f'{{platform: stage, server: "{stage.url}"}}')
    running("ada")
    assert greenroom("run", "ada").code == 4
    bots = running("ada", "bea", connects=False)
    told(bots, "connected", "bea")
    died = told(bots, "died", "ada")
    assert (died["code"], died["again_in"]) == (4, 30.0)
    bots.signal(signal.SIGTERM)
    code, errors = bots.wait()
    assert code == 0
    assert "already" in errors


def told(bot: Any, event: str, name: str) -> dict[str, Any]:
    """Read on until the bot of this name tells that, unless it has done so."""
    while True:
        for entry in bot.entries:
            if entry.get("event") == event and entry.get("bot") == name:
                bot.entries.remove(entry)
                return dict(entry)
        bot.read_until(event)


def test_bots_live_and_die_apart_and_end_together(
    running: Callable[..., Any], two: Callable[[str], None], stage: RunningStage
) -> None:
    two(f'{{platform: stage, server: "{stage.url}"}}')
    bots = running("ada", "bea", connects=False)
    ada, bea = (told(bots, "running", name)["process"] for name in ("ada", "bea"))
    for name in ("ada", "bea"):
        told(bots, "connected", name)
    os.kill(bea, signal.SIGKILL)
    died = told(bots, "died", "bea")
    assert (died["code"], died["again_in"]) == (-9, 5.0)
    assert told(bots, "running", "bea")["process"] != bea
    told(bots, "connected", "bea")
    ben = stage.sign_in("ben")
    for name in ("ada", "bea"):
        stage.say(ben, f"@{name} is the lamp lit?")
        assert told(bots, "turn", name)["state"] == "sent"
    os.kill(ada, 0)
    bots.signal(signal.SIGTERM)
    code, errors = bots.wait()
    assert (code, errors) == (0, "")
    assert {entry["bot"] for entry in bots.entries if entry["event"] == "stopped"} == {"ada", "bea"}
    with pytest.raises(ProcessLookupError):
        os.kill(ada, 0)


def test_one_that_is_told_to_end_from_elsewhere_stays_away_and_the_stage_that_all_use_stays(
    running: Callable[..., Any], two: Callable[[str], None]
) -> None:
    two("stage")
    bots = running("ada", "bea", connects=False)
    first = {name: told(bots, "running", name) for name in ("ada", "bea")}
    assert first["ada"]["addresses"] == first["bea"]["addresses"]
    for name in ("ada", "bea"):
        told(bots, "connected", name)
    os.kill(first["ada"]["process"], signal.SIGTERM)
    assert told(bots, "ended", "ada")["code"] == 0
    port = int(first["bea"]["addresses"]["stage"].rpartition(":")[2])
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    os.kill(first["bea"]["process"], signal.SIGTERM)
    assert bots.wait() == (0, "")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_second_signal_stops_at_once_and_leaves_no_stage_behind(
    running: Callable[..., Any], two: Callable[[str], None], home: Path, until: Callable[..., Any]
) -> None:
    two("stage")
    bots = running("ada", "bea", connects=False)
    ada, _ = (told(bots, "running", name)["process"] for name in ("ada", "bea"))
    stage = json.loads((home / "data" / "stage.db.json").read_text(encoding="utf-8"))["pid"]
    os.kill(ada, signal.SIGSTOP)  # it does not end by the first one
    try:
        bots.signal(signal.SIGINT)
        told(bots, "stopping", "bea")
        time.sleep(0.4)  # what comes sooner is the same Ctrl-C, passed on twice
        bots.signal(signal.SIGINT)
        code, errors = bots.wait()
    finally:
        os.kill(ada, signal.SIGCONT)
    assert code == 130
    assert "stopped at once" in errors
    until(lambda: has_gone(stage))


def test_bots_end_with_who_started_them_however_he_ended_and_run_at_the_next_start(
    running: Callable[..., Any], two: Callable[[str], None], stage: RunningStage, until: Callable[..., Any]
) -> None:
    two(f'{{platform: stage, server: "{stage.url}"}}')
    bots = running("ada", "bea", connects=False)
    processes = [told(bots, "running", name)["process"] for name in ("ada", "bea")]
    bots.kill()
    until(lambda: all(has_gone(process) for process in processes))
    again = running("ada", "bea", connects=False)
    for name in ("ada", "bea"):
        told(again, "connected", name)
    again.signal(signal.SIGTERM)
    assert again.wait() == (0, "")


def has_gone(process: int) -> bool:
    """Say whether a process has ended. One that was left by its parent may stay on as a name."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)  # noqa: S603, S607 - the system's own program
    return state.stdout.strip().startswith("Z") or not state.stdout.strip()


def member(name: str, *command: str, again: tuple[str, ...] = ()) -> Member:
    return Member(name=name, margin=3, command=command, again=again or command, as_json=False, local=frozenset())


SAYS_SO = (sys.executable, "-c", "import time; print('I run', flush=True); time.sleep(60)")


@pytest.mark.asyncio
async def test_one_that_cannot_be_started_takes_no_other_with_it(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    nowhere = str(tmp_path / "python")
    bots = asyncio.create_task(run_several([member("ada", nowhere), member("bea", *SAYS_SO)]))
    out = err = ""
    async with asyncio.timeout(30):
        while "bea  I run" not in out:
            await asyncio.sleep(0.05)
            more = capfd.readouterr()
            out, err = out + more.out, err + more.err
    assert f"ada cannot be started: {nowhere}: No such file" in err
    assert "ada  ended with exit code 1; it starts again in 5 s" in out
    assert not bots.done()
    os.kill(os.getpid(), signal.SIGTERM)
    # that it was to start again is no failure of who told it to end
    assert await bots == 0


RUNS_ALREADY_SO_OFTEN = """\
import pathlib, sys

told = pathlib.Path(sys.argv[1])
told.write_text(told.read_text() + sys.argv[3])
sys.exit(4 if len(told.read_text()) <= int(sys.argv[2]) else 0)
"""


@pytest.mark.parametrize(("so_often", "code", "starts"), [(1, 0, "TT"), (9, 1, "TT")])
@pytest.mark.asyncio
async def test_one_that_runs_elsewhere_is_given_up_when_that_one_has_had_time_to_end(
    so_often: int,
    code: int,
    starts: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(several, "CLEARING", 0.2)
    told = tmp_path / "starts"
    told.touch()
    begin = (sys.executable, "-c", RUNS_ALREADY_SO_OFTEN, str(told), str(so_often))
    bots = [member("ada", *begin, "T", again=(*begin, "A")), member("bea", sys.executable, "-c", "")]
    async with asyncio.timeout(30):
        assert await asyncio.create_task(run_several(bots)) == code
    assert told.read_text() == starts, "who takes over does so when it may have its ledger"
    last = "ada did not run here, for another process runs it: stop that one first\n"
    assert capfd.readouterr().err.endswith(last) is (code == 1)


RUNS_ELSEWHERE_AT_FIRST = """\
import pathlib, signal, sys, time

been = pathlib.Path(sys.argv[1])
if not been.exists():
    been.touch()
    sys.exit(4)
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
pathlib.Path(sys.argv[2]).touch()
time.sleep(60)
"""


@pytest.mark.asyncio
async def test_one_that_was_handed_over_and_then_told_to_end_is_not_said_to_run_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(several, "CLEARING", 0.1)
    runs = tmp_path / "runs"
    begin = (sys.executable, "-c", RUNS_ELSEWHERE_AT_FIRST, str(tmp_path / "been"), str(runs))
    bots = asyncio.create_task(run_several([member("ada", *begin)]))
    async with asyncio.timeout(30):
        while not runs.exists():
            await asyncio.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await bots == 0
    assert "did not run here" not in capfd.readouterr().err


@pytest.mark.asyncio
async def test_one_takes_over_at_its_first_start_also_when_that_was_not_to_be_had_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(several, "FIRST_PAUSE", 0.5)
    python, told = tmp_path / "python", tmp_path / "starts"
    told.touch()
    begin = (str(python), "-c", RUNS_ALREADY_SO_OFTEN, str(told), "0")
    bots = asyncio.create_task(run_several([member("ada", *begin, "T", again=(*begin, "A"))]))
    await asyncio.sleep(0.2)
    python.symlink_to(sys.executable)
    async with asyncio.timeout(30):
        assert await bots == 0
    assert told.read_text() == "T"


@pytest.mark.asyncio
async def test_a_stop_reaches_a_bot_whose_process_is_being_made(monkeypatch: pytest.MonkeyPatch) -> None:
    make = asyncio.create_subprocess_exec

    async def made_while_a_stop_comes(*command: str, **options: Any) -> asyncio.subprocess.Process:
        process = await make(*command, **options)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.05)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", made_while_a_stop_comes)
    async with asyncio.timeout(30):
        # it was not able to hear that yet, and has not failed by it
        assert await asyncio.create_task(run_several([member("ada", *SAYS_SO)])) == 0


ENDS_WHEN_IT_MAY = """\
import pathlib, signal, sys, time

folder = pathlib.Path(sys.argv[1])

def end(*_):
    (folder / "told").touch()
    while not (folder / "may end").exists():
        time.sleep(0.01)
    print("I end", flush=True)
    sys.exit()

signal.signal(signal.SIGTERM, end)
(folder / "hears").touch()
time.sleep(60)
"""
SPEAKS_WHEN_THAT_ONE_HEARS = """\
import pathlib, sys, time

while not (pathlib.Path(sys.argv[1]) / "hears").exists():
    time.sleep(0.01)
print("I run", flush=True)
"""


@pytest.mark.asyncio
async def test_bots_whose_lines_nobody_reads_are_waited_for_also_when_they_are_to_stop_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    with io.TextIOWrapper(io.FileIO(theirs, "w"), encoding="utf-8", write_through=True) as nobody_reads:
        monkeypatch.setattr(sys, "stdout", nobody_reads)
        ada = member("ada", sys.executable, "-c", SPEAKS_WHEN_THAT_ONE_HEARS, str(tmp_path))
        bea = member("bea", sys.executable, "-c", ENDS_WHEN_IT_MAY, str(tmp_path))
        bots = asyncio.create_task(run_several([ada, bea]))
        async with asyncio.timeout(30):
            while not (tmp_path / "told").exists():
                await asyncio.sleep(0.01)
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.1)
            assert not bots.done()
            (tmp_path / "may end").touch()
            await asyncio.wait([bots])
    assert isinstance(bots.exception(), BrokenPipeError)
    del bots
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_an_address_that_may_hold_a_password_is_in_no_command_line(two: Callable[[str], None]) -> None:
    two("stage")
    traces = {"GREENROOM_TRACES": "https://ada:hunter2@collector.example"}
    for one in members_of(["ada", "bea"], [], environ=traces, take_over=False, observe=None, as_json=True):
        assert one.environ == traces
        assert "hunter2" not in " ".join([*one.command, *one.again])


def test_what_a_terminal_cannot_show_ends_no_bot(
    home: Path, two: Callable[[str], None], stage: RunningStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    two(f'{{platform: stage, server: "{stage.url}"}}')
    for name in ("ada", "bea"):
        (home / f"{name}.yaml").write_text(f"persona: Zoë of {name}\nwho: keeps a lighthouse\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    with subprocess.Popen(
        [sys.executable, "-m", "greenroom", "run", "ada", "bea"], cwd=home, stdout=subprocess.PIPE, text=True
    ) as bots:
        impatience = threading.Timer(60, bots.kill)
        impatience.start()
        assert bots.stdout is not None
        lines: list[str] = []
        while sum("connected" in line for line in lines) < 2:
            lines.append(next(bots.stdout))
        bots.send_signal(signal.SIGINT)
        lines += bots.stdout
        impatience.cancel()
    assert bots.returncode == 0
    assert "ada  Zo? of ada runs as bot ada. Ctrl-C stops it.\n" in lines


def test_each_is_observed_at_a_port_of_its_own_and_every_line_says_whose_it_is(
    home: Path, two: Callable[[str], None], stage: RunningStage
) -> None:
    two(f'{{platform: stage, server: "{stage.url}"}}')
    port = two_free_ports()
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "greenroom", "run", "ada", "bea", "--observe", f"127.0.0.1:{port}"],
        cwd=home,
        stdout=subprocess.PIPE,
        text=True,
    ) as bots:
        impatience = threading.Timer(60, bots.kill)
        impatience.start()
        assert bots.stdout is not None
        lines: list[str] = []
        while sum("connected" in line for line in lines) < 2:
            lines.append(next(bots.stdout))
        bots.send_signal(signal.SIGINT)
        lines += bots.stdout
        impatience.cancel()
    assert bots.returncode == 0
    assert {line[:5] for line in lines} == {"ada  ", "bea  "}
    for name, at in (("ada", port), ("bea", port + 1)):
        assert any(line.startswith(name) and f"http://127.0.0.1:{at} " in line for line in lines), lines


def two_free_ports() -> int:
    """Return a port on which nobody listens, nor on the next one."""
    while True:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port: int = one.getsockname()[1]
            try:
                other.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("ada", "ada"), "the bot ada is named twice"),
        (("ada", "ada-bot.yaml"), "the bot ada is named twice"),
        (("ada", "cleo"), "there is no such bot file"),
        (("--bot", "ada", "bea", "bea"), "named twice"),
        (("ada", "bea.yaml"), "is a persona"),
        (("ada", "demo"), "demo: another of these bots is called ada as well"),
    ],
)
def test_none_begins_where_one_cannot_be_meant(
    greenroom: Callable[..., Any], two: Callable[[str], None], home: Path, words: tuple[str, ...], why: str
) -> None:
    two("stage")
    said = greenroom("run", *words)
    assert said.code != 0
    assert why in said.err
    assert not (home / "data").exists()
