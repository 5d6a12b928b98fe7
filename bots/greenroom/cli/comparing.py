"""`greenroom persona diff`: two personas, or two versions of one, over the same inputs."""

import asyncio
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenroom.cli.casting import (
    Cast,
    EngineOption,
    RecordedOption,
    ServerOption,
    cast,
    engines_of,
    limits_of,
    recorded_with,
)
from greenroom.cli.choosing import BotOption, choose
from greenroom.cli.failing import FAILED, for_owners
from greenroom.cli.pages import may_be_written, write_page
from greenroom.cli.progress import progress_bar
from greenroom.cli.showing import AsJson, complain, console, money, say, write_json
from greenroom.cli.versions import SHOWN, version_meant, versions_of

if TYPE_CHECKING:
    from greenroom.rehearsal import Compared, Input, Recorded, Side, Tally, Tried
    from greenroom.settings import BotFile, EngineRef

__all__ = ["compare"]

HASH = re.compile(r"[0-9a-fA-F]{4,64}")


@for_owners
def compare(
    a: Annotated[
        str,
        typer.Argument(metavar="A", help="A persona's file or name, or the hash of a version from `persona history`."),
    ],
    b: Annotated[
        str | None,
        typer.Argument(metavar="B", help="Another. Left out: the bot's persona file as it is now.", show_default=False),
    ] = None,
    bot: BotOption = None,
    cases: Annotated[
        bool,
        typer.Option("--cases", help="Take the cases of both, although the bot has a ledger.", show_default=False),
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", "-n", metavar="N", min=1, max=1000, help="So many inputs of the ledger.")
    ] = 20,
    times: Annotated[int, typer.Option(metavar="N", min=1, max=100, help="Each case so often, with other seeds.")] = 1,
    engine: EngineOption = None,
    server: ServerOption = None,
    recorded: RecordedOption = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it as one page for a browser as well.", show_default=False),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--replace", help="Write over the page where it is there.", show_default=False)
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let two personas answer the same, side by side.

    The inputs are what the bot's ledger has: what people wrote for which an engine was asked, and what was to be
    posted, each with the conversation before it; without a ledger the cases of both personas. Both speak with the
    script, or with the engine that you name, for real money: at most `limits.spend` for one command. Nothing is
    published, and nothing in the ledger changes.

    Below stand how many bounds were broken, how long the texts are, what they cost, and how alike they are.

    Example: greenroom persona diff 3fa9c1 --bot ada --html diff.html
    """

    may_be_written(html, overwrite=overwrite)
    file = choose(bot).in_force() if bot is not None or b is None else None
    first, a_name = _cast(a, file)
    second, b_name = (_in_force(file), str(file.persona)) if b is None and file is not None else _cast(b or "", file)
    file = file or first.file or second.file
    first, second = replace(first, file=file), replace(second, file=file)
    answers, engines = recorded_with(recorded, engines_of(first, engine, server))
    asyncio.run(
        _compare(
            (first, a_name),
            (second, b_name),
            engines,
            answers,
            wanted=_Wanted(cases=cases, limit=limit, times=times, html=html),
            as_json=as_json,
        )
    )


class _Wanted:
    def __init__(self, *, cases: bool, limit: int, times: int, html: Path | None) -> None:
        self.cases = cases
        self.limit = limit
        self.times = times
        self.html = html


def _in_force(file: "BotFile") -> Cast:
    from greenroom.personas import load_persona

    return Cast(path=file.persona, persona=load_persona(file.persona), file=file)


def _cast(word: str, file: "BotFile | None") -> tuple[Cast, str]:
    """Return who is meant, and what he is called in the comparison."""
    from greenroom.personas import load_persona
    from greenroom_adapters.contract import ConfigurationError

    if HASH.fullmatch(word) is None or Path(word).exists():
        who = cast(word)
        return who, str(who.path)
    of = file or choose(None).in_force()
    version = version_meant(word, asyncio.run(versions_of(of)))
    if version.body is None:
        raise ConfigurationError(
            f"the text of {version.version[:SHOWN]} was not kept: it was used before versions were"
        )
    path = of.persona.resolve()
    persona = load_persona(path, body=version.body, is_kept=True)
    return Cast(path=path, persona=persona, file=of), version.version[:SHOWN]


async def _compare(
    first: tuple[Cast, str],
    second: tuple[Cast, str],
    engines: "tuple[EngineRef, ...]",
    recorded: "Recorded | None",
    *,
    wanted: _Wanted,
    as_json: bool,
) -> None:
    from greenroom.clock import SystemClock
    from greenroom.rehearsal import Become, Pocket, Side, StillClock, compare, page, tally

    (a, a_name), (b, b_name) = first, second
    inputs, source = await _inputs(a, b, wanted)
    pocket = Pocket(a.limit)
    clock = StillClock(SystemClock().now() if recorded is None else recorded.at)
    words = ", ".join(str(getattr(engine, "model", engine)) for engine in engines) or "recorded answers"
    async with (
        a.voice(engines, pocket=pocket, clock=clock, environ=os.environ, recorded=recorded) as a_voice,
        b.voice(engines, pocket=pocket, clock=clock, environ=os.environ, recorded=recorded) as b_voice,
    ):
        one = Side(name=a_name, persona=a.persona, voice=a_voice)
        other = Side(name=b_name, persona=b.persona, voice=b_voice)
        with progress_bar(f"{a_name} and {b_name}", quiet=as_json) as progress:
            compared = await compare(one, other, inputs, told=lambda done: progress(done / len(inputs)))
    tallies = tally([pair.a for pair in compared]), tally([pair.b for pair in compared])
    if wanted.html is not None:
        write_page(
            wanted.html,
            page(one, other, compared, tallies, source=source, engine=words, at=SystemClock().now()),
        )
    if as_json:
        write_json(_as_object(one, other, compared, tallies, source=source, paid=pocket.spent))
    else:
        _show(one, other, compared, tallies, source=source, paid=pocket.spent)
        if wanted.html is not None:
            say(f"{wanted.html} written: open it in a browser. Texts of people stand in it.")
    unable = [tried for pair in compared for tried in (pair.a, pair.b) if tried.become is Become.UNABLE]
    if unable:
        if not as_json:
            complain(f"no engine could answer {len(unable)} times: {unable[0].reason}")
        raise typer.Exit(FAILED)


async def _inputs(a: Cast, b: Cast, wanted: _Wanted) -> "tuple[list[Input], str]":
    """Return what both are asked, and where that is from, in words."""
    from greenroom.cli.asking import is_there, reading
    from greenroom.rehearsal import inputs_of_cases, inputs_of_turns, standing_cases
    from greenroom_adapters.contract import Surface

    file = a.file
    if file is not None and not wanted.cases and is_there(file):
        async with reading(file) as ledger:
            inputs = await inputs_of_turns(ledger, file, limit=wanted.limit)
        if inputs:
            return inputs, f"from the ledger of {file.bot}"
    platform, limits = limits_of(None, file)
    by_surface = {} if limits is None else {surface: limits.text_on(surface) for surface in Surface}
    asked = [*a.persona.tests, *b.persona.tests, *standing_cases(a.persona)]
    return inputs_of_cases(asked, times=wanted.times, platform=platform, limits=by_surface), "from the cases of both"


def _show(
    a: "Side", b: "Side", compared: "list[Compared]", tallies: "tuple[Tally, Tally]", *, source: str, paid: int
) -> None:
    from rich.table import Table
    from rich.text import Text

    from greenroom.rehearsal.page import alike_words, rows_of_tallies
    from greenroom_adapters.text import plain

    table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0), header_style="dim")
    table.add_column("input", overflow="fold", ratio=2)
    table.add_column(plain(a.name), overflow="fold", ratio=3)
    table.add_column(plain(b.name), overflow="fold", ratio=3)
    for pair in compared:
        table.add_row(*(Text(plain(words, one_line=True)) for words in (_given(pair), _said(pair.a), _said(pair.b))))
    console().print(table)
    sums = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("", a.name, b.name):
        sums.add_column(plain(title))
    for label, one, other in rows_of_tallies(*tallies):
        sums.add_row(label, one, other)
    console().print(sums)
    cost = f" {money(paid)} paid." if paid else ""
    say(f"{len(compared)} inputs {source}; alike: {alike_words([pair.likeness for pair in compared])}.{cost}")


def _given(pair: "Compared") -> str:
    occasion = pair.input.occasion
    if occasion.surface.value == "post":
        return f"post about {occasion.text}" if occasion.text else "a post"
    return f"{occasion.surface.value.replace('_', ' ')}: {occasion.text}"


def _said(tried: "Tried") -> str:
    from greenroom.rehearsal import Become

    text = " / ".join(tried.parts)
    if tried.become is Become.SAID:
        return text
    return f"[{tried.become}: {tried.reason}] {text}".rstrip()


def _as_object(
    a: "Side", b: "Side", compared: "list[Compared]", tallies: "tuple[Tally, Tally]", *, source: str, paid: int
) -> dict[str, Any]:
    def sums(side: "Side", tally: "Tally") -> dict[str, Any]:
        return {
            "name": side.name,
            "version": side.persona.version,
            "said": tally.said,
            "held": tally.held,
            "silent": tally.silent,
            "unable": tally.unable,
            "bounds_broken": tally.broke,
            "by_bound": dict(tally.broken),
            "characters": round(tally.characters, 1),
            "cost_usd": tally.cost / 1_000_000,
        }

    def tried(one: "Tried") -> dict[str, Any]:
        return {
            "outcome": one.become,
            "texts": list(one.parts),
            "reason": one.reason or None,
            "broke": [bound.value for bound in one.broke],
            "notes": list(one.notes),
            "cost_usd": one.cost / 1_000_000,
        }

    likenesses = [pair.likeness for pair in compared if pair.likeness is not None]
    return {
        "source": source,
        "a": sums(a, tallies[0]),
        "b": sums(b, tallies[1]),
        "alike": sum(likenesses) / len(likenesses) if likenesses else None,
        "paid_usd": paid / 1_000_000,
        "inputs": [
            {
                "in": pair.input.occasion.surface,
                "text": pair.input.occasion.text,
                "turn": pair.input.turn,
                "alike": pair.likeness,
                "a": tried(pair.a),
                "b": tried(pair.b),
            }
            for pair in compared
        ],
    }
