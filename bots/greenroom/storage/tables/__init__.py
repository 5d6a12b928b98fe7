"""The ledger as tables: every question and every change, in SQL that SQLite and PostgreSQL both answer."""
