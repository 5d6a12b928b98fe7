"""The ledger on PostgreSQL: a schema for each bot, owned by one worker at a time, group commit."""

from greenroom.storage.postgres.ledger import PostgresLedger

__all__ = ["PostgresLedger"]
