"""The SQLite ledger keeps every promise of a ledger."""

from pathlib import Path

import pytest
from typing_extensions import override

from greenroom.storage import SqliteLedger
from greenroom.testing import LedgerConformance, ManualClock
from greenroom.testing.ledger import MakeLedger


class TestSqliteLedger(LedgerConformance):
    @pytest.fixture
    @override
    def make_ledger(self, tmp_path: Path, clock: ManualClock) -> MakeLedger:
        return lambda: SqliteLedger(tmp_path / "data" / "ada.db", bot="ada", clock=clock)
