"""`greenroom card`: a card in the persona's colours, written to a file."""

from pathlib import Path
from typing import Annotated

import typer

from greenroom.cli.choosing import BotOption, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, say, write_json

__all__ = ["card"]


@for_owners
def card(
    words: Annotated[str, typer.Argument(metavar="WORDS", help="The words of a quote, or the title of numbers.")],
    into: Annotated[Path, typer.Argument(metavar="OUT", help="Where it is written: a .png file.")],
    bars: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A CSV file: a bar for each of its numbers.", show_default=False),
    ] = None,
    line: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A CSV file: a line through its numbers.", show_default=False)
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who says so. Left out: the persona.", show_default=False)
    ] = None,
    shape: Annotated[str, typer.Option(metavar="SHAPE", help="square, wide or tall.")] = "square",
    replace: Annotated[
        bool, typer.Option("--replace", help="Write over OUT where it is there.", show_default=False)
    ] = False,
    bot: BotOption = None,
    as_json: AsJson = False,
) -> None:
    """Draw a card in the colours of the persona.

    Words, bars or a line, as posts have them (`picture: {card: ...}`), with the
    persona's `look`. Needs no key. The description for people who cannot see it is printed as well.

    Example: greenroom card "The tide answers twice a day." card.png --shape wide
    """
    from greenroom.settings import Shape
    from greenroom.settings.model import not_a_word
    from greenroom.storage import Card
    from greenroom.turns.picturing import drawn
    from greenroom_adapters.contract import ConfigurationError

    if bars is not None and line is not None:
        raise ConfigurationError("--bars and --line are two cards: keep one of them")
    if shape not in [*Shape]:
        raise ConfigurationError(not_a_word(shape, [*Shape], "a shape"))
    if into.suffix.lower() != ".png":
        raise ConfigurationError(f"{into}: a card is a PNG, call it .png")
    if into.exists() and not replace:
        raise ConfigurationError(f"{into} is there already: give another name, or write over it with --replace")
    if not into.absolute().parent.is_dir():
        raise ConfigurationError(f"there is no folder {into.parent}")
    _, persona = choose(bot).load()
    table = bars or line
    wanted = Card(show="quote", say=words, by=by)
    if table is not None:
        wanted = Card(show="bars" if bars is not None else "line", title=words, by=by, table=str(table))
    content, described = drawn(wanted, "", persona, shape=shape)
    into.write_bytes(content)
    if as_json:
        write_json({"out": str(into), "bytes": len(content), "alt": described})
    else:
        say(f"{into}: {len(content) / 1e6:.2f} MB. Its description: {described}")
