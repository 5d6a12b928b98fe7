"""Whether a platform takes what is attached to a post, as far as a look at the files tells."""

from collections.abc import Sequence
from pathlib import Path

from greenroom_adapters.contract import Media, MediaLimit, MediaRefused
from greenroom_adapters.media.facts import Facts, facts_of

__all__ = ["glance", "is_clip", "megabytes", "too_much"]


def is_clip(media_type: str) -> bool:
    """Say whether the limits of clips hold for files of this type."""
    return media_type.startswith("video/")


def glance(media: Sequence[Media], limit: MediaLimit) -> None:
    """Refuse what the platform would not take; quick enough for `Adapter.prepare`: only headers are read.

    :raises MediaRefused: in words that say what is wrong and how it is mended
    """
    clips = sum(is_clip(one.media_type) for one in media)
    if len(media) > limit.count:
        raise MediaRefused(f"{len(media)} files to one post, and the platform takes {limit.count}")
    if clips and limit.clip is not None and limit.clip.count < limit.count:
        if clips > limit.clip.count:
            raise MediaRefused(f"{clips} videos to one post, and the platform takes {limit.clip.count}")
        if clips < len(media):
            raise MediaRefused("pictures and a video in one post, and the platform takes one or the other")
    for one in media:
        name = Path(one.path).name
        if not one.alt.strip():
            raise MediaRefused(f"{name} has no description: write `alt` for people who cannot see it")
        if len(one.alt) > limit.alt_length:
            raise MediaRefused(f"the description of {name} is over {limit.alt_length} characters: shorten `alt`")
        if one.media_type not in limit.types:
            raise MediaRefused(f"the platform takes no {one.media_type} ({name}), but {', '.join(sorted(limit.types))}")
        try:
            facts = facts_of(Path(one.path))
        except OSError as error:
            raise MediaRefused(f"{name} cannot be read: {error.strerror}") from None
        if (reason := too_much(facts, one.media_type, limit)) is not None:
            raise MediaRefused(f"{name} {reason}")


def too_much(facts: Facts, media_type: str, limit: MediaLimit) -> str | None:
    """Say in which way a file is over a limit; None: in none."""
    clip = limit.clip if is_clip(media_type) else None
    most_bytes, most_pixels = (limit.bytes, limit.pixels) if clip is None else (clip.bytes, clip.pixels)
    if facts.bytes > most_bytes:
        return f"has {megabytes(facts.bytes)}, and the platform takes {megabytes(most_bytes)}"
    if most_pixels is not None and facts.width is not None and facts.height is not None:
        pixels = facts.width * facts.height
        if pixels > most_pixels:
            return f"has {pixels:,} pixels, and the platform takes {most_pixels:,}"
    if clip is not None and clip.seconds is not None and facts.seconds is not None and facts.seconds > clip.seconds:
        return f"plays for {facts.seconds:.0f} seconds, and the platform takes {clip.seconds:.0f}: cut it"
    return None


def megabytes(size: int) -> str:
    """Return a size as people read it."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size:,} bytes"
