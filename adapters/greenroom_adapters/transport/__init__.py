"""How adapters reach a platform over HTTP: deadlines, errors by what may have gone out, no secrets in any text."""

from greenroom_adapters.transport.entering import EnteredAdapter, entered
from greenroom_adapters.transport.fetching import fetch
from greenroom_adapters.transport.http import Form, Heard, Http, Query
from greenroom_adapters.transport.judging import Answer, Effect, Refusal, Wait, answered_at, doubted, system_now
from greenroom_adapters.transport.limits import read_quota, read_retry_after
from greenroom_adapters.transport.nesting import levelled
from greenroom_adapters.transport.paging import AnswerTooLarge, fitting
from greenroom_adapters.transport.probing import unfetched
from greenroom_adapters.transport.redaction import Redactor
from greenroom_adapters.transport.rotating import Given, Pair, RotatingTokens, bearer
from greenroom_adapters.transport.sockets import Sockets, public_socket
from greenroom_adapters.transport.sse import Message, messages
from greenroom_adapters.transport.stream import Closed, Opened, Pace, frames

__all__ = [
    "Answer",
    "AnswerTooLarge",
    "Closed",
    "Effect",
    "EnteredAdapter",
    "Form",
    "Given",
    "Heard",
    "Http",
    "Message",
    "Opened",
    "Pace",
    "Pair",
    "Query",
    "Redactor",
    "Refusal",
    "RotatingTokens",
    "Sockets",
    "Wait",
    "answered_at",
    "bearer",
    "doubted",
    "entered",
    "fetch",
    "fitting",
    "frames",
    "levelled",
    "messages",
    "public_socket",
    "read_quota",
    "read_retry_after",
    "system_now",
    "unfetched",
]
