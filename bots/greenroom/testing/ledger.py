"""What every ledger must do, as tests that any store can be put under."""

import abc
import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from greenroom.storage import (
    CLOCK,
    AgendaItem,
    AlreadyRunning,
    Draft,
    Due,
    Ledger,
    Part,
    ScheduleMark,
    State,
    StorageError,
    Turn,
)
from greenroom.testing.clock import ManualClock
from greenroom_adapters.contract import Author, MentionReceived, Post, PostRef, Quota, Surface, Trust, UnknownEvent

__all__ = ["LedgerConformance", "MakeLedger", "due_turn", "mention_turn"]

MakeLedger = Callable[[], Ledger]
"""Makes a ledger, not entered, over the test's one durable record: a later one finds what an earlier one wrote."""

HOUR = 3_600_000_000
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def mention_turn(
    number: int = 1,
    *,
    account: str = "home",
    conversation: str = "c1",
    text: str = "Are you there?",
    at: datetime = datetime(2026, 11, 23, 12, tzinfo=UTC),
    within: timedelta = timedelta(hours=6),
) -> Turn:
    """Return a received mention, `number` in its event id and its post's id, as intake makes it."""
    event = MentionReceived(
        id=f"mention-{number}",
        source="mentions",
        cursor=str(number),
        occurred_at=at,
        post=PostRef(id=f"p{number}", url=f"https://stage.example/p{number}"),
        author=Author(id="u1", handle="iris", name="Iris"),
        text=text,
        conversation=conversation,
    )
    received = round(at.timestamp() * 1e6)
    expires = received + round(within.total_seconds() * 1e6)
    lane = f"{account}/{conversation}"
    return Turn(
        account,
        event.id,
        lane,
        event.kind,
        event,
        Surface.REPLY,
        "answer 1",
        Trust.ANYONE,
        received,
        expires,
        event.post.id,
    )


def due_turn(number: int, *, account: str = "home", name: str = "morning", say: str = "Good morning.") -> Turn:
    """Return a due post, `number` in its period, as the scheduler makes it."""
    moment = datetime(2026, 11, 23, 8, tzinfo=UTC)
    due = Due(name=name, period=f"day {number}", due=moment, say=say)
    received = round(moment.timestamp() * 1e6)
    lane = f"{account}/post:{name}"
    return Turn(
        account,
        due.id,
        lane,
        CLOCK,
        due,
        Surface.POST,
        name,
        Trust.OWNER,
        received,
        received + HOUR,
        None,
        received + 1,
    )


async def stored(ledger: Ledger, turn: Turn) -> Turn:
    """Put a turn into the ledger and return it."""
    ledger.receive(turn)
    await ledger.committed()
    return turn


async def rested(ledger: Ledger, turn: Turn, state: State, **changes: Any) -> Turn:
    """Put a turn into the ledger and bring it to `state`."""
    await stored(ledger, turn)
    turn.state = state
    for name, value in changes.items():
        setattr(turn, name, value)
    ledger.save(turn)
    await ledger.committed()
    return turn


def facts(turn: Turn) -> dict[str, Any]:
    """Return everything of a turn that a ledger keeps."""
    in_memory_only = {"suspect", "revisions", "changed"}
    return {name: getattr(turn, name) for name in Turn.__slots__ if name not in in_memory_only}


class LedgerConformance(abc.ABC):
    """Every promise of `greenroom.storage.Ledger`. Subclass it, give `make_ledger`, and pytest does the rest."""

    @pytest.fixture
    def clock(self) -> ManualClock:
        """The clock of the ledgers that `make_ledger` makes."""
        return ManualClock()

    @pytest.fixture
    @abc.abstractmethod
    def make_ledger(self, clock: ManualClock) -> MakeLedger:
        """Return what makes ledgers over one record that is empty at first."""

    # the inbox

    @pytest.mark.asyncio
    async def test_turns_are_numbered_in_the_order_of_their_arrival(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            turns = [mention_turn(number) for number in (7, 3, 5)]
            for turn in turns:
                ledger.receive(turn)
            await ledger.committed()
            found = await ledger.turns()
        assert [turn.seq for turn in turns] == sorted(turn.seq for turn in turns)
        assert [turn.event_id for turn in found] == ["mention-5", "mention-3", "mention-7"], "newest first"

    @pytest.mark.asyncio
    async def test_numbers_go_on_after_a_restart(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            first = await stored(ledger, mention_turn(1))
        async with make_ledger() as ledger:
            second = await stored(ledger, mention_turn(2))
            assert second.seq > first.seq
            assert [turn.seq for turn in await ledger.turns()] == [second.seq, first.seq]

    @pytest.mark.asyncio
    async def test_an_event_is_taken_once_within_a_commit_over_commits_and_over_restarts(
        self, make_ledger: MakeLedger
    ) -> None:
        async with make_ledger() as ledger:
            ledger.receive(mention_turn(1, text="first"))
            ledger.receive(mention_turn(1, text="again, in the same commit"))
            await ledger.committed()
            await stored(ledger, mention_turn(1, text="again, in a later commit"))
        async with make_ledger() as ledger:
            await stored(ledger, mention_turn(1, text="again, after a restart"))
            (only,) = await ledger.turns()
        assert isinstance(only.event, MentionReceived)
        assert only.event.text == "first"

    @pytest.mark.asyncio
    async def test_one_event_on_two_accounts_is_two_turns(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            await stored(ledger, mention_turn(1, account="home"))
            await stored(ledger, mention_turn(1, account="away"))
            assert {turn.account for turn in await ledger.turns()} == {"home", "away"}

    @pytest.mark.asyncio
    async def test_arrivals_are_told_once_they_are_on_disk_and_known_events_apart(
        self, make_ledger: MakeLedger
    ) -> None:
        told: list[tuple[list[int], list[int]]] = []
        async with make_ledger() as ledger:
            ledger.on_arrival(lambda new, known: told.append(([one.seq for one in new], [one.seq for one in known])))
            first, again, second = mention_turn(1), mention_turn(1), mention_turn(2)
            for turn in (first, again, second):
                ledger.receive(turn)
            assert told == [], "nothing is on disk yet"
            await ledger.committed()
            assert told == [([first.seq, second.seq], [again.seq])]

    @pytest.mark.asyncio
    async def test_a_cursor_moves_with_a_known_event_too(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            ledger.receive(mention_turn(1), "mentions", "10")
            ledger.receive(mention_turn(1), "mentions", "11")
            ledger.move_cursor("home", "stream", "s7")
            ledger.move_cursor("away", "mentions", "99")
            await ledger.committed()
        async with make_ledger() as ledger:
            assert await ledger.cursors("home") == {"mentions": "11", "stream": "s7"}
            assert await ledger.cursors("nobody") == {}

    # turns

    @pytest.mark.asyncio
    async def test_a_turn_comes_back_as_it_was_saved(self, make_ledger: MakeLedger) -> None:
        turn = mention_turn(1, text='quotes " and \n lines, 🎭, and \\u0000: \u0000')
        async with make_ledger() as ledger:
            await stored(ledger, turn)
            turn.state, turn.reason, turn.starts, turn.not_before = (
                State.SENDING,
                "try 2: why not",
                1,
                turn.received + 5,
            )
            turn.expires += 7
            turn.persona = "v1"
            turn.draft = Draft(parts=("one", "two"), engine="script", model="m", cost=12, notes=("cut",))
            turn.outbox = [
                Part(key="k0", post=Post(text="one"), post_id="x1", url="https://stage.example/x1", published=5),
                Part(
                    key="k1",
                    post=Post(text="two", in_reply_to=PostRef(id="x1"), language="en"),
                    prepared=b"\x00\xff",
                    number=2,
                    first_tried=10,
                    last_tried=20,
                    checkpoint=b"half\x00way",
                ),
            ]
            ledger.save(turn)
            await ledger.committed()
        async with make_ledger() as ledger:
            found = await ledger.turn(turn.seq)
        assert found is not None
        assert facts(found) == facts(turn)

    @pytest.mark.asyncio
    async def test_a_due_post_comes_back_as_it_was_received(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            turn = await stored(ledger, due_turn(1))
        async with make_ledger() as ledger:
            found = await ledger.turn(turn.seq)
        assert found is not None
        assert facts(found) == facts(turn)

    @pytest.mark.asyncio
    async def test_an_unknown_turn_is_none(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            assert await ledger.turn(404) is None

    @pytest.mark.asyncio
    async def test_a_turn_that_is_saved_often_is_stored_as_it_is_in_the_end(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            turn = mention_turn(1)
            ledger.receive(turn)
            for state in (State.DRAFTED, State.INTENDED, State.SENDING, State.SENT):
                turn.state = state
                ledger.save(turn)
            await ledger.committed()
            found = await ledger.turn(turn.seq)
            assert found is not None
            assert found.state is State.SENT

    @pytest.mark.asyncio
    async def test_only_turns_from_drafted_to_sending_are_at_work(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            for number, state in enumerate(State):
                await rested(ledger, mention_turn(number), state)
        async with make_ledger() as ledger:
            assert [turn.state for turn in await ledger.at_work()] == [State.DRAFTED, State.INTENDED, State.SENDING]

    @pytest.mark.asyncio
    async def test_lanes_with_received_turns_are_found_with_their_first_one(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            await rested(ledger, mention_turn(1, conversation="a"), State.SENT)
            second = await stored(ledger, mention_turn(2, conversation="b"))
            third = await stored(ledger, mention_turn(3, conversation="a"))
            fourth = await stored(ledger, mention_turn(4, conversation="b"))
            fifth = await rested(ledger, mention_turn(5, conversation="b"), State.RECEIVED, starts=2)
            await rested(ledger, mention_turn(6, conversation="c"), State.HELD)
        async with make_ledger() as ledger:
            assert await ledger.waiting_lanes() == [("home", "home/b", second.seq), ("home", "home/a", third.seq)]
            found = await ledger.waiting([("home/a", third.seq), ("home/b", fourth.seq)], limit=5)
            assert [[turn.seq for turn in lane] for lane in found] == [[third.seq], [fourth.seq, fifth.seq]]
            assert found[1][1].starts == 2
            (few,) = await ledger.waiting([("home/b", second.seq)], limit=2)
            assert [turn.seq for turn in few] == [second.seq, fourth.seq]

    @pytest.mark.asyncio
    async def test_a_turn_is_read_from_its_lane_only_after_its_arrival_was_told(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            told = 0

            def arrived(new: list[Turn], known: list[Turn]) -> None:
                nonlocal told
                told = max(told, *(turn.seq for turn in (*new, *known)))

            ledger.on_arrival(arrived)
            for number in range(200):
                ledger.receive(mention_turn(number))
                before = told
                reading = asyncio.ensure_future(ledger.waiting([("home/c1", 1)], limit=1000))
                await asyncio.sleep(0)
                (found,) = await reading
                # what was told while it read may be missing; what was not told before must be
                assert len(found) <= max(before, told)
                assert all(turn.seq <= told for turn in found)

    @pytest.mark.asyncio
    async def test_a_turn_that_is_worked_on_again_is_found_after_a_restart(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            dead = await rested(ledger, mention_turn(1), State.DEAD)
            dead.state = State.INTENDED
            ledger.work_again(dead)
            again = await rested(ledger, mention_turn(2), State.UNKNOWN)
            again.state = State.INTENDED
            ledger.work_again(again)
            again.state = State.SENT
            ledger.save(again)
            await ledger.committed()
        async with make_ledger() as ledger:
            assert [turn.seq for turn in await ledger.at_work()] == [dead.seq]
            assert await ledger.about_post("home", "p2") == [], "over in the same commit: nothing is left to do"

    @pytest.mark.asyncio
    async def test_an_edited_source_is_stored(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            turn = await stored(ledger, mention_turn(1))
            edited = mention_turn(1, text="Are you really there?")
            turn.event = edited.event
            ledger.rewrite(turn)
            await ledger.committed()
            found = await ledger.turn(turn.seq)
            assert found is not None
            assert found.event == edited.event

    @pytest.mark.asyncio
    async def test_open_and_parked_turns_about_a_post_are_found(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            expected: list[int] = []
            for number, state in enumerate(State):
                turn = mention_turn(number)
                turn.post_id = "same"
                await rested(ledger, turn, state)
                if not state.is_over:
                    expected.append(turn.seq)
            await stored(ledger, mention_turn(98))
            elsewhere = mention_turn(99, account="away")
            elsewhere.post_id = "same"
            await stored(ledger, elsewhere)
            assert [turn.seq for turn in await ledger.about_post("home", "same")] == expected

    @pytest.mark.asyncio
    async def test_a_lane_remembers_what_is_over_or_parked_oldest_first(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            states = (State.SENT, State.IGNORED, State.UNKNOWN, State.DRAFTED, State.SENT)
            turns = [await rested(ledger, mention_turn(number), state) for number, state in enumerate(states)]
            await rested(ledger, mention_turn(9, conversation="other"), State.SENT)
            last = await stored(ledger, mention_turn(10))
            found = await ledger.in_lane("home/c1", before=last.seq, limit=3)
            assert [turn.seq for turn in found] == [turns[1].seq, turns[2].seq, turns[4].seq]

    @pytest.mark.asyncio
    async def test_own_posts_are_the_sent_ones_of_the_clock_on_one_account(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            first = await rested(ledger, due_turn(1, name="morning"), State.SENT)
            await rested(ledger, due_turn(2, name="morning"), State.STALE)
            await rested(ledger, mention_turn(1), State.SENT)
            await rested(ledger, due_turn(1, account="home2"), State.SENT)
            second = await rested(ledger, due_turn(1, name="evening"), State.SENT)
            found = await ledger.own_posts("home", before=second.seq + 1, limit=10)
            assert [turn.seq for turn in found] == [first.seq, second.seq]
            assert [turn.seq for turn in await ledger.own_posts("home", before=second.seq, limit=10)] == [first.seq]

    @pytest.mark.asyncio
    async def test_turns_are_listed_newest_first_by_state_and_page(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            dead = [await rested(ledger, mention_turn(number), State.DEAD) for number in range(3)]
            await rested(ledger, mention_turn(9), State.SENT)
            newest = await ledger.turns(states=[State.DEAD], limit=2)
            assert [turn.seq for turn in newest] == [dead[2].seq, dead[1].seq]
            rest = await ledger.turns(states=[State.DEAD], before=newest[-1].seq)
            assert [turn.seq for turn in rest] == [dead[0].seq]
            assert await ledger.counts() == {State.DEAD: 3, State.SENT: 1}

    @pytest.mark.asyncio
    async def test_a_published_post_leads_to_its_turn(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            outbox = [Part(key="k", post=Post(text="hi"), post_id="x9", url=None, published=3)]
            turn = await rested(ledger, mention_turn(1), State.SENT, outbox=outbox)
            ledger.receipt(turn, 0)
            ledger.receipt(turn, 0)
            await ledger.committed()
        async with make_ledger() as ledger:
            assert await ledger.turn_of_post("home", "x9") == turn.seq
            assert await ledger.turn_of_post("away", "x9") is None

    # committing

    @pytest.mark.asyncio
    async def test_nothing_queued_is_committed_at_once(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            waiter = asyncio.ensure_future(ledger.committed())
            async with asyncio.timeout(5):
                await waiter
            await stored(ledger, mention_turn(1))
            assert asyncio.ensure_future(ledger.committed()).done()

    @pytest.mark.asyncio
    async def test_everything_before_the_call_is_on_disk_when_committed_returns(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            waiters: list[tuple[int, asyncio.Future[None]]] = []
            for number in range(6000):
                ledger.receive(mention_turn(number, conversation=f"c{number % 50}"))
                if number % 500 == 0:
                    waiters.append((number + 1, asyncio.ensure_future(ledger.committed())))
            for count, waiter in waiters:
                await waiter
                assert sum((await ledger.counts()).values()) >= count
            await ledger.committed()
            assert await ledger.counts() == {State.RECEIVED: 6000}

    @pytest.mark.asyncio
    async def test_a_waiter_that_is_cancelled_does_no_harm_to_the_others(self, make_ledger: MakeLedger) -> None:
        async def wait() -> None:
            await ledger.committed()

        async with make_ledger() as ledger:
            ledger.receive(mention_turn(1))
            first, second = asyncio.create_task(wait()), asyncio.create_task(wait())
            await asyncio.sleep(0)
            first.cancel()
            await second
            assert first.cancelled()
            assert await ledger.counts() == {State.RECEIVED: 1}
            await stored(ledger, mention_turn(2))

    @pytest.mark.asyncio
    async def test_closing_writes_what_is_queued_and_can_be_repeated(self, make_ledger: MakeLedger) -> None:
        ledger = make_ledger()
        async with ledger:
            for number in range(5000):
                ledger.receive(mention_turn(number))
        await ledger.__aexit__(None, None, None)
        async with make_ledger() as ledger:
            assert await ledger.counts() == {State.RECEIVED: 5000}

    @pytest.mark.asyncio
    async def test_what_is_queued_while_it_closes_is_written_or_refused(self, make_ledger: MakeLedger) -> None:
        ledger = make_ledger()
        await ledger.__aenter__()
        taken = 0

        async def write_for_ever() -> None:
            nonlocal taken
            for number in range(1_000_000):
                ledger.receive(mention_turn(number))
                taken += 1
                await asyncio.sleep(0)

        writing = asyncio.create_task(write_for_ever())
        await asyncio.sleep(0.02)
        async with asyncio.timeout(20):
            await asyncio.gather(ledger.__aexit__(None, None, None), asyncio.wait((writing,)))
        with pytest.raises(StorageError):
            await writing
        async with make_ledger() as again:
            assert await again.counts() == {State.RECEIVED: taken}

    @pytest.mark.asyncio
    async def test_a_closed_ledger_refuses_to_read_and_to_write(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            turn = await stored(ledger, mention_turn(1))
        with pytest.raises(StorageError):
            ledger.save(turn)
        with pytest.raises(StorageError):
            await ledger.turn(turn.seq)

    @pytest.mark.asyncio
    async def test_a_second_runner_is_refused_until_the_first_has_closed(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            with pytest.raises(AlreadyRunning, match="runs on"):
                await make_ledger().__aenter__()
            await stored(ledger, mention_turn(1))
        async with make_ledger() as ledger:
            assert await ledger.counts() == {State.RECEIVED: 1}

    # schedules and the agenda

    @pytest.mark.asyncio
    async def test_a_schedule_mark_is_replaced_and_remembered(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            ledger.mark(ScheduleMark(name="morning", until=None, form="day", present=True))
            ledger.mark(ScheduleMark(name="morning", until=5, form="time", present=False))
            ledger.mark(ScheduleMark(name="noon", until=6, form="instant", present=True))
            await ledger.committed()
        async with make_ledger() as ledger:
            assert await ledger.marks() == {
                "morning": ScheduleMark(name="morning", until=5, form="time", present=False),
                "noon": ScheduleMark(name="noon", until=6, form="instant", present=True),
            }

    @pytest.mark.asyncio
    async def test_the_agenda_is_read_by_due_time(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            ids = await ledger.add_agenda([item(300), item(100), item(200)])
            assert [one.id for one in await ledger.agenda()] == [ids[1], ids[2], ids[0]]
            assert [one.due for one in await ledger.agenda(until=200)] == [100, 200]
            assert len(await ledger.agenda(limit=1)) == 1
            assert await ledger.next_agenda() == 100
            (first, *_) = await ledger.agenda()
            assert first == AgendaItem(id=ids[1], due=100, late=HOUR, account="home", event=first.event)
            assert first.event.say == "Hello."

    @pytest.mark.asyncio
    async def test_numbers_of_the_agenda_are_never_given_twice(self, make_ledger: MakeLedger) -> None:
        seen: set[int] = set()
        for _ in range(3):
            async with make_ledger() as ledger:
                for _ in range(2):
                    ids = set(await ledger.add_agenda([item(1), item(2)]))
                    assert len(ids) == 2
                    assert not ids & seen
                    seen |= ids
                    for number in ids:
                        ledger.strike_agenda(number)
                    await ledger.committed()
                assert await ledger.add_agenda([]) == range(max(seen) + 1, max(seen) + 1)
                assert await ledger.agenda() == []
                assert await ledger.next_agenda() is None

    @pytest.mark.asyncio
    async def test_an_item_is_changed_while_it_is_there(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            (number,) = await ledger.add_agenda([item(100)])
            later = AgendaItem(id=number, due=500, late=0, account="away", event=item(500).event)
            assert await ledger.change_agenda(later)
            assert await ledger.agenda() == [later]
            ledger.strike_agenda(number)
            assert not await ledger.change_agenda(later)

    # limits, pauses, money, commands, the journal

    @pytest.mark.asyncio
    async def test_what_limit_headers_said_last_is_remembered(
        self, make_ledger: MakeLedger, clock: ManualClock
    ) -> None:
        quota = Quota(bucket="posts", limit=300, remaining=7, resets_at=clock.now() + timedelta(minutes=5))
        async with make_ledger() as ledger:
            ledger.pace("home", Quota(bucket="posts", limit=300, remaining=8, resets_at=clock.now()))
            ledger.pace("home", quota)
            await ledger.committed()
        async with make_ledger() as ledger:
            assert await ledger.quotas("home") == [quota]
            assert await ledger.quotas("away") == []

    @pytest.mark.asyncio
    async def test_pauses_last_until_they_are_ended(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            ledger.pause("home", "holidays")
            ledger.pause("home", "long holidays")
            ledger.pause("*", "stop all")
            await ledger.committed()
        async with make_ledger() as ledger:
            assert await ledger.paused() == {"home": "long holidays", "*": "stop all"}
            ledger.resume("home")
            await ledger.committed()
            assert await ledger.paused() == {"*": "stop all"}

    @pytest.mark.asyncio
    async def test_a_reservation_counts_whole_until_it_is_settled_over_restarts(
        self, make_ledger: MakeLedger, clock: ManualClock
    ) -> None:
        now = clock.now()
        async with make_ledger() as ledger:
            await ledger.reserve(at=now, turn="t1", model="m", micros=700)
            second = await ledger.reserve(at=now, turn="t2", model="m", micros=900)
            await ledger.reserve(at=now - timedelta(days=1), turn="t0", model="m", micros=5)
            assert await ledger.spent_since(now) == 1600
            await ledger.settle(second, 100)
        async with make_ledger() as ledger:
            assert await ledger.spent_since(now) == 800
            assert await ledger.spent_since(now - timedelta(days=2)) == 805
            assert [row.settled for row in await ledger.spending(since=0)] == [None, 100, None]

    @pytest.mark.asyncio
    async def test_a_command_is_open_until_it_is_answered(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            first = await ledger.ask("pause", {"account": "home"})
            second = await ledger.ask("resume", {})
            assert [(one.id, one.name, one.arguments) for one in await ledger.open_commands()] == [
                (first, "pause", {"account": "home"}),
                (second, "resume", {}),
            ]
            assert await ledger.answered(first) is None
            ledger.answer(first, {"done": "paused"})
            await ledger.committed()
        async with make_ledger() as ledger:
            assert await ledger.answered(first) == {"done": "paused"}
            assert [one.id for one in await ledger.open_commands()] == [second]
            assert await ledger.answered(404) is None

    @pytest.mark.asyncio
    async def test_the_journal_is_read_newest_first_of_one_turn_or_of_all(
        self, make_ledger: MakeLedger, clock: ManualClock
    ) -> None:
        async with make_ledger() as ledger:
            ledger.note(3, "held", "the owner looks first")
            clock.turn(timedelta(seconds=1))
            ledger.note(None, "paused", "by hand")
            await ledger.committed()
            assert [(one.seq, one.what) for one in await ledger.journal()] == [(None, "paused"), (3, "held")]
            (only,) = await ledger.journal(seq=3)
            assert only.why == "the owner looks first"
            assert only.at == clock.micros() - 1_000_000

    # retention

    @pytest.mark.asyncio
    async def test_retention_empties_texts_and_keeps_what_prevents_doubles(
        self, make_ledger: MakeLedger, clock: ManualClock
    ) -> None:
        async with make_ledger() as ledger:
            outbox = [Part(key="k", post=Post(text="my secret answer"), post_id="x9", published=3)]
            turn = await rested(
                ledger,
                mention_turn(1, text="my secret question"),
                State.SENT,
                reason="secret why",
                draft=Draft(parts=("my secret answer",), engine="script"),
                outbox=outbox,
            )
            ledger.receipt(turn, 0)
            ledger.note(turn.seq, "sent", "secret note")
            await ledger.committed()
            assert await ledger.retire(before=clock.micros()) == 0, "not older than that moment"
            clock.turn(timedelta(days=1))
            assert await ledger.retire(before=clock.micros()) == 1
            assert await ledger.retire(before=clock.micros()) == 0, "emptied once"
        async with make_ledger() as ledger:
            found = await ledger.turn(turn.seq)
            assert found is not None
            assert isinstance(found.event, UnknownEvent)
            assert (found.state, found.draft, found.outbox, found.reason) == (State.SENT, None, [], "")
            assert await ledger.journal() == []
            assert await ledger.turn_of_post("home", "x9") == turn.seq
            await stored(ledger, mention_turn(1, text="my secret question"))
            assert len(await ledger.turns()) == 1, "the platform brings it again: it is still known"
            assert len(await ledger.in_lane("home/c1", before=1000, limit=10)) == 1

    @pytest.mark.asyncio
    async def test_retention_spares_what_is_open_parked_or_young(
        self, make_ledger: MakeLedger, clock: ManualClock
    ) -> None:
        async with make_ledger() as ledger:
            for number, state in enumerate(State):
                await rested(ledger, mention_turn(number), state)
            over = sum(state.is_over for state in State)
            clock.turn(timedelta(days=1))
            await rested(ledger, mention_turn(50), State.SENT)
            assert await ledger.retire(before=clock.micros(), limit=2) == 2
            assert await ledger.retire(before=clock.micros()) == over - 2
            kept = [turn for turn in await ledger.turns(limit=99) if not isinstance(turn.event, UnknownEvent)]
            assert len(kept) == len(State) - over + 1

    @pytest.mark.asyncio
    async def test_retention_takes_old_answered_commands_and_no_others(
        self, make_ledger: MakeLedger, clock: ManualClock
    ) -> None:
        async with make_ledger() as ledger:
            old = await ledger.ask("post", {"text": "secret"})
            waiting = await ledger.ask("post", {"text": "open"})
            ledger.answer(old, {"done": "put down"})
            clock.turn(timedelta(days=1))
            young = await ledger.ask("pause", {})
            ledger.answer(young, {"done": "paused"})
            await ledger.committed()
            await ledger.retire(before=clock.micros())
            assert await ledger.answered(old) is None
            assert await ledger.answered(young) == {"done": "paused"}
            assert [one.id for one in await ledger.open_commands()] == [waiting]
            assert await ledger.ask("pause", {}) > young


def item(due: int) -> AgendaItem:
    """Return an item that is not stored yet."""
    event = Due(name="single", period="", due=LONG_AGO, say="Hello.")
    return AgendaItem(id=0, due=due, late=HOUR, account="home", event=event)
