"""Whom something on the Stage concerns, as what, and in which order."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from greenroom_adapters.contract import Kind
from greenroom_adapters.stage.objects import Change, ChangeKind, Draft, Notification, Refusal, Refused
from greenroom_adapters.stage.state import StageState
from greenroom_adapters.stage.store import FileInUse, FileTooNew, Store

OpenState = Callable[..., StageState]


@pytest.fixture
def ada(state: StageState) -> str:
    return state.ensure_account("ada", bot=True).id


@pytest.fixture
def bob(state: StageState) -> str:
    return state.ensure_account("bob").id


def heard(state: StageState, account_id: str) -> list[Notification]:
    """Return every event of an account, oldest first, read in small pages."""
    events: list[Notification] = []
    cursor = 0
    while True:
        page, reached = state.events_after(account_id, after=cursor, limit=2)
        if reached == cursor:
            return events
        events += page
        cursor = reached


def kinds(state: StageState, account_id: str) -> list[tuple[str, ...]]:
    return [(event.kind.value, *(kind.value for kind in event.also)) for event in heard(state, account_id)]


def test_one_post_is_one_event_of_its_strongest_kind(state: StageState, ada: str, bob: str) -> None:
    mine = state.publish(ada, Draft(text="mine"))
    other = state.publish(ada, Draft(text="other"))
    room = state.create_room(ada, "Harbour")
    state.join(bob, room.id)
    there = state.publish(ada, Draft(text="there", room=room.id))
    before = len(heard(state, ada))

    state.publish(bob, Draft(text="@ada yes", in_reply_to=mine.id, quote=other.id))
    state.publish(bob, Draft(text="@ada look", quote=other.id))
    state.publish(bob, Draft(text="@ada"))
    state.publish(bob, Draft(text="plain", room=room.id))
    state.publish(bob, Draft(text="@ada here", in_reply_to=there.id))
    whisper = state.publish(ada, Draft(text="psst", direct_to=bob))
    state.publish(bob, Draft(text="@ada psst", in_reply_to=whisper.id))

    assert kinds(state, ada)[before:] == [
        ("reply", "quote", "mention"),
        ("quote", "mention"),
        ("mention",),
        ("message",),
        ("reply", "mention", "message"),
        ("own_post",),
        ("direct_message", "reply", "mention"),
    ]


def test_a_bot_hears_of_its_own_posts_as_its_own_and_as_nothing_else(state: StageState, ada: str) -> None:
    post = state.publish(ada, Draft(text="@ada talks to herself"))
    state.publish(ada, Draft(text="@ada again", in_reply_to=post.id, quote=post.id))
    state.like(ada, post.id)
    state.repost(ada, post.id)
    state.delete(ada, post.id)

    assert {kind for kinds in kinds(state, ada) for kind in kinds} == {"own_post"}


def test_a_bot_is_told_the_key_under_which_it_published_and_of_what_was_written_by_hand_none(
    state: StageState, ada: str, bob: str
) -> None:
    post = state.publish(ada, Draft(text="@bob lamp lit"), key="k1")
    state.publish(ada, Draft(text="@bob lamp lit"))

    assert [event.key for event in heard(state, ada)] == ["k1", None]
    assert [event.key for event in heard(state, bob)] == [None, None], "a key is its author's affair"
    assert state.publish(ada, Draft(text="again"), key="k1").id == post.id


def test_other_people_do_not_hear_of_their_own_posts(state: StageState, bob: str) -> None:
    state.publish(bob, Draft(text="@bob talks to himself"))

    assert heard(state, bob) == []


def test_a_direct_message_is_an_event_of_its_recipient_alone(state: StageState, ada: str, bob: str) -> None:
    eve = state.ensure_account("eve").id

    state.publish(bob, Draft(text="not for @eve", direct_to=ada))

    assert kinds(state, ada) == [("direct_message",)]
    assert heard(state, eve) == []


def test_a_room_message_is_an_event_of_every_member(state: StageState, ada: str, bob: str) -> None:
    eve = state.ensure_account("eve").id
    room = state.create_room(bob, "Harbour")
    state.join(ada, room.id)
    state.join(ada, room.id)

    state.publish(bob, Draft(text="all hands", room=room.id))

    assert kinds(state, ada) == [("message",)]
    assert kinds(state, bob) == [("join",)]
    assert heard(state, eve) == []


def test_a_mention_in_a_room_reaches_who_is_not_in_it_and_may_answer(state: StageState, ada: str, bob: str) -> None:
    room = state.create_room(bob, "Harbour")
    state.publish(bob, Draft(text="@ada come in", room=room.id))
    (event,) = heard(state, ada)
    assert event.kind is Kind.MENTION
    assert event.post is not None

    answer = state.publish(ada, Draft(text="coming", in_reply_to=event.post.id))

    assert answer.conversation == room.id


def test_a_bot_that_a_member_names_comes_in_and_hears_the_room_from_then_on(
    state: StageState, ada: str, bob: str
) -> None:
    moss = state.ensure_account("moss", bot=True).id
    fern = state.ensure_account("fern", bot=True).id
    room = state.create_room(bob, "Garden")
    state.join(ada, room.id)
    passer_by = state.ensure_account("eve").id
    opening = state.publish(bob, Draft(text="@moss come in", room=room.id))
    state.publish(moss, Draft(text="@fern too?", room=room.id))
    state.publish(passer_by, Draft(text="@fern hello", in_reply_to=opening.id))
    state.publish(bob, Draft(text="how is the mint?", room=room.id))

    assert [member.handle for member in state.members(room.id)] == ["ada", "bob", "moss"]
    assert kinds(state, moss) == [("mention", "message"), ("own_post",), ("message",), ("message",)]
    assert [event.kind for event in heard(state, fern)] == [Kind.MENTION, Kind.MENTION]
    came = [event for event in heard(state, ada) if event.kind is Kind.JOIN]
    assert [event.actor and event.actor.handle for event in came] == ["moss"]


def test_the_first_person_in_a_room_that_a_bot_opened_keeps_order_there(state: StageState) -> None:
    moss = state.ensure_account("moss", bot=True).id
    rose, iris = (state.ensure_account(handle).id for handle in ("rose", "iris"))
    room = state.create_room(moss, "Garden")
    state.join(rose, room.id)
    state.join(iris, room.id)

    for other in (moss, iris):
        with pytest.raises(Refused) as caught:
            state.send_away(other, room.id, "moss")
        assert caught.value.refusal is Refusal.FORBIDDEN
    state.send_away(rose, room.id, "moss")
    assert not state.is_member(moss, room.id)


def test_likes_reposts_and_follows_tell_who_did_it_once(state: StageState, ada: str, bob: str) -> None:
    post = state.publish(ada, Draft(text="mine"))
    for _ in range(2):
        state.like(bob, post.id)
        state.repost(bob, post.id)
        state.follow(bob, "ada")

    _, *events = heard(state, ada)

    assert [(event.kind, event.post_id, event.actor and event.actor.handle) for event in events] == [
        (Kind.REACTION, post.id, "bob"),
        (Kind.REPOST, post.id, "bob"),
        (Kind.FOLLOW, None, "bob"),
    ]


def test_edits_and_deletions_reach_who_had_the_text(state: StageState, ada: str, bob: str) -> None:
    eve = state.ensure_account("eve").id
    post = state.publish(bob, Draft(text="@ada teh lamp"))
    state.edit(bob, post.id, "@ada @eve the lamp")

    first, edit = heard(state, ada)
    assert first.post is not None
    assert first.post.text == "@ada @eve the lamp"
    assert (edit.kind, edit.post_id, edit.text) == (Kind.EDIT, post.id, "@ada @eve the lamp")
    assert heard(state, eve) == []

    state.delete(bob, post.id)

    edit, deletion = heard(state, ada)
    assert (edit.kind, edit.text) == (Kind.EDIT, "")
    assert (deletion.kind, deletion.post_id, deletion.text) == (Kind.DELETION, post.id, None)
    assert [event.kind for event in state.notifications(ada)] == [Kind.DELETION, Kind.EDIT]


def test_cursors_grow_and_reading_goes_on_where_it_stopped(state: StageState, ada: str, bob: str) -> None:
    _, start = state.events_after(ada, after=None)
    for number in range(5):
        state.publish(bob, Draft(text=f"@ada {number}"))

    events, reached = state.events_after(ada, after=start, limit=3)
    rest, end = state.events_after(ada, after=reached, limit=3)
    nothing, same = state.events_after(ada, after=end)

    cursors = [event.cursor for event in (*events, *rest)]
    assert cursors == sorted(set(cursors))
    assert (len(events), len(rest), len(nothing)) == (3, 2, 0)
    assert (reached, end, same) == (events[-1].cursor, rest[-1].cursor, end)
    assert len({event.id for event in (*events, *rest)}) == 5
    assert [event.cursor for event in state.notifications(ada, limit=2)] == cursors[:-3:-1]
    assert [event.cursor for event in state.notifications(ada, before=cursors[1])] == cursors[:1]


def test_a_page_of_deleted_posts_does_not_stop_the_reader(state: StageState, ada: str, bob: str) -> None:
    gone = [state.publish(bob, Draft(text=f"@ada {number}")) for number in range(6)]
    state.publish(bob, Draft(text="@ada still here"))
    for post in gone:
        state.delete(bob, post.id)

    found = [event.post.text for event in heard(state, ada) if event.post is not None]

    assert found == ["@ada still here"]


def test_everything_survives_a_restart(open_state: OpenState) -> None:
    state = open_state()
    ada = state.ensure_account("ada", name="Ada", bio="lamps", bot=True)
    bob = state.ensure_account("bob").id
    token = state.issue_token(ada.id)
    post = state.publish(bob, Draft(text="@ada hello"))
    events = heard(state, ada.id)

    state = open_state()

    assert state.account_of_token(token) == state.account("ADA") == ada
    assert heard(state, ada.id) == events
    assert state.timeline() == (post,)


def test_cursors_of_a_new_file_lie_after_those_of_one_that_was_thrown_away(tmp_path: Path, hands: object) -> None:
    now = hands()  # type: ignore[operator]  # the conftest's clock
    old = Store(tmp_path / "old.db", now=now)
    new = Store(tmp_path / "new.db", now=now + timedelta(seconds=1))

    assert new.newest_cursor() == old.newest_cursor() + 1000

    old.close()
    new.close()


def test_a_file_of_the_first_version_is_taken_over(tmp_path: Path, hands: object) -> None:
    now = hands()  # type: ignore[operator]  # the conftest's clock
    store = Store(tmp_path / "stage.db", now=now)
    store._db.execute("DROP INDEX keys_of_post")
    store._db.execute("ALTER TABLE members DROP COLUMN moderator")
    store._db.execute("PRAGMA user_version = 1")
    store.close()
    store = Store(tmp_path / "stage.db", now=now)

    assert store._one("SELECT count(*) FROM sqlite_master WHERE name = 'keys_of_post'") == (1,)
    assert store._one("PRAGMA user_version") == (3,)
    assert not store.is_moderator("nowhere", "nobody")

    store.close()


def test_one_file_has_one_stage_and_an_old_stage_leaves_a_new_file_alone(tmp_path: Path, hands: object) -> None:
    now = hands()  # type: ignore[operator]  # the conftest's clock
    first = Store(tmp_path / "stage.db", now=now)
    with pytest.raises(FileInUse, match=r"another Stage is running on .*stage\.db"):
        Store(tmp_path / "stage.db", now=now)
    with first.transaction():
        first._db.execute("PRAGMA user_version = 99")
    first.close()

    with pytest.raises(FileTooNew, match="99"):
        Store(tmp_path / "stage.db", now=now)


class TestPeople:
    def test_a_handle_is_one_person_in_any_case(self, state: StageState) -> None:
        ada = state.ensure_account("@Ada", name=" Ada L. ")

        assert state.ensure_account("ADA", bot=True).id == ada.id
        assert state.account("@ada").name == "Ada L."
        assert state.account(ada.id).bot is True
        assert state.update_account(ada.id, name="").name == "Ada"

    @pytest.mark.parametrize("handle", ["", "a b", "-a", "a-", "a--b", "\u00e4da", "a" * 31, "a\n", "@@ada", "\ud800"])
    def test_what_could_not_be_mentioned_is_no_handle(self, state: StageState, handle: str) -> None:
        with pytest.raises(Refused) as caught:
            state.ensure_account(handle)
        assert caught.value.refusal is Refusal.INVALID

    def test_search_finds_people_before_bots(self, state: StageState) -> None:
        for handle, bot in (("keeper", True), ("kate", False), ("bob", False)):
            state.ensure_account(handle, bot=bot)

        assert [account.handle for account in state.search_accounts("@k")] == ["kate", "keeper"]
        assert [account.handle for account in state.search_accounts()] == ["bob", "kate", "keeper"]

    def test_a_profile_counts_and_shows_how_the_viewer_stands(self, state: StageState, ada: str, bob: str) -> None:
        state.publish(ada, Draft(text="one"))
        state.publish(ada, Draft(text="psst", direct_to=bob))
        state.follow(bob, ada)
        state.follow(bob, ada)

        seen = state.profile("ada", viewer=bob)
        assert (seen.posts, seen.followers, seen.following, seen.followed) == (1, 1, 0, True)
        state.unfollow(bob, ada)
        assert state.profile(ada, viewer=bob).followed is False
        with pytest.raises(Refused):
            state.follow(bob, bob)

    def test_a_revoked_token_speaks_for_nobody(self, state: StageState, ada: str) -> None:
        one, two, three = (state.issue_token(ada) for _ in range(3))
        state.revoke_token(one)
        assert state.account_of_token(two).id == ada
        state.revoke_tokens(ada)

        for token in (one, two, three, "unknown"):
            with pytest.raises(Refused) as caught:
                state.account_of_token(token)
            assert caught.value.refusal is Refusal.UNAUTHORIZED

    def test_a_room_is_found_again_by_its_name(self, state: StageState, ada: str, bob: str) -> None:
        room = state.create_room(ada, " Harbour ")

        assert state.create_room(bob, "HARBOUR").id == room.id
        assert [(known.name, known.members) for known in state.rooms()] == [("Harbour", 2)]
        assert [member.handle for member in state.members(room.id)] == ["ada", "bob"]


class TestWatching:
    @pytest.mark.asyncio
    async def test_a_watcher_sees_every_change_in_order_until_the_stage_stops(
        self, state: StageState, ada: str, bob: str
    ) -> None:
        seen: list[Change] = []
        with state.watch() as changes:
            post = state.publish(ada, Draft(text="one"))
            answer = state.publish(bob, Draft(text="two", in_reply_to=post.id))
            state.like(bob, post.id)
            state.edit(ada, post.id, "uno")
            state.delete(bob, answer.id)
            whisper = state.publish(ada, Draft(text="psst", direct_to=bob))
            state.stop()
            async for change in changes:
                seen.append(change)

        assert [(change.kind, change.post.id) for change in seen] == [
            (ChangeKind.POSTED, post.id),
            (ChangeKind.POSTED, answer.id),
            (ChangeKind.COUNTED, post.id),
            (ChangeKind.COUNTED, post.id),
            (ChangeKind.EDITED, post.id),
            (ChangeKind.DELETED, answer.id),
            (ChangeKind.COUNTED, post.id),
            (ChangeKind.POSTED, whisper.id),
        ]
        assert [seen[-1].visible_to(viewer) for viewer in (ada, bob, "somebody", None)] == [True, True, False, False]

    @pytest.mark.asyncio
    async def test_a_watcher_that_does_not_read_is_dropped_and_holds_nobody_up(
        self, state: StageState, ada: str
    ) -> None:
        post = state.publish(ada, Draft(text="one"))
        with state.watch() as changes:
            for _ in range(600):
                state.like(ada, post.id)
                state.unlike(ada, post.id)

            assert len([change async for change in changes]) == 1000

    @pytest.mark.asyncio
    async def test_a_waiting_watcher_ends_when_the_stage_stops(self, state: StageState) -> None:
        with state.watch() as changes:
            reading = asyncio.create_task(anext(changes, None))
            await asyncio.sleep(0)
            state.stop()

            assert await asyncio.wait_for(reading, 5) is None


def test_who_opens_a_room_keeps_order_there_and_takes_down_what_others_say(state: StageState) -> None:
    ada, bob, eve = (state.ensure_account(handle, bot=handle == "ada") for handle in ("ada", "bob", "eve"))
    room = state.create_room(bob.id, "Harbour")
    for who in (ada, eve):
        state.join(who.id, room.id)
    post = state.publish(ada.id, Draft(text="too loud", room=room.id))
    with pytest.raises(Refused, match="somebody else's"):
        state.delete(eve.id, post.id)
    with pytest.raises(Refused, match="keeps order"):
        state.let_moderate(eve.id, room.id, "eve")
    state.let_moderate(bob.id, room.id, "eve")
    state.delete(eve.id, post.id)

    events, _ = state.events_after(ada.id, after=0)
    gone = events[-1]
    assert (gone.kind, gone.post_id, gone.actor) == (Kind.DELETION, post.id, eve)
    by_eve, by_ada = (state.publish(who.id, Draft(text="hm", room=room.id)) for who in (eve, ada))
    assert (by_eve.by_moderator, by_ada.by_moderator) == (True, False)
    assert (state.post(by_eve.id), state.post(by_ada.id)) == (by_eve, by_ada)
    elsewhere = state.publish(eve.id, Draft(text="on the timeline"))
    assert not state.post(elsewhere.id).by_moderator


def test_a_moderator_puts_somebody_out_who_hears_of_it_and_who_leaves_does_not(state: StageState) -> None:
    ada, bob = state.ensure_account("ada", bot=True), state.ensure_account("bob")
    room = state.create_room(bob.id, "Harbour")
    state.join(ada.id, room.id)
    state.send_away(bob.id, room.id, "ada")
    assert not state.is_member(ada.id, room.id)
    events, _ = state.events_after(ada.id, after=0)
    assert [(one.kind, one.actor, one.room and one.room.id) for one in events] == [(Kind.SANCTION, bob, room.id)]
    state.join(ada.id, room.id)
    for _ in range(2):
        state.leave(ada.id, room.id)
    assert not state.is_member(ada.id, room.id)
    assert len(state.events_after(ada.id, after=0)[0]) == 1
    with pytest.raises(Refused, match="nobody of that name"):
        state.send_away(bob.id, room.id, "ada")
