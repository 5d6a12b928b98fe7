"""A persona's documents in words: how many there are, which cannot be read, and which patterns mean none."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from greenroom.memory import Known, Library, files_of

if TYPE_CHECKING:
    from greenroom.clock import Clock
    from greenroom.personas import Persona

__all__ = ["of_documents", "surveyed", "without_files"]


def of_documents(known: Sequence[Known]) -> str:
    """Return how many documents and passages there are."""
    good = [one for one in known if one.fault is None]
    documents = "1 document" if len(good) == 1 else f"{len(good):,} documents"
    return f"{documents}, {sum(one.passages for one in good):,} passages"


def without_files(persona: "Persona") -> list[str]:
    """Return the patterns that mean no file now, each with what is read."""
    patterns = () if persona.knowledge is None else persona.knowledge.files
    return [
        f"`knowledge`: {pattern} means no file; .md, .txt, .html and .pdf are read"
        for pattern in patterns
        if not files_of([pattern])
    ]


async def surveyed(persona: "Persona", *, clock: "Clock") -> tuple[str | None, list[str]]:
    """Read a persona's documents, as a bot would; return how many there are (None: it has none of its own), and what is
    wrong with them."""
    if persona.knowledge is None:
        return None, []
    library = Library(persona.knowledge, clock=clock)
    try:
        known = await library.known()
    finally:
        await library.aclose()
    faults = [f"{one.path} is not read: {one.fault}" for one in known if one.fault is not None]
    return of_documents(known), [*without_files(persona), *faults]
