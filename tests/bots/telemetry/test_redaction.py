"""No credential and no control character gets into the log."""

import json
import string
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from typing_extensions import override

from greenroom.telemetry import redacted
from greenroom_adapters.contract import Secret

ALPHANUMERIC = string.ascii_letters + string.digits
tails = st.text(ALPHANUMERIC, min_size=16, max_size=60)
random_words = st.text(ALPHANUMERIC, min_size=40, max_size=64)
any_text = st.text(st.characters(exclude_categories=()), max_size=40)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | any_text
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3), max_leaves=8
)
entries = st.dictionaries(any_text, values, max_size=4)


def shown(value: object, *, under: str = "why") -> Any:
    return redacted({under: value})[under]


@given(
    tails,
    st.sampled_from(
        ["sk-", "sk-proj-", "xoxb-", "xapp-", "ghp_", "github_pat_", "AIza" + "x" * 20, "7123456789:" + "A" * 20]
    ),
)
def test_credentials_of_known_make_are_masked_anywhere(tail: str, beginning: str) -> None:
    credential = beginning + tail
    for around in ("{}", "refused ({})", '{{"got": "{}"}}', "GET /x/{}/y"):
        assert shown(around.format(credential)) == around.format("***")


@given(st.text(ALPHANUMERIC + "_.~+/-", min_size=8, max_size=60))
@example("Authoriz")
def test_authorization_headers_are_masked_whatever_their_value(value: str) -> None:
    # all of what is left is compared: a value may be a part of its header's own name
    assert shown(f"Authorization: Bearer {value}") == "Authorization: ***"
    assert shown(f"{{'authorization': 'Bot {value}'}}") == "{'authorization': '***'}"
    assert shown(f"Cookie: a={value}; b=1") == "Cookie: ***"


@given(st.text(ALPHANUMERIC, min_size=1, max_size=30), st.text(ALPHANUMERIC, min_size=3, max_size=30))
def test_addresses_lose_their_user_and_their_keys(user: str, key: str) -> None:
    assert shown(f"https://{user}:{key}@example.com/") == "https://***@example.com/"
    assert (
        shown(f"at https://example.com/a?access_token={key}&q=1#b") == "at https://example.com/a?access_token=***&q=1#b"
    )
    assert shown(f"https://example.com/?code={key}&state={key}") == "https://example.com/?code=***&state=***"


@given(random_words)
def test_long_words_that_look_random_are_masked(word: str) -> None:
    runs = sum(one.isdigit() and not other.isdigit() for one, other in pairwise(word))
    assume(runs >= 2 and word.lower() != word and word.upper() != word)
    assert shown(f"the server said {word} to us") == "the server said *** to us"


@pytest.mark.parametrize(
    "text",
    [
        "Lamp lit at 18:02.",
        "the token expired; a bot answers; basic rules; keys and locks",
        "https://example.com/@ada/114527849021?lang=pt&page=2",
        "greenroom_adapters.stage.adapter.StageAdapter2.reconcile_everything",
        "TemporaryFailureInNameResolution",
        "123e4567-e89b-12d3-a456-426614174000",
        "post:morning@2026-11-24",
        "$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg",
        "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3l6oveex3ii2l",
        "at line 12, column 7: 2026-11-24T18:02:11.123456+00:00",
    ],
)
def test_words_addresses_and_ids_stay_readable(text: str) -> None:
    assert shown(text) == text


def test_ids_of_our_own_fields_stay_however_random_they_look() -> None:
    entry = {"key": "7Q2m9XbK41LpZ8vRt0Yc3WnA5sD", "event_id": "abcDEF123ghiJKL456mno789", "turn": 17, "bot": "ada"}
    assert redacted(entry) == entry


@pytest.mark.parametrize(
    "name",
    ["token", "access_token", "apiKey", "api_key", "Authorization", "cookies", "password", "client_secret", "auth"],
)
def test_a_field_named_like_a_secret_is_masked_whatever_it_holds(name: str) -> None:
    for value in ("x", 4711, ["a", "b"], {"deep": "x"}):
        assert redacted({name: value}) == {name: "***"}
        assert redacted({"headers": {name: value}}) == {"headers": {name: "***"}}


@given(st.text(ALPHANUMERIC, min_size=6, max_size=30))
def test_a_secret_never_shows_itself_at_any_depth(value: str) -> None:
    secret = Secret(value)
    entry = {"a": secret, "b": [secret, {"c": (secret, {secret})}], "d": f"{secret}"}
    assert redacted(entry) == {"a": "***", "b": ["***", {"c": ["***", ["***"]]}], "d": "***"}


@given(entries)
def test_what_is_written_is_json_without_control_characters(entry: dict[str, Any]) -> None:
    written = json.dumps(redacted(entry), ensure_ascii=False)
    assert written.isprintable() or not {
        character for character in written if ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0
    }
    assert not set(written) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    written.encode()


@given(entries)
def test_redacting_twice_changes_nothing(entry: dict[str, Any]) -> None:
    once = redacted(entry)
    assert redacted(once) == once


def test_newlines_are_kept_in_exceptions_alone() -> None:
    assert shown("one\ntwo\x1b[31m") == "one\\ntwo\\x1b[31m"
    assert shown("Traceback:\n  line", under="exception") == "Traceback:\n  line"


def test_other_objects_are_written_as_their_text() -> None:
    class Broken:
        @override
        def __str__(self) -> str:
            raise RuntimeError

    assert shown(datetime(2026, 11, 24, 18, 2, tzinfo=UTC)) == "2026-11-24 18:02:00+00:00"
    assert shown(ValueError("no token=abc here")) == "no token=*** here"
    assert shown(Broken()) == "<Broken>"


def test_a_hostile_message_is_redacted_in_good_time() -> None:
    for text in (
        "authorization" * 8_000,
        "token " * 16_000,
        "-----BEGIN PRIVATE KEY-----" * 300,
        "://a:" * 20_000,
        "aA1-" * 25_000,
    ):
        assert shown(text)
