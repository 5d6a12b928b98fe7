"""What a bot did in a week: counted from its ledger, and told in ten lines."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo

from greenroom.clock import MICROSECOND, from_micros, to_micros
from greenroom.policy import REPEATED, read_beginnings, start_of_day
from greenroom.settings import BotFile
from greenroom.storage import CLOCK, TELL, Due, JournalEntry, Ledger, Outlay, State, Turn, author_of
from greenroom.turns.aftermath import COMPLAINT
from greenroom.turns.gathering import IS_FOR_ALL
from greenroom.turns.reasons import reason_of
from greenroom_adapters.contract import OwnPostSeen

__all__ = ["Span", "Week", "count_week", "week_lines"]

DAY = timedelta(days=1)
MOMENT = timedelta(seconds=1)
"""What happens while it is counted belongs to it."""
LATE = timedelta(minutes=1)
"""A post that goes out later than so after its time is late."""
LOOKED_BACK = timedelta(days=31)
"""How long before the week a turn may have come in that was done in it."""
PAGE = 500
MOST_NAMED = 4
"""So many reasons are named at the most."""
OTHER = "other reasons"
_WORDS: Mapping[str, str] = {
    "rehearsing": "rehearsed",
    "source_gone": "taken back by its author",
    "asked_to_stop": "said stop",
    "owner_answers": "left to you",
    "person_decided": "moderators' or your word",
    "money": "no money left",
    "limit": "limits",
    "quiet_hours": "quiet hours",
    "silent": "silent_when",
    "answered_together": "answered already",
    "too_late": "too late",
    "no_engine": "no engine",
    "refused_by_platform": "refused by the platform",
    "does_not_fit": "does not fit there",
}
"""Reason as metrics have it → in words of the week. The log's own sentences hold names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The time that is counted: whole days of the bot's zone, the last of them perhaps only so far."""

    since: datetime
    until: datetime

    @classmethod
    def up_to(cls, now: datetime, zone: tzinfo) -> "Span":
        """Return the last seven days, today included."""
        return cls(since=start_of_day(now.astimezone(zone).replace(hour=12) - 6 * DAY, zone), until=now)

    @classmethod
    def before(cls, now: datetime, zone: tzinfo) -> "Span":
        """Return the week from Monday to Sunday that is over."""
        noon = now.astimezone(zone).replace(hour=12)
        monday = noon - noon.weekday() * DAY
        return cls(since=start_of_day(monday - 7 * DAY, zone), until=start_of_day(monday, zone))

    def days(self, zone: tzinfo) -> list[date]:
        """Return its days on the calendar of `zone`."""
        first = self.since.astimezone(zone).date()
        last = (self.until - MICROSECOND).astimezone(zone).date()
        return [first + number * DAY for number in range((last - first).days + 1)]


@dataclass(slots=True, kw_only=True)
class Week:
    """What was done in a span of time."""

    span: Span
    posted: set[str] = field(default_factory=set[str])
    """Posts, each once however many accounts it went out on."""
    posted_on: Counter[str] = field(default_factory=Counter[str])
    answered: int = 0
    answered_on: Counter[str] = field(default_factory=Counter[str])
    people: set[str] = field(default_factory=set[str])
    """Whom it answered, as far as they are not forgotten."""
    told: int = 0
    """Messages to the owner."""
    published: Counter[str] = field(default_factory=Counter[str])
    """Account → posts as the platform counts them: each part of a thread, answers and messages to the owner too."""
    left_alone: Counter[str] = field(default_factory=Counter[str])
    """Why → how many."""
    held: int = 0
    """Drafts that had to wait for a person."""
    held_now: int = 0
    """So many drafts wait at present, however old."""
    let_out: int = 0
    held_refused: int = 0
    held_expired: int = 0
    withdrawn: int = 0
    """Taken back after it was out, by whomever."""
    late: set[str] = field(default_factory=set[str])
    """Posts that went out late, on one of their accounts at least."""
    latest: timedelta = timedelta(0)
    missed: set[str] = field(default_factory=set[str])
    """Posts that were not posted on one of their accounts at least, because it was too late for them."""
    repeated: set[str] = field(default_factory=set[str])
    """Posts that were left out on one of their accounts at least, because they said what one before had said."""
    unknown: int = 0
    dead: int = 0
    spent: int = 0
    """Millionths of a dollar."""
    calls: int = 0
    dearest: str = ""
    dearest_micros: int = 0
    complaints: int = 0
    stops: int = 0
    """People who wanted to be left alone."""
    daily: dict[date, Counter[str]] = field(default_factory=dict[date, Counter[str]])
    """Day → how much was posted and how much answered."""


async def count_week(file: BotFile, ledger: Ledger, span: Span) -> Week:
    """Count what the bot did in this time, by its ledger."""
    week, zone = Week(span=span), file.timezone
    week.daily = {day: Counter() for day in span.days(zone)}
    since, until = to_micros(span.since), to_micros(span.until)
    entries = [entry for entry in await _journal(ledger, since=since) if since <= entry.at < until]
    held = {entry.seq for entry in entries if entry.what == "held"}
    known: set[str] = set()
    began = await read_beginnings(ledger)
    async for turn in _turns(ledger, since=since):
        known.add(turn.event_id.partition("#")[0])
        _count_published(week, turn, since=since, until=until, zone=zone, was_held=turn.seq in held, began=began)
        if since <= turn.changed < until:
            _count_end(week, turn)
        if turn.seq in held:
            week.held += 1
            week.let_out += turn.state is State.SENT
            week.held_refused += turn.state is State.WITHDRAWN and not _published(turn)
            week.held_expired += turn.state is State.STALE
    skipped = {
        entry.why.partition(": ")[0] for entry in entries if entry.what == "skipped" and entry.why.startswith("post:")
    }
    # one whose time was edited after it was served is skipped at its new time
    week.missed |= skipped - known
    week.complaints = sum(entry.what == COMPLAINT for entry in entries)
    week.stops = sum(since <= one.at < until for one in await ledger.stopped())
    counts = await ledger.counts()
    week.held_now = counts.get(State.HELD, 0)
    week.unknown, week.dead = counts.get(State.UNKNOWN, 0), counts.get(State.DEAD, 0)
    _count_money(week, await ledger.outlays(since=span.since, until=span.until))
    return week


async def _turns(ledger: Ledger, *, since: int) -> AsyncIterator[Turn]:
    """Yield the turns that something may have been done about since then."""
    oldest, before = since - LOOKED_BACK // MICROSECOND, None
    while page := await ledger.turns(limit=PAGE, before=before):
        for turn in page:
            if turn.received < oldest:
                return
            yield turn
        before = page[-1].seq


async def _journal(ledger: Ledger, *, since: int) -> list[JournalEntry]:
    """Return the entries since then, newest first."""
    limit = PAGE
    while len(entries := await ledger.journal(limit=limit)) == limit and entries[-1].at >= since:
        limit *= 4
    return entries


def _published(turn: Turn) -> list[int]:
    """Return when each post of a turn went out. Of one whose texts are gone only the end is known."""
    times = [part.published for part in turn.outbox if part.post_id is not None]
    return times or ([turn.changed] if turn.state is State.SENT and not turn.outbox else [])


def _count_published(
    week: Week, turn: Turn, *, since: int, until: int, zone: tzinfo, was_held: bool, began: Mapping[str, int]
) -> None:
    times = _published(turn)
    week.published[turn.account] += sum(since <= one < until for one in times)
    acts = [part.published for part in turn.outbox if part.act is not None and part.published]
    first = min(times or acts, default=0)
    if not since <= first < until:
        return
    day = week.daily[from_micros(first).astimezone(zone).date()]
    if turn.kind != CLOCK:
        week.answered += 1
        week.answered_on[turn.account] += 1
        day["answered"] += 1
        if (author := author_of(turn.event)) is not None:
            week.people.add(f"{turn.account}/{author.id}")
    elif turn.rule == TELL:
        week.told += 1
    else:
        post, _, _ = turn.event_id.partition("#")
        day["posted"] += post not in week.posted
        week.posted.add(post)
        week.posted_on[turn.account] += 1
        lateness = timedelta(0) if not isinstance(turn.event, Due) else from_micros(first) - turn.event.due
        # whose time came before the account was there for the first time was posted as soon as could be
        is_first = isinstance(turn.event, Due) and to_micros(turn.event.due) < began.get(turn.account, 0)
        if lateness > LATE and not was_held and not is_first:
            week.late.add(post)
            week.latest = max(week.latest, lateness)


def _count_end(week: Week, turn: Turn) -> None:
    if turn.state is State.WITHDRAWN:
        week.withdrawn += bool(_published(turn))
    elif turn.state in (State.IGNORED, State.STALE, State.REFUSED) and turn.rule != TELL:
        if turn.kind == CLOCK and turn.state is State.STALE:
            week.missed.add(turn.event_id.partition("#")[0])
        elif turn.kind == CLOCK and reason_of(turn.reason) == REPEATED:
            week.repeated.add(turn.event_id.partition("#")[0])
        elif IS_FOR_ALL not in turn.reason and turn.kind != OwnPostSeen.kind:
            week.left_alone[_why(turn)] += 1


def _why(turn: Turn) -> str:
    if turn.state is State.REFUSED:
        return "refused by the model"
    if turn.state is State.STALE:
        return "too late"
    return _WORDS.get(reason_of(turn.reason), OTHER)


def _count_money(week: Week, outlays: Sequence[Outlay]) -> None:
    causes: Counter[str] = Counter()
    for one in outlays:
        week.spent += one.micros
        week.calls += one.calls
        causes[one.rule or "reading"] += one.micros
    for cause, micros in causes.most_common(1):
        week.dearest, week.dearest_micros = cause, micros


def week_lines(week: Week, file: BotFile) -> list[str]:
    """Return the week in ten lines, and in one more where posts were left out because they repeated others. They hold
    no words of anybody but the owner's own."""
    days = week.span.days(file.timezone)
    lines = [f"{file.bot}, {days[0]:%a} {days[0].day} {days[0]:%b} to {days[-1]:%a} {days[-1].day} {days[-1]:%b}"]
    lines.append(f"Posted: {len(week.posted):,}{_on_each(week.posted_on)}")
    people = f", to {_count(len(week.people), 'person', 'people')}" if week.people else ""
    lines.append(f"Answered: {week.answered:,}{people}{_on_each(week.answered_on)}")
    alone = week.left_alone.most_common(MOST_NAMED)
    if (rest := week.left_alone.total() - sum(number for _, number in alone)) > 0:
        alone.append((OTHER, rest))
    named = ", ".join(f"{number:,} {why}" for why, number in alone)
    lines.append(f"Left alone: {week.left_alone.total():,}{f' ({named})' if named else ''}")
    became = (
        (week.held_now, "wait for you"),
        (week.let_out, "went out"),
        (week.held_refused, "refused by you"),
        (week.held_expired, "waited too long"),
    )
    lines.append(f"Held: {week.held:,}{_named(became)}{' See them: greenroom held' if week.held_now else ''}")
    lines.append(f"Taken back: {week.withdrawn:,}")
    late = f", by {_span(week.latest)} at the most" if week.late else ""
    missed = f"{len(week.missed):,} not posted, it was too late"
    lines.append(f"Late: {_count(len(week.late), 'post', 'posts')}{late}; {missed}")
    if week.repeated:
        lines.append(
            f"Left out: {_count(len(week.repeated), 'post', 'posts')} that said what was posted a short while before; "
            "more examples and topics in the persona, or a model, help"
        )
    undone = ((week.unknown, "may have gone out"), (week.dead, "could not"))
    help_ = " See them: greenroom dead list" if week.unknown + week.dead else ""
    lines.append(f"Not done: {week.unknown + week.dead:,}{_named(undone)}{help_}")
    most = f", most for {week.dearest} ({_usd(week.dearest_micros)})" if week.dearest_micros else ""
    calls = f" in {_count(week.calls, 'call', 'calls')}" if week.calls else ""
    lines.append(f"Money: {_usd(week.spent)}{calls}{most}")
    lines.append(f"Complaints: {week.complaints:,}; {_count(week.stops, 'person', 'people')} said stop")
    return lines


def _on_each(counts: Mapping[str, int]) -> str:
    """Return how many were on each account, where there are several."""
    named = ", ".join(f"{account} {number:,}" for account, number in sorted(counts.items()))
    return f" ({named})" if len(counts) > 1 else ""


def _named(counts: Sequence[tuple[int, str]]) -> str:
    named = ", ".join(f"{number:,} {words}" for number, words in counts if number)
    return f" ({named})" if named else ""


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _span(span: timedelta) -> str:
    minutes = max(1, round(span / timedelta(minutes=1)))
    if minutes < 120:
        return _count(minutes, "minute", "minutes")
    return _count(round(minutes / 60), "hour", "hours")


def _usd(micros: int) -> str:
    digits = 2 if micros >= 10_000 or micros == 0 else 6
    return f"{micros / 1_000_000:.{digits}f} USD"
