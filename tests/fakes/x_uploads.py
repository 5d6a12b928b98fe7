"""Files that come to the X of the tests in pieces."""

from typing import Any

from x_posting import Refused
from x_state import State

__all__ = ["Uploads"]

PICTURE = 5_000_000
LARGEST = {"image": PICTURE, "gif": 15_000_000, "video": 512_000_000}
TYPES = {
    "image": ("image/jpeg", "image/png", "image/webp", "image/gif"),
    "gif": ("image/gif",),
    "video": ("video/mp4",),
}
WORKS_ON = 2
"""So many looks at a clip find it in progress."""
LASTS = 86_400

Answer = tuple[int, dict[str, Any]]


class Uploads:
    """The calls of media upload."""

    def __init__(self, state: State, *, dialect: str) -> None:
        self._state = state
        self._dialect = dialect

    def begin(self, me: int, query: dict[str, str], body: Any) -> Answer:
        """Announce a file."""
        kind = body["media_category"].rpartition("_")[2]
        if body["media_type"] not in TYPES[kind] or not 0 < body["total_bytes"] <= LARGEST[kind]:
            raise Refused(400, "Invalid Request", "Your media is of a wrong type or size.", "invalid-request")
        number = self._state.new_id()
        self._state.do(
            "INSERT INTO files (id, owner, media_type, category, size) VALUES (?, ?, ?, ?, ?)",
            *(number, me, body["media_type"], body["media_category"], body["total_bytes"]),
        )
        return 200, {"meta": {}, "data": {"id": str(number), "media_key": f"3_{number}", "expires_after_secs": LASTS}}

    def append(self, me: int, query: dict[str, str], body: Any, media: str) -> Answer:
        """Take a piece."""
        row = self._file(me, media)
        if row["is_whole"]:
            raise Refused(400, "Invalid Request", "It is whole.", "invalid-request")
        self._state.do(
            "INSERT OR REPLACE INTO segments VALUES (?, ?, ?)", row["id"], body["segment_index"], body["media"]
        )
        return 200, {"meta": {}, "data": {"expires_at": LASTS}}

    def finish(self, me: int, query: dict[str, str], body: Any, media: str) -> Answer:
        """Put the pieces together."""
        row = self._file(me, media)
        pieces = self._state.all("SELECT * FROM segments WHERE file = ? ORDER BY number", row["id"])
        is_in_order = [piece["number"] for piece in pieces] == list(range(len(pieces)))
        if not is_in_order or sum(len(piece["content"]) for piece in pieces) != row["size"]:
            raise Refused(
                400, "Invalid Request", "Segments do not add up to provided total file size.", "invalid-request"
            )
        self._state.do("UPDATE files SET is_whole = 1 WHERE id = ?", row["id"])
        return 200, {"meta": {}, "data": self._shown(self._file(me, media))}

    def look(self, me: int, query: dict[str, str], body: Any) -> Answer:
        """Say how far a file is."""
        row = self._file(me, query["media_id"])
        self._state.do("UPDATE files SET looks = looks + 1 WHERE id = ?", row["id"])
        return 200, {"meta": {}, "data": self._shown(row)}

    def describe(self, me: int, query: dict[str, str], body: Any) -> Answer:
        """Take the description."""
        row = self._file(me, body["id"])
        alt = body["metadata"]["alt_text"]["text"]
        if not 0 < len(alt) <= 1000:
            raise Refused(400, "Invalid Request", "alt_text", "invalid-request")
        self._state.do("UPDATE files SET alt = ? WHERE id = ?", alt, row["id"])
        return 200, {"data": {"id": str(row["id"]), "associated_metadata": {"alt_text": {"text": alt}}}}

    def _file(self, me: int, media: str) -> Any:
        row = self._state.one("SELECT * FROM files WHERE id = ? AND owner = ?", int(media), me)
        if row is None:
            raise Refused(400, "Invalid Request", f"There is no media {media}.", "invalid-request")
        return row

    def _shown(self, row: Any) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": str(row["id"]), "media_key": f"3_{row['id']}", "expires_after_secs": LASTS}
        shown["size"] = row["size"]
        if row["category"].endswith("_video"):
            state = "succeeded" if row["looks"] >= WORKS_ON else "in_progress"
            shown["processing_info"] = {"state": state, "check_after_secs": 1}
            if self._dialect == "tweet":
                # the older contract requires it, and says nothing of it
                shown["processing_info"]["type"] = "video"
        return shown
