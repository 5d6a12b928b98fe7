"""Whatever arrives when: each turn runs once, in the order of its lane, and no more than admitted at a time."""

import asyncio
import contextlib
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.storage import SqliteLedger, State, StorageError, Turn
from greenroom.testing import ManualClock
from greenroom.testing.ledger import mention_turn
from greenroom.turns import Lanes


@dataclass(frozen=True)
class Arrival:
    """A turn that comes."""

    lane: int
    takes: int
    """Turns of the loop that its work takes."""
    pause: int
    """Turns of the loop before the next one comes."""


arrivals = st.lists(
    st.builds(Arrival, lane=st.integers(0, 4), takes=st.integers(0, 30), pause=st.sampled_from([0, 0, 0, 1, 5, 40])),
    min_size=1,
    max_size=60,
)


class Stand:
    """Lanes over a real ledger, and what they did."""

    def __init__(self, ledger: SqliteLedger, *, admission: int) -> None:
        self.ledger = ledger
        self.admission = admission
        self.takes: dict[str, int] = {}
        self.may_end = asyncio.Event()
        """Cleared, no turn of the first conversation ends."""
        self.may_end.set()
        self.ran: list[Turn] = []
        self.at_work: dict[str, int] = {}
        self.most = 0
        self.lanes = Lanes(self.run, ledger=ledger, admission=admission)
        ledger.on_arrival(self.arrived)

    def arrived(self, new: list[Turn], known: list[Turn]) -> None:
        for turn in new:
            self.lanes.admit(turn)

    async def run(self, turn: Turn) -> None:
        assert self.at_work.setdefault(turn.lane, 0) == 0, "one lane, one turn at a time"
        self.at_work[turn.lane] += 1
        self.most = max(self.most, len(self.lanes.in_memory()))
        for _ in range(self.takes.get(turn.event_id, 0)):
            await asyncio.sleep(0)
        if turn.lane == "home/c0":
            await self.may_end.wait()
        self.ran.append(turn)
        turn.state = State.SENT
        self.ledger.save(turn)
        self.at_work[turn.lane] -= 1

    async def take(self, plan: list[Arrival], *, start: int = 0) -> None:
        for number, arrival in enumerate(plan, start):
            turn = mention_turn(number, conversation=f"c{arrival.lane}")
            self.takes[turn.event_id] = arrival.takes
            if self.lanes.has_room(0):
                turn.starts = 1
            self.ledger.receive(turn)
            for _ in range(arrival.pause):
                await asyncio.sleep(0)

    async def settle(self) -> None:
        await self.ledger.committed()
        async with asyncio.timeout(20):
            await self.lanes.settle()
        await self.ledger.committed()


def by_lane(turns: list[Turn]) -> dict[str, list[int]]:
    lanes: dict[str, list[int]] = {}
    for turn in turns:
        lanes.setdefault(turn.lane, []).append(turn.seq)
    return lanes


@settings(max_examples=30, deadline=None)
@given(plan=arrivals, admission=st.integers(1, 12))
def test_every_turn_runs_once_in_the_order_of_its_lane_and_within_the_admission(
    plan: list[Arrival], admission: int
) -> None:
    async def scenario() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with SqliteLedger(Path(folder) / "ada.db", bot="ada", clock=ManualClock()) as ledger:
                stand = Stand(ledger, admission=admission)
                await stand.take(plan)
                await stand.settle()
                assert sorted(turn.seq for turn in stand.ran) == list(range(1, len(plan) + 1))
                assert all(seqs == sorted(seqs) for seqs in by_lane(stand.ran).values())
                assert stand.most <= admission
                assert stand.lanes.load == (0, 0)
                assert await ledger.counts() == {State.SENT: len(plan)}

    asyncio.run(scenario())


@settings(max_examples=30, deadline=None)
@given(before=arrivals, after=arrivals, admission=st.integers(1, 12), late=st.integers(0, 60))
def test_over_a_crash_every_turn_that_was_not_done_runs_once_in_order(
    before: list[Arrival], after: list[Arrival], admission: int, late: int
) -> None:
    async def scenario() -> None:
        with tempfile.TemporaryDirectory() as folder:
            path, image = Path(folder) / "ada.db", Path(folder) / "crashed.db"
            async with SqliteLedger(path, bot="ada", clock=ManualClock()) as ledger:
                stand = Stand(ledger, admission=admission)
                await stand.take(before)
                await ledger.committed()
                for _ in range(late):
                    await asyncio.sleep(0)
                with (
                    contextlib.closing(sqlite3.connect(path)) as now,
                    contextlib.closing(sqlite3.connect(image)) as then,
                ):
                    now.backup(then)
                await stand.lanes.close(grace=0)
            async with SqliteLedger(image, bot="ada", clock=ManualClock()) as ledger:
                done = {turn.seq for turn in await ledger.turns(states=[State.SENT], limit=1000)}
                stand = Stand(ledger, admission=admission)
                assert await ledger.at_work() == []
                stand.lanes.leave([(lane, first) for _, lane, first in await ledger.waiting_lanes()])
                await stand.take(after, start=len(before))
                await stand.settle()
                everything = set(range(1, len(before) + len(after) + 1))
                assert sorted(turn.seq for turn in stand.ran) == sorted(everything - done)
                assert all(seqs == sorted(seqs) for seqs in by_lane(stand.ran).values())
                assert stand.most <= admission
                suspects = [turn for turn in stand.ran if turn.suspect]
                assert len(suspects) == len({turn.lane for turn in suspects}), "one start at a time in each lane"

    asyncio.run(scenario())


@pytest.mark.asyncio
async def test_a_lane_that_was_overloaded_and_recovers_runs_nothing_twice_after_a_crash(tmp_path: Path) -> None:
    # The first turns were left on disk, later ones found room again and were counted in their insert.
    path = tmp_path / "ada.db"
    async with SqliteLedger(path, bot="ada", clock=ManualClock()) as ledger:
        for number, starts in enumerate((1, 0, 1, 0)):
            turn = mention_turn(number)
            turn.starts = starts
            ledger.receive(turn)
    async with SqliteLedger(path, bot="ada", clock=ManualClock()) as ledger:
        stand = Stand(ledger, admission=500)
        for turn in await ledger.at_work():
            stand.lanes.resume(turn)
        stand.lanes.leave([(lane, first) for _, lane, first in await ledger.waiting_lanes()])
        await stand.settle()
        assert [turn.seq for turn in stand.ran] == [1, 2, 3, 4]
        assert [turn.suspect for turn in stand.ran] == [True, False, False, False]


@pytest.mark.asyncio
async def test_an_unhurried_lane_does_not_hold_up_the_others(tmp_path: Path) -> None:
    async with SqliteLedger(tmp_path / "ada.db", bot="ada", clock=ManualClock()) as ledger:
        stand = Stand(ledger, admission=10)
        stand.may_end.clear()
        await stand.take([Arrival(lane=0, takes=0, pause=0)] * 51)
        await stand.take([Arrival(lane=number % 4 + 1, takes=1, pause=0) for number in range(200)], start=100)
        async with asyncio.timeout(10):
            while len(stand.ran) < 200:
                await asyncio.sleep(0)
        assert all(turn.lane != "home/c0" for turn in stand.ran)
        stand.may_end.set()
        await stand.settle()
        assert len(stand.ran) == 251


@pytest.mark.asyncio
async def test_a_run_that_breaks_is_told_and_so_is_a_ledger_that_cannot_be_read(tmp_path: Path) -> None:
    async with SqliteLedger(tmp_path / "ada.db", bot="ada", clock=ManualClock()) as ledger:

        async def broken(turn: Turn) -> None:
            raise StorageError("gone")

        lanes = Lanes(broken, ledger=ledger, admission=5)

        def admit(new: list[Turn], known: list[Turn]) -> None:
            for turn in new:
                lanes.admit(turn)

        ledger.on_arrival(admit)
        ledger.receive(mention_turn(1))
        with pytest.raises(StorageError, match="gone"):
            async with asyncio.timeout(5):
                await lanes.failure()

        reading = Lanes(broken, ledger=ledger, admission=5)
        with contextlib.closing(sqlite3.connect(tmp_path / "ada.db")) as db:
            db.execute("ALTER TABLE turns RENAME TO away")
        reading.leave([("home/c1", 1)])
        with pytest.raises(StorageError):
            async with asyncio.timeout(5):
                await reading.failure()


@pytest.mark.asyncio
async def test_closing_lets_what_runs_finish_and_leaves_the_rest_uncounted(tmp_path: Path) -> None:
    async with SqliteLedger(tmp_path / "ada.db", bot="ada", clock=ManualClock()) as ledger:
        stand = Stand(ledger, admission=500)
        await stand.take([Arrival(lane=0, takes=20, pause=0)] * 5 + [Arrival(lane=1, takes=20, pause=0)] * 2)
        await ledger.committed()
        while not stand.at_work.get("home/c0"):
            await asyncio.sleep(0)
        await stand.take([Arrival(lane=2, takes=0, pause=0)], start=50)
        await stand.lanes.close(grace=5)
        await stand.lanes.close(grace=5)
        # the last one may arrive only with this commit, and is given back with the next
        await ledger.committed()
        await ledger.committed()
        # what arrived with this commit is given back in the next
        await ledger.committed()
        assert sorted(turn.lane for turn in stand.ran) == ["home/c0", "home/c1"]
        waiting = await ledger.turns(states=[State.RECEIVED], limit=99)
        assert len(waiting) == 6
        assert {turn.starts for turn in waiting} == {0}, "a stop is no crash"
        stand.lanes.admit(waiting[0])
        assert stand.lanes.load[1] == 0, "nothing is admitted any more"
