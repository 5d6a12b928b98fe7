"""What every ledger must forget, and what not."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from greenroom.clock import MICROSECOND
from greenroom.storage import TELL, Draft, Ledger, Part, State, empty_gone, note_gone
from greenroom.testing.clock import ManualClock
from greenroom.testing.ledger.turns import MakeLedger, due_turn, mention_turn, rested, stored
from greenroom_adapters.contract import Author, MentionReceived, Post, UnknownEvent

__all__ = ["Retention"]


async def emptied(ledger: Ledger, clock: ManualClock) -> None:
    """Empty what is gone, letting time pass as it is waited for."""
    task = asyncio.create_task(empty_gone(ledger, clock=clock))
    await clock.run_until(task.done)
    await task


class Retention:
    """Promises about forgetting."""

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
    async def test_retention_spares_what_is_young(self, make_ledger: MakeLedger, clock: ManualClock) -> None:
        async with make_ledger() as ledger:
            old = [await rested(ledger, mention_turn(number, at=clock.now()), State.SENT) for number in range(5)]
            clock.turn(timedelta(days=1))
            young = await rested(ledger, mention_turn(50, at=clock.now()), State.SENT)
            assert await ledger.retire(before=clock.micros(), limit=2) == 2
            assert await ledger.retire(before=clock.micros()) == 3
            assert await ledger.retire(before=clock.micros()) == 0
            texts = [turn.seq for turn in await ledger.turns(limit=99) if not isinstance(turn.event, UnknownEvent)]
            assert texts == [young.seq]
            clock.turn(timedelta(days=1))
            assert await ledger.retire(before=clock.micros()) == 1, "it is not young for ever"
            assert [turn.state for turn in await ledger.turns(limit=99)] == [State.SENT] * (len(old) + 1)

    @pytest.mark.asyncio
    async def test_retention_spares_what_is_worked_on_until_it_rests(
        self, make_ledger: MakeLedger, clock: ManualClock
    ) -> None:
        async with make_ledger() as ledger:
            before = await rested(ledger, mention_turn(1), State.SENT)
            slow = await rested(ledger, mention_turn(2), State.INTENDED)
            after = await rested(ledger, mention_turn(3), State.SENT)
            clock.turn(timedelta(days=1))
            await ledger.retire(before=clock.micros())
        async with make_ledger() as ledger:
            assert [turn.seq for turn in await ledger.at_work()] == [slow.seq]
            stored = {turn.seq: turn.event for turn in await ledger.turns()}
            assert isinstance(stored[slow.seq], MentionReceived)
            assert isinstance(stored[after.seq], UnknownEvent), "one that is open does not keep the others"
            slow.state = State.SENT
            ledger.save(slow)
            await ledger.committed()
            while await ledger.retire(before=clock.micros()):
                pass
            assert {turn.seq for turn in await ledger.turns() if isinstance(turn.event, UnknownEvent)} == {
                before.seq,
                slow.seq,
                after.seq,
            }

    @pytest.mark.asyncio
    async def test_what_waited_for_a_person_until_retention_is_over_and_its_texts_are_gone(
        self, make_ledger: MakeLedger, clock: ManualClock
    ) -> None:
        async with make_ledger() as ledger:
            texts = {"draft": Draft(parts=("secret",), engine="script"), "reason": "secret"}
            turns = [
                await rested(ledger, mention_turn(number, text="secret"), state, **texts)
                for number, state in enumerate((State.HELD, State.UNKNOWN, State.DEAD))
            ]
            clock.turn(timedelta(days=1))
            assert await ledger.retire(before=clock.micros()) == 3
            found = [await ledger.turn(turn.seq) for turn in turns]
        assert [turn.state for turn in found if turn] == [State.STALE, State.WITHDRAWN, State.WITHDRAWN]
        assert all(turn is not None and turn.draft is None and "secret" not in turn.reason for turn in found)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("handle", ["iris", "iris@far.example"])
    async def test_what_the_owner_was_told_of_a_person_is_forgotten_with_him(
        self, make_ledger: MakeLedger, handle: str
    ) -> None:
        async with make_ledger() as ledger:
            said = mention_turn(1)
            assert isinstance(said.event, MentionReceived)
            said.event = replace(said.event, author=Author(id="u1", handle=handle))
            await rested(ledger, said, State.SENT)
            told = [
                due_turn(number, name=TELL, say=f"For you: {who.replace('@', '(at)')} on home wrote: I want it back")
                for number, who in enumerate((handle, "bea", f"{handle}h", "iris@near.example"), 2)
            ]
            for turn in told:
                turn.rule = TELL
                await rested(ledger, turn, State.SENT, draft=Draft(parts=("I want it back",), engine="tell"))
            assert await ledger.forget_person("stage", "u1", accounts=("home",)) == 1
            left = [
                found is not None and found.draft is not None for found in [await ledger.turn(one.seq) for one in told]
            ]
        assert left == [False, True, True, True], "only iris was forgotten"

    @pytest.mark.asyncio
    async def test_one_person_is_forgotten_and_still_not_answered_twice(
        self, make_ledger: MakeLedger, clock: ManualClock
    ) -> None:
        draft, outbox = Draft(parts=("Yes, Iris.",), engine="script"), [Part(key="k", post=Post(text="Yes, Iris."))]
        async with make_ledger() as ledger:
            said = await rested(ledger, mention_turn(1), State.SENT, draft=draft, outbox=outbox)
            held = await rested(ledger, mention_turn(2), State.HELD, draft=draft)
            unknown = await rested(ledger, mention_turn(3, account="second"), State.UNKNOWN, outbox=outbox)
            elsewhere = await rested(ledger, mention_turn(4, account="other"), State.SENT, draft=draft)
            of_another = mention_turn(5)
            assert isinstance(of_another.event, MentionReceived)
            of_another.event = replace(of_another.event, author=Author(id="u2", handle="bea"))
            await rested(ledger, of_another, State.SENT, draft=draft)
            sending = await rested(ledger, mention_turn(6), State.SENDING, draft=draft, outbox=outbox)
            ledger.receipt(said, 0)
            ledger.note(said.seq, "sent", "to Iris")
            ledger.note(of_another.seq, "sent", "to Bea")
            ledger.stop_speaking("stage", "u1", "iris", at=clock.micros())
            await ledger.committed()
            assert await ledger.forget_person("stage", "u1", accounts=("home", "second")) == 3
            assert await ledger.forget_person("stage", "u1", accounts=("home", "second")) == 0
            (one,) = await ledger.stopped()
            assert (one.person, one.handle) == ("u1", ""), "he is still left alone"
        async with make_ledger() as ledger:
            found = {turn.seq: turn for turn in await ledger.turns()}
            for turn, state in ((said, State.SENT), (held, State.STALE), (unknown, State.WITHDRAWN)):
                forgotten = found[turn.seq]
                assert isinstance(forgotten.event, UnknownEvent)
                assert (forgotten.state, forgotten.draft, forgotten.outbox) == (state, None, [])
                assert "Iris" not in forgotten.reason
            assert isinstance(found[elsewhere.seq].event, MentionReceived), "that may be somebody else"
            assert isinstance(found[of_another.seq].event, MentionReceived)
            assert [entry.why for entry in await ledger.journal()] == ["to Bea"]
            await stored(ledger, mention_turn(1))
            assert len(await ledger.turns()) == 6, "the platform brings it again: it is still known"
            (at_work,) = await ledger.at_work()
            assert (at_work.seq, at_work.draft) == (sending.seq, draft), "what is being sent is finished first"
            at_work.state = State.SENT
            ledger.save(at_work)
            await ledger.committed()
            assert await ledger.retire(before=0) == 1
            assert isinstance((await ledger.turns())[0].event, UnknownEvent)

    @pytest.mark.asyncio
    async def test_what_is_held_is_stale_when_its_time_is_over_and_stays_readable(
        self, make_ledger: MakeLedger, clock: ManualClock
    ) -> None:
        async with make_ledger() as ledger:
            draft = Draft(parts=("Come in.",), engine="script")
            short, long = [
                await rested(
                    ledger, mention_turn(hours, at=clock.now(), within=timedelta(hours=hours)), State.HELD, draft=draft
                )
                for hours in (1, 2)
            ]
            parked = await rested(ledger, mention_turn(3, within=timedelta(0)), State.UNKNOWN)
            clock.turn(timedelta(hours=1))
            assert await ledger.expire() == []
            assert await ledger.counts() == {State.HELD: 2, State.UNKNOWN: 1}, "not a moment before"
            assert await ledger.aside() == {State.HELD: 2, State.UNKNOWN: 1}
            clock.turn(MICROSECOND)
            assert [(turn.seq, turn.state) for turn in await ledger.expire()] == [(short.seq, State.STALE)]
            found = [await ledger.turn(turn.seq) for turn in (short, long, parked)]
            assert [turn.state for turn in found if turn] == [State.STALE, State.HELD, State.UNKNOWN]
            assert found[0] is not None
            assert found[0].draft == draft
            (entry,) = await ledger.journal()
            assert (entry.seq, entry.what) == (short.seq, "stale")

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

    @pytest.mark.asyncio
    async def test_a_draft_in_view_of_emptied_words_goes_as_soon_as_it_is_not_needed_any_more(
        self, make_ledger: MakeLedger, clock: ManualClock
    ) -> None:
        async with make_ledger() as ledger:
            gone = await rested(ledger, mention_turn(1, text="secret"), State.IGNORED)
            both = Draft(parts=("for both",), engine="script", also=(gone.seq,), read=("secret",))
            held = await rested(ledger, mention_turn(2), State.HELD, draft=both)
            unknown = await rested(ledger, mention_turn(3), State.UNKNOWN, draft=both)
            note_gone(ledger, gone.account, gone.post_id or "")
            await ledger.committed()
            await emptied(ledger, clock)
            found = {turn.seq: turn for turn in await ledger.turns()}
            assert isinstance(found[gone.seq].event, UnknownEvent)
            assert (found[held.seq].draft, found[unknown.seq].draft) == (both, None), "the one is still to be decided"
            held.state = State.SENT
            ledger.save(held)
            await ledger.committed()
            await emptied(ledger, clock)
        async with make_ledger() as ledger:
            found = {turn.seq: turn for turn in await ledger.turns()}
            assert {seq for seq, turn in found.items() if turn.draft is not None} == set()
            assert isinstance(found[held.seq].event, MentionReceived), "its own words are nobody's who deleted them"
            assert await ledger.facts("gone") == {}

    @pytest.mark.asyncio
    async def test_the_words_of_a_post_are_emptied_and_with_them_what_was_written_in_view_of_them(
        self, make_ledger: MakeLedger
    ) -> None:
        async with make_ledger() as ledger:
            draft = Draft(parts=("my answer",), engine="script")
            gone = await rested(ledger, mention_turn(1, text="secret"), State.IGNORED, reason="source gone")
            both = Draft(parts=("for both",), engine="script", also=(gone.seq,), read=("secret",))
            beside = await rested(ledger, mention_turn(2), State.SENT, draft=both)
            other = await rested(ledger, mention_turn(3), State.SENT, draft=draft)
            outbox = [Part(key="k", post=Post(text="perhaps out"))]
            unknown = await rested(ledger, mention_turn(4, text="secret"), State.UNKNOWN, draft=draft, outbox=outbox)
            held = await rested(ledger, mention_turn(5), State.HELD, draft=draft)
            dead = await rested(ledger, mention_turn(6), State.DEAD, draft=draft, outbox=outbox)
            stored = await ledger.stored_posts(after=0, limit=2)
            stored += await ledger.stored_posts(after=stored[-1].seq, limit=100)
            assert [(one.seq, one.post_id, one.rests) for one in stored] == [
                (turn.seq, turn.post_id, turn is not held) for turn in (gone, beside, other, unknown, held, dead)
            ]
            await ledger.empty([turn.seq for turn in (gone, unknown, held, dead)])
        async with make_ledger() as ledger:
            found = {turn.seq: turn for turn in await ledger.turns()}
            emptied = {seq for seq, turn in found.items() if isinstance(turn.event, UnknownEvent)}
            assert emptied == {gone.seq, unknown.seq, dead.seq}
            assert {seq for seq, turn in found.items() if turn.draft is not None} == {other.seq, held.seq}
            assert found[gone.seq].reason == "source gone"
            assert (found[unknown.seq].state, found[unknown.seq].outbox[0].key) == (State.UNKNOWN, "k")
            assert (found[dead.seq].state, found[dead.seq].outbox) == (State.WITHDRAWN, [])
            assert {one.seq for one in await ledger.stored_posts(after=0, limit=100)} == {
                beside.seq,
                other.seq,
                held.seq,
            }
