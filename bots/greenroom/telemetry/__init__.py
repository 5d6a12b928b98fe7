"""What a bot tells about itself: structured logs, without secrets."""

from greenroom.telemetry.logs import Log, Receiver, get_log, send_logs_to
from greenroom.telemetry.redaction import redacted

__all__ = ["Log", "Receiver", "get_log", "redacted", "send_logs_to"]
