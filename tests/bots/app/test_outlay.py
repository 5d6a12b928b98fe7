"""What a day costs on an account whose platform charges: said before it is spent."""

from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.app import standing_of
from greenroom.storage import State
from greenroom.testing import Trial, answer_lost
from greenroom_adapters.contract import Idempotency, IdempotencyKind, Kind, OutcomeUnknown, Post

RULES = """\
answer: [{to: mentions}, {to: direct_messages}]
limits: {spend: 0.50 USD/day}
keep: 1 day
post:
  - {name: morning, at: "08:00", about: the weather}
  - {name: link, every: 12 hours, say: "The log: https://example.com"}
  - {name: free, every: 1 hour, say: "Hello.", in: home/nook}
"""

TWO = """\
bot: ada
persona: ada.yaml
accounts: {home: {platform: scripted}, away: {platform: scripted}}
engines: hold
"""


def price(post: Post) -> int:
    if post.direct_to is not None:
        return 15_000
    return 200_000 if "://" in post.text else 10_000 if post.in_reply_to else 15_000


@pytest.mark.asyncio
async def test_a_day_is_reckoned_by_the_schedules_with_a_word_on_links(tmp_path: Path) -> None:
    trial = Trial(tmp_path, rules=RULES)
    trial.platform.price_of = price
    trial.platform.reading_costs = {Kind.MENTION: 1_000, Kind.DIRECT_MESSAGE: 10_000}
    async with trial:
        standing = await standing_of(trial.bot.desks["home"].adapter, trial.bot.file, "home", now=trial.clock.now())
    assert standing.costs == (
        "post `morning`: 0.015 USD each, 0.015 USD a day",
        "post `link`: 0.2 USD each, 0.4 USD a day",
        "post `free`: 0.015 USD each, 0.36 USD a day",
        "an answer: 0.011 USD with its reading; 20 a day are 0.22 USD",
        "an answer to a direct message: 0.025 USD with its reading; 20 a day are 0.5 USD",
        "together about 1.495 USD a day, of the 0.5 USD that `limits: spend` allows",
    )
    assert standing.warnings == (
        "post `link` has a link: each costs 0.2 USD here, without it 0.015 USD",
        "a day costs about 1.495 USD here, and `limits: spend` allows 0.5 USD: what comes after that waits until the "
        "next day",
    )


@pytest.mark.asyncio
async def test_answers_of_other_accounts_are_not_reckoned_here(tmp_path: Path) -> None:
    trial = Trial(tmp_path)
    trial.rewrite("answer: [{to: mentions, in: home}, {to: direct_messages, in: away}]\nkeep: 1 day\n", head=TWO)
    trial.platform.price_of = price
    async with trial:
        standing = await standing_of(trial.bot.desks["home"].adapter, trial.bot.file, "home", now=trial.clock.now())
    assert standing.costs == (
        "an answer: 0.01 USD with its reading; 20 a day are 0.2 USD",
        "together about 0.2 USD a day, of the 1 USD that `limits: spend` allows",
    )


@pytest.mark.asyncio
async def test_a_platform_that_charges_nothing_is_not_spoken_of(tmp_path: Path) -> None:
    async with Trial(tmp_path, rules=RULES) as trial:
        standing = await standing_of(trial.bot.desks["home"].adapter, trial.bot.file, "home", now=trial.clock.now())
    assert (standing.costs, standing.warnings) == ((), ())


@pytest.mark.asyncio
async def test_who_keeps_what_people_delete_is_told_so_or_what_looking_for_it_costs(tmp_path: Path) -> None:
    trial = Trial(tmp_path)
    trial.platform.price_of = price
    async with trial:
        adapter, file = trial.bot.desks["home"].adapter, trial.bot.file
        standing = await standing_of(adapter, file, "home", now=trial.clock.now())
        assert any("kept for up to 90 days" in warning for warning in standing.warnings)
        trial.platform.price_of_look = 5_000
        standing = await standing_of(adapter, file, "home", now=trial.clock.now())
        assert standing.warnings == ()
        assert any("looking for what is deleted: 0.005 USD a day" in words for words in standing.costs)


@pytest.mark.asyncio
async def test_what_was_read_is_in_the_books_within_seconds_and_at_the_stop(tmp_path: Path) -> None:
    trial = Trial(tmp_path)
    async with trial:
        trial.platform.charges = 3_000
        await trial.past(lambda: trial.platform.charges == 0)
        trial.platform.charges = 2_000
        ledger = trial.bot.ledger
        await trial.bot.desks["home"].close(grace=0)
        paid = [(row.model, row.settled) for row in await ledger.spending(since=0)]
    assert paid == [("reading on home", 2_000), ("reading on home", 3_000)]


@pytest.mark.parametrize(("command", "books"), [("went-out", [15_000]), ("retry", [0, 15_000])])
@pytest.mark.asyncio
async def test_who_says_whether_a_post_went_out_says_whether_it_was_paid(
    tmp_path: Path, command: str, books: list[int]
) -> None:
    trial = Trial(tmp_path)
    nothing_is_listed = Idempotency(kind=IdempotencyKind.NONE)
    trial.platform.capabilities = replace(trial.platform.capabilities, idempotency=nothing_is_listed)
    trial.platform.answers.append(answer_lost(OutcomeUnknown("lost")))
    trial.platform.price_of = lambda post: 15_000

    async def settled() -> list[int | None]:
        return [row.settled for row in reversed(await trial.bot.ledger.spending(since=0))]

    async with trial:
        trial.mention()
        await trial.counted({State.UNKNOWN: 1})
        assert await settled() == [None]
        await trial.bot.commands.obey(command, {"turn": 1})
        await trial.counted({State.SENT: 1})
        await trial.bot.settle()
        assert await settled() == books
