"""The ledger's bill beside the provider's own."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from greenroom.generation import GenerationError
from greenroom.generation.prices import picture_price_of, price_of
from greenroom.generation.reach import OPENAI
from greenroom.settings import BotFile, ModelRef, ModeratorRef, PainterRef, SecretMissing, resolve
from greenroom.storage import Ledger

__all__ = ["ComparedBills", "compare_bills"]

MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedBills:
    """What both say of the same days."""

    since: datetime
    """Beginning of a day in UTC, in which OpenAI counts."""
    ledger: int
    """Millionths of a US dollar, open reservations included."""
    billed: int

    @property
    def difference(self) -> int:
        """How much more the ledger has; less than nothing: OpenAI has billed more."""
        return self.ledger - self.billed


async def compare_bills(
    file: BotFile,
    ledger: Ledger,
    *,
    since: datetime,
    now: datetime,
    environ: Mapping[str, str],
    warn: Callable[[str], None],
) -> ComparedBills | str | None:
    """Return what OpenAI has billed since the day in UTC in which `since` lies, beside what the ledger has for it; why
    that cannot be read; None: the file does not say where."""
    usage = file.engines.usage
    if usage is None:
        return None
    # the SDK is dear to import
    from greenroom.generation.openai_usage import billed

    try:
        key = resolve(usage.key, owner="`engines: usage`", environ=environ, warn=warn)
    except SecretMissing as missing:
        return str(missing)
    day = since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        theirs = await billed(key, since=day, project=usage.project, server=usage.server or OPENAI)
    except GenerationError as failure:
        return str(failure)
    outlays = await ledger.outlays(since=day, until=now + MOMENT)
    ours = sum(one.micros for one in outlays if _is_openais(one.model, file))
    return ComparedBills(since=day, ledger=ours, billed=theirs)


def _is_openais(model: str, file: BotFile) -> bool:
    """Say whether calls of a model are on OpenAI's bill: those of its engines, and of engines that the file had."""
    if model in {ref.model for ref in _refs(file) if ref.server is not None}:
        return False
    own = {ref.model.removeprefix("openai/") for ref in _refs(file) if ref.server is None}
    return model in own or price_of(model) is not None or picture_price_of(model) is not None


def _refs(file: BotFile) -> Iterator[ModelRef | PainterRef | ModeratorRef]:
    """Yield the models of a bot file."""
    engines = file.engines
    for one in (*engines.text, *engines.image, engines.embeddings, engines.moderation):
        if isinstance(one, ModelRef | PainterRef | ModeratorRef):
            yield one
