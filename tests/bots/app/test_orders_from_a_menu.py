"""A moderator's word, given from a platform's menu of commands instead of in the room."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from greenroom.storage import State
from greenroom.testing import Trial
from greenroom_adapters.contract import Author, Event, Post, Room, Trust

LOUNGE, GAMES = Room(id="r1", name="#lounge"), Room(id="r2", name="#games")
IRIS = Author(id="u1", handle="iris")
MOD = Author(id="u2", handle="mo", trust=Trust.MODERATOR)
KEEPER = Author(id="u4", handle="keeper", roles=("Keepers",))
RULES = """\
answer: [mentions]
rooms: {lounge: home/r1, games: home/r2}
"""


@pytest_asyncio.fixture
async def trial(tmp_path: Path) -> AsyncIterator[Trial]:
    """A bot that answers in two rooms; not started."""
    trial = Trial(tmp_path, rules=RULES)
    yield trial
    await trial.stop()


def give(trial: Trial, name: str, text: str = "", *, by: Author = MOD, room: Room | None = LOUNGE) -> Event:
    return trial.command(name, text, room=None if room is None else room.id, author=by)


def mention(trial: Trial, text: str, *, room: Room = LOUNGE) -> Event:
    return trial.mention(text, conversation=room.id, room=room, author=IRIS)


def answers(trial: Trial, event: Event) -> list[str]:
    """Return what was said to a command or a mention."""
    wanted = event.post.id  # type: ignore[attr-defined]  # only events about a post are passed here
    return [post.text for post in said(trial) if post.in_reply_to is not None and post.in_reply_to.id == wanted]


def said(trial: Trial) -> list[Post]:
    return [post for _, post in trial.platform.posts]


async def answered(trial: Trial, event: Event) -> str:
    await trial.past(lambda: answers(trial, event))
    return answers(trial, event)[0]


@pytest.mark.asyncio
async def test_quiet_and_speak_hold_for_the_room_in_which_they_were_given(trial: Trial) -> None:
    async with trial:
        words = await answered(trial, give(trial, "quiet", "2 hours"))
        assert words.startswith("I am quiet here until ")
        silent, elsewhere = mention(trial, "one"), mention(trial, "two", room=GAMES)
        assert await answered(trial, elsewhere)
        assert await answered(trial, give(trial, "speak")) == "I speak here again."
        assert await answered(trial, mention(trial, "three"))
        assert answers(trial, silent) == []
        turn = await trial.turn(silent.id)
    assert turn.state is State.IGNORED
    assert "quiet" in turn.reason


@pytest.mark.asyncio
async def test_quiet_without_a_time_is_for_a_day_and_outlives_a_restart(trial: Trial) -> None:
    async with trial:
        await answered(trial, give(trial, "quiet"))
    async with trial:
        silent = mention(trial, "one")
        other = mention(trial, "two", room=GAMES)
        assert await answered(trial, other)
        assert answers(trial, silent) == []
        trial.clock.turn(timedelta(days=1, minutes=1))
        assert await answered(trial, mention(trial, "three"))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("by", "room"), [(IRIS, LOUNGE), (KEEPER, LOUNGE), (MOD, None)], ids=["anybody", "another role", "in private"]
)
async def test_who_keeps_no_order_there_is_told_so_and_nothing_happens(
    trial: Trial, by: Author, room: Room | None
) -> None:
    async with trial:
        assert await answered(trial, mention(trial, "one"))
        for name in ("quiet", "speak", "undo", "why", "leave"):
            refusal = await answered(trial, give(trial, name, by=by, room=room))
            assert refusal == "That is for those who keep order in a room, and is said there."
        assert await answered(trial, mention(trial, "two"))
        assert trial.platform.deleted == []
        assert trial.platform.left == []


@pytest.mark.asyncio
async def test_a_role_that_the_owner_names_may_give_them(tmp_path: Path) -> None:
    async with Trial(tmp_path, rules=f"{RULES}people: {{moderators: home/role:Keepers}}\n") as trial:
        assert (await answered(trial, give(trial, "quiet", "1 hour", by=KEEPER))).startswith("I am quiet here")
        refusal = await answered(trial, give(trial, "speak", by=MOD))
        assert refusal == "That is for those who keep order in a room, and is said there."


@pytest.mark.asyncio
async def test_a_time_that_cannot_be_read_is_asked_for_again(trial: Trial) -> None:
    async with trial:
        assert await answered(trial, give(trial, "quiet", "a while, please")) == (
            "I do not understand how long. Write it like: 2 hours."
        )
        assert await answered(trial, mention(trial, "one"))


@pytest.mark.asyncio
async def test_undo_takes_back_what_everybody_could_read_and_why_says_what_made_it_speak(trial: Trial) -> None:
    async with trial:
        await answered(trial, mention(trial, "one"))
        public = f"x{len(trial.platform.posts)}"
        await answered(trial, give(trial, "about", by=IRIS))
        assert "iris mentioned me" in await answered(trial, give(trial, "why"))
        gone = give(trial, "undo")
        await trial.past(lambda: trial.platform.deleted)
        assert trial.platform.deleted == [public], "not what one person alone had been shown"
        await trial.past(lambda: gone.post.id in trial.platform.dismissed)  # type: ignore[attr-defined]  # as above
        assert await answered(trial, give(trial, "undo")) == "I have said nothing here that I could take back."


@pytest.mark.asyncio
async def test_leave_leaves_and_what_showed_that_an_answer_comes_is_taken_away(trial: Trial) -> None:
    async with trial:
        gone = give(trial, "leave")
        await trial.past(lambda: gone.post.id in trial.platform.dismissed)  # type: ignore[attr-defined]  # as above
        assert trial.platform.left == [("r1", "u2")]
