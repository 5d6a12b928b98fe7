"""Posts that become due: by the clock, by hand, out of feeds, folders and calendars; each once for its period."""

from greenroom.scheduling.changes import Considered, plan_change
from greenroom.scheduling.identity import Form, event_id
from greenroom.scheduling.missed import Due, due_now
from greenroom.scheduling.schedule import Occurrence, Schedule

__all__ = ["Considered", "Due", "Form", "Occurrence", "Schedule", "due_now", "event_id", "plan_change"]
