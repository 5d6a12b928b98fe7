"""One conversation with the script voice, held on a clock that is turned by hand."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from greenroom.generation.engine import Brief, Line
from greenroom.generation.script import ScriptEngine
from greenroom.personas import Persona, load_persona
from greenroom.testing.clock import ManualClock
from greenroom_adapters.contract import Author, Surface, TextLimit

EVENING = datetime(2026, 11, 24, 18, 2, tzinfo=UTC)


class Talk:
    """What a stranger and a persona say to each other."""

    def __init__(
        self,
        engine: ScriptEngine,
        clock: ManualClock,
        persona: Persona,
        *,
        seed: str = "talk",
        surface: Surface = Surface.REPLY,
        limit: int = 500,
        moment: datetime = EVENING,
        stranger: str = "7",
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.moment = moment
        self.lines: list[Line] = []
        self._persona = persona
        self._seed = seed
        self._surface = surface
        self._limit = limit
        self._stranger = Author(id=stranger, handle="stranger")

    @property
    def mine(self) -> list[str]:
        """What the persona said."""
        return [line.text for line in self.lines if line.author is None]

    def say(self, text: str, *, correction: str | None = None) -> str:
        """Say something and return the answer. A minute passes."""
        brief = Brief(
            persona=self._persona,
            surface=self._surface,
            limits=(TextLimit(length=self._limit),),
            seed=f"{self._seed}-{len(self.lines)}",
            said=text,
            author=self._stranger,
            correction=correction,
            history=self._history,
        )
        answer = self._generate(brief)
        self.lines += [Line(author=self._stranger, text=text), Line(author=None, text=answer)]
        return answer

    def post(self, about: str | None = None, *, every: timedelta = timedelta(minutes=30)) -> str:
        """Have something posted and return it. Half an hour passes."""
        brief = Brief(
            persona=self._persona,
            surface=Surface.POST,
            limits=(TextLimit(length=self._limit),),
            seed=f"{self._seed}-{len(self.lines)}",
            about=about,
            history=self._history,
        )
        text = self._generate(brief)
        self.lines.append(Line(author=None, text=text))
        self.moment += every - timedelta(minutes=1)
        return text

    def _generate(self, brief: Brief) -> str:
        self.clock.turn_to(self.moment)
        generated = asyncio.run(self.engine.generate(brief))
        self.moment += timedelta(minutes=1)
        assert generated.engine == "script"
        assert generated.cost == 0
        return generated.text

    async def _history(self) -> tuple[Line, ...]:
        return tuple(self.lines)


@pytest.fixture(scope="session")
def ada() -> Persona:
    """The demo persona, read from the package."""
    with as_file(files("greenroom.personas") / "demo") as folder:
        return load_persona(folder / "ada.yaml")


@pytest.fixture
def stranger(tmp_path: Path) -> Callable[..., Persona]:
    """Write a persona file, and a script beside it when one is given, and load it."""

    def write(persona: str, script: str | None = None) -> Persona:
        if script is not None:
            (tmp_path / "own.script.yaml").write_text(script, encoding="utf-8")
            persona += "\nscript: own.script.yaml\n"
        path = tmp_path / "persona.yaml"
        path.write_text(persona, encoding="utf-8")
        return load_persona(path)

    return write


@pytest.fixture(scope="session")
def talk() -> Callable[..., Talk]:
    """Begin a conversation: `talk(persona, seed=...)`. All share one engine, which is why it must remember nothing."""
    clock = ManualClock(EVENING)
    return partial(Talk, ScriptEngine(clock=clock), clock)
