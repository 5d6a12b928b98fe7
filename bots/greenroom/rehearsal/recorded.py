"""Answers of a model, written down once and told again without a key: one file, one line for each."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
from typing_extensions import override

from greenroom.clock import Clock, from_micros, to_micros
from greenroom.generation import Brief, Engine, EngineUnavailable, Generated, Line, Overlong, Refused
from greenroom.memory import Found
from greenroom.private import private_file
from greenroom_adapters.contract import ConfigurationError

__all__ = ["Recorded", "Recorder", "StillClock"]

FORMAT = "greenroom answers 1"
LARGEST = 64_000_000
"""Bytes: thousands of answers."""
UNTOLD = frozenset({"tests", "file", "version", "script", "filters", "silent_when"})
"""What of a persona no model reads: cases are edited without asking a model anew."""


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    format: str
    at: int
    """When the first was written down, in microseconds since 1970: moods and dates are those of that moment."""


class _Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    key: Annotated[str, msgspec.Meta(min_length=64, max_length=64)]
    engine: str
    model: str | None = None
    text: str = ""
    cost: Annotated[int, msgspec.Meta(ge=0)] = 0
    notes: tuple[str, ...] = ()
    refused: str | None = None
    """Why it answered nothing."""
    is_overlong: bool = False


class StillClock(Clock):
    """Stands at one moment: what is compared is said on the same day, in the same mood."""

    def __init__(self, moment: datetime) -> None:
        self._micros = to_micros(moment)

    @override
    def micros(self) -> int:
        return self._micros

    @override
    async def sleep(self, seconds: float) -> None:
        raise RuntimeError("nothing is waited for where the clock stands still")


class Recorded:
    """The answers of one file. What is added is on disk before it is told."""

    def __init__(self, path: Path, *, now: datetime) -> None:
        """Read the file; one that is not there is made with the first answer, at `now`.

        :raises ConfigurationError: it cannot be read, or is something else
        """
        self.path = path
        self._answers: dict[str, _Answer] = {}
        self._is_new = not path.exists()
        self._at = to_micros(now)
        if not self._is_new:
            self._read()

    @property
    def at(self) -> datetime:
        """The moment for which they were given."""
        return from_micros(self._at)

    @property
    def engine(self) -> str:
        """Who gave them, as the bot file names it; of several the first. Nobody yet: "recorded"."""
        return next((answer.engine for answer in self._answers.values()), "recorded")

    def find(self, key: str) -> Generated | None:
        """Return what was answered; None: it stands nowhere.

        :raises Refused: nothing was, for that reason
        :raises Overlong: it did not come to an end
        """
        answer = self._answers.get(key)
        if answer is None:
            return None
        if answer.refused is not None:
            raise (Overlong if answer.is_overlong else Refused)(answer.refused)
        return Generated(
            text=answer.text,
            engine=answer.engine,
            model=answer.model or answer.engine,
            cost=answer.cost,
            notes=answer.notes,
        )

    def add(self, key: str, engine: str, said: Generated | Refused | Overlong) -> None:
        """Write an answer down.

        :raises ConfigurationError: the file cannot be written
        """
        if isinstance(said, Generated):
            answer = _Answer(key=key, engine=engine, model=said.model, text=said.text, cost=said.cost, notes=said.notes)
        else:
            answer = _Answer(key=key, engine=engine, refused=str(said), is_overlong=isinstance(said, Overlong))
        lines = [msgspec.json.encode(answer)]
        if self._is_new:
            lines.insert(0, msgspec.json.encode(_Head(format=FORMAT, at=self._at)))
        try:
            private_file(self.path)
            with self.path.open("ab") as file:
                file.write(b"\n".join(lines) + b"\n")
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be written: {error.strerror}") from error
        self._is_new = False
        self._answers[key] = answer

    def _read(self) -> None:
        try:
            size = self.path.stat().st_size
            body = self.path.read_bytes() if size <= LARGEST else b""
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be read: {error.strerror}") from error
        if size > LARGEST:
            raise ConfigurationError(
                f"{self.path} is larger than {LARGEST // 1_000_000} MB: that is no file of answers"
            )
        head, *lines = body.split(b"\n")
        try:
            found = msgspec.json.decode(head, type=_Head)
        except (msgspec.DecodeError, UnicodeDecodeError):
            found = None
        if found is None or found.format != FORMAT:
            raise ConfigurationError(f"{self.path} is no file of recorded answers: its first line does not say so")
        try:
            from_micros(found.at)
        except OverflowError as error:
            raise ConfigurationError(f"{self.path}:1: `at` is no moment") from error
        self._at = found.at
        for number, line in enumerate(lines, 2):
            if not line.strip():
                continue
            try:
                answer = msgspec.json.decode(line, type=_Answer)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise ConfigurationError(f"{self.path}:{number}: this is no recorded answer: {error}") from error
            self._answers[answer.key] = answer


class Recorder(Engine):
    """Tells what was recorded; what was not it asks of another engine, where there is one, and writes down."""

    def __init__(self, recorded: Recorded, inner: Engine | None = None) -> None:
        """Take the answers, and who is asked for more; that one is closed with this."""
        self._recorded = recorded
        self._inner = inner

    @property
    @override
    def name(self) -> str:
        return self._recorded.engine if self._inner is None else self._inner.name

    @override
    async def generate(self, brief: Brief) -> Generated:
        found = None if brief.persona.knowledge is None else await brief.documents()
        key = _key(brief, await brief.history(), found)
        if (said := self._recorded.find(key)) is not None:
            # it is held to the documents that it was shown, as it was then
            return msgspec.structs.replace(said, found=found)
        if self._inner is None:
            raise EngineUnavailable(
                f"{self._recorded.path} has no answer to that: name the model with --engine, and it is asked and "
                "written down",
                permanent=True,
            )
        try:
            said = await self._inner.generate(brief)
        except (Refused, Overlong) as error:
            self._recorded.add(key, self.name, error)
            raise
        self._recorded.add(key, self.name, said)
        return said

    @override
    async def aclose(self) -> None:
        if self._inner is not None:
            await self._inner.aclose()


def _key(brief: Brief, history: Sequence[Line], found: Found | None) -> str:
    """Return the same for two briefs of which a model reads the same."""
    author = brief.author
    read = [
        brief.persona.model_dump(mode="json", exclude=set(UNTOLD)),
        brief.surface,
        [[limit.length, limit.rule] for limit in brief.limits],
        brief.seed,
        brief.about,
        brief.options,
        brief.said,
        None if author is None else [author.handle, author.trust],
        brief.platform,
        brief.relation,
        brief.is_caption,
        brief.below,
        brief.language,
        brief.correction,
        brief.may_be_silent,
        None if found is None else msgspec.to_builtins(found.passages),
        [[None if line.author is None else line.author.handle, line.text] for line in history],
    ]
    text = json.dumps(read, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
