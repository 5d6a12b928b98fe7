"""What the Stage answers, as it is decoded, and what its refusals mean."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from greenroom_adapters.contract import (
    Capabilities,
    CountingRule,
    Forbidden,
    Idempotency,
    IdempotencyKind,
    Kind,
    Limits,
    MediaLimit,
    MediaRefused,
    PostRejected,
    Surface,
    TargetGone,
    TextLimit,
    TooLong,
    Unavailable,
)
from greenroom_adapters.stage.mapping import WireAccount, WirePost
from greenroom_adapters.transport import Answer, Effect, Http

__all__ = [
    "ACCOUNTS",
    "CONTAINERS",
    "EVENT_PAGES",
    "IDS",
    "LISTINGS",
    "POSTS",
    "SESSIONS",
    "THREADS",
    "Gone",
    "WireEvents",
    "capabilities_of",
    "instance_at",
    "refusal",
    "settles_after",
]

IDEMPOTENCY = {
    "keyed": IdempotencyKind.KEYED,
    "two_phase": IdempotencyKind.TWO_PHASE,
    "listed": IdempotencyKind.LISTED,
    "none": IdempotencyKind.NONE,
}


class Gone(TargetGone):
    """The very thing that was asked for is gone (404), not something that it answers or quotes (410)."""


REFUSALS: Mapping[str, type[PostRejected]] = {
    "too_long": TooLong,
    "media_refused": MediaRefused,
    "target_gone": TargetGone,
    "gone": Gone,
    "forbidden": Forbidden,
}


class WireError(msgspec.Struct, frozen=True):
    error: str
    message: str = ""


class WireTextLimit(msgspec.Struct, frozen=True):
    length: int
    rule: CountingRule


class WireMediaLimit(msgspec.Struct, frozen=True):
    count: int
    types: tuple[str, ...]
    bytes: int
    alt_length: int


class WireLimits(msgspec.Struct, frozen=True):
    text: Annotated[tuple[WireTextLimit, ...], msgspec.Meta(min_length=1)]
    media: WireMediaLimit | None = None


class WireIdempotency(msgspec.Struct, frozen=True):
    kind: str
    window_s: float | None = None


class WireInstance(msgspec.Struct, frozen=True):
    now: Annotated[datetime, msgspec.Meta(tz=True)]
    idempotency: WireIdempotency
    visible_after_s: float
    listing_reach: int
    limits: WireLimits


class WireSession(msgspec.Struct, frozen=True):
    token: str
    account: WireAccount


class WireId(msgspec.Struct, frozen=True):
    id: str


class WireContainer(msgspec.Struct, frozen=True):
    id: str
    state: str
    post: WirePost | None = None


class WireEvents(msgspec.Struct, frozen=True):
    events: tuple[msgspec.Raw, ...]
    cursor: str


class WireListing(msgspec.Struct, frozen=True):
    posts: tuple[WirePost, ...]
    deleted: tuple[str, ...] = ()


class WireThread(msgspec.Struct, frozen=True):
    above: tuple[WirePost, ...]


ERRORS = msgspec.json.Decoder(WireError)
INSTANCES = msgspec.json.Decoder(WireInstance)
SESSIONS = msgspec.json.Decoder(WireSession)
ACCOUNTS = msgspec.json.Decoder(WireAccount)
POSTS = msgspec.json.Decoder(WirePost)
IDS = msgspec.json.Decoder(WireId)
CONTAINERS = msgspec.json.Decoder(WireContainer)
EVENT_PAGES = msgspec.json.Decoder(WireEvents)
LISTINGS = msgspec.json.Decoder(WireListing)
THREADS = msgspec.json.Decoder(WireThread)


async def instance_at(http: Http) -> WireInstance:
    """Return what the Stage says of itself.

    :raises Unavailable: it cannot be reached, or plays a class of platform that is unknown here
    """
    answer = await http.call("GET", "/api/instance", effect=Effect.REPEATABLE)
    instance = http.decode(answer, INSTANCES)
    if instance.idempotency.kind not in IDEMPOTENCY:
        words = f"the Stage plays a class of platform that is unknown here: {instance.idempotency.kind!r}"
        raise http.error(Unavailable, words)
    return instance


def refusal(answer: Answer) -> tuple[type[PostRejected], str] | None:
    """Return which error a refusal of the Stage is, in its words; None: it is not one of its own."""
    try:
        said = ERRORS.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return REFUSALS.get(said.error, PostRejected), said.message


def capabilities_of(instance: WireInstance, publish_deadline: timedelta) -> Capabilities:
    """Return what every account can do there."""
    media = instance.limits.media
    window = instance.idempotency.window_s
    return Capabilities(
        limits=Limits(
            text=tuple(TextLimit(length=limit.length, rule=limit.rule) for limit in instance.limits.text),
            media=MediaLimit(
                count=media.count, types=frozenset(media.types), bytes=media.bytes, alt_length=media.alt_length
            )
            if media
            else None,
        ),
        idempotency=Idempotency(
            kind=IDEMPOTENCY[instance.idempotency.kind],
            window=None if window is None else timedelta(seconds=window),
        ),
        settles_after=settles_after(instance, publish_deadline),
        publish_deadline=publish_deadline,
        kinds=frozenset(Kind) - {Kind.UNKNOWN, Kind.UNREADABLE},
        surfaces=frozenset(Surface),
        quotes=True,
        content_warnings=True,
    )


def settles_after(instance: WireInstance, publish_deadline: timedelta) -> timedelta:
    """Return how long after a try its post may still be listed."""
    return timedelta(seconds=instance.visible_after_s) + publish_deadline
