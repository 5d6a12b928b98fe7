"""Builders of events and routers."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from greenroom.personas import Talkative
from greenroom.routing import Router
from greenroom.settings.answering import AnswerRule
from greenroom.settings.bot import People
from greenroom.settings.rooms import RoomRule
from greenroom.settings.spelling import Span
from greenroom_adapters.contract import Author, Kind, MessageReceived, PostRef, Room, TextEvent

BOB = Author(id="u7", handle="bob")


@pytest.fixture
def router() -> Callable[..., Router]:
    """Return a function that compiles rules for the accounts `home` and `away`."""

    def compile_rules(
        *rules: AnswerRule,
        rooms: Mapping[str, RoomRule] | None = None,
        people: People | None = None,
        names: Sequence[str] = ("Ada", "old keeper"),
        quiet: Span | None = None,
        zone: str = "Europe/Lisbon",
        talkative: Sequence[Talkative] = (),
    ) -> Router:
        return Router.compile(
            rules,
            rooms=rooms or {},
            people=people or People(),
            persona_names=names,
            quiet=quiet,
            timezone=ZoneInfo(zone),
            accounts=["home", "away"],
            talkative=talkative,
        )

    return compile_rules


@pytest.fixture
def said() -> Callable[..., TextEvent]:
    """Return a function that makes an event out of a text: by default a message of bob in no room."""

    def make(
        text: str = "hello",
        *,
        kind: type[TextEvent] = MessageReceived,
        also: tuple[Kind, ...] = (),
        room: str | None = None,
        author: Author = BOB,
        id: str = "e1",
        at: datetime = datetime(2026, 11, 24, 12, tzinfo=UTC),
    ) -> TextEvent:
        return kind(
            id=id,
            source="s",
            cursor="1",
            occurred_at=at,
            post=PostRef(id=f"p-{id}"),
            author=author,
            text=text,
            conversation="c1",
            also=also,
            room=None if room is None else Room(id=f"id-{room}", name=room),
        )

    return make
