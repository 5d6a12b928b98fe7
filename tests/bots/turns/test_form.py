"""Warnings, polls and visibility: carried where the account has them, written into the text where it has not, refused
with a reason where they cannot be."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from greenroom.storage import AgendaItem, Due, Part, State
from greenroom.testing import ManualClock, ScriptedPlatform, Trial
from greenroom.turns.form import Form, Misfit, form_of
from greenroom_adapters.contract import (
    Capabilities,
    CountingRule,
    Media,
    MediaLimit,
    Poll,
    PollLimit,
    Post,
    TextLimit,
    Visibility,
)

TEA = Poll(options=("Tea", "Soup"), open_for=timedelta(days=1))
LIMIT = PollLimit(options=2, option_length=5, shortest=timedelta(minutes=5), longest=timedelta(days=7))
PICTURES = MediaLimit(count=1, types=frozenset({"image/png"}), bytes=10_000_000, alt_length=100)
ENTRY = """\
post:
  name: quiz
  every: 1 hour
  about: soup
  warning: food
  visibility: followers
  poll: {options: [Tea, Soup], open_for: 2 hours, several: true}
"""


def able(clock: ManualClock | None = None, **changes: Any) -> Capabilities:
    """Return the capabilities of an account that can do all of it."""
    plain = ScriptedPlatform(clock or ManualClock()).capabilities
    limits = replace(plain.limits, poll=LIMIT)
    return replace(
        plain, **{"limits": limits, "content_warnings": True, "visibilities": frozenset(Visibility), **changes}
    )


def unable(*limits: TextLimit) -> Capabilities:
    plain = ScriptedPlatform(ManualClock()).capabilities
    return replace(plain, limits=replace(plain.limits, text=limits or plain.limits.text))


def form(capabilities: Capabilities, **wanted: Any) -> Form:
    plain = {"visibility": None, "warning": None, "poll": None, "has_media": False, "is_public": True}
    return form_of(capabilities, **{**plain, **wanted})


def test_what_the_account_has_goes_with_the_post() -> None:
    made = form(able(), visibility=Visibility.UNLISTED, warning="food", poll=TEA)
    assert made.around(Post(text="Which?")) == Post(
        text="Which?", visibility=Visibility.UNLISTED, content_warning="food", poll=TEA
    )
    assert made.changes == ()


def test_what_the_account_has_not_is_written_into_the_text() -> None:
    made = form(unable(), visibility=Visibility.UNLISTED, warning="food", poll=TEA)
    assert made.around(Post(text="Which?")) == Post(text="CW: food\n\nWhich?\n\n1. Tea\n2. Soup")
    assert len(made.changes) == 3


def test_a_thread_is_as_visible_in_all_its_parts_and_asks_once() -> None:
    made = form(able(), visibility=Visibility.FOLLOWERS, warning="food", poll=TEA)
    assert made.below(Post(text="More.")) == Post(text="More.", visibility=Visibility.FOLLOWERS, content_warning="food")


@pytest.mark.parametrize(
    ("wanted", "capabilities", "why"),
    [
        ({"visibility": Visibility.UNLISTED}, able(visibilities=frozenset({Visibility.PUBLIC})), "there is: public"),
        ({"poll": replace(TEA, options=("A", "B", "C"))}, able(), "has 3 answers, and at most 2"),
        ({"poll": replace(TEA, options=("Tea", "A soup"))}, able(), "has 6 characters, and 5 are possible"),
        ({"poll": replace(TEA, open_for=timedelta(minutes=4))}, able(), "open for 4 minutes, and from 5 minutes to 7"),
        ({"poll": replace(TEA, open_for=timedelta(days=8))}, able(), "open for 8 days"),
        ({"warning": "f" * 494}, unable(TextLimit(length=500)), "leaves no room for words"),
        ({"poll": TEA}, unable(TextLimit(length=16)), "leaves no room for words"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_the_reason(
    wanted: dict[str, Any], capabilities: Capabilities, why: str
) -> None:
    with pytest.raises(Misfit, match=why):
        form(capabilities, **wanted)


def test_at_the_limits_it_fits() -> None:
    form(able(), poll=replace(TEA, options=("Tea", "Soups"), open_for=timedelta(minutes=5)))
    form(able(), poll=replace(TEA, open_for=timedelta(days=7)))
    left = form(unable(TextLimit(length=500)), warning="f" * 493).room_for_words((TextLimit(length=500),))
    assert left == (TextLimit(length=1),)


def test_the_words_get_what_is_left_by_every_rule() -> None:
    made = form(unable(), warning="é", poll=replace(TEA, options=("ä", "ö")))
    limits = (TextLimit(length=100), TextLimit(length=100, rule=CountingRule.UTF8_BYTES))
    # "CW: é", a line between, and "\n\n1. ä\n2. ö"
    assert [limit.length for limit in made.room_for_words(limits)] == [82, 79]


def test_a_warning_beside_the_words_is_counted_with_them_as_some_platforms_do() -> None:
    assert form(able(), warning="food").room_for_words((TextLimit(length=500),)) == (TextLimit(length=496),)


def test_in_a_room_there_is_no_choice_who_sees_it() -> None:
    made = form(able(), visibility=Visibility.FOLLOWERS, is_public=False)
    assert made.visibility is None
    assert made.changes == ("`visibility` is left out: there is nothing to choose",)


def test_words_beside_media_get_no_more_than_a_caption_may_have() -> None:
    plain = able()
    caption = TextLimit(length=20, rule=CountingRule.CODE_POINTS)
    limits = replace(
        plain.limits,
        caption=(caption,),
        media=MediaLimit(count=1, types=frozenset({"image/png"}), bytes=1000, alt_length=100),
    )
    account = replace(plain, limits=limits)
    for has_media, most in ((True, 20), (False, 500)):
        form = form_of(account, visibility=None, warning=None, poll=None, has_media=has_media, is_public=True)
        room = form.room_for_words((TextLimit(length=500, rule=CountingRule.CODE_POINTS),))
        assert min(limit.length for limit in room) == most
    with pytest.raises(Misfit, match="leaves no room"):
        form_of(
            replace(account, content_warnings=False),
            visibility=None,
            warning="a very long warning",
            poll=None,
            has_media=True,
            is_public=True,
        )


@pytest.mark.asyncio
async def test_a_post_of_the_file_carries_them_over_a_kill(tmp_path: Path) -> None:
    trial = Trial(tmp_path, rules=ENTRY)
    trial.platform.capabilities = able(trial.clock)
    trial.dies_at("after_intent")
    async with trial:
        await trial.until(lambda: trial.is_dead)
        await trial.bury()
        await trial.start()
        await trial.until(lambda: trial.platform.posts)
    (_, post) = trial.platform.posts[0]
    assert post.content_warning == "food"
    assert post.visibility is Visibility.FOLLOWERS
    assert post.poll == Poll(options=("Tea", "Soup"), open_for=timedelta(hours=2), several=True)
    assert post.language == "en"
    (brief, *_) = trial.engine.briefs
    assert brief.options == ("Tea", "Soup")
    assert brief.limits == (TextLimit(length=496),)


@pytest.mark.asyncio
async def test_without_any_of_it_on_the_platform_the_text_says_all(tmp_path: Path) -> None:
    trial = Trial(tmp_path, rules=ENTRY)
    async with trial:
        await trial.until(lambda: trial.platform.posts)
    (_, post) = trial.platform.posts[0]
    assert post.text.startswith("CW: food\n\n")
    assert post.text.endswith("\n\n1. Tea\n2. Soup")
    assert (post.content_warning, post.visibility, post.poll) == (None, None, None)


@pytest.mark.asyncio
async def test_an_engine_is_asked_for_no_more_than_goes_beside_a_picture(tmp_path: Path) -> None:
    trial = Trial(tmp_path, rules="post: {name: log, every: 1 hour, about: the sea, picture: {card: quote}}\n")
    plain = able(trial.clock)
    limits = replace(plain.limits, caption=(TextLimit(length=20),), media=PICTURES)
    trial.platform.capabilities = replace(plain, limits=limits)
    async with trial:
        await trial.until(lambda: trial.platform.posts)
    (brief, *_) = trial.engine.briefs
    assert min(limit.length for limit in brief.limits) == 20


@pytest.mark.asyncio
async def test_what_cannot_be_shown_is_refused_before_an_engine_is_paid(tmp_path: Path) -> None:
    trial = Trial(tmp_path, rules=ENTRY.replace("Soup]", "Soup, Bread]"))
    trial.platform.capabilities = able(trial.clock)
    async with trial:
        await trial.counted({State.DEAD: 1})
        assert any("at most 2 are possible there" in line for line in await trial.journal())
    assert trial.engine.briefs == []
    assert trial.platform.posts == []


def test_what_was_stored_before_there_were_such_things_is_read() -> None:
    due = b'{"name":"log","period":"2026-11-24","due":"2026-11-24T08:00:00Z","about":null,"say":"Hi","media":[]}'
    assert msgspec.json.decode(due, type=Due).poll is None
    part = b'{"key":"k","post":{"text":"Hi","in_reply_to":null,"quote":null,"room":null,"media":[],"language":null}}'
    assert msgspec.json.decode(part, type=Part).post == Post(text="Hi")
    item = b'{"id":1,"due":1,"late":1,"account":"home","event":' + due + b"}"
    assert msgspec.json.decode(item, type=AgendaItem).event.warning is None


def test_what_is_stored_now_comes_back_as_it_was() -> None:
    part = Part(key="k", post=Post(text="Which?", poll=TEA, visibility=Visibility.UNLISTED, content_warning="food"))
    assert msgspec.json.decode(msgspec.json.encode(part), type=Part).post == part.post


def test_a_platforms_own_label_takes_no_room_and_other_words_become_a_line() -> None:
    labels = replace(unable(), warning_labels=frozenset({"nudity", "sexual"}))
    made = form(labels, warning="nudity")
    assert made.around(Post(text="Which?")) == Post(text="Which?", content_warning="nudity")
    assert made.room_for_words((TextLimit(length=300),)) == (TextLimit(length=300),)
    assert made.changes == ()
    other = form(labels, warning="food")
    assert other.around(Post(text="Which?")).text == "CW: food\n\nWhich?"
    assert other.changes == ("`warning` becomes the first line of the text: it is none of the labels nudity, sexual",)


def test_a_picture_is_left_out_where_nothing_can_be_attached_and_nowhere_else() -> None:
    picture = Media(path="/sea.png", media_type="image/png", alt="the sea")
    post = Post(text="Look.", media=(picture,))
    limit = MediaLimit(count=1, types=frozenset({"image/png"}), bytes=1000, alt_length=100)
    takes = replace(able(), limits=replace(able().limits, media=limit))
    made = form(takes, has_media=True)
    assert (made.around(post), made.changes) == (post, ())
    takes_none = replace(able(), limits=replace(able().limits, media=None))
    made = form(takes_none, has_media=True)
    assert made.around(post) == Post(text="Look.")
    assert made.changes == ("`picture` is left out: nothing can be attached",)
