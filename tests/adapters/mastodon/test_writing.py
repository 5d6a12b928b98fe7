"""A post as the status that it becomes."""

from datetime import UTC, datetime

import pytest

from greenroom_adapters.contract import CountingRule, Post, PostRef, TextLimit, Visibility
from greenroom_adapters.mastodon.people import addressed, names, without_address
from greenroom_adapters.mastodon.wire import WireAccount, WireStatus
from greenroom_adapters.mastodon.writing import Audience, compose, length, status_language

LIMIT = TextLimit(length=500, rule=CountingRule.URLS_AS_23)
AUDIENCE = Audience.of(posts="public", replies="unlisted")
ALICE = WireAccount(id="7", acct="alice@b.example")


def asked(visibility: str = "public", warning: str = "", by: WireAccount = ALICE) -> WireStatus:
    return WireStatus(
        id="1", account=by, created_at=datetime(2026, 11, 1, tzinfo=UTC), visibility=visibility, spoiler_text=warning
    )


def answer(text: str = "aye", *, to: WireStatus, visibility: Visibility | None = None, warning: str | None = None):  # type: ignore[no-untyped-def]  # a draft
    post = Post(text=text, in_reply_to=PostRef(id=to.id), visibility=visibility, content_warning=warning)
    return compose(post, answered=to, person=None, me="1", audience=AUDIENCE, limit=LIMIT)


@pytest.mark.parametrize(
    ("seen_by", "wanted", "goes_to"),
    [
        ("public", None, "unlisted"),
        ("public", Visibility.PUBLIC, "public"),
        ("public", Visibility.FOLLOWERS, "private"),
        ("unlisted", None, "unlisted"),
        ("unlisted", Visibility.PUBLIC, "unlisted"),
        ("private", None, "private"),
        ("private", Visibility.PUBLIC, "private"),
        ("direct", None, "direct"),
        ("direct", Visibility.PUBLIC, "direct"),
        ("mutuals_only", None, "direct"),
    ],
)
def test_an_answer_is_seen_by_no_more_people_than_what_it_answers(
    seen_by: str, wanted: Visibility | None, goes_to: str
) -> None:
    assert answer(to=asked(seen_by), visibility=wanted).visibility == goes_to


def test_an_answer_mentions_whom_it_answers_and_nobody_twice() -> None:
    assert answer(to=asked()).text == "@alice@b.example aye"
    assert answer("well, @Alice@b.example, aye", to=asked()).text == "well, @Alice@b.example, aye"
    assert answer("not @alice@b.example.org", to=asked()).text == "@alice@b.example not @\u200balice@b.example.org"


@pytest.mark.parametrize(
    ("text", "goes_out"),
    [
        ("between us, @victim is a fool", "between us, @\u200bvictim is a fool"),
        ("ask @carol@far.example (@dave)", "ask @\u200bcarol@far.example (@\u200bdave)"),
        ("@@victim", "@@\u200bvictim"),
        ("@alice is another alice", "@\u200balice is another alice"),  # of our own server
        ("mail me@b.example, see https://b.example/@carol", "mail me@b.example, see https://b.example/@carol"),
        ("meet @ noon", "meet @ noon"),
    ],
)
def test_an_answer_speaks_to_nobody_but_the_asker(text: str, goes_out: str) -> None:
    assert answer(text, to=asked("direct")).text == f"@alice@b.example {goes_out}"
    direct = compose(
        Post(text=text, direct_to="7"), answered=None, person="alice@b.example", me="1", audience=AUDIENCE, limit=LIMIT
    )
    assert direct.text == f"@alice@b.example {goes_out}"
    first = compose(Post(text=text), answered=None, person=None, me="1", audience=AUDIENCE, limit=LIMIT)
    assert first.text == text, "whom the account names of its own accord, it names"


def test_the_next_part_of_our_own_thread_mentions_nobody_and_is_seen_as_posts_are() -> None:
    own = asked(by=WireAccount(id="1", acct="bot"))
    draft = answer("and then", to=own)
    assert (draft.text, draft.visibility) == ("and then", "public")


def test_a_private_word_goes_to_that_person_alone() -> None:
    post = Post(text="psst", direct_to="7", visibility=Visibility.PUBLIC)
    draft = compose(post, answered=None, person="alice", me="1", audience=AUDIENCE, limit=LIMIT)
    assert (draft.text, draft.visibility) == ("@alice psst", "direct")


def test_a_warning_is_handed_on_and_an_own_one_comes_first() -> None:
    assert answer(to=asked(warning="ships")).warning == "ships"
    assert answer(to=asked(warning="ships"), warning="storms").warning == "storms"


def test_an_inherited_warning_gives_way_to_the_words() -> None:
    text = "a" * 470
    draft = answer(text, to=asked(warning="w" * 100))
    assert draft.text == f"@alice@b.example {text}"
    assert 0 < len(draft.warning) <= 500 - length(draft.text, "", LIMIT)
    assert answer("a" * 490, to=asked(warning="w" * 100)).warning == ""


def test_a_post_without_a_word_on_it_is_seen_as_the_settings_say() -> None:
    for posts, wire in (("public", "public"), ("unlisted", "unlisted"), ("followers", "private")):
        audience = Audience.of(posts=posts, replies="unlisted")
        draft = compose(Post(text="hi"), answered=None, person=None, me="1", audience=audience, limit=LIMIT)
        assert draft.visibility == wire


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        # documentation, "Posting to your profile", character limit
        ("https://example.org/a/very/long/way/to/nowhere/at/all/and/further", 23),
        ("@alice@b.example", len("@alice")),
        ("\U0001f469\u200d\U0001f469\u200d\U0001f467", 1),
    ],
)
def test_text_is_counted_as_the_documentation_says(text: str, counted: int) -> None:
    assert length(text, "", LIMIT) == counted
    assert length(text, "cw", LIMIT) == counted + 2


@pytest.mark.parametrize(("tag", "language"), [("en", "en"), ("en-GB", "en"), ("zh-Hant-TW", "zh"), ("NL", "nl")])
def test_a_language_has_no_region(tag: str, language: str) -> None:
    assert status_language(tag) == language


def test_mentions_are_found_at_their_borders() -> None:
    assert names("hi @alice!", "alice")
    assert names("(@ALICE)", "alice")
    assert not names("mail@alice", "alice")
    assert not names("@alice@b.example", "alice")
    assert not names("@alicent", "alice")
    assert addressed("hi", "alice") == "@alice hi"


def test_only_the_mentions_of_certain_people_are_taken_off_a_text() -> None:
    assert without_address("@bot hello @bot", ["bot"]) == "hello @bot"
    assert without_address("@bot@a.example: hello", ["bot"]) == "hello"
    assert without_address("@bot @carol hello", ["bot"]) == "@carol hello"
    assert without_address("@both hello", ["bot"]) == "@both hello"
    assert without_address("hello", ["bot"]) == "hello"
