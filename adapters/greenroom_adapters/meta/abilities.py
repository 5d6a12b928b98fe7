"""What an account on a platform of Meta can do, by its settings."""

from datetime import timedelta

from greenroom_adapters.contract import Capabilities, Idempotency, IdempotencyKind, Kind, Limits, Surface

__all__ = ["abilities"]


def abilities(
    limits: Limits,
    idempotency: IdempotencyKind,
    *,
    direct_messages: bool,
    live: set[Kind],
    publish_deadline: timedelta,
    visible_within: timedelta,
) -> Capabilities:
    """Return them. `live` is what calls alone tell. A try is over after `publish_deadline`, and its post is listed
    `visible_within` of that."""
    kinds = {Kind.MENTION, Kind.REPLY, Kind.MESSAGE, Kind.OWN_POST, *live}
    surfaces = {Surface.POST, Surface.REPLY}
    if direct_messages:
        kinds.add(Kind.DIRECT_MESSAGE)
        surfaces.add(Surface.DIRECT_MESSAGE)
    return Capabilities(
        limits=limits,
        idempotency=Idempotency(kind=idempotency),
        settles_after=publish_deadline + visible_within,
        publish_deadline=publish_deadline,
        kinds=frozenset(kinds),
        live_only=frozenset(live),
        surfaces=frozenset(surfaces),
    )
