"""`greenroom try`: what a persona would say, with all that is looked at before it may be said."""

import asyncio
import enum
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenroom.cli.casting import Cast, EngineOption, ServerOption, WhoArgument, cast, engines_of, limits_of
from greenroom.cli.failing import FAILED, for_owners
from greenroom.cli.showing import AsJson, complain, console, facts, money, say, write_json

if TYPE_CHECKING:
    from greenroom.rehearsal import Counted, Tried
    from greenroom.settings import EngineRef
    from greenroom_adapters.contract import Surface

__all__ = ["try_persona"]


class Where(enum.StrEnum):
    """Where it is said, in short words."""

    REPLY = "reply"
    POST = "post"
    CHAT = "chat"
    DIRECT = "direct"

    @property
    def surface(self) -> "Surface":
        """The same for engines."""
        from greenroom_adapters.contract import Surface

        return Surface.DIRECT_MESSAGE if self is Where.DIRECT else Surface(self.value)


@for_owners
def try_persona(
    who: WhoArgument = None,
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="TEXT",
            help="What somebody says to it. Left out: a post; with --surface another one each line of standard input.",
            show_default=False,
        ),
    ] = None,
    about: Annotated[
        str | None, typer.Option("--about", metavar="WORDS", help="A post, about this.", show_default=False)
    ] = None,
    surface: Annotated[
        Where | None,
        typer.Option(
            "--surface",
            "-s",
            metavar="WHERE",
            help="Where it is said: reply, post, chat or direct.",
            show_default=False,
        ),
    ] = None,
    platform: Annotated[
        str | None,
        typer.Option(
            "--platform",
            metavar="NAME",
            help="Whose limits hold, as they usually are. Left out: that of the bot's first account.",
            show_default=False,
        ),
    ] = None,
    engine: EngineOption = None,
    server: ServerOption = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", help="The same number gives the script the same words.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let a persona answer here, and publish nothing.

    Shows the text, what was counted in it and within which bounds, what was written again and why, and what it cost.
    No account is signed in, and no ledger is read or written: what a model costs here is real money all the same, at
    most the bot's `limits.spend` for one command (1 USD for a persona alone), and is not in its bill.

    A bot speaks with its engines, a persona alone with the script. What the bot's policy says to it (whom it answers,
    how often, what a person looks at) is not asked: `greenroom explain` tells which rule would answer.

    Example: greenroom try ada "Is the sea calm?" --platform mastodon
    """
    if about is not None and (text is not None or surface not in (None, Where.POST)):
        raise typer.BadParameter("--about WORDS is what a post is about, TEXT what somebody says: keep one of them")
    if text is not None and surface is Where.POST:
        raise typer.BadParameter("a post answers nobody: --about WORDS says what it is about")
    who_speaks = cast(who)
    engines = engines_of(who_speaks, engine, server) or who_speaks.engines
    where = surface or (Where.POST if text is None else Where.REPLY)
    talks = text is None and where is not Where.POST
    number = int.from_bytes(os.urandom(3)) if seed is None else seed
    failed = asyncio.run(
        _try(who_speaks, engines, where, None if talks else [text or about], platform, seed=number, as_json=as_json)
    )
    if failed:
        raise typer.Exit(FAILED)


async def _try(
    who: Cast,
    engines: "tuple[EngineRef, ...]",
    where: Where,
    texts: list[str | None] | None,
    platform: str | None,
    *,
    seed: int,
    as_json: bool,
) -> bool:
    """Try each text, or each line of standard input after those before; return whether one found no words."""
    from greenroom.clock import SystemClock
    from greenroom.generation import Line
    from greenroom.rehearsal import Become, Occasion, Pocket, try_out
    from greenroom.rehearsal.trying import SOMEBODY

    pocket = Pocket(who.limit)
    named, limits = limits_of(platform, who.file)
    history: list[Line] = []
    failed = False
    async with who.voice(engines, pocket=pocket, clock=SystemClock(), environ=os.environ) as voice:
        for number, text in enumerate(texts if texts is not None else _lines(who, as_json=as_json)):
            before = pocket.spent
            occasion = Occasion(
                surface=where.surface,
                seed=f"try {seed} {number}",
                text=text,
                platform=named,
                limits=() if limits is None else limits.text_on(where.surface),
            )
            tried = await try_out(voice, who.persona, occasion, history)
            failed = failed or tried.become is Become.UNABLE
            _tell(who, tried, where, named, paid=pocket.spent - before, engines=engines, seed=seed, as_json=as_json)
            if text is not None:
                history.append(Line(author=SOMEBODY, text=text))
            if tried.become is Become.SAID:
                history += [Line(author=None, text=part) for part in tried.parts]
    return failed


def _lines(who: Cast, *, as_json: bool) -> "Any":
    """Yield what is typed, line by line; on a terminal it is asked for."""
    asks = sys.stdin.isatty() and not as_json
    if asks:
        say(f"Talk with {who.persona.persona}; nothing is published, Ctrl-D ends it.")
    while True:
        if asks:
            typer.echo("> ", nl=False)
        line = sys.stdin.readline()
        if not line:
            return
        if line.strip():
            yield line.strip()


def _tell(
    who: Cast,
    tried: "Tried",
    where: Where,
    platform: str,
    *,
    paid: int,
    engines: "tuple[EngineRef, ...]",
    seed: int,
    as_json: bool,
) -> None:
    from greenroom.rehearsal import Become

    forecast = _forecasts(who, where, engines)
    if as_json:
        write_json(
            {
                "persona": who.persona.persona,
                "surface": where.surface,
                "platform": platform or None,
                "outcome": tried.become,
                "texts": list(tried.parts),
                "reason": tried.reason or None,
                "engine": tried.engine,
                "model": tried.model,
                "notes": list(tried.notes),
                "counted": [
                    [{"what": one.what, "found": one.found, "least": one.least, "most": one.most} for one in part]
                    for part in tried.counted
                ],
                "cost_usd": paid / 1_000_000,
                "usual_cost_usd": {name: micros / 1_000_000 for name, micros in forecast.items()},
                "seed": seed,
            }
        )
        return
    usual = [("usually", f"{name}: about {money(micros)} for such a text") for name, micros in forecast.items()]
    if tried.become is Become.UNABLE:
        complain(f"no engine can answer: {tried.reason}")
        if usual:
            facts(usual, console())
        return
    for line in (line for part in tried.parts for line in part.split("\n")):
        say(line)
    rows = [("", "")] if tried.parts else []
    rows.append(("outcome", _outcome(tried)))
    if tried.engine is not None:
        model = f" ({tried.model})" if tried.model else ""
        rows.append(("engine", f"{tried.engine}{model}"))
    rows += [("counted", _counts(part)) for part in tried.counted]
    if tried.parts and not platform:
        rows.append(("", "no platform's limit was counted: name one with --platform"))
    rows += [("noted", note) for note in tried.notes]
    rows.append(("cost", money(paid) if paid else "nothing"))
    rows += usual
    rows.append(("seed", f"{seed}; nothing was published"))
    facts(rows, console())


def _outcome(tried: "Tried") -> str:
    from greenroom.rehearsal import Become

    match tried.become:
        case Become.SAID:
            return "within every bound"
        case Become.HELD:
            return f"held for a person: {tried.reason}"
        case _:
            return f"nothing is said: {tried.reason}"


def _counts(part: "tuple[Counted, ...]") -> str:
    return "; ".join(f"{one.found} {one.what} ({_range(one)}{'' if one.fits else ', broken'})" for one in part)


def _range(one: "Counted") -> str:
    if one.most == 0:
        return "none"
    return f"at most {one.most}" if one.least == 0 else f"{one.least}-{one.most}"


def _forecasts(who: Cast, where: Where, engines: "tuple[EngineRef, ...]") -> dict[str, int]:
    """Return what such a text costs about with each paid engine, in millionths of a dollar."""
    from greenroom.cli.costs import price_of_engine
    from greenroom.generation.forecast import typical_cost

    return {
        str(engine.model): typical_cost(who.persona, where.surface, price)
        for engine, price in ((one, price_of_engine(one)) for one in engines)
        if price is not None and not isinstance(engine, str)
    }
