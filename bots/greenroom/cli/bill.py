"""What a bot has cost: by what, by whom, what of that is dearest, and what the month will cost."""

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from greenroom.cli.showing import money
from greenroom.clock import from_micros
from greenroom.policy import start_of_day
from greenroom.settings import BotFile
from greenroom.storage import CLOCK, TELL, Ledger, Outlay

if TYPE_CHECKING:
    from greenroom.app.comparing_bills import ComparedBills

__all__ = ["Bill", "By", "DayOfBill", "Line", "Period", "bill_of", "days_of"]

DAY = timedelta(days=1)
MOMENT = timedelta(seconds=1)
"""What is reserved while it is looked at belongs to it."""
DEAREST = 3


class Period(enum.Enum):
    """Of which time."""

    DAY = "today"
    WEEK = "in the last seven days"
    MONTH = "this month"

    def begins(self, now: datetime, zone: tzinfo) -> datetime:
        """Return when it began, in UTC: always with a day of `zone`."""
        if self is Period.DAY:
            return start_of_day(now, zone)
        noon = now.astimezone(zone).replace(hour=12)
        return start_of_day(noon.replace(day=1) if self is Period.MONTH else noon - 6 * DAY, zone)


class By(enum.Enum):
    """What it is told apart by."""

    RULE = "rule"
    PERSON = "person"
    ACCOUNT = "account"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One cause and what it has cost."""

    name: str
    calls: int
    micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a stretch of time has cost."""

    period: Period
    since: datetime
    until: datetime
    lines: Sequence[Line]
    """The dearest first."""
    micros: int
    open_calls: int
    """Calls of which nobody knows what came of them: all that was set aside for them counts."""
    open_micros: int
    dearest: Sequence[str]
    """The dearest causes, in words."""
    today: int
    """What today has cost."""
    month: int
    """What this month has cost so far."""
    forecast: int | None
    """What all of it will cost at the pace of the last days; None: nothing was spent in them."""
    pace: int
    """What a day of that pace costs."""
    provider: "ComparedBills | str | None" = None
    """What OpenAI has billed beside what the ledger has for it, or why that cannot be read; None: nobody asks."""


async def bill_of(file: BotFile, ledger: Ledger, *, period: Period, by: By, now: datetime) -> Bill:
    """Return what the bot has cost in the period up to now."""
    zone = file.timezone
    since = period.begins(now, zone)
    outlays = await ledger.outlays(since=since, until=now + MOMENT)
    month = await ledger.spent_since(Period.MONTH.begins(now, zone))
    pace = await _pace(file, ledger, now=now)
    return Bill(
        period=period,
        since=since,
        until=now,
        lines=_lines(outlays, by),
        micros=sum(one.micros for one in outlays),
        open_calls=sum(one.open_calls for one in outlays),
        open_micros=sum(one.open_micros for one in outlays),
        dearest=_dearest(outlays),
        today=await ledger.spent_since(start_of_day(now, zone)),
        month=month,
        forecast=None if pace is None else month + round(pace * ((_next_month(now, zone) - now) / DAY)),
        pace=pace or 0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfBill:
    """What one day of the bill has cost."""

    day: date
    micros: Mapping[str, int]
    """Cause → its share."""


async def days_of(file: BotFile, ledger: Ledger, bill: Bill, *, by: By) -> list[DayOfBill]:
    """Return what each day of the bill's time has cost, the first one first."""
    days: list[DayOfBill] = []
    begins, zone = bill.since, file.timezone
    while begins <= bill.until:
        # the longest day has 25 hours and the shortest 23: this is in the middle of the next one
        ends = start_of_day(begins + timedelta(hours=36), zone)
        outlays = await ledger.outlays(since=begins, until=ends)
        micros = {line.name: line.micros for line in _lines(outlays, by) if line.micros}
        days.append(DayOfBill(day=begins.astimezone(zone).date(), micros=micros))
        begins = ends
    return days


async def _pace(file: BotFile, ledger: Ledger, *, now: datetime) -> int | None:
    """Return what a day costs by the last week, or by the days since the first call in it, and never more than a day
    may cost; None: nothing was spent."""
    week = await ledger.outlays(since=now - 7 * DAY, until=now + MOMENT)
    if not (spent := sum(one.micros for one in week)):
        return None
    days = max(1.0, (now - from_micros(min(one.first for one in week))) / DAY)
    return min(round(spent / days), file.limits.spend.amount.micros)


def _next_month(now: datetime, zone: tzinfo) -> datetime:
    somewhere_in_it = now.astimezone(zone).replace(day=1, hour=12) + 32 * DAY
    return start_of_day(somewhere_in_it.replace(day=1), zone)


def _rule(one: Outlay) -> str:
    """Return what brought it about, as an owner knows it."""
    if not one.rule:
        return "reading" if one.model.startswith(("reading on ", "looking on ")) else "not known any more"
    if one.kind != CLOCK:
        return one.rule if one.rule.startswith("/") else f"rule {one.rule}"
    if one.rule == TELL:
        return "what you are told"
    return "posts put down by hand" if one.rule == "single" else f"post {one.rule}"


def _person(one: Outlay) -> str:
    """Return who asked for it."""
    if not one.person:
        return "not noted" if one.kind not in ("", CLOCK) else "nobody: the bot itself"
    return f"somebody forgotten ({one.person[:6]})" if one.handle is None else f"@{one.handle}"


_NAMES: Mapping[By, Callable[[Outlay], str]] = {
    By.RULE: _rule,
    By.PERSON: _person,
    By.ACCOUNT: lambda one: one.account or "not known any more",
    By.MODEL: lambda one: one.model,
}


def _lines(outlays: Iterable[Outlay], by: By) -> list[Line]:
    found: dict[str, Line] = {}
    names: dict[str, str] = {}
    for one in outlays:
        name = _NAMES[by](one)
        # whoever is known by different names is still one person, and some of his calls may know none
        key = one.person or name if by is By.PERSON else name
        if key not in names or one.handle is not None:
            names[key] = name
        line = found.get(key, Line(name="", calls=0, micros=0))
        found[key] = Line(name="", calls=line.calls + one.calls, micros=line.micros + one.micros)
    lines = [Line(name=names[key], calls=line.calls, micros=line.micros) for key, line in found.items()]
    return sorted(lines, key=lambda line: (-line.micros, -line.calls, line.name))


def _dearest(outlays: Sequence[Outlay]) -> list[str]:
    """Return the dearest causes in words: what brought them, who wrote, how much that was, and who asked most."""
    causes: dict[tuple[str, str], list[Outlay]] = {}
    for one in outlays:
        causes.setdefault((_rule(one), one.model), []).append(one)
    whole = sum(one.micros for one in outlays)
    dearest = sorted(causes.items(), key=lambda item: -sum(one.micros for one in item[1]))[:DEAREST]
    return [_in_words(what, model, ones, whole) for (what, model), ones in dearest if any(one.micros for one in ones)]


def _in_words(what: str, model: str, ones: Sequence[Outlay], whole: int) -> str:
    micros, calls = sum(one.micros for one in ones), sum(one.calls for one in ones)
    words = f"{what} ({model}) cost {money(micros)}, {round(100 * micros / whole)} % of it"
    words += f", in {calls:,} calls of about {money(round(micros / calls))}" if calls > 1 else ", in one call"
    people = _lines((one for one in ones if one.person), By.PERSON)
    if not people or not people[0].micros:
        return words
    first = people[0]
    return f"{words}; {'all' if first.micros == micros else money(first.micros)} for {first.name}"
