"""What was said before in a conversation, as the ledger has it."""

from collections.abc import Iterable
from dataclasses import replace

from greenroom.generation.engine import Line
from greenroom.storage import State, Turn
from greenroom_adapters.contract import OwnPostSeen, TextEvent

__all__ = ["lines_of", "own_lines"]


def lines_of(turns: Iterable[Turn]) -> list[Line]:
    """Return what people, the bot and its owner's hand said in these turns of one conversation, in their order."""
    lines: list[Line] = []
    for turn in turns:
        if isinstance(turn.event, TextEvent):
            author = replace(turn.event.author, trust=turn.trust)
            lines.append(Line(author=author, text=turn.event.text, trust=turn.trust))
        elif isinstance(turn.event, OwnPostSeen):
            lines.append(Line(author=None, text=turn.event.text, trust=turn.trust))
        if turn.state is State.SENT:
            lines += own_lines(turn)
    return lines


def own_lines(turn: Turn) -> list[Line]:
    """Return the bot's words in this turn."""
    draft = turn.draft
    return [] if draft is None else [Line(author=None, text=part, trust=draft.trust) for part in draft.parts]
