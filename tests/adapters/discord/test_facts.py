"""Small facts about Discord that other things rest on."""

import itertools
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom_adapters.contract import (
    AuthenticationFailed,
    Forbidden,
    MediaRefused,
    PostRef,
    PostRejected,
    TargetGone,
    TooLong,
    Unavailable,
    key_digest,
)
from greenroom_adapters.discord.allowance import INVALID_MOST, Allowance
from greenroom_adapters.discord.errors import MEANINGS, refusal, wait
from greenroom_adapters.discord.permissions import in_channel, in_server, sends_away
from greenroom_adapters.discord.references import digest_of_nonce, nonce_of, place, reference
from greenroom_adapters.discord.snowflakes import first_of, moment_of
from greenroom_adapters.discord.wire import WireChannel, WireOverwrite
from greenroom_adapters.transport import Answer, Effect


def answer(status: int, body: object, headers: dict[str, str] | None = None) -> Answer:
    """Return an answer of the API."""
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Answer(status=status, headers=headers or {}, body=content, effect=Effect.ONCE)


# Ids and keys --------------------------------------------------------------------------------------------------------


def test_an_id_holds_the_moment_in_which_it_was_made() -> None:
    """The example of the API reference, "Snowflakes"."""
    assert moment_of("175928847299117063") == datetime(2016, 4, 30, 11, 18, 25, 796000, tzinfo=UTC)


@given(st.datetimes(min_value=datetime(2015, 1, 2), max_value=datetime(2080, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants them naive
def test_every_later_id_is_larger_than_the_first_of_a_moment(moment: datetime) -> None:
    first = first_of(moment)
    assert timedelta(0) <= moment - moment_of(str(first)) < timedelta(milliseconds=1)
    assert first_of(moment + timedelta(milliseconds=1)) > first | ((1 << 22) - 1)


def test_a_time_that_no_calendar_has_is_no_moment() -> None:
    with pytest.raises(ValueError, match="calendar"):
        moment_of("9" * 40)


@given(st.text(max_size=100))
def test_a_nonce_is_short_enough_and_tells_the_digest_of_its_key_back(key: str) -> None:
    nonce = nonce_of(key)
    assert len(nonce) <= 25
    assert nonce.isascii()
    assert digest_of_nonce(nonce) == key_digest(key)


@given(st.one_of(st.none(), st.integers(), st.text(max_size=25).filter(lambda text: len(text) != 25)))
def test_somebody_elses_nonce_is_no_key_of_ours(nonce: str | int | None) -> None:
    assert digest_of_nonce(nonce) is None


def test_a_message_is_named_by_its_channel_and_itself() -> None:
    ref = reference("290926798999357250", "334385199974967042", guild=None)
    assert place(ref) == ("290926798999357250", "334385199974967042")
    for strange in ("", "1", "1/", "a/b", "1/2/3", "\u0661/\u0662x", "1/2 "):
        assert place(PostRef(id=strange)) is None


# Refusals ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, {"code": 10008, "message": "Unknown Message"}, TargetGone),
        (403, {"code": 50001, "message": "Missing Access"}, Forbidden),
        (403, {"code": 50007, "message": "Cannot send messages to this user"}, Forbidden),
        (400, {"code": 50006, "message": "Cannot send an empty message"}, PostRejected),
        (400, {"code": 200000, "message": "Blocked by AutoMod"}, Forbidden),
        (400, {"code": 50014, "message": "Invalid token"}, AuthenticationFailed),
        (413, {"code": 40005, "message": "Request entity too large"}, MediaRefused),
        (403, b"<html>error code: 1015</html>", Unavailable),
        (
            400,
            {
                "code": 50035,
                "message": "Invalid Form Body",
                "errors": {"content": {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be shorter"}]}},
            },
            TooLong,
        ),
        (
            400,
            {
                "code": 50035,
                "message": "Invalid Form Body",
                "errors": {"message_reference": {"_errors": [{"code": "REPLIES_UNKNOWN_MESSAGE", "message": "?"}]}},
            },
            TargetGone,
        ),
        (400, {"code": 50035, "message": "Invalid Form Body", "errors": [[{"code": 7}]]}, PostRejected),
    ],
)
def test_a_refusal_is_understood(status: int, body: object, kind: type[Exception]) -> None:
    known = refusal(answer(status, body))
    assert known is not None
    assert known[0] is kind


def test_what_nobody_has_heard_of_is_left_to_its_status() -> None:
    assert refusal(answer(400, {"code": 1234567, "message": "?"})) is None
    assert refusal(answer(400, b"[]")) is None
    assert all(code > 100 for code in MEANINGS)


def test_a_wait_is_read_from_the_body() -> None:
    assert wait(answer(429, {"message": "slowly", "retry_after": 1.5, "global": False})) == timedelta(seconds=1.5)
    assert wait(answer(429, {"retry_after": -1})) == timedelta(0)
    assert wait(answer(429, b"slowly")) is None


# Limits --------------------------------------------------------------------------------------------------------------


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_is_shared_by_its_route_and_apart_for_each_channel() -> None:
    clock = Clock()
    allowance = Allowance(clock)
    used_up = {"X-RateLimit-Bucket": "abc", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "3.5"}
    allowance.heard("POST", "/channels/1/messages", answer(200, {}, used_up))
    assert allowance.wait("POST", "/channels/1/messages") == timedelta(seconds=3.5)
    for method, path in (
        ("POST", "/channels/2/messages"),
        ("GET", "/channels/1/messages?limit=100"),
        ("DELETE", "/channels/1/messages/7"),
    ):
        assert allowance.wait(method, path) == timedelta(0)
    clock.now += 3.5
    assert allowance.wait("POST", "/channels/1/messages") == timedelta(0)


def test_reactions_share_a_limit_whatever_with() -> None:
    clock = Clock()
    allowance = Allowance(clock)
    used_up = {"X-RateLimit-Bucket": "r", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "1"}
    allowance.heard("PUT", "/channels/1/messages/2/reactions/a%3A3/@me", answer(204, b"", used_up))
    assert allowance.wait("PUT", "/channels/1/messages/9/reactions/%F0%9F%91%8D/@me") == timedelta(seconds=1)


@pytest.mark.parametrize(
    ("headers", "counts"), [({}, True), ({"X-RateLimit-Scope": "user"}, True), ({"X-RateLimit-Scope": "shared"}, False)]
)
def test_far_from_the_ban_it_stops_asking(headers: dict[str, str], counts: bool) -> None:
    """10,000 invalid requests in ten minutes ban an address; those of a shared limit do not count."""
    clock = Clock()
    allowance = Allowance(clock)
    channels = itertools.count(10)
    for _ in range(INVALID_MOST):
        clock.now += 0.01
        told = {"Retry-After": "0", **headers}
        allowance.heard("POST", f"/channels/{next(channels)}/messages", answer(429, {}, told))
    waits = allowance.wait("GET", "/users/@me")
    assert (waits > timedelta(minutes=8)) is counts
    clock.now += 601
    assert allowance.wait("GET", "/users/@me") == timedelta(0)


# Permissions ---------------------------------------------------------------------------------------------------------

VIEW, SEND, ADMINISTRATOR, MANAGE = 1 << 10, 1 << 11, 1 << 3, 1 << 13
KICK = 1 << 1


def channel(*overwrites: tuple[str, int, int, int]) -> WireChannel:
    return WireChannel(
        id="1",
        type=0,
        permission_overwrites=tuple(
            WireOverwrite(id=id, type=kind, allow=str(allow), deny=str(deny)) for id, kind, allow, deny in overwrites
        ),
    )


@pytest.mark.parametrize(
    ("granted", "where", "may_send"),
    [
        ({"g": VIEW | SEND}, channel(), True),
        ({"g": VIEW}, channel(), False),
        ({"g": VIEW, "r": SEND}, channel(), True),
        ({"g": VIEW | SEND}, channel(("g", 0, 0, SEND)), False),
        ({"g": VIEW | SEND}, channel(("g", 0, 0, SEND), ("r", 0, SEND, 0)), True),
        ({"g": VIEW | SEND}, channel(("r", 0, SEND, 0), ("me", 1, 0, SEND)), False),
        ({"g": VIEW | SEND}, channel(("other", 0, 0, SEND)), True),
        ({"g": 0, "r": ADMINISTRATOR}, channel(("me", 1, 0, SEND)), True),
    ],
)
def test_overwrites_are_taken_in_their_order(granted: dict[str, int], where: WireChannel, may_send: bool) -> None:
    base = in_server("me", owner="somebody", roles=["r"], granted=granted, guild="g")
    assert in_channel(base, where.permission_overwrites, me="me", roles=["r"], guild="g").send_messages is may_send


def test_who_owns_a_server_may_everything_and_who_may_send_people_away_is_known() -> None:
    assert in_server("me", owner="me", roles=[], granted={}, guild="g").administrator
    assert sends_away(in_server("me", owner="me", roles=[], granted={}, guild="g"))
    assert sends_away(in_server("me", owner="x", roles=["r"], granted={"r": KICK}, guild="g"))
    assert not sends_away(in_server("me", owner="x", roles=["r"], granted={"r": MANAGE}, guild="g"))


def test_each_command_has_a_limit_of_its_own() -> None:
    """Its token is part of its address, and the rest of the address is the same for all."""
    allowance = Allowance(clock=lambda: 100.0)
    used_up = {"X-RateLimit-Bucket": "b", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "5"}
    one, other = (f"/webhooks/1/{token}/messages/@original" for token in ("aW50", "aW51"))
    allowance.heard("PATCH", one, answer(200, {}, used_up))
    assert allowance.wait("PATCH", one) == timedelta(seconds=5)
    assert allowance.wait("PATCH", other) == timedelta(0)
