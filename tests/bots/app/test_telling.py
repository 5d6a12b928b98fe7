"""The owner is told what needs him: once, gathered, in fixed words, whenever the process dies."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from greenroom.app.declaring import NOT_DECLARED
from greenroom.app.notices import TOLD, Notice, lines_of
from greenroom.app.thresholds import Thresholds
from greenroom.app.weekly import WEEK
from greenroom.generation import Refused
from greenroom.policy import REPEATED, Budget, Lack
from greenroom.scheduling.bringing import UNREADABLE_FEED
from greenroom.storage import State, Turn
from greenroom.testing import Trial, answer_lost
from greenroom.turns.aftermath import COMPLAINT
from greenroom.turns.backlog import WAS_AWAY
from greenroom.turns.beginning import PASSED_ON
from greenroom.turns.by_hand import ANOTHER_COPY
from greenroom.turns.moderating import ORDERED
from greenroom.turns.places import STRANGER
from greenroom.turns.unreadable import UNREADABLE
from greenroom_adapters.contract import (
    AuthenticationFailed,
    Author,
    Forbidden,
    Idempotency,
    IdempotencyKind,
    InvitationReceived,
    OutcomeUnknown,
    OwnPostSeen,
    Post,
    PostRef,
    Room,
    RoomUnreadable,
    SanctionReceived,
    Trust,
    Unavailable,
    key_digest,
)

TELL = "answer: mentions\ntell: home/@maria\n"
TWO = """\
bot: ada
persona: ada.yaml
accounts: {home: {platform: scripted}, away: {platform: scripted}}
timezone: UTC
engines: hold
"""
MARIA = Author(id="u9", handle="maria")


@pytest_asyncio.fixture
async def trial(tmp_path: Path) -> AsyncIterator[Trial]:
    """Tells maria; not started yet, stopped in the end."""
    made = Trial(tmp_path, rules=TELL)
    made.platform.people["maria"] = MARIA
    yield made
    await made.stop()


def told(trial: Trial) -> list[Post]:
    return [post for _, post in trial.platform.posts if post.direct_to is not None]


async def pass_time(trial: Trial, seconds: int = 40) -> None:
    for _ in range(seconds):
        trial.clock.turn(timedelta(seconds=1))
        await asyncio.sleep(0.004)


async def heard(trial: Trial, count: int = 1) -> list[Post]:
    """Let time pass until so many messages came."""
    async with asyncio.timeout(30):
        while len(told(trial)) < count:
            await pass_time(trial, 1)
    return told(trial)


async def dies(trial: Trial, number: int = 1) -> None:
    """Let turns die, all in the same moment."""
    for _ in range(number):
        trial.platform.answers.append(Forbidden("SECRET-REASON"))
        trial.mention()
    async with asyncio.timeout(30):
        while (await trial.bot.ledger.counts()).get(State.DEAD, 0) < number:
            await asyncio.sleep(0.002)


@pytest.mark.asyncio
async def test_what_cannot_be_done_is_told_to_the_person_once_with_the_command_that_helps(trial: Trial) -> None:
    async with trial:
        await dies(trial, 2)
        await pass_time(trial, 20)
        assert told(trial) == [], "it is gathered first"
        (post,) = await heard(trial)
        assert (post.direct_to, post.room, post.in_reply_to) == ("u9", None, None)
        lines = post.text.splitlines()
        assert len(lines) == 2
        assert "greenroom log --turn 1" in lines[0]
        await pass_time(trial)
        assert len(told(trial)) == 1
        await dies(trial, 1)
        assert len(await heard(trial, 2)) == 2
    assert not any("SECRET-REASON" in text for text in trial.platform.texts)


@pytest.mark.parametrize(
    "point",
    [
        "before_inbox_insert",
        "after_inbox_insert",
        "after_draft",
        "after_intent",
        "after_sending",
        "after_publish_before_receipt",
        "after_receipt",
        None,
    ],
)
@pytest.mark.asyncio
async def test_whenever_it_dies_nothing_is_told_twice_and_nothing_is_left_out(trial: Trial, point: str | None) -> None:
    async with trial:
        await dies(trial)
        if point is None:
            await trial.crash()
        else:
            trial.dies_at(point)
            async with asyncio.timeout(30):
                while not trial.is_dead:
                    await pass_time(trial, 1)
            await trial.bury()
        await trial.start()
        await heard(trial)
        await pass_time(trial)
        assert len(told(trial)) == 1


@pytest.mark.asyncio
async def test_of_many_alike_only_the_number_is_told(trial: Trial) -> None:
    async with trial:
        await dies(trial, 7)
        (post,) = await heard(trial)
    assert post.text == "7 turns could not be done. See them: greenroom dead list"


@pytest.mark.asyncio
async def test_what_an_owner_has_seen_to_meanwhile_is_not_told(trial: Trial) -> None:
    async with trial:
        await dies(trial)
        await trial.bot.commands.obey("drop", {"turn": 1})
        await pass_time(trial)
        assert told(trial) == []


@pytest.mark.asyncio
async def test_a_rule_that_passes_on_answers_nobody_and_tells_the_text_and_the_link(trial: Trial) -> None:
    trial.rewrite("answer: [mentions, {to: mentions, words: [refund], tell: true}]\ntell: home/@maria\n")
    async with trial:
        where = PostRef(id="p1", url="https://scripted.example/p1")
        trial.mention("@ada I want a refund,\nask @ben", post=where)
        await trial.counted({State.IGNORED: 1})
        assert (await trial.turn("mention-1")).reason == PASSED_ON
        (post,) = await heard(trial)
    assert post.text == (
        "For you: iris on home wrote: (at)ada I want a refund, ask (at)ben https://scripted.example/p1. "
        "To answer: greenroom held answer 1 TEXT"
    )
    assert trial.engine.briefs == []


@pytest.mark.asyncio
async def test_much_that_is_passed_on_is_told_in_three_messages_and_how_much_more_there_is(trial: Trial) -> None:
    trial.rewrite("answer: {to: mentions, tell: true}\ntell: home/@maria\n")
    async with trial:
        for number in range(6):
            trial.mention(f"case {number} " + "x" * 150)
        await heard(trial, 3)
        await pass_time(trial)
        assert len(told(trial)) == 3
        whole = "\n".join(post.text for post in told(trial))
        assert all(f"case {number} " in whole for number in range(6))
        assert "more" not in whole, "three messages hold all of it"
        for number in range(300):
            trial.mention(f"more of it {number} " + "x" * 250)
        await trial.counted({State.IGNORED: 306, State.SENT: 3})
        await heard(trial, 6)
        await pass_time(trial)
    texts = [post.text for post in told(trial)][3:]
    assert len(texts) == 3
    shown = sum(text.count("more of it") for text in texts)
    assert texts[-1].endswith(f"… and {300 - shown} more: greenroom log")
    assert all(len(text) <= 500 for text in texts)


@pytest.mark.asyncio
async def test_it_is_never_told_about_itself(trial: Trial) -> None:
    async with trial:
        await dies(trial)
        trial.platform.answers.append(Forbidden("not to her"))
        await pass_time(trial, 120)
        counts = await trial.bot.ledger.counts()
        assert counts == {State.DEAD: 2}
        assert told(trial) == []


@pytest.mark.asyncio
async def test_a_message_waits_for_an_account_that_is_paused_and_its_own_pause_is_only_printed(trial: Trial) -> None:
    async with trial:
        await dies(trial)
        await trial.bot.commands.obey("pause", {"account": "home"})
        trial.bot.ledger.note(None, "account paused", "home: SECRET-REASON")
        for _ in range(60):
            trial.clock.turn(timedelta(minutes=1))
            await pass_time(trial, 1)
        assert told(trial) == []
        await trial.stop()
        await trial.start()
        await trial.bot.commands.obey("resume", {"account": "home"})
        (post,) = await heard(trial)
        assert "paused" not in post.text


@pytest.mark.asyncio
async def test_credentials_that_stopped_working_are_told_over_another_account(trial: Trial) -> None:
    trial.rewrite(TELL.replace("answer: mentions\n", ""), head=TWO)
    async with trial:
        trial.bot.ledger.note(None, "account paused", "away: SECRET-REASON")
        (post,) = await heard(trial)
        assert post.text.startswith("away is paused")
        assert "greenroom resume away" in post.text
        trial.platform.answers.append(AuthenticationFailed("SECRET-REASON"))
        await trial.bot.commands.obey("post", {"text": "x", "accounts": ["away"]})
        posts = await heard(trial, 2)
    assert posts[1].text.startswith("away is paused")
    assert not any("SECRET-REASON" in text for text in trial.platform.texts)


@pytest.mark.asyncio
async def test_who_is_named_later_hears_only_what_comes_then(trial: Trial) -> None:
    trial.rewrite("answer: mentions\n")
    async with trial:
        await dies(trial)
        await pass_time(trial)
        trial.rewrite(TELL)
        await pass_time(trial, 5)
        await dies(trial, 2)
        (post,) = await heard(trial)
    assert "turn 1," not in post.text
    assert "turn 2," in post.text


@pytest.mark.asyncio
async def test_a_handle_is_bound_to_the_person_who_had_it_first(trial: Trial) -> None:
    async with trial:
        await dies(trial)
        await heard(trial)
    trial.platform.people = {"maria": Author(id="somebody-else", handle="maria")}
    async with trial:
        await dies(trial, 2)
        posts = await heard(trial, 2)
    assert {post.direct_to for post in posts} == {"u9"}


@pytest.mark.asyncio
async def test_a_handle_is_bound_at_the_start_and_not_at_the_first_message(trial: Trial) -> None:
    async with trial:
        await pass_time(trial, 3)
        trial.platform.people = {"maria": Author(id="somebody-else", handle="maria")}
        await dies(trial)
        (post,) = await heard(trial)
    assert post.direct_to == "u9"


@pytest.mark.asyncio
async def test_nobody_is_told_under_a_name_that_nobody_has_until_somebody_has_it(trial: Trial) -> None:
    trial.platform.people.clear()
    async with trial:
        await dies(trial)
        await pass_time(trial)
        assert told(trial) == []
        trial.platform.people["maria"] = MARIA
        (post,) = await heard(trial)
        assert post.direct_to == "u9"


@pytest.mark.asyncio
async def test_a_room_is_told_in_the_room(trial: Trial) -> None:
    trial.rewrite("answer: mentions\ntell: home/staff\n")
    async with trial:
        await dies(trial)
        await trial.past(lambda: trial.platform.posts)
        ((_, post),) = trial.platform.posts
    assert (post.room, post.direct_to) == ("staff", None)


@pytest.mark.asyncio
async def test_a_refused_edit_is_told_without_a_word_of_the_file(trial: Trial) -> None:
    async with trial:
        trial.rewrite(TELL + "SECRET-KEY: 1\n")
        (post,) = await heard(trial)
    assert "greenroom check" in post.text
    assert "SECRET" not in post.text


@pytest.mark.asyncio
async def test_half_most_and_all_of_the_days_money_are_told_once_each_a_day_over_restarts(trial: Trial) -> None:
    async def spend(micros: int, expected: int) -> str:
        await trial.bot.ledger.reserve(at=trial.clock.now(), turn="t", model="m", micros=micros)
        posts = await heard(trial, expected)
        await pass_time(trial)
        assert len(told(trial)) == expected
        return posts[-1].text

    async with trial:
        await trial.bot.ledger.reserve(at=trial.clock.now(), turn="t", model="m", micros=499_999)
        await pass_time(trial)
        assert told(trial) == []
        assert "50 %" in await spend(1, 1)
        assert "80 %" in await spend(400_000, 2)
    async with trial:
        await pass_time(trial)
        assert len(told(trial)) == 2
        assert "100 %" in await spend(100_000, 3)
        trial.clock.turn(timedelta(days=1))
        assert "100 %" in await spend(5_000_000, 4)


@pytest.mark.asyncio
async def test_all_of_the_money_is_told_when_the_rest_is_too_little_for_another_call(trial: Trial) -> None:
    async with trial:
        budget = Budget(trial.bot.ledger, clock=trial.clock, zone=UTC)
        watching = Thresholds(trial.bot.ledger, budget, in_force=trial.bot.in_force, clock=trial.clock)
        await trial.bot.ledger.reserve(at=trial.clock.now(), turn="t", model="m", micros=990_000)
        await watching.look()
        assert await budget.reserve(20_000, turn="t", model="m") is Lack.DAY
        await watching.look()
        assert (await heard(trial))[0].text.splitlines()[-1].startswith("99 % of today's 1.00 USD is spent, and")


@pytest.mark.asyncio
async def test_a_limit_that_is_lowered_below_what_was_spent_is_told_and_a_higher_one_begins_anew(trial: Trial) -> None:
    async with trial:
        await trial.bot.ledger.reserve(at=trial.clock.now(), turn="t", model="m", micros=400_000)
        await pass_time(trial)
        assert told(trial) == []
        trial.rewrite(TELL + "limits: {spend: 0.40 USD/day}\n")
        assert (await heard(trial))[0].text.startswith("100 % of today's 0.40 USD is spent.")
        trial.rewrite(TELL + "limits: {spend: 0.80 USD/day}\n")
        assert (await heard(trial, 2))[1].text.startswith("50 % of today's 0.80 USD is spent.")


@pytest.mark.asyncio
async def test_a_platform_that_does_not_say_who_the_owner_is_keeps_no_command_waiting(trial: Trial) -> None:
    trial.platform.people.clear()
    async with trial:
        hang = asyncio.Event()

        async def person(handle: str) -> Author | None:
            await hang.wait()
            return MARIA

        trial.bot.desks["home"].adapter.person = person  # type: ignore[attr-defined]  # the wire is silent
        asked = await trial.bot.ledger.ask("try-tell", {})
        await pass_time(trial, 2)
        await trial.bot.ledger.ask("stop-all", {})
        # two looks of a tenth of a second each
        for _ in range(2):
            trial.clock.turn(timedelta(seconds=0.1))
            await asyncio.sleep(0.02)
        assert trial.bot.policy.switch.off is not None
        assert await trial.bot.ledger.answered(asked) is None
        async with asyncio.timeout(30):
            while (answer := await trial.bot.ledger.answered(asked)) is None:
                await asyncio.sleep(0.05)
        assert "does not say who" in answer["error"]


@pytest.mark.asyncio
async def test_an_adapter_that_fails_when_it_is_asked_for_the_owner_does_not_end_the_bot(trial: Trial) -> None:
    trial.platform.people.clear()
    async with trial:

        async def person(handle: str) -> Author | None:
            raise KeyError("id")

        trial.bot.desks["home"].adapter.person = person  # type: ignore[attr-defined]  # the adapter has a bug
        for _ in range(5):
            trial.clock.turn(timedelta(seconds=40))
            await asyncio.sleep(0.02)
        answer = await trial.bot.commands.obey("try-tell", {})
        assert answer == {"error": "the adapter of home failed: KeyError"}
        trial.mention()
        await trial.counted({State.SENT: 1})


@pytest.mark.asyncio
async def test_held_drafts_and_lost_answers_are_told(trial: Trial) -> None:
    trial.engine.outcomes.append(Refused("SECRET-REASON"))
    async with trial:
        trial.mention()
        await trial.counted({State.HELD: 1})
        (post,) = await heard(trial)
        assert "greenroom held" in post.text
        assert "SECRET-REASON" not in post.text


async def something_is_held(trial: Trial) -> None:
    trial.engine.outcomes.append(Refused("not this"))
    trial.mention()


async def an_answer_is_lost(trial: Trial) -> None:
    never = Idempotency(kind=IdempotencyKind.NONE, window=None)
    trial.platform.capabilities = replace(trial.platform.capabilities, idempotency=never)
    trial.platform.answers.append(answer_lost(OutcomeUnknown("lost")))
    trial.mention()


async def credentials_stop_working(trial: Trial) -> None:
    trial.platform.answers.append(AuthenticationFailed("revoked"))
    trial.mention()


async def all_money_is_spent(trial: Trial) -> None:
    await trial.bot.ledger.reserve(at=trial.clock.now(), turn="t", model="m", micros=1_000_000)


async def an_edit_has_mistakes(trial: Trial) -> None:
    trial.rewrite(TELL + "mistake: 1\n")


async def a_room_cannot_be_read(trial: Trial) -> None:
    now, room = trial.clock.now(), Room(id="r1", name="r1")
    trial.platform.happen(
        RoomUnreadable(id="unreadable", source="", cursor="", occurred_at=now, room=room, why="it is encrypted")
    )


async def the_bot_was_away(trial: Trial) -> None:
    await pass_time(trial, 2)
    await trial.stop()
    trial.mention("missed")
    trial.clock.turn(timedelta(minutes=10))
    await trial.start()


async def a_rule_passes_it_on(trial: Trial) -> None:
    trial.rewrite("answer: [mentions, {to: mentions, words: [refund], tell: true}]\ntell: home/@maria\n")
    await pass_time(trial, 5)
    trial.mention("a refund, please")


async def an_account_cannot_be_marked(trial: Trial) -> None:
    await trial.stop()
    trial.platform.declarations.append(Forbidden("the token may not write the profile"))
    await trial.start()


async def a_moderator_speaks(trial: Trial) -> None:
    moderator = Author(id="u2", handle="mo", trust=Trust.MODERATOR)
    trial.mention("@home quiet 2 hours", author=moderator, room=Room(id="r1", name="#lounge"))


async def the_bot_is_sent_away(trial: Trial) -> None:
    now, room = trial.clock.now(), Room(id="r1", name="#lounge")
    trial.platform.happen(SanctionReceived(id="s1", source="", cursor="", occurred_at=now, room=room, until=None))


async def a_stranger_takes_it_along(trial: Trial) -> None:
    await pass_time(trial, 1)
    now, room = trial.clock.now(), Room(id="g1", name="Harbour")
    trial.platform.happen(InvitationReceived(id="i1", source="", cursor="", occurred_at=now, room=room, is_in=True))


async def another_copy_publishes(trial: Trial) -> None:
    await pass_time(trial, 1)
    now, key = trial.clock.now(), key_digest("a key of another ledger")
    trial.platform.happen(
        OwnPostSeen(
            id="h1", source="", cursor="", occurred_at=now, post=PostRef(id="h1"), text="Hi.", conversation="c", key=key
        )
    )


async def a_feed_cannot_be_read(trial: Trial) -> None:
    nobody = "http://127.0.0.1:9/boats.xml"
    trial.rewrite(f"{TELL}post: {{from: {{feed: '{nobody}', private: true, look: 5 minutes}}}}\n")
    async with asyncio.timeout(30):
        while not any(line.startswith(UNREADABLE_FEED) for line in await trial.journal()):
            trial.clock.turn(timedelta(minutes=1))
            await asyncio.sleep(0.05)


async def a_post_says_what_one_before_said(trial: Trial) -> None:
    trial.engine.outcomes += ["Fog since four this morning, and the horn answers it every minute."] * 3
    trial.rewrite(f"{TELL}post: {{name: log, every: 1 hour, about: the sea}}\n")
    async with asyncio.timeout(60):
        while not any(line.startswith(REPEATED) for line in await trial.journal()):
            trial.clock.turn(timedelta(minutes=1))
            await asyncio.sleep(0.002)


async def a_week_is_over(trial: Trial) -> None:
    await trial.until(lambda: len(trial.clock.awaited) > 3)
    async with asyncio.timeout(60):
        while "week told" not in await trial.bot.ledger.facts("week told"):
            await asyncio.sleep(0.001)
    trial.clock.turn(timedelta(days=7))
    async with asyncio.timeout(60):
        while not any(line.startswith("week: ada, ") for line in await trial.journal()):
            trial.clock.turn(timedelta(seconds=1))
            await asyncio.sleep(0.001)


SCENARIOS: dict[str, Callable[[Trial], Awaitable[None]]] = {
    "held": something_is_held,
    "unknown": an_answer_is_lost,
    "dead": dies,
    "account paused": credentials_stop_working,
    NOT_DECLARED: an_account_cannot_be_marked,
    "budget": all_money_is_spent,
    "edit refused": an_edit_has_mistakes,
    UNREADABLE: a_room_cannot_be_read,
    UNREADABLE_FEED: a_feed_cannot_be_read,
    WAS_AWAY: the_bot_was_away,
    "passed on": a_rule_passes_it_on,
    REPEATED: a_post_says_what_one_before_said,
    ORDERED: a_moderator_speaks,
    COMPLAINT: the_bot_is_sent_away,
    STRANGER: a_stranger_takes_it_along,
    ANOTHER_COPY: another_copy_publishes,
    WEEK: a_week_is_over,
}


@pytest.mark.parametrize("kind", TOLD)
@pytest.mark.asyncio
async def test_whatever_an_owner_is_told_of_is_noted_when_it_happens_and_reaches_him(trial: Trial, kind: str) -> None:
    async with trial:
        await SCENARIOS[kind](trial)
        if kind == "account paused":
            # of the very account that would tell him; another one does, see above
            await pass_time(trial)
            assert told(trial) == []
        else:
            await heard(trial)
        assert kind in {line.partition(":")[0] for line in await trial.journal()}


@pytest.mark.asyncio
async def test_an_account_that_rehearses_tells_nobody(trial: Trial) -> None:
    head = TWO.replace("away: {platform: scripted}", "away: {platform: scripted, live: false}")
    trial.rewrite("answer: {to: mentions, in: home}\ntell: away/@maria\n", head=head)
    async with trial:
        await dies(trial)
        await pass_time(trial)
        assert await trial.bot.ledger.counts() == {State.DEAD: 1}


@pytest.mark.asyncio
async def test_what_is_told_is_no_post_of_the_persona(trial: Trial) -> None:
    async with trial:
        await dies(trial)
        await heard(trial)
        trial.engine.briefs.clear()
        await trial.bot.commands.obey("post", {"about": "the sea"})
        await trial.past(lambda: trial.engine.briefs)
        assert await trial.engine.briefs[0].history() == ()


@pytest.mark.parametrize("count", [3, 4])
def test_lines_are_gathered_by_kind_in_the_order_of_their_first(count: int) -> None:
    notices = [Notice(kind="budget", line="half")] + [Notice(kind="dead", line=f"d{one}") for one in range(count)]
    notices.append(Notice(kind="budget", line="all"))
    lines = lines_of(notices)
    assert lines[:2] == ["half", "all"]
    assert lines[2:] == (
        ["d0", "d1", "d2"] if count == 3 else ["4 turns could not be done. See them: greenroom dead list"]
    )


@pytest.mark.asyncio
async def test_many_answers_that_the_day_cannot_pay_are_told_once_and_as_it_is(trial: Trial) -> None:
    trial.rewrite(TELL + "limits: {spend: 0.05 USD/day, replies: 1000/day}\n")
    trial.platform.price_of = lambda post: 0 if post.direct_to is not None else 60_000
    async with trial:
        for _ in range(4):
            trial.mention()
            await pass_time(trial)
        assert [post.text.partition(";")[0] for post in told(trial)] == [
            "0 % of today's 0.05 USD is spent, and what was to be paid next costs more than is left. "
            "Posts wait until tomorrow, and a model that is too dear is not asked"
        ]
        await trial.bot.ledger.reserve(at=trial.clock.now(), turn="t", model="m", micros=50_000)
        assert (await heard(trial, 2))[1].text.startswith("100 % of today's 0.05 USD is spent. Nothing more is paid")


@pytest.mark.parametrize("is_tried", [False, True])
@pytest.mark.asyncio
async def test_what_is_not_told_yet_is_told_without_who_is_forgotten_meanwhile(trial: Trial, is_tried: bool) -> None:
    trial.rewrite("answer: {to: mentions, words: [refund], tell: true}\ntell: home/@maria\n")
    async with trial:
        for name in ("ben", "bea"):
            trial.mention(f"a refund for {name}", author=Author(id=f"id-{name}", handle=name))
        await trial.counted({State.IGNORED: 2})
        if is_tried:
            trial.platform.answers += [Unavailable("down")] * 40
        else:
            await trial.bot.commands.obey("pause", {"account": "home", "why": "a test"})
        async with asyncio.timeout(30):
            while (await trial.bot.ledger.counts()).get(State.INTENDED, 0) == 0 or len(trial.platform.answers) == 40:
                await pass_time(trial, 1)
        where = {"platform": "scripted", "person": "id-ben"}
        await trial.bot.commands.obey("forget", where)
        trial.platform.answers.clear()
        if not is_tried:
            await trial.bot.commands.obey("resume", {"account": "home"})
        (post,) = await heard(trial)
        await pass_time(trial)
        assert len(told(trial)) == 1
    assert "a refund for bea" in post.text
    assert "ben" not in post.text
    with contextlib.closing(sqlite3.connect(trial.path.parent / "data" / "ada.db")) as db:
        assert "a refund for ben" not in "\n".join(db.iterdump())


@pytest.mark.asyncio
async def test_who_is_forgotten_while_the_owner_is_about_to_be_told_of_him_is_not_named(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial.rewrite("answer: {to: mentions, words: [refund], tell: true}\ntell: home/@maria\n")
    async with trial:
        ledger = trial.bot.ledger
        for name in ("ben", "bea"):
            trial.mention(f"a refund for {name}", author=Author(id=f"id-{name}", handle=name))
        await trial.counted({State.IGNORED: 2})
        await trial.bot.commands.obey("pause", {"account": "home", "why": "a test"})
        read, forgetting = ledger.turn, list[asyncio.Task[object]]()

        async def turn(seq: int) -> Turn | None:
            found = await read(seq)
            if not forgetting:
                obey = trial.bot.commands.obey("forget", {"platform": "scripted", "person": "id-ben"})
                forgetting.append(asyncio.create_task(obey))
                # either he is forgotten now, or only when the message is there
                await asyncio.wait(forgetting, timeout=1)
            return found

        monkeypatch.setattr(ledger, "turn", turn)
        async with asyncio.timeout(30):
            while not forgetting or not forgetting[0].done():
                await pass_time(trial, 1)
        await trial.bot.commands.obey("resume", {"account": "home"})
        (post,) = await heard(trial)
        await pass_time(trial)
        assert len(told(trial)) == 1
    assert "a refund for bea" in post.text
    assert "ben" not in post.text
    with contextlib.closing(sqlite3.connect(trial.path.parent / "data" / "ada.db")) as db:
        assert "a refund for ben" not in "\n".join(db.iterdump())
