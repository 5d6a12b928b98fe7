"""Matrix: one account on a homeserver, by the client-server API, in rooms without encryption."""

from greenroom_adapters.matrix.adapter import MatrixAdapter
from greenroom_adapters.matrix.settings import MatrixSettings

__all__ = ["MatrixAdapter", "MatrixSettings"]
