"""`greenroom schema`: JSON Schemas of the files that owners write, for their editors."""

from pathlib import Path
from typing import Annotated

import typer

from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, say, write_json

__all__ = ["schema"]


@for_owners
def schema(
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write the two files there instead of printing.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the JSON Schemas of the bot and persona files.

    They give completion and help in an editor, which finds them by the first line of a file:
    `# yaml-language-server: $schema=schema/bot.schema.json`.

    Example: greenroom schema --out schema
    """
    from greenroom.personas import Persona
    from greenroom.settings import Platforms
    from greenroom.settings.schema import bot_schema, model_schema, schema_text

    schemas = {"bot": bot_schema(Platforms.installed()), "persona": model_schema(Persona)}
    if out is None:
        write_json(schemas)
        return
    out.mkdir(parents=True, exist_ok=True)
    written = {name: out / f"{name}.schema.json" for name in schemas}
    for name, path in written.items():
        path.write_text(schema_text(schemas[name]), encoding="utf-8")
    if as_json:
        write_json({name: str(path) for name, path in written.items()})
    else:
        for path in written.values():
            say(f"{path} written")
