"""For authors of bots and of stores: a clock turned by hand, a platform, an engine and a model server that do what a
test orders (`greenroom.testing.models`), and the behaviour of every ledger as tests."""

import pytest

# before the import: only then do its asserts show what differed
pytest.register_assert_rewrite("greenroom.testing.ledger")

from greenroom.testing.clock import ManualClock, RunningClock
from greenroom.testing.engine import ScriptedEngine
from greenroom.testing.ledger import LedgerConformance
from greenroom.testing.platform import ScriptedAdapter, ScriptedPlatform, answer_lost, never_answer
from greenroom.testing.trial import Trial

__all__ = [
    "LedgerConformance",
    "ManualClock",
    "RunningClock",
    "ScriptedAdapter",
    "ScriptedEngine",
    "ScriptedPlatform",
    "Trial",
    "answer_lost",
    "never_answer",
]
