"""A real Prometheus reads the alerts, asks a running bot, and finds all that alerts and dashboard ask for."""

import asyncio
import json
import math
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from promql_parser import VectorSelector
from running import unavailable
from serving import free_port

from greenroom.testing.models import ModelServer
from greenroom_adapters.testing.stage import RunningStage

PATIENCE = 150.0
"""Seconds in which all figures must have come in; a post waits for the next full minute."""
PASSWORD = "the lamp is lit at dusk"  # noqa: S105 - of this test alone
LATE = "post_lateness"
"""Of one post there is no rate yet."""


def program(name: str) -> str:
    """Return where one of Prometheus's programs is."""
    found = shutil.which(name)
    if found is None:
        unavailable(f"{name} is not here: Debian's package prometheus has it")
    return str(found)


@pytest.fixture(scope="module")
def alerts(root: Path) -> list[dict[str, Any]]:
    """The rules of deploy/prometheus/alerts.yaml."""
    (group,) = yaml.safe_load((root / "deploy" / "prometheus" / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    return list(group["rules"])


def test_every_alert_fires_when_it_should_and_is_silent_just_short_of_it(
    root: Path, alerts: list[dict[str, Any]]
) -> None:
    cases = root / "tests" / "packaging" / "alerts_fire.yaml"
    done = subprocess.run(  # noqa: S603 - Prometheus's own
        [program("promtool"), "test", "rules", str(cases)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    asked = [
        (case["alertname"], bool(case.get("exp_alerts")))
        for test in yaml.safe_load(cases.read_text(encoding="utf-8"))["tests"]
        for case in test["alert_rule_test"]
    ]
    assert set(asked) == {(rule["alert"], fires) for rule in alerts for fires in (True, False)}


@dataclass(slots=True)
class Watched:
    """A bot, and the Prometheus that asks it every second."""

    prometheus: str
    stage: RunningStage

    def ask(self, path: str, **asked: str) -> Any:
        """Return what Prometheus's API answers."""
        address = f"{self.prometheus}/api/v1/{path}?{urllib.parse.urlencode(asked)}"
        with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - the test's own Prometheus
            said = json.load(answer)
        assert said["status"] == "success", said
        return said["data"]

    def value(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Return what an expression is now: labels and value of each series."""
        return [(one["metric"], float(one["value"][1])) for one in self.ask("query", query=expression)["result"]]

    def series(self, selector: str) -> list[dict[str, str]]:
        """Return the labels of each series that a selector finds."""
        return list(self.ask("series", **{"match[]": selector}))


@contextmanager
def watching(root: Path, tmp_path: Path, *, model: str) -> Generator[Watched]:
    """A bot on a Stage with a model at this address, watched as deploy/prometheus says, but every second."""
    prometheus = program("prometheus")
    with ExitStack() as stack, RunningStage() as stage:
        port = free_port()
        soon = datetime.now(UTC) + timedelta(seconds=75)
        (tmp_path / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\nvoice: dry\n", encoding="utf-8")
        (tmp_path / "bot.yaml").write_text(
            f"""\
bot: ada
persona: ada.yaml
timezone: UTC
accounts:
  home: {{platform: stage, server: "{stage.url}", handle: ada}}
engines: {{text: [{{model: small, server: "{model}"}}]}}
answer: mentions
post: {{at: "{soon:%H:%M}", about: the weather at sea}}
""",
            encoding="utf-8",
        )
        log = stack.enter_context((tmp_path / "bot.log").open("w", encoding="utf-8"))
        command = [sys.executable, "-m", "greenroom", "run", "bot.yaml", "--json", "--observe", f"0.0.0.0:{port}"]
        environment = {**os.environ, "GREENROOM_OBSERVE_PASSWORD": PASSWORD}
        started(stack, command, folder=tmp_path, log=log, environment=environment)

        deployed = yaml.safe_load((root / "deploy" / "prometheus" / "prometheus.yaml").read_text(encoding="utf-8"))
        (job,) = deployed["scrape_configs"]
        job["static_configs"] = [{"targets": [f"127.0.0.1:{port}"]}]
        job["basic_auth"]["password_file"] = "password"  # noqa: S105 - a file beside it
        deployed["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        (tmp_path / "password").write_text(PASSWORD, encoding="utf-8")
        (tmp_path / "prometheus.yaml").write_text(yaml.safe_dump(deployed), encoding="utf-8")
        shutil.copy(root / "deploy" / "prometheus" / "alerts.yaml", tmp_path)
        place = f"127.0.0.1:{free_port()}"
        command = [prometheus, "--config.file=prometheus.yaml", f"--storage.tsdb.path={tmp_path / 'figures'}"]
        log = stack.enter_context((tmp_path / "prometheus.log").open("w", encoding="utf-8"))
        started(stack, [*command, f"--web.listen-address={place}"], folder=tmp_path, log=log)
        made = Watched(f"http://{place}", stage)
        until(
            lambda: is_up(made), lambda: (tmp_path / "bot.log").read_text() + (tmp_path / "prometheus.log").read_text()
        )
        yield made


def started(
    stack: ExitStack, command: list[str], *, folder: Path, log: Any, environment: dict[str, str] | None = None
) -> None:
    """Start a program that is ended with the test."""
    process = stack.enter_context(
        subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=environment)  # noqa: S603 - our own words
    )
    stack.callback(process.terminate)


def is_up(watched: Watched) -> bool:
    try:
        return watched.value('greenroom_account_connected{bot="ada"} == 1') != []
    except OSError:
        return False


def until(holds: Callable[[], Any], why: Callable[[], Any], *, every: float = 0.5) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, why()
        time.sleep(every)


def selectors(expression: str) -> list[str]:
    """Return what an expression asks for, each as a query of its own."""
    found: list[str] = []

    def note(one: object) -> bool:
        if isinstance(one, VectorSelector):
            found.append(str(one))
        return True

    promql_parser.walk(promql_parser.parse(expression), note)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a panel of the dashboard."""

    panel: str
    expression: str
    legend: str


def lines(root: Path) -> list[Line]:
    """Return all lines of the dashboard, as Grafana asks for them."""
    dashboard = json.loads((root / "deploy" / "grafana" / "greenroom.json").read_text(encoding="utf-8"))
    return [
        Line(
            panel=panel["title"],
            expression=target["expr"].replace("$bot", "ada").replace("$__rate_interval", "1m"),
            legend=target["legendFormat"],
        )
        for panel in dashboard["panels"]
        for target in panel["targets"]
    ]


def missing(watched: Watched, wanted: list[Line]) -> list[Line]:
    """Return the lines that show nothing yet."""
    return [
        line
        for line in wanted
        if not any(math.isfinite(value) or LATE in line.expression for _, value in watched.value(line.expression))
    ]


@pytest.mark.system
@pytest.mark.asyncio
async def test_prometheus_finds_in_a_running_bot_all_that_the_alerts_and_the_dashboard_ask_for(
    root: Path, tmp_path: Path, alerts: list[dict[str, Any]]
) -> None:
    def look(model: str) -> None:
        with watching(root, tmp_path, model=model) as watched:
            expect_every_line_shows_something(watched, lines(root))
            expect_every_alert_finds_what_it_asks_for(watched, alerts)
            assert watched.ask("label/bot/values", **{"match[]": "greenroom_info"}) == ["ada"], "what can be chosen"

    async with ModelServer() as models:
        await asyncio.to_thread(look, models.url)


def expect_every_line_shows_something(watched: Watched, wanted: list[Line]) -> None:
    ben, eve = watched.stage.sign_in("ben"), watched.stage.sign_in("eve")

    def shown() -> bool:
        # a rate is that of what goes on: people write until every line has something to show
        watched.stage.say(ben, f"@ada is the lamp lit on evening {time.monotonic_ns()}?")
        watched.stage.say(eve, "@ada stop")
        return missing(watched, wanted) == []

    until(shown, lambda: [line.panel for line in missing(watched, wanted)], every=3.0)
    for line in wanted:
        named = set(re.findall(r"{{(\w+)}}", line.legend))
        assert all(named <= labels.keys() for labels, _ in watched.value(line.expression)), line


def expect_every_alert_finds_what_it_asks_for(watched: Watched, alerts: list[dict[str, Any]]) -> None:
    for rule in alerts:
        found = [watched.series(selector) for selector in selectors(rule["expr"])]
        assert all(found), f"{rule['alert']} asks for what the bot has not"
        grouped = set(re.findall(r"\w+", " ".join(re.findall(r"\b(?:by|on) ?\(([^)]*)\)", rule["expr"])))) - {"le"}
        told = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
        assert all(grouped | told <= labels.keys() for series in found for labels in series), rule["alert"]
    (group,) = watched.ask("rules")["groups"]
    assert [(rule["name"], rule["health"], rule["state"]) for rule in group["rules"]] == [
        (rule["alert"], "ok", "inactive") for rule in alerts
    ]
