"""A bot that finds its ledger elsewhere rehearses, and once it is taken over it says nothing that the other said."""

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from greenroom.storage import LedgerMoved, State, copy_ledger
from greenroom.testing import ScriptedPlatform, Trial
from greenroom_adapters.contract import IdempotencyKind

POSTS = "answer: mentions\npost: {name: watch, every: 1 hour, late_ok: 50 minutes, say: All is well.}\n"


def is_stray(trial: Trial) -> bool:
    return trial.bot.ledger.strayed is not None


def listing(trial: Trial) -> Trial:
    """Let the trial's platform take whatever is published, twice as well; its posts can be read back."""
    trial.platform = ScriptedPlatform(trial.clock, kind=IdempotencyKind.LISTED)
    return trial


def copied(trial: Trial, folder: Path) -> Trial:
    """Return the same bot with a copy of its files and its ledger in another folder, on the same platform."""
    shutil.copytree(trial.path.parent, folder)
    other = Trial(folder, clock=trial.clock)
    shutil.copyfile(trial.path, other.path)
    other.platform = trial.platform
    return other


@pytest.mark.asyncio
async def test_a_copy_rehearses_until_it_is_taken_over(tmp_path: Path) -> None:
    trial = Trial(tmp_path / "one")
    async with trial:
        trial.mention()
        await trial.counted({State.SENT: 1})
    copy = copied(trial, tmp_path / "two")
    async with copy:
        assert copy.bot.ledger.strayed is not None
        assert str(tmp_path / "one") in copy.bot.ledger.strayed.why
        copy.mention(id="later-1")
        await copy.counted({State.SENT: 1, State.IGNORED: 1})
    assert len(trial.platform.texts) == 1
    async with copy:
        assert is_stray(copy), "it is a copy until its owner says otherwise"
    copy.take_over = True
    async with copy:
        assert not is_stray(copy)
        copy.mention(id="later-2")
        await copy.counted({State.SENT: 2, State.IGNORED: 1})
    copy.take_over = False
    async with copy:
        assert not is_stray(copy), "it is at home there now"


@pytest.mark.parametrize("rehearses_first", [True, False])
@pytest.mark.asyncio
async def test_an_old_copy_that_is_put_back_says_nothing_twice(tmp_path: Path, *, rehearses_first: bool) -> None:
    trial = listing(Trial(tmp_path / "bot", rules=POSTS))
    store = tmp_path / "bot" / "data" / "ada.db"

    def answers() -> int:
        return sum(text.startswith("You said") for text in trial.platform.texts)

    async def answered_and_posted(times: int) -> None:
        posts = len(trial.platform.texts) - answers()
        trial.mention()
        await trial.past(lambda: answers() == times)
        await trial.past(lambda: len(trial.platform.texts) - answers() > posts, by=timedelta(minutes=10))

    async with trial:
        await answered_and_posted(1)
    shutil.copyfile(store, tmp_path / "backup.db")
    async with trial:
        await answered_and_posted(2)
    # over the very file, as a person who has read nothing does it
    shutil.copyfile(tmp_path / "backup.db", store)
    if rehearses_first:
        async with trial:
            strayed = trial.bot.ledger.strayed
            assert strayed is not None
            assert "older copy" in strayed.why
    trial.take_over = True
    async with trial:
        await answered_and_posted(3)
        await trial.bot.settle()
    assert answers() == 3, "the second mention was answered once, although this ledger does not know it"
    keys = [attempt.key for attempt in trial.platform.attempts]
    assert len(keys) == len(set(keys)), "no hour had two posts"


@pytest.mark.asyncio
async def test_a_day_that_the_other_copy_has_served_is_served(tmp_path: Path) -> None:
    daily = "answer: mentions\npost: {name: daily, at: 12:20, late_ok: 20 hours, say: The lamp is lit.}\n"
    trial = listing(Trial(tmp_path / "bot", rules=daily))
    store = tmp_path / "bot" / "data" / "ada.db"
    async with trial:
        await trial.bot.commands.obey("post", {"text": "Noon.", "at": trial.clock.micros() + 600_000_000})
    shutil.copyfile(store, tmp_path / "backup.db")
    async with trial:
        await trial.past(lambda: len(trial.platform.texts) == 2, by=timedelta(minutes=1))
    shutil.copyfile(tmp_path / "backup.db", store)
    trial.take_over = True
    async with trial:
        trial.mention()
        await trial.past(lambda: len(trial.platform.texts) > 2)
        await trial.bot.settle()
    assert sorted(trial.platform.texts) == ["Noon.", "The lamp is lit.", "You said: Are you there?"]


@pytest.mark.asyncio
async def test_drafts_that_were_there_before_are_known_and_later_ones_are_posted(tmp_path: Path) -> None:
    drafts = tmp_path / "bot" / "drafts"
    drafts.mkdir(parents=True)
    trial = listing(Trial(tmp_path / "bot", rules="post: {name: notes, at: 13:00, from: {folder: drafts}}\n"))
    store = tmp_path / "bot" / "data" / "ada.db"
    async with trial:
        pass
    shutil.copyfile(store, tmp_path / "backup.db")
    (drafts / "first.md").write_text("The first.\n", encoding="utf-8")
    async with trial:
        await trial.past(lambda: trial.platform.texts, by=timedelta(minutes=10))
    shutil.copyfile(tmp_path / "backup.db", store)
    trial.take_over = True
    async with trial:
        known = "begins anew:notes"
        while await trial.bot.ledger.facts(known):
            trial.clock.turn(timedelta(seconds=10))
            await asyncio.sleep(0.001)
        (drafts / "second.md").write_text("The second.\n", encoding="utf-8")
        await trial.past(lambda: len(trial.platform.texts) > 1, by=timedelta(minutes=10))
        await trial.bot.settle()
    assert trial.platform.texts == ["The first.", "The second."]


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.asyncio
async def test_what_a_copy_was_about_to_send_is_looked_for_first(tmp_path: Path, *, is_there: bool) -> None:
    trial = listing(Trial(tmp_path / "one"))
    async with trial:
        await trial.bot.commands.obey("pause", {})
        trial.mention()
        await trial.counted({State.INTENDED: 1})
    copy = copied(trial, tmp_path / "two")
    copy.take_over = True
    if is_there:
        async with trial:
            await trial.bot.commands.obey("resume", {})
            await trial.counted({State.SENT: 1})
    async with copy:
        await copy.bot.commands.obey("resume", {})
        await copy.past(lambda: copy.platform.texts)
        await copy.counted({State.SENT: 1}, by=timedelta(seconds=1))
    assert len(trial.platform.texts) == 1


@pytest.mark.asyncio
async def test_what_was_not_decided_when_the_copy_was_made_is_left_alone(tmp_path: Path) -> None:
    trial = Trial(tmp_path / "one", rules="answer: mentions\napprove: always\n")
    async with trial:
        trial.mention()
        await trial.counted({State.HELD: 1})
    copy = copied(trial, tmp_path / "two")
    copy.take_over = True
    async with copy:
        await copy.counted({State.IGNORED: 1})
        assert any("the other copy may have answered it" in line for line in await copy.journal())


@pytest.mark.asyncio
async def test_a_folder_that_was_renamed_goes_on(tmp_path: Path) -> None:
    trial = Trial(tmp_path / "one")
    async with trial:
        pass
    (tmp_path / "one").rename(tmp_path / "two")
    renamed = Trial(tmp_path / "two")
    async with renamed:
        assert not is_stray(renamed), "it is the very file, and no other copy of it is there"


@pytest.mark.asyncio
async def test_another_machine_is_known_by_its_name_and_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = tmp_path / "machine-id"
    number.write_text("0123456789abcdef\n", encoding="utf-8")
    monkeypatch.setattr("greenroom.storage.sqlite.home.MACHINE", number)
    monkeypatch.setattr("greenroom.storage.sqlite.home.CONTAINERS", ())
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    trial = Trial(tmp_path)
    async with trial:
        pass
    monkeypatch.setattr("socket.gethostname", lambda: "as-the-network-calls-it")
    async with trial:
        assert not is_stray(trial), "the same machine and the very file: networks rename laptops"
    number.write_text("fedcba9876543210\n", encoding="utf-8")
    monkeypatch.setattr("socket.gethostname", lambda: "Elsewhere.example")
    async with trial:
        strayed = trial.bot.ledger.strayed
        assert strayed is not None
        assert strayed.why.endswith("and now it is on elsewhere")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    trial.take_over = True
    async with trial:
        pass
    trial.take_over = False
    monkeypatch.setattr("socket.gethostname", lambda: "another-pod")
    async with trial:
        assert not is_stray(trial), "each new container has another name, and the same disk"


@pytest.mark.asyncio
async def test_where_machines_have_no_number_another_name_and_another_file_make_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenroom.storage.sqlite.home.MACHINE", tmp_path / "none")
    monkeypatch.setattr("greenroom.storage.sqlite.home.CONTAINERS", ())
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    trial = Trial(tmp_path)
    store = tmp_path / "data" / "ada.db"
    async with trial:
        pass
    monkeypatch.setattr("socket.gethostname", lambda: "elsewhere")
    async with trial:
        assert not is_stray(trial)
    shutil.copyfile(store, tmp_path / "again.db")
    (tmp_path / "again.db").replace(store)
    monkeypatch.setattr("socket.gethostname", lambda: "yet-elsewhere")
    async with trial:
        assert is_stray(trial)


@pytest.mark.asyncio
async def test_a_whole_folder_that_was_put_back_is_a_copy(tmp_path: Path) -> None:
    trial = Trial(tmp_path / "bot")
    async with trial:
        pass
    shutil.copytree(tmp_path / "bot", tmp_path / "backup")
    async with trial:
        pass
    (tmp_path / "bot").rename(tmp_path / "lost")
    shutil.copytree(tmp_path / "backup", tmp_path / "bot")
    async with trial:
        assert is_stray(trial), "with its note beside it, and at the same place"


@pytest.mark.asyncio
async def test_a_disk_that_numbers_its_files_anew_makes_no_copy(tmp_path: Path) -> None:
    trial = Trial(tmp_path)
    store = tmp_path / "data" / "ada.db"
    async with trial:
        pass
    # the same content in a file of another number, beside the very note
    shutil.copyfile(store, tmp_path / "again.db")
    (tmp_path / "again.db").replace(store)
    async with trial:
        assert not is_stray(trial)


@pytest.mark.asyncio
async def test_a_kill_between_the_ledger_and_its_note_makes_no_copy(tmp_path: Path) -> None:
    trial = Trial(tmp_path)
    note = tmp_path / "data" / "ada.db-home"
    async with trial:
        before = note.read_text(encoding="utf-8")
    async with trial:
        assert note.read_text(encoding="utf-8") != before
    note.write_text(before, encoding="utf-8")
    async with trial:
        assert not is_stray(trial), "the ledger is ahead of its note: it is no older copy"
    note.write_text("", encoding="utf-8")
    async with trial:
        assert not is_stray(trial)


@pytest.mark.parametrize(("later", "goes_on"), [(60, True), (61, False)])
@pytest.mark.asyncio
async def test_what_was_packed_to_be_moved_goes_on_within_an_hour(tmp_path: Path, later: int, *, goes_on: bool) -> None:
    trial = Trial(tmp_path / "one", rules="answer: mentions\napprove: always\n")
    async with trial:
        trial.mention()
        await trial.counted({State.HELD: 1})
    moved = copied(trial, tmp_path / "two")
    store = Path("data") / "ada.db"
    (tmp_path / "two" / store).unlink()
    copy_ledger(tmp_path / "one" / store, tmp_path / "two" / store, moves=True, at=trial.clock.micros())
    with pytest.raises(LedgerMoved, match="not taken over here yet"):
        await moved.start()
    trial.clock.turn(timedelta(minutes=later))
    moved.take_over = True
    async with moved:
        await moved.counted({State.HELD: 1} if goes_on else {State.IGNORED: 1})
