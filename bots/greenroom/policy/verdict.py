"""What a guard says about a turn: one of five words, four of them with a reason that its owner reads."""

from dataclasses import dataclass

__all__ = ["ALLOW", "Allow", "Hold", "Later", "OnWords", "Refuse", "Repair", "Verdict"]


@dataclass(frozen=True, slots=True)
class Allow:
    """Nothing stands against it."""


@dataclass(frozen=True, slots=True)
class Later:
    """Not now: ask again at `until` (microseconds since 1970), as long as the turn is worth it."""

    until: int
    reason: str


@dataclass(frozen=True, slots=True)
class Repair:
    """Not these words: let them be found anew, once, with the reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Not without a person."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Not at all: the turn is left alone."""

    reason: str


Verdict = Allow | Later | Repair | Hold | Refuse
OnWords = Allow | Repair | Hold | Refuse
"""What can be said about words: they are the same later on."""

ALLOW = Allow()
"""The one that nearly every question gets."""
