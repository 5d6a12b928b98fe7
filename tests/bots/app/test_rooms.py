"""A bot in rooms of others: how much it says unasked, whose word it obeys there, and what it makes of a complaint."""

import asyncio
import itertools
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from greenroom.storage import State
from greenroom.testing import Trial
from greenroom.testing.trial import BOT
from greenroom_adapters.contract import (
    Author,
    Forbidden,
    InvitationReceived,
    JoinReceived,
    MentionReceived,
    MessageReceived,
    PostDeleted,
    PostRef,
    PostRejected,
    Room,
    SanctionReceived,
    TextEvent,
    Trust,
    Unavailable,
)

LOUNGE, GAMES = Room(id="r1", name="#lounge"), Room(id="r2", name="#games")
IRIS = Author(id="u1", handle="iris")
MOD = Author(id="u2", handle="mo", trust=Trust.MODERATOR)
OTHER_BOT = Author(id="u3", handle="echo", is_bot=True)
OPEN = """\
answer: [mentions, replies]
rooms: {lounge: {is: "home/#lounge", mode: open}, games: {is: home/r2}}
tell: home/@maria
"""
numbers = itertools.count(1)

Making = Callable[..., Trial]


@pytest.fixture
def make(tmp_path: Path) -> Making:
    """Return what makes a bot with an open lounge whose owner is maria, with these lines in its persona."""

    def made(persona: str = "talkative: 100%\n", rules: str = OPEN) -> Trial:
        trial = Trial(tmp_path, rules=rules)
        trial.platform.people["maria"] = Author(id="u9", handle="maria")
        path = tmp_path / "ada.yaml"
        path.write_text(path.read_text(encoding="utf-8") + persona, encoding="utf-8")
        return trial

    return made


def say(
    trial: Trial,
    text: str = "Fog again.",
    *,
    by: Author = IRIS,
    room: Room = LOUNGE,
    kind: type[TextEvent] = MessageReceived,
    answers: str | None = None,
) -> TextEvent:
    number = next(numbers)
    event = trial.platform.happen(
        kind(
            id=f"m{number}",
            source="",
            cursor="",
            occurred_at=trial.clock.now(),
            post=PostRef(id=f"p{number}"),
            author=by,
            text=text,
            conversation=room.id,
            room=room,
            in_reply_to=None if answers is None else PostRef(id=answers),
        )
    )
    assert isinstance(event, TextEvent)
    return event


def order(trial: Trial, text: str, *, by: Author = MOD, room: Room = LOUNGE, answers: str | None = None) -> TextEvent:
    return say(trial, f"@home {text}", by=by, room=room, kind=MentionReceived, answers=answers)


def in_room(trial: Trial, room: Room = LOUNGE) -> list[str]:
    return [post.text for _, post in trial.platform.posts if post.room == room.id]


def told(trial: Trial) -> str:
    return "\n".join(post.text for _, post in trial.platform.posts if post.direct_to == "u9")


async def over(trial: Trial, event: TextEvent) -> str:
    """Let time pass until the turn of an event is over; return its reason, or its state where there is none."""
    turn = None

    async def look() -> bool:
        nonlocal turn
        await trial.bot.ledger.committed()
        turn = next((one for one in await trial.bot.ledger.turns(limit=1000) if one.event_id == event.id), None)
        return turn is not None and turn.state.is_over

    async with asyncio.timeout(10):
        while not await look():
            trial.clock.turn(timedelta(seconds=1))
            await asyncio.sleep(0.001)
    assert turn is not None
    return turn.reason or turn.state.word


async def last_turn_of(trial: Trial, event: TextEvent) -> State:
    return (await trial.turn(event.id)).state


# Open rooms


@pytest.mark.asyncio
async def test_the_bot_never_writes_more_than_one_in_four_of_a_rooms_messages_unasked(make: Making) -> None:
    async with make() as trial:
        reasons = [await over(trial, say(trial)) for _ in range(9)]
    spoke = [number for number, reason in enumerate(reasons, 1) if reason == "sent"]
    assert spoke == [3, 6, 9]
    assert len(in_room(trial)) == 3
    assert reasons[0] == "no more than one in 4 messages of a room are the bot's own, unasked"
    assert len(trial.engine.briefs) == 3, "nobody pays for what is not said"


@pytest.mark.asyncio
async def test_it_never_writes_unasked_twice_in_a_row_without_a_human_between(make: Making) -> None:
    async with make() as trial:
        for _ in range(2):
            await over(trial, say(trial))
        trial.engine.gate.clear()
        unasked = say(trial)
        await trial.past(lambda: trial.engine.at_work == 1)
        # while it thinks about what to say unasked, it is asked, and answers in another lane
        asked = trial.platform.happen(
            MentionReceived(
                id="asked",
                source="",
                cursor="",
                occurred_at=trial.clock.now(),
                post=PostRef(id="asked"),
                author=MOD,
                text="@home and you?",
                conversation="thread-in-lounge",
                room=LOUNGE,
            )
        )
        await trial.past(lambda: trial.engine.at_work == 2)
        trial.engine.gate.set()
        await over(trial, unasked)
        assert isinstance(asked, TextEvent)
        await over(trial, asked)
        states = {await last_turn_of(trial, unasked), await last_turn_of(trial, asked)}
        for _ in range(5):
            say(trial, by=OTHER_BOT)
        lonely = len(in_room(trial))
    assert State.SENT in states
    # whichever was first, nothing unasked came behind it without a person between
    assert lonely == (1 if State.IGNORED in states else 2)
    if lonely == 2:
        assert trial.platform.posts[-1][1].in_reply_to == PostRef(id="asked")


@pytest.mark.asyncio
async def test_nothing_is_kept_of_what_joined_in_when_its_room_is_answered_by_a_rule_meanwhile(make: Making) -> None:
    async with make() as trial:
        for _ in range(2):
            await over(trial, say(trial))
        trial.engine.gate.clear()
        unasked = say(trial)
        await trial.past(lambda: trial.engine.at_work == 1)
        joining = trial.bot.policy.joining
        assert joining._taken
        trial.rewrite('answer: {to: messages, in: lounge}\nrooms: {lounge: {is: "home/#lounge"}}\napprove: never\n')
        await trial.past(lambda: not joining.listens)
        trial.engine.gate.set()
        assert await over(trial, unasked) == "sent"
        assert (await trial.turn(unasked.id)).rule == trial.bot.file.answer[0].identity
        assert not joining._taken


@pytest.mark.asyncio
async def test_after_a_restart_it_listens_before_it_joins_in(make: Making) -> None:
    trial = make()
    async with trial:
        for _ in range(3):
            await over(trial, say(trial))
        await trial.crash()
    async with trial:
        reasons = [await over(trial, say(trial)) for _ in range(3)]
    assert [reason == "sent" for reason in reasons] == [False, False, True]


@pytest.mark.asyncio
async def test_messages_of_bots_do_not_count_as_a_rooms_talk(make: Making) -> None:
    async with make() as trial:
        for _ in range(10):
            say(trial, by=OTHER_BOT)
        assert await over(trial, say(trial)) != "sent"


@pytest.mark.asyncio
async def test_a_room_that_is_not_open_is_not_joined_in_and_costs_no_write(make: Making) -> None:
    async with make() as trial:
        for _ in range(5):
            say(trial, room=GAMES)
        await over(trial, say(trial, room=GAMES, kind=MentionReceived))
        assert await trial.bot.ledger.counts() == {State.SENT: 1}


@pytest.mark.asyncio
async def test_a_room_has_slow_over_all_of_its_addresses(make: Making) -> None:
    rules = 'answer: mentions\nrooms: {lounge: {is: ["home/#lounge", home/r2], slow: 2/minute}}\n'
    async with make(rules=rules) as trial:
        for number in range(3):
            say(
                trial,
                by=Author(id=f"a{number}", handle=f"a{number}"),
                room=(LOUNGE, GAMES)[number % 2],
                kind=MentionReceived,
            )
        await trial.past(lambda: len(trial.platform.posts) == 2)
        began = trial.clock.now()
        await trial.past(lambda: len(trial.platform.posts) == 3)
        assert trial.clock.now() - began > timedelta(seconds=45)


@pytest.mark.asyncio
async def test_a_person_has_so_many_answers_in_a_room_and_more_elsewhere(make: Making) -> None:
    rules = 'answer: mentions\nrooms: {lounge: {is: "home/#lounge", per_person: 1/hour}, games: {is: home/r2}}\n'
    async with make(rules=rules) as trial:
        first = await over(trial, say(trial, kind=MentionReceived))
        second = await over(trial, say(trial, kind=MentionReceived))
        other = await over(trial, say(trial, by=MOD, kind=MentionReceived))
        elsewhere = await over(trial, say(trial, room=GAMES, kind=MentionReceived))
    assert (first, other, elsewhere) == ("sent", "sent", "sent")
    assert second == "@iris has had 1 answer in an hour in this room (rooms: per_person)"


# A moderator's word


@pytest.mark.asyncio
async def test_a_moderators_quiet_is_obeyed_within_a_second_without_the_owner_and_holds_for_that_room_only(
    make: Making,
) -> None:
    async with make() as trial:
        trial.engine.gate.clear()
        waiting = say(trial, kind=MentionReceived)
        await trial.past(lambda: trial.engine.at_work == 1)
        said_at = trial.clock.now()
        order(trial, "quiet 2 hours")
        await trial.until(lambda: in_room(trial))
        assert trial.clock.now() - said_at < timedelta(seconds=1)
        trial.engine.gate.set()
        assert "quiet in that room until" in await over(trial, waiting), "also what an engine had begun to answer"
        assert "quiet in that room until" in await over(trial, say(trial, kind=MentionReceived))
        assert await over(trial, say(trial, room=GAMES, kind=MentionReceived)) == "sent"
        assert in_room(trial) == [
            f"I am quiet here until {said_at + timedelta(hours=2):%H:%M}, or until somebody tells me: speak."
        ]
        await trial.past(lambda: told(trial))
    assert "mo in #lounge on home said `quiet 2 hours`: quiet there until" in told(trial)


@pytest.mark.parametrize("point", ["before_inbox_insert", "after_inbox_insert", "after_sending", "after_receipt"])
@pytest.mark.asyncio
async def test_a_moderators_quiet_survives_a_crash_and_ends_with_its_time(make: Making, point: str) -> None:
    trial = make()
    async with trial:
        trial.dies_at(point)
        order(trial, "quiet for 2 hours")
        await trial.past(lambda: trial.is_dead, by=timedelta(milliseconds=10))
        await trial.bury()
        await trial.start()
        await trial.past(lambda: in_room(trial), by=timedelta(milliseconds=10))
        assert "quiet in that room" in await over(trial, say(trial, kind=MentionReceived))
        trial.clock.turn(timedelta(hours=2))
        assert await over(trial, say(trial, kind=MentionReceived)) == "sent"
    assert len(in_room(trial)) == 2


@pytest.mark.asyncio
async def test_speak_ends_it_and_the_last_word_holds_over_restarts(make: Making) -> None:
    trial = make()
    async with trial:
        await over(trial, order(trial, "quiet"))
        await over(trial, order(trial, "speak"))
    async with trial:
        assert await over(trial, say(trial, kind=MentionReceived)) == "sent"


@pytest.mark.parametrize("text", ["quiet 2 hours", "leave", "undo", "why"])
@pytest.mark.asyncio
async def test_it_is_nobodys_word_but_a_moderators(make: Making, text: str) -> None:
    impostor = Author(id="u7", handle="moderator", name="Moderator @mo", trust=Trust.ANYONE)
    async with make() as trial:
        await over(trial, say(trial, kind=MentionReceived))
        assert await over(trial, order(trial, text, by=impostor)) == "sent"
        assert await over(trial, say(trial, kind=MentionReceived)) == "sent"
        assert (trial.platform.deleted, trial.platform.left) == ([], [])
        assert len(trial.engine.briefs) == 3, "it is talk"


@pytest.mark.parametrize(
    "text", ["quiet please, the others sleep", "why is the sea salty?", "do not leave", "@bob quiet"]
)
@pytest.mark.asyncio
async def test_what_a_moderator_says_otherwise_is_talk(make: Making, text: str) -> None:
    async with make() as trial:
        assert await over(trial, order(trial, text)) == "sent"
        assert len(trial.engine.briefs) == 1


@pytest.mark.asyncio
async def test_the_owner_says_who_is_a_moderator_by_role_or_person_and_a_name_never_makes_one(make: Making) -> None:
    rules = OPEN + "people: {moderators: [home/role:Mods, home/u5]}\n"
    async with make(rules=rules) as trial:
        robot = Author(id="u5", handle="five", is_bot=True, roles=("Mods",))
        order(trial, "quiet", by=robot)
        for no in (MOD, Author(id="u6", handle="u5", name="Mods"), Author(id="u7", handle="x", roles=("mods",))):
            await over(trial, order(trial, "quiet", by=no))
            assert await over(trial, say(trial, kind=MentionReceived)) == "sent"
        for yes in (Author(id="u5", handle="five"), Author(id="u8", handle="eight", roles=("77", "Mods"))):
            assert "quiet in that room" not in await over(trial, order(trial, "quiet", by=yes))
            assert "quiet in that room" in await over(trial, say(trial, kind=MentionReceived))
            await over(trial, order(trial, "speak", by=yes))


@pytest.mark.asyncio
async def test_undo_takes_back_what_the_bot_said_last_in_that_room_or_what_is_pointed_at(make: Making) -> None:
    async with make() as trial:
        first, second = say(trial, kind=MentionReceived), say(trial, room=GAMES, kind=MentionReceived)
        await over(trial, first)
        await over(trial, second)
        third = say(trial, kind=MentionReceived)
        await over(trial, third)
        assert (
            await over(trial, order(trial, "undo"))
            == f"obeyed a moderator: took back turn {(await trial.turn(third.id)).seq}"
        )
        assert trial.platform.deleted == ["x3"]
        await over(trial, order(trial, "undo", answers="x2"))
        assert trial.platform.deleted == ["x3", "x1"], "nobody points into another room"
        assert [await last_turn_of(trial, one) for one in (first, second, third)] == [
            State.WITHDRAWN,
            State.SENT,
            State.WITHDRAWN,
        ]
        assert await over(trial, order(trial, "undo")) == "sent"
        assert in_room(trial)[-1] == "I have said nothing here that I could take back."


@pytest.mark.asyncio
async def test_undo_waits_for_a_platform_that_is_away_and_takes_back_one_message_over_a_crash(make: Making) -> None:
    trial = make()
    async with trial:
        for _ in range(2):
            await over(trial, say(trial, kind=MentionReceived))
        trial.platform.deleting.extend([Unavailable("away"), None])
        word = order(trial, "undo")
        await trial.past(lambda: trial.platform.deleted)
        await over(trial, word)
        assert trial.platform.deleted == ["x2"]
        await trial.crash()
    async with trial:
        await trial.bot.settle()
        assert trial.platform.deleted == ["x2"]


@pytest.mark.asyncio
async def test_leave_leaves_the_room_where_the_platform_lets_it_and_else_is_quiet_there_for_good(make: Making) -> None:
    trial = make()
    async with trial:
        assert await over(trial, order(trial, "leave")) == "obeyed a moderator: left"
        assert trial.platform.left == [("r1", "u2")]
        trial.platform.leaving.append(Forbidden("that is a whole server"))
        await over(trial, order(trial, "leave", room=GAMES))
        assert in_room(trial, GAMES) == ["I say nothing here any more, until somebody tells me: speak."]
    async with trial:
        trial.clock.turn(timedelta(days=400))
        for room in (LOUNGE, GAMES):
            assert "sent the bot away" in await over(trial, say(trial, room=room, kind=MentionReceived))


@pytest.mark.asyncio
async def test_why_names_the_rule_and_whose_message_made_it_speak(make: Making) -> None:
    async with make() as trial:
        await over(trial, order(trial, "why"))
        await over(trial, say(trial, kind=MentionReceived))
        await over(trial, order(trial, "why"))
        for _ in range(3):
            await over(trial, say(trial))
        await over(trial, order(trial, "why"))
        answers = [text for text in in_room(trial) if text.startswith(("I have", "Because", "Nobody"))]
    assert answers == [
        "I have said nothing here that I remember.",
        "Because iris mentioned me; my rule for that: mentions.",
        "Nobody asked: this room is open to me, and I joined in upon what iris wrote.",
    ]


@pytest.mark.asyncio
async def test_undo_takes_back_one_message_however_often_it_is_tried(make: Making) -> None:
    async with make() as trial:
        first = say(trial, kind=MentionReceived)
        await over(trial, first)
        trial.platform.deleting.extend([Unavailable("away"), Unavailable("away")])
        word = order(trial, "undo")
        await trial.past(lambda: len(trial.platform.deleting) < 2)
        newer = say(trial, kind=MentionReceived)
        await over(trial, newer)
        await over(trial, word)
        assert trial.platform.deleted == ["x1"], "what was said later was not meant"
        assert await over(trial, order(trial, "undo", answers="x1")) == "sent"
        assert trial.platform.deleted == ["x1"], "what is pointed at is gone"
        assert await last_turn_of(trial, newer) is State.SENT


@pytest.mark.parametrize("text", ["undo", "leave"])
@pytest.mark.asyncio
async def test_an_order_that_is_deleted_while_it_is_obeyed_is_answered_nothing(make: Making, text: str) -> None:
    async with make() as trial:
        await over(trial, say(trial, kind=MentionReceived))
        queue = trial.platform.deleting if text == "undo" else trial.platform.leaving
        queue.extend([Unavailable("away"), PostRejected("no")])
        word = order(trial, text)
        await trial.until(lambda: len(queue) < 2)
        before = len(in_room(trial))
        taken_down(trial, word.post.id, by=MOD)
        async with asyncio.timeout(10):
            while not (await trial.turn(word.id)).state.is_over:
                await asyncio.sleep(0.001)
        ended = (await trial.turn(word.id)).state
        await pass_time(trial)
        assert (await trial.turn(word.id)).state is ended is not State.DEAD
        assert len(in_room(trial)) == before


@pytest.mark.asyncio
async def test_a_channel_with_the_id_of_its_server_is_quiet_alone(make: Making) -> None:
    first, games = Room(id="g1", name="#first", server="g1"), Room(id=GAMES.id, name=GAMES.name, server="g1")
    async with make(rules="answer: mentions\n") as trial:
        await over(trial, order(trial, "quiet", room=first))
        assert await over(trial, say(trial, room=games, kind=MentionReceived)) == "sent"
        assert "quiet in that room" in await over(trial, say(trial, room=first, kind=MentionReceived))


@pytest.mark.asyncio
async def test_no_more_is_paid_for_while_the_bot_rehearses(make: Making) -> None:
    trial = make()
    trial.rewrite(OPEN, head=BOT.replace("scripted}", "scripted, live: false}"))
    async with trial:
        for _ in range(9):
            await over(trial, say(trial))
        assert len(trial.engine.briefs) == 3


@pytest.mark.asyncio
async def test_of_a_long_reason_the_owner_reads_the_beginning(make: Making) -> None:
    async with make() as trial:
        await over(trial, say(trial, kind=MentionReceived))
        taken_down(trial, "x1", reason="spam " * 10_000)
        await trial.past(lambda: told(trial))
        assert len(told(trial)) < 1500
        assert "It had said" in told(trial)
        assert max(map(len, await trial.journal())) < 1500


@pytest.mark.asyncio
async def test_of_many_orders_the_owner_hears_the_number(make: Making) -> None:
    async with make() as trial:
        for number in range(1, 21):
            await over(trial, order(trial, f"quiet {number} minutes"))
        trial.clock.turn(timedelta(minutes=1))
        await trial.past(lambda: told(trial))
        await pass_time(trial)
        assert len(told(trial).splitlines()) < 12


# A complaint


def taken_down(trial: Trial, post: str, *, by: Author | None = MOD, reason: str = "") -> None:
    now = trial.clock.now()
    trial.platform.happen(
        PostDeleted(
            id=f"{post}:deleted", source="", cursor="", occurred_at=now, post=PostRef(id=post), by=by, reason=reason
        )
    )


@pytest.mark.asyncio
async def test_a_message_that_a_moderator_removes_is_a_complaint(make: Making) -> None:
    trial = make()
    async with trial:
        asked = say(trial, kind=MentionReceived)
        await over(trial, asked)
        said = in_room(trial)[0]
        for _ in range(2):
            taken_down(trial, "x1", reason="spam @everyone")
        await trial.past(lambda: told(trial))
        assert told(trial) == (
            "A complaint of the bot: mo took it down in #lounge on home: spam (at)everyone. "
            f'It had said, upon what iris wrote (rule: mentions): "{said}"'
        )
        assert await last_turn_of(trial, asked) is State.WITHDRAWN
        await trial.crash()
    async with trial:
        reasons = {await over(trial, say(trial)) for _ in range(6)}
        assert reasons == {"a moderator complained of the bot there within a day, so it does not join in"}
        assert await over(trial, say(trial, kind=MentionReceived)) == "sent", "who asks is answered"
        trial.clock.turn(timedelta(days=1))
        assert "sent" in [await over(trial, say(trial)) for _ in range(4)]
    keys = [key for key, _ in trial.platform.posts]
    assert len(set(keys)) == len(keys), "it is not said again"
    assert told(trial).count("complaint") == 1


@pytest.mark.asyncio
async def test_what_the_bot_takes_down_itself_is_none(make: Making) -> None:
    async with make() as trial:
        await over(trial, say(trial, kind=MentionReceived))
        await over(trial, say(trial, kind=MentionReceived))
        await over(trial, order(trial, "undo"))
        taken_down(trial, "x2", by=None)
        taken_down(trial, "x1", by=Author(id="me", handle="home"))
        for _ in range(3):
            await over(trial, say(trial))
        assert not [line for line in await trial.journal() if line.startswith("complaint")]


@pytest.mark.asyncio
async def test_a_timeout_is_a_complaint_and_the_bot_is_quiet_while_it_lasts(make: Making) -> None:
    server = Room(id="g1", name="Harbour")
    lounge, games = (Room(id=one.id, name=one.name, server="g1") for one in (LOUNGE, GAMES))
    async with make() as trial:
        for _ in range(2):
            trial.platform.happen(
                SanctionReceived(
                    id="s1",
                    source="",
                    cursor="",
                    occurred_at=trial.clock.now(),
                    room=server,
                    until=trial.clock.now() + timedelta(minutes=10),
                    by=MOD,
                    reason="too loud",
                )
            )
        await trial.past(lambda: told(trial))
        assert told(trial) == "A complaint of the bot: mo silenced the bot in Harbour on home: too loud"
        assert "quiet in that room" in await over(trial, say(trial, room=games, kind=MentionReceived))
        trial.clock.turn(timedelta(minutes=10))
        assert await over(trial, say(trial, room=games, kind=MentionReceived)) == "sent"
        reasons = {await over(trial, say(trial, room=lounge)) for _ in range(5)}
        assert reasons == {"a moderator complained of the bot there within a day, so it does not join in"}


@pytest.mark.asyncio
async def test_a_kick_is_a_complaint(make: Making) -> None:
    async with make() as trial:
        trial.platform.happen(
            SanctionReceived(
                id="s1",
                source="",
                cursor="",
                occurred_at=trial.clock.now(),
                room=Room(id="g1", name="Harbour"),
                until=None,
            )
        )
        await trial.past(lambda: told(trial))
    assert told(trial) == "A complaint of the bot: a moderator sent the bot away from Harbour on home"


@pytest.mark.asyncio
async def test_old_complaints_are_forgotten_and_told_of_once_as_long_as_they_may_come_again(make: Making) -> None:
    def kicked(room: str) -> None:
        now = trial.clock.now()
        trial.platform.happen(
            SanctionReceived(
                id=f"kick {room}", source="", cursor="", occurred_at=now, room=Room(id=room), until=None, by=IRIS
            )
        )

    async with make() as trial:
        for room in ("k1", "k1", "k2"):
            kicked(room)
        await trial.past(lambda: told(trial).count("sent the bot away") == 2)
        trial.clock.turn(timedelta(days=28))
        kicked("k1")
        await over(trial, say(trial, kind=MentionReceived))
        assert len(await trial.bot.ledger.facts("complaint:")) == 2
        trial.clock.turn(timedelta(days=4))
        kicked("k3")
        await trial.past(lambda: told(trial).count("sent the bot away") == 3)
        assert list(await trial.bot.ledger.facts("complaint:")) == ["complaint:home/k3"]


@pytest.mark.asyncio
async def test_somebody_coming_in_is_greeted_by_a_rule_and_not_in_a_room_that_is_to_be_quiet(make: Making) -> None:
    rules = (
        'answer: {to: joins, in: "home/#lounge", say: Welcome.}\nrooms: {lounge: {is: "home/#lounge", mode: open}}\n'
    )
    async with make(rules=rules) as trial:
        for number in range(2):
            trial.platform.happen(
                JoinReceived(
                    id=f"j{number}",
                    source="",
                    cursor="",
                    occurred_at=trial.clock.now(),
                    author=IRIS,
                    room=LOUNGE,
                )
            )
            await trial.past(lambda: in_room(trial))
            order(trial, "quiet")
            await trial.past(lambda: len(in_room(trial)) == 2)
        await trial.bot.settle()
    assert [text for text in in_room(trial) if text == "Welcome."] == ["Welcome."]


# Strangers

FILE = "answer: mentions\npeople: {owner: home/u9}\ntell: home/@maria\n"
THEIRS = Room(id="c77", server="g7")
"""A channel of the stranger's server."""


def invite(
    trial: Trial,
    *,
    is_in: bool,
    id: str = "i1",
    room: str = "g7",
    by: Author | None = None,
    before: timedelta | None = None,
) -> None:
    at = trial.clock.now() - (before or timedelta(0))
    trial.platform.happen(
        InvitationReceived(
            id=id, source="", cursor="", occurred_at=at, room=Room(id=room, name="Their @place"), is_in=is_in, by=by
        )
    )


@pytest.mark.asyncio
async def test_in_a_strangers_server_the_bot_says_and_spends_nothing_and_the_owner_is_asked_once(make: Making) -> None:
    trial = make(rules=FILE)
    async with trial:
        trial.clock.turn(timedelta(minutes=1))
        invite(trial, is_in=True)
        await over(trial, say(trial, kind=MentionReceived, room=LOUNGE))
        await trial.past(lambda: told(trial))
    for again in range(2):
        async with trial:
            invite(trial, is_in=True, id=f"again{again}")
            for kind in (MentionReceived, MessageReceived):
                say(trial, kind=kind, room=THEIRS)
            say(trial, "@home stop", by=Author(id="u44", handle="jo"), kind=MentionReceived, room=THEIRS)
            await over(trial, say(trial, kind=MentionReceived, room=LOUNGE))
            await pass_time(trial)
    assert told(trial) == (
        "Somebody has taken the bot into Their (at)place. It says nothing there until you decide: "
        "greenroom rooms stay home/g7 (or listen, or leave)"
    )
    assert in_room(trial, THEIRS) == []
    assert len(trial.engine.briefs) == 3


async def pass_time(trial: Trial, seconds: int = 40) -> None:
    for _ in range(seconds):
        trial.clock.turn(timedelta(seconds=1))
        await asyncio.sleep(0.002)


@pytest.mark.asyncio
async def test_what_the_owner_decides_about_it_holds_over_restarts_and_for_a_new_invitation(make: Making) -> None:
    trial = make(rules=FILE)
    async with trial:
        trial.clock.turn(timedelta(minutes=1))
        for room in ("g7", "g8"):
            invite(trial, is_in=True, id=room, room=room)
        await trial.past(lambda: told(trial))
        obey = trial.bot.commands.obey
        assert (await obey("place", {"account": "home", "room": "g7", "standing": "stay"}))["done"] == "stay"
        assert await over(trial, say(trial, kind=MentionReceived, room=THEIRS)) == "sent"
        await obey("place", {"account": "home", "room": "g8", "standing": "leave"})
        assert trial.platform.left == [("g8", None)]
    async with trial:
        assert await over(trial, say(trial, kind=MentionReceived, room=THEIRS)) == "sent"
        invite(trial, is_in=True, id="g8 again", room="g8")
        await trial.past(lambda: len(trial.platform.left) == 2)
        await trial.bot.commands.obey("place", {"account": "home", "room": "g7", "standing": "listen"})
        say(trial, kind=MentionReceived, room=THEIRS)
        await over(trial, say(trial, kind=MentionReceived))
        await pass_time(trial)
    assert len(in_room(trial, THEIRS)) == 2
    assert told(trial).count("decide") == 2, "nobody is asked again"


@pytest.mark.asyncio
async def test_where_the_bot_was_before_it_first_listened_its_owner_took_it(make: Making) -> None:
    async with make(rules=FILE) as trial:
        invite(trial, is_in=True, before=timedelta(hours=1))
        assert await over(trial, say(trial, kind=MentionReceived, room=THEIRS)) == "sent"


@pytest.mark.parametrize("rooms", ["elsewhere: {mode: mentions}", "theirs: {is: home/g7}"])
@pytest.mark.asyncio
async def test_what_the_file_covers_needs_no_question(make: Making, rooms: str) -> None:
    async with make(rules=f"{FILE}rooms: {{{rooms}}}\n") as trial:
        trial.clock.turn(timedelta(minutes=1))
        invite(trial, is_in=True)
        invite(trial, is_in=False, id="i2", room="g7")
        room = Room(id="g7", name="Their place")
        assert await over(trial, say(trial, kind=MentionReceived, room=room)) == "sent"
        await pass_time(trial)
        assert (told(trial), trial.platform.entered) == ("", ["g7"])


@pytest.mark.asyncio
async def test_an_invitation_of_the_owner_is_accepted_and_others_wait_for_him(make: Making) -> None:
    async with make(rules=FILE) as trial:
        invite(trial, is_in=False, id="i1", room="r5", by=Author(id="u9", handle="maria"))
        await trial.past(lambda: trial.platform.entered == ["r5"])
        for _ in range(2):
            invite(trial, is_in=False, id="i2", room="r6", by=Author(id="u4", handle="eve"))
        await trial.past(lambda: told(trial))
        assert told(trial).startswith("eve invites the bot into Their (at)place.")
        assert trial.platform.entered == ["r5"]
        await trial.bot.commands.obey("place", {"account": "home", "room": "r6", "standing": "stay"})
        assert trial.platform.entered == ["r5", "r6"]
        answer = await trial.bot.commands.obey("place", {"account": "home", "room": "r6", "standing": "dance"})
        assert "error" in answer


@pytest.mark.parametrize("standing", ["leave", "stay"])
@pytest.mark.asyncio
async def test_what_the_owner_decided_holds_where_the_platform_does_not_let_it_now(make: Making, standing: str) -> None:
    trial = make(rules=FILE)
    async with trial:
        trial.clock.turn(timedelta(minutes=1))
        invite(trial, is_in=True)
        await trial.past(lambda: told(trial))
        await trial.bot.commands.obey("place", {"account": "home", "room": "g7", "standing": standing})
        left = len(trial.platform.left)
    async with trial:
        (trial.platform.leaving if standing == "leave" else trial.platform.accepting).append(Unavailable("away"))
        invite(trial, is_in=standing == "leave", id="again")
        await over(trial, say(trial, kind=MentionReceived, room=LOUNGE))
        await pass_time(trial)
    async with trial:
        invite(trial, is_in=standing == "leave", id="once more")
        await trial.past(lambda: len(trial.platform.left) > left or trial.platform.entered)
        await pass_time(trial)
    assert told(trial).count("decide") == 1, "he has decided"


@pytest.mark.asyncio
async def test_a_server_that_is_called_like_a_room_of_the_file_is_a_strangers_all_the_same(make: Making) -> None:
    async with make(rules=f'{FILE}rooms: {{lounge: {{is: "home/Their @place"}}}}\n') as trial:
        trial.clock.turn(timedelta(minutes=1))
        invite(trial, is_in=True)
        await trial.past(lambda: told(trial))
        assert "greenroom rooms stay home/g7" in told(trial)


@pytest.mark.asyncio
async def test_who_invites_without_end_fills_nothing(make: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenroom.policy.strangers.MOST_INVITATIONS", 3)
    async with make(rules=FILE) as trial:
        trial.clock.turn(timedelta(minutes=1))
        for number in range(6):
            invite(trial, is_in=False, id=f"i{number}", room=f"t{number}", by=Author(id="u4", handle="eve"))
        invite(trial, is_in=True, room="g9", id="server")
        await over(trial, say(trial, kind=MentionReceived))
        places = await trial.bot.ledger.facts("place:")
        assert sorted(places) == ["place:home/g9", "place:home/t0", "place:home/t1", "place:home/t2"]


@pytest.mark.parametrize("room", ["#lounge", "g7"])
@pytest.mark.asyncio
async def test_nothing_is_said_to_be_done_about_a_place_where_nobody_took_the_bot(make: Making, room: str) -> None:
    async with make(rules=FILE) as trial:
        answer = await trial.bot.commands.obey("place", {"account": "home", "room": room, "standing": "leave"})
        assert "nobody else has taken the bot" in answer["error"]
        assert trial.platform.left == []
        assert await trial.bot.ledger.facts("place:") == {}
