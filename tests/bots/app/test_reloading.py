"""An edited file takes effect between two turns, or is told and leaves everything as it was."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from greenroom.app import Bot
from greenroom.app.reloading import usable_now
from greenroom.generation import EngineUnavailable
from greenroom.memory import EmbeddingFailed
from greenroom.settings import BotFile, Mistakes, load_bot
from greenroom.storage import NOBODYS, Cause, State
from greenroom.testing import Trial
from greenroom.turns.beginning import PASSED_ON
from greenroom_adapters.contract import Limits, MediaLimit, PostEdited, PostRef, Room, TextLimit, Unavailable

BOT = """\
bot: ada
persona: ada.yaml
accounts: {home: {platform: scripted}}
timezone: UTC
engines: hold
"""
TWO = """\
bot: ada
persona: ada.yaml
accounts: {home: {platform: scripted}, away: {platform: scripted}}
timezone: UTC
engines: hold
"""
REHEARSING = """\
bot: ada
persona: ada.yaml
accounts: {home: {platform: scripted, live: false}}
timezone: UTC
engines: hold
"""
PERSONA = "persona: {name}\nwho: keeps the lighthouse\nbounds: {{length: 1-500}}\n"


@pytest_asyncio.fixture
async def trial(tmp_path: Path) -> AsyncIterator[Trial]:
    """Not started yet; stopped in the end."""
    made = Trial(tmp_path)
    yield made
    await made.stop()


async def noted(trial: Trial, words: str) -> str:
    """Let time pass until the journal says something, and return that line."""
    async with asyncio.timeout(10):
        while True:
            trial.clock.turn(timedelta(seconds=1))
            await asyncio.sleep(0.002)
            for line in await trial.journal():
                if words in line:
                    return line


async def looked(trial: Trial) -> None:
    """Let time pass in which every edit would have been seen."""
    for _ in range(8):
        trial.clock.turn(timedelta(seconds=1))
        await asyncio.sleep(0.005)


def persona(trial: Trial, text: str) -> None:
    (trial.path.parent / "ada.yaml").write_text(text, encoding="utf-8")


@pytest.mark.asyncio
async def test_an_edited_rule_takes_effect_while_it_runs(trial: Trial) -> None:
    async with trial:
        trial.rewrite("answer: {to: mentions, say: Later.}\n")
        line = await noted(trial, "taken up")
        assert "bot.yaml" in line
        assert "→" in line
        trial.mention()
        await trial.counted({State.SENT: 1})
    assert trial.platform.texts == ["Later."]


@pytest.mark.asyncio
async def test_a_turn_never_mixes_two_personas_and_the_old_voice_is_closed_after_its_last_turn(trial: Trial) -> None:
    async with trial:
        before = trial.bot.persona.version
        trial.engine.gate.clear()
        trial.mention("to the old one")
        await trial.until(lambda: trial.engine.at_work == 1)
        persona(trial, PERSONA.format(name="Bella"))
        await noted(trial, "ada.yaml")
        trial.mention("to the new one")
        await trial.until(lambda: trial.engine.at_work == 2)
        trial.engine.gate.set()
        await trial.counted({State.SENT: 2})
        after = trial.bot.persona.version
        assert [(await trial.turn(f"mention-{number}")).persona for number in (1, 2)] == [before, after]
    assert [brief.persona.persona for brief in trial.engine.briefs] == ["Ada", "Bella"]


@pytest.mark.asyncio
async def test_a_turn_whose_file_is_edited_while_its_start_is_noted_gets_the_words_of_the_edited_one(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with trial:
        trial.engine.gate.clear()
        trial.mention()
        await trial.until(lambda: trial.engine.at_work == 1)
    trial.engine.gate.set()
    trial.engine.briefs.clear()
    trial.platform.entering.append(Unavailable("the platform sleeps"))
    async with trial:
        bot = trial.bot
        noted_on_disk, edits = bot.ledger.committed, list[str]()

        async def committed() -> None:
            if not edits and any(turn.starts for turn in bot.desks["home"].in_memory()):
                edits.append("answer: {to: mentions, say: Later.}\n")
                trial.rewrite(edits[0])
                await trial.past(lambda: bot.file.answer[0].say)
            await noted_on_disk()

        monkeypatch.setattr(bot.ledger, "committed", committed)
        await trial.counted({State.SENT: 1}, by=timedelta(seconds=1))
        assert edits
    assert trial.platform.texts == ["Later."]
    assert trial.engine.briefs == []


class SlowToClose:
    """Makes no vectors, and takes its time to be closed."""

    name = "slow"

    def __init__(self) -> None:
        self.is_closing = asyncio.Event()
        self.may_close = asyncio.Event()

    async def embed(self, texts: Sequence[str], *, turn: str, cause: Cause = NOBODYS) -> list[Sequence[float]]:
        raise EmbeddingFailed("never")

    async def aclose(self) -> None:
        self.is_closing.set()
        await self.may_close.wait()


@pytest.mark.asyncio
async def test_an_engine_that_is_slow_to_close_leaves_no_turn_between_two_files(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowToClose()

    def embedder(bot: Bot, file: BotFile) -> SlowToClose | None:
        return slow if file.engines.embeddings else None

    monkeypatch.setattr(Bot, "embedder", embedder)
    passed_on = "answer: {{to: mentions, tell: true, within: {within}}}\ntell: home/@maria\n"
    head = BOT.replace("hold", "{text: hold, embeddings: {model: small, server: 'http://127.0.0.1:9/v1'}}")
    trial.rewrite(passed_on.format(within="1 hour"), head=head)
    async with trial:
        trial.rewrite(passed_on.format(within="2 hours"))
        await trial.past(slow.is_closing.is_set)
        trial.mention()
        await trial.counted({State.IGNORED: 1})
        assert trial.engine.briefs == [], "both files leave it to the owner"
        slow.may_close.set()


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("bot.yaml", "bot: ada\npersona: ada.yaml\naccounts: {home: {platform: scripted}}\nanswr: mentions\n", ":4:1:"),
        ("bot.yaml", "bot: [ada\n", "bot.yaml:"),
        ("ada.yaml", "persona: Ada\nwho: keeps\nbunds: {}\n", ":3:1:"),
        ("bot.yaml", "bot: ada\npersona: gone.yaml\naccounts: {home: {platform: scripted}}\n", ":2:1:"),
        ("bot.yaml", f"{BOT}post: {{say: x, cron: 0 0 30 2 *}}\n", ":6:16:"),
    ],
)
@pytest.mark.asyncio
async def test_a_mistake_is_told_once_with_its_place_and_the_last_good_version_stays_over_restarts(
    trial: Trial, name: str, text: str, place: str
) -> None:
    async with trial:
        good = (trial.path.parent / name).read_text(encoding="utf-8")
        (trial.path.parent / name).write_text(text, encoding="utf-8")
        assert place in await noted(trial, "edit refused")
        await looked(trial)
        assert sum("edit refused" in line for line in await trial.journal()) == 1
        trial.mention()
        await trial.counted({State.SENT: 1})
    for _ in range(2):
        async with trial:
            assert trial.bot.refused is not None
            trial.mention()
            await trial.until(lambda: len(trial.platform.posts) > 1)
    async with trial:
        (trial.path.parent / name).write_text(good + "# mended\n", encoding="utf-8")
        await noted(trial, "taken up")


@pytest.mark.asyncio
async def test_a_file_that_goes_back_to_what_it_was_is_in_force_again_without_a_word_of_change(trial: Trial) -> None:
    async with trial:
        good = trial.path.read_text(encoding="utf-8")
        trial.path.write_text(good + "nonsense: 1\n", encoding="utf-8")
        await noted(trial, "edit refused")
        trial.path.write_text(good, encoding="utf-8")
        await looked(trial)
        assert not any("taken up" in line for line in await trial.journal())
        trial.path.write_text(good + "nonsense: 1\n", encoding="utf-8")
        await looked(trial)
        assert sum("edit refused" in line for line in await trial.journal()) == 2


@pytest.mark.asyncio
async def test_a_file_with_mistakes_without_any_good_version_does_not_start(trial: Trial) -> None:
    trial.rewrite("nonsense: 1\n")
    with pytest.raises(Mistakes, match="nonsense"):
        await trial.start()


@pytest.mark.asyncio
async def test_a_broken_file_finds_its_ledger_wherever_the_file_says_it_is(trial: Trial) -> None:
    trial.rewrite("answer: mentions\nstore: elsewhere/mine.db\n")
    async with trial:
        pass
    trial.rewrite("answer: mentions\nstore: elsewhere/mine.db # here\nbroken: [\n")
    async with trial:
        assert trial.bot.file.store == trial.path.parent / "elsewhere" / "mine.db"
        assert trial.bot.refused is not None


@pytest.mark.asyncio
async def test_a_script_is_watched_and_kept_like_the_others(trial: Trial) -> None:
    script = trial.path.parent / "ada.script.yaml"
    script.write_text("posts:\n  - The lamp is lit.\n", encoding="utf-8")
    persona(trial, PERSONA.format(name="Ada") + "script: ada.script.yaml\n")
    head = TWO.replace(", away: {platform: scripted}", "").replace("engines: hold", "engines: script")
    trial.rewrite("answer: mentions\n", head=head)
    async with trial:
        script.write_text("posts:\n  - The lamp is lit.\nnonsense: 1\n", encoding="utf-8")
        assert "ada.script.yaml:" in await noted(trial, "edit refused")
    async with trial:
        assert trial.bot.refused is not None
        script.write_text("posts:\n  - The lamp is out.\n", encoding="utf-8")
        assert "ada.script.yaml" in await noted(trial, "taken up")


@pytest.mark.asyncio
async def test_an_account_that_goes_live_speaks_and_one_that_rehearses_holds_back_what_waits(trial: Trial) -> None:
    trial.rewrite("answer: mentions\n", head=REHEARSING)
    async with trial:
        trial.mention()
        await trial.counted({State.IGNORED: 1})
        trial.rewrite("answer: mentions\n")
        await noted(trial, "taken up")
        trial.mention()
        await trial.counted({State.IGNORED: 1, State.SENT: 1})
        await trial.bot.commands.obey("pause", {})
        trial.mention()
        await trial.counted({State.IGNORED: 1, State.SENT: 1, State.INTENDED: 1})
        trial.rewrite("answer: mentions\n", head=REHEARSING)
        await trial.counted({State.IGNORED: 2, State.SENT: 1}, by=timedelta(seconds=1))
        await trial.bot.commands.obey("resume", {})
        await looked(trial)
    assert len(trial.platform.posts) == 1


@pytest.mark.asyncio
async def test_an_edited_post_is_not_posted_twice_a_day_and_the_next_times_are_told(
    trial: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    trial.rewrite("post: {at: 12:01, say: Noon.}\n")
    async with trial:
        await trial.past(lambda: trial.platform.posts)
        trial.rewrite("post: {at: 12:05, say: Noon and a bit.}\n")
        with caplog.at_level("INFO", logger="greenroom"):
            await noted(trial, "taken up")
            await trial.until(lambda: any(record.message == "next post" for record in caplog.records))
        told = next(record for record in caplog.records if record.message == "next post")
        assert told.__dict__["facts"] == {"bot": "ada", "post": "post", "at": "Tue 2026-11-24 12:05"}
        for _ in range(60):
            trial.clock.turn(timedelta(minutes=1))
            await asyncio.sleep(0.002)
        assert trial.platform.texts == ["Noon."]
        trial.clock.turn(timedelta(hours=22))
        await trial.past(lambda: len(trial.platform.posts) == 2, by=timedelta(seconds=30), patience=20)
    assert trial.platform.texts == ["Noon.", "Noon and a bit."]


@pytest.mark.asyncio
async def test_what_cannot_change_while_it_runs_is_told_and_the_rest_takes_effect(trial: Trial) -> None:
    async with trial:
        rules = "answer: {to: mentions, say: Changed.}\npost: {every: 1 minute, say: x, in: away}\n"
        trial.rewrite(rules, head=TWO.replace("bot: ada", "bot: other"))
        await noted(trial, "taken up")
        journal = await trial.journal()
        assert any("another `bot`" in line for line in journal)
        assert any("the new account `away`" in line for line in journal)
        trial.mention()
        await trial.counted({State.SENT: 1})
        trial.clock.turn(timedelta(minutes=2))
        await looked(trial)
    assert trial.platform.texts == ["Changed."]


@pytest.mark.asyncio
async def test_a_file_whose_picture_went_missing_is_refused_as_a_whole(trial: Trial) -> None:
    picture = trial.path.parent / "cat.png"
    async with trial:
        trial.rewrite("answer: {to: mentions, say: Changed.}\npost: {cron: 0 0 30 2 *, say: x}\n")
        assert "never" in await noted(trial, "edit refused")
        assert not picture.exists()
        trial.mention("still the old rules")
        await trial.counted({State.SENT: 1})
    assert trial.platform.texts == ["You said: still the old rules"]


@pytest.mark.asyncio
async def test_of_a_file_that_is_refused_for_one_of_its_posts_no_other_is_posted(trial: Trial) -> None:
    (trial.path.parent / "drafts").mkdir()
    async with trial:
        trial.rewrite(
            "post:\n"
            "- {name: often, every: 1 minute, say: Too soon.}\n"
            "- {name: never, cron: 0 0 30 2 *, from: {folder: drafts}}\n"
        )
        assert "never" in await noted(trial, "edit refused")
        trial.clock.turn(timedelta(minutes=2))
        await looked(trial)
    assert trial.platform.texts == []


def test_of_an_edited_account_only_live_changes_at_once(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("persona: Ada\nwho: is here\n", encoding="utf-8")

    def read(accounts: str) -> Any:
        path = tmp_path / "bot.yaml"
        path.write_text(f"bot: ada\npersona: p.yaml\naccounts: {accounts}\npost: {{every: 1 hour, say: x}}\n", "utf-8")
        return load_bot(path)

    old = read("{a: {platform: stage}, b: {platform: stage}}")
    new = read("{a: {platform: stage, live: false, handle: other}, c: stage}")
    file, later = usable_now(old, new)
    assert set(file.accounts) == {"a", "b"}
    assert (file.accounts["a"].live, dict(file.accounts["a"].settings)) == (False, {})
    assert len(later) == 3
    assert usable_now(old, old) == (old, [])


@pytest.mark.asyncio
async def test_a_rule_that_is_written_before_another_does_not_answer_in_its_name(trial: Trial) -> None:
    refund = "  - {to: mentions, words: [refund], approve: always}\n"
    trial.rewrite(f"answer:\n{refund}  - mentions\n")
    async with trial:
        trial.engine.outcomes.append(EngineUnavailable("away"))
        trial.mention("refund please")
        await trial.until(lambda: trial.engine.briefs)
        trial.rewrite(f"answer:\n  - {{to: mentions, words: [hello], say: Hello.}}\n{refund}  - mentions\n")
        await noted(trial, "taken up")
        await trial.counted({State.HELD: 1}, by=timedelta(seconds=1))
        assert trial.platform.texts == []


@pytest.mark.asyncio
async def test_a_turn_whose_rule_was_edited_is_decided_anew(trial: Trial) -> None:
    trial.rewrite("answer: {to: mentions, within: 5 hours}\n")
    async with trial:
        trial.engine.outcomes.append(EngineUnavailable("away"))
        trial.mention("is it lit?")
        await trial.until(lambda: trial.engine.briefs)
    trial.rewrite("answer: {to: mentions, words: [refund]}\n")
    async with trial:
        await trial.counted({State.IGNORED: 1}, by=timedelta(seconds=1))
        reason = "the edited file leaves it alone: it has none of the words that the rules wait for"
        assert (await trial.turn("mention-1")).reason == reason


@pytest.mark.parametrize("how", ["pause", "stop-all"])
@pytest.mark.parametrize(
    ("edit", "why"),
    [
        ("people: {blocked: home/u1}\n", "it was written by somebody who is blocked"),
        (
            "rooms: {lounge: {is: home/lounge, mode: listen}}\n",
            "it was said in a room where the bot only listens",
        ),
    ],
)
@pytest.mark.asyncio
async def test_who_is_silenced_while_his_turn_waits_is_not_answered_when_it_goes_on(
    trial: Trial, how: str, edit: str, why: str
) -> None:
    async with trial:
        await trial.bot.commands.obey(how, {})
        trial.mention("are you there", room=Room(id="!r", name="lounge"))
        await looked(trial)
        trial.rewrite(f"answer: mentions\n{edit}")
        await noted(trial, "taken up")
        await trial.bot.commands.obey("resume", {})
        await trial.counted({State.IGNORED: 1}, by=timedelta(seconds=1))
        assert (await trial.turn("mention-1")).reason == f"the edited file leaves it alone: {why}"
    assert trial.platform.texts == []


@pytest.mark.asyncio
async def test_who_is_silenced_while_the_bot_is_down_is_not_answered_either(trial: Trial) -> None:
    async with trial:
        await trial.bot.commands.obey("pause", {})
        trial.mention()
        await trial.counted({State.INTENDED: 1})
    trial.rewrite("answer: mentions\npeople: {blocked: home/u1}\n")
    async with trial:
        await trial.bot.commands.obey("resume", {})
        await trial.counted({State.IGNORED: 1}, by=timedelta(seconds=1))
    assert trial.platform.texts == []


@pytest.mark.parametrize(
    ("edit", "goes_out"), [("answer: {to: mentions, words: [refund]}\n", True), ("people: {blocked: home/u1}\n", False)]
)
@pytest.mark.asyncio
async def test_what_its_owner_let_out_is_stopped_by_silencing_alone(trial: Trial, edit: str, *, goes_out: bool) -> None:
    trial.rewrite("answer: mentions\napprove: always\n")
    async with trial:
        trial.mention()
        await trial.counted({State.HELD: 1})
        await trial.bot.commands.obey("pause", {})
        await trial.bot.commands.obey("approve", {"turns": "all"})
        trial.rewrite(f"approve: always\n{edit}" if "answer" in edit else f"approve: always\nanswer: mentions\n{edit}")
        await noted(trial, "taken up")
        await trial.bot.commands.obey("resume", {})
        await trial.counted({State.SENT if goes_out else State.IGNORED: 1}, by=timedelta(seconds=1))


@pytest.mark.asyncio
async def test_a_mention_that_is_edited_into_one_for_its_owner_is_passed_to_him(trial: Trial) -> None:
    trial.rewrite("answer:\n  - {to: mentions, gather: 5 seconds}\n  - {to: mentions, words: [refund], tell: true}\n")
    async with trial:
        trial.mention("hello")
        await trial.counted({State.RECEIVED: 1})
        trial.platform.happen(
            PostEdited(
                id="e",
                source="",
                cursor="",
                occurred_at=trial.clock.now(),
                post=PostRef(id="p1"),
                text="I want a refund now",
            )
        )
        await trial.counted({State.IGNORED: 1}, by=timedelta(seconds=1))
        assert (await trial.turn("mention-1")).reason == PASSED_ON
        assert "passed on: its owner answers" in await trial.journal()
    assert trial.platform.texts == []
    assert not trial.engine.briefs


SPOILT = "persona: Ada\nwho: keeps the lighthouse\nvoicce: dry\n"


async def taken_up(trial: Trial) -> Mapping[str, Any]:
    """Let the running bot look at its files, as a command beside it does."""
    asked = asyncio.create_task(trial.bot.commands.obey("take-up", {}))
    await trial.past(asked.done)
    return asked.result()


@pytest.mark.parametrize(
    ("what", "restart"), [("persona", False), ("persona", True), ("bot", False), ("bot", True), ("picture", False)]
)
@pytest.mark.asyncio
async def test_the_word_live_false_is_obeyed_whatever_else_is_wrong(trial: Trial, what: str, *, restart: bool) -> None:
    async with trial:
        if what == "persona":
            persona(trial, SPOILT)
        more = {"bot": "limits: {repplies: 5/hour}\n", "picture": "post: {at: '08:00', say: x, picture: gone.png}\n"}
        head = REHEARSING + more.get(what, "")
        trial.rewrite("answer: mentions\n", head=head)
        assert "rehearses: home" in await noted(trial, "rehearses")
        if restart:
            await trial.crash()
            await trial.start()
        assert trial.bot.file.accounts["home"].live is False
        trial.mention()
        await trial.counted({State.IGNORED: 1})
        answer = await taken_up(trial)
        assert answer["live"] == {"home": False}
        assert answer["refused"]
    assert trial.platform.texts == []


@pytest.mark.asyncio
async def test_what_waits_is_set_aside_by_that_word_and_a_file_as_it_was_lets_it_speak_again(trial: Trial) -> None:
    async with trial:
        await trial.bot.commands.obey("pause", {})
        trial.mention()
        await trial.counted({State.INTENDED: 1})
        good = trial.path.read_text(encoding="utf-8")
        trial.rewrite("answer: mentions\nansver: x\n", head=REHEARSING)
        await noted(trial, "rehearses")
        await trial.counted({State.IGNORED: 1})
        await trial.bot.commands.obey("resume", {})
        trial.path.write_text(good, encoding="utf-8")
        answer = await taken_up(trial)
        assert answer == {"done": "looked", "live": {"home": True}, "refused": None, "strayed": None}
        trial.mention()
        await trial.counted({State.IGNORED: 1, State.SENT: 1})


@pytest.mark.asyncio
async def test_a_command_takes_an_edit_up_at_once_and_says_what_is_in_force(trial: Trial) -> None:
    async with trial:
        trial.rewrite("answer: mentions\n", head=REHEARSING)
        assert (await taken_up(trial))["live"] == {"home": False}
        persona(trial, SPOILT)
        trial.rewrite("answer: mentions\n")
        answer = await taken_up(trial)
        assert answer["live"] == {"home": False}, "only silence is obeyed out of a file that is refused"
        assert "voicce" in answer["refused"]


@pytest.mark.asyncio
async def test_a_picture_that_is_gone_costs_its_own_post_and_no_start(trial: Trial) -> None:
    limit = MediaLimit(count=4, types=frozenset({"image/png"}), bytes=50_000, alt_length=100)
    trial.platform.capabilities = replace(
        trial.platform.capabilities, limits=Limits(text=(TextLimit(length=500),), media=limit)
    )
    picture = trial.path.parent / "sea.png"
    Image.new("RGB", (64, 64)).save(picture)
    trial.rewrite(
        "answer: mentions\npost:\n  - {name: sea, at: '12:20', say: Sea., picture: {file: sea.png, alt: sea}}\n"
        "  - {name: log, at: '12:20', say: Lamp lit.}\n"
    )
    async with trial:
        pass
    picture.unlink()
    async with trial:
        assert "there is no file" in str(trial.bot.refused)
        trial.mention()
        await trial.until(lambda: trial.platform.posts)
        await trial.past(lambda: "Lamp lit." in trial.platform.texts, by=timedelta(minutes=1))
        await trial.counted({State.SENT: 2, State.DEAD: 1})
        (dead,) = await trial.bot.ledger.turns(states=[State.DEAD])
        assert "sea.png" in dead.reason
    assert sorted(trial.platform.texts) == ["Lamp lit.", "You said: Are you there?"]


@pytest.mark.asyncio
async def test_a_key_that_only_looks_like_a_word_is_masked_in_the_journal(trial: Trial) -> None:
    # shorter than what the files are searched for, and known by its beginning to what masks the log
    key = "ghs_0123456789abcdefAB"
    async with trial:
        trial.rewrite(f"answer: mentions\ntell: {key}\n")
        line = await noted(trial, "edit refused")
        assert "is no account of this bot" in line
        assert key not in line
