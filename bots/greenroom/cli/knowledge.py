"""`greenroom knowledge`: what stands in a persona's documents, and what is found in them."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from greenroom.cli.casting import Cast, WhoArgument, cast
from greenroom.cli.failing import FAILED, for_owners
from greenroom.cli.progress import progress_bar
from greenroom.cli.showing import AsJson, console, facts, say, write_json

if TYPE_CHECKING:
    from greenroom.memory import Found, Known

__all__ = ["knowledge"]


@for_owners
def knowledge(
    who: WhoArgument = None,
    text: Annotated[
        str | None,
        typer.Argument(metavar="TEXT", help="A question. Left out: the documents are listed.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List a persona's documents, or what they have on a question.

    Reads the files anew and finds by their words alone: nothing is paid, and nothing kept. Each passage is shown with
    how much of what was asked stands in it. Documents that cannot be read are named with the reason, and the exit code
    is 1.

    Example: greenroom knowledge pip "who sharpens knives?"
    """
    from greenroom_adapters.contract import ConfigurationError

    who_knows = cast(who)
    if who_knows.persona.knowledge is None:
        raise ConfigurationError(f"{who_knows.path} has no documents: write `knowledge: {{from: FILE.md}}` into it")
    known, found = asyncio.run(_looked(who_knows, text, quiet=as_json))
    if as_json:
        write_json(_object(known, found))
    else:
        _tell(who_knows, known, found)
    if any(one.fault for one in known):
        raise typer.Exit(FAILED)


async def _looked(who: Cast, text: str | None, *, quiet: bool) -> "tuple[list[Known], Found | None]":
    from greenroom.clock import SystemClock
    from greenroom.memory import Library

    with progress_bar("reading documents", quiet=quiet) as progress:
        library = Library(who.persona.knowledge, clock=SystemClock(), tell=lambda done, of: progress(done / of))
        try:
            known = await library.known()
            return known, None if text is None else await library.find(text)
        finally:
            await library.aclose()


def _object(known: "list[Known]", found: "Found | None") -> dict[str, object]:
    documents = [
        {"file": str(one.path), "title": one.title, "passages": one.passages, "fault": one.fault} for one in known
    ]
    if found is None:
        return {"documents": documents}
    passages = [
        {"document": one.source, "heading": one.heading, "text": one.text, "covers": round(one.covers, 3)}
        for one in found.passages
    ]
    return {"documents": documents, "found": passages}


def _tell(who: Cast, known: "list[Known]", found: "Found | None") -> None:
    from greenroom.cli.document_words import of_documents, without_files

    for line in without_files(who.persona):
        say(f"warning: {line}")
    for one in known:
        if one.fault is not None:
            say(f"not read: {one.path}: {one.fault}")
    if found is None:
        facts(
            [(f"{one.passages:,}", f"{one.title}  ({one.path.name})") for one in known if one.fault is None], console()
        )
        say(of_documents(known))
        return
    if not found.passages:
        say(f"Nothing in {of_documents(known)}.")
    for passage in found.passages:
        below = f", {passage.heading}" if passage.heading else ""
        say(f"{passage.covers:4.0%}  {passage.source}{below}")
        facts([("", passage.text)], console())
