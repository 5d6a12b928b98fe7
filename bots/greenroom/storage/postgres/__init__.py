"""The ledger on PostgreSQL: a schema for each bot, owned by one worker at a time, group commit."""

from greenroom.storage.postgres.ledger import PostgresLedger
from greenroom.storage.postgres.patience import Patience

__all__ = ["Patience", "PostgresLedger"]
