"""Files that go along with a post: which are taken, and what an event says about them."""

from greenroom_adapters.contract import MediaLimit
from greenroom_adapters.media import Loaded

__all__ = ["info", "limit", "message_type", "name"]

TYPES = frozenset(
    {
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "video/mp4",
        "video/webm",
        "audio/mpeg",
        "audio/mp4",
        "audio/ogg",
    }
)
ALT_LENGTH = 2000
SIZE_WHERE_UNSAID = 10 * 1024 * 1024
LARGEST = 50 * 1024 * 1024
"""However much a server takes: a file goes through memory, and must be gone within one try."""


def limit(upload_size: int | None) -> MediaLimit:
    """Return what one event carries: one file, of a type that clients show in place."""
    size = SIZE_WHERE_UNSAID if upload_size is None else min(upload_size, LARGEST)
    return MediaLimit(count=1, types=TYPES, bytes=size, alt_length=ALT_LENGTH)


def message_type(media_type: str) -> str:
    """Return the `msgtype` of a file."""
    return f"m.{media_type.partition('/')[0]}"


def name(file: Loaded) -> str:
    """Return what the file is called in the room: its name on the owner's disk is nobody's business."""
    main, _, kind = file.media_type.partition("/")
    return f"{main}.{kind}"


def info(file: Loaded) -> dict[str, object]:
    """Return the `info` of the file's event (client-server API, "m.image")."""
    said: dict[str, object] = {"mimetype": file.media_type, "size": len(file.content)}
    if file.width is not None and file.height is not None:
        said["w"], said["h"] = file.width, file.height
    if file.seconds is not None:
        said["duration"] = round(file.seconds * 1000)
    return said
