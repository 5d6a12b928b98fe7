"""The grammar of durations, times, rates, money, ranges, places and people."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.settings.spelling import (
    CHANCE,
    CRON,
    DAYS,
    DURATION,
    MONEY,
    MONEY_RATE,
    PERIOD,
    PERSON,
    PLACE,
    RANGE,
    RATE,
    SHARE,
    SPAN,
    WHEN,
    Money,
    MoneyRate,
    Person,
    Place,
    Range,
    Rate,
    Span,
    Spelling,
    SpellingError,
)
from greenroom_adapters.contract import Author

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

RIGHT: list[tuple[Spelling[Any], object, object]] = [
    (DURATION, "90 days", 90 * DAY),
    (DURATION, "2 hours", 2 * HOUR),
    (DURATION, "10 minutes", 10 * MINUTE),
    (DURATION, "4 seconds", 4 * SECOND),
    (DURATION, "1 second", SECOND),
    (DURATION, "2 weeks", 14 * DAY),
    (DURATION, "90d", 90 * DAY),
    (DURATION, "2h", 2 * HOUR),
    (DURATION, "10min", 10 * MINUTE),
    (DURATION, "4s", 4 * SECOND),
    (DURATION, "1 Hour 30 Minutes", 90 * MINUTE),
    (DURATION, "  1h  30min ", 90 * MINUTE),
    (DURATION, 0, timedelta(0)),
    (DURATION, "0 seconds", timedelta(0)),
    (PERIOD, "6 hours", 6 * HOUR),
    (WHEN, "08:00", time(8)),
    (WHEN, "8:05", time(8, 5)),
    (WHEN, "20:00", time(20)),
    (WHEN, "23:59", time(23, 59)),
    (WHEN, "2026-12-24 18:00", datetime(2026, 12, 24, 18)),  # noqa: DTZ001  in the file's zone
    (WHEN, "2026-12-24T18:00", datetime(2026, 12, 24, 18)),  # noqa: DTZ001  in the file's zone
    (SPAN, "23:00-07:00", Span(start=time(23), end=time(7))),
    (SPAN, "08:00 - 12:30", Span(start=time(8), end=time(12, 30))),
    (DAYS, "mon-fri", frozenset(range(5))),
    (DAYS, "fri-mon", frozenset({4, 5, 6, 0})),
    (DAYS, "sunday", frozenset({6})),
    (DAYS, ["mon", "fri"], frozenset({0, 4})),
    (DAYS, ["mon-wed", "Sat"], frozenset({0, 1, 2, 5})),
    (CRON, "0 8 * * mon", "0 8 * * mon"),
    (CRON, "*/15  8-18/2 1,15 jan-mar 0,7", "*/15 8-18/2 1,15 jan-mar 0,7"),
    (RATE, "5/hour", Rate(count=5, per=HOUR)),
    (RATE, "12 / day", Rate(count=12, per=DAY)),
    (RATE, "1/minute", Rate(count=1, per=MINUTE)),
    (MONEY, "0.10 USD", Money(micros=100_000)),
    (MONEY, "2 usd", Money(micros=2_000_000)),
    (MONEY, "0.000001 USD", Money(micros=1)),
    (MONEY_RATE, "2 USD/day", MoneyRate(amount=Money(micros=2_000_000))),
    (MONEY_RATE, "0.10USD / day", MoneyRate(amount=Money(micros=100_000))),
    (RANGE, "20-240", Range(least=20, most=240)),
    (RANGE, "0-1", Range(least=0, most=1)),
    (RANGE, 240, Range(least=0, most=240)),
    (RANGE, "240", Range(least=0, most=240)),
    (RANGE, 0, Range(least=0, most=0)),
    (SHARE, "10%", 0.1),
    (SHARE, "0.20 USD/day", MoneyRate(amount=Money(micros=200_000))),
    (CHANCE, "8%", 0.08),
    (CHANCE, "100 %", 1.0),
    (CHANCE, "0%", 0.0),
    (CHANCE, "0.5%", 0.005),
    (PLACE, "home", Place(account="home")),
    (PLACE, "home/lounge", Place(account="home", room="lounge")),
    (PLACE, "matrix/#help:example.org", Place(account="matrix", room="#help:example.org")),
    (PERSON, "masto/@maria@example.social", Person(account="masto", who="@maria@example.social")),
    (PERSON, "x/2244994945", Person(account="x", who="2244994945")),
]

WRONG: list[tuple[Spelling[Any], object, str]] = [
    (DURATION, 10, "`10`: minutes or months? write 10 minutes"),
    (DURATION, 1.5, "`1.5`: minutes or months? write 1.5 minutes"),
    (DURATION, "10", "`10`: minutes or months? write 10 minutes"),
    (DURATION, "10m", "`10m`: minutes or months? write 10 minutes"),
    (DURATION, "10 M", "`10 M`: minutes or months? write 10 minutes"),
    (DURATION, "soon", "`soon` is not a duration: write it like 10 minutes, 6 hours or 90 days"),
    (DURATION, "2 hours ago", "`2 hours ago` is not a duration: write it like 10 minutes, 6 hours or 90 days"),
    (DURATION, "-2 hours", "`-2 hours` is not a duration: write it like 10 minutes, 6 hours or 90 days"),
    (DURATION, "1,5 hours", "`1,5 hours` is not a duration: write it like 10 minutes, 6 hours or 90 days"),
    (DURATION, None, "nothing is not understood here: write it like 10 minutes, 6 hours or 90 days"),
    (DURATION, True, "`true` is not understood here: write it like 10 minutes, 6 hours or 90 days"),
    (DURATION, ["1h"], "a list is not understood here: write it like 10 minutes, 6 hours or 90 days"),
    (DURATION, {}, "a mapping is not understood here: write it like 10 minutes, 6 hours or 90 days"),
    (DURATION, "99999999999 weeks", "`99999999999 weeks` is longer than a hundred years"),
    (PERIOD, 0, "this must be longer than nothing: write it like 6 hours"),
    (PERIOD, "0 hours", "this must be longer than nothing: write it like 6 hours"),
    (WHEN, 1200, "`1200` is not understood here: write it like 08:00, or 2026-12-24 18:00 for once"),
    (WHEN, "8", "`8` is not a time of day: write it like 08:00 or 20:30"),
    (WHEN, "24:00", "`24:00` is not a time of day: write it like 08:00 or 20:30"),
    (WHEN, "8am", "`8am` is not a time of day: write it like 08:00 or 20:30"),
    (WHEN, "12:60", "`12:60` is not a time of day: write it like 08:00 or 20:30"),
    (WHEN, "2026-02-30 18:00", "`2026-02-30 18:00` is not a day and time: write it like 2026-12-24 18:00"),
    (SPAN, "23:00", "`23:00` is not a span of the day: write it like 23:00-07:00"),
    (SPAN, "8-9", "`8` is not a time of day: write it like 08:00 or 20:30"),
    (SPAN, "08:00-08:00", "`08:00-08:00` begins and ends at the same time: write it like 23:00-07:00"),
    (DAYS, "mon-fry", "`fry` is not a day of the week: write mon, tue, wed, thu, fri, sat or sun"),
    (DAYS, [], "no day at all: write it like mon-fri or [mon, fri]"),
    (DAYS, 5, "`5` is not understood here: write it like mon-fri or [mon, fri]"),
    (
        CRON,
        "0 8 * *",
        '`0 8 * *` has 4 of the 5 fields minute, hour, day, month and weekday: write it like "0 8 * * mon"',
    ),
    (CRON, "60 8 * * *", "`60` is not the minute of a cron line: it goes from 0 to 59"),
    (CRON, "0 8 * * funday", "`funday` is not the day of the week of a cron line: it goes from 0 to 7"),
    (CRON, "0 18-8 * * *", "`18-8` is not the hour of a cron line: it goes from 0 to 23"),
    (CRON, "*/0 * * * *", "`*/0` is not the minute of a cron line: it goes from 0 to 59"),
    (RATE, 5, "`5` is not understood here: write it like 5/hour"),
    (RATE, "5", "`5` is not a rate: write it like 5/hour, 12/day or 1/minute"),
    (RATE, "0/day", "`0/day` is not a rate: write it like 5/hour, 12/day or 1/minute"),
    (RATE, "5/fortnight", "`5/fortnight` is not a rate: write it like 5/hour, 12/day or 1/minute"),
    (MONEY, 0.1, "`0.1` has no currency: write 0.1 USD"),
    (MONEY, "0.10", "`0.10` is not an amount of money: write it like 0.10 USD"),
    (MONEY, "1 EUR", "`1 EUR`: other currencies than USD are not there yet; write it like 0.10 USD"),
    (MONEY, "0.0000001 USD", "`0.0000001 USD`: the smallest amount is 0.000001 USD"),
    (MONEY_RATE, 1, "`1` of what, and how often? write 1 USD/day"),
    (MONEY_RATE, "1 USD", "`1 USD` is not money per day: write it like 1 USD/day"),
    (MONEY_RATE, "1 USD/hour", "`1 USD/hour` is not money per day: write it like 1 USD/day"),
    (RANGE, "240-20", "`240-20` begins above its end: write 20-240"),
    (RANGE, "some", "`some` is not a range: write it like 20-240, or 240 for at most 240"),
    (RANGE, -1, "`-1` is not a range: write it like 20-240, or 240 for at most 240"),
    (RANGE, 1.5, "`1.5` is not understood here: write it like 20-240"),
    (SHARE, "101%", "`101%` is not a part of the day's money: write it like 10% or 0.10 USD/day"),
    (SHARE, "0.10 USD", "`0.10 USD` is not a part of the day's money: write it like 10% or 0.10 USD/day"),
    (SHARE, "1 EUR/day", "`1 EUR`: other currencies than USD are not there yet; write it like 0.10 USD"),
    (CHANCE, 0.08, "`0.08`: of one or of a hundred? write 8%"),
    (CHANCE, 1, "`1`: of one or of a hundred? write 100%"),
    (CHANCE, 8, "`8`: of one or of a hundred? write 8%"),
    (CHANCE, "101%", "`101%` is not a chance: write it like 8%, from 0% to 100%"),
    (CHANCE, "often", "`often` is not a chance: write it like 8%, from 0% to 100%"),
    (PLACE, "home/", "`home/` is not a place: write an account, or account/room like home/lounge"),
    (PLACE, "/lounge", "`/lounge` is not a place: write an account, or account/room like home/lounge"),
    (PLACE, 3, "`3` is not understood here: write it like home or home/lounge"),
    (PERSON, "maria", "`maria` is not a person: write account/@handle or account/id, like home/@maria"),
    (PERSON, "home/@", "`home/@` is not a person: write account/@handle or account/id, like home/@maria"),
    (PERSON, "discord/role:", "`discord/role:`: which role? write it like discord/role:Mods"),
    (PERSON, "matrix/power:all", "`matrix/power:all`: a power level is a number: write it like matrix/power:50"),
]


@pytest.mark.parametrize(("spelling", "written", "meant"), RIGHT)
def test_what_the_grammar_knows_is_understood(spelling: Spelling[Any], written: object, meant: object) -> None:
    assert spelling.read(written) == meant


@pytest.mark.parametrize(("spelling", "written", "reason"), WRONG)
def test_what_the_grammar_does_not_know_is_refused_with_what_to_write(
    spelling: Spelling[Any], written: object, reason: str
) -> None:
    with pytest.raises(SpellingError) as caught:
        spelling.read(written)
    assert str(caught.value) == reason


@pytest.mark.parametrize(("spelling", "written"), [(spelling, written) for spelling, written, _ in RIGHT])
def test_what_was_understood_can_be_written_and_read_again(spelling: Spelling[Any], written: object) -> None:
    meant = spelling.read(written)
    assert spelling.read(spelling.write(meant)) == meant


times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
words = st.from_regex(r"[a-z#@][a-z0-9:.@-]{0,12}", fullmatch=True)
money = st.builds(Money, micros=st.integers(0, 10**14))
VALUES: list[tuple[Spelling[Any], st.SearchStrategy[Any]]] = [
    (DURATION, st.integers(0, 100 * 365 * 86_400).map(lambda seconds: timedelta(seconds=seconds))),
    (PERIOD, st.integers(1, 10**8).map(lambda seconds: timedelta(seconds=seconds))),
    (WHEN, times | st.datetimes().map(lambda moment: moment.replace(second=0, microsecond=0))),
    (
        SPAN,
        st.tuples(times, times).filter(lambda two: two[0] != two[1]).map(lambda two: Span(start=two[0], end=two[1])),
    ),
    (DAYS, st.frozensets(st.integers(0, 6), min_size=1)),
    (RATE, st.builds(Rate, count=st.integers(1, 10**8), per=st.sampled_from([SECOND, MINUTE, HOUR, DAY]))),
    (MONEY, money),
    (MONEY_RATE, st.builds(MoneyRate, amount=money)),
    (
        RANGE,
        st.tuples(st.integers(0, 10**8), st.integers(0, 10**8)).map(lambda two: Range(least=min(two), most=max(two))),
    ),
    (SHARE, st.builds(MoneyRate, amount=money) | st.integers(0, 1_000_000).map(lambda parts: parts / 1_000_000)),
    (CHANCE, st.integers(0, 1_000_000).map(lambda parts: parts / 1_000_000)),
    (PLACE, st.builds(Place, account=words.filter(lambda word: "/" not in word), room=st.none() | words)),
    (PERSON, st.builds(Person, account=words, who=words.filter(lambda word: word.strip("@") != ""))),
]


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_every_value_survives_being_written_and_read(data: st.DataObject) -> None:
    spelling, values = data.draw(st.sampled_from(VALUES))
    value = data.draw(values)
    assert spelling.read(spelling.write(value)) == value


@given(
    written=st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text("0123456789 :-/.%hdms", max_size=12)
    | st.lists(st.text()),
    spelling=st.sampled_from([spelling for spelling, _, _ in RIGHT]),
)
@settings(max_examples=200, deadline=None)
def test_nothing_but_a_spelling_error_comes_of_nonsense(spelling: Spelling[Any], written: object) -> None:
    try:
        meant = spelling.read(written)
    except SpellingError as error:
        told = str(error)
    else:
        told = "understood"
        assert spelling.read(spelling.write(meant)) == meant
    assert told


def test_a_span_holds_its_start_but_not_its_end() -> None:
    night, day = Span(start=time(23), end=time(7)), Span(start=time(8), end=time(12))
    assert [moment in night for moment in (time(22, 59), time(23), time(0), time(6, 59), time(7))] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert [moment in day for moment in (time(7, 59), time(8), time(11, 59), time(12))] == [False, True, True, False]


def test_a_range_holds_both_its_ends() -> None:
    assert [number in Range(least=2, most=4) for number in (1, 2, 4, 5)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("who", "author", "same"),
    [
        ("7", Author(id="7", handle="maria"), True),
        ("@maria", Author(id="7", handle="Maria"), True),
        ("@maria:example.org", Author(id="@maria:example.org", handle="maria"), True),
        ("maria", Author(id="7", handle="maria"), False),
        ("7", Author(id="8", handle="7"), False),
        ("@maria", Author(id="8", handle="other", name="maria"), False),
    ],
)
def test_a_person_is_known_by_id_or_by_a_handle_with_its_at_sign(who: str, author: Author, same: bool) -> None:
    assert Person(account="home", who=who).is_author(author) is same


def test_models_hold_their_spellings_apart_from_python_values(load: Callable[[str], Any]) -> None:
    assert load("answer: {to: mentions, chance: 8%}\n").answer[0].chance == 0.08
