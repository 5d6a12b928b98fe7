"""The time in which no engine can answer: who asked directly is told so once, in the owner's words."""

from greenroom.clock import Clock, from_micros, to_micros
from greenroom.personas import Persona
from greenroom.policy.hands import HandsOff
from greenroom.storage import CLOCK, Due, Ledger, State, Turn
from greenroom_adapters.contract import DirectMessageReceived, Surface, Trust

__all__ = ["UNABLE", "Outage"]

FACT = "outage"
"""Name of the fact that says since when."""
UNABLE = "unable"
"""Rule and name of a turn that says so."""


class Outage:
    """Since when the engines of a bot are away. Shared by its accounts, and known over restarts."""

    def __init__(self, ledger: Ledger, clock: Clock, hands: HandsOff) -> None:
        """Take the bot's parts; `hands` knows where its owner has answered himself."""
        self._ledger = ledger
        self._hands = hands
        self._clock = clock
        self._since: str | None = None
        self._said: dict[tuple[str, str], Turn] = {}
        """Account and identity of what was said in this outage, so that a retry costs nothing → the turn that cannot be
        answered."""

    async def load(self) -> None:
        """Take up what is known from before a restart."""
        self._since = (await self._ledger.facts(FACT)).get(FACT)

    def ends(self) -> None:
        """Hear that an engine has answered."""
        if self._since is not None:
            self._since = None
            self._said.clear()
            self._ledger.forget_facts(FACT)

    def why_not(self, words: Turn) -> str | None:
        """Return why a turn that says so has nothing to say any more; None: it has."""
        event = words.event
        if not isinstance(event, Due) or words.rule != UNABLE:
            return None
        conversation, _, since = event.period.rpartition("@")
        if since != self._since:
            return "an engine can answer again"
        asked = self._said.get((words.account, event.id))
        if (asked is not None and asked.state is not State.RECEIVED) or self._hands.wrote_since(
            words.account, conversation, to_micros(event.due)
        ):
            return "what was asked has been seen to meanwhile"
        return None

    def words(self, turn: Turn, persona: Persona) -> Turn | None:
        """Return the turn that says so to whoever wrote the direct message that cannot be answered; None: the owner
        has no words for it, or it was said in public, where silence is better.

        In one conversation it has the same identity until an engine has answered, so the inbox takes it once.
        """
        event = turn.event
        if not isinstance(event, DirectMessageReceived):
            return None
        line = persona.line(persona.lines.unable, event.language)
        if line is None:
            return None
        now = self._clock.micros()
        if self._since is None:
            self._since = str(now)
            self._ledger.remember(FACT, self._since)
        due = Due(
            name=UNABLE,
            period=f"{event.conversation}@{self._since}",
            due=from_micros(now),
            say=line,
            room=None if event.room is None else event.room.id,
            direct_to=event.author.id,
        )
        if (turn.account, due.id) in self._said:
            return None
        self._said[turn.account, due.id] = turn
        # a lane of its own: the one of the conversation is kept by what waits for an answer
        lane = f"{turn.lane}/{UNABLE}"
        return Turn(
            turn.account,
            due.id,
            lane,
            CLOCK,
            due,
            Surface.DIRECT_MESSAGE,
            UNABLE,
            Trust.ANYONE,
            now,
            turn.expires,
        )
