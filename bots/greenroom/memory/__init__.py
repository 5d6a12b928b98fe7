"""What a bot knows beside its persona: the owner's documents, feeds, and what people told it of themselves."""

from greenroom.memory.documents import Document, Unreadable, files_of, read_document
from greenroom.memory.index import Known, KnownFeed, terms_of
from greenroom.memory.library import NOTHING_FOUND, Found, Library, Passage
from greenroom.memory.people import People, audience_of
from greenroom.memory.vectors import Embedder, EmbeddingFailed, can_compare

__all__ = [
    "NOTHING_FOUND",
    "Document",
    "Embedder",
    "EmbeddingFailed",
    "Found",
    "Known",
    "KnownFeed",
    "Library",
    "Passage",
    "People",
    "Unreadable",
    "audience_of",
    "can_compare",
    "files_of",
    "read_document",
    "terms_of",
]
