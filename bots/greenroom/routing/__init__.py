"""Event to decision: which rule answers it, if any. Pure, and before any write."""

from greenroom.routing.decision import Explanation, Hit, Miss, Rule, Verdict
from greenroom.routing.router import Router

__all__ = ["Explanation", "Hit", "Miss", "Router", "Rule", "Verdict"]
