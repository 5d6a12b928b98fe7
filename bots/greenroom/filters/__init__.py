"""Filters for photos and clips: named chains of operations, as an owner writes them and as they are applied."""

from greenroom.filters.applying import apply, filtered
from greenroom.filters.chain import Chain, Filters, Step, built_in, filters_with, identity_of, operations_of, words_for
from greenroom.filters.clips import LONGEST_WORK
from greenroom.filters.reading import open_picture

__all__ = [
    "LONGEST_WORK",
    "Chain",
    "Filters",
    "Step",
    "apply",
    "built_in",
    "filtered",
    "filters_with",
    "identity_of",
    "open_picture",
    "operations_of",
    "words_for",
]
