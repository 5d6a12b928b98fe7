"""How many functions a durable event calls on the loop's side, stage by stage; those of C count as well.

    python tests/benchmarks/calls.py [WINDOWS]

Prints one JSON object: `calls` for each event, and `by_stage`. A profiler's hook counts them over some windows of 256
events. Unlike times they hardly differ from run to run, whatever else the machine does; they do differ from one version
of Python to another. What the writer's thread calls is not counted.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "peers")]

from harness import Generate, Sink  # noqa: E402 - the folder of the peers has to be known before
from peer_greenroom import Peer, setup  # noqa: E402 - as above

WINDOW = 256
STAGES = (
    ("/tests/benchmarks/", "the benchmark's own adapter and engine"),
    ("<string>", "the values of the contract"),
    ("/greenroom_adapters/", "the values of the contract"),
    ("/greenroom/routing/", "routing"),
    ("/greenroom/turns/intake.py", "intake"),
    ("/greenroom/turns/deciding.py", "intake"),
    ("/greenroom/policy/", "policy"),
    ("/greenroom/turns/briefing.py", "the brief"),
    ("/greenroom/memory/", "the brief"),
    ("/greenroom/generation/", "voice and bounds"),
    ("/greenroom/cleaning.py", "voice and bounds"),
    ("/greenroom/turns/lanes.py", "lanes"),
    ("/greenroom/turns/", "the turn's states and its intent"),
    ("/greenroom/delivery/", "delivery"),
    ("/greenroom/storage/", "the ledger's queue, and encoding for it"),
    ("/greenroom/clock.py", "the clock"),
    ("/greenroom/faults.py", "fault points"),
)


def stage_of(file: str) -> str:
    """Return what a file of code is about."""
    return next((stage for part, stage in STAGES if part in file), "asyncio and the rest of Python")


def counting(calls: Counter[str]) -> Callable[[FrameType, str, Any], None]:
    """Return a hook that counts calls by the file of whoever is called, or calls something of C."""

    def hook(frame: FrameType, event: str, argument: Any) -> None:
        if event in ("call", "c_call"):
            calls[frame.f_code.co_filename] += 1

    return hook


async def window(peer: Peer, sink: Sink, first: int, hook: Callable[[FrameType, str, Any], None] | None) -> None:
    """Have one window of events answered; only that is under the hook."""
    raws = [peer.make(number, 0) for number in range(first, first + WINDOW)]
    target = sink.sent + WINDOW
    sys.setprofile(hook)
    await peer.push_batch(raws)
    await sink.reach(target)
    await peer.settle()
    sys.setprofile(None)


async def count(windows: int) -> Counter[str]:
    """Return the calls of so many windows, by file."""
    calls: Counter[str] = Counter()
    hook = counting(calls)
    sink = Sink()
    peer = await setup(1, Generate(), sink, argparse.Namespace(users=1000, variant="", hit="last", mode="thr", n=0))
    warm = 4
    for number in range(warm + windows):
        await window(peer, sink, number * WINDOW, hook if number >= warm else None)
    await peer.close()
    return calls


def main() -> None:
    windows = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    by_stage: Counter[str] = Counter()
    for file, number in asyncio.run(count(windows)).items():
        by_stage[stage_of(file)] += number
    calls = {stage: round(number / windows / WINDOW, 1) for stage, number in by_stage.most_common()}
    json.dump({"calls": round(by_stage.total() / windows / WINDOW, 1), "by_stage": calls}, sys.stdout)


if __name__ == "__main__":
    main()
