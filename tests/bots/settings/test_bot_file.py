"""What a bot file means, with every default and every shorthand."""

import hashlib
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from greenroom.settings import (
    Account,
    AnswerRule,
    BotFile,
    BuiltIn,
    Limits,
    ModelRef,
    Money,
    MoneyRate,
    Person,
    Place,
    PostEntry,
    Rate,
    RoomMode,
    SecretRef,
    Span,
    load_bot,
)
from greenroom_adapters.contract import Kind

Load = Callable[[str], BotFile]

SIX_LINES = """\
bot: ada
persona: ada.yaml
accounts:
  home: stage
answer: mentions
post: {every: 6 hours, about: the weather at sea}
"""


def test_six_lines_are_a_bot(folder: Path) -> None:
    path = folder / "bot.yaml"
    path.write_text(SIX_LINES, encoding="utf-8")
    bot = load_bot(path)
    assert bot.bot == "ada"
    assert bot.persona == folder / "ada.yaml"
    assert bot.accounts == {"home": Account(platform="stage")}
    assert bot.answer == (AnswerRule(to=(Kind.MENTION,), name="answer 1"),)
    assert bot.post == (PostEntry(every=timedelta(hours=6), about="the weather at sea"),)
    assert bot.file == path
    assert bot.version == hashlib.sha256(SIX_LINES.encode()).hexdigest()


def test_what_nobody_wrote_has_the_documented_default(load: Load) -> None:
    bot = load("answer: mentions\npost: {at: 08:00}\n")
    assert bot.accounts["home"].live
    assert bot.engines.text == (BuiltIn.SCRIPT, BuiltIn.HOLD)
    assert bot.limits == Limits(spend=MoneyRate(amount=Money(micros=1_000_000)), quiet=None)
    assert bot.keep == timedelta(days=90)
    assert bot.file is not None
    assert bot.store == bot.file.parent / "data" / "ada.db"
    assert bot.people.owner == bot.people.blocked == ()
    assert isinstance(bot.timezone, ZoneInfo)
    rule, entry = bot.answer[0], bot.post[0]
    assert (rule.places, rule.words, rule.chance, rule.quiet_for, rule.within, rule.say) == (
        (),
        (),
        1.0,
        timedelta(0),
        None,
        None,
    )
    assert (entry.name, entry.spread, entry.late_ok) == ("post", timedelta(0), timedelta(hours=1))
    assert (entry.days, entry.about, entry.say, entry.picture, entry.places) == (None, None, None, None, ())


def test_everything_that_can_be_written_arrives(load: Load) -> None:
    bot = load(
        """\
timezone: Europe/Lisbon
engines:
  text:
    - {model: openai/gpt-5-mini, key: {file: keys/openai}, price: {input: 0.25 USD, output: 2 USD}}
    - {model: "qwen3:8b", server: "http://localhost:11434/v1/"}
    - script
    - silence
answer:
  - {to: [mentions, replies], in: home, words: refund, chance: 50%, within: 2h, say: Soon.}
  - {to: messages, in: [lounge, home/quay], quiet_for: 10 minutes}
post:
  - {name: a, at: [08:00, "20:00"], days: mon-fri, spread: 20 minutes, late_ok: 2 hours, in: lounge}
  - {name: b, cron: 0 8 * * mon, say: Good week.}
  - {name: c, at: 2026-12-24 18:00, picture: {file: lights.jpg, alt: Lamps}}
rooms:
  lounge: {is: [home/lounge, "home/#l"], mode: listen}
  games: {is: home/games, mode: open, slow: 1/minute, per_person: 5/hour}
  quiet: home/quiet
  elsewhere: {mode: ignore}
people: {owner: home/@maria, moderators: ["home/role:Old Crew", "home/power:50", home/8], blocked: [home/7]}
limits: {spend: 2 USD/day, quiet: 23:00-07:00}
keep: 30 days
store: other/ledger.db
"""
    )
    assert bot.timezone == ZoneInfo("Europe/Lisbon")
    paid, local, script, end = bot.engines.text
    assert bot.file is not None
    folder = bot.file.parent
    assert isinstance(paid, ModelRef)
    assert (paid.model, paid.server, paid.key) == ("openai/gpt-5-mini", None, SecretRef(file=folder / "keys/openai"))
    assert paid.price is not None
    assert (paid.price.input, paid.price.output) == (Money(micros=250_000), Money(micros=2_000_000))
    assert local == ModelRef(model="qwen3:8b", server="http://localhost:11434/v1")
    assert (script, end) == (BuiltIn.SCRIPT, BuiltIn.SILENCE)
    first, second = bot.answer
    assert first == AnswerRule(
        to=(Kind.MENTION, Kind.REPLY),
        places=(Place(account="home"),),
        words=("refund",),
        chance=0.5,
        within=timedelta(hours=2),
        say="Soon.",
        name="answer 1",
    )
    assert second.name == "answer 2"
    assert second.places == (
        Place(account="home", room="lounge"),
        Place(account="home", room="#l"),
        Place(account="home", room="quay"),
    )
    assert bot.post[0].at == (time(8), time(20))
    assert bot.post[0].days == frozenset(range(5))
    assert bot.post[0].places == second.places[:2]
    assert bot.post[1].cron == "0 8 * * mon"
    assert bot.post[2].at == (datetime(2026, 12, 24, 18),)  # noqa: DTZ001  in the file's zone
    assert bot.post[2].picture is not None
    assert bot.post[2].picture.file == folder / "lights.jpg"
    assert bot.rooms["lounge"].mode is RoomMode.LISTEN
    assert bot.rooms["quiet"].is_ == (Place(account="home", room="quiet"),)
    assert bot.rooms["quiet"].mode is RoomMode.MENTIONS
    assert bot.rooms["elsewhere"].is_ == ()
    games = bot.rooms["games"]
    assert (games.mode, games.slow) == (RoomMode.OPEN, Rate(count=1, per=timedelta(minutes=1)))
    assert games.per_person == Rate(count=5, per=timedelta(hours=1))
    assert [(one.role, one.power) for one in bot.people.moderators] == [("Old Crew", None), (None, 50), (None, None)]
    assert bot.people.owner == (Person(account="home", who="@maria"),)
    assert bot.people.blocked == (Person(account="home", who="7"),)
    assert bot.limits.quiet == Span(start=time(23), end=time(7))
    assert bot.keep == timedelta(days=30)
    assert bot.store == folder / "other/ledger.db"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("script", (BuiltIn.SCRIPT, BuiltIn.HOLD)),
        ("hold", (BuiltIn.HOLD,)),
        ("[script, silence]", (BuiltIn.SCRIPT, BuiltIn.SILENCE)),
        ("openai/gpt-5-mini", (ModelRef(model="openai/gpt-5-mini"), BuiltIn.HOLD)),
        ("{text: [openai/gpt-5-mini, script]}", (ModelRef(model="openai/gpt-5-mini"), BuiltIn.SCRIPT, BuiltIn.HOLD)),
    ],
)
def test_the_list_of_engines_ends_with_hold_unless_it_ends_otherwise(
    load: Load, written: str, meant: tuple[object, ...]
) -> None:
    assert load(f"engines: {written}\n").engines.text == meant


def test_words_of_yaml_1_1_are_words(load: Load) -> None:
    assert load("answer: {to: mentions, words: [no, on, 'yes']}\n").answer[0].words == ("no", "on", "yes")


def test_a_value_may_be_anchored_and_used_again(load: Load) -> None:
    bot = load("answer:\n  - {to: mentions, words: &w [a, b]}\n  - {to: replies, words: *w}\n")
    assert bot.answer[1].words == ("a", "b")


def test_two_files_with_one_byte_between_them_have_two_versions(load: Load) -> None:
    assert load("keep: 30 days\n").version != load("keep: 31 days\n").version


def test_a_bot_can_be_built_in_python() -> None:
    bot = BotFile(
        bot="ada",
        persona=Path("ada.yaml"),
        accounts={"home": Account(platform="stage")},
        answer=(AnswerRule(to=(Kind.MENTION,), chance=0.5, places=(Place(account="home"),)),),
        post=(PostEntry(at=(time(8),)),),
    )
    assert bot.answer[0].name == "answer 1"
    assert bot.store == Path("data/ada.db")
    assert (bot.file, bot.version) == (None, "")


def test_a_bot_built_in_python_needs_posts_that_can_be_told_apart() -> None:
    with pytest.raises(ValidationError, match="called `post` already"):
        BotFile(
            bot="ada",
            persona=Path("ada.yaml"),
            accounts={"home": Account(platform="stage")},
            post=(PostEntry(at=(time(8),)), PostEntry(at=(time(9),))),
        )


def test_a_loaded_bot_cannot_be_changed(load: Load) -> None:
    bot = load("")
    with pytest.raises(ValidationError, match="frozen"):
        bot.keep = timedelta(0)
