"""What every ledger must remember until it is changed: schedules, limits, pauses, money, files and the like."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace as replaced

from greenroom.storage import AgendaItem, Audience, Cause, KeptFile, PersonFact, ScheduleMark
from greenroom.testing.clock import ManualClock
from greenroom.testing.ledger.turns import HOUR, MakeLedger, item, mention_turn, stored
from greenroom_adapters.contract import Quota

__all__ = ["Standing"]


class Standing:
    """Promises about what stands until it is changed."""

    # schedules and the agenda

    @pytest.mark.asyncio
    async def test_it_is_told_from_others_by_an_id_that_stays(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            drawn = ledger.id
        async with make_ledger() as ledger:
            assert ledger.id == drawn
        assert len(drawn) >= 8, "it is not drawn twice"

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
            ledger.change_agenda(later)
            await ledger.committed()
            assert await ledger.agenda() == [later]
            ledger.strike_agenda(number)
            ledger.change_agenda(later)
            await ledger.committed()
            assert await ledger.agenda() == [], "it is not there any more"

    @pytest.mark.asyncio
    async def test_what_was_brought_is_known_by_its_marks_until_they_are_forgotten(
        self, make_ledger: MakeLedger
    ) -> None:
        event = replace(item(7).event, name="boats", period="a")
        boat = AgendaItem(id=0, due=7, late=HOUR, account="home", event=event)
        async with make_ledger() as ledger:
            await ledger.add_agenda([item(3)])
            await ledger.bring("boats", [boat], marks={"id:1": "a", "link:1": "a"}, facts={"brought:boats": "x"})
            await ledger.bring("boats", [], marks={"id:1": "other", "id:2": "b"}, facts={})
        async with make_ledger() as ledger:
            (brought,) = await ledger.brought("boats")
            assert (brought.due, brought.event) == (7, boat.event)
            assert len(await ledger.agenda()) == 2
            known = {"id:1": "a", "link:1": "a", "id:2": "b"}
            assert await ledger.periods("boats", [*known, "id:3"]) == known
            assert await ledger.periods("log", ["id:1"]) == {}
            assert await ledger.facts("brought:") == {"brought:boats": "x"}
            ledger.strike_agenda(brought.id)
            await ledger.committed()
            assert await ledger.brought("boats") == []
            assert await ledger.periods("boats", known) == known
            ledger.forget_marks("boats", "a")
            ledger.forget_marks("log", "b")
            await ledger.committed()
            assert await ledger.periods("boats", known) == {"id:2": "b"}

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
    async def test_what_a_person_has_asked_for_is_known_without_his_id_and_also_when_he_is_forgotten(
        self, make_ledger: MakeLedger, clock: ManualClock
    ) -> None:
        now = clock.now()
        async with make_ledger() as ledger:
            for person, account, micros in (("u1", "home", 700), ("u1", "second", 20), ("u2", "home", 4)):
                cause = Cause(account=account, seq=3, platform="stage", person=person)
                await ledger.reserve(at=now, turn="t", model="m", micros=micros, cause=cause)
            await ledger.reserve(at=now, turn="t", model="m", micros=9)
            await ledger.forget_person("stage", "u1", accounts=("home", "second"))
        async with make_ledger() as ledger:
            assert await ledger.spent_by("stage", "u1", since=now) == 720, "on every account of the platform"
            assert await ledger.spent_by("chat", "u1", since=now) == 0, "somebody else"
            assert await ledger.spent_by("stage", "u1", since=now + timedelta(seconds=1)) == 0
            rows = await ledger.spending(since=0)
            assert [(row.account, row.seq) for row in rows] == [("", 0), ("home", 3), ("second", 3), ("home", 3)]
            known = ledger.pseudonym("stage", "u1")
            assert [row.person == known for row in rows] == [False, False, True, True]
            assert rows[0].person == ""
            assert "u1" not in known

    @pytest.mark.asyncio
    async def test_what_an_account_heard_people_say_of_themselves_moves_with_it(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            for account, text in (("home", "Draco"), ("second", "Lyra")):
                fact = PersonFact(
                    platform="stage",
                    person="u1",
                    kind="boat",
                    text=text,
                    audience=Audience.EVERYBODY,
                    place="",
                    account=account,
                    event_id="e1",
                    said=1,
                )
                ledger.note_fact(fact, single=False)
                if account == "home":
                    ledger.note_fact(replaced(fact, platform="stage@north"), single=False)
            for _ in range(2):
                ledger.move_facts("home", "stage@north")
            await ledger.committed()
        async with make_ledger() as ledger:
            assert [one.text for one in await ledger.facts_about("stage@north", "u1")] == ["Draco"]
            assert "Lyra" in [one.text for one in await ledger.facts_about("stage", "u1")]

    @pytest.mark.asyncio
    async def test_a_command_is_open_until_it_is_answered(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            first = await ledger.ask("pause", {"account": "home"})
            second = await ledger.ask("resume", {})
            third = await ledger.ask("forget", {"platform": "stage", "person": "u1"})
            ledger.answer(third, {"done": "forgotten"})
            await ledger.committed()
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
    async def test_who_waits_for_commands_is_told_of_them_and_looks_once_in_a_while_anyway(
        self, make_ledger: MakeLedger, clock: ManualClock
    ) -> None:
        async with make_ledger() as ledger:
            for expected in ([], [1], [1, 2]):
                waiting = asyncio.ensure_future(ledger.commands_asked())
                if expected:
                    await ledger.ask("pause", {})
                async with asyncio.timeout(20):
                    while not waiting.done():
                        clock.turn(timedelta(seconds=0.1))
                        await asyncio.sleep(0.001)
                assert [one.id for one in await ledger.open_commands()] == expected

    @pytest.mark.asyncio
    async def test_a_revision_is_another_one_after_whatever_was_written(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            writes: tuple[Callable[[], None], ...] = (
                lambda: ledger.note(None, "held", "the owner looks first"),
                lambda: ledger.receive(mention_turn(1)),
                lambda: ledger.move_cursor("home", "mentions", "1"),
            )
            for write in writes:
                before = ledger.revision()
                write()
                await ledger.committed()
                assert ledger.revision() != before
            before = ledger.revision()
            await ledger.ask("pause", {})
            assert ledger.revision() != before

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

    @pytest.mark.asyncio
    async def test_the_journal_goes_on_behind_an_entry(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            for number in range(5):
                ledger.note(number, "held", f"{number}")
            await ledger.committed()
            first, second, *_ = await ledger.journal_after(0, limit=2)
            assert (first.seq, second.seq) == (0, 1)
            assert [one.seq for one in await ledger.journal_after(second.id)] == [2, 3, 4]
            newest = (await ledger.journal(limit=1))[0].id
            assert await ledger.journal_after(newest) == []

    @pytest.mark.asyncio
    async def test_numbers_of_the_journal_are_never_given_twice(
        self, make_ledger: MakeLedger, clock: ManualClock
    ) -> None:
        async with make_ledger() as ledger:
            ledger.note(None, "held", "old")
            await ledger.committed()
            (old,) = await ledger.journal()
            clock.turn(timedelta(days=1))
            await ledger.retire(before=clock.micros())
            ledger.note(None, "held", "new")
            await ledger.committed()
            assert [one.why for one in await ledger.journal_after(old.id)] == ["new"]

    # the owner's files, and small facts

    @pytest.mark.asyncio
    async def test_files_are_kept_as_they_were_and_replaced_as_a_whole(
        self, make_ledger: MakeLedger, tmp_path: Path
    ) -> None:
        bot = KeptFile(role="bot", path=tmp_path / "bot.yaml", body=b"bot: ada\xff\x00", version="v1")
        script = KeptFile(role="script", path=tmp_path / "s.yaml", body=b"", version="v2")
        async with make_ledger() as ledger:
            assert await ledger.kept_files() == {}
            ledger.keep_files((bot, script))
            await ledger.committed()
        async with make_ledger() as ledger:
            assert await ledger.kept_files() == {"bot": bot, "script": script}
            ledger.keep_files((bot,))
            await ledger.committed()
            assert await ledger.kept_files() == {"bot": bot}

    @pytest.mark.asyncio
    async def test_every_persona_that_was_in_force_is_kept_the_last_one_first(
        self, make_ledger: MakeLedger, tmp_path: Path, clock: ManualClock
    ) -> None:
        def persona(version: str) -> KeptFile:
            return KeptFile(
                role="persona", path=tmp_path / "ada.yaml", body=f"who: {version}".encode(), version=version
            )

        async with make_ledger() as ledger:
            assert await ledger.persona_versions() == []
            moments: list[int] = []
            for version in ("v1", "v2", "v1"):
                ledger.keep_files((persona(version),))
                await ledger.committed()
                moments.append(clock.micros())
                clock.turn(timedelta(hours=1))
        async with make_ledger() as ledger:
            newest, other = await ledger.persona_versions()
        assert (newest.version, newest.body, newest.since, newest.until) == ("v1", b"who: v1", moments[0], moments[2])
        assert (other.version, other.body, other.since, other.until) == ("v2", b"who: v2", moments[1], moments[1])
        assert (newest.turns, newest.cost) == (0, 0)

    @pytest.mark.asyncio
    async def test_a_version_counts_its_turns_and_what_they_cost(
        self, make_ledger: MakeLedger, clock: ManualClock
    ) -> None:
        async with make_ledger() as ledger:
            for number, version in enumerate(("v1", "v1", ""), 1):
                one = mention_turn(number)
                ledger.receive(one)
                one.persona = version
                ledger.save(one)
                await ledger.committed()
                paid = await ledger.reserve(
                    at=clock.now(), turn=f"{one.account} {one.event_id}", model="model", micros=300
                )
                if number == 1:
                    await ledger.settle(paid, 120)
            (found,) = await ledger.persona_versions()
        assert (found.version, found.body, found.turns, found.cost) == ("v1", None, 2, 420)

    @pytest.mark.asyncio
    async def test_facts_are_replaced_read_and_forgotten_by_the_beginning_of_their_names(
        self, make_ledger: MakeLedger
    ) -> None:
        async with make_ledger() as ledger:
            ledger.remember("person:home/@maria", "1")
            ledger.remember("person:home/@maria", "2")
            ledger.remember("told", "7")
            await ledger.committed()
        async with make_ledger() as ledger:
            assert await ledger.facts("person:") == {"person:home/@maria": "2"}
            assert await ledger.facts("told") == {"told": "7"}
            assert await ledger.facts("%") == {}
            ledger.remember("told twice", "8")
            ledger.forget_fact("told twice")
            ledger.forget_fact("tol")
            ledger.forget_facts("person:")
            await ledger.committed()
            assert await ledger.facts("") == {"told": "7"}

    @pytest.mark.asyncio
    async def test_accounts_are_listed_with_the_number_of_their_turns(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            for number in range(3):
                await stored(ledger, mention_turn(number, account="home"))
            await stored(ledger, mention_turn(1, account="away"))
            assert await ledger.accounts() == {"away": 1, "home": 3}

    @pytest.mark.asyncio
    async def test_an_event_is_found_by_its_account_and_id(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            turn = await stored(ledger, mention_turn(1))
            assert await ledger.seq_of_event("home", "mention-1") == turn.seq
            assert await ledger.seq_of_event("away", "mention-1") is None
