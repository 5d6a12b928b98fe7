"""What there is to work with on one account: its connection, the ledger, its pace and its purse, time and chance."""

import random
from dataclasses import dataclass

from greenroom.clock import Clock
from greenroom.delivery.pacing import Pacer
from greenroom.delivery.payments import Payments
from greenroom.delivery.shelf import Shelf
from greenroom.faults import FaultHook
from greenroom.storage import Ledger
from greenroom_adapters.contract import Adapter

__all__ = ["Means"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What everything that works for one account works with. None of it is replaced while the bot runs."""

    account: str
    """Its name in the bot file."""
    adapter: Adapter
    ledger: Ledger
    pacer: Pacer
    clock: Clock
    chance: random.Random
    faults: FaultHook | None = None
    shelf: Shelf | None = None
    """On it files are made to fit the platform; None: they go out as they are."""
    payments: Payments | None = None
    """Pay what the platform charges; None: it charges nothing."""
