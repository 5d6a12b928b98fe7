"""What every ledger must do, as tests that any store can be put under."""

from greenroom.testing.ledger.conformance import LedgerConformance
from greenroom.testing.ledger.turns import MakeLedger, due_turn, mention_turn

__all__ = ["LedgerConformance", "MakeLedger", "due_turn", "mention_turn"]
