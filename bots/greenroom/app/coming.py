"""The posts to come, as a person has them: put down, moved, rewritten, cancelled."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from greenroom.app.accounts import must_be_an_account
from greenroom.app.fitting import must_fit
from greenroom.clock import MICROSECOND, Clock, from_micros, to_micros
from greenroom.scheduling.identity import numbered
from greenroom.scheduling.posts import SINGLE, picture
from greenroom.scheduling.scheduler import Scheduler
from greenroom.settings import BotFile
from greenroom.storage import HAND, AgendaItem, Card, Due, Ledger, Wish
from greenroom.turns import AccountDesk
from greenroom_adapters.contract import ConfigurationError, Media, Poll, Visibility

__all__ = ["PostsToCome", "put_all_down", "put_down"]

LATE = timedelta(hours=1)
"""How late a single post may still go out."""


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
    """Put each post down for its aware moment, on each of `accounts`: as `put_down`, for posts that differ.

    On several accounts it is one post still: it has one identity, and a state on each of them."""
    micros = late // MICROSECOND
    one_for_all = [(moment, event if len(accounts) < 2 else _known_by_one_name(event)) for moment, event in posts]
    return await ledger.add_agenda(
        [
            AgendaItem(id=0, due=to_micros(moment), late=micros, account=account, event=event)
            for moment, event in one_for_all
            for account in accounts
        ]
    )


def _known_by_one_name(event: Due) -> Due:
    """Return a post with an identity of its own; without one each item of the agenda gives it another."""
    return event if event.period else replace(event, period=f"typed-{secrets.token_hex(8)}")


class PostsToCome:
    """The commands about the posts to come of one bot. Changes are queued with the ledger; whoever calls waits for the
    commit.

    `scheduler` and `desks` are those of the running bot; without them it finds what changed at its next start. What is
    too long for an account is refused.
    """

    def __init__(
        self,
        ledger: Ledger,
        file: BotFile,
        *,
        clock: Clock,
        desks: Mapping[str, AccountDesk],
        scheduler: Scheduler | None,
    ) -> None:
        self._ledger = ledger
        self._file = file
        self._clock = clock
        self._desks = desks
        self._scheduler = scheduler

    def use(self, file: BotFile) -> None:
        """Take over an edited file."""
        self._file = file

    async def post(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """`text` or `about`, `at` (microseconds), `accounts`, `picture` or `card`, `alt`, `room`, `warning`,
        `visibility`, `poll` (`options`, `open_for` in seconds, `several`)."""
        at, event, accounts = self._wanted(arguments)
        event = event if len(accounts) < 2 else _known_by_one_name(event)
        await self._must_fit(event, accounts)
        ids = await put_down(self._ledger, [at], event, accounts=accounts)
        if self._scheduler is not None:
            self._scheduler.wake()
        return {
            "done": "put down",
            "items": list(ids),
            # as the inbox will know them
            "events": [replace(event, period=event.period or numbered(id, ledger=self._ledger.id)).id for id in ids],
            "at": to_micros(at),
            "accounts": accounts,
        }

    async def fits(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """As `post`, which is refused here or would be taken, and nothing is put down: for a post in several places."""
        _, event, accounts = self._wanted(arguments)
        await self._must_fit(event, accounts)
        return {"done": "looked"}

    async def wake(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Look at the posts to come again: somebody has put some down beside the running bot."""
        if self._scheduler is not None:
            self._scheduler.wake()
        return {"done": "looked again"}

    async def cancel(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """`item`. It shall not go out."""
        item = await self._item(arguments)
        self._must_not_stand_in_a_file(item)
        self._ledger.strike_agenda(item.id)
        self._ledger.note(None, "cancelled", f"post {item.id} for {from_micros(item.due):%Y-%m-%d %H:%M} UTC")
        return {"done": "cancelled", "item": item.id, "comes_anew": item.event.written is not None}

    async def edit(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """`item`, and `text` and/or `at`."""
        changed = await self._changed(arguments)
        if arguments.get("text"):
            await self._must_fit(changed.event, [changed.account])
        self._ledger.change_agenda(changed)
        return {"done": "edited", "item": changed.id}

    def nothing_taken(self) -> AbstractAsyncContextManager[None]:
        """Return what holds the running scheduler back, so that an item does not go out as it was before."""
        return nullcontext() if self._scheduler is None else self._scheduler.agenda

    def _wanted(self, arguments: Mapping[str, Any]) -> tuple[datetime, Due, list[str]]:
        """Return for when, what and on which accounts a post is wanted."""
        accounts = list(arguments.get("accounts") or self._file.accounts)
        for account in accounts:
            must_be_an_account(self._file, account)
        at = from_micros(int(arguments["at"])) if arguments.get("at") is not None else self._clock.now()
        event = Due(
            name=SINGLE,
            # a command that is obeyed twice, because the bot died over it, puts down the same post
            period=numbered(f"command-{arguments['command']}", ledger=self._ledger.id)
            if "command" in arguments
            else "",
            due=at,
            say=arguments.get("text"),
            about=arguments.get("about"),
            media=_media(arguments),
            picture=_wish(arguments),
            room=arguments.get("room"),
            warning=arguments.get("warning"),
            visibility=None if arguments.get("visibility") is None else Visibility(arguments["visibility"]),
            poll=_poll(arguments.get("poll")),
        )
        return at, event, accounts

    async def _must_fit(self, event: Due, accounts: Iterable[str]) -> None:
        for account in accounts:
            await must_fit(event, account, ledger=self._ledger, file=self._file, desks=self._desks)

    async def _changed(self, arguments: Mapping[str, Any]) -> AgendaItem:
        item = await self._item(arguments)
        event = item.event
        self._must_not_stand_in_a_file(item)
        say, due = arguments.get("text") or event.say, item.due
        if arguments.get("at") is not None:
            if event.written is not None:
                raise ConfigurationError(f"post {item.id} comes when the bot file says: change its time there")
            due = int(arguments["at"])
        about = None if arguments.get("text") else event.about
        written = event.written
        if written is not None:
            # it is the owner's now, and belongs to the same topic of the file
            about = event.about
            written = HAND if arguments.get("text") else written
        edited = replace(event, due=from_micros(due), about=about, say=say, written=written)
        return AgendaItem(id=item.id, due=due, late=item.late, account=item.account, event=edited)

    def _must_not_stand_in_a_file(self, item: AgendaItem) -> None:
        """See to it that a post follows the file that it stands in, and nothing else.

        :raises ConfigurationError: it stands in one
        """
        for entry in self._file.post:
            if entry.name == item.event.name and entry.origin is not None and entry.origin.feed is None:
                path = entry.origin.calendar or entry.origin.folder
                raise ConfigurationError(f"post {item.id} stands in {path}: change it there, the bot follows")

    async def _item(self, arguments: Mapping[str, Any]) -> AgendaItem:
        wanted = int(arguments["item"])
        for item in await self._ledger.agenda(limit=1_000_000):
            if item.id == wanted:
                return item
        raise ConfigurationError(f"there is no post {wanted} to come; `greenroom queue` lists them")


def _poll(written: Mapping[str, Any] | None) -> Poll | None:
    if written is None:
        return None
    return Poll(
        options=tuple(map(str, written["options"])),
        open_for=timedelta(seconds=float(written["open_for"])),
        several=bool(written["several"]),
    )


def _wish(arguments: Mapping[str, Any]) -> Wish | None:
    """Return the card that a command wants drawn of its words."""
    return Wish(card=Card(show="quote"), alt=arguments.get("alt")) if arguments.get("card") else None


def _media(arguments: Mapping[str, Any]) -> tuple[Media, ...]:
    if not arguments.get("picture"):
        return ()
    return (picture(Path(arguments["picture"]), str(arguments.get("alt") or "")),)
