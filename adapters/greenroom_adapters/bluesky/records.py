"""The record of a post, composed of what is known about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from greenroom_adapters.bluesky.identifiers import POST
from greenroom_adapters.bluesky.targets import Answered
from greenroom_adapters.bluesky.wire import WireStrongRef

__all__ = ["WARNINGS", "Attached", "compose"]

WARNINGS = frozenset({"sexual", "nudity", "porn", "graphic-media"})
"""Labels behind which one hides a post of one's own (`com.atproto.label.defs#labelValue`). There are no warnings in
free words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """One uploaded file."""

    blob: Mapping[str, object]
    alt: str
    is_video: bool
    width: int
    """0: not known."""
    height: int


def compose(
    text: str,
    *,
    created_at: str,
    facets: Sequence[Mapping[str, object]],
    answered: Answered | None,
    quoted: WireStrongRef | None,
    attached: Sequence[Attached],
    language: str | None,
    warning: str | None,
) -> dict[str, object]:
    """Return a record of the type `app.bsky.feed.post`."""
    record: dict[str, object] = {"$type": POST, "text": text, "createdAt": created_at}
    if facets:
        record["facets"] = list(facets)
    if answered is not None:
        record["reply"] = {"root": _ref(answered.root), "parent": _ref(answered.parent)}
    embed = _embed(quoted, attached)
    if embed is not None:
        record["embed"] = embed
    if language is not None:
        record["langs"] = [language]
    if warning is not None:
        record["labels"] = {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": warning}]}
    return record


def _embed(quoted: WireStrongRef | None, attached: Sequence[Attached]) -> dict[str, object] | None:
    media = _media(attached)
    if quoted is None:
        return media
    record: dict[str, object] = {"$type": "app.bsky.embed.record", "record": _ref(quoted)}
    if media is None:
        return record
    return {"$type": "app.bsky.embed.recordWithMedia", "record": record, "media": media}


def _media(attached: Sequence[Attached]) -> dict[str, object] | None:
    if not attached:
        return None
    if attached[0].is_video:
        return {"$type": "app.bsky.embed.video", "video": attached[0].blob, **_described(attached[0])}
    images = [{"image": one.blob, **_described(one)} for one in attached]
    return {"$type": "app.bsky.embed.images", "images": images}


def _described(attached: Attached) -> dict[str, object]:
    described: dict[str, object] = {"alt": attached.alt}
    if attached.width > 0 and attached.height > 0:
        described["aspectRatio"] = {"width": attached.width, "height": attached.height}
    return described


def _ref(ref: WireStrongRef) -> dict[str, object]:
    return {"uri": ref.uri, "cid": ref.cid}
