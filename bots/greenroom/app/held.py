"""What a person does with drafts that wait for him: lets them out, rewrites them, or refuses them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from greenroom.app.fitting import Measure, measure_of
from greenroom.app.undecided import SECOND_CHANCE
from greenroom.clock import MICROSECOND, Clock, from_micros, to_micros
from greenroom.policy import EVERY_ACCOUNT, SWITCH, quiet_until
from greenroom.settings import BotFile
from greenroom.storage import CLOCK, Draft, Due, Ledger, State, Turn
from greenroom.turns import AccountDesk
from greenroom.turns.beginning import WORDS_OF_PASSED_ON
from greenroom_adapters.contract import ConfigurationError, Trust, UnknownEvent

__all__ = ["KINDS", "HeldDrafts"]

KINDS = ("all", "posts", "replies")
"""Words that stand for many held drafts at once."""
BY_HAND = "by hand"
REDRAFTED = "to be written anew"


class HeldDrafts:
    """The held drafts of one bot. Changes are queued with the ledger; whoever calls waits for the commit.

    `desks` are those of the running bot: what is let out goes on there, at the end of its conversation's lane.
    """

    def __init__(
        self,
        ledger: Ledger,
        file: BotFile,
        *,
        clock: Clock,
        desks: Mapping[str, AccountDesk],
        rested: Callable[[Turn], None],
    ) -> None:
        """Take the bot's parts; `rested` hears of a draft that ends here."""
        self._ledger = ledger
        self._file = file
        self._clock = clock
        self._desks = desks
        self._rested = rested

    def use(self, file: BotFile) -> None:
        """Take over an edited file."""
        self._file = file

    async def approve(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """`turns`: numbers, or one of `KINDS`. Let them out as they stand; what cannot go out is left, with why.

        The answer's `waits_until` (microseconds since 1970) says when quiet hours end that keep them; None: none do.
        Its `waits_for` says by which pause or stop they are kept, and `worth_until` until when the first of them is
        worth sending; None: by none.
        """
        turns, answer = await self._each(arguments, "approved", self._approve)
        return {**answer, **await self._kept_by(turns)}

    async def refuse(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """`turns`: numbers, or one of `KINDS`. They shall not go out."""
        _, answer = await self._each(arguments, "refused", self._refuse)
        return answer

    async def redraft(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """`turns`: numbers, or one of `KINDS`. They are written anew, by the persona that is in force; where no bot
        runs, when it does. What cannot be is left, with why."""
        _, answer = await self._each(arguments, "redrafted", self._redraft)
        return answer

    async def edit(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """`turn` and `text`; with `approve` it is let out as well, or else keeps the words that it has."""
        measure = await self._measure_of(int(arguments["turn"]))
        turn = await self._held(int(arguments["turn"]))
        text = _words_of(str(arguments["text"]), measure)
        old = turn.draft or Draft(parts=(), engine=BY_HAND)
        notes = (*old.notes, "rewritten by hand")
        turn.draft = Draft(
            parts=(text,),
            engine=BY_HAND,
            cost=old.cost,
            notes=notes,
            also=old.also,
            read=old.read,
            media=old.media,
            acts=old.acts,
            trust=Trust.OWNER,
        )
        # what was ready to go out had the old words
        turn.outbox = []
        if approved := bool(arguments.get("approve")):
            self._must_be_ready(turn)
        self._ledger.save(turn)
        self._ledger.note(turn.seq, "rewritten", BY_HAND)
        if approved:
            self._approve(turn)
        kept = await self._kept_by([turn] if approved else [])
        return {"done": "edited", "turn": turn.seq, "approved": approved, **kept}

    async def answer(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """`turn` and `text`: what was passed on to its owner, or is held, is answered with his words. What is returned
        has the other entries of `approve`."""
        seq, text = int(arguments["turn"]), str(arguments["text"])
        measure = await self._measure_of(seq)
        turn = await self._ledger.turn(seq)
        if turn is None:
            raise ConfigurationError(f"there is no turn {seq}; `greenroom log` lists them")
        if turn.state is State.HELD:
            return {**await self.edit({"turn": seq, "text": text, "approve": True}), "done": "answered"}
        if turn.state is not State.IGNORED or turn.reason not in WORDS_OF_PASSED_ON:
            why = f" ({turn.reason})" if turn.reason else ""
            raise ConfigurationError(
                f"turn {seq} is {turn.state.word}{why}: only what a rule with `tell: true` passed on to you, or what "
                "is held, is answered so"
            )
        self._must_be_there(turn, "answer")
        self._must_rest(turn)
        words = _words_of(text, measure)
        notes = ("answered by hand",)
        turn.draft = Draft(parts=(words,), engine=BY_HAND, notes=notes, approved=True, trust=Trust.OWNER)
        turn.outbox = []
        turn.state, turn.reason, turn.starts, turn.not_before = State.DRAFTED, "", 0, 0
        turn.expires = max(turn.expires, self._clock.micros() + SECOND_CHANCE // MICROSECOND)
        self._ledger.work_again(turn)
        self._ledger.note(seq, "answered", BY_HAND)
        if (desk := self._desks.get(turn.account)) is not None:
            desk.lanes.resume(turn)
        return {"done": "answered", "turn": seq, **await self._kept_by([turn])}

    async def _measure_of(self, seq: int) -> Measure | None:
        """Return what words for a turn may measure; None: its account is not known."""
        turn = await self._ledger.turn(seq)
        if turn is None or turn.account not in self._file.accounts:
            return None
        return await measure_of(turn.account, turn.surface, ledger=self._ledger, file=self._file, desks=self._desks)

    def _must_be_there(self, turn: Turn, then: str) -> None:
        """Refuse what cannot be done with a draft while its account rehearses, or without what it is about.

        :raises ConfigurationError: why not, and what there is to do
        """
        account = self._file.accounts.get(turn.account)
        if account is not None and not account.live:
            raise ConfigurationError(
                f"turn {turn.seq} stays held while {turn.account} rehearses: `greenroom live {turn.account}` lets the "
                f"account speak, then {then} it"
            )
        if isinstance(turn.event, UnknownEvent):
            raise ConfigurationError(f"turn {turn.seq} is too old: its texts are gone")

    def _must_be_ready(self, turn: Turn) -> None:
        """Refuse to let out what could not go out.

        :raises ConfigurationError: why not, and what there is to do
        """
        self._must_be_there(turn, "approve")
        if turn.draft is None or not (turn.draft.parts or turn.draft.acts):
            raise ConfigurationError(
                f"turn {turn.seq} has no words yet: `greenroom held edit {turn.seq} TEXT` gives it some"
            )
        if turn.expires < self._clock.micros():
            raise ConfigurationError(
                f"turn {turn.seq} is too late, it was worth sending until {self._words(turn.expires)}: say it as "
                "something new with `greenroom post`, or take it away with `greenroom held refuse`"
            )
        if (quiet := self._quiet_until()) is not None and turn.expires < quiet:
            raise ConfigurationError(
                f"turn {turn.seq} would wait for the end of the quiet hours, {self._words(quiet)}, and is worth "
                f"sending until {self._words(turn.expires)} only"
            )
        self._must_rest(turn)

    def _must_rest(self, turn: Turn) -> None:
        desk = self._desks.get(turn.account)
        if desk is not None and any(one.seq == turn.seq and one is not turn for one in desk.lanes.in_memory()):
            raise ConfigurationError(f"turn {turn.seq} is at work again: what it answers was edited")

    def _redraft(self, turn: Turn) -> None:
        self._must_be_there(turn, "redraft")
        self._must_rest(turn)
        draft = turn.draft
        if draft is not None and draft.engine == BY_HAND:
            raise ConfigurationError(f"turn {turn.seq} has the words that you wrote; they stay as they are")
        if isinstance(turn.event, Due) and turn.event.say is not None:
            raise ConfigurationError(f"turn {turn.seq} has fixed words: change them in the bot file")
        if draft is not None and draft.also:
            raise ConfigurationError(
                f"turn {turn.seq} answers several messages in a row, of which the others are closed: "
                f"`greenroom held edit {turn.seq} TEXT` gives it other words"
            )
        if turn.expires < self._clock.micros():
            raise ConfigurationError(
                f"turn {turn.seq} is too late, it was worth sending until {self._words(turn.expires)}"
            )
        turn.state, turn.reason, turn.persona = State.RECEIVED, REDRAFTED, ""
        turn.draft, turn.outbox, turn.starts, turn.not_before = None, [], 0, 0
        self._ledger.work_again(turn)
        self._ledger.note(turn.seq, REDRAFTED, BY_HAND)
        if (desk := self._desks.get(turn.account)) is not None:
            desk.lanes.resume(turn)

    def _approve(self, turn: Turn) -> None:
        self._must_be_ready(turn)
        assert turn.draft is not None  # noqa: S101 - it would not be ready
        turn.draft = msgspec.structs.replace(turn.draft, approved=True, notes=(*turn.draft.notes, "let out by hand"))
        turn.state, turn.reason, turn.not_before = State.DRAFTED, "", 0
        self._ledger.work_again(turn)
        self._ledger.note(turn.seq, "approved", BY_HAND)
        if (desk := self._desks.get(turn.account)) is not None:
            desk.lanes.resume(turn)

    async def _kept_by(self, turns: Sequence[Turn]) -> Mapping[str, Any]:
        """Return what keeps turns that were let out from going out at once."""
        paused = await self._ledger.paused()
        if SWITCH in paused:
            whys = {f"everything is stopped: {paused[SWITCH]}": turns} if turns else {}
        else:
            accounts = {turn.account for turn in turns if turn.account in paused or EVERY_ACCOUNT in paused}
            whys = {
                f"{name} is paused: {paused.get(name) or paused[EVERY_ACCOUNT]}": [
                    t for t in turns if t.account == name
                ]
                for name in sorted(accounts)
            }
        waiting = [turn.expires for ones in whys.values() for turn in ones]
        return {
            "waits_until": self._quiet_until() if turns else None,
            "waits_for": "; ".join(whys) or None,
            "worth_until": min(waiting, default=None),
        }

    def _refuse(self, turn: Turn) -> None:
        turn.state, turn.reason = State.WITHDRAWN, "refused by hand"
        self._ledger.save(turn)
        self._ledger.note(turn.seq, "refused", BY_HAND)
        self._rested(turn)

    def _quiet_until(self) -> int | None:
        """Return when the quiet hours end that it is in now."""
        quiet = self._file.limits.quiet
        end = None if quiet is None else quiet_until(self._clock.now(), quiet, self._file.timezone)
        return None if end is None else to_micros(end)

    def _words(self, moment: int) -> str:
        return f"{from_micros(moment).astimezone(self._file.timezone):%Y-%m-%d %H:%M}"

    async def _each(
        self, arguments: Mapping[str, Any], done: str, do: Callable[[Turn], None]
    ) -> tuple[list[Turn], Mapping[str, Any]]:
        wanted: Any = arguments["turns"]
        many = isinstance(wanted, str)
        turns = await self._all(wanted) if many else [await self._held(seq) for seq in dict.fromkeys(map(int, wanted))]
        ready: list[Turn] = []
        left: list[Mapping[str, Any]] = []
        for turn in turns:
            try:
                do(turn)
                ready.append(turn)
            except ConfigurationError as why:
                if not many and len(turns) == 1:
                    raise
                left.append({"turn": turn.seq, "why": str(why)})
        return ready, {"done": done, "turns": [turn.seq for turn in ready], "left": left}

    async def _all(self, kind: str) -> Sequence[Turn]:
        if kind not in KINDS:
            raise ConfigurationError(f"`{kind}` is no kind of held drafts: write a number, or {', '.join(KINDS)}")
        held = await self._ledger.turns(states=(State.HELD,), limit=1_000_000)
        # the oldest is said first
        return [turn for turn in reversed(held) if kind == "all" or (turn.kind == CLOCK) == (kind == "posts")]

    async def _held(self, seq: int) -> Turn:
        turn = await self._ledger.turn(seq)
        if turn is None:
            raise ConfigurationError(f"there is no turn {seq}; `greenroom held` lists what waits")
        if turn.state is not State.HELD:
            why = f": {turn.reason}" if turn.reason else ""
            late = "; say it as something new with `greenroom post`" if turn.state is State.STALE else ""
            raise ConfigurationError(f"turn {seq} is {turn.state.word}, not held{why}{late}")
        return turn


def _words_of(text: str, measure: Measure | None) -> str:
    """Return words that were written by hand, as they are said.

    :raises ConfigurationError: there are none, or too many for where they are to stand
    """
    text = text.strip()
    if not text:
        raise ConfigurationError("there are no words in the new text")
    if measure is not None and (why := measure.wrong_with(text)) is not None:
        raise ConfigurationError(why)
    return text
