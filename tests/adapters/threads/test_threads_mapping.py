"""What strangers send becomes an event, or one that says that it was not understood; never an end of listening."""

import json
import string
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threads_world import ThreadsWorld

from greenroom_adapters.contract import MentionReceived, MessageReceived, OwnPostSeen, ReplyReceived, UnknownEvent
from greenroom_adapters.meta.graph import Graph
from greenroom_adapters.meta.lists import row_of
from greenroom_adapters.meta.people import names
from greenroom_adapters.threads.api import Api
from greenroom_adapters.threads.mapping import Ours
from greenroom_adapters.threads.sources import read
from greenroom_adapters.threads.wire import PAGES
from greenroom_adapters.transport import system_now

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("id", "text", "timestamp", "username", "permalink", "media_type", "media_url", "root_post", "replied_to")
GOOD: dict[str, Any] = {
    "id": "18001",
    "timestamp": "2026-11-30T20:00:00+0000",
    "username": "alice",
    "text": "hello",
    "root_post": {"id": "17000"},
    "replied_to": {"id": "17000"},
}


def api() -> Api:
    made = Api(
        Graph(
            "http://127.0.0.1:9",
            version="v1.0",
            platform="threads",
            account="words",
            token=None,
            app_secret=None,
            deadline=system_now() - system_now(),
            now=system_now,
        )
    )
    made.me, made.handle = "17", "lamp.bot"
    return made


def event_of(payload: Any, *, ours: Ours | None = None) -> Any:
    """Return what a row of a list becomes."""
    raw, known, calls = msgspec.Raw(json.dumps(payload).encode()), ours or Ours(), api()
    row = row_of(raw, lambda one: read(one, calls, known, source="feed"), source="feed", since=None)
    return row.event("1;")


@given(payload=JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)))
def test_whatever_stands_in_a_list_is_an_event(payload: Any) -> None:
    event = event_of(payload)
    assert event.source == "feed"
    assert event.occurred_at.tzinfo is not None


@given(name=st.sampled_from(FIELDS), value=JSON)
def test_one_field_of_another_shape_ends_nothing(name: str, value: Any) -> None:
    event = event_of({**GOOD, name: value})
    assert isinstance(event, ReplyReceived | MentionReceived | MessageReceived | UnknownEvent)


@given(body=st.binary(max_size=60))
def test_bytes_that_are_no_json_are_no_page(body: bytes) -> None:
    try:
        PAGES.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    assert body.lstrip(b" \t\r\n").startswith(b"{")


@given(text=st.text(alphabet=string.ascii_letters + string.digits + "@._ \n\N{SNOWMAN}", max_size=60))
def test_a_text_that_ends_with_the_handle_names_the_account(text: str) -> None:
    assert names(f"{text} @lamp.bot", "lamp.bot")
    assert names(f"{text} @Lamp.Bot!", "lamp.bot")
    assert not names(f"{text.replace('@', '')} @lamp.bots", "lamp.bot")
    assert not names(f"{text.replace('@', '')} @lamp.bot.two", "lamp.bot")
    assert names(f"{text} @lamp.bot. Good", "lamp.bot")


@pytest.mark.parametrize(
    ("text", "is_named"),
    [
        ("write to info@lamp.bot", False),
        ("look: https://www.threads.net/@lamp.bot/post/1", False),
        ("https://www.threads.net/@lamp.bot and @lamp.bot", True),
        ("(@lamp.bot) ", True),
        ("so ...@lamp.bot", True),
    ],
)
def test_an_address_with_the_handle_in_it_names_nobody(text: str, *, is_named: bool) -> None:
    assert names(text, "lamp.bot") is is_named
    assert isinstance(event_of({**GOOD, "replied_to": None, "text": text}), MentionReceived) is is_named


def test_what_answers_a_post_of_the_account_is_a_reply_and_what_people_say_to_each_other_a_message() -> None:
    ours = Ours()
    ours.add("17000")
    reply = event_of(GOOD, ours=ours)
    assert isinstance(reply, ReplyReceived)
    assert (reply.conversation, reply.author.id, reply.author.handle) == ("17000", "@alice", "alice")
    both = event_of({**GOOD, "text": "why, @lamp.bot?"}, ours=ours)
    assert isinstance(both, ReplyReceived)
    assert [kind.value for kind in both.also] == ["mention"]
    assert isinstance(event_of({**GOOD, "replied_to": {"id": "17999"}}, ours=ours), MessageReceived)
    assert isinstance(event_of({**GOOD, "username": "Lamp.Bot"}, ours=ours), OwnPostSeen)
    hidden = event_of({**GOOD, "username": ""}, ours=ours)
    assert (hidden.author.id, hidden.author.handle) == ("unknown-18001", "somebody")


@pytest.mark.asyncio
async def test_a_row_that_cannot_be_read_silences_no_other(threads_world: Callable[..., ThreadsWorld]) -> None:
    world = threads_world()
    world.server.strange = [{"id": 7}, "nonsense", {"id": "1", "timestamp": "soon"}]
    heard: list[Any] = []
    async with world.adapter() as adapter:
        await world.mention_bot("are you there?")
        async with aclosing(adapter.events(after={"mentions": "0;", "feed": "0;"})) as events:
            async for event in events:
                heard.append(event)
                if isinstance(event, MentionReceived):
                    break
    assert sum(isinstance(event, UnknownEvent) for event in heard) == 3
