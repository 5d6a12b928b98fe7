"""How adapters reach a platform over HTTP: deadlines, errors by what may have gone out, no secrets in any text."""

from greenroom_adapters.transport.http import Answer, Effect, Http, Refusal, system_now
from greenroom_adapters.transport.limits import read_quota, read_retry_after
from greenroom_adapters.transport.redaction import Redactor
from greenroom_adapters.transport.stream import Closed, Opened, Pace, frames

__all__ = [
    "Answer",
    "Closed",
    "Effect",
    "Http",
    "Opened",
    "Pace",
    "Redactor",
    "Refusal",
    "frames",
    "read_quota",
    "read_retry_after",
    "system_now",
]
