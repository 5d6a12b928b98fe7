"""`greenroom certificate`: a certificate to sign pictures with."""

from pathlib import Path
from typing import Annotated

import typer

from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, say, write_json

__all__ = ["certificate"]


@for_owners
def certificate(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is: it stands in every picture.")],
    folder: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the two files are written.", show_default=False)
    ] = Path(),
    as_json: AsJson = False,
) -> None:
    """Make a certificate to sign a bot's pictures with.

    Pictures that a model made then carry a manifest of C2PA, signed with it, which says so and shows whether they were
    changed. Nobody vouches for a certificate that you have made: who looks sees a valid signature of an unknown name.
    One that somebody vouches for is bought, and named in the bot file in the same way.

    Example: greenroom certificate "Cabo Raso Lighthouse"
    """
    from greenroom.delivery.certificates import make_certificate

    made, key = make_certificate(name, folder)
    if as_json:
        write_json({"certificate": str(made), "key": str(key)})
        return
    say(f"{made} and its key, {key}, which you alone can read. Name them in the bot file:")
    say(f"provenance: {{certificate: {made}, key: {{file: {key}}}}}")
