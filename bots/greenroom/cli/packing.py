"""`greenroom pack` and `greenroom unpack`: a bot in one file, on its way to another machine."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from greenroom.cli.choosing import BotArgument, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, say, write_json

if TYPE_CHECKING:
    from greenroom.app import Packed

__all__ = ["pack", "unpack"]

ENDING = ".greenroom"


@for_owners
def pack(
    bot: BotArgument = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE", help="Where to write it. Left out: here, under the bot's name."),
    ] = None,
    copy: Annotated[
        bool,
        typer.Option("--copy", help="Only a copy, as a backup: the bot stays here, and may run.", show_default=False),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a bot into one file, to move it.

    The file has what you wrote (bot, persona, and whatever they name), and the ledger as it is now. It has no secret:
    what is to be set where it is unpacked is listed. The bot must be stopped, and does not run here any more, so that
    two never run of it.

    With --copy it stays, and the file is a backup. A bot of that begins at now when it is taken over, since the other
    one may have gone on.

    Example: greenroom pack ada --to ada.greenroom
    """
    from greenroom.app import pack
    from greenroom.cli.asking import runs
    from greenroom.clock import SystemClock
    from greenroom_adapters.contract import ConfigurationError

    chosen = choose(bot)
    if chosen.is_demo:
        raise ConfigurationError(
            "the demo comes with Greenroom and is there wherever that is; `greenroom new` writes your own bot"
        )
    file, persona = chosen.load()
    if not copy and runs(file):
        raise ConfigurationError("the bot runs: stop it first (Ctrl-C where it runs), or add --copy for a backup")
    into = to or Path(f"{file.bot}{ENDING}")
    packed = pack(file, persona, into, moves=not copy, now=SystemClock().micros())
    if as_json:
        write_json({"pack": str(into), **asdict(packed)})
        return
    say(f"{packed.bot} is packed into {into}: {_what(packed)}.")
    if packed.store_was is not None:
        say(f"Its ledger lies elsewhere, in {packed.store_was}: unpacked it is {packed.ledger}, and `store` says so.")
    for path in packed.left_out:
        say(
            f"warning: {path} is not in it, it lies too far from the bot or has a name that means something else "
            "elsewhere: copy it by hand"
        )
    _tell_what_to_set(packed, "Not in it, and to be set there:")
    if copy:
        say("It is a copy: the bot stays here.")
    else:
        say(f"It does not run here any more. There: greenroom unpack {into.name}")


@for_owners
def unpack(
    pack: Annotated[Path, typer.Argument(metavar="FILE", help="What `greenroom pack` wrote.", show_default=False)],
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="FOLDER", help="Where to write it. Left out: here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a bot that was packed into a folder.

    Nothing that is there is touched. Run it with --take-over: then it looks first what has become of what was under
    way, and goes on. A pack is marked when it is unpacked: unpacked once more it gives a copy, which begins at now.

    Example: greenroom unpack ada.greenroom --folder ada
    """
    from greenroom.app import unpack

    into = folder or Path()
    packed = unpack(pack, into)
    start = f"greenroom run {into / packed.file} --take-over"
    if as_json:
        write_json({"folder": str(into), "start": start, **asdict(packed)})
        return
    say(f"{packed.bot} is unpacked into {into.absolute()}: {_what(packed)}.")
    for path in packed.left_out:
        say(f"warning: {path} was not packed: copy it by hand")
    _tell_what_to_set(packed, "To be set before it runs:")
    if packed.store_was is not None:
        say(f"Its ledger is {into / packed.ledger}: `store` in the bot file said {packed.store_was}, and says so now.")
    if not packed.moves:
        say("It is a copy: stop the bot where it runs now, for two of it would answer the same people.")
    if not packed.is_marked:
        say(f"warning: {pack} cannot be marked as unpacked: do not unpack it once more")
    say(f"Then: {start}")


def _what(packed: "Packed") -> str:
    files, turns = len(packed.files), packed.turns
    return f"{files} {'file' if files == 1 else 'files'}, {turns:,} {'turn' if turns == 1 else 'turns'}, no secret"


def _tell_what_to_set(packed: "Packed", title: str) -> None:
    if packed.to_set:
        say(title)
    for one in packed.to_set:
        say(f"  {one}")
