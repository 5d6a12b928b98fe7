"""What a bot's engines cost and how much a day may cost, in words, before the first paid call."""

from collections.abc import Mapping

from greenroom.cli.showing import money
from greenroom.clock import SystemClock
from greenroom.generation import price_of
from greenroom.generation.build import OPENAI_API_KEY
from greenroom.policy import start_of_day
from greenroom.settings import BotFile, ModelRef
from greenroom.storage import Ledger

__all__ = ["engine_words", "hint_of_a_key", "spent_today"]


async def engine_words(file: BotFile, ledger: Ledger | None) -> list[str]:
    """Return a line for each engine, in their order, and one for the day's limit when one of them is paid.

    `ledger` knows what was spent today; None: nothing was.
    """
    lines: list[str] = []
    paid = False
    for engine in file.engines.text:
        if not isinstance(engine, ModelRef):
            if engine.value == "script":
                lines.append("script (costs nothing)")
        elif (price := _price(engine)) is None:
            lines.append(f"{engine.model} on {engine.server} (costs nothing)")
        else:
            paid = True
            reads, writes = price
            lines.append(f"{engine.model}: a million tokens cost {money(reads)} read, {money(writes)} written")
    if paid:
        spent = 0 if ledger is None else await spent_today(file, ledger)
        limit = file.limits.spend.amount.micros
        lines.append(f"at most {money(limit)} a day (limits.spend), {money(spent)} spent today")
    return lines


async def spent_today(file: BotFile, ledger: Ledger) -> int:
    """Return what this day has cost so far in the bot's zone, in millionths of a dollar, open reservations included."""
    return await ledger.spent_since(start_of_day(SystemClock().now(), file.timezone))


def hint_of_a_key(file: BotFile, environ: Mapping[str, str]) -> str | None:
    """Return what to write where a key is there that no engine uses; None: there is none, or it is used."""
    uses = any(isinstance(engine, ModelRef) and engine.model.startswith("openai/") for engine in file.engines.text)
    if uses or not environ.get(OPENAI_API_KEY, "").strip():
        return None
    return f"{OPENAI_API_KEY} is set; write `engines: openai/gpt-5-mini` to use it"


def _price(engine: ModelRef) -> tuple[int, int] | None:
    """Return what a million tokens cost to read and to write, in millionths of a dollar; None: nothing."""
    if engine.price is not None:
        return engine.price.input.micros, engine.price.output.micros
    known = price_of(engine.model.partition("/")[2]) if engine.server is None else None
    # a model without a known price is refused unless its server is on this machine
    return None if known is None else (known.input, known.output)
