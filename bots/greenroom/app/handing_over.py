"""A bot handed over to a worker on another host, which has less to do: the spread of many bots over many hosts."""

from collections.abc import Iterable

from greenroom.clock import Clock
from greenroom.storage import Ledger, State
from greenroom.turns import AccountDesk

__all__ = ["HandedOver", "hand_over_when_asked"]

LOOKS_EVERY = 1.0
"""Seconds between two looks whether the bot is asked for."""


class HandedOver(Exception):
    """The bot is to run on another host, and stops here; says why."""


async def hand_over_when_asked(ledger: Ledger, desks: Iterable[AccountDesk], *, clock: Clock) -> None:
    """Wait until the bot is asked for while nothing is being sent, and nothing that was sent is in doubt.

    :raises HandedOver: it is; whoever asks gets it when the ledger is closed
    """
    while True:
        if (why := await ledger.asked_for()) is not None and not _is_sending(desks):
            raise HandedOver(why)
        await clock.beat(LOOKS_EVERY)


def _is_sending(desks: Iterable[AccountDesk]) -> bool:
    return any(turn.state is State.SENDING for desk in desks for turn in desk.in_memory())
