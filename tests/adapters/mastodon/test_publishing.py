"""What the account says on a strict fake of Mastodon: how it stands there, and that it stands there once."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mastodon_state import LIMIT, Refusal, Status, counted, length
from mastodon_world import MastodonWorld

from greenroom_adapters.contract import (
    Absent,
    AuthenticationFailed,
    Forbidden,
    Found,
    Media,
    MediaRefused,
    OutcomeUnknown,
    Poll,
    Post,
    PostRef,
    PostRejected,
    RateLimited,
    Secret,
    TargetGone,
    TooLong,
    Unavailable,
    Undecided,
    Unsupported,
    Visibility,
)
from greenroom_adapters.testing import Intent, Order
from greenroom_adapters.transport import Effect

pytestmark = pytest.mark.timeout(60)

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000b4944415478da6360000200000500017a5eab3f"
    "0000000049454e44ae426082"
)


@pytest.fixture
def picture(tmp_path: Path) -> Media:
    (tmp_path / "the owner's name for it.png").write_bytes(PIXEL)
    return Media(path=str(tmp_path / "the owner's name for it.png"), media_type="image/png", alt="one pixel")


def stands(world: MastodonWorld, name: str) -> Status:
    """Return a status as it stands on the server."""
    return world.do(lambda state: state.statuses[name])


async def publish(world: MastodonWorld, post: Post, **settings: object) -> Status:
    async with world.adapter(**settings) as adapter:  # type: ignore[arg-type]  # settings of the adapter
        receipt = await adapter.publish(Intent(adapter, post).next_try())
    return stands(world, receipt.ref.id)


# How it stands there --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen_by", "settings", "goes_to"),
    [
        ("public", {}, "unlisted"),
        ("public", {"replies": "public"}, "public"),
        ("private", {"replies": "public"}, "private"),
        ("direct", {"replies": "public"}, "direct"),
    ],
)
@pytest.mark.asyncio
async def test_an_answer_names_whom_it_answers_and_is_seen_by_no_more_people(
    mastodon_world: MastodonWorld, seen_by: str, settings: dict[str, object], goes_to: str
) -> None:
    world = mastodon_world
    world.do(lambda state: world.bot.follows.add(world.alice.id))
    asked = world.say("@lightbot and @carol: where?", visibility=seen_by, spoiler_text="ships")
    status = await publish(world, Post(text="aye", in_reply_to=PostRef(id=asked.id)), **settings)
    assert (status.text, status.visibility, status.in_reply_to) == ("@alice aye", goes_to, asked)
    assert status.mentions == [world.alice], "and nobody else is called"
    assert status.warning == "ships"


@pytest.mark.asyncio
async def test_nobody_makes_the_account_write_to_others(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    victim = world.do(lambda state: state.join("victim"))
    asked = world.say("@lightbot say hello to @ victim", visibility="direct")
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="Hello @victim, you fool.", in_reply_to=PostRef(id=asked.id)))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        found = await adapter.find(intent.last_try())
        assert isinstance(found, Found), "its words are the same"
        status = stands(world, found.receipt.ref.id)
        assert status.mentions == [world.alice]
        await adapter.edit(found.receipt.ref, "Hello @victim, dear.")
        assert status.mentions == [world.alice]
        follow_up = world.say("@lightbot and now?", visibility="direct", in_reply_to_id=status.id)
        told = [post.text for post in await adapter.thread(PostRef(id=follow_up.id))]
    assert told[-1] == "Hello @victim, dear."
    assert not world.do(lambda state: state.sees(victim, status))


@pytest.mark.asyncio
async def test_somebody_of_another_server_is_named_with_it(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    carol = world.do(lambda state: state.join("carol", "far.example"))
    asked = world.say("@lightbot where?", by=carol)
    status = await publish(world, Post(text="aye", in_reply_to=PostRef(id=asked.id)))
    assert status.text == "@carol@far.example aye"
    assert status.mentions == [carol]


@pytest.mark.asyncio
async def test_a_thread_of_our_own_hangs_together_and_names_nobody(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    async with world.adapter() as adapter:
        first = await adapter.publish(Intent(adapter, Post(text="one"), key="k1").next_try())
        answer = Post(text="two", in_reply_to=first.ref)
        second = await adapter.publish(Intent(adapter, answer, key="k2").next_try())
    status = stands(world, second.ref.id)
    assert (status.text, status.visibility) == ("two", "public")
    assert status.in_reply_to is stands(world, first.ref.id)


@pytest.mark.parametrize(("word", "wire"), [("public", "public"), ("unlisted", "unlisted"), ("followers", "private")])
@pytest.mark.asyncio
async def test_posts_are_seen_as_the_settings_say_and_as_the_post_says_first(
    mastodon_world: MastodonWorld, word: str, wire: str
) -> None:
    world = mastodon_world
    assert (await publish(world, Post(text="hi"), visibility=word)).visibility == wire
    said = Post(text="ho", visibility=Visibility(word))
    assert (await publish(world, said, visibility="followers")).visibility == wire


@pytest.mark.asyncio
async def test_a_picture_is_attached_when_the_server_is_done_with_it(
    mastodon_world: MastodonWorld, picture: Media
) -> None:
    world = mastodon_world
    world.do(lambda state: setattr(state, "processing", timedelta(seconds=1.5)))
    status = await publish(world, Post(text="look", media=(picture,), language="en-GB"))
    (file,) = status.media
    assert (file.description, file.type, status.language) == ("one pixel", "image", "en")
    uploads = [one for one in world.proxy.requests() if one.path == "/api/v2/media"]
    assert b"owner" not in uploads[0].body, "what the file is called on its owner's disk is nobody's business"


@pytest.mark.asyncio
async def test_a_file_that_is_there_already_is_not_sent_again(mastodon_world: MastodonWorld, picture: Media) -> None:
    world = mastodon_world
    async with world.adapter() as adapter:
        await world.refuse_next()
        intent = Intent(adapter, Post(text="look", media=(picture,)))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        assert intent.state is not None
        receipt = await adapter.publish(intent.next_try())
    assert len([one for one in world.proxy.requests() if one.path == "/api/v2/media"]) == 1
    assert len(stands(world, receipt.ref.id).media) == 1


@pytest.mark.asyncio
async def test_a_file_that_the_server_refuses_is_refused_as_such(mastodon_world: MastodonWorld, picture: Media) -> None:
    world = mastodon_world
    world.order("answer", path="/api/v2/media", status=422, body=b'{"error": "Validation failed: File is not a file"}')
    async with world.adapter() as adapter:
        with pytest.raises(MediaRefused, match="File is not a file"):
            await adapter.publish(Intent(adapter, Post(text="look", media=(picture,))).next_try())
    assert await world.published() == []


@pytest.mark.asyncio
async def test_what_does_not_go_together_is_refused_before_anything_goes_out(
    mastodon_world: MastodonWorld, picture: Media
) -> None:
    poll = Poll(options=("calm", "rough"), open_for=timedelta(hours=1))
    async with mastodon_world.adapter() as adapter:
        for post in (Post(text="?", poll=poll, media=(picture,)), Post(text="hi", room="somewhere")):
            with pytest.raises(Unsupported):
                adapter.prepare(post, key="k")
        with pytest.raises(PostRejected):
            adapter.prepare(Post(text="?", poll=Poll(options=("a", " "), open_for=timedelta(hours=1))), key="k")


@pytest.mark.asyncio
async def test_a_quote_that_is_not_allowed_is_refused(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    private = world.say("@lightbot between us", visibility="direct")
    async with world.adapter() as adapter:
        with pytest.raises(PostRejected, match="cannot be quoted"):
            await adapter.publish(Intent(adapter, Post(text="ha", quote=PostRef(id=private.id))).next_try())


@pytest.mark.parametrize(
    "tail",
    [
        "plain",
        "https://example.org/" + "b" * 300,
        "(https://example.org/a?b=1&c=2), and so on.",
        "@carol@far.example and @alice",
        "mail to alice@far.example",
        "\U0001f469\u200d\U0001f469\u200d\U0001f467" * 100,
        "#sea " * 20 + "e\u0301" * 20,
    ],
)
@pytest.mark.parametrize("warning", ["", "ships"])
@pytest.mark.asyncio
async def test_the_server_counts_as_we_do_at_the_limit_below_and_above(
    mastodon_world: MastodonWorld, tail: str, warning: str
) -> None:
    world = mastodon_world
    world.do(lambda state: state.join("carol", "far.example"))
    room = LIMIT - len(warning) - length(counted(f" {tail}"))
    below, at, above = (f"{'a' * (room + more)} {tail}" for more in (-1, 0, 1))

    def judge(text: str) -> int:
        return world.refusal(lambda state: state.check_length(text, warning))

    assert [judge(text) for text in (below, at, above)] == [200, 200, 422]
    async with world.adapter() as adapter:
        for number, text in enumerate((below, at)):
            post = Post(text=text, content_warning=warning or None)
            await adapter.publish(Intent(adapter, post, key=f"k{number}").next_try())
        with pytest.raises(TooLong):
            adapter.prepare(Post(text=above, content_warning=warning or None), key="k")
    assert [post.text for post in await world.published()] == [below, at]


@pytest.mark.asyncio
async def test_an_answer_of_the_length_that_is_left_for_answers_goes_out_with_its_mention(
    mastodon_world: MastodonWorld,
) -> None:
    world = mastodon_world
    longest = world.do(lambda state: state.join("a" * 30))
    asked = world.say("@lightbot where?", by=longest)
    async with world.adapter() as adapter:
        room = LIMIT - adapter.capabilities.limits.addressing
        answer = Post(text="b" * room, in_reply_to=PostRef(id=asked.id))
        receipt = await adapter.publish(Intent(adapter, answer).next_try())
        too_long = Post(text="b" * (room + 1), in_reply_to=PostRef(id=asked.id))
        with pytest.raises(TooLong):
            await adapter.publish(Intent(adapter, too_long, key="k2").next_try())
    assert length(stands(world, receipt.ref.id).text) == LIMIT


# Once -----------------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_second_try_waits_until_the_first_is_over(mastodon_world: MastodonWorld) -> None:
    """Mastodon looks for the key before it makes the status: two requests at once would make two."""
    world = mastodon_world
    async with world.adapter() as adapter:
        await world.commit_next_late(0.15)
        intent = Intent(adapter, Post(text="once"))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        receipt = await adapter.publish(intent.next_try())
    (post,) = await world.published()
    assert post.id == receipt.ref.id


@pytest.mark.asyncio
async def test_two_requests_at_once_under_one_key_make_two_posts_of_this_server(mastodon_world: MastodonWorld) -> None:
    """That is what the wait is for: without it the test above would prove nothing."""
    world = mastodon_world
    async with world.adapter() as adapter:
        post = adapter._api.post  # type: ignore[union-attr]
        status, deadline = {"status": "twice"}, timedelta(seconds=5)
        await asyncio.gather(*(post(status, key="k", effect=Effect.KEYED, deadline=deadline) for _ in range(2)))
    assert len(await world.published()) == 2


@pytest.mark.asyncio
async def test_a_post_that_somebody_deleted_is_not_made_anew(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="taken down"))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        (post,) = await world.published()
        await world.remove(PostRef(id=post.id))
        verdict = await adapter.find(intent.grow_old(timedelta(minutes=3)))
        assert isinstance(verdict, Undecided)
        assert not verdict.final
        with pytest.raises(TargetGone):
            await adapter.publish(intent.next_try())
    assert await world.published() == []


@pytest.mark.asyncio
async def test_behind_the_window_of_its_key_a_post_is_still_found(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    asked = world.say("@lightbot where?")
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(
            adapter, Post(text="Off *the* cape\n\nsee https://example.org/a?b=1&c", in_reply_to=PostRef(id=asked.id))
        )
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
    world.do(lambda state: state.later(timedelta(hours=2)))
    async with world.adapter() as adapter:
        verdict = await adapter.find(intent.last_try())
    assert isinstance(verdict, Found)
    (post,) = await world.published()
    assert verdict.receipt.ref.id == post.id


@pytest.mark.asyncio
async def test_a_post_is_found_among_many_and_nothing_is_said_of_what_is_beyond(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="somewhere *below*"))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        for number in range(100):
            world.say(f"more {number}", by=world.bot)
        before = len(world.proxy.requests())
        assert isinstance(await adapter.find(intent.last_try()), Found)
        assert len(world.proxy.requests()) - before <= 5, "the words of others are not asked for one by one"
        for number in range(950):
            world.say(f"and more {number}", by=world.bot)
        other = Intent(adapter, Post(text="never sent"), key="k2", age=timedelta(minutes=5))
        verdict = await adapter.find(other.last_try())
    assert isinstance(verdict, Undecided)
    assert verdict.final


@pytest.mark.parametrize("newer", [5, 60, 1100])
@pytest.mark.asyncio
async def test_a_post_that_only_the_home_timeline_lists_is_never_said_to_be_absent_falsely(
    mastodon_world: MastodonWorld, newer: int
) -> None:
    world = mastodon_world
    world.fake.entities.version, world.fake.lists_public_only = "2.7.2 (compatible; Pleroma 2.9)", True
    world.do(lambda state: world.bot.follows.add(world.alice.id))
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="for followers", visibility=Visibility.FOLLOWERS), age=timedelta(minutes=5))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        for number in range(newer):
            world.say(f"chat {number}")
        verdict = await adapter.find(intent.last_try())
        never = Post(text="never sent", visibility=Visibility.FOLLOWERS)
        unsent = await adapter.find(Intent(adapter, never, key="k2", age=timedelta(minutes=5)).last_try())
        public = Intent(adapter, Post(text="never sent"), key="k3", age=timedelta(minutes=5))
        assert isinstance(await adapter.find(public.last_try()), Absent), "the account's own list has all of these"
    if newer < 1000:
        assert isinstance(verdict, Found)
        assert isinstance(unsent, Absent)
    else:
        assert (verdict, unsent) == (Undecided(reason="the try is beyond what is read back", final=True),) * 2


@pytest.mark.asyncio
async def test_posts_that_differ_in_one_thing_are_not_taken_for_each_other(
    mastodon_world: MastodonWorld, picture: Media
) -> None:
    world = mastodon_world
    asked = world.say("@lightbot where?")
    poll = Poll(options=("calm", "rough"), open_for=timedelta(hours=1))
    async with world.adapter() as adapter:
        await adapter.publish(Intent(adapter, Post(text="aye"), key="k0").next_try())
        others = (
            Post(text="aye", in_reply_to=PostRef(id=asked.id)),
            Post(text="aye", media=(picture,)),
            Post(text="aye", poll=poll),
            Post(text="aye", direct_to=world.alice.id),
            Post(text="aye", quote=PostRef(id=asked.id)),
            Post(text="aye aye"),
        )
        for number, post in enumerate(others):
            intent = Intent(adapter, post, key=f"k{number + 1}", age=timedelta(minutes=2))
            assert isinstance(await adapter.find(intent.last_try()), Absent), post


# What the server says -------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_receipt_has_what_the_limit_headers_say(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    async with world.adapter() as adapter:
        receipt = await adapter.publish(Intent(adapter, Post(text="hi")).next_try())
    assert receipt.quota is not None
    assert receipt.quota.limit == 300
    assert 290 < receipt.quota.remaining < 300
    assert timedelta(0) < receipt.quota.resets_at - datetime.now(UTC) <= timedelta(minutes=5)


@pytest.mark.asyncio
async def test_being_asked_to_wait_by_the_headers_of_mastodon_says_how_long(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="hi"))
        world.do(lambda state: world.fake.use_up(world.token, state.now() - timedelta(minutes=2)))
        with pytest.raises(RateLimited) as caught:
            await adapter.publish(intent.next_try())
    # the date of an answer is told in whole seconds
    assert timedelta(minutes=2, seconds=50) < caught.value.retry_after <= timedelta(minutes=3, seconds=1)


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (401, "The access token is invalid", AuthenticationFailed),
        (403, "This action is outside the authorized scopes", AuthenticationFailed),
        (403, "Your login is currently disabled", AuthenticationFailed),
        (403, "This action is not allowed", Forbidden),
        (404, "Record not found", TargetGone),
        (410, "Gone", TargetGone),
        (413, "Too large", MediaRefused),
        (422, "Validation failed: Text character limit of 500 exceeded", TooLong),
        (422, "Validation failed: Text can't be blank", PostRejected),
        (429, "Too many requests", RateLimited),
        (408, "Request timeout", Unavailable),
        (500, "This server is broken", OutcomeUnknown),
        (503, "Remote SSL certificate could not be verified", OutcomeUnknown),
    ],
)
@pytest.mark.asyncio
async def test_each_refusal_says_what_to_do_next(
    mastodon_world: MastodonWorld, status: int, words: str, kind: type[Exception]
) -> None:
    world = mastodon_world
    # a refusal of the credentials is believed when it is said twice
    times = 2 if status == 401 else 1
    world.order("answer", status=status, body=b'{"error": "%s"}' % words.encode(), count=times)
    async with world.adapter() as adapter:
        with pytest.raises(kind) as caught:
            await adapter.publish(Intent(adapter, Post(text="hi")).next_try())
    assert type(caught.value) is kind


@pytest.mark.asyncio
async def test_one_refusal_of_the_credentials_keeps_no_post_from_going_out(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    world.order("answer", status=401, body=b'{"error": "The access token is invalid"}')
    async with world.adapter() as adapter:
        await adapter.publish(Intent(adapter, Post(text="hi")).next_try())
    assert [post.text for post in await world.published()] == ["hi"]


@pytest.mark.parametrize("path", ["/api/v2/media", "/api/v1/statuses/[^/]+/favourite"])
@pytest.mark.asyncio
async def test_one_refusal_of_the_credentials_keeps_no_file_and_no_like_back(
    mastodon_world: MastodonWorld, picture: Media, path: str
) -> None:
    world = mastodon_world
    target = await world.post_of_somebody("like me")
    world.proxy.order(Order(kind="answer", method="POST", path=path, status=401, count=1))
    async with world.adapter() as adapter:
        await adapter.publish(Intent(adapter, Post(text="look", media=(picture,))).next_try())
        await adapter.react(target)
    assert [post.alts for post in await world.published()] == [(picture.alt,)]
    assert await world.likes(target) == 1
    assert world.proxy.orders == ()


@pytest.mark.asyncio
async def test_a_token_with_too_few_scopes_is_said_to_be_the_reason_and_check_names_them(
    mastodon_world: MastodonWorld,
) -> None:
    world = mastodon_world
    token = world.do(lambda state: state.let_in(world.bot, "read profile"))
    async with world.adapter(token=Secret(token)) as adapter:
        with pytest.raises(AuthenticationFailed, match="scopes"):
            await adapter.publish(Intent(adapter, Post(text="hi")).next_try())
        warnings = (await adapter.check()).warnings
    assert any("write:statuses" in warning and "write:media" in warning for warning in warnings)


# Beside posting -------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_an_edit_leaves_everything_else_as_it_is(mastodon_world: MastodonWorld, picture: Media) -> None:
    world = mastodon_world
    asked = world.say("@lightbot where?", spoiler_text="ships")
    async with world.adapter() as adapter:
        answer = Post(text="wind wset", in_reply_to=PostRef(id=asked.id), media=(picture,), language="de")
        receipt = await adapter.publish(Intent(adapter, answer).next_try())
        await adapter.edit(receipt.ref, "wind west")
        with pytest.raises(TooLong):
            await adapter.edit(receipt.ref, "a" * LIMIT)
    status = stands(world, receipt.ref.id)
    assert (status.text, status.warning, status.language) == ("@alice wind west", "ships", "de")
    assert [file.description for file in status.media] == ["one pixel"]


@pytest.mark.asyncio
async def test_an_edit_throws_no_votes_away(mastodon_world: MastodonWorld) -> None:
    poll = Poll(options=("calm", "rough"), open_for=timedelta(hours=1))
    async with mastodon_world.adapter() as adapter:
        receipt = await adapter.publish(Intent(adapter, Post(text="the see?", poll=poll)).next_try())
        with pytest.raises(Unsupported, match="votes"):
            await adapter.edit(receipt.ref, "the sea?")


@pytest.mark.parametrize(
    ("above", "asked", "seen"),
    [
        ("public", "unlisted", True),
        ("unlisted", "public", True),  # anybody may read both
        ("public", "direct", True),
        ("private", "private", True),
        ("private", "unlisted", False),
        ("direct", "private", False),
        ("direct", "direct", True),
    ],
)
@pytest.mark.asyncio
async def test_an_answer_is_not_made_of_what_its_readers_may_not_read(
    mastodon_world: MastodonWorld, above: str, asked: str, seen: bool
) -> None:
    world = mastodon_world
    mallory = world.do(lambda state: state.join("mallory"))
    for who in (world.bot, mallory):
        world.do(lambda state, who=who: state.follow(who, world.alice))  # type: ignore[misc]  # bound
    first = world.say("the beginning")
    secret = world.say("@lightbot @mallory I move in May", in_reply_to_id=first.id, visibility=above)
    last = world.say("@lightbot what is above?", by=mallory, in_reply_to_id=secret.id, visibility=asked)
    async with world.adapter() as adapter:
        told = [post.text for post in await adapter.thread(PostRef(id=last.id))]
    assert told == (["the beginning", "@lightbot @mallory I move in May"] if seen else [])


@pytest.mark.asyncio
async def test_a_gap_ends_a_thread(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    one = world.say("one")
    two = world.say("two", in_reply_to_id=one.id)
    three = world.say("three", in_reply_to_id=two.id)
    four = world.say("@lightbot four", in_reply_to_id=three.id)
    world.do(lambda state: state.delete(two))
    async with world.adapter() as adapter:
        assert [post.text for post in await adapter.thread(PostRef(id=four.id))] == ["three"]


@pytest.mark.asyncio
async def test_people_are_found_by_id_before_a_handle_that_looks_like_one(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    imposter = world.do(lambda state: state.join(world.alice.id))
    async with world.adapter() as adapter:
        by_id, by_handle = await adapter.person(world.alice.id), await adapter.person(f"@{world.alice.id}")
        assert await adapter.may_message(world.alice.id)
        assert not await adapter.may_message("0")
    assert by_id is not None
    assert by_id.id == world.alice.id
    assert by_handle is not None
    assert by_handle.id == imposter.id


@pytest.mark.asyncio
async def test_the_mark_of_a_bot_leaves_the_profile_as_it_is(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    before = world.do(lambda state: world.fake.entities.credentials(world.bot))
    async with world.adapter() as adapter:
        seen = [adapter.me.is_bot, await adapter.declare(), adapter.me.is_bot, await adapter.declare()]
    assert seen == [False, True, True, False]
    after = world.do(lambda state: world.fake.entities.credentials(world.bot))
    assert after == {**before, "bot": True}


@pytest.mark.asyncio
async def test_check_says_what_will_not_work(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    async with world.adapter() as adapter:
        assert [warning for warning in (await adapter.check()).warnings if "not marked as a bot" in warning]
        await adapter.declare()
        assert (await adapter.check()).warnings == ()
    policy = b'{"for_not_followers": "filter", "for_private_mentions": "drop", "for_limited_accounts": "filter"}'
    world.proxy.order(
        Order(
            kind="answer",
            method="GET",
            path="/notifications/policy",
            status=200,
            headers={"Content-Type": "application/json"},
            body=policy,
        )
    )
    world.fake.entities.version = "2.7.2 (compatible; Pleroma 2.6.0)"
    async with world.adapter() as adapter:
        warnings = (await adapter.check()).warnings
    assert any("people who do not follow it" in warning and "privately" in warning for warning in warnings)
    assert any("sent twice" in warning for warning in warnings)


def test_the_fake_refuses_what_mastodon_refuses(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    with pytest.raises(Refusal):
        world.say("a" * (LIMIT + 1))
    with pytest.raises(Refusal):
        world.say("hi", in_reply_to_id="1")


@pytest.mark.asyncio
async def test_a_post_is_found_also_by_a_clock_that_is_wrong(
    mastodon_world: MastodonWorld, fast_clock: timedelta
) -> None:
    world = mastodon_world
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="did it?"))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        assert isinstance(await adapter.find(intent.grow_old(-fast_clock)), Found)
