"""What a running bot tells about itself."""

from greenroom.telemetry.logs import Entry, Log, Writer, get_log, logging_to
from greenroom.telemetry.redaction import redacted
from greenroom.telemetry.vitals import Vitals

__all__ = ["Entry", "Log", "Vitals", "Writer", "get_log", "logging_to", "redacted"]
