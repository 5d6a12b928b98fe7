"""Who has had his share of the day's money: told so once a day where he asked directly, left alone otherwise."""

from datetime import timedelta

from greenroom.clock import Clock, to_micros
from greenroom.personas import Persona
from greenroom.policy import USD, Terms, start_of_day
from greenroom.storage import CLOCK, Due, Ledger, Turn, author_of
from greenroom_adapters.contract import DirectMessageReceived, Surface, Trust

__all__ = ["SHARE", "Shares", "why_share"]

SHARE = "share"
"""Rule and name of a turn that says so."""
LINE = "That is all I can say to you today. Ask me again tomorrow."
"""What is said where the persona has no line for what it is unable to do."""


def why_share(turn: Turn, terms: Terms) -> str:
    """Return why a turn is left alone whose author has had his share, in words for the bot's owner."""
    author = author_of(turn.event)
    who = "its author" if author is None else f"@{author.handle}"
    share = f"{terms.file.limits.share / USD:.6f}".rstrip("0").rstrip(".")
    return f"{who} has had his share of today's money, {share} USD (limits: spend_per_person)"


class Shares:
    """Whom one account has told so today."""

    def __init__(self, ledger: Ledger, clock: Clock, *, platform: str) -> None:
        self._ledger = ledger
        self._clock = clock
        self._platform = platform
        self._day = ""
        self._said: set[str] = set()

    def words(self, turn: Turn, persona: Persona, terms: Terms) -> Turn | None:
        """Return the turn that tells the author of `turn`; None: he was told today, or it was said in public, where
        silence is better. On one day it has the same identity, so the inbox takes it once, over restarts as well."""
        event = turn.event
        if not isinstance(event, DirectMessageReceived):
            return None
        now, zone = self._clock.now(), terms.file.timezone
        day = f"{now.astimezone(zone):%Y-%m-%d}"
        if day != self._day:
            self._day, self._said = day, set()
        due = Due(
            name=SHARE,
            # the inbox keeps this for ever, so nobody can be known by it
            period=f"{self._ledger.pseudonym(self._platform, event.author.id)}@{day}",
            due=now,
            say=persona.line(persona.lines.unable, event.language) or LINE,
            room=None if event.room is None else event.room.id,
            direct_to=event.author.id,
        )
        if due.id in self._said:
            return None
        self._said.add(due.id)
        tomorrow = start_of_day(start_of_day(now, zone) + timedelta(hours=36), zone)
        return Turn(
            turn.account,
            due.id,
            f"{turn.lane}/{SHARE}",
            CLOCK,
            due,
            Surface.DIRECT_MESSAGE,
            SHARE,
            Trust.ANYONE,
            to_micros(now),
            min(turn.expires, to_micros(tomorrow)),
        )
