"""Delivery: the one door out, with pacing, retries under the same key, and reconciliation."""

from greenroom.delivery.dispatcher import Dispatcher
from greenroom.delivery.pacing import Pacer

__all__ = ["Dispatcher", "Pacer"]
