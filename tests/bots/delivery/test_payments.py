"""What a platform charges is set aside before the try, and settled by what came of it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from greenroom.delivery import Payments
from greenroom.policy import Refuse
from greenroom.storage import Act, Draft, Part, State
from greenroom.testing import ScriptedPlatform, answer_lost
from greenroom_adapters.contract import (
    Absent,
    Attempt,
    Forbidden,
    Found,
    Idempotency,
    IdempotencyKind,
    OutcomeUnknown,
    Post,
    PostRef,
    RateLimited,
    Receipt,
    Unavailable,
    Undecided,
)

if TYPE_CHECKING:
    from conftest import Door  # type: ignore[import-not-found]  # found by pytest alone
else:
    Door = object

CENT = 10_000


@pytest.fixture(autouse=True)
def priced(platform: ScriptedPlatform) -> None:
    """Let a post cost a cent, on a platform that keeps no keys."""
    platform.price_of = lambda post: CENT
    listed = Idempotency(kind=IdempotencyKind.LISTED)
    platform.capabilities = replace(platform.capabilities, idempotency=listed)


async def spend(door: Door) -> list[tuple[int, int | None]]:
    """Return what was set aside and how it was settled, oldest first."""
    return [(row.reserved, row.settled) for row in reversed(await door.ledger.spending(since=0))]


@pytest.mark.asyncio
async def test_what_a_post_costs_is_on_disk_before_its_first_byte_and_settled_by_its_receipt(door: Door) -> None:
    seen: list[list[tuple[int, int | None]]] = []

    async def look(platform: ScriptedPlatform, attempt: Attempt) -> Receipt:
        seen.append(await spend(door))
        return platform.take(attempt)

    door.platform.answers.append(look)
    turn = await door.deliver(await door.intended())
    assert turn.state is State.SENT
    assert seen == [[(CENT, None)]]
    assert await spend(door) == [(CENT, CENT)]
    assert turn.outbox[0].spend == 0


@pytest.mark.parametrize(
    "failure", [Forbidden("no"), Unavailable("later"), RateLimited("slowly", retry_after=timedelta(seconds=5))]
)
@pytest.mark.asyncio
async def test_a_try_that_surely_brought_nothing_out_costs_nothing(door: Door, failure: Exception) -> None:
    door.platform.answers.append(failure)
    turn = await door.deliver(await door.intended())
    refused = isinstance(failure, Forbidden)
    assert turn.state is (State.DEAD if refused else State.SENT)
    assert await spend(door) == ([(CENT, 0)] if refused else [(CENT, 0), (CENT, CENT)])
    assert await door.budget.spent() == (0 if refused else CENT)


@pytest.mark.asyncio
async def test_an_answer_comes_out_of_the_share_of_whom_it_answers_and_waits_when_that_is_spent(door: Door) -> None:
    door.share = CENT
    first, second = await door.intended("one"), await door.intended("two")
    assert (await door.deliver(first)).state is State.SENT
    (row,) = await door.ledger.spending(since=0)
    assert (row.account, row.seq, row.person) == ("home", first.seq, door.ledger.pseudonym("scripted", "u1"))
    stale = await door.deliver(second)
    assert stale.state is State.STALE
    assert "what one person may cost on a day (0.01 USD, limits: spend_per_person)" in stale.reason
    assert len(door.platform.attempts) == 1


@pytest.mark.asyncio
async def test_words_that_were_paid_go_out_and_a_thread_goes_on_whatever_is_left_of_the_share(door: Door) -> None:
    door.share = 1
    thread = await door.intended("one", "two")
    assert (await door.deliver(thread)).state is State.SENT, "one answer a day fits into every share"
    written = await door.intended("three")
    written.draft = Draft(parts=("three",), engine="m", cost=5)
    assert (await door.deliver(written)).state is State.SENT


@pytest.mark.asyncio
async def test_an_unknown_outcome_counts_as_spent_until_it_is_known(door: Door) -> None:
    door.platform.answers.append(answer_lost(OutcomeUnknown("lost")))
    door.platform.findings.append(Undecided(reason="not yet"))
    turn = await door.deliver(await door.intended())
    assert turn.state is State.SENT
    assert await spend(door) == [(CENT, CENT)], "it was found, and paid once"


@pytest.mark.asyncio
async def test_what_the_platform_does_not_have_is_given_back_and_paid_with_the_next_try(door: Door) -> None:
    door.platform.answers.append(OutcomeUnknown("lost on the way"))
    door.platform.findings.append(Absent())
    turn = await door.deliver(await door.intended())
    assert turn.state is State.SENT
    assert await spend(door) == [(CENT, 0), (CENT, CENT)]


@pytest.mark.asyncio
async def test_what_is_parked_for_a_person_counts_as_spent(door: Door) -> None:
    door.platform.answers.append(OutcomeUnknown("lost"))
    door.platform.findings.append(Undecided(reason="nobody can say", final=True))
    turn = await door.deliver(await door.intended())
    assert turn.state is State.UNKNOWN
    assert await spend(door) == [(CENT, None)]
    assert turn.outbox[0].spend == 1, "it can be given back once somebody knows"


@pytest.mark.asyncio
async def test_over_a_crash_the_money_of_a_try_stays_set_aside_and_is_not_set_aside_twice(door: Door) -> None:
    async def die(platform: ScriptedPlatform, attempt: Attempt) -> Receipt:
        platform.take(attempt)
        raise asyncio.CancelledError

    door.platform.answers.append(die)
    turn = await door.intended()
    with pytest.raises(asyncio.CancelledError):
        await door.dispatcher().deliver(turn)
    turn = await door.after_crash(turn)
    assert (turn.state, await spend(door)) == (State.SENDING, [(CENT, None)])
    ref = PostRef(id="x1")
    door.platform.findings.append(
        Found(receipt=Receipt(key=turn.outbox[0].key, ref=ref, published_at=door.clock.now()))
    )
    turn = await door.deliver(turn)
    assert turn.state is State.SENT
    assert await spend(door) == [(CENT, CENT)]


@pytest.mark.asyncio
async def test_a_post_that_the_day_cannot_pay_waits_until_the_next_one(door: Door) -> None:
    door.limit = CENT
    first, second = await door.intended("one"), await door.intended("two")
    second.expires = door.clock.micros() + int(timedelta(days=2).total_seconds() * 1e6)
    assert (await door.deliver(first)).state is State.SENT
    assert (await door.deliver(second)).state is State.SENT
    posted = [door.clock.now().timestamp() - tried / 1e6 for tried in door.platform.tried_at]
    days = {tried // 86_400_000_000 for tried in door.platform.tried_at}
    assert len(days) == 2, posted
    assert [entry for entry in await door.why(second) if entry.startswith("too dear: it costs 0.01 USD")]
    assert await spend(door) == [(CENT, CENT), (CENT, CENT)]


@pytest.mark.asyncio
async def test_a_post_that_nobody_can_pay_in_its_time_ends_stale_with_the_reason(door: Door) -> None:
    door.limit = CENT - 1
    turn = await door.deliver(await door.intended())
    assert turn.state is State.STALE
    assert "what is left of today's limit of 0.01 USD is less" in turn.reason
    assert (door.platform.attempts, await spend(door)) == ([], [])


@pytest.mark.asyncio
async def test_a_thread_does_not_begin_that_the_day_cannot_pay_to_its_end(door: Door) -> None:
    door.limit = 2 * CENT
    turn = await door.deliver(await door.intended("one", "two", "three"))
    assert turn.state is State.STALE
    assert "it costs 0.03 USD" in turn.reason
    assert door.platform.attempts == []


@pytest.mark.asyncio
async def test_what_the_policy_stops_at_the_last_moment_is_not_paid(door: Door) -> None:
    door.may_send = lambda turn: Refuse("not now")
    turn = await door.deliver(await door.intended())
    assert turn.state is State.IGNORED
    assert await door.budget.spent() == 0


@pytest.mark.asyncio
async def test_where_nothing_is_charged_nothing_is_written(door: Door) -> None:
    door.platform.price_of = lambda post: 0
    await door.deliver(await door.intended())
    assert await spend(door) == []


@pytest.mark.asyncio
async def test_an_act_is_no_post_and_is_paid_when_the_platform_charges_it(door: Door) -> None:
    turn = await door.intended()
    turn.outbox.append(Part(key="like", post=Post(text=""), act=Act(kind="like", post=PostRef(id="p1"))))
    door.ledger.save(turn)
    turn = await door.deliver(turn)
    assert turn.state is State.SENT
    assert door.platform.acted == [("like", "p1")]
    assert await spend(door) == [(CENT, CENT)], "the words alone"


@pytest.mark.asyncio
async def test_what_was_read_is_paid_whatever_is_left(door: Door) -> None:
    door.limit = 0
    payments = Payments(door.platform.adapter(), account="home", budget=door.budget, clock=door.clock)
    door.platform.charges = 7
    await payments.note_charges()
    await payments.note_charges()
    assert await spend(door) == [(7, 7)]
