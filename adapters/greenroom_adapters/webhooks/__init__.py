"""Signed inbound HTTP, for platforms that push: one small server for every address, shared by all accounts."""

from greenroom_adapters.webhooks.lending import Lending, lending_of
from greenroom_adapters.webhooks.password import Password, is_loopback
from greenroom_adapters.webhooks.pushed import Pushed, Unsafe
from greenroom_adapters.webhooks.receiver import Receiver, Reply
from greenroom_adapters.webhooks.server import LARGEST_BODY, Lent, SupportsWebhooks, Webhooks, address_of

__all__ = [
    "LARGEST_BODY",
    "Lending",
    "Lent",
    "Password",
    "Pushed",
    "Receiver",
    "Reply",
    "SupportsWebhooks",
    "Unsafe",
    "Webhooks",
    "address_of",
    "is_loopback",
    "lending_of",
]
