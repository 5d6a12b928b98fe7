"""What a running bot tells about itself."""

from greenroom.telemetry.answers import Answer, hearing_answers, tell_answer
from greenroom.telemetry.logs import Entry, Log, Writer, get_log, logging_to
from greenroom.telemetry.redaction import redacted
from greenroom.telemetry.vitals import Vitals

__all__ = [
    "Answer",
    "Entry",
    "Log",
    "Vitals",
    "Writer",
    "get_log",
    "hearing_answers",
    "logging_to",
    "redacted",
    "tell_answer",
]
