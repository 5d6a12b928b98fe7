"""`greenroom run` of several bots: a process for each, which live and die apart."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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


def told(bot: Any, event: str, name: str) -> dict[str, Any]:
    """Read on until the bot of this name tells that, unless it has done so."""
    while True:
        for entry in bot.entries:
            if entry["event"] == event and entry.get("bot") == name:
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
