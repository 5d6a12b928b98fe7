"""Delivery: the one door out, with pacing, payment, files made to fit, retries under the same key, reconciliation."""

from greenroom.delivery.acting import can_do
from greenroom.delivery.dispatcher import Dispatcher
from greenroom.delivery.means import Means
from greenroom.delivery.pacing import Pacer, forget_block, recalled
from greenroom.delivery.payments import Payments, given_back
from greenroom.delivery.sealing import Sealer
from greenroom.delivery.shelf import Shelf

__all__ = [
    "Dispatcher",
    "Means",
    "Pacer",
    "Payments",
    "Sealer",
    "Shelf",
    "can_do",
    "forget_block",
    "given_back",
    "recalled",
]
