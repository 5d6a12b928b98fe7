"""The conversation in the documentation is what the engine says, line by line.

Run as a program, this module has the conversation held again and writes the page anew.
"""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path

from typing_extensions import override

from greenroom.clock import Clock, to_micros
from greenroom.generation.engine import Brief, Line
from greenroom.generation.script import ScriptEngine
from greenroom.personas import load_persona
from greenroom_adapters.contract import Author, Surface, TextLimit

PAGE = Path(__file__).parents[2] / "docs" / "a-conversation-with-ada.md"
BEGAN = datetime(2026, 11, 24, 18, 2, tzinfo=UTC)
TURN = re.compile(r"^\*\*(?P<who>Stranger|Ada):\*\* (?P<text>.*)$", re.MULTILINE)
STRANGER = Author(id="stranger", handle="stranger")


class EveningClock(Clock):
    """A minute passes with every answer."""

    def __init__(self) -> None:
        self.moment = BEGAN

    @override
    def micros(self) -> int:
        return to_micros(self.moment)

    @override
    async def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


async def answers(said: list[str]) -> list[str]:
    """Say these things to Ada and return what she answers."""
    with as_file(files("greenroom.personas") / "demo") as folder:
        persona = load_persona(folder / "ada.yaml")
        clock = EveningClock()
        engine = ScriptEngine(clock=clock)
        engine.prepare(persona)
    lines: list[Line] = []

    async def history() -> tuple[Line, ...]:
        return tuple(lines)

    for number, text in enumerate(said, start=1):
        brief = Brief(
            persona=persona,
            surface=Surface.DIRECT_MESSAGE,
            limits=(TextLimit(length=500),),
            seed=f"a conversation, turn {number}",
            said=text,
            author=STRANGER,
            history=history,
        )
        answer = await engine.generate(brief)
        lines += [Line(author=STRANGER, text=text), Line(author=None, text=answer.text)]
        await clock.sleep(60)
    return [line.text for line in lines if line.author is None]


def spoken(page: str, who: str) -> list[str]:
    """Return what one of the two says on the page."""
    return [turn["text"] for turn in TURN.finditer(page) if turn["who"] == who]


def retold(page: str) -> str:
    """Return the page with the answers that Ada gives today."""
    said = iter(asyncio.run(answers(spoken(page, "Stranger"))))
    return TURN.sub(lambda turn: turn[0] if turn["who"] == "Stranger" else f"**Ada:** {next(said)}", page)


def test_the_conversation_on_the_page_is_what_ada_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == retold(page)


def test_forty_turns_and_no_line_twice() -> None:
    said = spoken(PAGE.read_text(encoding="utf-8"), "Ada")
    assert len(said) >= 40
    assert len(set(said)) == len(said)


if __name__ == "__main__":
    PAGE.write_text(retold(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
