"""What authors of adapters need to test one: the conformance suite, its world, a tap and a proxy on the wire."""

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
from greenroom_adapters.testing.proxied import ProxiedWorld
from greenroom_adapters.testing.proxy import FaultyProxy, Order, Request
from greenroom_adapters.testing.wire import WireTap

__all__ = [
    "AdapterConformance",
    "FaultyProxy",
    "Intent",
    "Order",
    "ProxiedWorld",
    "Published",
    "Request",
    "WireTap",
    "World",
    "take",
]
