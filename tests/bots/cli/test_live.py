"""The lines of a running bot, for people."""

from datetime import UTC

import pytest

from greenroom.cli.live import LiveLog


def test_a_wait_is_told_with_its_unit(capsys: pytest.CaptureFixture[str]) -> None:
    LiveLog(UTC).wrote({"event": "lost", "level": "warning", "account": "home", "why": "it ended", "again_in": 0.5})
    assert "again in 0.5 s" in " ".join(capsys.readouterr().out.split())
