"""What of a conversation, of documents and of a person finds room in a prompt, and that the rest is named."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.generation import Brief, Line
from greenroom.generation.prompt import compose
from greenroom.generation.room import fitted, tokens_of
from greenroom.memory import Found, Passage
from greenroom.personas.persona import Persona
from greenroom.storage import Audience, PersonFact
from greenroom_adapters.contract import Author, Surface, TextLimit

BO = Author(id="7", handle="bo")
quotes = st.lists(st.tuples(st.just("o"), st.text(max_size=300)), max_size=12)


@given(st.integers(0, 3000), quotes, quotes, quotes)
def test_what_is_shown_fits_or_nothing_else_is_left_out(
    room: int, lines: list[tuple[str, str]], passages: list[tuple[str, str]], facts: list[tuple[str, str]]
) -> None:
    shown = fitted(room, fixed=["who"], lines=lines, passages=passages, facts=facts)
    rest = [*shown.lines, *shown.passages, *shown.facts]
    cost = tokens_of("who") + sum(tokens_of(text) + tokens_of(origin) + 24 for origin, text in rest)
    assert cost <= room or not rest
    assert shown.lines == lines[len(lines) - len(shown.lines) :], "the newest lines stay"
    assert shown.passages == passages[: len(shown.passages)], "the best passages stay"
    assert bool(shown.notes) == (len(rest) < len(lines) + len(passages) + len(facts))


@pytest.mark.parametrize(
    ("room", "kept"),
    [
        (10_000, (10, 3, 3)),
        (700, (4, 2, 3)),
        (560, (4, 1, 2)),
        (400, (4, 1, 0)),
        (300, (3, 1, 0)),
        (0, (0, 0, 0)),
    ],
)
def test_the_oldest_lines_go_first_then_passages_then_what_is_known_of_the_person(
    room: int, kept: tuple[int, int, int]
) -> None:
    text = "x" * 150
    shown = fitted(room, fixed=[], lines=[("l", text)] * 10, passages=[("p", text)] * 3, facts=[("f", text)] * 3)
    assert (len(shown.lines), len(shown.passages), len(shown.facts)) == kept


def test_a_prompt_says_what_was_left_out_and_keeps_what_is_answered() -> None:
    persona = Persona(persona="Ada", who="keeps the lighthouse")
    brief = Brief(
        persona=persona,
        surface=Surface.REPLY,
        limits=(TextLimit(length=300),),
        seed="1",
        said="Is it safe?",
        author=BO,
    )
    history = [Line(author=BO if number % 2 else None, text=f"line {number} " + "y" * 400) for number in range(50)]
    found = Found(passages=(Passage(source="Lamp", heading="", text="z" * 700, covers=1.0),))
    facts = [
        PersonFact(
            platform="stage",
            person="7",
            kind="name",
            text="Bo",
            audience=Audience.EVERYBODY,
            place="",
            account="home",
            event_id="e",
            said=1,
        )
    ]
    whole = compose(brief, history, day=date(2026, 1, 1), found=found, facts=facts, room=100_000)
    assert whole.notes == (
        "documents: Lamp",
        "known of the author: name",
        "left out for want of room (100,000 tokens): the 30 oldest lines of the conversation",
    )
    small = compose(brief, history, day=date(2026, 1, 1), found=found, facts=facts, room=2_000)
    assert "line 49" in small.user
    assert "name: Bo" in small.user
    assert "Is it safe?" in small.user
    assert "line 31" not in small.user
    assert small.notes[-1].startswith("left out for want of room (2,000 tokens): the ")
    assert tokens_of(small.system) + tokens_of(small.user) <= 2_100
