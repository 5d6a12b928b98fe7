"""A bot kept running on a database that can be lost: it stands by, takes over, and begins again from what is stored."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

from greenroom.app.bot import Bot
from greenroom.app.handing_over import HandedOver
from greenroom.storage import LedgerLost
from greenroom.stores import Database
from greenroom.telemetry import get_log

__all__ = ["keep_running"]

E = TypeVar("E", bound=BaseException)

AGAIN = 1.0
"""Seconds after a loss of the ledger before it is looked for again."""


async def keep_running(
    load: Callable[[Callable[[str], None]], Bot],
    live: Callable[[Bot], Awaitable[None]],
    *,
    is_stopping: Callable[[], bool],
) -> None:
    """Enter a bot and let it `live`; when its database is lost, or somebody else runs it by then, or it was handed over
    to another host, stand by and begin again, with a bot that is made anew: nothing that was in memory is known to be
    true any more.

    `load` makes the bot, given what is to be called when it has to stand by (`Options.standing_by`). `is_stopping`: it
    was told to end, so a loss ends it.

    :raises LedgerLost: the database was never reached, so its address may be wrong
    :raises StorageError: a ledger in a file fails
    """
    is_known = False

    def standing_by(who: str) -> None:
        nonlocal is_known
        is_known = True
        get_log().info("another worker runs this bot; standing by", worker=who)

    while True:
        bot = load(standing_by)
        try:
            async with bot:
                is_known = is_known or isinstance(bot.file.store, Database)
                await live(bot)
                return
        except (LedgerLost, BaseExceptionGroup) as error:
            # asked, for a task does not know it: a group of tasks that failed leaves its mark there (Python 3.11)
            if (given := _handed_over(error)) is not None:
                if is_stopping():
                    return
                get_log().info("handed over to another host, which has less to do; standing by", why=str(given))
                continue
            if is_stopping() or not is_known or (lost := _among(error, LedgerLost)) is None:
                raise
            get_log().warning("the ledger is lost; standing by until it is there again", why=str(lost))
        await asyncio.sleep(AGAIN)


def _handed_over(error: BaseException) -> HandedOver | None:
    """Return what says that the bot was handed over; None: it was not, or something failed beside that."""
    given = _among(error, HandedOver)
    if isinstance(error, BaseExceptionGroup) and cast("BaseExceptionGroup[BaseException]", error).split(HandedOver)[1]:
        return None
    return given


def _among(error: BaseException, kind: type[E]) -> E | None:
    """Return the error of this kind that an error is, or has among its causes."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return next((found for one in group.exceptions if (found := _among(one, kind)) is not None), None)
    return error if isinstance(error, kind) else None
