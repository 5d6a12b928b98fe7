"""How Python itself is set, for a program that runs one bot, and for those that it starts; a library leaves that to its
user."""

import gc
import os
import sys

__all__ = ["environment_of_a_child", "keep_what_is_built", "suit_a_bot"]

NEW_OBJECTS = 50_000
"""Objects made and not freed, after which the youngest are looked through. Python's own 700 are a few turns."""
TURN = 0.0005
"""Seconds after which a busy thread lets another go on that waits; Python's own are 0.005."""


def suit_a_bot() -> None:
    """Set what suits a loop that makes many objects, and a writer beside it. To be called before the rest is imported.

    Garbage is looked for less often: what is imported and built is none, what a turn makes is freed at once by counting
    references, and only rare cycles (an exception that holds its frame) are left to find. At its usual pace the
    collector takes a tenth of the start and of every turn, and stalls the loop.

    Threads take turns more often: the ledger's writer lets go of the interpreter at every row and has to wait for it
    again. Beside a loop that has thousands of turns to do it waited 5 ms for each row, and everybody for the writer.
    """
    gc.set_threshold(NEW_OBJECTS, 20, 20)
    sys.setswitchinterval(TURN)


def keep_what_is_built() -> None:
    """Never look again for garbage in what is there by now: modules, settings, tables."""
    gc.freeze()


def environment_of_a_child() -> dict[str, str]:
    """Return what a child of ours needs to find its program; keys of the owner are none of its business."""
    kept = ("PATH", "PYTHONPATH", "PYTHONHOME", "LANG", "LC_ALL", "SYSTEMROOT", "VIRTUAL_ENV", "TEMP", "TMP")
    return {**{name: os.environ[name] for name in kept if name in os.environ}, "PYTHONIOENCODING": "utf-8"}
