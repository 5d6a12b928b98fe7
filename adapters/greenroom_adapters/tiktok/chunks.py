"""How a video is cut for the way up: the pieces of a file, by TikTok's rules for them."""

from dataclasses import dataclass

__all__ = ["LARGEST", "LARGEST_LAST", "MOST", "SMALLEST", "Pieces", "pieces_of"]

SMALLEST, LARGEST = 5 * 1024 * 1024, 64 * 1000 * 1000
"""Bytes of a piece that is not the last. TikTok says MB; these hold for both that it may mean."""
LARGEST_LAST = 128 * 1000 * 1000
MOST = 1000
PIECE = 6 * 1024 * 1024
"""Usual size: so much is sent again where the way breaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """The pieces of a file, which are sent one after the other. The last takes what is left over."""

    size: int
    """Of the whole file, in bytes."""
    piece: int
    """Of one piece; the last may be larger."""

    @property
    def count(self) -> int:
        """How many there are."""
        return self.size // self.piece

    def span(self, number: int) -> tuple[int, int]:
        """Return the first byte of a piece, and the one behind its last."""
        first = number * self.piece
        return first, self.size if number == self.count - 1 else first + self.piece

    def is_last(self, number: int) -> bool:
        """Say whether nothing is missing after this piece."""
        return number == self.count - 1

    def after(self, arrived: int) -> int:
        """Return which piece comes next when so many bytes have arrived; `count`: none is missing. One that is there in
        part is sent again."""
        return self.count if arrived >= self.size else min(max(arrived, 0) // self.piece, self.count - 1)


def pieces_of(size: int) -> Pieces:
    """Cut a file of so many bytes, at least one."""
    piece = max(PIECE, -(-size // MOST))
    return Pieces(size=size, piece=min(piece, size))
