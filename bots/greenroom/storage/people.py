"""What people told of themselves, each with the audience that heard it."""

import enum
import re
from collections.abc import Collection

import msgspec

__all__ = ["Audience", "PersonFact", "is_called"]


class Audience(enum.StrEnum):
    """Who could read what somebody said; it is repeated to nobody else."""

    EVERYBODY = "everybody"
    """It was said in public."""
    ROOM = "room"
    """It was said in a room."""
    PERSON = "person"
    """It was said to the bot alone."""


class PersonFact(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a person said of himself. Untrusted text."""

    platform: str
    person: str
    """His stable id there."""
    kind: str
    """`name`, `interests`, or what the owner's file calls it."""
    text: str
    audience: Audience
    place: str
    """The room it was said in, as account/id; empty: in none."""
    account: str
    """Over which it was heard."""
    event_id: str
    """By what: the message that says so."""
    said: int
    """When, in microseconds since 1970."""


def is_called(text: str, handles: Collection[str]) -> bool:
    """Say whether a text that the owner is told calls somebody by one of these handles. It has (at) for every @, so
    that it addresses nobody."""
    called = "|".join(re.escape(handle) for handle in sorted(handles) if handle)
    return bool(called) and re.search(rf"(?<![\w@])(?:{called})(?![\w@])", text.replace("(at)", "@")) is not None
