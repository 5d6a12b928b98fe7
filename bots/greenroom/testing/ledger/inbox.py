"""What every ledger must do with what comes in."""

import pytest

from greenroom.testing.ledger.turns import MakeLedger, mention_turn, stored
from greenroom_adapters.contract import MentionReceived

__all__ = ["Inbox"]


class Inbox:
    """Promises about the inbox."""

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
