"""What a person can tell a bot: obeyed by the running bot, or done on its ledger alone when none runs."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from greenroom.clock import Clock, from_micros, to_micros
from greenroom.scheduling.scheduler import SINGLE, Scheduler, picture
from greenroom.settings import BotFile
from greenroom.storage import AgendaItem, Due, Ledger, Part, State, Turn
from greenroom.turns import AccountDesk
from greenroom_adapters.contract import ConfigurationError, GreenroomError, Media, UnknownEvent

__all__ = ["EVERY_ACCOUNT", "Commands", "put_all_down", "put_down"]

EVERY_ACCOUNT = "*"
"""Stands for all accounts in `pause` and `resume`."""
LATE = timedelta(hours=1)
"""How late a single post may still go out."""
SECOND_CHANCE = timedelta(hours=6)
"""How long a turn that was taken up again by hand has."""
INSTANT = timedelta(microseconds=1)

_Answer = Mapping[str, Any]


async def put_down(
    ledger: Ledger, moments: Sequence[datetime], event: Due, *, accounts: Sequence[str], late: timedelta = LATE
) -> range:
    """Put one post down for each of the aware `moments`, on each of `accounts`, in one commit; return the items' ids.

    Any process may do it beside a running bot; wake its scheduler when one may be due before what it waits for.
    """
    return await put_all_down(ledger, ((moment, event) for moment in moments), accounts=accounts, late=late)


async def put_all_down(
    ledger: Ledger, posts: Iterable[tuple[datetime, Due]], *, accounts: Sequence[str], late: timedelta = LATE
) -> range:
    """Put each post down for its aware moment, on each of `accounts`: as `put_down`, for posts that differ."""
    micros = late // INSTANT
    return await ledger.add_agenda(
        [
            AgendaItem(id=0, due=to_micros(moment), late=micros, account=account, event=event)
            for moment, event in posts
            for account in accounts
        ]
    )


class Commands:
    """The commands of one bot.

    `desks` and `scheduler` are those of the running bot; without them a command changes the ledger, and the bot finds
    the change at its next start. Every command answers with an object: `{"done": …}` or `{"error": …}`.
    """

    def __init__(
        self,
        ledger: Ledger,
        file: BotFile,
        *,
        clock: Clock,
        desks: Mapping[str, AccountDesk] | None = None,
        scheduler: Scheduler | None = None,
    ) -> None:
        self._ledger = ledger
        self._file = file
        self._clock = clock
        self._desks = desks or {}
        self._scheduler = scheduler
        self._known: Mapping[str, Callable[[Mapping[str, Any]], Awaitable[_Answer]]] = {
            "post": self._post,
            "wake": self._wake,
            "accounts": self._accounts,
            "pause": self._pause,
            "resume": self._resume,
            "cancel": self._cancel,
            "edit": self._edit,
            "retry": self._retry,
            "drop": self._drop,
            "went-out": self._went_out,
        }

    async def obey(self, name: str, arguments: Mapping[str, Any], *, command: int | None = None) -> _Answer:
        """Do what was asked and commit it; never raises for what a person can mend.

        `command` is the row that asked. Its answer is committed together with what was done, so a command is not done
        again when the bot dies in between.
        """
        try:
            answer = await self._known.get(name, self._unknown)(
                arguments if command is None else {**arguments, "command": command}
            )
        except GreenroomError as error:
            answer = {"error": str(error)}
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            # the row was written by another process, perhaps of another version; it must not end the bot
            answer = {"error": f"`{name}` cannot be understood: {type(error).__name__}: {error}"}
        if command is not None:
            self._ledger.answer(command, answer)
        await self._ledger.committed()
        return answer

    async def _unknown(self, arguments: Mapping[str, Any]) -> _Answer:
        raise ConfigurationError("the running bot does not know this command: it is of another version, restart it")

    async def _post(self, arguments: Mapping[str, Any]) -> _Answer:
        """`text` or `about`, `at` (microseconds), `accounts`, `picture` and `alt`, `room`."""
        accounts = list(arguments.get("accounts") or self._file.accounts)
        for account in accounts:
            self._must_be_an_account(account)
        at = from_micros(int(arguments["at"])) if arguments.get("at") is not None else self._clock.now()
        event = Due(
            name=SINGLE,
            # a command that is obeyed twice, because the bot died over it, puts down the same post
            period=f"command-{arguments['command']}" if "command" in arguments else "",
            due=at,
            say=arguments.get("text"),
            about=arguments.get("about"),
            media=_media(arguments),
            room=arguments.get("room"),
        )
        ids = await put_down(self._ledger, [at], event, accounts=accounts)
        if self._scheduler is not None:
            self._scheduler.wake()
        return {
            "done": "put down",
            "items": list(ids),
            # as the inbox will know them
            "events": [replace(event, period=event.period or str(id)).id for id in ids],
            "at": to_micros(at),
            "accounts": accounts,
        }

    async def _wake(self, arguments: Mapping[str, Any]) -> _Answer:
        """Look at the posts to come again: somebody has put some down beside the running bot."""
        if self._scheduler is not None:
            self._scheduler.wake()
        return {"done": "looked again"}

    async def _accounts(self, arguments: Mapping[str, Any]) -> _Answer:
        """Say of each account whether its platform has let it in."""
        return {"done": "looked", "connected": {name: desk.is_connected for name, desk in self._desks.items()}}

    async def _pause(self, arguments: Mapping[str, Any]) -> _Answer:
        account = self._account_or_all(arguments)
        why = str(arguments.get("why") or "paused by hand")
        self._ledger.pause(account, why)
        self._ledger.note(None, "paused", f"{account}: {why}")
        for desk in self._desks_of(account):
            desk.pause(why)
        return {"done": "paused", "account": account}

    async def _resume(self, arguments: Mapping[str, Any]) -> _Answer:
        account = self._account_or_all(arguments)
        everywhere = (await self._ledger.paused()).get(EVERY_ACCOUNT)
        if account != EVERY_ACCOUNT and everywhere is not None:
            # a pause of all becomes one of all the others
            self._ledger.resume(EVERY_ACCOUNT)
            for other in self._file.accounts:
                self._ledger.pause(other, everywhere)
        for paused in [account] if account != EVERY_ACCOUNT else [EVERY_ACCOUNT, *self._file.accounts]:
            self._ledger.resume(paused)
        self._ledger.note(None, "resumed", account)
        for desk in self._desks_of(account):
            desk.resume()
        return {"done": "resumed", "account": account}

    async def _cancel(self, arguments: Mapping[str, Any]) -> _Answer:
        async with self._nothing_taken():
            item = await self._item(arguments)
            self._ledger.strike_agenda(item.id)
            self._ledger.note(None, "cancelled", f"post {item.id} for {from_micros(item.due):%Y-%m-%d %H:%M} UTC")
            await self._ledger.committed()
        return {"done": "cancelled", "item": item.id}

    async def _edit(self, arguments: Mapping[str, Any]) -> _Answer:
        """`item`, and `text` and/or `at`."""
        async with self._nothing_taken():
            changed = await self._changed(arguments)
            if not await self._ledger.change_agenda(changed):
                raise ConfigurationError(f"post {changed.id} went out meanwhile")
        if self._scheduler is not None:
            self._scheduler.wake()
        return {"done": "edited", "item": changed.id}

    async def _changed(self, arguments: Mapping[str, Any]) -> AgendaItem:
        item = await self._item(arguments)
        event = item.event
        say, due = arguments.get("text") or event.say, item.due
        if arguments.get("at") is not None:
            due = int(arguments["at"])
        edited = Due(
            name=event.name,
            period=event.period,
            due=from_micros(due),
            about=None if arguments.get("text") else event.about,
            say=say,
            media=event.media,
            room=event.room,
        )
        return AgendaItem(id=item.id, due=due, late=item.late, account=item.account, event=edited)

    async def _retry(self, arguments: Mapping[str, Any]) -> _Answer:
        """A person says that it did not go out: it is tried again, under the same keys. A held one is drafted anew."""
        turn = await self._aside(arguments, State.DEAD, State.UNKNOWN, State.HELD)
        if isinstance(turn.event, UnknownEvent):
            raise ConfigurationError(f"turn {turn.seq} is too old: its texts are gone")
        for part in turn.outbox:
            if part.post_id is None:
                # what was prepared may be why it was refused; it did not go out, so it may be prepared again
                part.number, part.first_tried, part.prepared, part.checkpoint = 0, 0, b"", None
        turn.state = State.INTENDED if turn.outbox else State.RECEIVED
        turn.reason, turn.starts, turn.not_before = "tried again by hand", 0, 0
        turn.expires = max(turn.expires, self._clock.micros() + SECOND_CHANCE // INSTANT)
        self._ledger.work_again(turn)
        self._ledger.note(turn.seq, "tried again", "by hand")
        if (desk := self._desks.get(turn.account)) is not None:
            desk.lanes.resume(turn)
        return {"done": "tried again", "turn": turn.seq}

    async def _drop(self, arguments: Mapping[str, Any]) -> _Answer:
        turn = await self._aside(arguments, State.DEAD, State.UNKNOWN, State.HELD)
        turn.state, turn.reason = State.WITHDRAWN, "dropped by hand"
        self._ledger.save(turn)
        self._ledger.note(turn.seq, "dropped", "by hand")
        return {"done": "dropped", "turn": turn.seq}

    async def _went_out(self, arguments: Mapping[str, Any]) -> _Answer:
        """A person says that it did go out; `post` is its id or address on the platform, where known."""
        turn = await self._aside(arguments, State.UNKNOWN, State.DEAD)
        where = str(arguments.get("post") or "")
        if not where and sum(part.post_id is None for part in turn.outbox) > 1:
            raise ConfigurationError("say which post it is, by its address or id: the rest of the thread answers it")
        now = self._clock.micros()
        for number, part in enumerate(turn.outbox):
            if part.post_id is None:
                _believe(part, where, now)
                if where:
                    self._ledger.receipt(turn, number)
                break
        remaining = any(part.post_id is None for part in turn.outbox)
        turn.state, turn.reason = (State.INTENDED if remaining else State.SENT), "went out, says its owner"
        turn.expires = max(turn.expires, now + SECOND_CHANCE // INSTANT)
        if remaining:
            self._ledger.work_again(turn)
        else:
            self._ledger.save(turn)
        self._ledger.note(turn.seq, "went out", where or "says its owner")
        if remaining and (desk := self._desks.get(turn.account)) is not None:
            desk.lanes.resume(turn)
        return {"done": "noted as sent", "turn": turn.seq}

    # what they share

    def _nothing_taken(self) -> AbstractAsyncContextManager[None]:
        """Return what holds the running scheduler back, so that an item does not go out as it was before."""
        return nullcontext() if self._scheduler is None else self._scheduler.agenda

    async def _aside(self, arguments: Mapping[str, Any], *states: State) -> Turn:
        seq = int(arguments["turn"])
        turn = await self._ledger.turn(seq)
        if turn is None:
            raise ConfigurationError(f"there is no turn {seq}; `greenroom dead` lists what waits")
        if turn.state not in states:
            words = " or ".join(state.word for state in states)
            raise ConfigurationError(f"turn {seq} is {turn.state.word}, not {words}")
        return turn

    async def _item(self, arguments: Mapping[str, Any]) -> AgendaItem:
        wanted = int(arguments["item"])
        for item in await self._ledger.agenda(limit=1_000_000):
            if item.id == wanted:
                return item
        raise ConfigurationError(f"there is no post {wanted} to come; `greenroom queue` lists them")

    def _must_be_an_account(self, account: str) -> None:
        if account not in self._file.accounts:
            raise ConfigurationError(
                f"the bot has no account `{account}`; it has: {', '.join(sorted(self._file.accounts))}"
            )

    def _account_or_all(self, arguments: Mapping[str, Any]) -> str:
        account = str(arguments.get("account") or EVERY_ACCOUNT)
        if account != EVERY_ACCOUNT:
            self._must_be_an_account(account)
        return account

    def _desks_of(self, account: str) -> list[AccountDesk]:
        return [desk for name, desk in self._desks.items() if account in (EVERY_ACCOUNT, name)]


def _media(arguments: Mapping[str, Any]) -> tuple[Media, ...]:
    if not arguments.get("picture"):
        return ()
    return (picture(Path(arguments["picture"]), str(arguments.get("alt") or "")),)


def _believe(part: Part, where: str, now: int) -> None:
    """Note a post that its owner has seen; an address stands for its id where that is all he knows."""
    part.post_id = where.rstrip("/").rpartition("/")[2] if where else f"seen-by-owner-{part.key}"
    part.url = where if where.startswith(("http://", "https://")) else None
    part.published = now
