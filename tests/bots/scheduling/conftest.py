"""Builders of schedules and moments."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest

from greenroom.scheduling import Schedule
from greenroom.settings.posting import PostEntry


@pytest.fixture
def schedule() -> Callable[..., Schedule]:
    """Return a function that makes the schedule of an entry; by default in the zone of Lisbon."""

    def make(zone: str = "Europe/Lisbon", **fields: object) -> Schedule:
        return Schedule.of(PostEntry.model_validate({"name": "log", **fields}), timezone=ZoneInfo(zone))

    return make
