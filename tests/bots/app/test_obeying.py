"""Commands that people give from a menu: what is offered, what is obeyed, and what an engine is asked."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from greenroom.storage import State
from greenroom.testing import Trial
from greenroom_adapters.contract import (
    Audience,
    Author,
    DirectMessageReceived,
    Forbidden,
    PostRef,
    Room,
    Unavailable,
    UnknownEvent,
)

OWNER = Author(id="o1", handle="harriet", name="Harriet")
OWNED = "people: {owner: home/o1, blocked: home/b1}\n"
RULES = f"answer: [to: mentions, to: direct_messages]\n{OWNED}"
EVERYBODYS = ["ask", "about", "stop", "start", "forget-me"]
OWNERS = ["pause", "resume", "status"]
ORDERS = ["quiet", "speak", "undo", "why", "leave"]


@pytest_asyncio.fixture
async def trial(tmp_path: Path) -> AsyncIterator[Trial]:
    """A bot that answers, and whose owner is known; not started."""
    trial = Trial(tmp_path, rules=RULES)
    trial.platform.people["harriet"] = OWNER
    yield trial
    await trial.stop()


async def said(trial: Trial, count: int = 1) -> list[str]:
    """Return what went out, as soon as there is so much."""
    await trial.past(lambda: len(trial.platform.posts) >= count)
    return trial.platform.texts


async def dismissed(trial: Trial, count: int) -> None:
    """Wait until the first `count` commands are dismissed, each once."""
    await trial.until(lambda: trial.platform.dismissed == [f"given-{number}" for number in range(1, count + 1)])


async def later(trial: Trial, seconds: int) -> None:
    """Let so much time pass, and let everybody who waits for it do his work."""
    for _ in range(seconds):
        trial.clock.turn(timedelta(seconds=1))
        await asyncio.sleep(0.003)


# What is offered -----------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_bot_offers_what_it_can_do_and_the_owners_commands_to_him(trial: Trial) -> None:
    async with trial:
        await trial.past(lambda: trial.platform.offered)
        (commands,) = trial.platform.offered
        assert [one.name for one in commands] == EVERYBODYS + OWNERS + ORDERS
        assert [one.name for one in commands if one.audience is Audience.OWNER] == OWNERS
        assert [one.name for one in commands if one.audience is Audience.MODERATOR] == ORDERS
        assert [one.name for one in commands if not one.is_private] == ["ask"]
        assert [one.name for one in commands if one.text is not None] == ["ask", "quiet"]
        await trial.past(lambda: len(trial.platform.offered) == 1)
        trial.rewrite("answer: reactions\n")
        await trial.past(lambda: len(trial.platform.offered) == 2)
        assert [one.name for one in trial.platform.offered[-1]] == EVERYBODYS[1:] + ORDERS


@pytest.mark.asyncio
async def test_an_account_that_rehearses_offers_nothing(trial: Trial) -> None:
    head = "bot: ada\npersona: ada.yaml\naccounts: {home: {platform: scripted, live: false}}\ntimezone: UTC\n"
    trial.rewrite(RULES, head=f"{head}engines: hold\n")
    async with trial:
        trial.mention()
        await trial.counted({State.IGNORED: 1}, by=timedelta(seconds=1))
        assert trial.platform.offered == []


@pytest.mark.asyncio
async def test_an_offer_that_is_refused_is_told_once_and_one_that_fails_is_repeated(trial: Trial) -> None:
    trial.platform.offers += [Unavailable("away"), Forbidden("no commands for you")]
    async with trial:
        await trial.past(lambda: not trial.platform.offers)
        trial.mention()
        await said(trial)
        told = [line for line in await trial.journal() if line.startswith("commands")]
        assert told == ["commands not offered: home: no commands for you"]
        trial.rewrite("answer: mentions\n")
        await trial.past(lambda: trial.platform.offered)


# What is asked of an engine ------------------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize(("room", "rule"), [("harbour", "mentions"), (None, "direct_messages")])
async def test_what_is_asked_by_a_command_is_answered_like_what_is_said_to_the_bot(
    trial: Trial, room: str | None, rule: str
) -> None:
    async with trial:
        trial.command("ask", "Are you there?", room=room)
        # nobody who gives a command goes on to write in pieces
        await trial.until(lambda: trial.platform.posts)
        ((_, post),) = trial.platform.posts
        assert post.in_reply_to == PostRef(id="given-1")
        assert (await trial.turn("command-1")).rule == rule
        assert trial.platform.dismissed == []


@pytest.mark.asyncio
async def test_who_is_not_answered_sees_that_nothing_comes(trial: Trial) -> None:
    async with trial:
        trial.command("ask", "hello", author=Author(id="b1", handle="blocked"))
        await trial.past(lambda: trial.platform.dismissed == ["given-1"])
        trial.command("about", author=Author(id="b1", handle="blocked"))
        trial.command("dance")
        trial.command("ask", "stop", author=Author(id="b1", handle="blocked"))
        await trial.past(lambda: trial.platform.dismissed == ["given-1", "given-2", "given-3", "given-4"])
        trial.command("stop")
        await said(trial)
        trial.command("ask", "hello")
        await trial.past(lambda: trial.platform.dismissed[4:] == ["given-6"])
        assert len(trial.platform.posts) == 1


# What is obeyed ------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_who_gave_a_command_whose_answer_is_refused_sees_that_nothing_comes(trial: Trial) -> None:
    trial.rewrite(f"{RULES}approve: always\n")
    async with trial:
        for number, (command, arguments) in enumerate((("refuse", {"turns": "all"}), ("drop", {})), 1):
            trial.command("ask", "hello")
            withdrawn = {State.WITHDRAWN: number - 1} if number > 1 else {}
            await trial.counted({State.HELD: 1, **withdrawn}, by=timedelta(seconds=1))
            assert len(trial.platform.dismissed) == number - 1, "somebody may still let it out"
            held = await trial.turn(f"command-{number}")
            await trial.bot.commands.obey(command, {"turn": held.seq, **arguments})
            await dismissed(trial, number)
        trial.command("ask", "hello")
        await trial.counted({State.HELD: 1, State.WITHDRAWN: 2}, by=timedelta(seconds=1))
        await trial.counted({State.STALE: 1, State.WITHDRAWN: 2}, by=timedelta(hours=1))
        await dismissed(trial, 3)


@pytest.mark.asyncio
async def test_about_says_that_it_is_a_bot_whose_and_which_words_it_understands(trial: Trial) -> None:
    async with trial:
        trial.command("about")
        (words,) = await said(trial)
        assert "I am Ada, a bot." in words
        assert "I belong to @harriet." in words
        assert all(word in words for word in ('"stop"', '"start"', "/forget-me"))
        assert trial.engine.briefs == []


@pytest.mark.asyncio
async def test_stop_and_start_are_words_and_commands_alike(trial: Trial) -> None:
    async with trial:
        trial.command("stop")
        assert "leave you alone" in (await said(trial))[0]
        trial.mention("hello?")
        trial.command("ask", "hello?")
        await trial.past(lambda: trial.platform.dismissed)
        trial.command("start")
        assert "answer you again" in (await said(trial, 2))[1]
        trial.command("ask", "stop")
        # what has been confirmed today is obeyed in silence
        await trial.counted({State.SENT: 2, State.IGNORED: 3}, by=timedelta(seconds=1))
        assert trial.engine.briefs == []
        assert [one.person for one in await trial.bot.ledger.stopped()] == ["u1"]


@pytest.mark.asyncio
async def test_quiet_hours_approval_and_caps_stand_in_no_commands_way(tmp_path: Path) -> None:
    rules = f"{RULES}approve: always\nlimits: {{quiet: 00:00-23:59, replies_per_person: 1/day}}\n"
    async with Trial(tmp_path, rules=rules, guarded=True) as trial:
        for _ in range(3):
            trial.command("about")
        await said(trial, 3)


@pytest.mark.asyncio
async def test_a_command_does_not_wait_for_the_conversation_that_it_is_given_in(trial: Trial) -> None:
    async with trial:
        trial.engine.gate.clear()
        trial.mention("think about it", conversation="harbour")
        await trial.past(lambda: trial.engine.briefs)
        trial.command("about")
        await trial.until(lambda: trial.platform.posts)
        trial.engine.gate.set()
        await said(trial, 2)


@pytest.mark.asyncio
async def test_a_crash_before_the_answer_lets_it_come_once(trial: Trial) -> None:
    for point in ("after_draft", "after_sending", "after_publish_before_receipt"):
        trial.platform.posts.clear()
        trial.dies_at(point)
        await trial.start()
        trial.command("about")
        await trial.until(lambda: trial.is_dead)
        await trial.bury()
        async with trial:
            await said(trial)
            await trial.counted({State.SENT: len(trial.platform.history)}, by=timedelta(seconds=1))
            assert len(trial.platform.posts) == 1, point


# The owner's ---------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_the_owner_pauses_and_resumes_and_hears_so_in_the_meantime(trial: Trial) -> None:
    async with trial:
        trial.command("pause", author=OWNER)
        assert "/resume" in (await said(trial))[0], "who paused it hears that it is"
        trial.mention("hello?")
        trial.command("about")
        trial.command("status", author=OWNER)
        words = (await said(trial, 2))[1]
        assert "home: paused (paused by its owner's command)" in words
        assert "of $1.00" in words
        trial.command("resume", author=OWNER)
        texts = await said(trial, 5)
        assert "I go on." in texts
        assert any("I am Ada, a bot." in text for text in texts)
    assert [line for line in texts if "paused (" in line] == [words]


@pytest.mark.asyncio
async def test_a_pause_by_command_holds_over_a_restart(trial: Trial) -> None:
    async with trial:
        trial.command("pause", author=OWNER)
        await said(trial)
    async with trial:
        assert trial.bot.desks["home"].pacer.paused == "paused by its owner's command"


@pytest.mark.asyncio
@pytest.mark.parametrize("name", OWNERS)
async def test_nobody_else_gives_the_owners_commands(trial: Trial, name: str) -> None:
    async with trial:
        trial.command(name, author=Author(id="x", handle="harriet", name="Harriet"))
        assert await said(trial) == ["That is for my owner alone."]
        assert trial.bot.desks["home"].pacer.paused is None


# Forgetting ----------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_who_wants_to_be_forgotten_is_and_is_not_answered_twice(trial: Trial) -> None:
    secret = Author(id="u1", handle="iris", name="Iris")
    alone = DirectMessageReceived(
        source="",
        cursor="",
        id="alone-1",
        occurred_at=trial.clock.now(),
        post=PostRef(id="alone-1"),
        author=secret,
        text="my secret",
        conversation="alone",
    )
    async with trial:
        trial.platform.happen(alone)
        asked = trial.mention("my secret, too")
        other = trial.mention("not a secret", author=Author(id="u2", handle="bea"))
        await said(trial, 3)
        trial.command("forget-me")
        assert "forgotten" in (await said(trial, 4))[3]
        await trial.counted({State.SENT: 4}, by=timedelta(seconds=1))
        for name in ("alone-1", asked.id):
            forgotten = await trial.turn(name)
            assert isinstance(forgotten.event, UnknownEvent)
            assert (forgotten.draft, forgotten.outbox) == (None, [])
        assert not isinstance((await trial.turn(other.id)).event, UnknownEvent)
        await trial.bot.ledger.retire(before=0)
        assert isinstance((await trial.turn("command-3")).event, UnknownEvent), "and so is the wish itself"
    with contextlib.closing(sqlite3.connect(trial.path.parent / "data" / "ada.db")) as db:
        whole = "\n".join(db.iterdump())
    assert "not a secret" in whole
    assert [word for word in ("my secret", "iris", "Iris") if word in whole] == []
    async with trial:
        trial.platform.happen(alone)
        trial.mention("last", author=Author(id="u2", handle="bea"))
        await said(trial, 5)
        await trial.counted({State.SENT: 5}, by=timedelta(seconds=1))


@pytest.mark.asyncio
async def test_that_somebody_is_forgotten_is_said_in_the_owners_words_where_he_has_some(trial: Trial) -> None:
    (trial.path.parent / "ada.yaml").write_text(
        "persona: Ada\nwho: keeps the lighthouse\nlines: {forgotten: It is out of the log.}\n", encoding="utf-8"
    )
    async with trial:
        trial.command("forget-me")
        assert await said(trial) == ["It is out of the log."]


@pytest.mark.asyncio
async def test_what_still_waits_for_somebody_who_is_forgotten_is_given_up(trial: Trial) -> None:
    trial.rewrite(f"{RULES}approve: always\n")
    async with trial:
        held = trial.mention("hold this")
        await trial.counted({State.HELD: 1}, by=timedelta(seconds=1))
        trial.engine.gate.clear()
        read = trial.mention("think about this")
        await trial.past(lambda: len(trial.engine.briefs) == 2)
        trial.command("forget-me")
        await said(trial)
        trial.engine.gate.set()
        await trial.counted({State.SENT: 1, State.IGNORED: 2}, by=timedelta(seconds=1))
        for event in (held, read):
            turn = await trial.turn(event.id)
            assert (turn.state, turn.draft) == (State.IGNORED, None)
            assert isinstance(turn.event, UnknownEvent)


@pytest.mark.asyncio
async def test_what_is_left_on_disk_for_somebody_who_is_forgotten_is_given_up_as_well(trial: Trial) -> None:
    trial.engine.gate.clear()
    async with trial:
        trial.mention("first", conversation="busy", author=Author(id="u2", handle="bea"))
        await trial.past(lambda: trial.engine.briefs)
        asked = [trial.mention(f"wait {number}", conversation="busy") for number in range(20)]
        await trial.counted({State.RECEIVED: 21}, by=timedelta(seconds=1))
        trial.command("forget-me")
        await said(trial)
        trial.engine.gate.set()
        await trial.counted({State.SENT: 2, State.IGNORED: 20}, by=timedelta(seconds=1))
        for event in asked:
            assert isinstance((await trial.turn(event.id)).event, UnknownEvent)


@pytest.mark.asyncio
async def test_what_came_in_late_from_somebody_who_is_forgotten_is_given_up_as_well(trial: Trial) -> None:
    async with trial:
        asked = trial.mention("hours ago", occurred_at=trial.clock.now() - timedelta(hours=1))
        await trial.counted({State.RECEIVED: 1}, by=timedelta(0))
        trial.command("forget-me")
        await trial.until(lambda: trial.platform.posts)
        await trial.counted({State.SENT: 1, State.IGNORED: 1}, by=timedelta(seconds=30))
        assert isinstance((await trial.turn(asked.id)).event, UnknownEvent)
        assert len(trial.platform.posts) == 1


# Typing --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def thinking(trial: Trial) -> Trial:
    """The bot, whose engine thinks until its gate is opened."""
    trial.engine.gate.clear()
    return trial


@pytest.mark.asyncio
async def test_people_see_that_the_bot_writes_as_long_as_its_engine_thinks(thinking: Trial) -> None:
    async with thinking as trial:
        trial.mention("hello", conversation="c", room=Room(id="harbour"))
        await trial.past(lambda: trial.engine.briefs)
        await trial.past(lambda: len(trial.platform.typed_at) == 3)
        (_, first), (_, second), (_, third) = trial.platform.typed_at
        assert {where for where, _ in trial.platform.typed_at} == {"c"}
        assert second - first == third - second == 8_000_000, "it is shown again before it ends after ten seconds"
        trial.engine.gate.set()
        await said(trial)
        await later(trial, 60)
        assert len(trial.platform.typed_at) == 3


@pytest.mark.asyncio
async def test_a_pause_in_the_middle_ends_the_sign_that_the_bot_writes(thinking: Trial) -> None:
    async with thinking as trial:
        trial.mention("hello", room=Room(id="harbour"))
        await trial.past(lambda: trial.engine.briefs)
        await trial.past(lambda: trial.platform.typed_at)
        await trial.bot.commands.obey("pause", {"account": "home"})
        await later(trial, 30)
        assert len(trial.platform.typed_at) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("what", ["at once", "timeline", "command", "held", "new account", "rehearsing"])
async def test_nobody_sees_it_where_nothing_comes_soon_or_everything_at_once(tmp_path: Path, what: str) -> None:
    rules = f"{RULES}approve: {'always' if what == 'held' else 'risky' if what == 'new account' else 'never'}\n"
    trial = Trial(tmp_path, rules=rules)
    if what == "rehearsing":
        head = "bot: ada\npersona: ada.yaml\naccounts: {home: {platform: scripted, live: false}}\ntimezone: UTC\n"
        trial.rewrite(rules, head=f"{head}engines: hold\n")
    async with trial:
        if what != "at once":
            trial.engine.gate.clear()
        if what == "command":
            trial.command("ask", "hello")
        else:
            trial.mention("hello", room=None if what == "timeline" else Room(id="harbour"))
        await trial.past(lambda: trial.engine.briefs)
        await later(trial, 25)
        trial.engine.gate.set()
        over = {"held": State.HELD, "new account": State.HELD, "rehearsing": State.IGNORED}
        await trial.counted({over.get(what, State.SENT): 1}, by=timedelta(seconds=1))
        assert trial.platform.typed_at == []


@pytest.mark.asyncio
async def test_a_sign_that_cannot_be_shown_harms_no_answer(thinking: Trial) -> None:
    thinking.platform.typing_fails = RuntimeError("no typing here")
    async with thinking as trial:
        trial.mention("hello", room=Room(id="harbour"))
        await trial.past(lambda: trial.engine.briefs)
        await later(trial, 30)
        trial.engine.gate.set()
        await said(trial)
