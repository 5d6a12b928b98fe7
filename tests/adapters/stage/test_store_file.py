"""The file of a Stage."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from greenroom_adapters.stage.store.file import StoreFile


def test_a_file_whose_mode_is_not_ours_to_change_is_used_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "chmod", refuse)
    StoreFile(tmp_path / "stage.db", now=datetime(2026, 1, 1, tzinfo=UTC)).close()
