"""How an adapter knows what it has published again, in a list that tells nothing but words and times."""

from greenroom_adapters.recognising.claims import Claims
from greenroom_adapters.recognising.likeness import is_like

__all__ = ["Claims", "is_like"]
