"""An owner is told why an event is answered or left alone, rule by rule."""

from collections.abc import Callable
from datetime import UTC, datetime, time

import pytest

from greenroom.personas import Talkative
from greenroom.routing import Miss, Router
from greenroom.settings.answering import AnswerRule
from greenroom.settings.rooms import RoomMode, RoomRule
from greenroom.settings.spelling import Place, Span
from greenroom_adapters.contract import (
    Author,
    FollowReceived,
    Kind,
    MentionReceived,
    MessageReceived,
    ReplyReceived,
    TextEvent,
)

Make = Callable[..., Router]
Say = Callable[..., TextEvent]

LOUNGE = Place(account="home", room="lounge")


def test_an_explanation_reads_like_a_sentence_and_a_line_for_each_rule(router: Make, said: Say) -> None:
    routes = router(
        AnswerRule(to=(Kind.MENTION, Kind.REPLY)),
        AnswerRule(to=(Kind.MENTION,), words=("Refund", "lawyer")),
        AnswerRule(to=(Kind.FOLLOW, Kind.DIRECT_MESSAGE)),
        AnswerRule(to=(Kind.MENTION,), places=(Place(account="away"),)),
        AnswerRule(to=(Kind.MENTION,), words=("press",)),
    )
    assert str(routes.explain(said("My REFUND?", kind=MentionReceived), "home")).splitlines() == [
        "Answered by answer 2: it waits for words and answer 1 does not.",
        "answer 1: fits: it answers mentions everywhere",
        'answer 2: fits: it answers mentions everywhere, and the text has "refund"',
        "answer 3: does not fit: it answers follows and direct_messages, and this is a mention",
        "answer 4: does not fit: it is for away only",
        "answer 5: does not fit: none of its words is in the text",
    ]


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (
            AnswerRule(to=(Kind.MENTION,), places=(LOUNGE,)),
            "for what happens in this room, answer 1 for what happens ever",
        ),
        (AnswerRule(to=(Kind.MENTION,), places=(Place(account="home"),)), "for what happens on this account, answer 1"),
        (AnswerRule(to=(Kind.MENTION,)), "fewer kinds of events than answer 1"),
        (AnswerRule(to=(Kind.MENTION, Kind.REPLY)), "Answered by answer 1: it stands before answer 2 in the file"),
    ],
)
def test_the_winner_is_explained_against_the_next_best(second: AnswerRule, why: str, router: Make, said: Say) -> None:
    routes = router(AnswerRule(to=(Kind.MENTION, Kind.REPLY)), second)
    assert why in routes.explain(said(kind=MentionReceived, room="lounge"), "home").why


def test_a_name_said_in_a_room_is_part_of_the_explanation(router: Make, said: Say) -> None:
    explanation = router(AnswerRule(to=(Kind.MENTION,))).explain(said("Old Keeper!", room="lounge"), "home")
    assert explanation.why == 'Answered by answer 1: no other rule fits. The name "old keeper" makes it a mention.'


def test_an_owner_learns_how_to_hear_plain_messages_in_a_room(router: Make, said: Say) -> None:
    explanation = router(AnswerRule(to=(Kind.MESSAGE,))).explain(said(kind=MessageReceived, room="lounge"), "home")
    assert "name the room in its `in`" in explanation.verdicts[0].why


def test_each_reason_to_leave_an_event_alone_is_told(router: Make, said: Say) -> None:
    mention = AnswerRule(to=(Kind.MENTION,))
    rooms = {"lounge": RoomRule(is_=(LOUNGE,), mode=RoomMode.LISTEN)}
    night = Span(start=time(22), end=time(7))
    bot = Author(id="u9", handle="beep", is_bot=True)
    midnight = datetime(2026, 11, 24, 0, tzinfo=UTC)
    cases = [
        (router(mention), said(kind=ReplyReceived), Miss.KIND),
        (router(mention), said(kind=MentionReceived, author=bot), Miss.BOT),
        (router(mention, rooms=rooms), said(kind=MentionReceived, room="lounge"), Miss.LISTENED_ROOM),
        (router(mention, quiet=night), said(kind=MentionReceived, at=midnight), Miss.QUIET_HOURS),
        (router(AnswerRule(to=(Kind.MENTION,), chance=0.0)), said(kind=MentionReceived), Miss.CHANCE),
    ]
    for routes, event, miss in cases:
        explanation = routes.explain(event, "home")
        assert explanation.decision is miss
        assert explanation.why.startswith("Left alone")
        assert explanation.why.endswith(f"{miss.reason}.")


def test_events_without_a_text_are_explained_too(router: Make) -> None:
    follow = FollowReceived(
        id="f",
        source="s",
        cursor="1",
        occurred_at=datetime(2026, 11, 24, tzinfo=UTC),
        author=Author(id="a", handle="b"),
    )
    explanation = router(AnswerRule(to=(Kind.MENTION,))).explain(follow, "home")
    assert explanation.verdicts[0].why == "it answers mentions, and this is a follow"


def test_joining_in_unasked_is_explained_line_by_line(router: Make, said: Say) -> None:
    lines = [
        Talkative(places=("games",), chance=1),
        Talkative(at=Span(start=time(23), end=time(7)), chance=0.01),
        Talkative(chance=1),
    ]
    rooms = {
        "lounge": RoomRule(is_=(LOUNGE,), mode=RoomMode.OPEN),
        "games": RoomRule(is_=(Place(account="home", room="games"),), mode=RoomMode.OPEN),
    }
    routes = router(AnswerRule(to=(Kind.MENTION,)), rooms=rooms, talkative=lines)
    assert str(routes.explain(said(room="lounge"), "home")).splitlines() == [
        "Joined in by talkative 3, unasked, as its chance says for this message: unless the bot spoke last there, "
        "or would say more than one in four of the messages.",
        "answer 1: does not fit: it answers mentions, and this is a message",
        "talkative 1: does not fit: it is for home/games only",
        "talkative 2: does not fit: it is for 23:00-07:00 only",
        "talkative 3: fits: it joins in at 100% of what is said to nobody in particular",
    ]
    never = router(rooms=rooms, talkative=[Talkative(chance=0)])
    assert never.explain(said(room="lounge"), "home").why == (
        "Left alone: nobody spoke to the bot, and by the persona's `talkative` it does not join in this time."
    )
