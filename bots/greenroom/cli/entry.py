"""All commands under one name."""

import sys
from typing import Annotated

import typer

from greenroom.cli.calendar import calendar
from greenroom.cli.carding import card
from greenroom.cli.catch_up import catch_up
from greenroom.cli.certificate import certificate
from greenroom.cli.check import check
from greenroom.cli.comparing import compare
from greenroom.cli.dead import dead
from greenroom.cli.explain import explain
from greenroom.cli.filtering import filter_file
from greenroom.cli.forget import forget
from greenroom.cli.going_live import live
from greenroom.cli.held import held
from greenroom.cli.knowledge import knowledge
from greenroom.cli.log import log
from greenroom.cli.login import login
from greenroom.cli.new import new
from greenroom.cli.packing import pack, unpack
from greenroom.cli.pause import pause, resume, stop_all
from greenroom.cli.people import people
from greenroom.cli.persona import persona
from greenroom.cli.post import post
from greenroom.cli.prices import prices
from greenroom.cli.queue import queue
from greenroom.cli.reset import reset
from greenroom.cli.rooms import rooms
from greenroom.cli.run import run
from greenroom.cli.schema import schema
from greenroom.cli.spend import spend
from greenroom.cli.stage import stage
from greenroom.cli.status import status
from greenroom.cli.store import store
from greenroom.cli.try_out import try_persona
from greenroom.cli.undo import undo
from greenroom.cli.unit import unit
from greenroom.cli.usage import Program
from greenroom.cli.week import week
from greenroom.cli.workers import workers

__all__ = ["app", "main"]

app = typer.Typer(
    name="greenroom",
    cls=Program,
    help="Social media bots with a persona: one YAML file answers mentions and posts on schedule, "
    "never twice, never lost.",
    epilog="Without a bot file, `greenroom run` starts a demo that needs no account and no key.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # boxes around the help cost as much time as all the rest of a command
    rich_markup_mode=None,
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


for command in (run, new, login, check):
    app.command()(command)
app.command("try")(try_persona)
app.command()(knowledge)
for command in (post, status, pause, resume, stop_all, log, undo, week):
    app.command()(command)
persona.command("diff")(compare)
app.add_typer(persona, name="persona")
app.command()(calendar)
app.add_typer(queue, name="queue")
app.add_typer(held, name="held")
app.add_typer(dead, name="dead")
app.add_typer(rooms, name="rooms")
app.add_typer(store, name="store")
for command in (people, forget, spend, prices, explain):
    app.command()(command)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(stage)
app.command("catch-up")(catch_up)
app.command()(card)
app.command()(certificate)
app.command("filter")(filter_file)
for command in (live, workers, pack, unpack, reset, unit, schema):
    app.command()(command)


def main() -> None:
    """Do what the command line says, and leave with its exit code. A letter that whoever reads cannot show is `?`."""
    if (reconfigure := getattr(sys.stdout, "reconfigure", None)) is not None:
        reconfigure(errors="replace")
    app(prog_name="greenroom")
