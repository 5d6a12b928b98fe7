"""An account that hears what is said in rooms, and may say nothing there."""

from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.storage import State
from greenroom.testing import Trial
from greenroom_adapters.contract import Author, DirectMessageReceived, MentionReceived, PostRef, Room, Surface, Trust

GROUP = Room(id="r1")
RULES = """\
answer: [mentions, direct_messages]
post: {name: log, every: 1 hour, about: the lamp, in: home/r1}
tell: home/@maria
"""


def mute(tmp_path: Path, rules: str = RULES) -> Trial:
    """Return a bot on an account without rooms to speak in."""
    trial = Trial(tmp_path, rules=rules)
    trial.platform.people["maria"] = Author(id="u9", handle="maria")
    can = trial.platform.capabilities
    trial.platform.capabilities = replace(can, surfaces=can.surfaces - {Surface.CHAT})
    return trial


def said(trial: Trial, text: str, *, kind: type = MentionReceived, room: Room | None = GROUP, **more: object) -> str:
    return trial.platform.happen(
        kind(
            id=text,
            source="",
            cursor="",
            occurred_at=trial.clock.now(),
            post=PostRef(id=f"p-{text}"),
            text=text,
            conversation="c1" if room is None else room.id,
            room=room,
            **{"author": Author(id="u1", handle="iris"), **more},
        )
    ).id


@pytest.mark.asyncio
async def test_who_speaks_to_the_bot_there_is_left_alone_and_no_engine_is_paid(tmp_path: Path) -> None:
    async with mute(tmp_path) as trial:
        said(trial, "here")
        said(trial, "in private", kind=DirectMessageReceived, room=None, author=Author(id="u2", handle="ben"))
        await trial.past(lambda: trial.platform.texts)
        turn = await trial.turn("here")
    assert (turn.state, turn.reason) == (State.IGNORED, "the account says nothing in rooms of this platform")
    assert [brief.said for brief in trial.engine.briefs] == ["in private"]


@pytest.mark.asyncio
async def test_a_stop_that_cannot_be_confirmed_there_holds_all_the_same(tmp_path: Path) -> None:
    async with mute(tmp_path) as trial:
        said(trial, "stop")
        said(trial, "in private", kind=DirectMessageReceived, room=None)
        said(trial, "me too", kind=DirectMessageReceived, room=None, author=Author(id="u2", handle="ben"))
        await trial.past(lambda: trial.platform.texts)
        assert (await trial.turn("in private")).state is State.IGNORED
    assert [brief.said for brief in trial.engine.briefs] == ["me too"]


@pytest.mark.asyncio
async def test_a_moderators_word_is_obeyed_without_an_answer(tmp_path: Path) -> None:
    async with mute(tmp_path) as trial:
        said(trial, "@home quiet 2 hours", author=Author(id="u3", handle="mo", trust=Trust.MODERATOR))
        await trial.past(lambda: any("said `quiet 2 hours`" in text for text in trial.platform.texts))
        # he may hear as well that a post for the room fell due meanwhile
        assert {post.room for _, post in trial.platform.posts} == {None}


@pytest.mark.asyncio
async def test_a_post_for_a_room_is_dead_before_it_is_paid_for(tmp_path: Path) -> None:
    async with mute(tmp_path) as trial:
        await trial.counted({State.DEAD: 1})
        (turn,) = await trial.bot.ledger.turns()
    assert turn.reason == "it cannot be posted there: there are no rooms to post in"
    assert trial.engine.briefs == []
