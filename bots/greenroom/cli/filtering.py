"""`greenroom filter`: a photo or a clip under one of the persona's filters."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from greenroom.cli.choosing import BotOption, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.progress import progress_bar
from greenroom.cli.showing import AsJson, console, facts, say, write_json

if TYPE_CHECKING:
    from greenroom.filters import Chain

__all__ = ["filter_file"]


@for_owners
def filter_file(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Name of the filter.", show_default=False)] = None,
    source: Annotated[Path | None, typer.Argument(metavar="IN", help="The photo or clip.", show_default=False)] = None,
    into: Annotated[
        Path | None,
        typer.Argument(metavar="OUT", help="What becomes of it: .jpg, .png, .webp, or .mp4.", show_default=False),
    ] = None,
    list_all: Annotated[bool, typer.Option("--list", help="Say which filters there are.", show_default=False)] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write over OUT where it is there.", show_default=False)
    ] = False,
    bot: BotOption = None,
    as_json: AsJson = False,
) -> None:
    """Lay a filter over a photo or a clip.

    The filters are those of the bot's persona and those that come with Greenroom. What the file tells of its camera
    and its place is left out.

    Example: greenroom filter dusk harbour.jpg harbour-dusk.jpg
    """
    from greenroom.settings.model import not_a_word
    from greenroom_adapters.contract import ConfigurationError

    _, persona = choose(bot).load()
    filters = persona.all_filters
    if list_all:
        _list(filters, as_json=as_json)
        return
    if name is None or source is None or into is None:
        raise ConfigurationError("write `greenroom filter NAME IN OUT`, or `greenroom filter --list`")
    if name not in filters:
        raise ConfigurationError(not_a_word(name, filters, "a filter"))
    _must_be_apart(source, into, replace=replace)
    size = _apply(filters[name], source, into, quiet=as_json)
    if as_json:
        write_json({"filter": name, "in": str(source), "out": str(into), "bytes": size})
    else:
        say(f"{into}: {source.name} under `{name}`, {size / 1e6:.2f} MB")


def _list(filters: "Mapping[str, Chain]", *, as_json: bool) -> None:
    from greenroom.filters import words_for

    words = {name: words_for(chain) for name, chain in filters.items()}
    if as_json:
        write_json({"filters": words})
    else:
        facts(words.items(), console())


def _must_be_apart(source: Path, into: Path, *, replace: bool) -> None:
    """See to it that nothing is written over the original, and over nothing else unasked.

    :raises ConfigurationError: it would be
    """
    from greenroom_adapters.contract import ConfigurationError

    if into.exists() and source.exists() and os.path.samefile(source, into):
        raise ConfigurationError(f"{into} is the original itself: give what becomes of it another name")
    if into.exists() and not replace:
        raise ConfigurationError(f"{into} is there already: give another name, or write over it with --replace")
    if not into.absolute().parent.is_dir():
        raise ConfigurationError(f"there is no folder {into.parent}")


def _apply(chain: "Chain", source: Path, into: Path, *, quiet: bool) -> int:
    from greenroom.filters import apply

    with progress_bar(source.name, quiet=quiet) as progress:
        asyncio.run(apply(chain, source, into, progress=progress))
    return into.stat().st_size
