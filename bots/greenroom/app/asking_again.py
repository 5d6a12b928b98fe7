"""How long somebody who asks a platform for something beside posting waits before he asks again."""

from greenroom_adapters.contract import RateLimited, Unavailable

__all__ = ["pause_after"]


def pause_after(absence: Unavailable, failures: int, *, longest: float) -> float:
    """Return seconds: as long as the platform asks for, and longer after each of the `failures` in a row, `longest` at
    the most."""
    asked = absence.retry_after.total_seconds() if isinstance(absence, RateLimited) else 0.0
    return max(asked, min(longest, 2.0 ** min(failures, 20)))
