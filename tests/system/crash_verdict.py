"""What the figures of a crash test say: whether a promise was broken, and whether the run could have shown it."""

from typing import Any

__all__ = ["NEVER", "broken", "to_go_out_first", "unshown"]

NEVER = (
    "lost",
    "doubled",
    "unasked",
    "strange",
    "dead",
    "parked without a try in doubt",
    "generations repeated after they were stored",
)
"""Figures that are 0 wherever the promises hold."""


def to_go_out_first(asked: int) -> int:
    """Return how many of what is asked have to go out before the drain, which nothing kills and which shows little."""
    return asked // 3


def broken(result: dict[str, Any]) -> list[str]:
    """Return which promises were broken."""
    found = [f"{result[what]} {what}" for what in NEVER if result[what]]
    if result["idempotency"] != "none" and result["parked"]:
        found.append(f"{result['parked']} parked where everything can be looked up")
    if result["sent"] + result["parked"] < result["asked"]:
        found.append("some are neither sent nor told to a person")
    return found


def unshown(result: dict[str, Any]) -> list[str]:
    """Return what the run did not meet and would have had to: one that met nothing shows nothing."""
    found = [f"{point} was never reached" for point, why in result["points not reached"].items() if why is None]
    if result["generations"] < result["mentions"]:
        found.append("fewer generations were noted than mentions answered")
    if result["kills over open work"] < result["kills"] // 2:
        found.append(f"only {result['kills over open work']} of {result['kills']} kills met open work")
    if result["sent before the drain"] < to_go_out_first(result["asked"]):
        found.append(f"only {result['sent before the drain']} went out while the bot was being killed")
    if result["kills of the server"] and not result["kills of the server over open work"]:
        found.append("no kill of the server met open work")
    if not result["tries in doubt after a kill"]:
        found.append("no kill met a post that was being sent")
    if result["answers to lose"] and not result["answers lost"]:
        found.append("no answer was lost on the way")
    if result["idempotency"] == "keyed-window" and not result["restarts after a key's window"]:
        found.append("no restart outlasted the window of a key")
    if result["posts left for the drain"] > (result["asked"] - result["mentions"]) / 2:
        found.append("most of the posts came when nothing killed the bot any more")
    return found
