"""`greenroom calendar`: what the bot will post in the next days, as it will look, and what it costs."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenroom.cli.choosing import BotArgument, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, console, money, say, warn, write_json

if TYPE_CHECKING:
    from greenroom.cli.upcoming import Coming
    from greenroom.personas import Persona
    from greenroom.settings import BotFile, PostEntry

__all__ = ["calendar"]

PATIENCE = 600.0
"""Seconds in which the engines must have written all of it; what is written later stays written."""
FOLDED = 6
"""So many posts of one entry stand on a day, each by itself, at the most; more of them are told in one line."""
MOST = 10_000
"""So many posts of each entry are listed at the most."""
ALL = 1_000_000
"""More than anybody has put down by hand."""


@for_owners
def calendar(
    bot: BotArgument = None,
    days: Annotated[int, typer.Option(metavar="N", min=1, max=366, help="How many days ahead, today included.")] = 7,
    draft: Annotated[
        bool,
        typer.Option("--draft", help="Let the running bot write what it has no words for yet.", show_default=False),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="With --draft: do it without asking.", show_default=False)
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what will be posted in the next days.

    Each post with its time in the bot's zone and its accounts; many of one entry on a day in one line. Fixed words are
    shown whole and counted as each platform usually counts; of what a model will write, the topic and about what it
    costs. Posts over an account's limit are told. `greenroom queue` changes what was put down by hand, the bot file the
    rest.

    With --draft the words are written now, for the day's money, after asking: then `greenroom queue edit` gives them
    others. They go out at their times, and wait for you in `held` where the bot file says so.

    Example: greenroom calendar --days 14
    """
    file, persona = choose(bot).load()
    comings = asyncio.run(_coming(file, days))
    price, more = _price(file, persona), _more(file, comings, days)
    left: list[dict[str, Any]] = []
    if draft:
        left = _draft(file, comings, days, price, yes=yes, as_json=as_json, more=_places(more, file))
        comings = asyncio.run(_coming(file, days))
    if as_json:
        write_json([_as_object(one, file, price) for one in comings])
    elif not comings:
        say(f"Nothing will be posted in the next {days} days.")
    else:
        _show(comings, file, price, more)
    for words in _over_the_caps(comings, file):
        warn(words)
    for entry, count in more:
        warn(f"`{entry.name}`: {count:,} more posts are not listed; `--days` with less lists them all")
    if not as_json:
        for one in left:
            say(f"Not drafted: {one['post']} on {one['account']}: {one['why']}")


def _draft(
    file: "BotFile", comings: "Sequence[Coming]", days: int, price: int, *, yes: bool, as_json: bool, more: int
) -> list[dict[str, Any]]:
    """Have the running bot write what has no words yet, and `more` that are not listed; return what it could not, and
    why.

    :raises ConfigurationError: no bot runs, or nobody can be asked whether it may
    """
    from greenroom.cli.asking import ask, runs
    from greenroom.cli.confirming import confirm
    from greenroom.clock import SystemClock, to_micros
    from greenroom_adapters.contract import ConfigurationError

    count = sum(len(one.places) for one in comings if not one.is_fixed and one.item is None) + more
    if not count:
        return []
    if not runs(file):
        raise ConfigurationError(
            "only a running bot can write drafts: start it with `greenroom run`, then say it again"
        )
    cost = f" for about {money(price * count)}" if price else ""
    what = "1 post" if count == 1 else f"{count:,} posts"
    confirm("Write them?", tell=lambda: say(f"{what} would be written now{cost}."), yes=yes, as_json=as_json)
    until = to_micros(_end(SystemClock().now(), days, file))
    answer = asyncio.run(ask(file, "draft", {"until": until}, patience=PATIENCE))
    return list(answer["left"])


def _end(now: datetime, days: int, file: "BotFile") -> datetime:
    """Return the last instant of so many days, today included."""
    from greenroom.clock import MICROSECOND
    from greenroom.policy import start_of_day

    noon = now.astimezone(file.timezone).replace(hour=12)
    return start_of_day(noon + timedelta(days=days), file.timezone) - MICROSECOND


async def _coming(file: "BotFile", days: int) -> "list[Coming]":
    from greenroom.cli.asking import is_there, reading
    from greenroom.cli.upcoming import coming_up
    from greenroom.clock import SystemClock

    now = SystemClock().now()
    until = _end(now, days, file)
    if not is_there(file):
        return await coming_up(file, None, now=now, limit=ALL, times=MOST, until=until)
    async with reading(file) as ledger:
        return await coming_up(file, ledger, now=now, limit=ALL, times=MOST, until=until)


def _more(file: "BotFile", comings: "Sequence[Coming]", days: int) -> "list[tuple[PostEntry, int]]":
    """Return the entries that have more posts in these days than are listed, and how many those are."""
    from greenroom.clock import SystemClock
    from greenroom.scheduling import Schedule

    until = _end(SystemClock().now(), days, file)
    found: list[tuple[PostEntry, int]] = []
    for entry in file.post:
        listed = [one.due for one in comings if one.item is None and one.name == entry.name]
        if len(listed) >= MOST and entry.origin is None:
            schedule = Schedule.of(entry, timezone=file.timezone)
            if count := sum(1 for _ in schedule.between(max(listed), until)):
                found.append((entry, count))
    return found


def _places(more: "list[tuple[PostEntry, int]]", file: "BotFile") -> int:
    """Return how many posts on single accounts that are not listed engines are to write."""
    return sum(count * (len(entry.places) or len(file.accounts)) for entry, count in more if entry.say is None)


def _gathered(comings: "Sequence[Coming]") -> "list[list[Coming]]":
    """Return the posts with those that are one on several accounts together."""
    groups: dict[object, list[Coming]] = {}
    for number, one in enumerate(comings):
        key: object = number if one.item is None else (one.due, one.name, one.words, one.is_fixed)
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def _folded(groups: "list[list[Coming]]", file: "BotFile") -> "list[list[Coming]]":
    """Return the posts as they are shown: many of one entry on one day are one line, at the time of the first."""
    shown: list[list[Coming]] = []
    of_entry: dict[object, list[list[Coming]]] = {}
    for group in groups:
        one = group[0]
        if one.item is None:
            key = (one.name, one.due.astimezone(file.timezone).date(), one.places, one.words)
            of_entry.setdefault(key, []).append(group)
    folded = {id(group): many for many in of_entry.values() if len(many) > FOLDED for group in many}
    for group in groups:
        many = folded.get(id(group), [group])
        if many[0] is group:
            shown.append([one for each in many for one in each])
    return shown


def _over_the_caps(comings: "Sequence[Coming]", file: "BotFile") -> "Iterator[str]":
    """Yield for each account how many of these posts its cap holds back. What the owner has worded himself takes no
    place under it."""
    from greenroom.app import is_local
    from greenroom.policy import POSTS_OF_REAL_ACCOUNTS
    from greenroom.settings.spelling import RATE

    for name, account in file.accounts.items():
        cap = file.limits.posts or (None if is_local(account.platform) else POSTS_OF_REAL_ACCOUNTS)
        if cap is None:
            continue
        taken: deque[datetime] = deque()
        waiting = 0
        for one in comings:
            here = sum(place.partition("/")[0] == name for place in one.places)
            while taken and taken[0] <= one.due - cap.per:
                taken.popleft()
            for _ in range(0 if one.is_fixed else here):
                if len(taken) < cap.count:
                    taken.append(one.due)
                else:
                    waiting += 1
        if waiting:
            what = "1 post is" if waiting == 1 else f"{waiting:,} posts are"
            yield (
                f"{name}: {what} over its limit of {RATE.write(cap)} and will wait for a place, or be left out when it "
                "is too late for them: write fewer, or another `limits: {posts: …}`"
            )


def _price(file: "BotFile", persona: "Persona") -> int:
    """Return what a post costs that the first engine writes, in millionths of a dollar."""
    from greenroom.cli.costs import price_of_engine
    from greenroom.generation.forecast import typical_cost
    from greenroom_adapters.contract import Surface

    price = price_of_engine(file.engines.text[0])
    return 0 if price is None else typical_cost(persona, Surface.POST, price)


def _counted(one: "Coming", file: "BotFile") -> dict[str, tuple[int, int]]:
    """Return for each account how long fixed words are there, and how long they may be; where that is known."""
    from greenroom.cli.casting import limits_of
    from greenroom_adapters.contract import Surface
    from greenroom_adapters.text import count

    found: dict[str, tuple[int, int]] = {}
    for place in one.places:
        account = place.partition("/")[0]
        if account not in file.accounts:
            continue
        _, limits = limits_of(file.accounts[account].platform, None)
        if one.is_fixed and limits is not None:
            measured = [(count(one.words, limit.rule), limit.length) for limit in limits.text_on(Surface.POST)]
            # the limit that is nearest decides
            found[account] = max(measured, key=lambda pair: pair[0] - pair[1])
    return found


def _as_object(one: "Coming", file: "BotFile", price: int) -> dict[str, Any]:
    return {
        "due": one.due.astimezone(file.timezone).isoformat(),
        "item": one.item,
        "schedule": one.name,
        "in": list(one.places),
        "say" if one.is_fixed else "about": one.words,
        "beside": list(one.beside),
        "counted": {
            account: {"length": length, "limit": limit} for account, (length, limit) in _counted(one, file).items()
        },
        "cost_micros": 0 if one.is_fixed else price * len(one.places),
    }


def _show(comings: "Sequence[Coming]", file: "BotFile", price: int, more: "list[tuple[PostEntry, int]]") -> None:
    from rich.table import Table
    from rich.text import Text

    from greenroom_adapters.text import plain

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    day = None
    groups = _gathered(comings)
    for one, *others in _folded(groups, file):
        local = one.due.astimezone(file.timezone)
        if local.date() != day:
            day = local.date()
            table.add_row(Text(f"{local:%a} {local.day} {local:%b}", "bold"), "")
        last = others[-1] if others and others[-1].due != one.due else None
        everywhere = [one] if last is not None else [one, *others]
        name = one.name if one.item is None else f"post {', '.join(str(each.item) for each in everywhere)}"
        places = ", ".join(place for each in everywhere for place in each.places)
        table.add_row(f"  {local:%H:%M}", Text.assemble((plain(places), "cyan"), "  ", (plain(name), "dim")))
        table.add_row("", Text(plain(one.words), "") if one.is_fixed else Text(f"about {plain(one.words)}", "italic"))
        counted = {account: pair for each in everywhere for account, pair in _counted(each, file).items()}
        until = [] if last is None else [f"{len(others) + 1} posts until {last.due.astimezone(file.timezone):%H:%M}"]
        notes = [*until, *one.beside, *(_measure(*pair, account) for account, pair in counted.items())]
        if not one.is_fixed and price:
            notes.append(f"about {money(price * sum(len(each.places) for each in (one, *others)))}")
        if notes:
            table.add_row("", Text(plain("; ".join(notes), one_line=True), "dim"))
    console().print(table)
    written = sum(len(one.places) for one in comings if not one.is_fixed) + _places(more, file)
    cost = f"; writing them costs about {money(price * written)}" if price and written else ""
    total = len(groups) + sum(count for _, count in more)
    number = "1 post" if total == 1 else f"{total:,} posts"
    say(f"{number} ({file.timezone}){cost}. What platforms charge for them: greenroom check")


def _measure(length: int, limit: int, account: str) -> str:
    if length > limit:
        return f"{account}: {length:,} of {limit:,}, too long by {length - limit:,}"
    return f"{account}: {length:,} of {limit:,}"
