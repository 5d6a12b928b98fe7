"""Asking an engine whether it would answer: one smallest call, and in words what stands in its way."""

import os
from collections.abc import Mapping
from datetime import timedelta

import msgspec
import openai

from greenroom.clock import Clock
from greenroom.generation.build import OPENAI_API_KEY, ResolveSecret, reach_of
from greenroom.generation.engine import GenerationError, ModelUnknown
from greenroom.generation.openai_server import OpenAIServer
from greenroom.generation.purse import Purse
from greenroom.settings.engines import ModelRef
from greenroom.settings.moderating import ModeratorRef
from greenroom.settings.names import nearest
from greenroom.settings.picture import PainterRef

__all__ = ["probe"]

PATIENCE = timedelta(seconds=60)
"""A server on this machine may have to load the model first."""
SAY_OK = "Say ok."
MOST_TOKENS = 16
READ_TOKENS = 50
"""More than the question has."""
SHOWN = 8
"""Models of a server that are named where none is near."""
TURN = "greenroom check"


class _Listed(msgspec.Struct):
    id: str


class _List(msgspec.Struct):
    data: list[_Listed]


async def probe(
    ref: ModelRef | PainterRef | ModeratorRef,
    *,
    writes: bool,
    purse: Purse,
    resolve: ResolveSecret,
    clock: Clock,
    environ: Mapping[str, str] = os.environ,
) -> str | None:
    """Return why this engine would not answer, and what helps; None: it would. One that `writes` is asked for a word,
    one that judges is shown two; of the others it is looked up whether their server has them, which costs nothing.

    :raises ConfigurationError: it has no price, no server or no key where one is named
    """
    reach, price = reach_of(ref, resolve, environ)
    model = reach.model
    server = OpenAIServer(reach, purse=purse, clock=clock, timeout=PATIENCE, at_once=1)
    key = str(ref.key) if ref.key is not None else f"the environment variable {OPENAI_API_KEY}"
    try:
        if isinstance(ref, ModeratorRef):
            charge = None if ref.price is None or not ref.price.micros else ref.price.micros
            await server.ask(lambda client: _judged(client, model), most=charge, turn=TURN)
            return None
        if not writes:
            if (known := await _models(server)) and model not in known:
                return _unknown(model, known)
            return None
        most = None if price is None else price.of(prompt_tokens=READ_TOKENS, completion_tokens=MOST_TOKENS)
        await server.ask(lambda client: _asked(client, model), most=most, turn=TURN)
    except ModelUnknown as error:
        try:
            known = await _models(server)
        except GenerationError:
            known = []
        return _unknown(model, known) if known else str(error)
    except GenerationError as error:
        return _mended(str(error), server=reach.server, key=key)
    finally:
        await server.aclose()
    return None


async def _asked(client: openai.AsyncOpenAI, model: str) -> bytes:
    try:
        answer = await client.chat.completions.with_raw_response.create(
            model=model, messages=[{"role": "user", "content": SAY_OK}], max_completion_tokens=MOST_TOKENS
        )
    except openai.BadRequestError as error:
        if "output limit was reached" in str(error):
            # it thought for longer than it may write: it answers
            return b""
        raise
    return answer.content


async def _judged(client: openai.AsyncOpenAI, model: str) -> bytes:
    return (await client.moderations.with_raw_response.create(model=model, input=SAY_OK)).content


async def _models(server: OpenAIServer) -> list[str]:
    """Return what the server has for this key.

    :raises GenerationError: it does not say
    """

    async def listed(client: openai.AsyncOpenAI) -> bytes:
        return (await client.models.with_raw_response.list()).content

    answer = await server.ask(listed, most=None, turn=TURN)
    try:
        return [one.id for one in msgspec.json.decode(answer.body, type=_List).data]
    except msgspec.DecodeError:
        return []


def _unknown(model: str, known: list[str]) -> str:
    near = nearest(model, known)
    has = ", ".join(sorted(known)[:SHOWN]) + (f" and {len(known) - SHOWN} more" if len(known) > SHOWN else "")
    mend = f"did you mean `{near}`?" if near else f"it has {has}"
    return f"its server has no model `{model}` for this key: {mend}"


def _mended(why: str, *, server: str, key: str) -> str:
    """Return what stands in the way with what helps against it."""
    if "cannot be reached" in why:
        return f"its server {server} cannot be reached: does it run, and is its address right?"
    if "key is unknown" in why:
        return f"{why}: put a valid one into {key}"
    return why
