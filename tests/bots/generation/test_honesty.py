"""Whoever asks whether it is a bot is not told that it is none."""

import pytest

from greenroom.generation.honesty import asks_about_bot, denies_being_bot

ASKING = [
    "Are you a bot?",
    "are you human",
    "@ada are you really a human being?",
    "Are you real?",
    "hey, r u a robot",
    "you're a bot, right?",
    "Is this automated?",
    "Am I talking to a real person?",
    "is there a human behind this account?",
    "Are you an AI or a person?",
    "Você é um robô?",
    "és humana?",
    "¿Eres un bot?",
    "eres una persona de verdad?",
    "Es-tu un robot ?",
    "Êtes-vous humain ?",
    "Bist du ein Bot?",
    "Sind Sie ein Mensch?",
    "Sei un bot?",
    "ben je een mens?",
    "ARE YOU A BOT?!",
]
NOT_ASKING = [
    "Is it safe to go out tomorrow?",
    "Are you going to fix the old machine tomorrow?",
    "I built a bot last week.",
    "The human eye is strange.",
    "What do you think about AI?",
    "Are you there?",
    "",
]


@pytest.mark.parametrize("text", ASKING)
def test_the_question_is_recognised(text: str) -> None:
    assert asks_about_bot(text)


@pytest.mark.parametrize("text", NOT_ASKING)
def test_other_questions_are_not_mistaken_for_it(text: str) -> None:
    assert not asks_about_bot(text)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("Are you a bot?", "I'm not a bot."),
        ("Are you a bot?", "No, I\u2019m definitely not a robot, I keep a lighthouse."),
        ("Are you a bot?", "No."),
        ("Are you a bot?", "Nope! Just the keeper."),
        ("Are you a bot?", "I am a real person."),
        ("Are you a bot?", "Not a bot, promise."),
        ("Are you human?", "Yes."),
        ("Are you human?", "Of course. Flesh and salt water."),
        ("Are you human?", "100% human."),
        ("Are you human or a bot?", "I am human, with cold hands."),
        ("Are you an AI?", "I'm no machine."),
        ("Você é um robô?", "Não sou um robô."),
        ("Você é um robô?", "Não, sou uma pessoa."),
        ("¿Eres un bot?", "No soy un bot."),
        ("eres humana?", "Soy humana."),
        ("Es-tu un robot ?", "Je ne suis pas un robot."),
        ("Bist du ein Bot?", "Ich bin kein Bot."),
        ("Bist du ein Bot?", "Nein, ich bin ein Mensch."),
        ("Sei un bot?", "Non sono un bot."),
        ("ben je een mens?", "Ja, natuurlijk."),
    ],
)
def test_a_denial_is_recognised(asked: str, answer: str) -> None:
    assert denies_being_bot(answer, asked=asked)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("Are you a bot?", "Yes, I am a bot of the museum."),
        ("Are you a bot?", "I am a bot, not a person."),
        ("Are you human?", "No, I'm a bot."),
        ("Are you human?", "No."),
        ("Are you human?", "I am not human. I am the museum's bot."),
        ("Are you a human or a bot?", "A bot. The lamp is real."),
        ("Bist du ein Mensch?", "Nein, ich bin ein Bot."),
        ("Bist du ein Bot?", "Ja, ein Bot."),
        ("Você é um robô?", "Sou um robô, sim."),
        ("Is it safe to go out?", "No."),
        ("Is it safe to go out?", "I am a person of habit: no."),
    ],
)
def test_the_truth_is_not_taken_for_a_denial(asked: str, answer: str) -> None:
    assert not denies_being_bot(answer, asked=asked)


@pytest.mark.parametrize("word", ["chatbot", "robô", "AI", "IA", "KI", "LLM", "ChatGPT", "language model", "machine"])
@pytest.mark.parametrize("opener", ["are you a", "você é um", "bist du ein", "tu es une"])
def test_every_word_for_a_bot_is_known_in_every_question(opener: str, word: str) -> None:
    assert asks_about_bot(f"{opener} {word}?")


@pytest.mark.parametrize(
    "words",
    [
        "máquina",
        "Maschine",
        "macchina",
        "computador",
        "ordenador",
        "Computerprogramm",
        "künstliche Intelligenz",
        "inteligencia artificial",
        "human being",
        "real person",
        "pessoa",
        "persona",
        "umana",
        "être humain",
        "Mensch",
    ],
)
def test_words_with_accents_are_known_too(words: str) -> None:
    assert asks_about_bot(f"are you {words}?")
