"""A person looks at the first things that a real account says, at what could do harm, or at everything."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.policy import FIRST_POSTS, FIRST_REPLIES
from greenroom.policy.approval import MONEY, money_in
from greenroom.storage import State
from greenroom.testing import Trial
from greenroom_adapters.contract import Author, Idempotency, IdempotencyKind, PostDeleted, PostRef

Guarded = Callable[[str], Trial]
MINUTE = timedelta(minutes=1)
HIGH = "limits: {posts: 1000/day, replies: 1000/hour, replies_per_person: 1000/hour, replies_per_thread: 1000/day}\n"


async def approve(trial: Trial, which: object = "all") -> None:
    answer = await trial.bot.commands.obey("approve", {"turns": which})
    assert "error" not in answer, answer


@pytest.mark.asyncio
async def test_the_first_replies_of_a_real_account_wait_and_then_it_speaks_for_itself(guarded: Guarded) -> None:
    async with guarded(f"answer: mentions\n{HIGH}") as trial:
        for _ in range(FIRST_REPLIES):
            trial.mention()
        await trial.counted({State.HELD: FIRST_REPLIES})
        assert trial.platform.posts == []
        turn = await trial.turn("mention-1")
        assert turn.reason == f"one of the first {FIRST_REPLIES} replies of a real account"
        await approve(trial)
        await trial.counted({State.SENT: FIRST_REPLIES})
        trial.mention()
        await trial.counted({State.SENT: FIRST_REPLIES + 1})
    async with trial:
        trial.mention()
        await trial.counted({State.SENT: FIRST_REPLIES + 2})


@pytest.mark.asyncio
async def test_a_platform_that_wants_it_has_a_person_look_at_every_generated_answer(guarded: Guarded) -> None:
    rules = "approve: never\nanswer:\n  - to: mentions\n  - {to: mentions, words: lamp, say: It is lit.}\n"
    trial = guarded(rules + HIGH)
    trial.platform.capabilities = replace(trial.platform.capabilities, holds_answers="not approved there yet")
    async with trial:
        trial.mention("how are you?")
        trial.mention("is the lamp lit?")
        await trial.counted({State.HELD: 1, State.SENT: 1})
        assert trial.platform.texts == ["It is lit."]
        assert (await trial.turn("mention-1")).reason == "not approved there yet"
        await approve(trial)
        await trial.counted({State.SENT: 2})


@pytest.mark.asyncio
async def test_the_first_posts_of_a_real_account_wait_but_not_the_owners_own_words(guarded: Guarded) -> None:
    rules = (
        "post:\n  - {name: a, every: 1 hour, about: it, late_ok: 12 hours}\n  - {name: b, every: 1 hour, say: Dong.}\n"
    )
    async with guarded(rules + HIGH) as trial:
        trial.engine.outcomes += [
            f"{word} and nothing else" for word in ("Gulls", "Fog", "Tide", "Soup", "Rope", "Ice")
        ]
        # the trial begins at a full hour, so the first ones are due at once
        for number in range(1, FIRST_POSTS + 1):
            await trial.counted({State.SENT: number, State.HELD: number})
            trial.clock.turn(timedelta(hours=1))
        await approve(trial, "posts")
        await trial.past(lambda: "Ice and nothing else" in trial.platform.texts, by=MINUTE)


@pytest.mark.parametrize(
    ("answer", "asked", "why"),
    [
        ("Look at https://example.org", "where?", "it has a link"),
        ("It costs 5 euros.", "what?", "money or law"),
        ("Certainly.", "can I have a refund?", "money or law"),
        ("Vote as you like.", "who should win in politics?", "never talked about"),
        ("Politics is not for me.", "hm?", "never talked about"),
    ],
)
@pytest.mark.asyncio
async def test_what_could_do_harm_waits_later_as_well(guarded: Guarded, answer: str, asked: str, why: str) -> None:
    trial = guarded(f"answer: mentions\n{HIGH}")
    with (trial.path.parent / "ada.yaml").open("a") as file:
        file.write("never: [party politics]\n")
    async with trial:
        for _ in range(FIRST_REPLIES):
            trial.mention()
        await trial.counted({State.HELD: FIRST_REPLIES})
        await approve(trial)
        await trial.counted({State.SENT: FIRST_REPLIES})
        trial.engine.outcomes.append(answer)
        trial.mention(asked)
        await trial.counted({State.SENT: FIRST_REPLIES, State.HELD: 1})
        assert why in (await trial.turn(f"mention-{FIRST_REPLIES + 1}")).reason


@pytest.mark.parametrize(
    ("rules", "held"),
    [
        ("approve: never\nanswer: mentions\n", False),
        ("approve: always\nanswer: mentions\n", True),
        ("approve: always\nanswer: {to: mentions, approve: never}\n", False),
        ("approve: never\nanswer: {to: mentions, approve: always}\n", True),
    ],
)
@pytest.mark.asyncio
async def test_a_rule_may_say_otherwise_than_the_whole_bot(guarded: Guarded, rules: str, held: bool) -> None:
    async with guarded(rules) as trial:
        trial.mention()
        await trial.counted({State.HELD if held else State.SENT: 1})


@pytest.mark.asyncio
async def test_what_was_let_out_is_let_out_after_a_crash_too_and_only_once(guarded: Guarded) -> None:
    async with guarded("approve: always\nanswer: mentions\n") as trial:
        trial.mention()
        await trial.counted({State.HELD: 1})
        trial.dies_at("after_sending")
        await approve(trial, [1])
        await trial.until(lambda: trial.is_dead)
        await trial.bury()
    async with trial:
        await trial.past(lambda: trial.platform.posts, by=MINUTE)
        await trial.counted({State.SENT: 1})
        assert len(trial.platform.posts) == 1
        turn = await trial.turn("mention-1")
        assert turn.draft is not None
        assert turn.draft.approved
        assert "let out by hand" in turn.draft.notes


@pytest.mark.asyncio
async def test_other_words_go_out_instead(guarded: Guarded) -> None:
    async with guarded("approve: always\nanswer: mentions\n") as trial:
        trial.mention()
        await trial.counted({State.HELD: 1})
        too_long = await trial.bot.commands.obey("rewrite", {"turn": 1, "text": "x" * 501})
        assert too_long == {"error": "the text is 1 too long for home: it has 501 of 500. Shorten it"}
        await trial.bot.commands.obey("rewrite", {"turn": 1, "text": "Ask the harbour office.", "approve": True})
        await trial.counted({State.SENT: 1})
        assert trial.platform.texts == ["Ask the harbour office."]


@pytest.mark.asyncio
async def test_what_was_refused_is_not_said_and_not_asked_again(guarded: Guarded) -> None:
    async with guarded("approve: always\nanswer: mentions\n") as trial:
        again = trial.mention()
        await trial.counted({State.HELD: 1})
        await trial.bot.commands.obey("refuse", {"turns": [1]})
        trial.platform.happen(again)
        await trial.counted({State.WITHDRAWN: 1})
        assert trial.platform.posts == []


@pytest.mark.asyncio
async def test_what_is_too_late_is_not_let_out_any_more(guarded: Guarded) -> None:
    async with guarded("approve: always\nanswer: mentions\n") as trial:
        trial.mention()
        trial.mention()
        await trial.counted({State.HELD: 2})
        await trial.counted({State.STALE: 2}, by=timedelta(hours=1))
        answer = await trial.bot.commands.obey("approve", {"turns": [1]})
        assert "turn 1 is stale, not held: nobody released it in time" in answer["error"]
        assert (await trial.bot.commands.obey("approve", {"turns": "all"}))["turns"] == []


@pytest.mark.asyncio
async def test_a_mention_that_is_deleted_takes_its_held_answer_with_it(guarded: Guarded) -> None:
    async with guarded("approve: always\nanswer: mentions\n") as trial:
        trial.mention()
        await trial.counted({State.HELD: 1})
        gone = PostDeleted(id="d", source="", cursor="", occurred_at=trial.clock.now(), post=PostRef(id="p1"))
        trial.platform.happen(gone)
        await trial.counted({State.IGNORED: 1})


@pytest.mark.asyncio
async def test_a_rehearsal_shows_what_would_be_held_instead_of_holding_it(guarded: Guarded) -> None:
    trial = guarded("answer: mentions\n")
    trial.path.write_text(trial.path.read_text().replace("{platform: scripted}", "{platform: scripted, live: false}"))
    async with trial:
        trial.mention()
        await trial.counted({State.IGNORED: 1})
        turn = await trial.turn("mention-1")
        assert turn.draft is not None
        assert turn.draft.notes == (f"to be held: one of the first {FIRST_REPLIES} replies of a real account",)


@pytest.mark.asyncio
async def test_a_draft_that_is_let_out_twice_in_one_breath_goes_out_once(guarded: Guarded) -> None:
    trial = guarded("approve: always\nanswer: mentions\n")
    trial.platform.capabilities = replace(
        trial.platform.capabilities, idempotency=Idempotency(kind=IdempotencyKind.NONE)
    )
    async with trial:
        trial.mention()
        await trial.counted({State.HELD: 1})
        assert (await trial.bot.commands.obey("approve", {"turns": [1, 1]}))["turns"] == [1]
        await trial.counted({State.SENT: 1})
        await trial.bot.settle()
        assert len(trial.platform.posts) == 1


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.asyncio
async def test_the_owners_words_and_confirmations_are_not_among_the_first_replies(
    guarded: Guarded, *, restart: bool
) -> None:
    rules = "answer:\n  - {to: mentions, words: [hello], say: Hello.}\n  - mentions\n"
    async with guarded(rules + HIGH) as trial:
        for number in range(FIRST_REPLIES):
            trial.mention("hello")
            trial.mention("stop" if number % 2 == 0 else "start", author=Author(id=f"u{2 + number // 2}", handle="ben"))
            await trial.counted({State.SENT: 2 * number + 2})
        if restart:
            await trial.stop()
            await trial.start()
        trial.mention("what do you think of my boss?")
        await trial.counted({State.SENT: 2 * FIRST_REPLIES, State.HELD: 1})


@pytest.mark.asyncio
async def test_the_first_replies_are_remembered_when_their_texts_are_gone(guarded: Guarded) -> None:
    async with guarded(f"answer: mentions\n{HIGH}") as trial:
        for _ in range(FIRST_REPLIES):
            trial.mention()
        await trial.counted({State.HELD: FIRST_REPLIES})
        await approve(trial)
        await trial.counted({State.SENT: FIRST_REPLIES})
        trial.clock.turn(timedelta(days=400))
        await trial.bot.ledger.retire(before=trial.clock.micros())
        await trial.crash()
    async with trial:
        trial.mention()
        await trial.counted({State.SENT: FIRST_REPLIES + 1})


@pytest.mark.asyncio
async def test_what_waits_to_go_out_is_held_when_its_owner_wants_to_look_at_everything(guarded: Guarded) -> None:
    trial = guarded(f"approve: never\nanswer: mentions\npost: {{name: bell, at: '12:01', say: Dong.}}\n{HIGH}")
    async with trial:
        await trial.bot.commands.obey("pause", {"account": "home"})
        trial.mention()
        await trial.counted({State.INTENDED: 2}, by=timedelta(seconds=10))
        trial.rewrite(f"approve: always\nanswer: mentions\npost: {{name: bell, at: '12:01', say: Dong.}}\n{HIGH}")
        await trial.past(lambda: trial.bot.file.approve == "always")
        await trial.bot.commands.obey("resume", {"account": "home"})
        await trial.counted({State.HELD: 1, State.SENT: 1})
        assert trial.platform.texts == ["Dong."]
        assert (await trial.turn("mention-1")).reason == "its owner looks at everything first"
        await approve(trial)
        await trial.counted({State.SENT: 2})


@pytest.mark.asyncio
async def test_words_that_were_allowed_are_looked_at_again_when_the_files_changed(guarded: Guarded) -> None:
    rules = f"answer: mentions\n{HIGH}"
    async with guarded(rules) as trial:
        for _ in range(FIRST_REPLIES):
            trial.mention()
        await trial.counted({State.HELD: FIRST_REPLIES})
        await approve(trial)
        await trial.counted({State.SENT: FIRST_REPLIES})
        await trial.bot.commands.obey("pause", {"account": "home"})
        trial.mention()
        await trial.counted({State.SENT: FIRST_REPLIES, State.INTENDED: 1})
        trial.rewrite(f"approve: always\n{rules}")
        await trial.past(lambda: trial.bot.file.approve == "always")
        await trial.bot.commands.obey("resume", {"account": "home"})
        await trial.counted({State.SENT: FIRST_REPLIES, State.HELD: 1})


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.asyncio
async def test_what_could_do_harm_in_any_of_several_messages_waits(guarded: Guarded, *, waits: bool) -> None:
    trial = guarded(f"answer: {{to: mentions, gather: 4 seconds}}\napprove: {'risky' if waits else 'never'}\n{HIGH}")
    trial.engine.outcomes += ["Certainly, I see to it."] * (FIRST_REPLIES + 1)
    second = timedelta(seconds=1)
    async with trial:
        if waits:
            for _ in range(FIRST_REPLIES):
                trial.mention()
            await trial.counted({State.HELD: FIRST_REPLIES}, by=second)
            await approve(trial)
            await trial.counted({State.SENT: FIRST_REPLIES}, by=second)
        else:
            await trial.bot.commands.obey("pause", {"account": "home"})
        trial.mention("hello", conversation="two", id="first")
        trial.mention("can I have a refund?", conversation="two", id="second")
        if waits:
            await trial.counted({State.SENT: FIRST_REPLIES, State.HELD: 1, State.IGNORED: 1}, by=second)
        else:
            # allowed as the files are, and looked at again by what they say when it may go out
            await trial.counted({State.INTENDED: 1, State.IGNORED: 1}, by=second)
            await trial.crash()
            trial.rewrite(f"answer: {{to: mentions, gather: 4 seconds}}\n{HIGH}")
            await trial.start()
            await trial.bot.commands.obey("resume", {"account": "home"})
            await trial.counted({State.HELD: 1, State.IGNORED: 1}, by=second)
        assert "it is about money or law (`refund`)" in (await trial.turn("first")).reason


OF_MONEY = "refund refunds invoice payments investing loan Bitcoin cryptocoins lawyer LAWSUIT sued sue $ 5 usd € pounds"
OF_NOTHING = "issue pursue refunded prepayment lawn alone \u0131nvest \u017fue ½ - a."


@given(
    st.lists(st.sampled_from([*OF_MONEY.split(), *OF_NOTHING.split(), "", " "]), max_size=6), st.sampled_from(["", " "])
)
def test_a_glance_at_a_text_misses_no_word_of_money(words: list[str], gap: str) -> None:
    text = gap.join(words)
    found, looked_for = money_in(text), MONEY.search(text)
    assert (found and found.span()) == (looked_for and looked_for.span())
