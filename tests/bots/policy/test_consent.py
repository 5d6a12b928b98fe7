"""Who says stop is left alone at once, everywhere on that platform, until he says start."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.personas import Persona
from greenroom.policy import START, STOP, Terms
from greenroom.policy import consent as consent_module
from greenroom.policy.consent import Consent
from greenroom.settings import BotFile
from greenroom.storage import SqliteLedger, State
from greenroom.testing import ManualClock, Trial
from greenroom_adapters.contract import (
    Author,
    MentionReceived,
    MessageReceived,
    OwnPostSeen,
    PostRef,
    ReplyReceived,
    Room,
    TextEvent,
)

ME = Author(id="u0", handle="light_house", name="Lighthouse Ada")
IRIS, BEN = Author(id="u1", handle="iris"), Author(id="u2", handle="ben")


def said(text: str, kind: type[TextEvent] = MentionReceived) -> TextEvent:
    return kind(
        id="e",
        source="s",
        cursor="1",
        occurred_at=ManualClock().now(),
        post=PostRef(id="p"),
        author=IRIS,
        text=text,
        conversation="c",
    )


@pytest.fixture
def consent(tmp_path: Path) -> Consent:
    (tmp_path / "ada.yaml").write_text("persona: Ada\nwho: x\n")
    persona = Persona(persona="Ada", who="x", nicknames=("keeper",), languages=("pt-BR", "en"))
    file = BotFile.model_validate(
        {"bot": "ada", "persona": tmp_path / "ada.yaml", "accounts": {"home": {"platform": "scripted"}}}
    )
    made = Consent(SqliteLedger(tmp_path / "ada.db", bot="ada", clock=ManualClock()))
    made.use(Terms(file=file, persona=persona))
    return made


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("stop", STOP),
        ("@ada stop", STOP),
        ("@ada: STOP!", STOP),
        ("Ada, stop.", STOP),
        ("keeper stop", STOP),
        ("stop @ada", STOP),
        ("  @ada   pare  ", STOP),
        ("@ada start", START),
        ("@ada,stop", STOP),
        ("@light_house@home.example stop", STOP),
        ("@light_house STOP", STOP),
        ("Lighthouse Ada, stop", STOP),
        ("@keeper: stop", STOP),
        ("@bob stop", None),
        ("@ada @bob stop", None),
        ("stop @bob!", None),
        ("@adam stop", None),
        ("@ada please stop", None),
        ("@ada stop the rain", None),
        ("@ada do not stop", None),
        ("@ada non-stop", None),
        ("@ada stopp", None),
        ("@ada", None),
        ("", None),
    ],
)
def test_the_word_counts_only_as_the_whole_message_in_the_personas_languages(
    consent: Consent, text: str, word: str | None
) -> None:
    assert consent.word(said(text), ME) == word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("@ada:home.example stop", STOP),
        ("@ada: stop", STOP),
        ("@ada:elsewhere.example stop", None),
        ("@lamp:home.example stop", None),
    ],
)
def test_a_handle_with_its_server_is_not_one_of_another_server(consent: Consent, text: str, word: str | None) -> None:
    assert consent.word(said(text), Author(id="x", handle="ada:home.example")) == word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("@Green Room stop", STOP),
        ("@green  room: STOP!", STOP),
        ("stop @Green Room.", STOP),
        ("@Green Room @Green Room start", START),
        ("Green Room, stop", STOP),
        ("@Green Room#1234 stop", STOP),
        ("@Green Roomer stop", None),
        ("@Green Room:elsewhere.example stop", None),
        ("@Green stop", None),
        ("@Green Room @Bob Room stop", None),
        ("@ stop", None),
    ],
)
def test_a_name_with_spaces_in_it_is_the_bots_behind_an_at_as_well(
    consent: Consent, text: str, word: str | None
) -> None:
    assert consent.word(said(text), Author(id="x", handle="Green Room#1234", name="Green Room")) == word


def test_a_long_text_of_names_takes_no_longer_than_its_length(consent: Consent) -> None:
    assert consent.word(said("@a,:" * 20_000 + "!"), ME) is None


def called(*names: str) -> Consent:
    consent = Consent.__new__(Consent)
    file = BotFile.model_validate({"bot": "x", "persona": Path(__file__), "accounts": {"a": {"platform": "p"}}})
    consent.use(Terms(file=file, persona=Persona(persona=names[0], who="x", nicknames=names[1:])))
    return consent


@pytest.mark.parametrize("text", ["mary ann {}hello", "stop {}hello", "{}stop hello", "stop {}!x", "{}"])
def test_a_name_made_of_other_names_of_the_bot_costs_a_stranger_and_the_bot_nothing(text: str) -> None:
    consent = called("Mary Ann", "Mary", "Ann", "!")
    assert consent.word(said(text.format("mary ann " * 20_000))) is None
    assert consent.word(said(text.format("mary ann ! " * 20_000))) is None


PARTS = st.lists(st.sampled_from(["ada", "bo", "stop", "start"]), min_size=1, max_size=3).map(" ".join)


@settings(deadline=timedelta(seconds=1), max_examples=200)
@given(st.lists(PARTS, min_size=1, max_size=6, unique=True), PARTS, st.integers(0, 2000))
def test_no_row_of_names_takes_long_and_each_is_stripped_from_both_ends(names: list[str], row: str, times: int) -> None:
    consent = called(*names)
    assert consent.word(said(f"{row} " * times + "hello")) is None
    around = f"{names[0]}, " * times
    assert consent.word(said(f"{around}unsubscribe, {around}!")) == STOP


FOLDED = [chr(code) for code in range(0x110000) if (low := chr(code).casefold()).isascii() and low.isalpha()]
"""Whatever is an ASCII letter, or several, when case does not matter."""


@given(st.lists(st.sampled_from(FOLDED), max_size=12).map("".join))
def test_no_spelling_of_letters_is_more_than_the_word_or_talk(text: str) -> None:
    assert word_of_ada(text) == {"stop": STOP, "unsubscribe": STOP, "start": START}.get(text.casefold())


@given(st.sampled_from(["stop", "start", "unsubscribe"]), st.data())
def test_case_does_not_matter_in_any_of_its_forms(word: str, data: st.DataObject) -> None:
    text, left = "", word
    while left:
        letter = data.draw(st.sampled_from([one for one in FOLDED if left.startswith(one.casefold())]))
        text, left = text + letter, left[len(letter.casefold()) :]
    assert word_of_ada(text) == (START if word == "start" else STOP)


def test_who_does_not_speak_to_the_bot_has_not_told_it_to_stop(consent: Consent) -> None:
    assert consent.word(said("stop", MessageReceived)) is None


def word_of_ada(text: str) -> str | None:
    consent = Consent.__new__(Consent)
    persona = Persona(persona="Ada", who="x")
    file = BotFile.model_validate({"bot": "ada", "persona": Path(__file__), "accounts": {"a": {"platform": "p"}}})
    consent.use(Terms(file=file, persona=persona))
    return consent.word(said(text))


@given(st.text(max_size=200))
def test_no_other_text_is_taken_for_the_word(text: str) -> None:
    if word_of_ada(text) is not None:
        left = re.sub(r"@[^\s,]+|\bada\b", "", text.casefold())
        assert re.sub(r"[\s.,:!]", "", left) in ("stop", "start", "unsubscribe")


@pytest.mark.asyncio
async def test_stop_is_confirmed_once_and_holds_until_start(trial: Trial) -> None:
    async with trial:
        trial.mention("@ada stop", author=IRIS)
        trial.mention("@ada stop", author=IRIS)
        trial.mention("@ada are you there?", author=IRIS)
        trial.mention("@ada and for me?", author=BEN)
        await trial.counted({State.SENT: 2, State.IGNORED: 2})
        assert [text for text in trial.platform.texts if "leave you alone" in text] == [
            'Understood, I leave you alone. Say "start" should you want me again.'
        ]
        assert "You said: @ada and for me?" in trial.platform.texts
        assert (
            await trial.turn("mention-3")
        ).reason == '@iris has said "stop", and is left alone until he says "start"'
        await trial.crash()
    async with trial:
        trial.mention("@ada hello?", author=IRIS)
        await trial.counted({State.SENT: 2, State.IGNORED: 3})
        assert [(one.handle, one.platform) for one in await trial.bot.ledger.stopped()] == [("iris", "scripted")]
        trial.mention("@ada start", author=IRIS)
        trial.mention("@ada hello again", author=IRIS)
        await trial.counted({State.SENT: 4, State.IGNORED: 3})
        assert trial.platform.texts[-2:] == ["Good. I answer you again.", "You said: @ada hello again"]
        assert await trial.bot.ledger.stopped() == []


@pytest.mark.asyncio
async def test_stop_takes_back_what_was_being_written_for_him(trial: Trial) -> None:
    async with trial:
        trial.engine.gate.clear()
        trial.mention("@ada tell me a story", author=IRIS, conversation="story")
        await trial.until(lambda: trial.engine.at_work)
        trial.mention("@ada stop", author=IRIS, conversation="other")
        await trial.until(lambda: trial.platform.posts)
        trial.engine.gate.set()
        await trial.counted({State.SENT: 1, State.IGNORED: 1})
        assert "stop" in (await trial.turn("mention-1")).reason


@pytest.mark.asyncio
async def test_an_old_stop_that_is_delivered_again_does_not_undo_a_start(trial: Trial) -> None:
    async with trial:
        stop = trial.mention("@ada stop", author=IRIS)
        await trial.counted({State.SENT: 1})
        trial.mention("@ada start", author=IRIS)
        await trial.counted({State.SENT: 2})
        trial.platform.happen(stop)
        trial.mention("@ada hello", author=IRIS)
        await trial.counted({State.SENT: 3})


@pytest.mark.asyncio
async def test_the_personas_own_line_is_said(trial: Trial) -> None:
    with (trial.path.parent / "ada.yaml").open("a") as file:
        file.write("lines: {stopped: The lamp is turned away from you.}\n")
    async with trial:
        trial.mention("@ada stop", author=IRIS)
        await trial.until(lambda: trial.platform.posts)
        assert trial.platform.texts == ["The lamp is turned away from you."]


async def busy_room(trial: Trial) -> None:
    """Let somebody else's message be worked on in the room until the engine's gate opens."""
    trial.engine.gate.clear()
    trial.mention("hello", conversation="room", author=BEN)
    await trial.until(lambda: trial.engine.at_work)


async def is_stopped(trial: Trial, *, wanted: bool) -> None:
    async with asyncio.timeout(10):
        while bool(await trial.bot.ledger.stopped()) is not wanted:
            await asyncio.sleep(0.002)


@pytest.mark.parametrize("how", ["runs", "stops", "crashes"])
@pytest.mark.asyncio
async def test_a_start_that_waits_in_a_busy_room_does_not_undo_a_later_stop(trial: Trial, how: str) -> None:
    async with trial:
        trial.mention("stop", conversation="a")
        await trial.counted({State.SENT: 1})
        await busy_room(trial)
        trial.mention("start", conversation="room")
        await is_stopped(trial, wanted=False)
        trial.mention("stop", conversation="b")
        await is_stopped(trial, wanted=True)
        await trial.counted({State.SENT: 1, State.IGNORED: 1, State.RECEIVED: 2})
        if how != "runs":
            await (trial.crash() if how == "crashes" else trial.stop())
            await trial.start()
        trial.engine.gate.set()
        await trial.counted({State.SENT: 2, State.IGNORED: 2})
        assert len(await trial.bot.ledger.stopped()) == 1, "his last word was stop"
        assert "Good. I answer you again." not in trial.platform.texts


@pytest.mark.parametrize("how", ["runs", "stops", "crashes"])
@pytest.mark.asyncio
async def test_a_stop_that_waits_in_a_busy_room_does_not_undo_a_later_start(trial: Trial, how: str) -> None:
    async with trial:
        await busy_room(trial)
        trial.mention("stop", conversation="room")
        await is_stopped(trial, wanted=True)
        trial.mention("start", conversation="b")
        await trial.counted({State.SENT: 1, State.RECEIVED: 2})
        if how != "runs":
            await (trial.crash() if how == "crashes" else trial.stop())
            await trial.start()
        trial.engine.gate.set()
        await trial.counted({State.SENT: 2, State.IGNORED: 1})
        assert await trial.bot.ledger.stopped() == []
        assert trial.platform.texts == ["Good. I answer you again.", "You said: hello"]


@pytest.mark.asyncio
async def test_a_stop_whose_note_a_crash_prevented_is_noted_and_confirmed_afterwards(trial: Trial) -> None:
    async with trial:
        trial.dies_at("after_inbox_insert")
        trial.mention("stop")
        await trial.until(lambda: trial.is_dead)
        await trial.bury()
    async with trial:
        await trial.counted({State.SENT: 1})
        assert "leave you alone" in trial.platform.texts[0]
        assert len(await trial.bot.ledger.stopped()) == 1


@pytest.mark.parametrize(
    ("rules", "start"),
    [
        ("approve: always\n", None),
        ("limits: {quiet: 11:00-13:00}\n", True),
        ("limits: {replies: 1/hour}\n", False),
        ("", None),
    ],
    ids=["held", "quiet", "replies", "person"],
)
@pytest.mark.asyncio
async def test_what_limits_answers_does_not_limit_the_confirmation_of_a_stop(
    tmp_path: Path, rules: str, *, start: bool | None
) -> None:
    """`start`: the answer to that goes out as well; None: whether it does depends on when the hand took the drafts."""
    async with Trial(tmp_path, rules=f"answer: mentions\n{rules}", guarded=True) as trial:
        for _ in range(6):
            # who waits for a place of the account keeps his lane
            trial.mention(conversation=None if "replies" in rules else "c")
        trial.platform.happen(
            OwnPostSeen(
                id="h",
                source="",
                cursor="",
                occurred_at=trial.clock.now(),
                post=PostRef(id="h"),
                text="This is Maria.",
                conversation="c",
            )
        )
        trial.mention("stop", conversation="c")
        await trial.until(lambda: trial.platform.posts)
        assert "leave you alone" in trial.platform.texts[-1]
        said = len(trial.platform.posts)
        trial.mention("start", conversation="d")
        await is_stopped(trial, wanted=False)
        if start:
            await trial.until(lambda: len(trial.platform.posts) > said)
            assert trial.platform.texts[-1] == "Good. I answer you again."
        elif start is False:
            await asyncio.sleep(0.05)
            assert len(trial.platform.posts) == said, "it waits for a place, as any answer does"


@pytest.mark.parametrize("mode", ["ignore", "listen", "mentions"])
@pytest.mark.asyncio
async def test_a_stop_is_noted_in_every_room_and_confirmed_where_the_bot_writes(trial: Trial, mode: str) -> None:
    trial.rewrite(f"answer: mentions\nrooms: {{elsewhere: {{mode: {mode}}}}}\n")
    async with trial:
        trial.mention("stop", room=Room(id="r1", name="quiet"))
        await trial.counted({State.SENT if mode == "mentions" else State.IGNORED: 1})
        assert len(await trial.bot.ledger.stopped()) == 1


@pytest.mark.asyncio
async def test_a_reply_that_says_stop_to_somebody_else_is_not_for_the_bot(trial: Trial) -> None:
    trial.rewrite("answer: replies\n")
    async with trial:
        trial.platform.happen(said("@bob stop", ReplyReceived))
        await trial.counted({State.SENT: 1})
        assert trial.platform.texts == ["You said: @bob stop"]
        assert await trial.bot.ledger.stopped() == []


@pytest.mark.parametrize("word", ["start", "stop"])
@pytest.mark.asyncio
async def test_an_old_start_that_is_heard_of_late_does_not_undo_a_stop(trial: Trial, word: str) -> None:
    async with trial:
        earlier = trial.clock.now()
        trial.clock.turn(timedelta(minutes=10))
        trial.mention("stop")
        await trial.counted({State.SENT: 1})
        trial.mention(word, occurred_at=earlier)
        await trial.counted({State.SENT: 1, State.IGNORED: 1})
        assert len(await trial.bot.ledger.stopped()) == 1
        trial.mention("start")
        await trial.counted({State.SENT: 2, State.IGNORED: 1})
        assert await trial.bot.ledger.stopped() == []


def in_room(trial: Trial, text: str) -> None:
    """Let iris say something in a room, by a client that marks nobody as mentioned."""
    number = len(trial.platform.history)
    trial.platform.happen(
        MessageReceived(
            id=f"m{number}",
            source="",
            cursor="",
            occurred_at=trial.clock.now(),
            post=PostRef(id=f"q{number}"),
            author=IRIS,
            text=text,
            conversation="!r",
            room=Room(id="!r", name="lounge"),
        )
    )


@pytest.mark.parametrize("text", ["Ada, stop", "stop Ada!", "keeper: unsubscribe", "@Ada stop"])
@pytest.mark.asyncio
async def test_who_names_the_bot_in_a_room_has_told_it_to_stop(trial: Trial, text: str) -> None:
    with (trial.path.parent / "ada.yaml").open("a") as file:
        file.write("nicknames: [keeper]\n")
    async with trial:
        in_room(trial, text)
        await trial.counted({State.SENT: 1}, by=timedelta(seconds=1))
        assert "leave you alone" in trial.platform.texts[0]
        in_room(trial, "Ada, how is the sea?")
        await trial.counted({State.SENT: 1, State.IGNORED: 1}, by=timedelta(seconds=1))
        in_room(trial, "Ada, start")
        in_room(trial, "Ada, how is the sea?")
        await trial.counted({State.SENT: 3, State.IGNORED: 1}, by=timedelta(seconds=1))


@pytest.mark.parametrize("text", ["stop", "@bob stop", "ada stopped", "home stop", "Ada, I said: stop"])
@pytest.mark.asyncio
async def test_a_word_in_a_room_that_does_not_name_the_bot_is_talk(trial: Trial, text: str) -> None:
    async with trial:
        in_room(trial, text)
        trial.mention("hello", author=BEN)
        await trial.until(lambda: trial.platform.posts)
        assert await trial.bot.ledger.stopped() == []


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.asyncio
async def test_who_turns_to_and_fro_is_obeyed_in_silence_until_the_next_day(trial: Trial, *, restart: bool) -> None:
    async with trial:
        for times in range(4):
            for word in ("stop", "start"):
                trial.mention(word)
                await is_stopped(trial, wanted=word == "stop")
            if restart and times == 1:
                await trial.crash()
                await trial.start()
        await trial.counted({State.SENT: 2, State.IGNORED: 6})
        assert [text[:4] for text in trial.platform.texts] == ["Unde", "Good"]
        trial.mention("hello")
        await trial.counted({State.SENT: 3, State.IGNORED: 6})
        trial.clock.turn(timedelta(hours=24))
        trial.mention("stop")
        await trial.counted({State.SENT: 4, State.IGNORED: 6})
        assert "leave you alone" in trial.platform.texts[-1]


@pytest.mark.asyncio
async def test_a_start_whose_note_a_crash_prevented_is_noted_and_confirmed_afterwards(trial: Trial) -> None:
    async with trial:
        trial.mention("stop")
        await trial.counted({State.SENT: 1})
        trial.dies_at("after_inbox_insert")
        trial.mention("start")
        await trial.until(lambda: trial.is_dead)
        await trial.bury()
    async with trial:
        await trial.counted({State.SENT: 2})
        assert await trial.bot.ledger.stopped() == []
        assert trial.platform.texts[-1] == "Good. I answer you again."


async def over(trial: Trial, number: int) -> None:
    """Wait until so many turns are over."""
    async with asyncio.timeout(10):
        while sum(count for state, count in (await trial.bot.ledger.counts()).items() if state.is_over) < number:
            await asyncio.sleep(0.002)


@pytest.mark.parametrize("fact", ["9 9 {now}", "9 9 {now} 0 0", "9 9 {now} 0 0 {now}", "9 9 {now} 0 0 {now} 7 later"])
@pytest.mark.asyncio
async def test_the_last_word_is_read_as_an_earlier_and_as_a_later_program_kept_it(trial: Trial, fact: str) -> None:
    earlier = trial.clock.now()
    trial.clock.turn(timedelta(hours=1))
    async with trial:
        ledger = trial.bot.ledger
        ledger.stop_speaking("scripted", IRIS.id, IRIS.handle, at=trial.clock.micros())
        ledger.remember(f"said:scripted/{IRIS.id}", fact.format(now=trial.clock.micros()))
        await ledger.committed()
    async with trial:
        for _ in range(10):
            trial.mention(author=BEN)
        await over(trial, 10)
        trial.mention("start", author=IRIS, occurred_at=earlier)
        await over(trial, 11)
        assert [one.handle for one in await trial.bot.ledger.stopped()] == ["iris"], "that was said before his stop"


@pytest.mark.asyncio
async def test_of_those_who_may_be_answered_again_no_word_is_kept_for_ever(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent_module, "MANY", 8)
    async with trial:
        earlier = trial.clock.now()
        trial.clock.turn(timedelta(hours=1))
        trial.mention("stop", author=BEN)
        for number in range(20):
            for word in ("stop", "start"):
                trial.mention(word, author=Author(id=f"s{number}", handle="s"))
            await over(trial, 3 + 2 * number)
            trial.clock.turn(timedelta(days=1))
        assert len(trial.bot.policy.consent._words) <= 12
        facts = await trial.bot.ledger.facts("said:")
        assert len(facts) <= 12
        assert "said:scripted/u2" in facts, "who is to be left alone is not forgotten"
        assert [one.handle for one in await trial.bot.ledger.stopped()] == ["ben"]
        trial.mention("start", author=BEN, occurred_at=earlier)
        await over(trial, 42)
        assert len(await trial.bot.ledger.stopped()) == 1, "that was said before his stop"
        said = len(trial.platform.posts)
        trial.mention("stop", author=Author(id="s0", handle="s"))
        await over(trial, 43)
        assert len(trial.platform.posts) == said + 1, "it is confirmed to somebody who is new again"
    async with trial:
        assert len(trial.bot.policy.consent._words) <= 12
