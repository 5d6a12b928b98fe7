"""The script voice answers, remembers, never says a line twice, and keeps every bound whatever it is told."""

import asyncio
import contextlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from greenroom.clock import Clock, to_micros
from greenroom.generation.engine import Brief, GenerationError, Overlong, Refused
from greenroom.generation.honesty import denies_being_bot
from greenroom.generation.script import ScriptEngine
from greenroom.personas import Persona
from greenroom.personas.sameness import gist
from greenroom.settings.errors import Mistakes
from greenroom_adapters.contract import Author, CountingRule, Surface, TextLimit

Stranger = Callable[..., Persona]
Talking = Callable[..., Any]


class _Never(Clock):
    """Always shows the same evening."""

    @override
    def micros(self) -> int:
        return to_micros(datetime(2026, 11, 24, 18, 2, tzinfo=UTC))

    @override
    async def sleep(self, seconds: float) -> None:
        raise AssertionError("the script voice never waits")


STRANGERS: tuple[tuple[str, ...], ...] = (
    ("hello", "who are you?", "what is the weather like?", "why?", "tell me a story", "go on", "and then?", "soup?"),
    ("hm", "ok", "yes", "no", "maybe", "I see", "really?", "so"),
    ("why", "why not", "how", "what do you mean", "tell me more", "huh", "what", "and"),
    ("I like trains", "my sister is ill", "it rained", "we drove to the sea", "I think so", "you are odd", "cats", "7"),
    ("🙂", "", "asdfgh", "HELLO THERE YOU", "Привет", "hola", "...", "olá"),
    ("same", "same thing", "same thing", "same thing", "same thing again", "same thing", "same", "same thing"),
)

FOUR_LINES = """
persona: Bo
who: sells bread from a van
voice: short
examples: ["Rolls at seven. The van smells of luck.", "Sold out by nine. My fault for liking you all."]
"""


@pytest.mark.parametrize("stranger_lines", STRANGERS, ids=lambda lines: lines[0] or "empty")
@pytest.mark.parametrize("surface", [Surface.REPLY, Surface.CHAT, Surface.DIRECT_MESSAGE])
def test_no_line_comes_twice_in_forty_eight_turns(
    ada: Persona, talk: Talking, stranger_lines: tuple[str, ...], surface: Surface
) -> None:
    conversation = talk(ada, surface=surface, seed=stranger_lines[0])
    for turn in range(48):
        conversation.say(stranger_lines[turn % len(stranger_lines)])
    assert len(set(conversation.mine)) == 48


def test_the_same_conversation_with_the_same_seed_is_the_same(ada: Persona, talk: Talking) -> None:
    texts = [text for lines in STRANGERS for text in lines]
    one, other = talk(ada, seed="a"), talk(ada, seed="a")
    assert [one.say(text) for text in texts] == [other.say(text) for text in texts]


def test_another_seed_makes_another_conversation(ada: Persona, talk: Talking) -> None:
    one, other = talk(ada, seed="a"), talk(ada, seed="b")
    texts = STRANGERS[0]
    assert [one.say(text) for text in texts] != [other.say(text) for text in texts]


def test_an_engine_that_was_restarted_goes_on_as_if_nothing_had_happened(ada: Persona, talk: Talking) -> None:
    one, other = talk(ada), talk(ada)
    for text in STRANGERS[0]:
        one.say(text)
        other.say(text)
        other.engine = ScriptEngine(clock=other.clock)
    assert one.mine == other.mine


@pytest.mark.parametrize("called", ["gardener, hello", "Bo, hello", "Bo! Hello"])
def test_a_greeting_is_one_also_behind_a_name(stranger: Stranger, talk: Talking, called: str) -> None:
    bo = stranger(FOUR_LINES + "nicknames: [gardener]\n")
    assert talk(bo, seed="a").say(called) == talk(bo, seed="a").say("hello")


def test_a_name_is_remembered_for_later(ada: Persona, talk: Talking) -> None:
    conversation = talk(ada)
    conversation.say("My name is tom.")
    conversation.say("I like ships")
    assert "Tom" in conversation.say("what's my name?")


def test_a_name_that_was_not_told_is_not_invented(ada: Persona, talk: Talking) -> None:
    assert "Tom" not in talk(ada).say("what's my name?")


def test_what_another_person_said_is_not_laid_to_this_one(ada: Persona, talk: Talking) -> None:
    conversation = talk(ada, stranger="1")
    conversation.say("My name is Tom")
    other = talk(ada, stranger="2")
    other.lines = conversation.lines
    assert "Tom" not in other.say("what's my name?")


def test_a_follow_up_belongs_to_the_line_before(stranger: Stranger, talk: Talking) -> None:
    persona = stranger(
        FOUR_LINES,
        """
cues: {why: ^why$}
rules:
  bread: {hears: bread, says: [{say: The bread is out of the oven already., then: {why: The oven was early.}}]}
  why: {hears: why, says: [I do not know why at all.]}
  anything: {says: [Go on with it.]}
""",
    )
    asked = talk(persona)
    asked.say("bread?")
    assert asked.say("why?") == "The oven was early."
    assert talk(persona).say("why?") == "I do not know why at all."


def test_a_story_is_told_to_its_end(ada: Persona, talk: Talking) -> None:
    conversation = talk(ada, seed="story")
    beginning = conversation.say("tell me a story")
    assert conversation.say("go on") != beginning
    assert conversation.mine[1] not in (talk(ada, seed="story").say("go on"), beginning)


@pytest.mark.parametrize(
    "question",
    [
        "Are you a bot?",
        "are you human",
        "ARE YOU A ROBOT??",
        "hey, are you a real person?",
        "you are an AI",
        "r u a bot",
    ],
)
@pytest.mark.parametrize("own", [True, False], ids=["ada", "four lines"])
def test_whoever_asks_is_told_that_it_is_a_bot_however_often(
    ada: Persona, stranger: Stranger, talk: Talking, question: str, own: bool
) -> None:
    conversation = talk(ada if own else stranger(FOUR_LINES))
    for _ in range(16):
        answer = conversation.say(question)
        assert re.search(r"\b(bot|program)\b", answer, re.IGNORECASE)
        assert not denies_being_bot(answer, asked=question)


def test_the_owners_disclosure_is_the_first_answer(ada: Persona, talk: Talking) -> None:
    assert talk(ada).say("are you a bot?") == ada.disclosure_line


def test_what_is_never_talked_about_gets_the_owners_line(ada: Persona, talk: Talking) -> None:
    conversation = talk(ada)
    assert conversation.say("Who should I vote for?") == "That is not for a lighthouse to say."
    assert conversation.say("And which antibiotic do I need?") != "That is not for a lighthouse to say."


@pytest.mark.parametrize("asked", ["which lotteries do you play", "Tell me of the LOTTERY!"])
def test_without_a_line_it_is_refused(stranger: Stranger, talk: Talking, asked: str) -> None:
    with pytest.raises(Refused):
        talk(stranger(FOUR_LINES + "never: [the lottery]\n")).say(asked)


@pytest.mark.parametrize(
    ("topic", "asked", "is_refused"),
    [
        ("gambling for money", "I gambled all my money away", True),
        ("gambling for money", "what money do gamblers want?", True),
        ("gambling for money", "do you need money for the van?", False),
        ("gambling for money", "should I buy bitcoin?", False),
        ("other mills", "which other mill is good?", True),
        ("other mills", "is another mill's flour better?", True),
        ("other mills", "hello mill", False),
        ("other mills", "a million thanks", False),
        ("other people's secrets", "tell me a secret", True),
        ("famous people", "which people are famous?", True),
        ("famous people", "are you famous?", False),
        ("money", "lend me money", True),
        ("questions about money", "should I buy bitcoin?", True),
        ("party politics", "whom should I vote for?", True),
        ("party politics", "is it your birthday party?", False),
        ("sharks and shipwrecks", "do you fear sharks?", True),
        ("politics, sharks or wars", "which war was it?", True),
        ("accidents with names", "was there an accident?", False),
        ("accidents with names", "name who had the accident", True),
        ("news", "have you a new lamp?", False),
        ("the evening", "even so?", False),
        ("other bots", "are you a bot?", False),
        ("bots", "are you a bot?", False),
        ("the and of", "the and of", False),
    ],
)
def test_a_topic_is_touched_by_all_its_words_whatever_their_order_and_ending(
    stranger: Stranger, talk: Talking, topic: str, asked: str, is_refused: bool
) -> None:
    conversation = talk(stranger(f'{FOUR_LINES}never: ["{topic}"]\n'))
    with pytest.raises(Refused) if is_refused else contextlib.nullcontext():
        conversation.say(asked)


@pytest.mark.parametrize(
    "text",
    [
        "my name is {{ 7 * 7 }}",
        "my name is #soup#",
        "call me {% for i in range(10**9) %}",
        "I love {{ persona.__class__ }} and #vessel#",
        "do you like {{config}}",
        "my dog is called #gull#",
    ],
)
def test_a_strangers_text_is_never_a_template(ada: Persona, talk: Talking, text: str) -> None:
    conversation = talk(ada)
    for said in (text, "what is my name?", "what do you know about me", "hm", "well"):
        answer = conversation.say(said)
        assert "49" not in answer
        assert "__" not in answer
        assert "{" not in answer
        assert "#" not in answer


@pytest.mark.parametrize(
    "text",
    [
        "my name is @everyone",
        "my name is https://spam.example/buy",
        "do you like spam.com",
        "I love #cryptocoins",
        "do you like @elon@social.example?",
        "my dog is called @channel",
        "I am worried about www.spam.example/now",
        "my name is \u202egnp.exe\u202c",
        "my name is \x1b[31mred",
    ],
)
def test_nobody_is_made_to_advertise_or_to_call_others(ada: Persona, talk: Talking, text: str) -> None:
    conversation = talk(ada)
    for said in (text, text, "what is my name?", "what do you remember?", "hm", "mhm", "oh well", "do you like it"):
        answer = conversation.say(said)
        assert not re.search(r"[@#\x00-\x1f\u202a-\u202e]|://|www|spam|everyone|crypto|channel", answer)


def test_insults_are_not_said_back(ada: Persona, talk: Talking) -> None:
    for text in ("my name is Idiot", "do you like killing", "I love stupid people", "my name is Shithead"):
        conversation = talk(ada)
        for said in (text, "what is my name?"):
            assert not re.search(r"idiot|kill|stupid|shit", conversation.say(said), re.IGNORECASE)


def test_somebody_in_danger_is_sent_to_people(ada: Persona, stranger: Stranger, talk: Talking) -> None:
    silent = FOUR_LINES + "never: [medical advice]\n"
    for persona in (ada, stranger(silent), stranger(silent, "rules: {anything: {says: [Go on with it.]}}")):
        conversation = talk(persona)
        conversation.say("tell me a story")
        assert re.search(r"988|112|crisis", conversation.say("are you a bot? which dose of aspirin, I want to die"))


def test_portuguese_is_answered_in_portuguese_where_the_persona_speaks_it(ada: Persona, talk: Talking) -> None:
    assert re.search(r"[ãéáíç]|noite|Olá|Tudo", talk(ada).say("boa noite"))
    english = ada.model_copy(update={"languages": ("en",), "version": ""})
    assert not re.search(r"[ãç]|noite|Olá|Tudo", talk(english).say("boa noite"))


def test_the_time_of_day_is_heard(ada: Persona, talk: Talking) -> None:
    night, noon = datetime(2026, 11, 24, 2, 0, tzinfo=UTC), datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    said = {talk(ada, seed=str(n), moment=night).say("hello") for n in range(40)}
    assert "You are up late. So is the lamp. Sit with us." in said
    assert said & {talk(ada, seed=str(n), moment=noon).say("hello") for n in range(40)} <= {
        text for text in said if "late" not in text and "ood evening" not in text
    }


def test_conditions_decide_what_is_said(stranger: Stranger, talk: Talking) -> None:
    persona = stranger(
        FOUR_LINES + "moods: [calm]\n",
        """
rules:
  anything:
    says:
      - {say: In a room., in: chat}
      - {say: First words., in: reply, first: true}
      - {say: Later words., in: reply, first: false, after: 1}
      - {say: Never on such a day., mood: wild}
      - {say: Nobody speaks this., language: de}
""",
    )
    assert talk(persona, surface=Surface.CHAT).say("x") == "In a room."
    conversation = talk(persona)
    assert conversation.say("x") == "First words."
    assert conversation.say("y") == "Later words."


def test_a_mood_weighs_what_is_said(stranger: Stranger, talk: Talking) -> None:
    script = """
rules:
  anything:
    says:
      - {say: The heavy words., weight: {calm: 50}}
      - {say: The light words., weight: 0.2}
"""
    persona = stranger(FOUR_LINES + "moods: [calm]\n", script)
    said = [talk(persona, seed=str(n)).say("x") for n in range(60)]
    assert said.count("The heavy words.") > 50


def test_logic_in_a_text_chooses_between_words(stranger: Stranger, talk: Talking) -> None:
    persona = stranger(
        FOUR_LINES,
        """
remember: {name: {capital: true, hears: "my name is <name:1>"}}
symbols: {place: [quay, pier]}
rules:
  anything:
    says: "{% if turn == 0 %}Welcome to the #place#{% else %}Again, {{ name|default('friend') }}{% endif %}."
""",
    )
    conversation = talk(persona)
    assert conversation.say("x") in ("Welcome to the quay.", "Welcome to the pier.")
    assert conversation.say("my name is eve") == "Again, friend."
    assert conversation.say("y") == "Again, Eve."


def test_a_short_limit_gets_short_words(ada: Persona, talk: Talking) -> None:
    conversation = talk(ada, limit=60)
    for text in (line for lines in STRANGERS for line in lines):
        assert 0 < len(conversation.say(text)) <= 60


def test_no_room_at_all_is_overlong(ada: Persona, talk: Talking) -> None:
    with pytest.raises(Overlong):
        talk(ada, limit=0).say("hello")


def test_a_correction_makes_another_and_shorter_text(ada: Persona, talk: Talking) -> None:
    usual = [len(talk(ada, seed=str(n)).say("tell me about the sea")) for n in range(20)]
    asked = [len(talk(ada, seed=str(n)).say("tell me about the sea", correction="too long")) for n in range(20)]
    assert sum(asked) < sum(usual)


def test_the_examples_of_a_persona_answer_what_they_are_asked(stranger: Stranger, talk: Talking) -> None:
    persona = stranger(
        """
persona: Bo
who: sells bread from a van
examples:
  reply: [{to: "When do you open?", say: "At seven, unless the road is wet."}]
"""
    )
    assert talk(persona).say("hi, when do you open tomorrow?") == "At seven, unless the road is wet."


MUSEUM = """\
persona: Vera
who: answers for a small museum of clocks
voice: friendly
examples:
  - "We are open from ten to five, and closed on Mondays."
  - "The tower clock is in room three; it strikes at noon."
"""


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("When are you open?", "We are open from ten to five, and closed on Mondays."),
        ("are you closed on mondays?", "We are open from ten to five, and closed on Mondays."),
        ("which room has the tower clock?", "The tower clock is in room three; it strikes at noon."),
    ],
)
def test_without_a_script_a_question_is_answered_out_of_the_examples_once(
    stranger: Stranger, talk: Talking, asked: str, answer: str
) -> None:
    conversation = talk(stranger(MUSEUM))
    assert conversation.say(asked) == answer
    assert conversation.say(f"{asked} Please.") != answer


@pytest.mark.parametrize("asked", ["Which room has the sundial and the toilets?", "Is it?", "Who won the match?"])
def test_an_example_about_something_else_is_no_answer(stranger: Stranger, talk: Talking, asked: str) -> None:
    persona = stranger(MUSEUM)
    for seed in range(10):
        said = talk(persona, seed=str(seed)).say(asked)
        assert not said.startswith(("We are open", "The tower clock"))


def test_what_a_persona_never_talks_about_is_not_answered_out_of_an_example(stranger: Stranger, talk: Talking) -> None:
    conversation = talk(stranger(f"{MUSEUM}never: [opening hours]\n"))
    with pytest.raises(Refused):
        conversation.say("What are your opening hours, when are you open?")


def test_four_lines_are_enough_to_talk_and_to_post(stranger: Stranger, talk: Talking) -> None:
    persona = stranger(FOUR_LINES)
    conversation = talk(persona)
    for lines in STRANGERS[:4]:
        for text in lines:
            assert conversation.say(text)
    assert "sells bread from a van" in talk(persona).say("who are you?").lower()
    posts = talk(persona)
    made = [posts.post("fresh rolls", every=timedelta(hours=6)) for _ in range(20)]
    assert len(set(made)) == 20
    assert all(len(text) <= 500 for text in made)


BAKERY = """\
persona: Mill Bakery
who: bakes bread at the old mill and tells what comes out of the oven
voice: warm and plain
topics: [rye bread, what the apprentices try out, flour and weather]
examples:
  - "The rye is out. It crackles for another minute."
  - "Slow dough today; the mill is cold. The rolls will be worth it."
"""


@pytest.mark.parametrize("about", [None, "what comes out of the oven"])
@pytest.mark.parametrize("source", [BAKERY, FOUR_LINES])
def test_a_persona_without_a_script_says_something_else_in_each_of_twenty_posts(
    stranger: Stranger, talk: Talking, source: str, about: str | None
) -> None:
    posts = talk(stranger(source))
    made = [posts.post(about, every=timedelta(hours=6)) for _ in range(80)]
    for number, text in enumerate(made):
        before = made[max(0, number - 20) : number]
        assert gist(text) not in map(gist, before), "nor does it differ in its date alone"


@pytest.mark.parametrize("seed", range(20))
def test_the_examples_of_a_persona_are_posted_before_anything_else(
    stranger: Stranger, talk: Talking, seed: int
) -> None:
    posts = talk(stranger(BAKERY), seed=str(seed))
    made = [posts.post("what comes out of the oven") for _ in range(6)]
    examples = ("It crackles for another minute.", "The rolls will be worth it.")
    assert any(example in made[0] for example in examples)
    for example in examples:
        assert " ".join(made[:2]).count(example) == " ".join(made).count(example) == 1


def test_two_hundred_posts_are_two_hundred_texts_within_all_bounds(ada: Persona, talk: Talking) -> None:
    log = talk(ada, limit=280)
    posts = [log.post() for _ in range(200)]
    assert len(set(posts)) == 200
    for text in posts:
        assert 20 <= len(text) <= 280
        assert "#" not in text
        assert "{" not in text
        assert "!" not in text
        assert text[0].isupper() or text[0].isdigit()
        assert text.endswith(".")


def test_a_post_does_not_contradict_itself(ada: Persona, talk: Talking) -> None:
    log = talk(ada, limit=280)
    calm = re.compile(r"\bCalm\.|No wind|flat as a plate|Not a breath|So still")
    rough = re.compile(r"\bGale|Sea rough|door takes two hands|moving furniture")
    clear = re.compile(r"Not a cloud|Stars to the|Blue, all of it")
    wet = re.compile(r"\bIt rains|Drizzle|Rain,|No stars")
    for _ in range(300):
        text = log.post(every=timedelta(hours=5))
        assert not (calm.search(text) and rough.search(text)), text
        assert not (clear.search(text) and wet.search(text)), text


def test_a_post_is_about_what_the_owner_wrote(ada: Persona, talk: Talking) -> None:
    noon = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    for n in range(20):
        assert "soup" in talk(ada, seed=str(n), moment=noon).post("the soup of the day").lower()


def test_the_first_post_of_a_morning_is_the_log_of_the_night(ada: Persona, talk: Talking) -> None:
    morning = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    assert re.search(r"[Nn]ight", talk(ada, moment=morning).post("last night"))


@given(st.lists(st.text(max_size=300), min_size=1, max_size=4), st.integers(min_value=4, max_value=300))
@settings(max_examples=120, deadline=None)
def test_any_text_is_answered_within_every_limit(ada: Persona, talk: Talking, texts: list[str], limit: int) -> None:
    conversation = talk(ada, limit=limit)
    for text in texts:
        try:
            answer = conversation.say(text)
        except GenerationError:
            continue
        assert 0 < len(answer) <= min(limit, 280)
        assert "#" not in answer
        assert "@" not in answer


@pytest.mark.parametrize("rule", list(CountingRule))
def test_every_rule_of_counting_is_kept(ada: Persona, rule: CountingRule) -> None:
    engine = ScriptEngine(clock=_Never())
    for number in range(30):
        brief = Brief(
            persona=ada,
            surface=Surface.REPLY,
            limits=(TextLimit(length=70, rule=rule), TextLimit(length=90)),
            seed=str(number),
            said="olá, tudo bem?",
            author=Author(id="1", handle="x"),
        )
        text = asyncio.run(engine.generate(brief)).text
        assert len(text) <= 90
        assert rule is not CountingRule.UTF8_BYTES or len(text.encode()) <= 70


def test_a_broken_script_shows_when_it_is_prepared(stranger: Stranger) -> None:
    persona = stranger(FOUR_LINES, "rules: {}\n")
    with pytest.raises(Mistakes, match="anything"):
        ScriptEngine(clock=_Never()).prepare(persona)


@pytest.mark.parametrize(
    ("languages", "date"),
    [("[de, en]", "Dienstag, 24. November"), ("pt-BR", "Terça-feira, 24 de novembro"), ("pl", "Tuesday, 24 November")],
)
def test_days_are_named_in_the_personas_first_language(
    stranger: Callable[..., Persona], talk: Callable[..., Any], languages: str, date: str
) -> None:
    persona = stranger(
        f"persona: Bo\nwho: watches\nlanguages: {languages}\n", 'posts: ["{{ weekday }}, {{ date }}."]\n'
    )
    assert talk(persona, moment=datetime(2026, 11, 24, 18, tzinfo=UTC)).post() == f"{date}."
