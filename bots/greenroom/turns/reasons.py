"""Why turns rest, in few words: the reasons of the ledger are sentences with names and numbers in them, and a label of
a metric must be neither."""

from collections.abc import Mapping
from types import MappingProxyType

from greenroom.policy import SAID_BEFORE

__all__ = ["OTHER", "REASONS", "USUAL", "reason_of"]

USUAL = "usual"
"""It went its usual way."""
OTHER = "other"
"""None of the others."""

REASONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # quotes what was posted, which may hold any words: so it is looked for first
        "repeated": (SAID_BEFORE,),
        "rehearsing": ("rehearsing: ", "began to rehearse"),
        "source_gone": ("source gone",),
        "asked_to_stop": ('has said "stop"', "asks bots to stay away"),
        "owner_answers": (
            "written by hand",
            "answered by hand",
            "left to its owner",
            "passed to its owner",
            "by hand from the bot's account",
        ),
        "person_decided": (
            "refused by hand",
            "dropped by hand",
            "keeps order there",
            "a moderator",
            "to be quiet in that room",
        ),
        "money": ("today's money",),
        "limit": ("(limits: ", "(rooms: ", "messages of a room are the bot's own", "was the last to speak there"),
        "quiet_hours": ("quiet hours (",),
        "silent": ("silent_when: ",),
        "answered_together": ("one answer for all of it", "somebody else has answered", "answers this post already"),
        "too_late": ("too late", "in time"),
        "no_engine": ("no engine can answer",),
        "refused_by_platform": ("the platform refused it", "the platform calls it a duplicate", "does not let it"),
        "does_not_fit": ("it cannot be posted there", "refused before sending", "no picture could be made"),
        "outcome_unknown": ("outcome unknown", "the program stopped while it was being sent", "no answer in time"),
        "program_failed": ("the program failed", "crashed "),
        "account_gone": ("gone from the bot's file",),
    }
)
"""Word → parts of the sentences that it stands for; the first that fits is taken."""


def reason_of(sentence: str) -> str:
    """Return the word for why a turn rests: `usual` for no sentence, `other` for one that none stands for."""
    if not sentence:
        return USUAL
    return next((word for word, parts in REASONS.items() if any(part in sentence for part in parts)), OTHER)
