"""`greenroom knowledge`: what stands in a persona's documents and feeds, and what is found in them."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from greenroom.cli.casting import Cast, WhoArgument, cast
from greenroom.cli.failing import FAILED, for_owners
from greenroom.cli.progress import progress_bar
from greenroom.cli.showing import AsJson, console, facts, say, write_json

if TYPE_CHECKING:
    from greenroom.memory import Found, Known, KnownFeed

__all__ = ["knowledge"]


@for_owners
def knowledge(
    who: WhoArgument = None,
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="TEXT", help="A question. Left out: documents and feeds are listed.", show_default=False
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List a persona's documents and feeds, or look into them.

    Reads the files and the feeds anew and finds by their words alone: nothing is paid, and nothing kept. Each passage
    is shown with how much of what was asked stands in it. What cannot be read is named with the reason, and the exit
    code is 1.

    Example: greenroom knowledge pip "who sharpens knives?"
    """
    from greenroom_adapters.contract import ConfigurationError

    who_knows = cast(who)
    if who_knows.persona.knowledge is None:
        raise ConfigurationError(f"{who_knows.path} has no documents: write `knowledge: {{from: FILE.md}}` into it")
    known, feeds, found = asyncio.run(_looked(who_knows, text, quiet=as_json))
    if as_json:
        write_json(_object(known, feeds, found))
    else:
        _tell(who_knows, known, feeds, found)
    if any(one.fault for one in known) or any(feed.fault for feed in feeds):
        raise typer.Exit(FAILED)


async def _looked(who: Cast, text: str | None, *, quiet: bool) -> "tuple[list[Known], list[KnownFeed], Found | None]":
    from greenroom.clock import SystemClock
    from greenroom.memory import Library

    with progress_bar("reading documents", quiet=quiet) as progress:
        library = Library(who.persona.knowledge, clock=SystemClock(), tell=lambda done, of: progress(done / of))
        try:
            known, feeds = await library.known(), await library.feeds()
            return known, feeds, None if text is None else await library.find(text)
        finally:
            await library.aclose()


def _object(known: "list[Known]", feeds: "list[KnownFeed]", found: "Found | None") -> dict[str, object]:
    documents = [
        {"file": str(one.path), "title": one.title, "passages": one.passages, "fault": one.fault} for one in known
    ]
    there: dict[str, object] = {
        "documents": documents,
        "feeds": [
            {
                "feed": one.address,
                "items": one.items,
                "passages": one.passages,
                "newest": one.newest or None,
                "fault": one.fault,
            }
            for one in feeds
        ],
    }
    if found is None:
        return there
    passages = [
        {
            "document": one.source,
            "address": one.address or None,
            "heading": one.heading,
            "text": one.text,
            "covers": round(one.covers, 3),
        }
        for one in found.passages
    ]
    return {**there, "found": passages}


def _tell(who: Cast, known: "list[Known]", feeds: "list[KnownFeed]", found: "Found | None") -> None:
    from greenroom.cli.document_words import of_documents, of_feed, of_feeds, without_files

    for line in without_files(who.persona):
        say(f"warning: {line}")
    for one in known:
        if one.fault is not None:
            say(f"not read: {one.path}: {one.fault}")
    for feed in feeds:
        if feed.fault is not None:
            say(f"not read: {feed.address}: {feed.fault}")
    counted = "; ".join([*([of_documents(known)] if known or not feeds else []), *([of_feeds(feeds)] if feeds else [])])
    if found is None:
        facts(
            [
                *((f"{one.passages:,}", f"{one.title}  ({one.path.name})") for one in known if one.fault is None),
                *((f"{one.passages:,}", of_feed(one)) for one in feeds if one.fault is None),
            ],
            console(),
        )
        say(counted)
        return
    if not found.passages:
        say(f"Nothing in {counted}.")
    for passage in found.passages:
        below = f", {passage.heading}" if passage.heading else ""
        say(f"{passage.covers:4.0%}  {passage.named}{below}")
        facts([("", passage.text)], console())
