"""The lines of a running bot, for people."""

from datetime import UTC

import pytest

from greenroom.cli.live import LiveLog


def test_a_wait_is_told_with_its_unit(capsys: pytest.CaptureFixture[str]) -> None:
    LiveLog(UTC).wrote({"event": "lost", "level": "warning", "account": "home", "why": "it ended", "again_in": 0.5})
    assert "again in 0.5 s" in " ".join(capsys.readouterr().out.split())


def test_a_reason_stands_as_a_sentence_behind_what_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    LiveLog(UTC).wrote({"event": "nobody to tell", "level": "error", "tell": "home/@you", "why": "nobody is @you yet"})
    LiveLog(UTC).wrote({"event": "budget", "level": "warning", "why": "half of the day's money is spent"})
    first, second = (" ".join(line.split()) for line in capsys.readouterr().out.splitlines())
    assert first.endswith("nobody to tell tell home/@you: nobody is @you yet")
    assert second.endswith("budget half of the day's money is spent")


def test_what_a_moment_is_about_stands_as_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    LiveLog(UTC).wrote({"event": "next start", "level": "warning", "what": "another `bot` takes effect then"})
    assert " ".join(capsys.readouterr().out.split()).endswith("next start another `bot` takes effect then")
