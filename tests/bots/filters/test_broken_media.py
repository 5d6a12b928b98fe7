"""A set of broken and hostile files, quick enough for every run; the thousand of them are in `fuzzing.py`."""

import importlib.util
import sys
from pathlib import Path

import pytest


@pytest.mark.asyncio
async def test_broken_and_hostile_files_are_worked_on_or_refused_and_nothing_else(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("fuzzing", Path(__file__).with_name("fuzzing.py"))
    assert spec is not None
    assert spec.loader is not None
    fuzzing = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = fuzzing
    try:
        spec.loader.exec_module(fuzzing)
        # clips start a process each
        outcomes, failures = await fuzzing.fuzz(120, fuzzing.SEED, tmp_path, clips=False)
    finally:
        del sys.modules[spec.name]
    assert failures == []
    refused = sum(times for words, times in outcomes.items() if words.startswith("not filtered"))
    assert 0 < refused < outcomes.total(), "some are broken and some are not"
