"""All promises of a ledger in one suite."""

import abc

import pytest

from greenroom.testing.clock import ManualClock
from greenroom.testing.ledger.committing import Committing
from greenroom.testing.ledger.inbox import Inbox
from greenroom.testing.ledger.keeping_turns import KeptTurns
from greenroom.testing.ledger.retention import Retention
from greenroom.testing.ledger.standing import Standing
from greenroom.testing.ledger.turns import MakeLedger

__all__ = ["LedgerConformance"]


class LedgerConformance(Inbox, KeptTurns, Committing, Standing, Retention, abc.ABC):
    """Every promise of `greenroom.storage.Ledger`. Subclass it, give `make_ledger`, and pytest does the rest."""

    @pytest.fixture
    def clock(self) -> ManualClock:
        """The clock of the ledgers that `make_ledger` makes."""
        return ManualClock()

    @pytest.fixture
    @abc.abstractmethod
    def make_ledger(self, clock: ManualClock) -> MakeLedger:
        """Return what makes ledgers over one record that is empty at first."""
