"""What people say of themselves: by rule, never about what is nobody's business, never to who did not hear it."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from greenroom.generation import Brief
from greenroom.generation.prompt import compose
from greenroom.memory.people import SAID, heard, usable
from greenroom.personas.remembering import FactKind, Remembering
from greenroom.storage import Audience, PersonFact, SqliteLedger, State
from greenroom.testing import Trial
from greenroom.testing.clock import ManualClock
from greenroom.testing.ledger import mention_turn
from greenroom_adapters.contract import Author, DirectMessageReceived, MentionReceived, PostRef, Room

ALL = Remembering(people=tuple(FactKind), remember={"boat": ("my boat is called *", "i sail the * again")})
PERSONA = """\
persona: Ada
who: keeps the lighthouse
memory: {people: [name, interests], remember: {boat: my boat is called *}}
"""
MOMENT = timedelta(milliseconds=20)
IRIS = Author(id="u1", handle="iris", name="Iris")


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("Hello! My name is Maria and I like soup.", [("name", "Maria"), ("interests", "soup")]),
        ("call me Mrs. Robinson", [("name", "Mrs")]),
        ("Ich heiße Jörg-Peter Müller", [("name", "Jörg-Peter Müller")]),
        ("je m\u2019appelle Zoé, et j'aime la mer", [("name", "Zoé"), ("interests", "la mer")]),
        ("I promise to bring the oars on Friday!", [("promises", "bring the oars on Friday")]),
        ("By the way my boat is called Northern Star.", [("boat", "Northern Star")]),
        ("I sail the Star again", [("boat", "Star")]),
        ("What is my name?", []),
        ("they call medics", []),
        ("I like my doctor", []),
        ("I love Jesus", []),
        ("I like illustration", [("interests", "illustration")]),
        ("My name is https://spam.example", []),
        ("I like maria@example.org", []),
        ("call me 0171 1234567", []),
        ("I love " + "x" * 200, []),
    ],
)
def test_facts_are_heard_by_rule(text: str, facts: list[tuple[str, str]]) -> None:
    assert list(heard(text, ALL)) == facts


def test_a_persona_that_remembers_nobody_hears_nothing() -> None:
    assert list(heard("My name is Maria", Remembering(people=()))) == []


SAYINGS = [
    *((str(kind), saying) for kind, sayings in SAID.items() for saying in sayings),
    *((kind, saying) for kind, sayings in ALL.remember.items() for saying in sayings),
]


@given(
    st.sampled_from(SAYINGS),
    st.sampled_from(["", "(", "Well, ", "Hello!\n", "...", "@ada "]),
    st.sampled_from([" ", "  ", "\n", "\u00a0"]),
    st.sampled_from(["", ".", "!)", " :-)"]),
    st.sampled_from([str, str.upper, str.title]),
)
def test_every_saying_is_heard_however_it_is_spelled(
    saying: tuple[str, str], before: str, gap: str, behind: str, spelled: Callable[[str], str]
) -> None:
    kind, pattern = saying
    said = pattern.replace("*", "Northern")
    said = said if "ß" in said else spelled(said)
    found = heard(f"{before}{said.replace(' ', gap)}{behind}", ALL)
    assert kind in {kind for kind, _ in found}


@given(st.text(max_size=600))
def test_whatever_is_said_facts_are_short_and_whole(text: str) -> None:
    for _, fact in heard(f"i like {text}", ALL):
        assert 0 < len(fact) <= 80
        assert "\n" not in fact


def fact(audience: Audience, place: str = "", text: str = "soup", **changes: object) -> PersonFact:
    values = {
        "platform": "scripted",
        "person": "u1",
        "kind": "interests",
        "text": text,
        "audience": audience,
        "place": place,
        "account": "home",
        "event_id": "e1",
        "said": 1,
    }
    return PersonFact(**{**values, **changes})  # type: ignore[arg-type] # each has its own type


PLACES = [(Audience.EVERYBODY, ""), (Audience.ROOM, "home/a"), (Audience.ROOM, "home/b"), (Audience.PERSON, "")]


@pytest.mark.parametrize("asked", PLACES)
@pytest.mark.parametrize("said", PLACES)
def test_a_fact_is_used_where_nobody_reads_it_who_did_not_hear_it(
    said: tuple[Audience, str], asked: tuple[Audience, str]
) -> None:
    may = said[0] is Audience.EVERYBODY or asked[0] is Audience.PERSON or said == asked
    assert bool(usable([fact(*said)], *asked)) is may


@pytest_asyncio.fixture
async def trial(tmp_path: Path) -> AsyncIterator[Trial]:
    """A bot that answers everywhere, with an engine that says all that it is told; not started."""
    made = Trial(tmp_path, rules="answer: [to: mentions, to: direct_messages]\n")
    (tmp_path / "ada.yaml").write_text(PERSONA, encoding="utf-8")
    yield made
    await made.stop()


def say(trial: Trial, number: int, text: str, where: str, author: Author = IRIS) -> None:
    """Let somebody write to the bot: in `public`, to his `followers` beside a public thread, in a room of any other
    name, or to it `alone`."""
    facts = {
        "id": f"said-{number}",
        "source": "",
        "cursor": "",
        "occurred_at": trial.clock.now(),
        "post": PostRef(id=f"p{number}"),
        "author": author,
        "text": text,
    }
    if where == "alone":
        trial.platform.happen(DirectMessageReceived(**facts, conversation=f"dm-{author.id}"))  # type: ignore[arg-type] # as above
    else:
        is_limited = where == "followers"
        room = None if where == "public" or is_limited else Room(id=where)
        conversation = where if is_limited else f"{where}-{number}"
        event = MentionReceived(**facts, conversation=conversation, room=room, is_limited=is_limited)  # type: ignore[arg-type] # as above
        trial.platform.happen(event)


async def prompt_of(trial: Trial, brief: Brief) -> str:
    """Return all that a model would read, and an obeying one could repeat."""
    made = compose(brief, await brief.history(), day=trial.clock.now().date(), facts=await brief.facts())
    return made.system + made.user


SECRETS = {
    "public": "Aurora",
    "harbour": "Borealis",
    "cellar": "Cassiopeia",
    "followers": "Eridanus",
    "alone": "Draco",
}
READ_IN = {
    "public": {"Aurora"},
    "harbour": {"Aurora", "Borealis"},
    "cellar": {"Aurora", "Cassiopeia"},
    "followers": {"Aurora", "Eridanus"},
    "alone": set(SECRETS.values()),
}


@pytest.mark.asyncio
async def test_what_was_said_in_a_private_place_never_reaches_a_wider_one(trial: Trial) -> None:
    async with trial:
        count = 0
        for where, boat in SECRETS.items():
            count += 1
            say(trial, count, f"My boat is called {boat}", where)
            await trial.counted({State.SENT: count}, by=timedelta(seconds=5))
        for where, allowed in READ_IN.items():
            count += 1
            say(trial, count, "What is my boat called?", where)
            await trial.counted({State.SENT: count}, by=timedelta(seconds=5))
            brief = trial.engine.briefs[-1]
            told = {fact.text for fact in await brief.facts()}
            assert told == allowed, where
            # the conversation of a place is its own, so what is read there is what was said there
            assert {boat for boat in SECRETS.values() if boat in await prompt_of(trial, brief)} == allowed, where
        count += 1
        say(trial, count, "What is @iris's boat called?", "public", Author(id="u2", handle="bo"))
        await trial.counted({State.SENT: count}, by=timedelta(seconds=5))
        assert await trial.engine.briefs[-1].facts() == ()


@pytest.mark.asyncio
async def test_what_do_you_know_about_me_is_answered_in_full_alone_and_by_a_count_elsewhere(trial: Trial) -> None:
    async with trial:
        say(trial, 1, "My boat is called Draco", "alone")
        await trial.counted({State.SENT: 1}, by=timedelta(seconds=5))
        briefs = len(trial.engine.briefs)
        say(trial, 2, "@ada what do you know about me?", "public")
        say(trial, 3, "What do you know about me", "alone")
        await trial.counted({State.SENT: 3}, by=timedelta(seconds=5))
        assert len(trial.engine.briefs) == briefs, "no engine is asked"
        public, alone = sorted(trial.platform.texts[1:], key=len)
        assert public == "I keep 1 thing of you. Ask me where nobody else reads it, and I say which."
        assert "- boat: Draco (said to me alone, 2026-11-23)" in alone
        assert 'Say "forget me"' in alone
        say(trial, 4, "what do you remember about me?", "public")
        await trial.counted({State.SENT: 3, State.IGNORED: 1}, by=timedelta(seconds=5))


@pytest.mark.asyncio
async def test_behind_ask_everybody_in_the_room_reads_the_answer_so_it_is_a_count(trial: Trial) -> None:
    async with trial:
        say(trial, 1, "My boat is called Draco", "alone")
        await trial.counted({State.SENT: 1}, by=timedelta(seconds=5))
        trial.command("ask", "what do you know about me?")
        await trial.counted({State.SENT: 2}, by=timedelta(seconds=5))
        assert trial.platform.texts[-1].startswith("I keep 1 thing of you. Ask me where nobody else reads it")


@pytest.mark.asyncio
async def test_whoever_says_forget_me_again_and_again_is_forgotten_each_time_and_told_once(trial: Trial) -> None:
    async with trial:
        say(trial, 1, "Forget me!", "public")
        await trial.counted({State.SENT: 1}, by=MOMENT)
        for number in range(2, 6, 2):
            say(trial, number, "My boat is called Draco", "alone")
            await trial.counted({State.SENT: 1 + number // 2, **({State.IGNORED: 1} if number > 2 else {})}, by=MOMENT)
            assert await trial.bot.ledger.facts_about("scripted", "u1")
            say(trial, number + 1, "Forget me!", "public")
            await trial.counted({State.SENT: 1 + number // 2, State.IGNORED: number // 2}, by=MOMENT)
            assert await trial.bot.ledger.facts_about("scripted", "u1") == []
        assert sum("forgotten" in text for text in trial.platform.texts) == 1
        trial.clock.turn(timedelta(minutes=11))
        say(trial, 6, "Forget me!", "public")
        await trial.past(lambda: sum("forgotten" in text for text in trial.platform.texts) == 2)


@pytest.mark.asyncio
async def test_what_somebody_said_of_himself_goes_with_the_message_that_he_deletes(ledger: SqliteLedger) -> None:
    kept = [mention_turn(number) for number in (1, 2)]
    for turn in kept:
        ledger.receive(turn)
        ledger.note_fact(
            fact(Audience.EVERYBODY, account=turn.account, event_id=turn.event_id, text=turn.event_id), single=False
        )
    await ledger.committed()
    for turn in kept:
        turn.state = State.IGNORED
        ledger.save(turn)
        ledger.note(turn.seq, "tool tides", '{"place": "home of u1"} → 12 characters')
    await ledger.committed()
    await ledger.empty([kept[0].seq])
    assert [one.event_id for one in await ledger.facts_about("scripted", "u1")] == [kept[1].event_id]
    assert [entry.seq for entry in await ledger.journal(limit=10) if entry.what == "tool tides"] == [kept[1].seq]


@pytest.mark.asyncio
async def test_forget_me_in_words_leaves_nothing_in_any_file_of_the_ledger(trial: Trial, tmp_path: Path) -> None:
    quixote = Author(id="u7", handle="quixotic", name="Quix")
    trial.engine.outcomes.append("Zanzibar is a fine name.")
    async with trial:
        say(trial, 1, "My boat is called Zanzibar, and I like mulberries", "alone", quixote)
        await trial.counted({State.SENT: 1}, by=timedelta(seconds=5))
        say(trial, 2, "My boat is called Kept", "public")
        await trial.counted({State.SENT: 2}, by=timedelta(seconds=5))
        await trial.bot.ledger.committed()
        before = files_of(tmp_path)
        assert all(word in before for word in (b"Zanzibar", b"mulberries", b"quixotic", b"Kept"))
        say(trial, 3, "Forget me.", "alone", quixote)
        await trial.counted({State.SENT: 3}, by=timedelta(seconds=5))
        assert await trial.bot.ledger.facts_about("scripted", "u7") == []
        # the request itself is emptied like every turn that was at work, by the next forgetting
        assert await trial.bot.ledger.forget_person("scripted", "u7", accounts=["home"]) >= 0
        after = files_of(tmp_path)
    for word in (b"Zanzibar", b"mulberries", b"quixotic"):
        assert word not in after, word
    assert b"Kept" in after


def files_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted((folder / "data").glob("ada.db*")) if path.is_file())


@pytest_asyncio.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[SqliteLedger]:
    async with SqliteLedger(tmp_path / "ada.db", bot="ada", clock=ManualClock()) as opened:
        yield opened


@pytest.mark.asyncio
async def test_a_new_name_takes_the_place_of_the_old_one_and_interests_add_up(ledger: SqliteLedger) -> None:
    for number, (kind, text) in enumerate(
        [("name", "Mary"), ("interests", "soup"), ("name", "Maria"), ("interests", "tea")]
    ):
        ledger.note_fact(fact(Audience.EVERYBODY, kind=kind, text=text, said=number + 1), single=kind == "name")
    known = await ledger.facts_about("scripted", "u1")
    assert [(one.kind, one.text) for one in known] == [("interests", "tea"), ("name", "Maria"), ("interests", "soup")]


@pytest.mark.asyncio
async def test_of_one_person_the_newest_are_kept_and_of_who_is_away_nothing(ledger: SqliteLedger) -> None:
    for number in range(50):
        ledger.note_fact(fact(Audience.EVERYBODY, text=f"thing {number}", said=number + 1), single=False)
    ledger.note_fact(fact(Audience.EVERYBODY, person="u2", said=30), single=False)
    known = await ledger.facts_about("scripted", "u1")
    assert [one.text for one in known] == [f"thing {number}" for number in reversed(range(30, 50))]
    ledger.spoke("scripted", "u2", 100)
    ledger.retire_facts(before=100)
    assert await ledger.facts_about("scripted", "u1") == []
    assert len(await ledger.facts_about("scripted", "u2")) == 1


@pytest.mark.asyncio
async def test_a_ledger_of_before_opens_with_all_that_it_had(tmp_path: Path) -> None:
    from greenroom.storage.sqlite.migrations import MIGRATIONS

    path = tmp_path / "old.db"
    number = next(at for at, script in enumerate(MIGRATIONS, 1) if "people_facts" in script)
    with sqlite3.connect(path) as db:
        for at, script in enumerate(MIGRATIONS[: number - 1], 1):
            db.executescript(f"{script};PRAGMA user_version={at};")
        db.execute("INSERT INTO facts(name,value) VALUES('kept','yes')")
    db.close()
    async with SqliteLedger(path, bot="ada", clock=ManualClock()) as ledger:
        assert await ledger.facts("kept") == {"kept": "yes"}
        assert await ledger.facts_about("scripted", "u1") == []
