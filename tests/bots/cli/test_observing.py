"""`greenroom run --observe`: what a monitor hears is what `greenroom status` says."""

import json
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenroom_adapters.testing.stage import RunningStage

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends signals that Windows has not")


def ask(address: str, path: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(address + path, headers=headers)  # noqa: S310 - the test's own bot
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def test_a_monitor_hears_over_http_what_the_status_says(
    running: Callable[..., Any],
    write_bot: Callable[..., Path],
    stage: RunningStage,
    greenroom: Callable[..., Any],
    until: Callable[..., Any],
) -> None:
    write_bot(server=stage.url, handle="watched")
    bot = running("--observe", "127.0.0.1:0")
    address = next(entry for entry in bot.entries if entry["event"] == "observed")["address"]
    until(lambda: ask(address, "/ready") == (200, "ready\n"))
    assert ask(address, "/live") == (200, "alive\n")
    status, body = ask(address, "/health")
    said = greenroom("status", "--json")
    assert (status, said.code) == (200, 0)
    assert json.loads(body)["needs"] == said.json["needs"] == []

    assert greenroom("pause", "home", "--why", "a storm").code == 0
    status, body = ask(address, "/health")
    said = greenroom("status", "--json")
    assert (status, said.code) == (503, 3)
    assert json.loads(body)["needs"] == said.json["needs"] != []
    assert greenroom("resume", "home").code == 0

    stage.say(stage.sign_in("ben"), "@watched is the lamp lit?")
    until(lambda: 'state="sent"' in ask(address, "/metrics")[1])


def test_a_bot_whose_port_is_taken_runs_says_so_and_is_observed_once_the_port_is_free(
    running: Callable[..., Any],
    write_bot: Callable[..., Path],
    stage: RunningStage,
    greenroom: Callable[..., Any],
    until: Callable[..., Any],
) -> None:
    write_bot(server=stage.url, handle="crowded")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        bot = running("--observe", place)
        assert next(entry for entry in bot.entries if "observed" in entry["event"])["event"] == "not observed"
        stage.say(stage.sign_in("ben"), "@crowded is the lamp lit?")
        until(lambda: "1 sent" in greenroom("status").out)
        said = greenroom("status")
        assert (said.code, f"another program has {place}" in said.out) == (3, True)
    until(lambda: greenroom("status").code == 0)
    assert ask(f"http://{place}", "/live") == (200, "alive\n")


def test_an_address_that_this_machine_does_not_have_is_told(
    write_bot: Callable[..., Path], greenroom: Callable[..., Any]
) -> None:
    write_bot()
    said = greenroom("run", "--observe", "192.0.2.1:9464")
    assert said.code == 1
    assert "give --observe another address" in said.err


def test_another_address_takes_a_password_that_is_printed_once(
    running: Callable[..., Any], write_bot: Callable[..., Path], stage: RunningStage
) -> None:
    write_bot(server=stage.url, handle="guarded")
    bot = running("--observe", "0.0.0.0:0")
    observed = next(entry for entry in bot.entries if entry["event"] == "observed")
    address = observed["address"].replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - the other way round
    assert ask(address, "/health")[0] == 401
    assert ask(address, "/health", Authorization=f"Bearer {observed['password']}")[0] == 200
    bot.kill()
    again = running("--observe", "0.0.0.0:0")
    assert "password" not in next(entry for entry in again.entries if entry["event"] == "observed")
