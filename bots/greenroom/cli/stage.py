"""`greenroom stage`: the small social network of this machine, without a bot."""

from pathlib import Path
from typing import Annotated

import typer

from greenroom.cli.failing import for_owners

__all__ = ["stage"]

PLATFORM = "stage"


@for_owners
def stage(
    context: typer.Context,
    data: Annotated[Path, typer.Option(metavar="FILE", help="Where its state lies.")] = Path("data") / "stage.db",
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen; other machines are asked for a password.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", help="0 takes any free one.")] = 8765,
    name: Annotated[str, typer.Option(metavar="NAME", help="What the network is called.")] = "Stage",
) -> None:
    """Serve the Stage alone, without a bot.

    The Stage is a small social network on this machine, where bots are tried. Ctrl-C stops it. A bot that is started
    in the same folder finds it, and `greenroom run` starts one by itself where none is there. With a --host that other
    machines can reach it makes a password for them, and prints it once.

    What else it can do (faults, limits, other kinds of idempotency) is told by `greenroom stage -- --help`; those
    options are passed on as they are.

    Example: greenroom stage --port 9000
    """
    from importlib.metadata import entry_points

    found = entry_points(group="greenroom.local_platforms", name=PLATFORM)
    if not found:
        from greenroom_adapters.contract import ConfigurationError

        raise ConfigurationError("the Stage is not installed here: install greenroom again")
    (point,) = found
    main = point.load()
    arguments = ["--data", str(data), "--host", host, "--port", str(port), "--name", name, *context.args]
    raise typer.Exit(main(arguments))
