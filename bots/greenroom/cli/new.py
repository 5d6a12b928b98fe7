"""`greenroom new`: a persona and a bot from a few questions."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, say, write_json

if TYPE_CHECKING:
    from greenroom.personas.foreign import Character

__all__ = ["new"]

NAME = "Ada"
WHO = "keeps the lighthouse at Cabo Raso and writes its log"
VOICE = "dry and kind; short sentences"
TOPICS = "the weather at sea, what the night left on the rocks"
PLATFORM = "stage"
CALLED = "What is it called?"
WHO_IS_IT = "Who is it? (one sentence)"


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
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="A character of another system: elizaOS or AstrBot (JSON), a character card (PNG, JSON), a SOUL.md.",
            show_default=False,
        ),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Your own posts, from which its style is measured: CSV or JSON with a column `text`, plain text, or "
            "BOT/ACCOUNT, an account of a bot that you have signed in.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a new bot: five questions, two files.

    A persona file says who speaks, a bot file what it answers and posts. What is given as an option is not asked;
    without a terminal nothing is asked. Files that exist are never touched.

    With --from the persona is a character that you have already; what of it found no place is listed. With --like it
    writes as you do: length, emoji, hashtags, links and languages are measured, the most different of your posts become
    its examples, and topics are proposed. No model is asked, and nothing leaves this machine.

    An account on a real platform rehearses until `greenroom live` is typed: it listens, and shows what it would say.

    Example: greenroom new --name Ada --who "keeps a lighthouse"
    """
    from greenroom.cli.own_posts import is_account, posts_of_account
    from greenroom.cli.writing import needed, write_bot
    from greenroom.personas.foreign import Character, read_character
    from greenroom.rehearsal.likeness import likeness_of, own_posts, posts_in
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

    if source is not None and like is not None:
        raise ConfigurationError("--from and --like both say how it writes: take one of them")
    posts: list[str] = []
    if source is not None:
        character = read_character(source, name=name)
    elif like is not None:
        posts = own_posts(posts_of_account(like)) if is_account(like) else posts_in(Path(like))
        called, is_who = (answer(given, question, "") for given, question in ((name, CALLED), (who, WHO_IS_IT)))
        if not called or not is_who:
            raise ConfigurationError("posts do not tell whose they are: write --name and --who")
        character = likeness_of(posts, name=called, who=is_who)
    else:
        character = Character(
            name=answer(name, CALLED, NAME),
            who=answer(who, WHO_IS_IT, WHO),
            voice=answer(voice, "How does it sound?", VOICE),
            topics=_listed(answer(topics, "What does it post about? (with commas)", TOPICS)),
        )
    character = replace(
        character,
        who=who or character.who,
        voice=voice or character.voice,
        topics=_listed(topics or "") or character.topics,
    )
    place = where()
    written = write_bot(
        character,
        platform=place,
        settings=asked(place),
        live=live,
        folder=folder,
    )
    if as_json:
        write_json(
            {
                "bot": str(written.bot),
                "persona": str(written.persona),
                "left": [{"field": one.field, "why": one.why} for one in character.left],
                "bounds": {key: [bound.least, bound.most] for key, bound in character.bounds.items()},
            }
        )
        return
    say(f"{written.persona} written: who speaks.")
    if like is not None:
        say(f"Measured from {len(posts)} posts: {_measured(character)}. Look at its topics: they are proposals.")
    if source is not None:
        say("Read it: what it says of itself is what your bot will be. It has no rights that you do not give it here.")
    for one in character.left:
        say(f"Left out: {one.field}: {one.why}")
    say(f"{written.bot} written: what it answers and posts, and where.")
    if written.rehearses:
        say("It rehearses at first: nothing is published until `greenroom live home`.")
    for variable in written.variables:
        say(f"Its secret is looked for in the environment, as {variable}.")
    if written.logs_in:
        say(f"Sign it in: greenroom login home --bot {written.bot}")
    say(f"Look at them, then: greenroom run {written.bot}")


def _listed(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(",") if word.strip())


def _measured(character: "Character") -> str:
    from greenroom.settings.spelling import RANGE

    counted = [f"{key} {RANGE.write(bound)}" for key, bound in character.bounds.items()]
    return ", ".join([*counted, *(["in " + " and ".join(character.languages)] if character.languages else [])])
