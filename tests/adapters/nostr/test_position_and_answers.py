"""Cursors, and what a relay's words mean."""

from datetime import timedelta

import pytest

from greenroom_adapters.contract import (
    AdapterError,
    Forbidden,
    OutcomeUnknown,
    PostRejected,
    RateLimited,
    Unavailable,
)
from greenroom_adapters.nostr.answers import MEANINGS, Said, mean, weigh
from greenroom_adapters.nostr.position import KEPT, Position
from greenroom_adapters.transport import Http


def http() -> Http:
    return Http("https://relay.example", platform="nostr", account="home")


def test_a_place_is_read_back() -> None:
    place = Position(100, begin=90)
    place.take("ab" * 32, 120)
    place.take("cd" * 32, 110)
    again = Position.read(place.cursor())
    assert again is not None
    assert (again.at, again.begin) == (120, 90)
    assert again.was_told("ab" * 32)
    assert again.was_told("cd" * 32)
    assert not again.was_told("ef" * 32)


def test_ids_that_begin_alike_are_told_apart() -> None:
    place = Position(0)
    place.take("unreadable-0123456789", 0)
    assert not place.was_told("unreadable-9876543210")


def test_a_place_remembers_the_latest_events_alone() -> None:
    place = Position(0)
    for number in range(KEPT + 10):
        place.take(f"rest{number:010}", number)
    assert len(place) == KEPT
    assert not place.was_told(f"rest{9:010}")
    assert place.was_told(f"rest{10:010}")
    assert len(place.cursor()) < 1000


@pytest.mark.parametrize("cursor", ["", "x", "[]", '["a",1]', "\ud800"])
def test_what_is_no_cursor_is_none(cursor: str) -> None:
    assert Position.read(cursor) is None


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("blocked: you are banned", Forbidden),
        ("restricted: not for you", Forbidden),
        ("auth-required: who are you?", Forbidden),
        ("invalid: too long", PostRejected),
        ("pow: 26 bits wanted", PostRejected),
        ("rate-limited: slow down", RateLimited),
        ("error: the disk is full", OutcomeUnknown),
        ("something of its own", PostRejected),
        ("unheard: of", PostRejected),
        ("", PostRejected),
    ],
)
def test_a_refusal_means_what_its_prefix_says(words: str, kind: type[AdapterError]) -> None:
    error = mean(Said(accepted=False, words=words), http(), "wss://r.example")
    assert type(error) is kind
    assert (error.platform, error.account) == ("nostr", "home")
    assert "wss://r.example" in str(error)


def test_every_prefix_of_the_protocol_has_a_meaning() -> None:
    of_nip_01 = {"pow", "blocked", "rate-limited", "invalid", "restricted", "mute", "error"}
    assert of_nip_01 | {"auth-required"} <= set(MEANINGS)


@pytest.mark.parametrize(
    ("accepted", "words", "is_there"),
    [
        (True, "", True),
        (True, "duplicate: again", True),
        (False, "duplicate: exists", True),
        (False, "invalid: x", False),
    ],
)
def test_an_event_that_is_there_already_is_there(accepted: bool, words: str, is_there: bool) -> None:
    assert Said(accepted=accepted, words=words).is_there is is_there


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("rate-limited: slow down", 30),
        ("rate-limited: try again in 7 seconds", 7),
        ("rate-limited: wait 5s", 5),
        ("rate-limited: 2 minutes, please", 120),
        ("rate-limited: max 100 events/h", 30),
    ],
)
def test_a_wait_is_as_long_as_the_relay_says_or_half_a_minute(words: str, seconds: int) -> None:
    error = mean(Said(accepted=False, words=words), http(), "r")
    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(seconds=seconds)


def test_of_several_errors_the_most_careful_one_counts() -> None:
    refused, away, unknown = PostRejected("no"), Unavailable("away"), OutcomeUnknown("lost")
    later, soon = (RateLimited("wait", retry_after=timedelta(seconds=seconds)) for seconds in (60, 5))
    assert weigh([refused, away, later, soon, unknown]) is unknown
    assert weigh([refused, away, later, soon]) is soon
    assert weigh([refused, away]) is away
    assert weigh([refused, refused]) is refused
