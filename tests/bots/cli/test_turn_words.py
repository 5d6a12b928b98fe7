"""A turn as its owner reads it."""

import io
from datetime import UTC, datetime, timedelta

from rich.console import Console

from greenroom.cli.turn_words import LONGEST, as_object, turn_lines
from greenroom.scheduling.posts import turn_of
from greenroom.storage import Draft, Due, Turn
from greenroom_adapters.contract import Poll, Visibility

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def drafted(**beside: object) -> Turn:
    due = Due(name="quiz", period="2026-11-24", due=NOON, about="soup", **beside)  # type: ignore[arg-type]  # as given
    turn = turn_of("home", due, deadline=1, now=0)
    turn.draft = Draft(parts=("Which?",), engine="script")
    return turn


def shown(turn: Turn, *, whole: bool = False) -> str:
    place = Console(file=io.StringIO(), width=2000)
    place.print(turn_lines(turn, UTC, whole=whole))
    assert isinstance(place.file, io.StringIO)
    return place.file.getvalue()


def test_what_goes_with_the_words_is_shown_with_them() -> None:
    poll = Poll(options=("Tea", "\x1b[31mSoup"), open_for=timedelta(days=1))
    turn = drafted(warning="food", poll=poll, visibility=Visibility.UNLISTED)
    assert "warning: food; poll: Tea / \\x1b[31mSoup; visibility: unlisted" in shown(turn)
    said = as_object(turn)["input"]
    assert (said["warning"], said["poll"], said["visibility"]) == ("food", ["Tea", "\x1b[31mSoup"], "unlisted")


def test_a_plain_post_shows_nothing_of_the_kind() -> None:
    assert "warning" not in shown(drafted())
    assert set(as_object(drafted())["input"]) == {"schedule", "about", "due"}


def test_a_long_text_is_cut_in_the_log_and_whole_where_somebody_decides_about_it() -> None:
    turn = drafted()
    turn.seq = 7
    for length, is_cut in ((LONGEST, False), (LONGEST + 1, True)):
        turn.draft = Draft(parts=("x" * length,), engine="script")
        assert ("x" * length in shown(turn)) is not is_cut
        assert ("… (1 more characters: greenroom log --turn 7)" in shown(turn)) is is_cut
        assert "x" * length in shown(turn, whole=True)
