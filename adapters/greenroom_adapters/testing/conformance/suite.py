"""All promises of the contract in one suite."""

import pytest

from greenroom_adapters.testing.conformance.acting import Acting
from greenroom_adapters.testing.conformance.finding import Finding
from greenroom_adapters.testing.conformance.hearing import Hearing
from greenroom_adapters.testing.conformance.identity import Identity
from greenroom_adapters.testing.conformance.leaving import Leaving
from greenroom_adapters.testing.conformance.once import Once
from greenroom_adapters.testing.conformance.outcomes import Outcomes
from greenroom_adapters.testing.conformance.publishing import Publishing
from greenroom_adapters.testing.conformance.world import World

__all__ = ["AdapterConformance"]


class AdapterConformance(Identity, Publishing, Once, Outcomes, Finding, Hearing, Leaving, Acting):
    """What the contract promises, as tests. Do not override; mark `xfail` with a reason instead."""

    @pytest.fixture
    def world(self) -> World:
        """Return a platform on which the bot has published nothing yet."""
        raise NotImplementedError("provide a `world` fixture for this adapter")

    def test_no_conformance_test_is_overridden(self) -> None:
        promises = {name: test for part in AdapterConformance.__mro__ for name, test in vars(part).items()}
        for name, test in promises.items():
            mine = getattr(type(self), name, None)
            if not name.startswith("test_") or mine is test:
                continue
            marks = getattr(mine, "pytestmark", [])
            assert any(mark.name == "xfail" and mark.kwargs.get("reason") for mark in marks), (
                f"{name} is overridden: mark it xfail with a reason instead"
            )
