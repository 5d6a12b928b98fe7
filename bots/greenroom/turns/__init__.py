"""Turns: one event's way from the inbox to its receipts."""

from greenroom.turns.desk import AccountDesk
from greenroom.turns.intake import Intake
from greenroom.turns.intent import key_of
from greenroom.turns.lanes import Lanes
from greenroom.turns.performer import Performer
from greenroom.turns.shared import Shared, Watch
from greenroom.turns.speaking import Floor, Speaker

__all__ = ["AccountDesk", "Floor", "Intake", "Lanes", "Performer", "Shared", "Speaker", "Watch", "key_of"]
