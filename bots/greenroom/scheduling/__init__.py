"""Triggers that enqueue: when a scheduled post is due, which period it serves, and what happens to missed ones."""

from greenroom.scheduling.changes import Considered, plan_change
from greenroom.scheduling.identity import Form, event_id
from greenroom.scheduling.missed import Due, due_now
from greenroom.scheduling.schedule import Occurrence, Schedule

__all__ = ["Considered", "Due", "Form", "Occurrence", "Schedule", "due_now", "event_id", "plan_change"]
