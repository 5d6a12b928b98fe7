"""Trying a persona before anybody hears it: nothing is published, and no ledger is touched."""

from greenroom.rehearsal.pocket import Pocket
from greenroom.rehearsal.proving import Proof, prove, standing_cases
from greenroom.rehearsal.trying import Become, Counted, Occasion, Tried, try_out

__all__ = ["Become", "Counted", "Occasion", "Pocket", "Proof", "Tried", "prove", "standing_cases", "try_out"]
