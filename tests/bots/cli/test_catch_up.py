"""`greenroom catch-up` over the real command line, and what things will cost."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenroom_adapters.testing.stage import RunningStage

MODEL = (
    "engines: {text: [{model: m, server: 'http://127.0.0.1:9/v1', price: {input: 1 USD, output: 10 USD}}, script]}\n"
)


@pytest.mark.skipif(sys.platform == "win32", reason="ends bots by signals that Windows has not")
def test_what_was_said_before_the_first_start_is_answered_on_request(
    running: Callable[..., Any],
    greenroom: Callable[..., Any],
    write_bot: Callable[..., Path],
    stage: RunningStage,
    until: Callable[..., Any],
) -> None:
    ben = stage.sign_in("ben")
    stage.sign_in("late")
    stage.say(ben, "@late is the lamp lit?")
    write_bot(server=stage.url, handle="late")
    refused = greenroom("catch-up", "home", "--yes")
    assert refused.code == 1
    assert "greenroom run bot.yaml" in refused.err
    running()
    asked = greenroom("catch-up", "home", "--since", "2h")
    assert asked.code == 1, "nobody can be asked"
    assert "--yes" in asked.err
    said = greenroom("catch-up", "home", "--since", "2h", "--yes")
    assert said.code == 0
    assert "1 to answer on home: 1 looked at" in said.out
    assert "costs nothing" in said.out
    token = stage.sign_in("reader")
    until(lambda: stage.call("GET", "/api/accounts/late/posts", token=token)["posts"])
    again = greenroom("catch-up", "home", "--since", "2h", "--yes", "--json").json
    assert (again["new"], again["known"]) == (0, 1)
    assert "Nothing to answer" in greenroom("catch-up", "home").out


def test_check_and_run_say_what_a_paid_bot_will_cost(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path]
) -> None:
    write_bot(more=MODEL)
    said = greenroom("check", "--offline")
    assert "a million tokens cost 1.00 USD read, 10.00 USD written" in said.out
    assert "at most 1.00 USD a day" in said.out
    forecast = next(line for line in said.out.splitlines() if "forecast" in line)
    assert "answers about 0.00" in forecast
    assert "each; 1 posts a day about 0.00" in forecast
    assert "more than the limit" not in forecast


def test_a_forecast_over_the_limit_says_so(greenroom: Callable[..., Any], write_bot: Callable[..., Path]) -> None:
    path = write_bot(more=MODEL)
    path.write_text(re.sub(r"at: [\d:]+", "every: 1 minute", path.read_text(encoding="utf-8")), encoding="utf-8")
    assert "more than the limit" in greenroom("check", "--offline").out


def test_a_bot_that_costs_nothing_has_no_forecast(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path]
) -> None:
    write_bot()
    assert greenroom("check", "--offline", "--json").json["forecast"] is None
