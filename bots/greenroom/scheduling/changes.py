"""What an edited file means for its posts: which names go on, which begin, and from when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from greenroom.scheduling.identity import Form
from greenroom.scheduling.schedule import Schedule

__all__ = ["Considered", "plan_change"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """What the ledger remembers of one name."""

    until: datetime | None
    """Everything due up to here is decided; aware. None: nothing ever was."""
    form: Form
    """What its periods were; under another form they have other names."""
    present: bool = True
    """It stands in the file; False: it vanished, and is remembered in case it returns."""


def plan_change(old: Mapping[str, Considered], new: Mapping[str, Schedule], now: datetime) -> dict[str, Considered]:
    """Return what to remember of every name, old or new, when the file's schedules become `new` at the aware `now`.

    No name serves a day or a period again that it has served:

    - A name that stays goes on where it was. A new time on the same day is the same period (see `identity`).
    - A name that changes its form, say from one time a day to several, begins with the next local day.
    - A new name begins with its present period (see `due_now`). But when another name vanishes in the same change it
      may be the same post under a new name, so it begins with the next local day; written moments that are still to
      come are kept.
    - A name that vanished is remembered. When it returns it goes on, without making up for the time between.
    """
    vanishes = any(one.present and name not in new for name, one in old.items())
    plan = {
        name: Considered(until=one.until, form=one.form, present=False) for name, one in old.items() if name not in new
    }
    for name, schedule in new.items():
        plan[name] = Considered(
            until=_considered(old.get(name), schedule, now=now, vanishes=vanishes), form=schedule.form
        )
    return plan


def _considered(known: Considered | None, schedule: Schedule, *, now: datetime, vanishes: bool) -> datetime | None:
    """Return up to where everything of `schedule` is decided; `vanishes`: a name is missing since this change."""
    changes_form = known is not None and known.form is not schedule.form
    appears = known is None or not known.present
    if changes_form or (appears and vanishes):
        begins = now if schedule.form is Form.ONCE else schedule.from_tomorrow(now)
    elif known is not None and known.until is not None and appears:
        begins = now - schedule.late_ok
    else:
        return known.until if known is not None else None
    return begins if known is None or known.until is None else max(known.until, begins)
