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
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="What the platform needs to know, like its server.", show_default=False
        ),
    ] = None,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Publish from the first start. Without it an account on a real platform rehearses at first.",
            show_default=False,
        ),
    ] = False,
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

    An account on a real platform rehearses until `greenroom live` is typed: it listens, and shows what it would say.

    Example: greenroom new --name Ada --who "keeps a lighthouse"
    """
    from greenroom.cli.writing import needed, write_bot
    from greenroom.settings import Platforms, can_log_in
    from greenroom_adapters.contract import ConfigurationError

    asks = sys.stdin.isatty() and not as_json
    platforms = Platforms.installed().names

    def answer(given: str | None, question: str, usual: str) -> str:
        if given is None and asks:
            given = typer.prompt(question, default=usual)
        return (usual if given is None else given).strip() or usual

    def where() -> str:
        found = answer(platform, f"Where? ({', '.join(platforms)})", PLATFORM).casefold()
        while platform is None and asks and found not in platforms:
            say(f"There is no platform `{found}` here.")
            found = answer(None, f"Where? ({', '.join(platforms)})", PLATFORM).casefold()
        return found

    def asked(of: str) -> dict[str, str]:
        given = dict((key.strip(), value.strip()) for key, _, value in (one.partition("=") for one in setting or ()))
        adapter = Platforms.installed().adapter(of)
        wanted = {} if can_log_in(adapter) else needed(adapter, secret=False)
        for key, what in wanted.items():
            if key not in given and asks:
                given[key] = typer.prompt(f"{key}? {what}").strip()
        if missing := [key for key in wanted if not given.get(key)]:
            raise ConfigurationError(f"{of} needs to know: {', '.join(missing)}. Write --set {missing[0]}=...")
        return given

    called = answer(name, "What is it called?", NAME)
    is_who = answer(who, "Who is it? (one sentence)", WHO)
    sounds = answer(voice, "How does it sound?", VOICE)
    posts_about = answer(topics, "What does it post about? (with commas)", TOPICS)
    place = where()
    written = write_bot(
        name=called,
        who=is_who,
        voice=sounds,
        topics=posts_about,
        platform=place,
        settings=asked(place),
        live=live,
        folder=folder,
    )
    if as_json:
        write_json({"bot": str(written.bot), "persona": str(written.persona)})
        return
    say(f"{written.persona} written: who speaks.")
    say(f"{written.bot} written: what it answers and posts, and where.")
    if written.rehearses:
        say("It rehearses at first: nothing is published until `greenroom live home`.")
    for variable in written.variables:
        say(f"Its secret is looked for in the environment, as {variable}.")
    if written.logs_in:
        say(f"Sign it in: greenroom login home --bot {written.bot}")
    say(f"Look at them, then: greenroom run {written.bot}")
