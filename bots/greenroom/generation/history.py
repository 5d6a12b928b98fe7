"""What was said before in a conversation, as the ledger has it."""

from collections.abc import Iterable

from greenroom.generation.engine import Line
from greenroom.storage import State, Turn
from greenroom_adapters.contract import OwnPostSeen, TextEvent

__all__ = ["lines_of"]


def lines_of(turns: Iterable[Turn]) -> list[Line]:
    """Return what people, the bot and its owner's hand said in these turns of one conversation, in their order."""
    lines: list[Line] = []
    for turn in turns:
        if isinstance(turn.event, TextEvent):
            lines.append(Line(author=turn.event.author, text=turn.event.text, trust=turn.trust))
        elif isinstance(turn.event, OwnPostSeen):
            lines.append(Line(author=None, text=turn.event.text, trust=turn.trust))
        if turn.state is State.SENT and turn.draft is not None:
            lines.extend(Line(author=None, text=part, trust=turn.trust) for part in turn.draft.parts)
    return lines
