"""From the engines of a bot file to a voice that can speak."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from greenroom.clock import Clock
from greenroom.generation.engine import Engine
from greenroom.generation.moderating import Moderator
from greenroom.generation.painting import Painter, Studio
from greenroom.generation.prices import PRICES, Price, picture_price_of, price_of
from greenroom.generation.purse import Note, Purse
from greenroom.generation.reach import OPENAI, Reach
from greenroom.generation.voice import Ending, Voice
from greenroom.memory import Embedder, Library, can_compare
from greenroom.personas.persona import Persona
from greenroom.personas.sound import IfBroken
from greenroom.settings.engines import BuiltIn, EngineRef, ModelRef
from greenroom.settings.moderating import ModeratorRef
from greenroom.settings.names import nearest
from greenroom.settings.picture import ImageEngine, PainterRef, WithoutModel
from greenroom.settings.secrets import SecretRef
from greenroom.settings.tools import Tool
from greenroom.tools import Toolbox, build_toolbox
from greenroom_adapters.contract import ConfigurationError, Secret

if TYPE_CHECKING:
    from greenroom.generation.script import Script
    from greenroom.generation.using import Tools

__all__ = [
    "OPENAI_API_KEY",
    "ResolveSecret",
    "build_embedder",
    "build_moderator",
    "build_studio",
    "build_voice",
    "reach_of",
    "uses_script",
]

OPENAI_API_KEY = "OPENAI_API_KEY"
"""Environment variable with the key of an `openai/…` engine that names no other."""

ResolveSecret = Callable[[SecretRef, str], Secret]
"""Follows a reference for the engine with this name; raises a `ConfigurationError` when nothing is there."""


def build_voice(
    persona: Persona,
    engines: Sequence[EngineRef],
    *,
    purse: Purse,
    resolve: ResolveSecret,
    clock: Clock,
    zone: tzinfo = UTC,
    environ: Mapping[str, str] = os.environ,
    own: Sequence[Engine] = (),
    script: "Script | None" = None,
    through: Callable[[Engine], Engine] = lambda engine: engine,
    library: Library | None = None,
    is_library_lent: bool = False,
    tools: Mapping[str, Tool] | None = None,
    note: Note | None = None,
) -> Voice:
    """Return the voice of `persona` over `engines`, in their order; whoever calls closes it.

    Reads the persona's script, unless it is given as `script`, and follows the references to keys, so what is wrong
    shows before the first brief. Opens no connection. Engines of one's `own`, made in Python, are asked before those
    of the file, and left open when the voice is closed. An `openai/…` engine without a key is kept: it says so, and
    the next one is asked. Each model is asked `through` what is returned for it, which closes it. `tools` are those of
    the bot file, of which the persona says what may be used; None: there is no bot file. `note` writes into the journal
    what was called.

    :raises ConfigurationError: a model has no price, no server or no key where one is named; a script or a tool
        cannot be used
    """
    built: list[Engine] = [*own]
    ending = Ending.HOLD
    scripted: Engine | None = None
    if uses_script(persona, engines):
        scripted = _script(persona, clock, zone, script)
    toolbox: Toolbox | None = None
    if tools is not None:
        toolbox = build_toolbox(tools, persona.tools, resolve=resolve, environ=environ, clock=clock)
    shared: Tools | None = None
    for ref in engines:
        if isinstance(ref, ModelRef):
            if shared is None and toolbox is not None:
                shared = _shared(toolbox, purse, clock, note)
            built.append(through(_model(ref, purse, resolve, clock, zone, environ, shared)))
        elif ref is BuiltIn.SCRIPT:
            if scripted is not None:
                built.append(scripted)
        else:
            ending = Ending.SILENCE if ref is BuiltIn.SILENCE else Ending.HOLD
    lent: list[Engine | Library] = [*own]
    if library is not None and is_library_lent:
        lent.append(library)
    return Voice(persona, built, ending=ending, script=scripted, library=library, lent=lent, toolbox=toolbox)


def uses_script(persona: Persona, engines: Sequence[EngineRef]) -> bool:
    """Say whether the scripted voice may have to speak."""
    return BuiltIn.SCRIPT in engines or persona.bounds.if_broken is IfBroken.SCRIPT


def _script(persona: Persona, clock: Clock, zone: tzinfo, script: "Script | None") -> Engine:
    # Imported only for bots that use it.
    from greenroom.generation.script import ScriptEngine

    engine = ScriptEngine(clock=clock, timezone=zone)
    engine.prepare(persona, script)
    return engine


def build_embedder(
    ref: ModelRef,
    *,
    purse: Purse,
    resolve: ResolveSecret,
    clock: Clock,
    environ: Mapping[str, str] = os.environ,
) -> Embedder:
    """Return what makes vectors with the model of a bot file; whoever calls closes it. Opens no connection.

    :raises ConfigurationError: it has no price, no server or no key where one is named, or a library is missing
    """
    from greenroom.generation.embeddings import OpenAIEmbedder

    if not can_compare():
        raise ConfigurationError(
            f'`{ref.model}` for embeddings needs one more library: pip install "greenroom[knowledge]"'
        )
    reach, price = reach_of(ref, resolve, environ)
    return OpenAIEmbedder(reach, price=price, purse=purse, clock=clock)


def _model(
    ref: ModelRef,
    purse: Purse,
    resolve: ResolveSecret,
    clock: Clock,
    zone: tzinfo,
    environ: Mapping[str, str],
    tools: "Tools | None",
) -> Engine:
    # Imported only for bots that use it: the SDK costs more to import than all the rest.
    from greenroom.generation.openai_engine import OpenAIEngine

    reach, price = reach_of(ref, resolve, environ)
    return OpenAIEngine(
        reach,
        name=ref.model,
        price=price,
        sees=ref.sees,
        purse=purse,
        clock=clock,
        zone=zone,
        tools=tools,
        room=ref.context,
    )


def reach_of(
    ref: ModelRef | PainterRef | ModeratorRef, resolve: ResolveSecret, environ: Mapping[str, str]
) -> tuple[Reach, Price | None]:
    """Return how a model is reached, and what its words cost; None: nothing, or it writes none.

    :raises ConfigurationError: it has no price, no server or no key where one is named
    """
    if isinstance(ref, ModeratorRef):
        return _reach_of_moderator(ref, resolve, environ), None
    if isinstance(ref, PainterRef):
        return _reach(ref, resolve, environ, price="0.04 USD"), None
    reach = _reach(ref, resolve, environ, price="{input: … USD, output: … USD}")
    price: Price | None = None
    if ref.price is not None:
        for money in (ref.price.input, ref.price.output):
            if money.currency != "USD":
                raise ConfigurationError(f"engine `{ref.model}`: prices are written in USD, not in {money.currency}")
        price = Price(input=ref.price.input.micros, output=ref.price.output.micros)
    elif not reach.is_local:
        price = price_of(reach.model) if ref.server is None else None
        if price is None:
            near = nearest(reach.model, PRICES) if ref.server is None else None
            meant = f"Did you mean `openai/{near}`? Else add" if near else "Add"
            raise ConfigurationError(
                f"engine `{ref.model}`: what it costs is not known, so no limit could hold. {meant} to it, "
                "with what its maker asks for a million tokens: price: {input: 0.25 USD, output: 2 USD}"
            )
    return reach, price


def build_studio(
    engines: Sequence[ImageEngine],
    *,
    purse: Purse,
    resolve: ResolveSecret,
    clock: Clock,
    environ: Mapping[str, str] = os.environ,
) -> Studio:
    """Return who makes the pictures that posts ask for, in their order; whoever calls closes it. Opens no connection.

    :raises ConfigurationError: a model has no price, no server or no key where one is named
    """
    painters: list[Painter] = []
    instead = WithoutModel.HOLD
    for ref in engines:
        if isinstance(ref, PainterRef):
            painters.append(_painter(ref, purse, resolve, clock, environ))
        else:
            instead = ref
    return Studio(painters, instead=instead)


def _painter(
    ref: PainterRef,
    purse: Purse,
    resolve: ResolveSecret,
    clock: Clock,
    environ: Mapping[str, str],
) -> Painter:
    # Imported only for bots that use it: the SDK costs more to import than all the rest.
    from greenroom.generation.openai_painter import OpenAIPainter

    reach = _reach(ref, resolve, environ, price="0.04 USD")
    price = None if ref.price is None else ref.price.micros
    known = picture_price_of(reach.model) if ref.server is None else None
    if price is None and known is None and not reach.is_local:
        raise ConfigurationError(
            f"image engine `{ref.model}`: what it costs is not known, so no limit could hold. "
            "Add to it what one picture costs there at the most: price: 0.04 USD"
        )
    return OpenAIPainter(
        reach,
        name=ref.model,
        price=known if price is None else price,
        quality=ref.quality.value,
        purse=purse,
        clock=clock,
    )


def build_moderator(
    ref: ModeratorRef,
    *,
    purse: Purse,
    resolve: ResolveSecret,
    clock: Clock,
    environ: Mapping[str, str] = os.environ,
) -> Moderator:
    """Return who judges what models write; whoever calls closes it. Opens no connection.

    :raises ConfigurationError: it has no price, no server or no key where one is named
    """
    # Imported only for bots that use it: the SDK costs more to import than all the rest.
    from greenroom.generation.openai_moderator import OpenAIModerator

    return OpenAIModerator(
        _reach_of_moderator(ref, resolve, environ),
        name=ref.model,
        price=None if ref.price is None or not ref.price.micros else ref.price.micros,
        purse=purse,
        clock=clock,
    )


def _reach_of_moderator(ref: ModeratorRef, resolve: ResolveSecret, environ: Mapping[str, str]) -> Reach:
    reach = _reach(ref, resolve, environ, price="0.001 USD")
    if ref.price is None and reach.server != OPENAI and not reach.is_local:
        raise ConfigurationError(
            f"moderation `{ref.model}`: what it costs is not known, so no limit could hold. "
            "Add to it what one call costs there: price: 0.001 USD (0 USD: nothing)"
        )
    return reach


def _reach(
    ref: ModelRef | PainterRef | ModeratorRef, resolve: ResolveSecret, environ: Mapping[str, str], *, price: str
) -> Reach:
    """Return how the model is reached. `price`: how one is written with it, for who has to add a line.

    :raises ConfigurationError: nobody knows its address, or a key that is named is missing
    """
    maker, _, short = ref.model.partition("/")
    if ref.server is None and maker != "openai":
        raise ConfigurationError(
            f"engine `{ref.model}`: the address of `{maker}` is not known. "
            f"Add its line: {{model: {short}, server: https://…/v1, price: {price}}}"
        )
    key = _key(ref, resolve, environ)
    if ref.server is None:
        return Reach(model=short, key=key, environ=environ)
    return Reach(model=ref.model, server=ref.server, key=key, environ=environ)


def _key(
    ref: ModelRef | PainterRef | ModeratorRef, resolve: ResolveSecret, environ: Mapping[str, str]
) -> Secret | None:
    if ref.key is not None:
        return resolve(ref.key, f"engine `{ref.model}`")
    if ref.server is None and environ.get(OPENAI_API_KEY, "").strip():
        return Secret(environ[OPENAI_API_KEY].strip())
    return None


def _shared(toolbox: Toolbox, purse: Purse, clock: Clock, note: Note | None) -> "Tools":
    # imported only for bots that use it
    from greenroom.generation.using import Tools

    return Tools(toolbox, purse=purse, clock=clock, note=note)
