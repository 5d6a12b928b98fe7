"""What a day costs on an account whose platform charges for calls, as its files have it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from greenroom.policy import USD
from greenroom.scheduling import Schedule
from greenroom.settings import BotFile, EmbedEntry, PostEntry
from greenroom_adapters.contract import Adapter, Kind, Post, PostRef, SupportsPresence, SupportsPrices

__all__ = ["Outlay", "outlay_of"]

WEEK = timedelta(days=7)
ANSWERS = 20
"""Answers of a day that are reckoned with: how many there will be nobody knows."""
WORDS = "A few words without a link."


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlay:
    """What there is to say about it."""

    costs: tuple[str, ...] = ()
    """In words for the owner, the sum last; empty: nothing costs anything."""
    warnings: tuple[str, ...] = ()


def outlay_of(adapter: object, file: BotFile, account: str, *, now: datetime) -> Outlay:
    """Reckon what a day costs there: the posts of the next week, and so many answers."""
    if not isinstance(adapter, SupportsPrices):
        return Outlay()
    plain = adapter.price_of(Post(text=WORDS))
    shows_embeds = isinstance(adapter, Adapter) and adapter.capabilities.limits.embed is not None
    costs: list[str] = []
    warnings: list[str] = []
    day = 0.0
    for entry in file.post:
        count = _a_day(entry, file, account, now)
        price = adapter.price_of(Post(text=_words_of(entry.say, entry.embed, shows_embeds=shows_embeds)))
        if not count or not price:
            continue
        day += count * price
        costs.append(f"post `{entry.name}`: {_usd(price)} each, {_usd(count * price)} a day")
        if price > plain:
            warnings.append(f"post `{entry.name}` has a link: each costs {_usd(price)} here, without it {_usd(plain)}")
    for what, price in _answers(adapter, file, account, shows_embeds=shows_embeds):
        day += ANSWERS * price
        costs.append(f"{what}: {_usd(price)} with its reading; {ANSWERS} a day are {_usd(ANSWERS * price)}")
    if not costs:
        return Outlay()
    if isinstance(adapter, SupportsPresence) and (look := adapter.price_of_look()):
        costs.append(f"looking for what is deleted: {_usd(look)} a day for each post whose words are kept (`keep`)")
    limit = file.limits.spend.amount.micros
    costs.append(f"together about {_usd(day)} a day, of the {_usd(limit)} that `limits: spend` allows")
    if day > limit:
        warnings.append(
            f"a day costs about {_usd(day)} here, and `limits: spend` allows {_usd(limit)}: what comes after that "
            "waits until the next day"
        )
    return Outlay(costs=tuple(costs), warnings=tuple(warnings))


def _words_of(said: str | None, embed: EmbedEntry | None, *, shows_embeds: bool) -> str:
    """Return words as what is posted may have them: an embed is part of them where it cannot be shown."""
    return (said or WORDS) + ("" if embed is None or shows_embeds else f"\n\n{embed.embed.lines}")


def _answers(adapter: SupportsPrices, file: BotFile, account: str, *, shows_embeds: bool) -> Iterator[tuple[str, int]]:
    """Yield the kinds of answers that the rules have on this account, each with what one costs."""
    here = [rule for rule in file.answer if not rule.places or account in {place.account for place in rule.places}]
    kinds = {kind for rule in here if not rule.tell for kind in rule.to}
    asked = PostRef(id="1")
    embeds = [rule.embed for rule in here if not rule.tell]

    def dearest(**to: Any) -> int:
        texts = [_words_of(None, embed, shows_embeds=shows_embeds) for embed in embeds]
        return max(adapter.price_of(Post(text=text, **to)) for text in texts)

    public = [kind for kind in kinds if kind is not Kind.DIRECT_MESSAGE]
    if public:
        reading = max(adapter.price_of_hearing(kind) for kind in public)
        if price := dearest(in_reply_to=asked) + reading:
            yield "an answer", price
    if Kind.DIRECT_MESSAGE in kinds:
        reading = adapter.price_of_hearing(Kind.DIRECT_MESSAGE)
        if price := dearest(direct_to="1") + reading:
            yield "an answer to a direct message", price


def _a_day(entry: PostEntry, file: BotFile, account: str, now: datetime) -> float:
    """Return how often a post comes on this account on a day, as the next week has it."""
    if entry.places and not any(place.account == account for place in entry.places):
        return 0.0
    return sum(1 for _ in Schedule.of(entry, timezone=file.timezone).between(now, now + WEEK)) / WEEK.days


def _usd(micros: float) -> str:
    return f"{micros / USD:.4f}".rstrip("0").rstrip(".") + " USD"
