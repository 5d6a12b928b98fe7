"""Taking back a post by hand: on every account where it is one, whatever became of it there."""

from collections.abc import Mapping, Sequence
from typing import Any

from greenroom.storage import CLOCK, Ledger, State, Turn
from greenroom.turns import AccountDesk
from greenroom.turns.taking_back import is_speech
from greenroom_adapters.contract import AdapterError, ConfigurationError

__all__ = ["LAST", "Undoing", "of_one_post", "post_of"]

LAST = "last"
"""Stands for what was said last."""
BY_HAND = "taken back by hand"
LOOKED_THROUGH = 10_000
"""So many of the newest turns are looked through."""
_DELETABLE = (State.SENT, State.DEAD)


def post_of(turn: Turn) -> str:
    """Return the identity of the post that a turn brings to one account: the same on all accounts. An answer is known
    by its account as well."""
    return turn.event_id.partition("#")[0] if turn.kind == CLOCK else f"{turn.account}/{turn.event_id}"


async def of_one_post(ledger: Ledger, turn: Turn) -> list[Turn]:
    """Return the turns of one post, one for each account or room where it is to be, by their numbers."""
    if turn.kind != CLOCK:
        return [turn]
    newest = await ledger.turns(limit=LOOKED_THROUGH)
    found = {one.seq: one for one in (turn, *newest) if one.kind == CLOCK and post_of(one) == post_of(turn)}
    return [found[seq] for seq in sorted(found)]


class Undoing:
    """What a person takes back. `desks` are those of the running bot: it is done on the platforms, so no other can."""

    def __init__(self, ledger: Ledger, *, desks: Mapping[str, AccountDesk]) -> None:
        self._ledger = ledger
        self._desks = desks

    async def look(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """`what`: an address or id of a post, or `LAST`; or `turn`. Say what would be taken back; nothing is done."""
        turn = await self._meant(arguments)
        turns = await of_one_post(self._ledger, turn)
        texts = list(turn.draft.parts) if turn.draft is not None else []
        return {
            "done": "looked",
            "texts": texts,
            "turns": [
                {
                    "turn": one.seq,
                    "account": one.account,
                    "state": one.state.word,
                    "posts": [part.url or part.post_id for part in one.outbox if part.post_id is not None],
                    "can": self._obstacle(one) is None,
                    "why": self._obstacle(one),
                }
                for one in turns
            ],
        }

    async def undo(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """`turns`: numbers, as `look` gives them. What is out is deleted, what is not yet out stays so; the rest is
        left, with why."""
        done: list[Mapping[str, Any]] = []
        left: list[Mapping[str, Any]] = []
        for seq in map(int, arguments["turns"]):
            turn = await self._ledger.turn(seq)
            if turn is None:
                raise ConfigurationError(f"there is no turn {seq}; `greenroom log` lists them")
            if (why := await self._take_back(turn)) is None:
                done.append({"turn": seq, "account": turn.account})
            else:
                left.append({"turn": seq, "account": turn.account, "why": why})
        return {"done": "taken back", "turns": done, "left": left}

    async def _take_back(self, turn: Turn) -> str | None:
        """Take one turn back; return why it could not be, None: it is."""
        if turn.state is State.WITHDRAWN:
            return None
        if (why := self._obstacle(turn)) is not None:
            return why
        taking_back = self._desks[turn.account].taking_back
        if not any(part.post_id is not None for part in turn.outbox):
            stopped = await taking_back.stop(turn.seq, BY_HAND)
            return None if stopped is not None else "it is just being sent: say it again"
        try:
            await taking_back.delete(turn, BY_HAND)
        except AdapterError as error:
            return f"the platform did not delete it: {error}"
        await self._ledger.committed()
        return None

    def _obstacle(self, turn: Turn) -> str | None:
        """Return why a turn cannot be taken back now; None: it can, or is."""
        if turn.state is State.WITHDRAWN:
            return None
        is_out = any(part.post_id is not None for part in turn.outbox)
        if turn.state is State.UNKNOWN:
            number = turn.seq
            return (
                f"nobody knows whether all of it is out: look there, then say `greenroom dead sent {number} ADDRESS` "
                f"or `greenroom dead drop {number}`"
            )
        if not is_out and turn.state.is_over and turn.state is not State.DEAD:
            return f"it is not out ({turn.state.word})"
        if is_out and turn.state not in _DELETABLE:
            return f"a part of it is still being sent ({turn.state.word}): say it again"
        desk = self._desks.get(turn.account)
        if desk is None:
            return "only a running bot can do that: start it with `greenroom run`, then say it again"
        if is_out and not desk.is_connected:
            return f"{turn.account} is not signed in at the moment: say it again when `greenroom status` says it is"
        if is_out and not desk.taking_back.is_possible:
            return "its platform lets no bot delete posts: do it there by hand"
        return None

    async def _meant(self, arguments: Mapping[str, Any]) -> Turn:
        if arguments.get("turn") is not None:
            turn = await self._ledger.turn(int(arguments["turn"]))
            if turn is None:
                raise ConfigurationError(f"there is no turn {arguments['turn']}; `greenroom log` lists them")
            return turn
        what = str(arguments["what"]).strip()
        found = await (self._last() if what == LAST else self._at(what))
        if found is None:
            raise ConfigurationError(
                "the bot has said nothing that could be taken back"
                if what == LAST
                else f"{what}: no post of the bot that it knows of. `greenroom log` lists them with their addresses"
            )
        return found

    async def _last(self) -> Turn | None:
        sent = await self._ledger.turns(states=(State.SENT,), limit=LOOKED_THROUGH)
        return max(filter(is_speech, sent), key=_published, default=None)

    async def _at(self, where: str) -> Turn | None:
        for account in await self._ledger.accounts():
            for id_ in dict.fromkeys((where, where.rstrip("/").rpartition("/")[2])):
                if (seq := await self._ledger.turn_of_post(account, id_)) is not None:
                    turn = await self._ledger.turn(seq)
                    if turn is not None and (id_ == where or _stands_at(turn, where) or not _addresses(turn)):
                        return turn
        newest = await self._ledger.turns(limit=LOOKED_THROUGH)
        return next((turn for turn in newest if _stands_at(turn, where)), None)


def _addresses(turn: Turn) -> Sequence[str]:
    return [part.url for part in turn.outbox if part.url is not None]


def _stands_at(turn: Turn, where: str) -> bool:
    return where.rstrip("/") in (url.rstrip("/") for url in _addresses(turn))


def _published(turn: Turn) -> int:
    return max(part.published for part in turn.outbox)
