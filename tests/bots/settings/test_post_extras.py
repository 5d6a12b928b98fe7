"""`warning`, `poll` and `visibility` of a post, as an owner writes them and as he mistypes them."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from greenroom.settings import BotFile, expanded
from greenroom_adapters.contract import Poll, Visibility

HEAD = "bot: ada\npersona: ada.yaml\naccounts: {home: stage}\n"


def test_a_poll_is_open_for_a_day_unless_said_otherwise(load: Callable[[str], BotFile]) -> None:
    (entry,) = load("post: {every: 1 day, warning: food, visibility: unlisted, poll: {options: [Tea, Soup]}}\n").post
    assert entry.warning == "food"
    assert entry.visibility is Visibility.UNLISTED
    assert entry.poll is not None
    assert entry.poll.poll == Poll(options=("Tea", "Soup"), open_for=timedelta(days=1), several=False)


def test_the_answers_alone_are_short_for_a_poll(load: Callable[[str], BotFile]) -> None:
    (short,) = load("post: {every: 1 day, poll: [Tea, Soup]}\n").post
    (whole,) = load("post: {every: 1 day, poll: {options: [Tea, Soup], open_for: 1 day, several: false}}\n").post
    assert short == whole


def test_what_is_understood_can_be_written_out_and_read_again(load: Callable[[str], BotFile]) -> None:
    file = load(
        "post: {every: 1 day, warning: food, visibility: followers, poll: {options: [a, b], open_for: 90min}}\n"
    )
    again = load(expanded(file).partition("\npost:")[2].join(("post:", "")))
    assert again.post == file.post


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("poll: Tea", "a poll has at least two answers to choose from"),
        ("poll: [Tea, tea]", "two answers are the same"),
        ("poll: {options: [Tea, Soup], open_for: 0 days}", "a poll is open for some time"),
        ("poll: {options: [Tea, Soup], open_for: 60}", "minutes"),
        ("poll: {choices: [Tea, Soup]}", "`choices` is called `options` here"),
        ("poll: {options: [Tea, Soup], several: often}", "write true or false"),
        ("visibility: private", "is not a visibility"),
        ("visibility: folowers", "Did you mean `followers`?"),
        ("cw: food", "`cw` is called `warning` here"),
        ("warning: ''", "this text is empty"),
    ],
)
def test_a_mistake_is_told_with_its_mend(mistakes: Callable[[str], list[str]], written: str, reason: str) -> None:
    (told,) = mistakes(f"{HEAD}post: {{every: 1 day, {written}}}\n")
    assert reason in told
    assert told.startswith("4:")
