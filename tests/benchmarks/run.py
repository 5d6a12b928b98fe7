"""Measures Greenroom beside a bare json loop and beside its peers, in one run.

    make bench                      everything; the first time it installs the peers into virtual environments
    make bench BENCH="--rounds 5 --only durable,miss"

Every cell is a fresh process on one core; bare comes first and last in each round, and a ratio compares within its
round. Prints a table and writes one JSON object for each figure to
tests/benchmarks/out/latest.jsonl:
{"figure", "value", "unit", "ratio_to_bare"}. Set BENCH_DATA to a folder on a real disk; the default is beside
this file.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

HERE = Path(__file__).resolve().parent
PEERS = HERE / "peers"
VENVS = Path(os.environ.get("VENVS", PEERS / "venvs"))
OUT = HERE / "out"
MEMORY = "\nimport resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
IN_MEMORY = ("opsdroid", "discord", "ptb", "nonebot")


@dataclass(frozen=True)
class Cell:
    """One process to run."""

    name: str
    scenario: str
    arguments: tuple[str, ...]

    @property
    def command(self) -> list[str]:
        if self.name == "greenroom":
            return [sys.executable, str(HERE / "peer_greenroom.py"), *self.arguments]
        if self.name.startswith("bare"):
            variant = self.name.partition(":")[2] or "json"
            return [sys.executable, str(PEERS / "bare.py"), "--variant", variant, *self.arguments]
        python = VENVS / self.name / "bin" / "python"
        return [str(python), str(PEERS / f"peer_{self.name}.py"), *self.arguments]


@dataclass(frozen=True)
class Figure:
    """One line of the result."""

    figure: str
    value: float
    unit: str
    ratio_to_bare: float | None = None
    budget: str = ""


SCENARIOS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # scenario: (arguments, peers that can do it)
    "durable": (("--window", "256", "--secs", "0.8"), IN_MEMORY),
    "latency": (("--window", "1", "--secs", "0.8"), ()),
    "rules-1": (("--window", "256", "--secs", "0.8", "--rules", "1"), ()),
    "rules-1000": (("--window", "256", "--secs", "0.8", "--rules", "1000"), ()),
    "miss": (("--hit", "miss", "--secs", "0.5", "--warm", "200"), ("opsdroid", "discord")),
    "inflight": (("--mode", "inflight", "--n", "10000"), ("discord",)),
}


def cells(only: set[str], peers: Sequence[str]) -> Iterator[Cell]:
    """Yield the cells of one round."""
    for scenario, (arguments, able) in SCENARIOS.items():
        if only and scenario not in only:
            continue
        # a miss is held against what bare needs for a hit, and a thousand rules against bare's one
        bare = SCENARIOS["rules-1"][0] if scenario in ("rules-1000", "miss") else arguments
        yield Cell("bare", scenario, bare)
        if scenario == "durable":
            yield Cell("bare:wal", scenario, bare)
        yield Cell("greenroom", scenario, arguments)
        for peer in able:
            if peer in peers:
                yield Cell(peer, scenario, arguments)
        yield Cell("bare", scenario, bare)


def run(cell: Cell, data: Path) -> dict[str, Any]:
    """Run one cell; return what its harness printed."""
    pin = ["taskset", "-c", "1"] if shutil.which("taskset") and (os.cpu_count() or 1) > 1 else []
    done = subprocess.run(  # noqa: S603 - our own scripts
        [*pin, *cell.command],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "PYTHONPATH": str(PEERS), "BENCH_DATA": str(data)},
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise SystemExit(f"{cell.name} {cell.scenario}: {done.stderr.strip()[-1500:]}")
    result: dict[str, Any] = json.loads(lines[-1])
    if not result.get("sends_ok", True):
        raise SystemExit(f"{cell.name} {cell.scenario}: sends are missing: {result}")
    return result


def import_and_build(data: Path) -> tuple[float, float]:
    """Return CPU seconds and peak megabytes of importing and building the Stage bot, above an empty interpreter."""
    folder = Path(tempfile.mkdtemp(dir=data))
    (folder / "persona.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n")
    (folder / "bot.yaml").write_text(
        "bot: ada\npersona: persona.yaml\nanswer: mentions\n"
        "accounts: {home: {platform: stage, server: 'http://127.0.0.1:9'}}\n"
    )
    build = f"""
import asyncio, pathlib
from greenroom.interpreter import suit_a_bot
suit_a_bot()
from greenroom.app import Bot
async def main():
    async with Bot.load(pathlib.Path({str(folder / "bot.yaml")!r})):
        pass
asyncio.run(main())
"""
    # compiled beforehand, as pip does it for who installs it
    environment = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(data / "bytecode"),
    }
    costs: list[tuple[float, float]] = []
    for code in (build, "pass", build):
        before = os.times()
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [
                sys.executable,
                "-c",
                code + MEMORY,
            ],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        after = os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        costs.append((cpu, int(done.stdout.splitlines()[-1]) / 1024))
    return costs[2][0] - costs[1][0], costs[2][1]


def put_down_100_000(data: Path) -> float:
    """Return the seconds in which 100,000 scheduled posts are durably put down, as `greenroom post --at` does it."""
    code = f"""
import asyncio, datetime, pathlib, tempfile, time
from greenroom.app import put_down
from greenroom.clock import SystemClock
from greenroom.storage import Due, SqliteLedger
async def main():
    folder = pathlib.Path(tempfile.mkdtemp(dir={str(data)!r}))
    begin = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    moments = [begin + datetime.timedelta(seconds=number) for number in range(100_000)]
    async with SqliteLedger(folder / "bench.db", bot="bench", clock=SystemClock()) as ledger:
        event = Due(name="single", period="", due=begin, say="A post as people write them down for the weeks to come.")
        start = time.perf_counter()
        ids = await put_down(ledger, moments, event, accounts=["home"])
        print(time.perf_counter() - start)
        assert len(ids) == 100_000
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    return float(done.stdout)


def guards() -> dict[str, float]:
    """Return the microseconds of CPU that every guard together takes of a reply and of a post."""
    done = subprocess.run([sys.executable, str(HERE / "guards.py")], capture_output=True, text=True, check=True)  # noqa: S603 - our own script
    costs: dict[str, float] = json.loads(done.stdout)
    return costs


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def figures(rows: list[tuple[int, Cell, dict[str, Any]]]) -> list[Figure]:
    """Form the ratios within each round, then take medians over the rounds."""

    def values(scenario: str, name: str, key: str) -> dict[int, list[float]]:
        found: dict[int, list[float]] = {}
        for number, cell, row in rows:
            if cell.scenario == scenario and cell.name == name:
                found.setdefault(number, []).append(row[key])
        return found

    def ratio(scenario: str, name: str, key: str = "cpu_us") -> float | None:
        bare, mine = values(scenario, "bare", key), values(scenario, name, key)
        ratios = [statistics.mean(mine[number]) / statistics.mean(bare[number]) for number in mine]
        return median(ratios) if ratios else None

    def middle(scenario: str, name: str, key: str) -> float:
        return median([value for found in values(scenario, name, key).values() for value in found])

    result: list[Figure] = []
    measured = {cell.scenario for _, cell, _ in rows}
    names = {(cell.scenario, cell.name) for _, cell, _ in rows}
    if "durable" in measured:
        result.append(
            Figure(
                "durable event, CPU",
                middle("durable", "greenroom", "cpu_us"),
                "us",
                ratio("durable", "greenroom"),
                "<= 4.7 x bare",
            )
        )
        result.append(Figure("bare json loop, CPU", middle("durable", "bare", "cpu_us"), "us", 1.0))
        result.append(
            Figure(
                "bare loop with three commits, CPU",
                middle("durable", "bare:wal", "cpu_us"),
                "us",
                ratio("durable", "bare:wal"),
            )
        )
        result += [
            Figure(
                f"{peer} (in memory), CPU",
                middle("durable", peer, "cpu_us"),
                "us",
                ratio("durable", peer),
                "Greenroom below it",
            )
            for peer in IN_MEMORY
            if ("durable", peer) in names
        ]
    if "latency" in measured:
        result.append(
            Figure(
                "one event at a time, p50",
                middle("latency", "greenroom", "p50"),
                "us",
                ratio("latency", "greenroom", "p50"),
            )
        )
    if {"rules-1", "rules-1000"} <= measured:
        one, thousand = ratio("rules-1", "greenroom"), ratio("rules-1000", "greenroom")
        assert one is not None
        assert thousand is not None
        result.append(Figure("1000 rules against 1, CPU", 100 * (thousand / one - 1), "%", None, "within 10 %"))
    if "miss" in measured:
        result.append(
            Figure(
                "miss, CPU",
                middle("miss", "greenroom", "cpu_us"),
                "us",
                ratio("miss", "greenroom"),
                "<= 1.0 x bare's hit",
            )
        )
        result += [
            Figure(f"{peer} miss, CPU", middle("miss", peer, "cpu_us"), "us", ratio("miss", peer))
            for peer in ("opsdroid", "discord")
            if ("miss", peer) in names
        ]
    if "inflight" in measured:
        for name in ("greenroom", "discord"):
            if ("inflight", name) in names:
                result.append(
                    Figure(
                        f"{name}: 10,000 conversations of 0.5 s, wall",
                        middle("inflight", name, "wall"),
                        "s",
                        ratio("inflight", name, "wall"),
                        "<= 1.0 s" if name == "greenroom" else "",
                    )
                )
                result.append(
                    Figure(
                        f"{name}: worst stall of the loop meanwhile",
                        middle("inflight", name, "stall_ms"),
                        "ms",
                        None,
                        "< 50 ms" if name == "greenroom" else "",
                    )
                )
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help=f"comma-separated: {', '.join(SCENARIOS)}, build, agenda, guards")
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    only = set(filter(None, options.only.split(",")))
    console = Console()
    data = Path(os.environ.get("BENCH_DATA") or tempfile.mkdtemp(prefix="data-", dir=HERE))
    peers: list[str] = []
    if not options.no_peers:
        install = ["bash", str(PEERS / "make-venvs.sh")]
        done = subprocess.run(install, env={**os.environ, "PYTHON": sys.executable})  # noqa: S603 - our own script
        if done.returncode:
            console.print("[yellow]the peers could not be installed; measuring without them[/]")
        peers = [peer for peer in IN_MEMORY if (VENVS / peer / "done").exists()]
    rows: list[tuple[int, Cell, dict[str, Any]]] = []
    plan = [(number, cell) for number in range(options.rounds) for cell in cells(only, peers)]
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task("measuring", total=len(plan))
        for number, cell in plan:
            progress.update(bar, description=f"{cell.scenario}: {cell.name}")
            rows.append((number, cell, run(cell, data)))
            progress.advance(bar)
    result = figures(rows)
    if not only or "agenda" in only:
        seconds = median([put_down_100_000(data) for _ in range(options.rounds)])
        result.append(Figure("100,000 scheduled posts put down", seconds, "s", None, "< 1 s"))
    if not only or "guards" in only:
        rounds = [guards() for _ in range(options.rounds)]
        for what in ("reply", "post"):
            micros = median([costs[f"{what}_us"] for costs in rounds])
            result.append(Figure(f"all guards over a {what}, CPU", micros, "us", None, "<= 1000 us"))
    if not only or "build" in only:
        costs = [import_and_build(data) for _ in range(options.rounds)]
        result.append(
            Figure(
                "importing and building the Stage bot, CPU", median([cpu for cpu, _ in costs]), "s", None, "<= 0.40 s"
            )
        )
        result.append(
            Figure(
                "importing and building the Stage bot, memory", median([mb for _, mb in costs]), "MB", None, "<= 60 MB"
            )
        )
    OUT.mkdir(exist_ok=True)
    with (OUT / "latest.jsonl").open("w") as file:
        for one in result:
            file.write(
                json.dumps(
                    {
                        "figure": one.figure,
                        "value": round(one.value, 4),
                        "unit": one.unit,
                        "ratio_to_bare": None if one.ratio_to_bare is None else round(one.ratio_to_bare, 3),
                    }
                )
                + "\n"
            )
    table = Table(
        title=f"load {os.getloadavg()[0]:.1f}, {time.strftime('%Y-%m-%d')}, median of {options.rounds} rounds"
    )
    for column in ("figure", "value", "x bare", "budget"):
        table.add_column(column, justify="left" if column in ("figure", "budget") else "right")
    for one in result:
        table.add_row(
            one.figure,
            f"{one.value:,.2f} {one.unit}",
            "" if one.ratio_to_bare is None else f"{one.ratio_to_bare:.2f}",
            one.budget,
        )
    console.print(table)
    if not os.environ.get("BENCH_DATA"):
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    main()
