"""Whether the engines of a bot would answer, asked one by one before it runs."""

import asyncio
import os
from collections.abc import Iterator

from greenroom.clock import SystemClock
from greenroom.generation.build import OPENAI_API_KEY
from greenroom.rehearsal import Pocket
from greenroom.settings import BotFile, ModelRef, PainterRef, SecretRef, resolve
from greenroom.settings.moderating import ModeratorRef
from greenroom_adapters.contract import ConfigurationError, Secret

__all__ = ["engines_that_fail"]

NO_PAID_CALLS = "paid calls are switched off"


async def engines_that_fail(file: BotFile) -> tuple[list[str], bool]:
    """Make one smallest call to each engine; return a sentence for each that would not answer, with what helps, and
    whether none is left that speaks. What it costs is real, and is in no bill: at most the bot's `limits.spend`."""
    pocket = Pocket(file.limits.spend.amount.micros)
    refs = list(_asked(file))
    problems = await asyncio.gather(*(_problem(ref, pocket, writes=ref in file.engines.text) for ref in refs))
    failing = [(ref, why) for ref, why in zip(refs, problems, strict=True) if why is not None]
    silent = {id(ref) for ref, _ in failing}
    speaking = [ref for ref in file.engines.text if isinstance(ref, ModelRef)]
    is_mute = bool(speaking) and all(id(ref) in silent for ref in speaking) and "script" not in file.engines.text
    return [f"{_named(ref)} {ref.model}: {why}" for ref, why in failing], is_mute


def _named(ref: ModelRef | PainterRef | ModeratorRef) -> str:
    return "moderation" if isinstance(ref, ModeratorRef) else "engine"


async def _problem(ref: ModelRef | PainterRef | ModeratorRef, pocket: Pocket, *, writes: bool) -> str | None:
    # the SDK is dear to import, and only some bots have a model
    from greenroom.generation.probing import probe

    try:
        why = await probe(ref, writes=writes, purse=pocket, resolve=_secret, clock=SystemClock(), environ=os.environ)
    except ConfigurationError:
        # told already, with its place
        return None
    return None if why == NO_PAID_CALLS else why


def _secret(reference: SecretRef, owner: str) -> Secret:
    return resolve(reference, owner=owner, environ=os.environ, warn=lambda text: None)


def _asked(file: BotFile) -> Iterator[ModelRef | PainterRef | ModeratorRef]:
    """Yield every engine that has a server and, where that needs one, a key."""
    embeddings = () if file.engines.embeddings is None else (file.engines.embeddings,)
    judges = () if file.engines.moderation is None else (file.engines.moderation,)
    for ref in (*file.engines.text, *file.engines.image, *embeddings, *judges):
        if not isinstance(ref, ModelRef | PainterRef | ModeratorRef):
            continue
        if ref.key is not None or ref.server is not None or os.environ.get(OPENAI_API_KEY, "").strip():
            yield ref
