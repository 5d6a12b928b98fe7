"""How a turn becomes a row of the ledger, and a row a turn."""

from typing import Any

import msgspec

from greenroom.storage.turn import Draft, Part, State, Turn, decode_event, emptied_event
from greenroom_adapters.contract import Surface, Trust

__all__ = [
    "COLUMNS",
    "EXPIRED",
    "IS_ASIDE",
    "SURFACES",
    "decode_object",
    "encode",
    "row_of_arrival",
    "row_of_change",
    "turn_of",
]

COLUMNS = (
    "seq,account,event_id,lane,kind,event,surface,rule,trust,post_id,received,expires,not_before,state,reason,starts,"
    "persona,draft,outbox,changed"
)
"""What `turn_of` takes, in this order."""
IS_ASIDE = "seq IN (SELECT seq FROM aside) AND state IN (4,5,15)"
"""Turns that wait for a person; of those in the table some do not any more."""
EXPIRED = "seq IN (SELECT seq FROM aside) AND state=4 AND expires<?"
"""Turns that were held for too long; takes the present moment."""

SURFACES = {surface.value: surface for surface in Surface}
_TRUSTS = {trust.value: trust for trust in Trust}

_encode_bytes = msgspec.json.Encoder().encode
_decode_draft = msgspec.json.Decoder(Draft).decode
_decode_outbox = msgspec.json.Decoder(list[Part]).decode
decode_object = msgspec.json.Decoder(dict[str, Any]).decode


def encode(value: Any) -> str:
    """Return what a column keeps of a value that is neither number nor text."""
    # Text and not bytes: sqlite3 takes text as it is, and looks for an adapter for bytes each time.
    return _encode_bytes(value).decode()


def row_of_arrival(turn: Turn) -> tuple[Any, ...]:
    """Return what is stored of a turn that came in."""
    return (
        turn.seq,
        turn.account,
        turn.event_id,
        turn.lane,
        str(turn.kind),
        _encode_bytes(turn.event).decode(),
        str(turn.surface),
        turn.rule,
        str(turn.trust),
        turn.post_id,
        turn.received,
        turn.expires,
        turn.not_before,
        int(turn.state),
        turn.starts,
        turn.changed,
    )


def row_of_change(turn: Turn) -> tuple[Any, ...]:
    """Return what is stored of a turn as it is now; its state comes first."""
    return (
        # plain numbers and texts: sqlite3 looks for an adapter for members of an enumeration, at every one
        int(turn.state),
        turn.reason,
        turn.starts,
        turn.not_before,
        turn.expires,
        turn.persona,
        _encode_bytes(turn.outbox).decode() if turn.outbox else None,
        turn.changed,
    )


def turn_of(row: tuple[Any, ...]) -> Turn:
    """Return the turn that a row of `COLUMNS` keeps."""
    (
        seq,
        account,
        event_id,
        lane,
        kind,
        event,
        surface,
        rule,
        trust,
        post_id,
        received,
        expires,
        not_before,
        state,
        reason,
        starts,
        persona,
        draft,
        outbox,
        changed,
    ) = row
    turn = Turn(
        account,
        event_id,
        lane,
        kind,
        decode_event(kind, event) if event else emptied_event(event_id, received),
        SURFACES[surface],
        rule,
        _TRUSTS[trust],
        received,
        expires,
        post_id,
        not_before,
    )
    turn.seq, turn.state, turn.reason, turn.starts = seq, State(state), reason, starts
    turn.persona, turn.changed = persona, changed
    turn.draft = turn.stored_draft = None if draft is None else _decode_draft(draft)
    turn.outbox = [] if outbox is None else _decode_outbox(outbox)
    return turn
