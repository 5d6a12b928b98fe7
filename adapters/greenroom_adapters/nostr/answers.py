"""What a relay's word about an event means for whoever sent it (NIP-01, "From relay to client")."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from greenroom_adapters.contract import (
    AdapterError,
    Forbidden,
    OutcomeUnknown,
    PostRejected,
    RateLimited,
    Unavailable,
)
from greenroom_adapters.transport import Http

__all__ = ["MEANINGS", "Said", "mean", "weigh"]

WAIT_WITHOUT_HINT = timedelta(seconds=30)
SECONDS = {"s": 1, "m": 60, "h": 3600}
WAIT = re.compile(r"\b(\d{1,5}) ?(s|m|h)(?:ec(?:onds?)?s?|in(?:utes?)?s?|ours?|rs?)?\b", re.IGNORECASE)
"""How long to wait, where a relay says so: there is no form for it, only words."""

MEANINGS: Mapping[str, type[AdapterError]] = {
    "auth-required": Forbidden,
    "blocked": Forbidden,
    "restricted": Forbidden,
    "rejected": Forbidden,
    "invalid": PostRejected,
    "pow": PostRejected,
    "mute": PostRejected,
    "rate-limited": RateLimited,
    "error": OutcomeUnknown,
}
"""Prefix → what it means that an event was not taken. `rejected` is what some relays say for `blocked`. After `error`
the event may be there all the same: it names a failure of the relay, at whatever point that happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A relay's answer to one event."""

    accepted: bool
    words: str = ""

    @property
    def prefix(self) -> str:
        """The machine-readable part of the words."""
        return self.words.partition(":")[0].strip() if ":" in self.words else ""

    @property
    def is_there(self) -> bool:
        """The relay has the event. Some say of one that they have already that it is accepted, some that it is not."""
        return self.accepted or self.prefix == "duplicate"


def mean(said: Said, http: Http, relay: str) -> AdapterError:
    """Return the error that a refusal is."""
    kind = MEANINGS.get(said.prefix, PostRejected)
    words = f"{relay} does not take it: {said.words[:200]}"
    if kind is RateLimited:
        return RateLimited(
            http.redactor.clean(words), retry_after=_wait(said.words), platform=http.platform, account=http.account
        )
    return http.error(kind, words)


def weigh(errors: list[AdapterError]) -> AdapterError:
    """Return the error that stands for those of several relays, none of which has confirmed the event: the most
    careful reading of all of them. Never empty."""
    for kind in (OutcomeUnknown, RateLimited, Unavailable):
        found = [error for error in errors if isinstance(error, kind)]
        if found:
            return min(found, key=lambda error: getattr(error, "retry_after", timedelta(0)))
    return errors[0]


def _wait(words: str) -> timedelta:
    found = WAIT.search(words)
    if found is None:
        return WAIT_WITHOUT_HINT
    return timedelta(seconds=int(found[1]) * SECONDS[found[2].lower()])
