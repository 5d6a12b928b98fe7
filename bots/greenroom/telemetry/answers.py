"""What a model's server says of its own answer, told to whoever watches the call."""

import contextlib
from collections.abc import Callable, Generator
from contextvars import ContextVar

import msgspec

__all__ = ["Answer", "hearing_answers", "tell_answer"]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer, without a word of it."""

    model: str
    """That was asked for."""
    answered_by: str | None
    """The model that the server says it was."""
    id: str | None
    finish: str | None
    """Why it ended."""
    read: int | None
    """Tokens; None: the server did not say."""
    written: int | None


Hear = Callable[[Answer], None]

_hears: ContextVar[Hear | None] = ContextVar("hears_answers", default=None)


@contextlib.contextmanager
def hearing_answers(hear: Hear) -> Generator[None]:
    """Tell `hear` of every answer to a call that is made in the block."""
    token = _hears.set(hear)
    try:
        yield
    finally:
        _hears.reset(token)


def tell_answer(answer: Answer) -> None:
    """Tell whoever watches this call; nobody may."""
    if (hear := _hears.get()) is not None:
        hear(answer)
