"""`greenroom new`: a persona and a bot from a few questions."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, say, write_json

__all__ = ["new"]

NAME = "Ada"
WHO = "keeps the lighthouse at Cabo Raso and writes its log"
VOICE = "dry and kind; short sentences"
TOPICS = "the weather at sea, what the night left on the rocks"
PLATFORM = "stage"


@for_owners
def new(
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Who speaks.", show_default=False)] = None,
    who: Annotated[str | None, typer.Option(metavar="WORDS", help="Who that is.", show_default=False)] = None,
    voice: Annotated[str | None, typer.Option(metavar="WORDS", help="How it sounds.", show_default=False)] = None,
    topics: Annotated[
        str | None, typer.Option(metavar="LIST", help="What it posts about, with commas.", show_default=False)
    ] = None,
    platform: Annotated[
        str | None, typer.Option(metavar="NAME", help="Where it is signed in.", show_default=False)
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where to write. Left out: config/bots and config/personas where they are, else here.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a new bot: five questions, two files.

    A persona file says who speaks, a bot file what it answers and posts. What is given as an option is not asked;
    without a terminal nothing is asked. Files that exist are never touched.

    Example: greenroom new --name Ada --who "keeps a lighthouse"
    """
    from greenroom.cli.writing import write_bot
    from greenroom.settings import Platforms

    asks = sys.stdin.isatty() and not as_json
    platforms = Platforms.installed().names

    def answer(given: str | None, question: str, usual: str) -> str:
        if given is None and asks:
            given = typer.prompt(question, default=usual)
        return (usual if given is None else given).strip() or usual

    def where() -> str:
        found = answer(platform, f"Where? ({', '.join(platforms)})", PLATFORM)
        while platform is None and asks and found not in platforms:
            say(f"There is no platform `{found}` here.")
            found = answer(None, f"Where? ({', '.join(platforms)})", PLATFORM)
        return found

    written = write_bot(
        name=answer(name, "What is it called?", NAME),
        who=answer(who, "Who is it? (one sentence)", WHO),
        voice=answer(voice, "How does it sound?", VOICE),
        topics=answer(topics, "What does it post about? (with commas)", TOPICS),
        platform=where(),
        folder=folder,
    )
    if as_json:
        write_json({"bot": str(written.bot), "persona": str(written.persona)})
        return
    say(f"{written.persona} written: who speaks.")
    say(f"{written.bot} written: what it answers and posts, and where.")
    say(f"Look at them, then: greenroom run {written.bot}")
