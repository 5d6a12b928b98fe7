"""Where a bot file says that its ledger is."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, PlainSerializer, SerializationInfo, ValidationInfo
from pydantic.json_schema import WithJsonSchema

from greenroom.settings.document import Located
from greenroom.settings.model import beside, from_folder, wrong
from greenroom.stores import Database, Store

__all__ = ["StorePlace"]

HOW = "write the path of a file, or postgresql://USER@HOST/DATABASE"


def _placed(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, Database):
        return value
    if isinstance(value, Located):
        raise wrong(f"where is the ledger? {HOW}; its password comes from PGPASSWORD or ~/.pgpass")
    if not isinstance(value, str) or not value.startswith(("postgresql:", "postgres:")):
        return beside(value, info)
    try:
        parts = urlsplit(value)
    except ValueError:
        raise wrong(f"this address cannot be read: {HOW}") from None
    if parts.password is not None or "password=" in parts.query:
        raise wrong("a password does not belong in the file: leave it out, and put it into PGPASSWORD or ~/.pgpass")
    if not parts.netloc and "host=" not in parts.query:
        raise wrong(f"which server? {HOW}")
    return Database(value)


def _as_written(store: Store, info: SerializationInfo) -> str:
    return str(store) if isinstance(store, Database) else from_folder(store, info)


StorePlace = Annotated[
    Store,
    BeforeValidator(_placed),
    PlainSerializer(_as_written),
    WithJsonSchema({"type": "string", "minLength": 1}),
]
"""A file, relative to the one that names it, or a database."""
