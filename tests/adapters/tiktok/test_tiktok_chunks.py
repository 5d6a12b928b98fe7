"""How a video is cut: by TikTok's rules, whatever its size, and gone on with wherever it broke off."""

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from greenroom_adapters.tiktok.chunks import LARGEST, LARGEST_LAST, MOST, SMALLEST, pieces_of

MEGABYTE = 1024 * 1024
SIZES = st.integers(min_value=1, max_value=4 * 1000 * 1000 * 1000)


@given(SIZES)
@example(1)
@example(5 * 1000 * 1000)
@example(5 * MEGABYTE)
@example(6 * MEGABYTE - 1)
@example(6 * MEGABYTE)
@example(12 * MEGABYTE - 1)
@example(12 * MEGABYTE)
@example(64 * 1000 * 1000)
@example(64 * MEGABYTE + 1)
@example(4 * 1000 * 1000 * 1000)
def test_pieces_are_the_whole_file_in_order_and_of_sizes_that_tiktok_takes(size: int) -> None:
    pieces = pieces_of(size)
    spans = [pieces.span(number) for number in range(pieces.count)]
    assert spans[0][0] == 0
    assert spans[-1][1] == size
    assert all(before[1] == behind[0] for before, behind in pairwise(spans))
    assert pieces.count == size // pieces.piece
    assert 1 <= pieces.count <= MOST
    lengths = [end - first for first, end in spans]
    assert all(length == pieces.piece for length in lengths[:-1])
    if pieces.count == 1:
        assert lengths == [size]
        assert size <= LARGEST
    else:
        assert SMALLEST <= pieces.piece <= LARGEST
        assert pieces.piece <= lengths[-1] <= LARGEST_LAST
    assert [pieces.is_last(number) for number in range(pieces.count)] == [False] * (pieces.count - 1) + [True]


@given(SIZES, st.floats(min_value=0, max_value=1.1))
def test_what_has_arrived_is_gone_on_from_without_a_gap(size: int, share: float) -> None:
    pieces, arrived = pieces_of(size), int(size * share)
    number = pieces.after(arrived)
    if arrived >= size:
        assert number == pieces.count
    else:
        first, end = pieces.span(number)
        assert first <= arrived < end, "nothing is left out, and no whole piece is sent again"


@given(SIZES)
def test_after_every_whole_piece_comes_the_next(size: int) -> None:
    pieces = pieces_of(size)
    assert pieces.after(0) == 0
    for number in {0, pieces.count // 2, pieces.count - 1}:
        assert pieces.after(pieces.span(number)[1]) == number + 1
