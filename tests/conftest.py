"""What holds for the whole suite: no paid calls, nothing left open, and the vendors' contract files where they are."""

import asyncio
import gc
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from typing_extensions import override

IS_CI = os.environ.get("CI", "").lower() == "true"
FIRST, LAST = {"docs", "system"}, {"servers"}
"""Folders of tests that take long and mostly wait, so that others run beside them; and of those whose servers live to
the end of the run, and take their part of the cores as long as they do."""

# What a build server tries is the same each time; at a desk every run looks further. How long an example takes is up to
# whoever else has work on the machine.
settings.register_profile("suite", derandomize=IS_CI, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# the platform's own: on Windows the other one starts no processes
if sys.platform == "win32":
    from asyncio import ProactorEventLoop as EventLoop
else:
    from asyncio import SelectorEventLoop as EventLoop


class WatchfulLoop(EventLoop):
    """A loop whose debug mode checks what it always checks, and notes no stack for each handle and each future.

    Whoever notes asks `get_debug`, and is told no; the loop itself checks. A test would note thousands of stacks, each
    through all of pytest, and spend half of its time on it. Take `get_debug` away to see where a future or a callback
    was made that a failure tells of.
    """

    @override
    def get_debug(self) -> bool:
        return False


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Have every test run in such a loop."""
    return {"watchful": WatchfulLoop}


@pytest.fixture(scope="session", autouse=True)
def paid_calls_are_off() -> Iterator[None]:
    """Switch every paid call off, here and in the processes that tests start. Servers on loopback stay allowed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GREENROOM_NO_PAID_CALLS", "1")
        patch.delenv("OPENAI_API_KEY", raising=False)
        yield


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that in the end no core waits for it; the order is else as it comes.

    Try what depends on real servers, browsers and processes once more before it fails; the report says RERUN.

    On a build server, whose cores belong to others as well, that goes for every test: no example is drawn by chance
    there, so that what fails for a reason fails twice. A test with a mark `flaky` of its own keeps it: the crash tests
    never get a second chance.
    """
    for item in items:
        needs = IS_CI or any(item.get_closest_marker(name) for name in ("browser", "server", "system"))
        if needs and item.get_closest_marker("flaky") is None:
            item.add_marker(pytest.mark.flaky(reruns=1))
    items.sort(key=lambda item: (FIRST.isdisjoint(item.path.parts), not LAST.isdisjoint(item.path.parts)))


def pytest_collection_finish() -> None:
    """Keep what the whole run needs out of the way of the collector, so that looking for garbage is quick."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def nothing_is_left_open() -> Iterator[None]:
    """Collect garbage when a module has ended, so that what it left open fails there and not in a test of another."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def specs(pytestconfig: pytest.Config) -> Path:
    """The folder of the vendors' published contracts: `GREENROOM_SPECS`, else `../shared/specs` of the checkout.

    Without it a test is skipped, on a build server (`CI=true`) it fails.
    """
    named = os.environ.get("GREENROOM_SPECS")
    root = Path(named) if named else pytestconfig.rootpath.parent / "shared" / "specs"
    if root.is_dir():
        return root
    missing = "contract files not present: shared/specs"
    if IS_CI:
        pytest.fail(missing)
    pytest.skip(missing)
