"""Vectors of passages, compared all at once: exact, and quick enough for every collection that an index takes."""

import importlib.util
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from greenroom.storage import NOBODYS, Cause
from greenroom_adapters.contract import GreenroomError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Embedder", "EmbeddingFailed", "Vectors", "can_compare", "packed"]


class EmbeddingFailed(GreenroomError):
    """No vectors can be had now. What was asked is looked for by its words alone."""


class Embedder(Protocol):
    """Makes vectors of texts: what is alike in meaning lies close together."""

    @property
    def name(self) -> str:
        """What made them; vectors of another name cannot be compared with these."""
        ...

    async def embed(self, texts: Sequence[str], *, turn: str, cause: Cause = NOBODYS) -> list[Sequence[float]]:
        """Return a vector for each text, in order, all of the same length.

        :raises EmbeddingFailed: there are none; nothing, or part of the price, was paid
        """
        ...

    async def aclose(self) -> None:
        """Give connections back. Safe to call twice."""
        ...


def can_compare() -> bool:
    """Say whether the library is there with which vectors are compared."""
    return importlib.util.find_spec("numpy") is not None


def packed(vector: Sequence[float]) -> bytes:
    """Return a vector as the index keeps it, of length 1.

    :raises EmbeddingFailed: it is none
    """
    import numpy as np

    array = np.asarray(vector, dtype=np.float64)
    length = float(np.linalg.norm(array))
    if array.ndim != 1 or not 0 < length < float("inf"):
        raise EmbeddingFailed("the server's vectors are none")
    return (array / length).astype("<f4").tobytes()


class Vectors:
    """All vectors of one model, in memory."""

    def __init__(self, rows: Sequence[tuple[int, bytes]]) -> None:
        import numpy as np

        size = len(rows[0][1]) if rows else 0
        # a server whose model was exchanged under its name gives others
        fitting = [(id, vector) for id, vector in rows if len(vector) == size]
        self._ids = [id for id, _ in fitting]
        self._matrix: NDArray[np.float32] = np.frombuffer(
            b"".join(vector for _, vector in fitting), dtype="<f4"
        ).reshape(len(fitting), size // 4)

    def nearest(self, vector: bytes, limit: int) -> list[int]:
        """Return the passages whose vectors lie closest, the closest first; none where it is of another length."""
        import numpy as np

        asked = np.frombuffer(vector, dtype="<f4")
        if not self._ids or asked.shape[0] != self._matrix.shape[1]:
            return []
        likeness: NDArray[np.float32] = self._matrix @ asked
        best = np.argsort(-likeness, kind="stable")[:limit]
        return [self._ids[int(at)] for at in best]
