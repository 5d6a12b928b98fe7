"""All commands under one name."""

from typing import Annotated

import typer

from greenroom.cli.run import run

__all__ = ["app", "main"]

app = typer.Typer(
    name="greenroom",
    help="Social media bots with a persona: one YAML file answers mentions and posts on schedule, "
    "never twice, never lost.",
    epilog="Without a bot file, `greenroom run` starts a demo that needs no account and no key.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"greenroom {version('greenroom')}")
        raise typer.Exit


@app.callback()
def _root(  # pyright: ignore[reportUnusedFunction]  # registered
    version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    pass


app.command()(run)


def main() -> None:
    """Do what the command line says, and leave with its exit code."""
    app()
