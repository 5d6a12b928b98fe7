"""`greenroom persona`: its cases tested, its versions listed, one of them put back."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenroom.cli.casting import (
    Cast,
    EngineOption,
    RecordedOption,
    ServerOption,
    WhoArgument,
    cast,
    engines_of,
    limits_of,
    recorded_with,
)
from greenroom.cli.choosing import BotArgument, BotOption, choose
from greenroom.cli.confirming import confirm
from greenroom.cli.failing import FAILED, for_owners
from greenroom.cli.showing import AsJson, console, moment_words, money, say, write_json
from greenroom.cli.usage import Commands
from greenroom.cli.versions import SHOWN, version_meant, version_of, versions_of

if TYPE_CHECKING:
    from greenroom.personas import Case
    from greenroom.rehearsal import Proof, Recorded
    from greenroom.settings import BotFile, EngineRef
    from greenroom.storage import PersonaVersion

__all__ = ["persona"]

persona = typer.Typer(
    help="Try a persona's cases, compare and restore its versions.", no_args_is_help=True, cls=Commands
)

BY_SCRIPT, BY_MODEL = 5, 1
"""How often a case is tried: the script costs nothing."""


@persona.command("test")
@for_owners
def cases(
    who: WhoArgument = None,
    engine: EngineOption = None,
    server: ServerOption = None,
    times: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            max=100,
            help=f"Try each case so often, with other seeds. Left out: {BY_SCRIPT} with the script, "
            f"{BY_MODEL} with a model.",
            show_default=False,
        ),
    ] = None,
    platform: Annotated[
        str | None,
        typer.Option("--platform", metavar="NAME", help="Whose limits hold as well.", show_default=False),
    ] = None,
    recorded: RecordedOption = None,
    as_json: AsJson = False,
) -> None:
    """Try the cases of a persona file (`tests`).

    Each is tried with the script, with the engine that you name, or with answers that it gave before (--recorded). A
    model costs real money, at most the bot's `limits.spend` for one command, and is not in its bill. Every text must
    keep its bounds; that it says that it is a bot, and that a post of its own keeps its bounds, is tested although no
    case says so. Nothing is published.

    The exit code is 1 when a case fails.

    Example: greenroom persona test config/personas/ada.yaml
    """
    from greenroom.settings import BuiltIn

    speaking = cast(who)
    answers, engines = recorded_with(recorded, engines_of(speaking, engine, server))
    often = times or (BY_SCRIPT if engines == (BuiltIn.SCRIPT,) else BY_MODEL)
    proofs, paid = asyncio.run(_prove(speaking, engines, platform, times=often, recorded=answers))
    failed = [one for one in proofs if not one.passed]
    if as_json:
        write_json(
            {
                "ok": not failed,
                "persona": speaking.persona.persona,
                "version": speaking.persona.version,
                "cases": [_as_object(one) for one in proofs],
                "cost_usd": paid / 1_000_000,
            }
        )
    else:
        _show(proofs)
        cost = f", {money(paid)} paid" if paid else ""
        say(f"{speaking.path}: {len(proofs) - len(failed)} of {len(proofs)} cases pass{cost}.")
    if failed:
        raise typer.Exit(FAILED)


async def _prove(
    who: Cast,
    engines: "tuple[EngineRef, ...]",
    platform: str | None,
    *,
    times: int,
    recorded: "Recorded | None",
) -> "tuple[list[Proof], int]":
    from greenroom.clock import SystemClock
    from greenroom.rehearsal import Pocket, StillClock, prove, standing_cases

    clock = SystemClock() if recorded is None else StillClock(recorded.at)
    pocket = Pocket(who.limit)
    named, limits = limits_of(platform, who.file)
    cases = [(case, False) for case in who.persona.tests] + [(case, True) for case in standing_cases(who.persona)]
    async with who.voice(engines, pocket=pocket, clock=clock, environ=os.environ, recorded=recorded) as voice:
        proofs = [
            await prove(
                case,
                voice,
                who.persona,
                times=times,
                platform=named,
                limits=() if limits is None else limits.text_on(case.where),
                is_standing=is_standing,
            )
            for case, is_standing in cases
        ]
    return proofs, pocket.spent


def _show(proofs: "list[Proof]") -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from greenroom_adapters.text import plain

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for one in proofs:
        mark = Text("pass", style="green") if one.passed else Text("FAIL", style="bold red")
        said = [" ".join(part.split()) for tried in one.tried[:1] for part in tried.parts] or ["(nothing)"]
        told = "\n".join(one.why) if one.why else " / ".join(said)
        table.add_row(mark, one.case.where.value, Text(plain(_given(one.case))), Text(plain(told)))
    console().print(Padding(table, (0, 0, 0, 2), expand=False))


def _given(case: "Case") -> str:
    if case.asked is not None:
        return case.asked
    return "a post" if case.about is None else f"a post about {case.about}"


def _as_object(proof: "Proof") -> dict[str, Any]:
    case = proof.case
    return {
        "in": case.where,
        "asked": case.asked,
        "about": case.about,
        "passed": proof.passed,
        "why": list(proof.why),
        "is_standing": proof.is_standing,
        "texts": [list(tried.parts) for tried in proof.tried],
    }


@persona.command("history")
@for_owners
def history(bot: BotArgument = None, as_json: AsJson = False) -> None:
    """List the versions of a bot's persona.

    A version is a hash of the persona file. For each: when it was in force, how many turns an engine was asked for with
    it, and what those cost. The one that was put in force last stands first.

    Example: greenroom persona history config/bots/ada.yaml
    """
    from greenroom.clock import SystemClock, from_micros

    file = choose(bot).in_force()
    versions = asyncio.run(versions_of(file))
    here = version_of(file.persona)
    if as_json:
        write_json(
            [
                {
                    "version": one.version,
                    "is_in_the_file": one.version == here,
                    "is_kept": one.body is not None,
                    "since": from_micros(one.since).isoformat(),
                    "until": from_micros(one.until).isoformat(),
                    "turns": one.turns,
                    "cost_usd": one.cost / 1_000_000,
                }
                for one in versions
            ]
        )
        return
    if not versions:
        say("No version has been in force yet.")
        return
    _list(versions, here, file, SystemClock().now())


def _list(versions: "list[PersonaVersion]", here: str | None, file: "BotFile", now: Any) -> None:
    from rich.padding import Padding
    from rich.table import Table

    from greenroom.clock import from_micros

    table = Table.grid(padding=(0, 2))
    for _ in range(5):
        table.add_column(no_wrap=True)
    for one in versions:
        mark = "in the file now" if one.version == here else "" if one.body is not None else "its text was not kept"
        since, until = (moment_words(from_micros(at), now, file.timezone) for at in (one.since, one.until))
        turns = f"{one.turns} {'turn' if one.turns == 1 else 'turns'}"
        table.add_row(one.version[:SHOWN], f"{since} to {until}", turns, money(one.cost), mark)
    console().print(Padding(table, (0, 0, 0, 2), expand=False))
    if here is not None and here not in {one.version for one in versions}:
        say(f"{file.persona} has edits that have not been in force yet.")


@persona.command("restore")
@for_owners
def restore(
    version: Annotated[
        str,
        typer.Argument(metavar="HASH", help="The version, or how it begins, as `persona history` shows it."),
    ],
    bot: BotOption = None,
    yes: Annotated[
        bool,
        typer.Option("--yes", "-y", help="Do not ask, and overwrite edits that no version has.", show_default=False),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put an earlier version of the persona back.

    Shows what changes in the persona file, asks, and writes it; a running bot takes it up by itself. Edits that have
    not been in force stand in no ledger: they are overwritten only with --yes. A script that the persona names stays
    as it is. What is held was written by the version of its time.

    Example: greenroom persona restore 3fa9c1 --bot ada
    """
    from greenroom.personas import load_persona, must_agree
    from greenroom.settings.loader import body_of
    from greenroom_adapters.contract import ConfigurationError

    file = choose(bot).in_force()
    path = file.persona.resolve()
    versions = asyncio.run(versions_of(file))
    wanted = version_meant(version, versions)
    if wanted.body is None:
        raise ConfigurationError(f"the text of {wanted.version[:SHOWN]} was not kept: it was used before versions were")
    must_agree(file, load_persona(path, body=wanted.body))
    before = body_of(path) if path.exists() else b""
    here = version_of(path)
    if here == wanted.version:
        say(f"{path} is {wanted.version[:SHOWN]} already.") if not as_json else write_json(
            {"restored": wanted.version, "changed": False, "file": str(path)}
        )
        return
    if before and here not in {one.version for one in versions if one.body is not None} and not yes:
        raise ConfigurationError(
            f"{path} has edits that no version in the ledger has; they would be lost. "
            "Keep a copy of the file, or overwrite them with --yes"
        )
    confirm(
        f"Write {wanted.version[:SHOWN]} to {path}?",
        tell=lambda: _show_difference(before, wanted.body or b"", path, wanted.version[:SHOWN]),
        yes=yes,
        as_json=as_json,
    )
    if version_of(path) != here:
        raise ConfigurationError(f"{path} was edited while you were asked, so nothing was done: say it again")
    _write(path, wanted.body)
    if as_json:
        write_json({"restored": wanted.version, "changed": True, "file": str(path)})
    else:
        say(f"{path} is {wanted.version[:SHOWN]} again.")


def _show_difference(before: bytes, after: bytes, path: Path, name: str) -> None:
    import difflib

    old, new = (body.decode("utf-8", "replace").splitlines() for body in (before, after))
    for line in difflib.unified_diff(old, new, str(path), name, lineterm=""):
        say(line)


def _write(path: Path, body: bytes) -> None:
    """Write the file whole or not at all, with the rights that it had."""
    import shutil
    import tempfile

    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as new:
            new.write(body)
            new.flush()
            os.fsync(new.fileno())
        if path.exists():
            shutil.copymode(path, name)
        else:
            Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
