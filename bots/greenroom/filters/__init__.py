"""Filters for photos and clips: named chains of operations, as an owner writes them and as they are applied."""

from greenroom.filters.applying import apply, filtered
from greenroom.filters.chain import BUILT_IN, Chain, Filters, Step, filters_with, identity_of, operations_of, words_for

__all__ = [
    "BUILT_IN",
    "Chain",
    "Filters",
    "Step",
    "apply",
    "filtered",
    "filters_with",
    "identity_of",
    "operations_of",
    "words_for",
]
