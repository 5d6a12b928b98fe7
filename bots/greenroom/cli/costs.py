"""What a bot's engines cost and how much a day may cost, in words, before the first paid call."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from greenroom.cli.showing import money
from greenroom.clock import SystemClock
from greenroom.generation import Price, price_of
from greenroom.generation.build import OPENAI_API_KEY
from greenroom.generation.forecast import typical_cost
from greenroom.generation.prices import picture_price_of
from greenroom.personas import Persona
from greenroom.policy import start_of_day
from greenroom.scheduling import Schedule
from greenroom.settings import BotFile, BuiltIn, Do, EngineRef, ModelRef, PainterRef
from greenroom.storage import Ledger
from greenroom_adapters.contract import Surface

__all__ = [
    "answer_cost",
    "engine_words",
    "engines_without_key",
    "forecast_words",
    "hint_of_a_key",
    "limit_words",
    "picture_cost",
    "price_of_engine",
    "spend_words",
    "spent_today",
    "unpainted",
]

WEEK = timedelta(days=7)


def engine_words(file: BotFile) -> list[str]:
    """Return a line for each engine, in their order: what it costs."""
    lines = [_engine(engine) for engine in file.engines.text if engine not in (BuiltIn.HOLD, BuiltIn.SILENCE)]
    embeddings = file.engines.embeddings
    documents = [] if embeddings is None else [f"for documents: {_engine(embeddings)}"]
    return [*lines, *documents, *(f"for pictures: {_painter(one)}" for one in _painters(file))]


async def limit_words(file: BotFile, ledger: Ledger | None) -> str | None:
    """Return what a day may cost and has cost; None: no engine is paid, and nothing was. Without a ledger nothing was
    spent yet."""
    spent = 0 if ledger is None else await spent_today(file, ledger)
    engines = (*file.engines.text, file.engines.embeddings)
    is_paid = any(isinstance(engine, ModelRef) and _price(engine) is not None for engine in engines)
    is_paid = is_paid or any(picture_cost(painter) for painter in _painters(file))
    return spend_words(file, spent) if is_paid or spent else None


def spend_words(file: BotFile, spent: int) -> str:
    """Return what a day may cost and has cost."""
    return f"at most {money(file.limits.spend.amount.micros)} a day, {money(spent)} spent today"


async def spent_today(file: BotFile, ledger: Ledger) -> int:
    """Return what this day has cost so far in the bot's zone, in millionths of a dollar, open reservations included."""
    return await ledger.spent_since(start_of_day(SystemClock().now(), file.timezone))


def answer_cost(file: BotFile, persona: Persona) -> int | None:
    """Return what one answer costs about, in millionths of a dollar; None: nothing, the first engine is free."""
    price = _first_price(file)
    return None if price is None else typical_cost(persona, Surface.REPLY, price)


def forecast_words(file: BotFile, persona: Persona, *, now: datetime) -> str | None:
    """Return what this bot will cost about, before the first paid call; None: its first engines are free."""
    price = _first_price(file)
    words = list(_pictures_a_day(file, now))
    if price is None:
        return "; ".join(words) or None
    posts = _posts_a_day(file, now)
    if any(Do.REPLY in rule.do for rule in file.answer):
        words.append(f"answers about {money(typical_cost(persona, Surface.REPLY, price))} each")
    if posts:
        day = round(typical_cost(persona, Surface.POST, price) * posts)
        words.append(f"{posts:.3g} posts a day about {money(day)}")
        if day > file.limits.spend.amount.micros:
            words.append("more than the limit: beyond it the next engine of `engines` speaks")
    return "; ".join(words) or None


def _posts_a_day(file: BotFile, now: datetime) -> float:
    """Return how many posts an engine will write on a day, over all accounts, as the next week has it."""
    count = 0
    for entry in file.post:
        if entry.say is None and (entry.origin is None or entry.about is not None):
            comings = Schedule.of(entry, timezone=file.timezone).between(now, now + WEEK)
            count += sum(1 for _ in comings) * len(entry.places or file.accounts)
    return count / WEEK.days


def _pictures_a_day(file: BotFile, now: datetime) -> Iterator[str]:
    """Yield what the pictures cost that a model makes for posts."""
    painter = next(_painters(file), None)
    cost = 0 if painter is None else picture_cost(painter)
    if not cost:
        return
    count = 0
    for entry in file.post:
        if entry.picture is not None and entry.picture.about is not None:
            comings = Schedule.of(entry, timezone=file.timezone).between(now, now + WEEK)
            count += sum(1 for _ in comings) * len(entry.places or file.accounts)
    if count:
        yield f"{count / WEEK.days:.3g} pictures a day about {money(round(cost * count / WEEK.days))}"


def picture_cost(painter: PainterRef) -> int:
    """Return what a square picture costs about, in millionths of a dollar; 0: nothing."""
    if painter.price is not None:
        return painter.price.micros
    known = picture_price_of(painter.model.partition("/")[2]) if painter.server is None else None
    return 0 if known is None else known.dearest("", quality=painter.quality, size="1024x1024", edits=False)


def _painters(file: BotFile) -> Iterator[PainterRef]:
    return (engine for engine in file.engines.image if isinstance(engine, PainterRef))


def _painter(painter: PainterRef) -> str:
    cost = picture_cost(painter)
    where = f"{painter.model} on {painter.server}" if painter.server is not None else painter.model
    return f"{where} ({f'about {money(cost)} each' if cost else 'costs nothing'})"


def unpainted(file: BotFile) -> list[str]:
    """Return a sentence for each rule that offers pictures which nobody can make."""
    if any(_painters(file)):
        return []
    return [
        f"`pictures` of {rule.name}: no model can make them. Name one: `engines: {{image: openai/gpt-image-1-mini}}`"
        for rule in file.answer
        if rule.pictures
    ]


def _first_price(file: BotFile) -> Price | None:
    return price_of_engine(file.engines.text[0])


def price_of_engine(engine: EngineRef) -> Price | None:
    """Return what an engine costs; None: nothing."""
    price = _price(engine) if isinstance(engine, ModelRef) else None
    return None if price is None else Price(input=price[0], output=price[1])


def hint_of_a_key(file: BotFile, environ: Mapping[str, str]) -> str | None:
    """Return what to write where a key is there that no engine uses; None: there is none, or it is used."""
    uses = any(isinstance(engine, ModelRef) and engine.model.startswith("openai/") for engine in file.engines.text)
    if uses or not environ.get(OPENAI_API_KEY, "").strip():
        return None
    return f"{OPENAI_API_KEY} is set; write `engines: openai/gpt-5-mini` to use it"


def engines_without_key(file: BotFile, environ: Mapping[str, str]) -> list[str]:
    """Return a sentence for each engine that will not speak because its key is nowhere."""
    if environ.get(OPENAI_API_KEY, "").strip():
        return []
    return [
        f"{engine.model} has no key and is passed over: set {OPENAI_API_KEY} in the environment, with "
        f"export {OPENAI_API_KEY}=… before the bot runs{_nothing_left(file)}"
        for engine in (*file.engines.text, *file.engines.image)
        if isinstance(engine, (ModelRef, PainterRef)) and engine.key is None and engine.server is None
    ]


def _nothing_left(file: BotFile) -> str:
    """Return what it means that engines are passed over, where no other is left."""
    if any(engine is BuiltIn.SCRIPT or _has_key(engine) for engine in file.engines.text):
        return ""
    models = ", ".join(engine.model for engine in file.engines.text if isinstance(engine, ModelRef))
    return f". No other engine is left, so nothing is said; `engines: [{models}, script]` lets the script speak"


def _has_key(engine: EngineRef) -> bool:
    return isinstance(engine, ModelRef) and (engine.key is not None or engine.server is not None)


def _engine(engine: EngineRef) -> str:
    if not isinstance(engine, ModelRef):
        return f"{engine.value} (costs nothing)"
    price = _price(engine)
    if price is None:
        return f"{engine.model} on {engine.server} (costs nothing)"
    reads, writes = price
    return f"{engine.model}: a million tokens cost {money(reads)} read, {money(writes)} written"


def _price(engine: ModelRef) -> tuple[int, int] | None:
    """Return what a million tokens cost to read and to write, in millionths of a dollar; None: nothing."""
    if engine.price is not None:
        return engine.price.input.micros, engine.price.output.micros
    known = price_of(engine.model.partition("/")[2]) if engine.server is None else None
    # a model without a known price is refused unless its server is on this machine
    return None if known is None else (known.input, known.output)
