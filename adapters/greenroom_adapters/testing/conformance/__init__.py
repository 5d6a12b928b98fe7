"""What the contract promises, as tests that every adapter must pass.

Subclass `AdapterConformance`, give it a `world` fixture, and pytest collects the rest. The truth is read past the
adapter, so an adapter cannot vouch for itself. A test that needs something which a platform cannot play is skipped with
the reason; a test that a platform fails for a reason of its own is marked `xfail(reason=...)`, never overridden.
"""

from greenroom_adapters.testing.conformance.suite import AdapterConformance
from greenroom_adapters.testing.conformance.tools import Intent, take
from greenroom_adapters.testing.conformance.world import Published, World

__all__ = ["AdapterConformance", "Intent", "Published", "World", "take"]
