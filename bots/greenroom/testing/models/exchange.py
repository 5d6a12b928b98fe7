"""What passed between a caller and the server."""

import enum
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Endpoint", "Exchange"]


class Endpoint(enum.StrEnum):
    """What can be asked for, by its address under `/v1`."""

    CHAT = "/chat/completions"
    IMAGES = "/images/generations"
    EDITS = "/images/edits"
    EMBEDDINGS = "/embeddings"
    MODERATIONS = "/moderations"


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request, and what was answered to it."""

    endpoint: Endpoint
    body: dict[str, Any]
    """The request's JSON, or the fields of its form; files are bytes, several of one name a list."""
    authorization: str = ""
    """The header with the key."""
    turned_away: bool = False
    """The request itself was wrong: no order was carried out."""
    status: int | None = None
    """None: nothing was answered (yet)."""
    answer: Any = None
    """The whole answer as JSON, also where only a part of it was sent. None for a stream and for `Sends`."""
    chunks: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """What a stream sent so far."""
