"""What was looked for in vain is remembered, as long as there is room; what is forgotten is looked for once more."""

from datetime import UTC, datetime, timedelta

import pytest

from greenroom_adapters.contract import Absent, Attempt, Post
from greenroom_adapters.matrix import reading_back
from greenroom_adapters.matrix.api import Api
from greenroom_adapters.matrix.errors import refusal
from greenroom_adapters.matrix.plan import Plan
from greenroom_adapters.matrix.reading_back import ReadingBack
from greenroom_adapters.transport import Http

THEN = datetime(2026, 11, 29, tzinfo=UTC)


async def nothing_to_save(state: bytes) -> None:
    raise AssertionError("nothing is tried")


@pytest.mark.asyncio
async def test_looking_without_end_takes_no_memory_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_back, "REMEMBERED", 3)
    plans = [Plan(transaction=f"t{number}", device="d") for number in range(5)]
    async with Http("http://127.0.0.1:1", platform="matrix", account="home", secrets=(), refusal=refusal) as http:
        reads = ReadingBack(
            Api(http, answer_within=timedelta(seconds=1)),
            me="@ada:home",
            settles_after=timedelta(0),
            now=lambda: THEN + timedelta(minutes=1),
        )
        for plan in (*plans, plans[0]):
            attempt = Attempt(
                post=Post(text="x"),
                key="k",
                prepared=plan.stored(),
                number=1,
                first_tried_at=THEN,
                last_tried_at=THEN,
                state=None,
                save=nothing_to_save,
            )
            # it had no room yet, so nothing can have been sent
            assert isinstance(await reads.find(attempt), Absent)
            assert reads.is_absent(plan)
        assert [reads.is_absent(plan) for plan in plans] == [True, False, False, True, True]
        for number in range(5):
            reads.deleted(f"$e{number}")
        assert len(reads._deleted_here) == 3
