"""The mark of a bot: a label that the account gives itself, in its profile."""

from typing import Any, cast

from greenroom_adapters.bluesky.api import Api
from greenroom_adapters.bluesky.identifiers import PROFILE, AtUri
from greenroom_adapters.contract import Duplicate, TargetGone
from greenroom_adapters.transport import Effect

__all__ = ["declare"]

LABELS = "com.atproto.label.defs#selfLabels"
BOT = "bot"
TRIES = 3


async def declare(api: Api) -> bool:
    """Add the label to the profile, unless it is there; say whether that changed anything. Everything else in the
    profile stays as it stands, whatever it is: the record is written back whole, in the place of the very version that
    was read.

    :raises Duplicate: somebody else changed the profile at the same time, again and again
    """
    uri = AtUri(api.me, PROFILE, "self")
    for tries_left in reversed(range(TRIES)):
        try:
            found = await api.profile_record()
        except TargetGone:
            found = None
        record: dict[str, object] = {"$type": PROFILE} if found is None else dict(found.value)
        labels = _values(record)
        if any(label.get("val") == BOT for label in labels):
            return False
        record["labels"] = {"$type": LABELS, "values": [*labels, {"val": BOT}]}
        try:
            await api.put(uri, record, replaces=None if found is None else found.cid, effect=Effect.REPEATABLE)
        except Duplicate:
            if not tries_left:
                raise
            continue
        return True
    raise AssertionError("the last try returns or raises")


def _values(record: dict[str, object]) -> list[dict[str, Any]]:
    labels = record.get("labels")
    values = cast("dict[str, Any]", labels).get("values") if isinstance(labels, dict) else None
    if not isinstance(values, list):
        return []
    return [cast("dict[str, Any]", value) for value in cast("list[object]", values) if isinstance(value, dict)]
