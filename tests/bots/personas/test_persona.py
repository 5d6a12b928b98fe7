"""What a persona file means, and what an owner is told when it is wrong."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from greenroom.personas import (
    Bounds,
    Exchange,
    IfBroken,
    Persona,
    SurfaceVoice,
    TooLong,
    Voice,
    load_persona,
)
from greenroom.settings import Mistakes, Range
from greenroom_adapters.contract import Surface

Load = Callable[[str], Persona]
Wrong = Callable[[str], list[str]]

HEAD = "persona: Ada\nwho: keeps the lighthouse\n"

FOUR_LINES = """\
persona: Ada
who: keeps the lighthouse at Cabo Raso and writes its log
voice: dry and kind; short sentences; never an exclamation mark
examples: ["Wind west, 5. Lamp lit at 18:02.", "The tide answers twice a day. I try to do better."]
"""

WHOLE = """\
persona: Ada
who: >
  Keeps the lighthouse at Cabo Raso, 61,
  once a radio operator.
nicknames: [keeper, lamp]
voice:
  everywhere: dry and kind
  post: a log entry
  reply: {style: answers first, length: 20-240}
  chat: {length: 1-300, emoji: 0-1, hashtags: 0, links: 0}
  direct_message: warmer
examples:
  post: "Wind west, 5."
  reply: {to: "Is it safe?", say: "Ask the harbour office."}
  chat: [{to: "morning", say: "Morning."}]
bounds:
  length: 1-400
  emoji: 0
  banned: [amazing, dive in]
  too_long: thread
  if_broken: script
topics: [the sea, soup]
never: [party politics]
languages: [pt, en, "no"]
moods: calm
disclosure: {line: "I am Ada, a bot of the museum."}
lines:
  unable: The lamp is out.
  refused: {pt: Isso não., en: Not that.}
script: ada.script.yaml
"""


@pytest.fixture
def load(tmp_path: Path) -> Load:
    (tmp_path / "ada.script.yaml").write_text("x: y\n", encoding="utf-8")

    def load_text(text: str) -> Persona:
        path = tmp_path / "ada.yaml"
        path.write_text(text, encoding="utf-8")
        return load_persona(path)

    return load_text


@pytest.fixture
def mistakes(load: Load) -> Wrong:
    def of_text(text: str) -> list[str]:
        with pytest.raises(Mistakes) as caught:
            load(text)
        return [f"{one.line}:{one.column}: {one.reason}" for one in caught.value.mistakes]

    return of_text


def test_four_lines_are_a_persona(load: Load) -> None:
    ada = load(FOUR_LINES)
    assert ada.persona == "Ada"
    assert ada.voice.everywhere == "dry and kind; short sentences; never an exclamation mark"
    assert ada.examples.post == (
        "Wind west, 5. Lamp lit at 18:02.",
        "The tide answers twice a day. I try to do better.",
    )
    assert ada.version == hashlib.sha256(FOUR_LINES.encode()).hexdigest()


def test_what_nobody_wrote_has_the_documented_default(load: Load) -> None:
    ada = load(HEAD)
    assert ada.voice == Voice(everywhere="plain, friendly, short")
    assert ada.bounds == Bounds(
        length=Range(least=1, most=500),
        emoji=Range(least=0, most=2),
        hashtags=Range(least=0, most=2),
        links=Range(least=0, most=1),
        banned=(),
        too_long=TooLong.CUT,
        if_broken=IfBroken.HOLD,
    )
    assert ada.languages == ("en",)
    assert ada.nicknames == ada.topics == ada.never == ada.moods == ()
    assert ada.script is None
    assert ada.disclosure_line == "I am Ada, a bot."
    assert ada.line(ada.lines.unable) is None


def test_everything_that_can_be_written_arrives(load: Load) -> None:
    ada = load(WHOLE)
    assert ada.who == "Keeps the lighthouse at Cabo Raso, 61, once a radio operator."
    assert ada.voice.post == SurfaceVoice(style="a log entry")
    assert ada.voice.reply == SurfaceVoice(style="answers first", length=Range(least=20, most=240))
    assert ada.examples.post == ("Wind west, 5.",)
    assert ada.exchanges(Surface.REPLY) == (Exchange(to="Is it safe?", say="Ask the harbour office."),)
    assert ada.exchanges(Surface.CHAT) == (Exchange(to="morning", say="Morning."),)
    assert ada.exchanges(Surface.DIRECT_MESSAGE) == ada.exchanges(Surface.POST) == ()
    assert (ada.bounds.too_long, ada.bounds.if_broken) == (TooLong.THREAD, IfBroken.SCRIPT)
    assert ada.bounds.banned == ("amazing", "dive in")
    assert ada.languages == ("pt", "en", "no")
    assert ada.moods == ("calm",)
    assert ada.disclosure_line == "I am Ada, a bot of the museum."
    assert ada.file is not None
    assert ada.script == ada.file.parent / "ada.script.yaml"


def test_a_surface_adds_its_style_and_its_bounds_win(load: Load) -> None:
    ada = load(WHOLE)
    assert ada.style(Surface.POST) == "dry and kind; a log entry"
    assert ada.style(Surface.CHAT) == "dry and kind"
    chat = ada.bounds_on(Surface.CHAT)
    assert (chat.length, chat.emoji) == (Range(least=1, most=300), Range(least=0, most=1))
    assert (chat.hashtags, chat.links) == (Range(least=0, most=0), Range(least=0, most=0))
    assert chat.banned == ada.bounds.banned
    assert ada.bounds_on(Surface.REPLY).length == Range(least=20, most=240)
    assert ada.bounds_on(Surface.REPLY).emoji == Range(least=0, most=0)
    assert ada.bounds_on(Surface.POST) == ada.bounds


def test_every_bound_can_be_another_on_one_surface_and_below_a_picture(load: Load) -> None:
    ada = load(
        HEAD
        + "voice:\n"
        + "  chat: {reading_age: 10, banned: [guys], too_long: drop, if_broken: script}\n"
        + "  caption: {style: names what is seen, length: 1-90}\n"
        + "examples: {post: Wind west., caption: The stairs.}\n"
        + "bounds: {reading_age: 14, banned: [amazing]}\n"
    )
    chat = ada.bounds_on(Surface.CHAT)
    assert (chat.reading_age, chat.too_long, chat.if_broken) == (10, TooLong.DROP, IfBroken.SCRIPT)
    assert chat.banned == ("amazing", "guys"), "what is banned everywhere is banned there"
    assert ada.bounds_on(Surface.POST) == ada.bounds
    assert ada.bounds_on(Surface.POST, is_caption=True).length == Range(least=1, most=90)
    assert ada.style(Surface.POST, is_caption=True) == "plain, friendly, short; names what is seen"
    assert ada.example_posts(is_caption=True) == ("The stairs.",)
    assert ada.example_posts() == ("Wind west.",)
    assert load(HEAD + "examples: [Fog.]\n").example_posts(is_caption=True) == ("Fog.",)


@pytest.mark.parametrize(
    ("language", "spoken"),
    [("pt", "Isso não."), ("pt-BR", "Isso não."), ("en", "Not that."), ("de", "Isso não."), (None, "Isso não.")],
)
def test_a_line_is_spoken_in_the_askers_language_or_the_first(load: Load, language: str | None, spoken: str) -> None:
    ada = load(WHOLE)
    assert ada.line(ada.lines.refused, language) == spoken
    assert ada.line(ada.lines.unable, language) == "The lamp is out."


BELOW_THE_HEAD: list[tuple[str, str]] = [
    ("bio: x", "3:1: `bio` is called `who` here"),
    ("system_prompt: x", "3:1: `system_prompt` is called `who` here"),
    ("systemPrompt: x", "3:1: `systemPrompt` is called `who` here"),
    ("postExamples: [x]", "3:1: `postExamples` is called `examples.post` here"),
    ("vocie: x", "3:1: `vocie` is not a key of the persona file. Did you mean `voice`?"),
    ("version: 1", "3:1: `version` is not written: a version is the file's hash"),
    ("talkative: {chance: 8}", "3:13: `8`: of one or of a hundred? write 8%"),
    ("talkative: {at: 23:00-07:00}", "3:1: `chance` is missing here"),
    ("silent_when: thankd", "3:1: `thankd` is not a reason to be silent. Did you mean `thanked`?"),
    ("knowledge: {}", "3:1: from where? write `from` for files, or `feeds`"),
    (
        "relationships: {with: maria, is: her sister}",
        "3:17: `maria` is not a person: write account/@handle or account/id, like home/@maria",
    ),
    ("relationships: {with: home/@maria}", "3:1: `is` is missing here"),
    ("tools: {everyone: x}", "3:9: `everyone` is called `anyone` here"),
    ("tools: {owner: [x, post]}", "3:9: `post` is not there yet as a tool"),
    ("voice: {captions: x}", "3:9: `captions` is not a key of `voice`. Did you mean `caption`?"),
    (
        "bounds: {reading_age: 5}",
        "3:10: a reading age is a number of years from 6 to 17: write it like 12",
    ),
    (
        "bounds: {reading_age: 12-14}",
        "3:10: a reading age is a number of years from 6 to 17: write it like 12",
    ),
    (
        "voice: {chat: {if_broken: pray}}",
        "3:16: `pray` is not a way to treat a broken bound. Write one of hold, script, drop",
    ),
    ("disclosure: {say: profil}", "3:14: `profil` is not a place to say it. Did you mean `profile`?"),
    ("bounds: {too_long: cutt}", "3:10: `cutt` is not a way to treat a long text. Did you mean `cut`?"),
    (
        "bounds: {if_broken: pray}",
        "3:10: `pray` is not a way to treat a broken bound. Write one of hold, script, drop",
    ),
    ("bounds: {length: 0}", "3:10: a length of 0 leaves no text: write it like 1-400"),
    ("bounds: {emoji: few}", "3:10: `few` is not a range: write it like 20-240, or 240 for at most 240"),
    ("voice: {reply: {length: 9-1}}", "3:17: `9-1` begins above its end: write 1-9"),
    ("examples: {reply: [hi]}", "3:20: an example is written with keys and values. Its keys: to, say"),
    ("examples: {reply: {to: hi}}", "3:12: `say` is missing here"),
    ("languages: []", "3:1: this is empty: write at least one"),
    ("languages: portuguese!", '3:1: a language is written like en, pt or pt-BR (in quotes: "no")'),
    ("lines: {unable: {}}", "3:9: this is empty: write at least one"),
    ("script: none.yaml", "3:1: there is no file {folder}/none.yaml"),
    ("topics: [the sea, 7]", '3:19: this must be a text: write "7"'),
]


@pytest.mark.parametrize(("written", "told"), BELOW_THE_HEAD)
def test_a_mistake_is_told_with_its_place_and_its_mend(
    mistakes: Wrong, tmp_path: Path, written: str, told: str
) -> None:
    assert mistakes(f"{HEAD}{written}\n") == [told.replace("{folder}", str(tmp_path))]


def test_a_persona_needs_a_name_and_somebody_behind_it(mistakes: Wrong) -> None:
    assert mistakes("topics: [a]\n") == ["1:1: `persona` is missing here", "1:1: `who` is missing here"]


def test_a_key_of_another_system_is_read_as_what_it_means_so_that_nothing_else_seems_to_be_missing(
    mistakes: Wrong,
) -> None:
    assert mistakes("name: Ada\nbio: ''\n") == [
        "1:1: `name` is called `persona` here",
        "2:1: `bio` is called `who` here",
        "2:1: this text is empty",
    ]


def test_a_persona_can_be_built_in_python() -> None:
    voice = Voice(reply=SurfaceVoice(emoji=Range(least=0, most=0)))
    ada = Persona(persona="Ada", who="keeps the lighthouse", voice=voice)
    assert ada.bounds_on(Surface.REPLY).emoji == Range(least=0, most=0)


def test_every_mistake_in_a_case_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "ada.yaml"
    path.write_text(
        "persona: Ada\n"
        "who: keeps the lamp\n"
        "tests:\n"
        "  - {asked: hi, about: the sea}\n"
        "  - {asked: hi, in: post}\n"
        "  - {in: chat, says: [a]}\n"
        "  - {about: the sea, in: reply}\n"
        "  - {asked: hi, silent: true, refuses: true}\n"
        "  - {asked: hi, says: [Two  Boats], says_not: [two boats]}\n"
        "  - {asked: hi, language: xx}\n"
        "  - {asked: hi, language: pt}\n"
        "  - {asked: hi, in: [chat], silent: maybe}\n"
        "  - hello\n",
        encoding="utf-8",
    )
    with pytest.raises(Mistakes) as found:
        load_persona(path)
    told = [(one.line, one.column, one.reason.partition(":")[0]) for one in found.value.mistakes]
    assert told == [
        (4, 17, "`about` is for a post, and `asked` is answered"),
        (5, 17, "a post answers nobody"),
        (6, 6, "here somebody is answered"),
        (7, 22, "`about` is for a post"),
        (8, 31, "nothing is said, so there is no `refuses` to look at"),
        (9, 37, "`two boats` stands in `says`, too"),
        (10, 17, "whether a text is in `xx` cannot be told here. It can for de, en, es, fr, it, nl, pt"),
        (11, 17, "`pt` is none of its `languages`"),
        (12, 17, "a surface is one word. Write one of post, reply, chat, direct_message"),
        (12, 29, "`maybe`"),
        (13, 5, "a test is written with keys and values. Its keys"),
    ]
