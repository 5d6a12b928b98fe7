"""A bot's figures as Prometheus reads them. They are put together when they are asked for."""

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from greenroom.app import Bot
from greenroom.clock import Clock
from greenroom.observation.health import Condition
from greenroom.observation.tally import Spread, Tally
from greenroom.policy import USD, start_of_day
from greenroom.storage import State
from greenroom.turns import AccountDesk
from greenroom.turns.reasons import USUAL

if TYPE_CHECKING:
    from prometheus_client import Metric
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

__all__ = ["MISSING", "is_installed", "metrics_of", "metrics_of_standby"]

MISSING = "metrics need one more library: pip install 'greenroom[metrics]'"

FROM_ZERO = ((State.SENT, USUAL), (State.UNKNOWN, "outcome_unknown"), (State.DEAD, "program_failed"))
"""Ends of turns that every account counts from zero on. Who watches a counter sees how much it has grown since he saw
it first: of one that begins with the first failure he would never see that."""

Values = Mapping[Any, float]
"""Values of the labels, in their order → value of the metric."""


def is_installed() -> bool:
    """Say whether the library that writes metrics is here."""
    from importlib.util import find_spec

    return find_spec("prometheus_client") is not None


async def metrics_of(bot: Bot, tally: Tally, condition: Condition, *, clock: Clock, accept: str) -> tuple[bytes, str]:
    """Return all metrics of a running bot, and their content type: the one of Prometheus, or of OpenMetrics where the
    header `accept` asks for that.

    :raises StorageError: its ledger cannot be read
    """
    spent = await bot.ledger.spent_since(start_of_day(clock.now(), bot.file.timezone))
    ages = {name: await _queue_age(bot, desk, clock.micros()) for name, desk in bot.desks.items()}
    families = _families(bot, tally, condition, spent=spent, ages=ages, now=clock.micros())
    return _written([_standing_by(bot.file.bot, is_so=False), *families], accept)


def metrics_of_standby(name: str, *, accept: str) -> tuple[bytes, str]:
    """Return what there is to say of a worker that stands by, while another one runs the bot of this name."""
    return _written([_standing_by(name, is_so=True)], accept)


def _written(families: "Iterable[Metric]", accept: str) -> tuple[bytes, str]:
    from prometheus_client import CollectorRegistry, ProcessCollector
    from prometheus_client.exposition import choose_encoder

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Collected(families))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def _standing_by(name: str, *, is_so: bool) -> "Metric":
    return _gauge("standing_by", "Another worker runs the bot; 0: this one does.", ("bot",), {(name,): float(is_so)})


class _Collected:
    """What a registry collects from."""

    def __init__(self, families: "Iterable[Metric]") -> None:
        self._families = list(families)

    def collect(self) -> "Iterable[Metric]":
        return self._families


async def _queue_age(bot: Bot, desk: AccountDesk, now: int) -> float:
    """Return how many seconds the oldest turn that could be worked on has waited, whether in memory or on disk."""
    received = [turn.received for turn in desk.in_memory() if turn.state < State.HELD and turn.not_before <= now]
    if (seq := desk.lanes.first_on_disk()) is not None and (turn := await bot.ledger.turn(seq)) is not None:
        received.append(turn.received)
    return max(0, now - min(received, default=now)) / 1e6


def _families(
    bot: Bot, tally: Tally, condition: Condition, *, spent: int, ages: Mapping[str, float], now: int
) -> "Iterator[Metric]":
    name = bot.file.bot
    yield _gauge("info", "What runs.", ("bot", "version"), {(name, version("greenroom")): 1})
    yield _gauge(
        "needs", "Things that need a person; `greenroom status` says which.", ("bot",), {(name,): len(condition.needs)}
    )
    yield _gauge(
        "turns_aside",
        "Turns that wait for a person.",
        ("bot", "state"),
        {(name, state.word): condition.aside.get(state, 0) for state in (State.HELD, State.UNKNOWN, State.DEAD)},
    )
    yield _gauge("spend_today_usd", "Spent today, open reservations included.", ("bot",), {(name,): spent / USD})
    yield _gauge(
        "spend_limit_usd", "What a day may cost.", ("bot",), {(name,): bot.file.limits.spend.amount.micros / USD}
    )
    yield from _of_accounts(bot, condition, ages, now)
    yield from _counted(name, tally, bot.desks)


def _of_accounts(bot: Bot, condition: Condition, ages: Mapping[str, float], now: int) -> "Iterator[Metric]":
    name = bot.file.bot
    labels = ("bot", "account", "platform")
    known = {one.name: one for one in condition.accounts}
    keys = {account: (name, account, desk.adapter.platform) for account, desk in bot.desks.items() if account in known}

    def gauge(metric: str, help_: str, values: Mapping[str, float]) -> "Metric":
        return _gauge(metric, help_, labels, {keys[account]: value for account, value in values.items()})

    desks = {account: bot.desks[account] for account in keys}
    yield gauge(
        "account_connected", "The platform has let it in.", {a: float(desk.is_connected) for a, desk in desks.items()}
    )
    yield gauge(
        "account_away_seconds",
        "Time without a word from the platform; 0: it is listened to.",
        {account: known[account].away / 1e6 for account in desks},
    )
    yield gauge("account_live", "It publishes; 0: it rehearses.", {a: float(known[a].is_live) for a in desks})
    yield gauge("account_paused", "Nothing goes out on it.", {a: float(known[a].paused is not None) for a in desks})
    yield gauge("posts_overdue", "Posts that should be out.", {a: float(known[a].late) for a in desks})
    yield gauge("queue_age_seconds", "Age of the oldest turn that could be worked on.", {a: ages[a] for a in desks})
    loads = {account: desk.lanes.load for account, desk in desks.items()}
    yield gauge("queue_turns", "Turns in memory.", {a: float(turns) for a, (turns, _) in loads.items()})
    yield gauge(
        "queue_conversations", "Conversations that wait on disk.", {a: float(lanes) for a, (_, lanes) in loads.items()}
    )
    left = {account: desk.pacer.share_left() for account, desk in desks.items()}
    yield gauge(
        "platform_limit_left_ratio",
        "Share that is left of the platform's limit that is nearest to its end.",
        {account: share for account, share in left.items() if share is not None},
    )
    yield gauge(
        "platform_wait_seconds",
        "Time until the platform takes the next post.",
        {account: max(0, desk.pacer.waits_until() - now) / 1e6 for account, desk in desks.items()},
    )
    reconnects = {keys[account]: desk.reconnects for account, desk in desks.items()}
    yield _counter("reconnects", "Connections that were lost, or not had.", labels, reconnects)


def _counted(name: str, tally: Tally, accounts: Iterable[str]) -> "Iterator[Metric]":
    rested = {(account, state, reason): 0 for account in accounts for state, reason in FROM_ZERO} | tally.rested
    yield _counter(
        "turns_rested",
        "Turns that came to rest, by how and why.",
        ("bot", "account", "state", "reason"),
        {(name, account, state.word, reason): count for (account, state, reason), count in rested.items()},
    )
    yield _histogram(
        "time_to_reply_seconds",
        "From the arrival to the receipt, of what nobody had to approve.",
        ("bot", "account", "surface"),
        {(name, *key): spread for key, spread in tally.replies.items()},
    )
    yield _histogram(
        "post_lateness_seconds",
        "From the time of a post to its receipt.",
        ("bot", "account"),
        {(name, account): spread for account, spread in tally.lateness.items()},
    )
    yield _counter(
        "engine_calls",
        "Calls of models, by how they ended.",
        ("bot", "engine", "outcome"),
        {(name, *key): count for key, count in tally.calls.items()},
    )
    yield _histogram(
        "engine_call_seconds",
        "Time of a call of a model.",
        ("bot", "engine"),
        {(name, engine): spread for engine, spread in tally.engines.items()},
    )


def _gauge(metric: str, help_: str, labels: tuple[str, ...], values: Values) -> "GaugeMetricFamily":
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(f"greenroom_{metric}", help_, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _counter(metric: str, help_: str, labels: tuple[str, ...], values: Values) -> "CounterMetricFamily":
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily(f"greenroom_{metric}", help_, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _histogram(
    metric: str, help_: str, labels: tuple[str, ...], values: Mapping[Any, Spread]
) -> "HistogramMetricFamily":
    from prometheus_client.core import HistogramMetricFamily

    family = HistogramMetricFamily(f"greenroom_{metric}", help_, labels=labels)
    for key, spread in values.items():
        bounds = [*map(str, spread.bounds), "+Inf"]
        family.add_metric(key, list(zip(bounds, accumulate(spread.counts), strict=True)), spread.total)
    return family
