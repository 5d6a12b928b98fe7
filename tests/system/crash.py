"""The crash test: a bot is killed with -9 again and again, and the platform's own database says what became of it.

    python tests/system/crash.py [--platform stage] [--mentions 1000] [--posts 100] [--kills 200] [--server-kills 0]
                                 [--idempotency keyed] [--seed N] [--lose-answers 0.05] [--plant double|loss|trust]

One run against one platform, a Stage, a strict fake or a real server: the bot is killed at every named fault
point, then at random instants (start-up, work and drain), while mentions come in and scheduled posts fall due, and at
times the server is killed as well; then it may finish. The result is the exit code: 0 when nothing was lost, doubled or
generated again after it was stored, and when the run could have shown it: every point was reached, the kills met open
work, answers were lost on the way. In the Stage's class `none` an answer that was lost cannot be looked up: such a post
is parked for a person, and counted apart.
"""

import argparse
import contextlib
import importlib
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from crash_run import CrashTest
from crash_verdict import broken, unshown
from network import Network
from stage_network import CLASSES, StageNetwork

from greenroom.faults import POINTS

MISSING = 69
"""Exit code of a run that could not begin, because the platform's server is not installed."""
BROKEN, UNSHOWN = 1, 3
"""Exit codes of a run that broke a promise, and of one that broke none and met too little to show it."""
MEDIUM = {"mentions": 200, "posts": 20, "kills": 60, "server_kills": 3}
SIZES: Mapping[str, Mapping[str, int]] = {
    "stage": {"mentions": 1000, "posts": 100, "kills": 200, "server_kills": 0},
    "bluesky": MEDIUM,
    "discord": MEDIUM,
    "facebook": MEDIUM,
    "instagram": MEDIUM,
    "mastodon": MEDIUM,
    "mastodon-keyed": MEDIUM,
    "matrix": MEDIUM,
    "nostr": MEDIUM,
    "telegram": MEDIUM,
    "threads": MEDIUM,
    "x": MEDIUM,
}
"""Platform → how large a run is that does not say so."""
NETWORKS = {
    "bluesky": "bluesky_network:BlueskyNetwork",
    "discord": "discord_network:DiscordNetwork",
    "facebook": "meta_network:FacebookNetwork",
    "instagram": "meta_network:InstagramNetwork",
    "mastodon": "snac_network:SnacNetwork",
    "mastodon-keyed": "mastodon_network:MastodonNetwork",
    "matrix": "matrix_network:MatrixNetwork",
    "nostr": "nostr_network:NostrNetwork",
    "telegram": "telegram_network:TelegramNetwork",
    "threads": "meta_network:ThreadsNetwork",
    "x": "x_network:XNetwork",
}
"""Platform → its network, imported only for a run on it: it needs what starts servers."""
FAKES = ("discord", "facebook", "instagram", "mastodon-keyed", "telegram", "threads", "x")
"""Those that need no server to be installed."""
EVERY = 20.0
"""Seconds from one word about the progress to the next, where it does not go to a terminal."""


def points(told: str) -> tuple[str, ...]:
    """Return the fault points of an option: their names by comma, each as often as it stands there; or none."""
    named = tuple(name for name in told.split(",") if name != "none")
    if unknown := set(named).difference(POINTS):
        raise argparse.ArgumentTypeError(f"no fault point: {', '.join(sorted(unknown))}")
    return named


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--platform", choices=list(SIZES), default="stage")
    parser.add_argument("--mentions", type=int)
    parser.add_argument("--posts", type=int)
    parser.add_argument("--kills", type=int, help="at random instants, besides one at every fault point")
    parser.add_argument("--points", type=points, default=POINTS, help="fault points at which it is killed, by comma")
    parser.add_argument("--server-kills", type=int, help="kills of the platform's server among them")
    parser.add_argument("--idempotency", choices=list(CLASSES), help="of the Stage; keyed when nothing is said")
    parser.add_argument(
        "--lose-answers", type=float, default=0.05, help="share of writes that commit without an answer"
    )
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--patience", type=float, default=180.0, help="seconds for the drain at the end")
    parser.add_argument(
        "--plant", choices=["double", "loss", "trust"], help="give the bot a bug that this test must find"
    )
    parser.add_argument("--late", type=float, help="seconds by which the planted bug `loss` puts events off")
    parser.add_argument("--keep", type=Path, help="folder for the files of the run, to look into a failure")
    options = parser.parse_args(argv)
    for what, size in SIZES[options.platform].items():
        if getattr(options, what) is None:
            setattr(options, what, size)
    if options.idempotency is not None and options.platform != "stage":
        parser.error("--idempotency is for the Stage: other platforms have their own")
    if options.server_kills >= max(options.kills, 1):
        parser.error("--server-kills are some of the --kills")
    if options.seed is None:
        options.seed = int.from_bytes(os.urandom(4))
    return options


def network_for(options: argparse.Namespace, folder: Path) -> Network:
    """Return the platform of a run, not yet started."""
    chance = random.Random(options.seed)  # noqa: S311 - a test's dice
    if options.platform in NETWORKS:
        module, _, name = NETWORKS[options.platform].partition(":")
        network: type[Network] = getattr(importlib.import_module(module), name)
        return network(folder, chance)
    return StageNetwork(folder, chance, idempotency=options.idempotency or "keyed")


def progress() -> Callable[[int, int, str], None]:
    """Return what tells the person who waits how far the run is: in one line of a terminal, else now and then."""
    began = told = time.monotonic()
    begin, end = ("\r\x1b[K", "") if sys.stderr.isatty() else ("", "\n")

    def tell(done: int, of: int, what: str) -> None:
        nonlocal told
        now = time.monotonic()
        if sys.stderr.isatty() or now - told > EVERY:
            told = now
            minutes, seconds = divmod(round(now - began), 60)
            print(  # noqa: T201 - for the person who waits
                f"{begin}  {minutes}:{seconds:02}  {min(done, of)} of {of} kills, {what}",
                end=end,
                file=sys.stderr,
                flush=True,
            )

    return tell


def crash_test(options: argparse.Namespace) -> dict[str, Any]:
    with contextlib.ExitStack() as stack:
        if options.keep is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="greenroom-crash-")))
        else:
            options.keep.mkdir(parents=True)
            folder = options.keep.resolve()
        return CrashTest(options, network_for(options, folder), folder, tell=progress()).run()


def main() -> None:
    try:
        result = crash_test(arguments())
    except pytest.skip.Exception as missing:
        # on a build server it fails
        print(f"SKIPPED: {missing}")  # noqa: T201 - the reason
        sys.exit(MISSING)
    print(json.dumps(result), flush=True)  # noqa: T201 - the result
    print(f"{result['sent']} sent / {result['lost']} lost / {result['doubled']} doubled")  # noqa: T201 - the result
    for what in (faults := broken(result)):
        print(f"FAILED: {what}")  # noqa: T201 - the result
    for what in (gaps := unshown(result)):
        print(f"NOT SHOWN: {what}")  # noqa: T201 - the result
    for line in result["left over"]:
        print(f"LEFT OVER: {line}")  # noqa: T201 - the result
    sys.exit(BROKEN if faults else UNSHOWN if gaps else 0)


if __name__ == "__main__":
    main()
