"""Where a bot file says that its ledger is."""

from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, SerializationInfo, ValidationInfo
from pydantic.json_schema import WithJsonSchema

from greenroom.settings.document import Located
from greenroom.settings.model import beside, from_folder, wrong
from greenroom.stores import HOW, Database, Store

__all__ = ["StorePlace"]


def _placed(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, Database):
        return value
    if isinstance(value, Located):
        raise wrong(f"where is the ledger? {HOW}; its password comes from PGPASSWORD or ~/.pgpass")
    if not isinstance(value, str) or not Database.is_meant(value):
        return beside(value, info)
    try:
        return Database.at(value)
    except ValueError as error:
        raise wrong(str(error)) from None


def _as_written(store: Store, info: SerializationInfo) -> str:
    return str(store) if isinstance(store, Database) else from_folder(store, info)


StorePlace = Annotated[
    Store,
    BeforeValidator(_placed),
    PlainSerializer(_as_written),
    WithJsonSchema({"type": "string", "minLength": 1}),
]
"""A file, relative to the one that names it, or a database."""
