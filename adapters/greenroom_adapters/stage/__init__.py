"""The Stage: a small social network for one machine, and the adapter that meets it over its wire."""

from greenroom_adapters.stage.adapter import StageAdapter
from greenroom_adapters.stage.settings import StageSettings

__all__ = ["StageAdapter", "StageSettings"]
