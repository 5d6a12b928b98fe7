"""The ledger on PostgreSQL keeps every promise of a ledger."""

import uuid

import pytest
from postgres import UNHURRIED, Postgres
from typing_extensions import override

from greenroom.storage.postgres import PostgresLedger
from greenroom.testing import LedgerConformance, ManualClock
from greenroom.testing.ledger import MakeLedger


class TestPostgresLedger(LedgerConformance):
    @pytest.fixture
    @override
    def make_ledger(self, postgres: Postgres, clock: ManualClock) -> MakeLedger:
        bot = f"ada-{uuid.uuid4().hex}"
        return lambda: PostgresLedger(postgres.url, bot=bot, clock=clock, patience=UNHURRIED)
