"""A Stage's state on a real file with a clock turned by hand, and real servers."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from greenroom_adapters.stage.attachments import MediaFolder
from greenroom_adapters.stage.objects import Options
from greenroom_adapters.stage.state import StageState
from greenroom_adapters.stage.store import Store
from greenroom_adapters.testing.stage import RunningStage
from greenroom_adapters.text import count


@dataclass
class Hands:
    """A clock that goes on only when it is told to."""

    moment: datetime = datetime(2026, 11, 24, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def go_on(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


OpenState = Callable[..., StageState]


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def open_state(tmp_path: Path, hands: Hands) -> Iterator[OpenState]:
    """Open a state on one file; opening again closes the one before, as a restart does."""
    numbers = itertools.count(1)
    with ExitStack() as stack:

        def open_it(options: Options | None = None) -> StageState:
            stack.close()
            store = Store(tmp_path / "stage.db", now=hands())
            stack.callback(store.close)
            return StageState(
                store,
                MediaFolder(tmp_path / "stage.db.media"),
                options=options or Options(),
                now=hands,
                new_id=lambda: f"id{next(numbers)}",
                new_token=lambda: f"token{next(numbers)}",
                measure=count,
            )

        yield open_it


@pytest.fixture
def state(open_state: OpenState) -> StageState:
    return open_state()


@pytest.fixture(scope="session")
def stage() -> Iterator[RunningStage]:
    """One server that tests share: each signs in people of its own and leaves no orders behind."""
    with RunningStage("--faults") as running:
        yield running


@pytest.fixture(scope="session")
def fresh_handle() -> Callable[[str], str]:
    """Return handles that no other test uses."""
    numbers = itertools.count(1)

    return lambda name: f"{name}{next(numbers)}"
