"""Named points between every two effects, where a test may kill the process.

In production nothing listens (None): a point costs a comparison. The crash test enumerates `POINTS`, so a point that no
test reaches is noticed.
"""

from collections.abc import Callable

__all__ = ["POINTS", "FaultHook"]

FaultHook = Callable[[str], None]
"""Called with the name of the point that was reached."""

POINTS: tuple[str, ...] = (
    "before_inbox_insert",
    "after_inbox_insert",
    "after_cursor",
    "before_generate",
    "after_generate_before_store",
    "after_draft",
    "after_intent",
    "after_sending",
    "after_checkpoint",
    "after_publish_before_receipt",
    "after_receipt",
    "before_reconcile",
    "after_reconcile",
    "before_due_insert",
    "after_due_insert",
)
"""Every point, in the order in which an event meets them. `mid_publish` is on the platform's side: the Stage cuts."""
