"""Turns that tests put into a ledger, and what comes back of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from greenroom.storage import CLOCK, AgendaItem, Due, Ledger, State, Turn
from greenroom_adapters.contract import Author, MentionReceived, PostRef, Surface, Trust

__all__ = [
    "HOUR",
    "LONG_AGO",
    "MakeLedger",
    "due_turn",
    "facts",
    "item",
    "mention_turn",
    "rested",
    "stored",
]

MakeLedger = Callable[[], Ledger]
"""Makes a ledger, not entered, over the test's one durable record: a later one finds what an earlier one wrote."""

HOUR = 3_600_000_000
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def mention_turn(
    number: int = 1,
    *,
    account: str = "home",
    conversation: str = "c1",
    text: str = "Are you there?",
    at: datetime = datetime(2026, 11, 23, 12, tzinfo=UTC),
    within: timedelta = timedelta(hours=6),
) -> Turn:
    """Return a received mention, `number` in its event id and its post's id, as intake makes it."""
    event = MentionReceived(
        id=f"mention-{number}",
        source="mentions",
        cursor=str(number),
        occurred_at=at,
        post=PostRef(id=f"p{number}", url=f"https://stage.example/p{number}"),
        author=Author(id="u1", handle="iris", name="Iris"),
        text=text,
        conversation=conversation,
    )
    received = round(at.timestamp() * 1e6)
    expires = received + round(within.total_seconds() * 1e6)
    lane = f"{account}/{conversation}"
    return Turn(
        account,
        event.id,
        lane,
        event.kind,
        event,
        Surface.REPLY,
        "answer 1",
        Trust.ANYONE,
        received,
        expires,
        event.post.id,
    )


def due_turn(number: int, *, account: str = "home", name: str = "morning", say: str = "Good morning.") -> Turn:
    """Return a due post, `number` in its period, as the scheduler makes it."""
    moment = datetime(2026, 11, 23, 8, tzinfo=UTC)
    due = Due(name=name, period=f"day {number}", due=moment, say=say)
    received = round(moment.timestamp() * 1e6)
    lane = f"{account}/post:{name}"
    return Turn(
        account,
        due.id,
        lane,
        CLOCK,
        due,
        Surface.POST,
        name,
        Trust.OWNER,
        received,
        received + HOUR,
        None,
        received + 1,
    )


async def stored(ledger: Ledger, turn: Turn) -> Turn:
    """Put a turn into the ledger and return it."""
    ledger.receive(turn)
    await ledger.committed()
    return turn


async def rested(ledger: Ledger, turn: Turn, state: State, **changes: Any) -> Turn:
    """Put a turn into the ledger and bring it to `state`."""
    await stored(ledger, turn)
    turn.state = state
    for name, value in changes.items():
        setattr(turn, name, value)
    ledger.save(turn)
    await ledger.committed()
    return turn


def facts(turn: Turn) -> dict[str, Any]:
    """Return everything of a turn that a ledger keeps."""
    in_memory_only = {"suspect", "revisions", "changed", "stored_draft", "decided_by"}
    return {name: getattr(turn, name) for name in Turn.__struct_fields__ if name not in in_memory_only}


def item(due: int) -> AgendaItem:
    """Return an item that is not stored yet."""
    event = Due(name="single", period="", due=LONG_AGO, say="Hello.")
    return AgendaItem(id=0, due=due, late=HOUR, account="home", event=event)
