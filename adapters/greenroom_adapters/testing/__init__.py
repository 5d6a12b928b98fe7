"""What authors of adapters need to test one: the conformance suite, the world that it asks for, a tap on the wire."""

import pytest

# Before the import, so that the suite's bare asserts explain themselves.
pytest.register_assert_rewrite("greenroom_adapters.testing.conformance")

from greenroom_adapters.testing.conformance import (
    AdapterConformance,
    Intent,
    Published,
    World,
    take,
)
from greenroom_adapters.testing.wire import WireTap

__all__ = ["AdapterConformance", "Intent", "Published", "WireTap", "World", "take"]
