"""Two personas over the same inputs: what each says, and what that adds up to."""

import asyncio
import difflib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from greenroom.generation import Voice
from greenroom.personas import Persona
from greenroom.rehearsal.inputs import Input
from greenroom.rehearsal.trying import Become, Tried, try_out

__all__ = ["Compared", "Side", "Tally", "compare", "likeness", "tally"]

AT_ONCE = 4
"""Inputs side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two personas."""

    name: str
    """As its owner told which is meant."""
    persona: Persona
    voice: Voice


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What both say to one input."""

    input: Input
    a: Tried
    b: Tried
    likeness: float | None
    """From 0 (nothing in common) to 1 (word for word the same); None: one of them says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What one side's answers add up to."""

    said: int
    held: int
    silent: int
    unable: int
    broke: int
    """Bounds that its texts broke before they were written again, cut or given up."""
    broken: tuple[tuple[str, int], ...]
    """The same by bound, the most frequent first."""
    characters: float
    """Of a text on average; 0: there is none."""
    cost: int
    """Millionths of a US dollar."""


async def compare(
    a: Side, b: Side, inputs: Sequence[Input], *, told: Callable[[int], None] = lambda done: None
) -> list[Compared]:
    """Return what the two say to each input, in their order. Publishes nothing. `told` hears how many are done.

    A few inputs run side by side; of one input first `a` speaks and then `b`.
    """
    gate = asyncio.Semaphore(AT_ONCE)
    done = 0

    async def one(input: Input) -> Compared:
        nonlocal done
        async with gate:
            first = await try_out(a.voice, a.persona, input.occasion, input.history)
            second = await try_out(b.voice, b.persona, input.occasion, input.history)
        done += 1
        told(done)
        return Compared(input=input, a=first, b=second, likeness=likeness(first.parts, second.parts))

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(input)) for input in inputs]
    return [task.result() for task in tasks]


def likeness(a: Sequence[str], b: Sequence[str]) -> float | None:
    """Return how much two answers have in common, word by word; None: one of them says nothing."""
    if not a or not b:
        return None
    first, second = (" ".join(parts).casefold().split() for parts in (a, b))
    return difflib.SequenceMatcher(None, first, second, autojunk=False).ratio()


def tally(tries: Sequence[Tried]) -> Tally:
    """Return what tries add up to."""
    became = Counter(one.become for one in tries)
    broken = Counter(bound.value for one in tries for bound in one.broke)
    lengths = [sum(map(len, one.parts)) for one in tries if one.parts]
    return Tally(
        said=became[Become.SAID],
        held=became[Become.HELD],
        silent=became[Become.SILENT],
        unable=became[Become.UNABLE],
        broke=broken.total(),
        broken=tuple(broken.most_common()),
        characters=fmean(lengths) if lengths else 0.0,
        cost=sum(one.cost for one in tries),
    )
