"""For authors of bots and of stores: a clock that is turned by hand, and the behaviour of every ledger as tests."""

import pytest

# before the import: only then do its asserts show what differed
pytest.register_assert_rewrite("greenroom.testing.ledger")

from greenroom.testing.clock import ManualClock
from greenroom.testing.ledger import LedgerConformance

__all__ = ["LedgerConformance", "ManualClock"]
