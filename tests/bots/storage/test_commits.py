"""Whoever waits for a commit is told, also where the writer fails between two of them."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from typing_extensions import override

from greenroom.storage import LedgerLost, StorageError
from greenroom.storage.tables.commits import GroupCommit, Writer
from greenroom.storage.tables.group import Group
from greenroom.testing import ManualClock

PATIENCE = 90.0


class LosesItsDatabase(Writer):
    """Finds out by a beat that its database is gone, while a group is on its way to it."""

    BEAT = 0.01

    def __init__(self, failure: Exception, beats: Callable[[], object]) -> None:
        self.failure = failure
        self.beats = beats
        self.may_fail = threading.Event()
        self.closed: bool | None = None

    @override
    def write(self, group: Group) -> None:
        raise AssertionError("it has ended by then")

    @override
    def beat(self) -> None:
        self.beats()
        self.may_fail.wait()
        raise self.failure

    @override
    def close(self, *, clean: bool) -> None:
        self.closed = clean


@pytest.mark.parametrize("failure", [LedgerLost("the connection is lost"), RuntimeError("the driver has a bug")])
@pytest.mark.asyncio
async def test_who_waits_for_a_group_that_meets_a_writer_that_is_gone_is_told(
    failure: Exception, clock: ManualClock
) -> None:
    commits = GroupCommit("here", clock)
    commits.enter()
    beats = asyncio.Event()
    loop = asyncio.get_running_loop()
    writer = LosesItsDatabase(failure, lambda: loop.call_soon_threadsafe(beats.set))
    commits.start(writer, announced=0)
    async with asyncio.timeout(PATIENCE):
        await beats.wait()
        asked = commits.ask("UPDATE meta SET value=1")
        with_it = commits.committed()
        # it is handed to the writer at the end of this turn of the loop
        await asyncio.sleep(0)
        after_it = commits.committed()
        commits.change("UPDATE meta SET value=2")
        behind_it = commits.committed()
        writer.may_fail.set()
        for waits in (asked, with_it, after_it, behind_it, commits.failed):
            with pytest.raises(StorageError, match=str(failure)):
                await waits
        with pytest.raises(StorageError, match=str(failure)):
            await commits.committed()
        await commits.stop()
    assert writer.closed is False
