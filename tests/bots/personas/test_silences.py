"""What needs no answer, told by its words; where they are not sure it is answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.personas import Persona, Silence
from greenroom.personas.decency import EXACT, STEMS, are_plainly_decent, is_indecent
from greenroom.personas.silences import silence_of

NAMES = ("Ada", "keeper")


@pytest.mark.parametrize(
    "text",
    [
        "thanks!",
        "Thank you so much, keeper 🙏",
        "@ada@example.org thx",
        "ok thanks, that's really helpful",
        "Obrigada pela ajuda!",
        "merci beaucoup Ada",
        "Vielen Dank für die Antwort",
        "muchas gracias",
        "grazie mille",
        "dank je wel",
    ],
)
def test_thanks_alone_are_thanks(text: str) -> None:
    assert silence_of(text, [*Silence], names=NAMES) is Silence.THANKED


@pytest.mark.parametrize("text", ["👍", "😀😀 !!", "@ada ❤️", "keeper 🙏🏽", ":blobcat:", "<:lamp:123456>", "…🌊"])
def test_a_text_without_a_word_is_only_emoji(text: str) -> None:
    assert silence_of(text, [*Silence], names=NAMES) is Silence.ONLY_EMOJI


@pytest.mark.parametrize(
    "text",
    [
        "you are stupid",
        "Ada, you are such an idiot!",
        "stupid bot",
        "Shut up",
        "u r so dumb",
        "are you stupid?",
        "du bist so dumm",
        "você é muito burro",
        "eres idiota",
        "keeper you absolute moron",
    ],
)
def test_calling_it_names_is_an_insult(text: str) -> None:
    assert silence_of(text, [*Silence], names=NAMES) is Silence.INSULTED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "?",
        "...",
        "2",
        "thanks, and when do you open?",
        "thanks for the 10:00",
        "no thanks",
        "thank you note for my aunt, please",
        "you are not stupid",
        "can you tell the stupid ferry company to wait?",
        "is this useless?",
        "I feel useless",
        "I hate this weather",
        "my brother said you would know",
        "keeper?",
        "@ada hello",
        "thanks " * 60,
    ],
)
def test_what_may_want_an_answer_is_answered(text: str) -> None:
    assert silence_of(text, [*Silence], names=NAMES) is None


def test_only_what_the_persona_is_silent_to_is_left_alone() -> None:
    head = {"persona": "Ada", "who": "keeps the lighthouse"}
    usual = Persona.model_validate(head)
    assert [usual.silence(text) for text in ("thanks", "👍", "stupid bot")] == [
        Silence.THANKED,
        Silence.ONLY_EMOJI,
        Silence.INSULTED,
    ]
    polite = Persona.model_validate(head | {"silent_when": ["only_emoji"]})
    assert [polite.silence(text) for text in ("thanks", "👍", "stupid bot")] == [None, Silence.ONLY_EMOJI, None]
    assert Persona.model_validate(head | {"silent_when": []}).silence("👍") is None


@given(st.text(max_size=300))
def test_any_text_whatever_can_be_looked_at(text: str) -> None:
    silence = silence_of(text, [*Silence], names=NAMES)
    assert silence in (None, Silence.THANKED, Silence.ONLY_EMOJI, Silence.INSULTED)


@given(st.lists(st.one_of(st.sampled_from([*STEMS, *EXACT]), st.text(max_size=8)).map(str.casefold), max_size=6))
def test_what_is_plainly_decent_has_no_obscenity_in_it(words: list[str]) -> None:
    assert not (are_plainly_decent(words) and any(map(is_indecent, words)))


@given(st.text(st.sampled_from('tTHhaAnNkKsS yYoOuU,.!?";:@<()'), max_size=40))
def test_plain_letters_are_read_as_any_others_are(text: str) -> None:
    # a sign that is looked for nowhere sends the second one the longer way
    assert silence_of(text, tuple(Silence)) == silence_of(f"{text}\u2026", tuple(Silence))
