"""`greenroom post`: a post put down by hand, now or for later; or thousands from a file."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from greenroom.cli.choosing import BotOption, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, console, moment_words, say, write_json

if TYPE_CHECKING:
    from greenroom.cli.posting import PutDown

__all__ = ["post"]


@for_owners
def post(
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="TEXT", help="What to say, word for word; - reads it from standard input.", show_default=False
        ),
    ] = None,
    about: Annotated[
        str | None, typer.Option(metavar="WORDS", help="Let the engines write it, about this.", show_default=False)
    ] = None,
    at: Annotated[
        str,
        typer.Option(metavar="WHEN", help="18:00, '2026-12-24 18:00' or 'in 2 hours', in the bot's time zone."),
    ] = "now",
    places: Annotated[
        list[str] | None,
        typer.Option(
            "--in",
            metavar="PLACE",
            help="Account, account/room or a room of the file; may be repeated. Left out: all accounts.",
            show_default=False,
        ),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A picture that goes with it.", show_default=False)
    ] = None,
    alt: Annotated[
        str | None,
        typer.Option(metavar="WORDS", help="Description of the picture for who cannot see it.", show_default=False),
    ] = None,
    card: Annotated[
        bool, typer.Option("--card", help="A card of its words, drawn here, goes with it.", show_default=False)
    ] = False,
    warning: Annotated[
        str | None,
        typer.Option(metavar="WORDS", help="What readers are told before they open it.", show_default=False),
    ] = None,
    visibility: Annotated[
        str | None, typer.Option(metavar="WORD", help="Who sees it: public, unlisted or followers.", show_default=False)
    ] = None,
    poll: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ANSWER", help="An answer of a poll whose question TEXT asks; repeated.", show_default=False
        ),
    ] = None,
    poll_for: Annotated[
        str, typer.Option("--poll-for", metavar="TIME", help="How long votes of the poll are counted.")
    ] = "1 day",
    poll_several: Annotated[
        bool,
        typer.Option("--poll-several", help="Readers may choose more than one answer.", show_default=False),
    ] = False,
    from_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="One post a line, each perhaps with its own time before it: '2026-12-24 18:00 The text'.",
            show_default=False,
        ),
    ] = None,
    every: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="With --from-file: how far apart the lines without a time are.", show_default=False
        ),
    ] = None,
    bot: BotOption = None,
    as_json: AsJson = False,
) -> None:
    r"""Post something, now or at a time.

    A running bot takes it at once. Without one it waits in the ledger, and goes out when the bot runs, up to an hour
    late. A file has one post a line, and all of them are put down in one go; \n in a line begins a new line of the
    post. Words that are too long for one of the places are refused, with both figures.

    Example: greenroom post "The harbour lights are on." --at 18:00 --in masto
    """
    if sum(given is not None for given in (text, about, from_file)) != 1:
        raise typer.BadParameter("say either TEXT, or --about WORDS, or --from-file FILE")
    if card and picture is not None:
        raise typer.BadParameter("--card and --picture are two pictures: keep one of them")
    if (picture is None) != (alt is None) and not card:
        raise typer.BadParameter("--picture and --alt go together: who cannot see a picture reads its description")
    if every is not None and from_file is None:
        raise typer.BadParameter("--every goes with --from-file; a post that comes again stands in the bot file")
    if text == "-":
        text = sys.stdin.read().strip()

    from greenroom.cli import posting

    chosen = choose(bot)
    file = chosen.in_force()
    around = posting.Around(
        picture=None if picture is None else picture.resolve(),
        card=card,
        alt=alt,
        warning=(warning or "").strip() or None,
        visibility=None if visibility is None else posting.visibility_of(visibility),
        poll=None if not poll else posting.poll_of(poll, open_for=poll_for, several=poll_several),
    )
    if from_file is None:
        work = posting.put_one_down(file, text=text, about=about, at=at, places=places or (), around=around)
    else:
        work = posting.put_file_down(
            file,
            from_file,
            at=at,
            every=None if every is None else posting.step_of(every),
            places=places or (),
            around=around,
            shows_progress=not as_json and sys.stderr.isatty(),
        )
    put = asyncio.run(work)
    if as_json:
        write_json(put.as_object())
    else:
        _tell(put, chosen.start)


def _tell(put: "PutDown", start: str) -> None:
    count = len(put.items)
    first = moment_words(put.first, put.now, put.zone)
    if count > put.accounts:
        last = moment_words(put.last, put.now, put.zone)
        say(f"{count:,} posts put down, from {first} to {last}: `greenroom queue` lists them.")
        if not put.runs:
            say(f"No bot runs on this ledger: they go out while `{start}` does.")
        return
    for sent in put.turns:
        from greenroom.cli.turn_words import turn_lines

        console().print(turn_lines(sent, put.zone))
    if put.turns:
        return
    number = ", ".join(map(str, put.items))
    if not put.runs:
        say(f"Put down as post {number} for {first}. No bot runs on this ledger: start it with `{start}`.")
    elif put.is_paused:
        say(f"Put down as post {number}; it waits until `greenroom resume` ends the pause.")
    elif put.first - put.now > timedelta(seconds=1):
        say(f"Put down as post {number} for {first}. `greenroom queue cancel {put.items[0]}` takes it back.")
    else:
        say(f"Put down as post {number}; it is on its way: `greenroom log` shows it.")
