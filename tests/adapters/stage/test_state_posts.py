"""Posting by the Stage's rules: places, keys, containers, edits, deletions, listings."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom_adapters.contract import CountingRule, Idempotency, IdempotencyKind, TextLimit
from greenroom_adapters.stage.objects import Draft, Options, Refusal, Refused, stage_limits
from greenroom_adapters.stage.readable import check_readable
from greenroom_adapters.stage.state import StageState

OpenState = Callable[..., StageState]
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32


class Hands(Protocol):
    """The clock of the conftest."""

    def go_on(self, seconds: float) -> None: ...


@contextmanager
def refuses(refusal: Refusal) -> Generator[None, None, None]:
    with pytest.raises(Refused) as caught:
        yield
    assert caught.value.refusal is refusal


@pytest.fixture
def ada(state: StageState) -> str:
    return state.ensure_account("ada", bot=True).id


@pytest.fixture
def bob(state: StageState) -> str:
    return state.ensure_account("bob").id


def test_a_thread_keeps_the_id_of_its_first_post_as_its_conversation(state: StageState, ada: str, bob: str) -> None:
    first = state.publish(bob, Draft(text="one"))
    second = state.publish(ada, Draft(text="two", in_reply_to=first.id))
    third = state.publish(bob, Draft(text="three", in_reply_to=second.id))

    assert first.conversation == first.id == second.conversation == third.conversation
    assert [post.id for post in state.thread(third.id).above] == [first.id, second.id]
    assert [post.id for post in state.thread(first.id).below] == [second.id, third.id]
    assert state.post(first.id).replies == 1


def test_a_deleted_post_ends_the_thread_above_it_and_hides_nothing_below(state: StageState, ada: str, bob: str) -> None:
    first = state.publish(bob, Draft(text="one"))
    second = state.publish(ada, Draft(text="two", in_reply_to=first.id))
    third = state.publish(bob, Draft(text="three", in_reply_to=second.id))
    fourth = state.publish(ada, Draft(text="four", in_reply_to=third.id))

    state.delete(ada, second.id)

    assert [post.id for post in state.thread(fourth.id).above] == [third.id]
    assert [post.id for post in state.thread(first.id).below] == [third.id, fourth.id]
    assert state.post(first.id).replies == 0


def test_an_answer_stands_where_its_target_stands(state: StageState, ada: str, bob: str) -> None:
    room = state.create_room(bob, "Harbour")
    there = state.publish(bob, Draft(text="in the room", room=room.id))
    private = state.publish(bob, Draft(text="between us", direct_to="ada"))
    public = state.publish(bob, Draft(text="for all"))

    answer = state.publish(ada, Draft(text="here", in_reply_to=there.id))
    whisper = state.publish(ada, Draft(text="psst", in_reply_to=private.id))

    assert answer.room is not None
    assert (answer.room.id, answer.conversation) == (room.id, room.id)
    assert whisper.direct_to is not None
    assert (whisper.direct_to.id, whisper.conversation) == (bob, private.conversation)
    for contradictory in (
        Draft(text="x", in_reply_to=public.id, room=room.id),
        Draft(text="x", in_reply_to=public.id, direct_to=bob),
        Draft(text="x", in_reply_to=there.id, direct_to=bob),
        Draft(text="x", in_reply_to=private.id, room=room.id),
        Draft(text="x", room=room.id, direct_to=bob),
        Draft(text="x", direct_to=ada),
    ):
        with refuses(Refusal.INVALID):
            state.publish(ada, contradictory)


def test_only_members_begin_something_in_a_room(state: StageState, ada: str, bob: str) -> None:
    room = state.create_room(bob, "Harbour")

    with refuses(Refusal.FORBIDDEN):
        state.publish(ada, Draft(text="hello", room=room.id))
    state.join(ada, room.id)

    assert state.publish(ada, Draft(text="hello", room=room.id)).conversation == room.id


def test_a_direct_message_is_for_two_people_alone(state: StageState, ada: str, bob: str) -> None:
    eve = state.ensure_account("eve").id
    secret = state.publish(bob, Draft(text="between us", direct_to=ada))

    assert state.post(secret.id, viewer=ada) == secret
    for look in (
        lambda: state.post(secret.id),
        lambda: state.post(secret.id, viewer=eve),
        lambda: state.thread(secret.id, viewer=eve),
        lambda: state.like(eve, secret.id),
        lambda: state.edit(eve, secret.id, "x"),
        lambda: state.delete(eve, secret.id),
    ):
        with refuses(Refusal.GONE):
            look()
    for answer in (Draft(text="x", in_reply_to=secret.id), Draft(text="x", quote=secret.id)):
        with refuses(Refusal.TARGET_GONE):
            state.publish(eve, answer)
    for leak in (lambda: state.publish(ada, Draft(text="x", quote=secret.id)), lambda: state.repost(ada, secret.id)):
        with refuses(Refusal.FORBIDDEN):
            leak()
    assert state.posts_of(bob, viewer=eve) == ()
    assert state.posts_of(bob, viewer=ada) == (secret,)
    assert state.timeline() == ()
    assert [(one.other.handle, one.latest.id) for one in state.conversations(ada)] == [("bob", secret.id)]
    assert state.direct_posts(ada, "bob") == state.direct_posts(bob, "ada") == (secret,)


def test_answering_or_quoting_what_is_gone_says_so(state: StageState, ada: str, bob: str) -> None:
    post = state.publish(bob, Draft(text="soon gone"))
    state.delete(bob, post.id)

    for draft in (
        Draft(text="x", in_reply_to=post.id),
        Draft(text="x", quote=post.id),
        Draft(text="x", in_reply_to="nothing"),
        Draft(text="x", room="nothing"),
        Draft(text="x", direct_to="nobody"),
    ):
        with refuses(Refusal.TARGET_GONE):
            state.publish(ada, draft)


@given(
    text=st.one_of(
        st.sampled_from(["", " ", "\n\t", "\ud800", "a\udfffb", "\r\n"]),
        st.text(alphabet=st.characters(max_codepoint=0x1F, exclude_characters="\n\t"), min_size=1, max_size=5),
    )
)
@settings(max_examples=50)
def test_texts_that_nobody_could_read_are_refused_and_change_nothing(text: str) -> None:
    if text.strip(" \n\t"):
        with refuses(Refusal.INVALID):
            check_readable("the text", text)
    else:
        check_readable("the text", text)


@given(text=st.text(max_size=20))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_text_is_stored_as_it_was_written_or_refused(state: StageState, text: str) -> None:
    ada = state.ensure_account("ada").id
    before = len(state.own_listing(ada, limit=200).posts)
    try:
        post = state.publish(ada, Draft(text=text))
    except Refused:
        assert len(state.own_listing(ada, limit=200).posts) == before
    else:
        assert state.post(post.id).text == text


@pytest.mark.parametrize("text", ["", "  \n", "a\x00b", "bell \x07", "\ud83d", "\r\n", "\x7f"])
def test_a_text_without_words_or_with_control_characters_is_refused(state: StageState, ada: str, text: str) -> None:
    with refuses(Refusal.INVALID):
        state.publish(ada, Draft(text=text))

    assert state.timeline() == ()


def test_the_text_limit_holds_exactly(open_state: OpenState) -> None:
    limits = replace(stage_limits(), text=(TextLimit(length=3, rule=CountingRule.GRAPHEMES),))
    state = open_state(Options(limits=limits))
    ada = state.ensure_account("ada").id
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"

    assert state.publish(ada, Draft(text=family * 3)).text == family * 3
    with refuses(Refusal.TOO_LONG):
        state.publish(ada, Draft(text=family * 4))


def test_the_default_limit_is_500_code_points(state: StageState, ada: str) -> None:
    assert len(state.publish(ada, Draft(text="\U0001f600" * 500)).text) == 500
    with refuses(Refusal.TOO_LONG):
        state.publish(ada, Draft(text="x" * 501))


class TestKeys:
    def test_publishing_twice_under_one_key_posts_once(self, state: StageState, ada: str, bob: str) -> None:
        first = state.publish(ada, Draft(text="once"), key="k")

        assert state.publish(ada, Draft(text="once"), key="k") == first
        assert state.publish(ada, Draft(text="another text"), key="k") == first
        assert state.publish(bob, Draft(text="somebody else's"), key="k") != first
        assert len(state.timeline()) == 2

    def test_a_key_outlives_a_restart(self, open_state: OpenState) -> None:
        state = open_state()
        ada = state.ensure_account("ada").id
        first = state.publish(ada, Draft(text="once"), key="k")

        assert open_state().publish(ada, Draft(text="once"), key="k") == first

    def test_a_key_belongs_to_its_post_even_when_that_is_deleted(self, state: StageState, ada: str) -> None:
        first = state.publish(ada, Draft(text="once"), key="k")
        state.delete(ada, first.id)

        again = state.publish(ada, Draft(text="once"), key="k")

        assert (again.id, again.deleted, again.text) == (first.id, True, "")
        assert state.timeline() == ()

    def test_a_key_is_trusted_up_to_the_end_of_its_window(self, open_state: OpenState, hands: Hands) -> None:
        idempotency = Idempotency(kind=IdempotencyKind.KEYED, window=timedelta(seconds=60))
        state = open_state(Options(idempotency=idempotency))
        ada = state.ensure_account("ada").id
        first = state.publish(ada, Draft(text="once"), key="k")

        hands.go_on(59.999999)
        assert state.publish(ada, Draft(text="once"), key="k") == first
        hands.go_on(0.000001)
        second = state.publish(ada, Draft(text="once"), key="k")

        assert second.id != first.id
        assert state.publish(ada, Draft(text="once"), key="k") == second

    @pytest.mark.parametrize("kind", [IdempotencyKind.LISTED, IdempotencyKind.NONE])
    def test_other_classes_ignore_the_key(self, open_state: OpenState, kind: IdempotencyKind) -> None:
        state = open_state(Options(idempotency=Idempotency(kind=kind)))
        ada = state.ensure_account("ada").id

        assert state.publish(ada, Draft(text="x"), key="k").id != state.publish(ada, Draft(text="x"), key="k").id

    def test_a_refused_post_leaves_its_key_free(self, state: StageState, ada: str) -> None:
        with refuses(Refusal.TOO_LONG):
            state.publish(ada, Draft(text="x" * 501), key="k")

        assert state.publish(ada, Draft(text="short enough"), key="k").text == "short enough"


class TestContainers:
    def test_a_container_is_published_once_however_often_it_is_asked(self, open_state: OpenState) -> None:
        state = open_state(Options(idempotency=Idempotency(kind=IdempotencyKind.TWO_PHASE)))
        ada = state.ensure_account("ada").id
        bob = state.ensure_account("bob").id
        container = state.open_container(ada, Draft(text="in two steps", language="en"))

        assert state.container(ada, container.id).post is None
        assert state.timeline() == ()
        post = state.publish_container(ada, container.id)
        again = open_state(state.options)

        assert again.publish_container(ada, container.id) == post
        assert again.container(ada, container.id).post == post
        assert again.timeline() == (post,)
        with refuses(Refusal.GONE):
            again.publish_container(bob, container.id)

    def test_a_draft_that_breaks_a_rule_gets_no_container(self, state: StageState, ada: str) -> None:
        with refuses(Refusal.TOO_LONG):
            state.open_container(ada, Draft(text="x" * 501))


class TestListing:
    def test_a_post_is_listed_only_after_its_delay(self, open_state: OpenState, hands: Hands) -> None:
        state = open_state(Options(visible_after=timedelta(seconds=5)))
        ada = state.ensure_account("ada").id
        post = state.publish(ada, Draft(text="soon"))

        hands.go_on(4.999999)
        assert state.own_listing(ada).posts == ()
        assert state.post(post.id) == post
        hands.go_on(0.000001)
        assert state.own_listing(ada).posts == (post,)

    def test_the_reach_counts_the_newest_posts_deleted_ones_included(self, open_state: OpenState) -> None:
        state = open_state(Options(listing_reach=3))
        ada = state.ensure_account("ada").id
        first, second, third = (state.publish(ada, Draft(text=text)) for text in ("one", "two", "three"))
        assert state.own_listing(ada).posts == (third, second, first)

        fourth = state.publish(ada, Draft(text="four"))
        state.delete(ada, third.id)
        state.delete(ada, first.id)
        listing = state.own_listing(ada)

        assert listing.posts == (fourth, second)
        assert listing.deleted == (third.id,)

    def test_pages_follow_each_other_without_a_gap(self, state: StageState, ada: str, bob: str) -> None:
        posts = [state.publish(ada, Draft(text=f"post {number}")) for number in range(7)]
        state.publish(bob, Draft(text="somebody else's"))
        expected = [post.id for post in reversed(posts)]

        seen: list[str] = []
        before: str | None = None
        while page := state.own_listing(ada, limit=3, before=before).posts:
            seen += [post.id for post in page]
            before = page[-1].id

        assert seen == expected
        with refuses(Refusal.INVALID):
            state.own_listing(ada, before="no post of ours")

    def test_replies_and_direct_messages_are_listed_for_their_author(
        self, state: StageState, ada: str, bob: str
    ) -> None:
        question = state.publish(bob, Draft(text="?"))
        reply = state.publish(ada, Draft(text="!", in_reply_to=question.id))
        whisper = state.publish(ada, Draft(text="psst", direct_to=bob))

        assert state.own_listing(ada).posts == (whisper, reply)


class TestMedia:
    def test_a_picture_belongs_to_its_owner_and_to_one_post(self, state: StageState, ada: str, bob: str) -> None:
        picture = state.attach(ada, content=PNG, alt="A lamp.")

        with refuses(Refusal.MEDIA_REFUSED):
            state.publish(bob, Draft(text="mine?", media=(picture.id,)))
        post = state.publish(ada, Draft(text="", media=(picture.id,)))
        with refuses(Refusal.MEDIA_REFUSED):
            state.publish(ada, Draft(text="again", media=(picture.id,)))

        assert post.media == state.post(post.id).media == (picture,)
        stored, file = state.media_file(picture.id)
        assert (stored.media_type, stored.alt, file.read_bytes()) == ("image/png", "A lamp.", PNG)

    def test_the_order_of_pictures_is_kept_and_five_are_too_many(self, state: StageState, ada: str) -> None:
        pictures = [state.attach(ada, content=PNG, alt=f"{number}").id for number in range(5)]

        with refuses(Refusal.MEDIA_REFUSED):
            state.publish(ada, Draft(text="x", media=tuple(pictures)))
        with refuses(Refusal.MEDIA_REFUSED):
            state.publish(ada, Draft(text="x", media=(pictures[0], pictures[0])))
        post = state.publish(ada, Draft(text="x", media=(pictures[2], pictures[0], pictures[1])))

        assert [attachment.alt for attachment in state.post(post.id).media] == ["2", "0", "1"]

    @pytest.mark.parametrize("content", [b"", b"<svg/>", b"MZ\x90", b"<html>", b"RIFF0000WAVE", b"\x89PNG"])
    def test_bytes_that_are_no_known_picture_are_refused(self, state: StageState, ada: str, content: bytes) -> None:
        with refuses(Refusal.MEDIA_REFUSED):
            state.attach(ada, content=content, alt="")

    def test_size_and_description_are_limited(self, state: StageState, ada: str) -> None:
        largest = 8 * 1024 * 1024

        assert len(state.attach(ada, content=PNG.ljust(largest, b"\0"), alt="x" * 1500).alt) == 1500
        with refuses(Refusal.MEDIA_REFUSED):
            state.attach(ada, content=PNG.ljust(largest + 1, b"\0"), alt="")
        with refuses(Refusal.MEDIA_REFUSED):
            state.attach(ada, content=PNG, alt="x" * 1501)

    def test_deleting_a_post_removes_what_it_showed(self, state: StageState, ada: str) -> None:
        picture = state.attach(ada, content=PNG, alt="A lamp.")
        _, file = state.media_file(picture.id)
        post = state.publish(ada, Draft(text="look", media=(picture.id,)))

        state.delete(ada, post.id)

        assert not file.exists()
        with refuses(Refusal.GONE):
            state.media_file(picture.id)


def test_editing_replaces_the_text_and_says_when(state: StageState, ada: str, bob: str, hands: Hands) -> None:
    post = state.publish(ada, Draft(text="teh lamp"))
    hands.go_on(60)

    edited = state.edit(ada, post.id, "the lamp")

    assert (edited.text, edited.edited_at) == ("the lamp", post.created_at + timedelta(seconds=60))
    assert state.edit(ada, post.id, "the lamp") == edited
    with refuses(Refusal.FORBIDDEN):
        state.edit(bob, post.id, "my lamp")
    with refuses(Refusal.INVALID):
        state.edit(ada, post.id, " ")
    with refuses(Refusal.TOO_LONG):
        state.edit(ada, post.id, "x" * 501)


def test_deleting_is_repeatable_and_only_for_the_author(state: StageState, ada: str, bob: str) -> None:
    post = state.publish(ada, Draft(text="mine"))

    with refuses(Refusal.FORBIDDEN):
        state.delete(bob, post.id)
    state.delete(ada, post.id)
    state.delete(ada, post.id)
    state.delete(ada, "never there")

    with refuses(Refusal.GONE):
        state.post(post.id)


def test_likes_reposts_and_quotes_are_counted_once_per_person(state: StageState, ada: str, bob: str) -> None:
    post = state.publish(ada, Draft(text="count me"))
    for _ in range(2):
        state.like(bob, post.id)
        state.repost(bob, post.id)
    state.like(ada, post.id)
    quote = state.publish(bob, Draft(text="indeed", quote=post.id))

    counted = state.post(post.id)
    assert (counted.likes, counted.reposts, counted.quotes) == (2, 1, 1)
    (seen,) = state.viewed((counted,), viewer=bob)
    assert (seen.liked, seen.reposted) == (True, True)

    for _ in range(2):
        state.unlike(bob, post.id)
        state.unrepost(bob, post.id)
    state.delete(bob, quote.id)
    counted = state.post(post.id)
    assert (counted.likes, counted.reposts, counted.quotes) == (1, 0, 0)
