"""Trying a persona before anybody hears it: nothing is published, and no ledger is touched."""

from greenroom.rehearsal.comparing import Compared, Side, Tally, compare, tally
from greenroom.rehearsal.inputs import Input, inputs_of_cases, inputs_of_turns
from greenroom.rehearsal.page import page
from greenroom.rehearsal.pocket import Pocket
from greenroom.rehearsal.proving import Proof, prove, standing_cases
from greenroom.rehearsal.recorded import Recorded, Recorder, StillClock
from greenroom.rehearsal.trying import Become, Counted, Occasion, Tried, try_out

__all__ = [
    "Become",
    "Compared",
    "Counted",
    "Input",
    "Occasion",
    "Pocket",
    "Proof",
    "Recorded",
    "Recorder",
    "Side",
    "StillClock",
    "Tally",
    "Tried",
    "compare",
    "inputs_of_cases",
    "inputs_of_turns",
    "page",
    "prove",
    "standing_cases",
    "tally",
    "try_out",
]
