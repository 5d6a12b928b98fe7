"""A server on loopback that speaks OpenAI's API as strictly as the vendor's, and does what a test orders."""

from greenroom.testing.models.exchange import Endpoint, Exchange
from greenroom.testing.models.orders import Breaks, Calls, CutsOff, Fails, Filters, Order, Refuses, Says, Sends
from greenroom.testing.models.server import ModelServer

__all__ = [
    "Breaks",
    "Calls",
    "CutsOff",
    "Endpoint",
    "Exchange",
    "Fails",
    "Filters",
    "ModelServer",
    "Order",
    "Refuses",
    "Says",
    "Sends",
]
