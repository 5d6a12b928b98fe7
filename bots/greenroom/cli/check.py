"""`greenroom check`: every mistake in an owner's files, and what his accounts may do."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from greenroom.cli.casting import is_persona
from greenroom.cli.choosing import BotArgument, Chosen, choose
from greenroom.cli.failing import FAILED, for_owners
from greenroom.cli.showing import AsJson, complain, console, facts, say, write_json

if TYPE_CHECKING:
    from greenroom.cli.findings import Findings
    from greenroom.settings import Model, Platforms

__all__ = ["check"]


@for_owners
def check(
    bot: BotArgument = None,
    show: Annotated[
        bool,
        typer.Option("--show", help="Print the file with every default written out, and stop.", show_default=False),
    ] = False,
    offline: Annotated[
        bool,
        typer.Option("--offline", help="Look at the files alone: nobody is asked.", show_default=False),
    ] = False,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix",
            help="Mend what needs no person: keys that are called otherwise, calendars without a column `id`.",
            show_default=False,
        ),
    ] = False,
    no_tell: Annotated[
        bool,
        typer.Option("--no-tell", help="Do not try whether `tell` reaches you.", show_default=False),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Find every mistake, and say what the accounts may do.

    Reads a bot's files, asks each of its models for one word (real money, a tiny part of a cent), then signs each
    account in. Publishes nothing, but for one message: whoever `tell` names is written to once, at the first check, so
    that you know that it reaches you.

    Each mistake is told as file:line:column with what to write instead; then the exit code is 1. A persona file can be
    checked by itself. With --fix keys are written as they are called, where that is plain; comments stay. A key that
    was renamed is understood for two minor versions.

    For an account on the Stage the one of this machine is used, or started for the moment.

    Example: greenroom check config/bots/ada.yaml
    """
    from greenroom.cli.findings import find
    from greenroom.settings import expanded

    if bot is not None and is_persona(Path(bot)):
        from greenroom.personas import Persona, load_persona
        from greenroom.settings import outdated

        if fix:
            _mend(Persona, Path(bot), as_json=as_json)
        persona = load_persona(Path(bot))
        warnings = outdated(Persona, Path(bot))
        if show:
            typer.echo(expanded(persona), nl=False)
        elif as_json:
            write_json({"ok": True, "mistakes": [], "accounts": {}, "warnings": warnings})
        else:
            for warning in warnings:
                say(f"warning: {warning}")
            say(f"{bot}: {persona.persona} is in order.")
        return
    chosen = choose(bot)
    if show:
        typer.echo(expanded(chosen.file()), nl=False)
        return
    if fix:
        _fix(chosen, as_json=as_json)
    findings = asyncio.run(find(chosen, offline=offline, tries_tell=not no_tell))
    if as_json:
        write_json(findings.as_object())
    else:
        _tell(chosen, findings, offline=offline)
    if not findings.ok:
        raise typer.Exit(FAILED)


def _fix(chosen: Chosen, *, as_json: bool) -> None:
    """Mend the files as far as that needs no person; what is left is told by what follows."""
    from greenroom.cli.origins import give_ids
    from greenroom.personas import Persona
    from greenroom.settings import BotFile, Mistakes, Platforms

    try:
        _mend(BotFile, chosen.path, as_json=as_json, platforms=Platforms.installed())
        file = chosen.file()
        _mend(Persona, file.persona, as_json=as_json)
        for path in give_ids(file):
            if not as_json:
                say(f"{path}: every row has an id now.")
    except Mistakes:
        return


def _mend(model: "type[Model]", path: Path, *, as_json: bool, platforms: "Platforms | None" = None) -> None:
    from greenroom.settings import mend

    for words in mend(model, path, platforms=platforms):
        if not as_json:
            say(words)


def _tell(chosen: Chosen, findings: "Findings", *, offline: bool) -> None:
    place = console()
    for mistake in findings.mistakes:
        complain(mistake)
    if findings.mistakes:
        count = len(findings.mistakes)
        complain(f"{count} {'mistake' if count == 1 else 'mistakes'} in {chosen.path}")
        return
    say(f"{chosen.path}: the files are in order.")
    rows: list[tuple[str, str]] = [("engine", words) for words in findings.engines]
    if findings.documents is not None:
        rows.append(("knows", findings.documents))
    if findings.limit is not None:
        rows.append(("limit", findings.limit))
    if findings.forecast is not None:
        rows.append(("forecast", findings.forecast))
    if findings.hint is not None:
        rows.append(("", findings.hint))
    rows += [("next", words) for words in findings.comings]
    rows += [("feed", words) for words in findings.feeds]
    if findings.tell is not None:
        rows.append(("tell", findings.tell))
    for name, account in findings.accounts.items():
        if account.error is not None:
            continue
        mark = "" if account.is_bot is None else "; marked as a bot" if account.is_bot else "; not marked as a bot yet"
        may = ", ".join(account.may)
        rows.append(("account", f"{name} is @{account.handle} on {account.platform}{mark}; may {may}"))
        rows += [("costs", f"{name}: {words}") for words in account.costs]
    facts(rows, place)
    for name, account in findings.accounts.items():
        for warning in account.warnings:
            say(f"warning: {name}: {warning}")
        if account.error is not None:
            whose = f"account `{name}`"
            complain(account.error if account.error.startswith(whose) else f"{whose}: {account.error}")
    for warning in findings.warnings:
        say(f"warning: {warning}")
    if offline:
        say("Nothing was signed in (--offline).")
