"""What every ledger must remember of turns, and how it finds them."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from greenroom.storage import Draft, Due, Part, State, Turn
from greenroom.testing.ledger.turns import MakeLedger, due_turn, facts, mention_turn, rested, stored
from greenroom_adapters.contract import Embed, EmbedField, Poll, Post, PostRef, Visibility

__all__ = ["KeptTurns"]


class KeptTurns:
    """Promises about turns."""

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
    async def test_what_goes_with_a_post_comes_back_with_it(self, make_ledger: MakeLedger) -> None:
        turn = due_turn(1)
        assert isinstance(turn.event, Due)
        poll = Poll(options=("Tea", "Soup"), open_for=timedelta(hours=2), several=True)
        table = (EmbedField(name="High", value="18:02", beside=True),)
        embed = Embed(title="Tides", text="At the wall.", link="https://tides.example", colour=7, fields=table)
        turn.event = replace(turn.event, warning="food", visibility=Visibility.UNLISTED, poll=poll, embed=embed)
        post = Post(
            text="Which?",
            content_warning="food",
            visibility=Visibility.UNLISTED,
            poll=poll,
            embed=embed,
            language="en",
        )
        async with make_ledger() as ledger:
            await rested(ledger, turn, State.INTENDED, outbox=[Part(key="k", post=post)])
        async with make_ledger() as ledger:
            found = await ledger.turn(turn.seq)
        assert found is not None
        assert found.event == turn.event
        assert [part.post for part in found.outbox] == [post]

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
            assert await ledger.aside() == {State.DEAD: 3}

    @pytest.mark.asyncio
    async def test_turns_are_listed_by_any_choice_of_states(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            for number, state in enumerate(State):
                await rested(ledger, mention_turn(number), state)
            for states in ({State.HELD}, {State.HELD, State.UNKNOWN, State.DEAD}, {State.DEAD, State.SENT}, set(State)):
                assert {turn.state for turn in await ledger.turns(states=states)} == states

    @pytest.mark.asyncio
    async def test_a_draft_stays_while_other_things_change_and_goes_when_it_is_dropped(
        self, make_ledger: MakeLedger
    ) -> None:
        draft, other = (Draft(parts=(text,), engine="constant") for text in ("Lamp lit.", "Wind west."))
        steps = [(State.DRAFTED, draft), (State.SENDING, draft), (State.RECEIVED, None), (State.HELD, other)]
        async with make_ledger() as ledger:
            turn = await stored(ledger, mention_turn(1))
            for turn.state, turn.draft in (*steps, (State.IGNORED, None)):
                ledger.save(turn)
                await ledger.committed()
                found = await ledger.turn(turn.seq)
                assert found is not None
                assert (found.state, found.draft) == (turn.state, turn.draft)
        async with make_ledger() as ledger:
            (found,) = await ledger.turns()
            found.state, found.draft = State.DRAFTED, draft
            ledger.save(found)
            found.state = State.SENDING
            await ledger.committed()
            ledger.save(found)
            await ledger.committed()
            (again,) = await ledger.turns()
            assert (again.state, again.draft) == (State.SENDING, draft)

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
