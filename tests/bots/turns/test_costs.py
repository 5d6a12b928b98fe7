"""What a mention costs, in counts that are the same on every machine."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from greenroom.policy import FIRST_REPLIES
from greenroom.storage import State
from greenroom.testing import Trial
from greenroom.testing.ledger import mention_turn
from greenroom_adapters.contract import Event

CROWD = 200


class Counting(sqlite3.Connection):
    """A connection whose commits are counted."""

    commits = 0

    @override
    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if sql == "COMMIT":
            Counting.commits += 1
        return super().execute(sql, parameters)


@pytest.mark.asyncio
async def test_a_crowd_shares_a_few_commits_and_each_of_it_costs_one_task_and_six_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The inbox, the attempt with all that came before it, the receipt. Rows: the turn, twice changed; that it is at
    work and no longer; the receipt."""
    connections: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def counted(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connections.append(connect(*arguments, **{"factory": Counting, **options}))
        return connections[-1]

    monkeypatch.setattr("greenroom.storage.sqlite.ledger.sqlite3.connect", counted)
    async with Trial(tmp_path) as trial:
        tasks: list[str] = []

        def made(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
            tasks.append(work.__qualname__)
            return asyncio.Task(work, loop=loop, **options)

        # the first post after a start goes alone
        first, *mentions = [mention_turn(number, conversation=f"c{number}").event for number in range(CROWD + 1)]
        assert isinstance(first, Event)
        trial.bot.desks["home"].intake.accept(first)
        await trial.bot.settle()
        rows, commits = sum(db.total_changes for db in connections), Counting.commits
        asyncio.get_running_loop().set_task_factory(made)
        try:
            for mention in mentions:
                assert isinstance(mention, Event)
                trial.bot.desks["home"].intake.accept(mention)
            await trial.bot.settle()
        finally:
            asyncio.get_running_loop().set_task_factory(None)
        rows = sum(db.total_changes for db in connections) - rows
        assert await trial.bot.ledger.counts() == {State.SENT: CROWD + 1}
        assert 3 <= Counting.commits - commits <= 12, "more than three only where others have the cores as well"
        assert len([name for name in tasks if name.startswith("Lanes")]) == CROWD
        assert rows == 6 * CROWD + 1 + FIRST_REPLIES - 1, "and the cursor, and how much was said while that matters"
