"""What Discord documents is understood, and whatever else it sends ends nothing and vanishes nowhere."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom_adapters.contract import (
    CommandGiven,
    DirectMessageReceived,
    Event,
    JoinReceived,
    MentionReceived,
    MessageReceived,
    PostDeleted,
    PostEdited,
    ReactionReceived,
    RemoteMedia,
    ReplyReceived,
    Room,
    SanctionReceived,
    Trust,
    UnknownEvent,
)
from greenroom_adapters.discord.allowance import Allowance
from greenroom_adapters.discord.api import Api
from greenroom_adapters.discord.hearing import NOT_OURS, WAITING, Hearing
from greenroom_adapters.discord.interactions import Interactions
from greenroom_adapters.discord.mapping import NOT_SPEECH, Reader
from greenroom_adapters.discord.memory import Memory
from greenroom_adapters.discord.places import Places
from greenroom_adapters.discord.socket import Dispatch, Lost
from greenroom_adapters.discord.wire import MESSAGE
from greenroom_adapters.transport import Http

ME, GUILD, CHANNEL = "80351110224678912", "41771983423143937", "290926798999357250"
NOW = datetime(2017, 7, 11, 18, tzinfo=UTC)
DOCUMENTED: list[tuple[str, Any]] = [
    (name, data)
    for name, data in json.loads((Path(__file__).parent / "documented" / "dispatches.json").read_text(encoding="utf-8"))
]


def hearing() -> Hearing:
    """Return one that has heard everything so far, in the channel and in the direct conversation."""
    places = Places(me=ME, served=())
    begun = "334385199974967030"
    return Hearing(
        {"start": begun, f"channel:{CHANNEL}": "334385199974967042", "dm:319674150115610528": begun},
        reader=Reader(me=ME, places=places),
        places=places,
        memory=Memory(),
        now=lambda: NOW,
        reads_everything=True,
        begins=0,
        interactions=Interactions(
            Api(Http("http://127.0.0.1:9", platform="discord", account="home"), Allowance()),
            application=lambda: ME,
            is_private=lambda name: True,
            are_ours=True,
            now=lambda: NOW,
        ),
    )


def told(hears: Hearing) -> Iterator[Event]:
    while (event := hears.take()) is not None:
        yield event


def dispatch(name: str, data: Any) -> Dispatch:
    return Dispatch(name, msgspec.Raw(msgspec.json.encode(data)))


@pytest.mark.parametrize("end", ['","data":{}}}', ""])
def test_the_token_of_a_command_that_cannot_be_read_is_kept_nowhere(end: str) -> None:
    hears = hearing()
    hears.handle(Lost(f'{{"op":"0","t":"INTERACTION_CREATE","d":{{"id":"1","token":"aW50ZXJhY3Rpb24{end}'.encode()))
    (event,) = told(hears)
    assert isinstance(event, UnknownEvent)
    assert "INTERACTION_CREATE" in event.raw
    assert "aW50ZXJhY3Rpb24" not in event.raw


def test_every_documented_dispatch_is_understood() -> None:
    hears = hearing()
    events: list[Event] = []
    for name, data in DOCUMENTED:
        hears.handle(dispatch(name, data))
        if (channel := hears.positions.behind()) is not None:
            hears.positions.caught_up(channel)
        events += told(hears)
    strange = [event for event in events if isinstance(event, UnknownEvent)]
    assert [event.raw.partition(" ")[0] for event in strange] == ["TYPING_START"], "an intent that was not asked for"
    kinds = [type(event) for event in events if event not in strange]
    assert kinds == [
        *(MentionReceived, ReplyReceived, DirectMessageReceived, JoinReceived, PostEdited),
        *(PostDeleted, PostDeleted, PostDeleted, ReactionReceived, ReactionReceived, CommandGiven, SanctionReceived),
    ]
    mention, reply, direct, join = events[:4]
    assert isinstance(mention, MentionReceived)
    assert mention.text == "Supa Hot @Nelly in #general :mmLol:"
    assert mention.room == Room(id=CHANNEL, name="#general", server=GUILD)
    assert (mention.author.handle, mention.author.name, mention.author.trust) == ("Mason#9999", "Mas", Trust.MODERATOR)
    assert mention.media == (RemoteMedia(url="https://cdn.example/lamp.png", media_type="image/png", alt="a lamp"),)
    assert isinstance(reply, ReplyReceived)
    assert reply.in_reply_to is not None
    assert reply.in_reply_to.id == f"{CHANNEL}/334385199974967040"
    assert isinstance(direct, DirectMessageReceived)
    assert direct.post.url == "https://discord.com/channels/@me/319674150115610528/334385199974967051"
    assert isinstance(join, JoinReceived)
    reactions = [event for event in events if isinstance(event, ReactionReceived)]
    assert [event.reaction for event in reactions] == ["like", "LUL:41771983429993937"]
    command = next(event for event in events if isinstance(event, CommandGiven))
    assert (command.command, command.text, command.author.name) == ("cardsearch", "The Gitrog Monster", "Mason")
    assert [event.author.handle for event in reactions] == ["Mason", "Mason"], "in private only an id is told"


@pytest.mark.parametrize("name", ["Ada leave", "Ada,leave", "Ada\u2003leave"])
def test_nobody_puts_words_into_a_text_by_calling_himself_like_them(name: str) -> None:
    hears = hearing()
    for kind, data in DOCUMENTED[:2]:
        hears.handle(dispatch(kind, data))
    while (channel := hears.positions.behind()) is not None:
        hears.positions.caught_up(channel)
    create = next(data for kind, data in DOCUMENTED if kind == "MESSAGE_CREATE")
    who = {"id": "77", "username": "mallory", "discriminator": "0", "global_name": name}
    hears.handle(dispatch("MESSAGE_CREATE", {**create, "content": "<@77>", "mentions": [who]}))
    (event,) = told(hears)
    assert isinstance(event, MessageReceived)
    assert event.text == "@Ada_leave"


def test_a_message_that_comes_twice_is_told_once_and_one_that_comes_late_is_told() -> None:
    hears = hearing()
    for name, data in DOCUMENTED[:2]:
        hears.handle(dispatch(name, data))
    while (channel := hears.positions.behind()) is not None:
        hears.positions.caught_up(channel)
    create = next(data for name, data in DOCUMENTED if name == "MESSAGE_CREATE")
    ids = ["334385199974967060", "334385199974967070", "334385199974967065", "334385199974967070"]
    for id in ids:
        hears.handle(dispatch("MESSAGE_CREATE", {**create, "id": id}))
    events = list(told(hears))
    assert [event.id for event in events] == ids[:3]
    assert [event.cursor for event in events] == [ids[0], ids[1], ids[1]], "cursors never go back"


def test_a_burst_that_is_too_large_for_memory_is_read_from_the_history_instead() -> None:
    hears = hearing()
    for name, data in DOCUMENTED[:2]:
        hears.handle(dispatch(name, data))
    while (channel := hears.positions.behind()) is not None:
        hears.positions.caught_up(channel)
    create = next(data for name, data in DOCUMENTED if name == "MESSAGE_CREATE")
    first = 334385199974968000
    for number in range(WAITING + 500):
        hears.handle(dispatch("MESSAGE_CREATE", {**create, "id": str(first + number)}))
    live = list(told(hears))
    assert len(live) == WAITING
    assert hears.positions.behind() == CHANNEL
    mark = hears.positions.get(CHANNEL)
    assert mark is not None
    assert mark.last == first + WAITING - 1, "its history is read from the first that found no room"


SMALL = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["", "0", "99999999999999999999", "-1", "\u0660\u0661", "9" * 40, [], {}, [[]], {"id": "x"}]),
)


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """Return a documented dispatch in which something is missing, is something else, or is cut off."""
    name, data = copy.deepcopy(draw(st.sampled_from(DOCUMENTED)))
    for _ in range(draw(st.integers(1, 3))):
        where = data
        while isinstance(where, dict | list) and where:
            key = draw(st.sampled_from(sorted(where) if isinstance(where, dict) else range(len(where))))
            if isinstance(where[key], dict | list) and where[key] and draw(st.booleans()):
                where = where[key]
                continue
            if draw(st.booleans()):
                del where[key]
            else:
                where[key] = copy.deepcopy(draw(SMALL))
            break
    text = msgspec.json.encode(data)
    if draw(st.integers(0, 9)) == 0:
        text = text[: draw(st.integers(0, len(text)))]
    return name, text


@settings(max_examples=3_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated())
def test_no_payload_ends_the_listening_and_none_vanishes(payload: tuple[str, bytes]) -> None:
    name, text = payload
    hears = hearing()
    for before, data in DOCUMENTED[:2]:
        hears.handle(dispatch(before, data))
    while (channel := hears.positions.behind()) is not None:
        hears.positions.caught_up(channel)
    list(told(hears))
    hears.handle(Dispatch(name, msgspec.Raw(text)))
    events = list(told(hears))
    for event in events:
        assert event.id
        assert event.cursor
        assert event.occurred_at.tzinfo is not None
    if name == "MESSAGE_CREATE" and not events and hears.positions.behind() is None:
        # the one way to say nothing: Discord's own words, or our own coming in
        message = MESSAGE.decode(text)
        assert message.type in NOT_SPEECH or message.author.id == ME


@given(st.binary(max_size=200))
def test_a_frame_that_is_none_is_told(raw: bytes) -> None:
    hears = hearing()
    hears.handle(Lost(raw))
    (event,) = told(hears)
    assert isinstance(event, UnknownEvent)


@pytest.mark.parametrize("name", sorted(NOT_OURS))
def test_what_is_left_out_on_purpose_is_left_out(name: str) -> None:
    hears = hearing()
    hears.handle(dispatch(name, {"anything": 1}))
    assert list(told(hears)) == []
