"""What an account posts: videos that go up in pieces, and pictures that TikTok fetches."""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from filmed import MP4
from illustrated import JPEG
from tiktok_world import INIT, TikTokWorld

from greenroom_adapters.contract import (
    Absent,
    Forbidden,
    Found,
    IdempotencyKind,
    Media,
    MediaRefused,
    OutcomeUnknown,
    Post,
    PostRef,
    RateLimited,
    TooLong,
    Unavailable,
    Undecided,
    Unsupported,
    Visibility,
)
from greenroom_adapters.recognising import Claims
from greenroom_adapters.testing import Intent
from greenroom_adapters.tiktok import TikTokAdapter
from greenroom_adapters.tiktok.rates import Rate
from greenroom_adapters.transport import system_now

WorldOf = Callable[[], TikTokWorld]
LONG_AGO = timedelta(hours=2)
MEGABYTE = 1024 * 1024
LARGE = 13 * MEGABYTE
"""Two pieces: one of six megabytes, and one of seven."""


def clip(folder: Path, *, size: int | None = None, **more: Any) -> Media:
    """Return a video of so many bytes, no two pieces of them alike."""
    path = folder / f"clip{size}.mp4"
    content = MP4 if size is None else (MP4 + random.Random(7).randbytes(size))[:size]  # noqa: S311 - a test's dice
    path.write_bytes(content)
    return Media(path=str(path), media_type="video/mp4", alt="the lamp turns", **more)


def picture(folder: Path, name: str = "lamp", **more: Any) -> Media:
    path = folder / f"{name}.jpg"
    path.write_bytes(JPEG)
    return Media(path=str(path), media_type="image/jpeg", alt=f"the {name}", **more)


def posts(world: TikTokWorld) -> list[tuple[str, str, int]]:
    return [(row["kind"], row["text"], row["pictures"]) for row in world.state.all("SELECT * FROM posts ORDER BY n")]


def sent(world: TikTokWorld) -> list[str]:
    """Return which bytes came by, in order."""
    return [one.headers["Content-Range"] for one in world.proxy.requests() if one.method == "PUT"]


def told(world: TikTokWorld) -> list[dict[str, Any]]:
    """Return what was told of each post beside what it shows."""
    return [json.loads(row["info"]) for row in world.state.all("SELECT * FROM uploads ORDER BY created")]


@pytest.mark.asyncio
async def test_a_large_video_goes_up_in_pieces_and_arrives_as_it_was(tiktok_world: WorldOf, tmp_path: Path) -> None:
    world, video = tiktok_world(), clip(tmp_path, size=LARGE)
    async with world.adapter() as adapter:
        receipt = await adapter.publish(Intent(adapter, Post(text="it turns", media=(video,))).next_try())
    row = world.state.one("SELECT * FROM posts")
    assert row is not None
    assert row["content"] == Path(video.path).read_bytes()
    assert receipt.ref.url == f"https://www.tiktok.com/@lamp.bot/video/{receipt.ref.id}"
    assert sent(world) == [f"bytes 0-6291455/{LARGE}", f"bytes 6291456-{LARGE - 1}/{LARGE}"]


@pytest.mark.asyncio
async def test_a_video_that_broke_off_is_gone_on_with_where_it_was(tiktok_world: WorldOf, tmp_path: Path) -> None:
    world = tiktok_world()
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="slow", media=(clip(tmp_path, size=LARGE),)))
        await world.answer_next(503)
        with pytest.raises(Unavailable):
            await adapter.publish(intent.next_try())
        assert intent.state is not None, "its name is on disk before its first byte"
        # the first piece comes in, and its answer is lost
        world.order("lose", path="^/video/")
        with pytest.raises(Unavailable):
            await adapter.publish(intent.next_try())
        assert isinstance(await adapter.find(intent.last_try()), Undecided)
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=5))), Absent), "half of it is no post"
        await adapter.publish(intent.next_try())
    assert posts(world) == [("video", "slow", 0)]
    assert len(told(world)) == 1
    # the HTTP client sends a piece again whose connection broke
    assert sent(world) == [*[f"bytes 0-6291455/{LARGE}"] * 3, f"bytes 6291456-{LARGE - 1}/{LARGE}"]


@pytest.mark.asyncio
async def test_a_video_whose_address_has_ended_is_announced_anew(tiktok_world: WorldOf, tmp_path: Path) -> None:
    world = tiktok_world()
    later = [datetime.now(UTC)]
    async with world.adapter() as adapter:
        adapter._publishing._now = lambda: later[0]
        intent = Intent(adapter, Post(text="again", media=(clip(tmp_path, size=LARGE),)))
        await world.answer_next(503)
        with pytest.raises(Unavailable):
            await adapter.publish(intent.next_try())
        world.state.all("UPDATE uploads SET created = created - 4000")
        with pytest.raises(Unavailable, match="does not take these bytes"):
            await adapter.publish(intent.next_try())
        later[0] += LONG_AGO
        await adapter.publish(intent.next_try())
    assert posts(world) == [("video", "again", 0)]
    assert len(told(world)) == 2


@pytest.mark.asyncio
async def test_last_bytes_that_are_not_taken_may_have_come_before(tiktok_world: WorldOf, tmp_path: Path) -> None:
    """Begun anew, a video whose status is behind would be there twice."""
    world = tiktok_world()
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="once", media=(clip(tmp_path),)))
        await world.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        world.state.all("UPDATE uploads SET status = 'PROCESSING_UPLOAD', arrived = 0, token = 'gone'")
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
    assert posts(world) == [("video", "once", 0)]


@pytest.mark.asyncio
async def test_a_video_that_takes_long_is_waited_for_and_never_begun_twice(
    tiktok_world: WorldOf, tmp_path: Path
) -> None:
    world = tiktok_world()
    world.server.processing = 30.0
    async with world.adapter() as adapter:
        adapter._publish_deadline = timedelta(seconds=0.3)
        await adapter.check()
        intent = Intent(adapter, Post(text="patience", media=(clip(tmp_path),)))
        for _ in range(2):
            with pytest.raises(OutcomeUnknown, match="still works on it"):
                await adapter.publish(intent.next_try())
        verdict = await adapter.find(intent.grow_old(timedelta(days=1)))
        assert isinstance(verdict, Undecided)
        assert not verdict.final
        world.state.all("UPDATE uploads SET ready_at = 0")
        assert isinstance(await adapter.find(intent.last_try()), Found)
    assert len(told(world)) == 1
    assert len(sent(world)) == 1


@pytest.mark.parametrize(
    ("reason", "meaning"),
    [
        ("file_format_check_failed", MediaRefused),
        ("internal", Unavailable),
        ("spam_risk_too_many_posts", RateLimited),
    ],
)
@pytest.mark.asyncio
async def test_a_post_of_which_nothing_became_says_whether_to_try_again(
    tiktok_world: WorldOf, tmp_path: Path, reason: str, meaning: type[Exception]
) -> None:
    world = tiktok_world()
    world.server.fails.append(reason)
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="hm", media=(clip(tmp_path),)))
        with pytest.raises(meaning) as caught:
            await adapter.publish(intent.next_try())
        if meaning is RateLimited:
            assert isinstance(caught.value, RateLimited)
            assert caught.value.retry_after == timedelta(days=1)
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=5))), Absent)
        if meaning is MediaRefused:
            with pytest.raises(MediaRefused):
                await adapter.publish(intent.next_try())
        else:
            await adapter.publish(intent.next_try())
    assert len(posts(world)) == (0 if meaning is MediaRefused else 1)


@pytest.mark.asyncio
async def test_a_name_that_tiktok_has_forgotten_is_never_taken_for_a_post_that_did_not_go_out(
    tiktok_world: WorldOf, tmp_path: Path
) -> None:
    world = tiktok_world()
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="forgotten", media=(clip(tmp_path),)))
        await world.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        world.state.all("DELETE FROM uploads")
        with pytest.raises(OutcomeUnknown, match="not known to TikTok any more"):
            await adapter.publish(intent.next_try())
        found = await adapter.find(intent.last_try())
        assert isinstance(found, Found), "everybody sees it, so it stands in the list"
        world.state.all("UPDATE posts SET deleted = 1")
        verdict = await adapter.find(intent.grow_old(timedelta(days=1)))
        assert isinstance(verdict, Undecided)
        assert verdict.final


@pytest.mark.asyncio
async def test_what_a_machine_made_has_tiktoks_mark_or_a_line(tiktok_world: WorldOf, tmp_path: Path) -> None:
    world = tiktok_world()
    async with world.adapter() as adapter:
        for number, is_generated in enumerate((True, False)):
            video = Post(text="a lamp", media=(clip(tmp_path, is_generated=is_generated),))
            await adapter.publish(Intent(adapter, video, key=f"v{number}").next_try())
            lamp = Post(text="a lamp", media=(picture(tmp_path, is_generated=is_generated),))
            await adapter.publish(Intent(adapter, lamp, key=f"p{number}").next_try())
    assert [info.get("is_aigc") for info in told(world)] == [True, None, False, None]
    assert [text for _, text, _ in posts(world)] == ["a lamp", "a lamp\n\nMade with AI.", "a lamp", "a lamp"]


@pytest.mark.asyncio
async def test_several_pictures_are_given_out_and_are_one_post(tiktok_world: WorldOf, tmp_path: Path) -> None:
    world = tiktok_world()
    lamps = tuple(picture(tmp_path, name) for name in ("old lamp", "new lamp"))
    async with world.adapter() as adapter:
        post = Post(text="lamps", media=lamps)
        assert adapter.idempotency_of(post).kind is IdempotencyKind.LISTED
        receipt = await adapter.publish(Intent(adapter, post).next_try())
    assert posts(world) == [("photo", "lamps", 2)]
    assert receipt.ref.url == f"https://www.tiktok.com/@lamp.bot/photo/{receipt.ref.id}"
    assert receipt.quota is not None


@pytest.mark.asyncio
async def test_pictures_whose_answer_was_lost_are_found_in_the_list_or_wait_for_a_person(
    tiktok_world: WorldOf, tmp_path: Path
) -> None:
    world = tiktok_world()
    world.server.moderation = 30.0
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="lamp", media=(picture(tmp_path),)))
        assert isinstance(await adapter.find(intent.grow_old(timedelta(minutes=5))), Absent), "nothing was announced"
        world.order("lose", path=INIT, method="POST")
        publishing = asyncio.create_task(adapter.publish(intent.next_try()))
        with pytest.raises(OutcomeUnknown):
            await publishing
        if not posts(world):  # it was given out for too short a time
            world.state.all("UPDATE uploads SET status = 'PUBLISH_COMPLETE'")
            world.state.publish(world.state.all("SELECT * FROM uploads")[0]["publishing"], text="lamp", pictures=1)
        hidden = await adapter.find(intent.grow_old(timedelta(minutes=5)))
        assert isinstance(hidden, Undecided)
        assert not hidden.final
        assert isinstance(await adapter.find(intent.grow_old(timedelta(hours=13))), Undecided)
        world.server.moderation = 0.0
        found = await adapter.find(intent.last_try())
        assert isinstance(found, Found)
        assert found.receipt.ref.id == (await world.published())[0].id
        other = Intent(adapter, Post(text="lamp", media=(picture(tmp_path),)), key="other")
        other.state = intent.state
        assert isinstance(await adapter.find(other.last_try()), Undecided), "one post is of one intent"


@pytest.mark.asyncio
async def test_a_post_above_older_ones_is_of_one_intent_as_well(tiktok_world: WorldOf, tmp_path: Path) -> None:
    world = tiktok_world()
    lamp = Post(text="lamp", media=(picture(tmp_path),))
    async with world.adapter() as adapter:
        await adapter.publish(Intent(adapter, replace(lamp, text="an older one"), key="old").next_try())
        world.state.all("UPDATE posts SET created = created - 86400")
        await adapter.publish(Intent(adapter, lamp, key="shown").next_try())
        adapter._publishing._claims = Claims()  # as after a restart
        lost = [Intent(adapter, lamp, key=key) for key in ("one", "two")]
        for intent in lost:
            world.order("refuse", path=INIT, method="POST")
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(intent.next_try())
        told = [await adapter.find(intent.last_try()) for intent in lost]
    assert [type(one) for one in told] == [Found, Undecided]


@pytest.mark.parametrize("text", ["", " \n"])
@pytest.mark.asyncio
async def test_what_has_no_words_is_not_taken_for_another_post_without_words(
    tiktok_world: WorldOf, tmp_path: Path, text: str
) -> None:
    world = tiktok_world()
    async with world.adapter() as adapter:
        await adapter.publish(Intent(adapter, Post(text="", media=(clip(tmp_path),)), key="other").next_try())
        adapter._publishing._claims = Claims()  # as after a restart
        intent = Intent(adapter, Post(text=text, media=(picture(tmp_path),)))
        await world.refuse_next()
        world.order("refuse", path=INIT, method="POST")
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        assert isinstance(await adapter.find(intent.last_try()), Undecided)


@pytest.mark.asyncio
async def test_pictures_that_tiktok_cannot_fetch_are_tried_anew(tiktok_world: WorldOf, tmp_path: Path) -> None:
    world = tiktok_world()
    world.server.fails.append("photo_pull_failed")
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="lamp", media=(picture(tmp_path),)))
        with pytest.raises(Unavailable, match="media_url"):
            await adapter.publish(intent.next_try())
        await adapter.publish(intent.next_try())
        assert isinstance(await adapter.find(intent.last_try()), Found)
    assert posts(world) == [("photo", "lamp", 1)]


@pytest.mark.asyncio
async def test_pictures_from_an_address_that_is_not_verified_are_refused_with_the_mend(
    tiktok_world: WorldOf, tmp_path: Path
) -> None:
    world = tiktok_world()
    world.server.verified = "https://elsewhere.example/"
    async with world.adapter() as adapter:
        with pytest.raises(Forbidden, match="URL properties"):
            await adapter.publish(Intent(adapter, Post(text="lamp", media=(picture(tmp_path),))).next_try())


@pytest.mark.asyncio
async def test_who_sees_a_post_is_what_the_account_lets(tiktok_world: WorldOf, tmp_path: Path) -> None:
    world = tiktok_world()
    video = Post(text="hi", media=(clip(tmp_path),))
    world.server.levels = ["FOLLOWER_OF_CREATOR", "SELF_ONLY"]
    async with world.adapter(privacy="me") as adapter:
        assert adapter.capabilities.visibilities == {Visibility.FOLLOWERS}
        receipt = await adapter.publish(Intent(adapter, video, key="k1").next_try())
        assert receipt.ref.url is None, "nobody but the account can look at it"
        assert isinstance(await adapter.find(Intent(adapter, video, key="k1").last_try()), Undecided)
        for_followers = replace(video, visibility=Visibility.FOLLOWERS)
        await adapter.publish(Intent(adapter, for_followers, key="k2").next_try())
    async with world.adapter(privacy="everyone") as adapter:
        with pytest.raises(Forbidden, match="seen by followers or me: change `privacy`"):
            await adapter.publish(Intent(adapter, video, key="k3").next_try())
    assert [info["privacy_level"] for info in told(world)] == ["SELF_ONLY", "FOLLOWER_OF_CREATOR"]


@pytest.mark.asyncio
async def test_an_app_that_was_not_audited_is_told_so(tiktok_world: WorldOf, tmp_path: Path) -> None:
    world = tiktok_world()
    world.server.is_audited = False
    async with world.adapter() as adapter:
        with pytest.raises(Forbidden, match="not audited the app: write `privacy: me`"):
            await adapter.publish(Intent(adapter, Post(text="hi", media=(clip(tmp_path),))).next_try())
    assert posts(world) == []


@pytest.mark.asyncio
async def test_what_people_may_do_with_a_post_is_as_the_account_and_the_file_say(
    tiktok_world: WorldOf, tmp_path: Path
) -> None:
    world = tiktok_world()
    world.server.disabled = {"duet"}
    async with world.adapter(comments=False, promotes="own") as adapter:
        await adapter.publish(Intent(adapter, Post(text="hi", media=(clip(tmp_path),))).next_try())
    (info,) = told(world)
    off = {name: info[f"disable_{name}"] for name in ("comment", "duet", "stitch")}
    assert off == {"comment": True, "duet": True, "stitch": False}
    assert (info["brand_organic_toggle"], info["brand_content_toggle"]) == (True, False)


@pytest.mark.asyncio
async def test_six_posts_a_minute_are_begun_and_the_next_waits_without_being_asked_for(
    tiktok_world: WorldOf, tmp_path: Path
) -> None:
    world = tiktok_world()
    world.server.limits = {"/init/": 6, "/status/": 30}
    async with world.adapter(minute=timedelta(seconds=60)) as adapter:
        left: list[int | None] = []
        for number in range(6):
            post = Post(text=f"post {number}", media=(clip(tmp_path),))
            receipt = await adapter.publish(Intent(adapter, post, key=f"k{number}").next_try())
            left.append(None if receipt.quota is None else receipt.quota.remaining)
        assert left == [5, 4, 3, 2, 1, 0]
        seventh = Intent(adapter, Post(text="post 6", media=(clip(tmp_path),)), key="k6")
        with pytest.raises(RateLimited, match="six posts a minute") as caught:
            await adapter.publish(seventh.next_try())
        assert timedelta(seconds=50) < caught.value.retry_after <= timedelta(seconds=60)
    asked = [one for one in world.proxy.requests() if "/init/" in one.path]
    assert len(asked) == 6
    async with world.adapter() as forgetful:
        with pytest.raises(RateLimited) as told_so:
            await forgetful.publish(seventh.next_try())
        assert told_so.value.retry_after == timedelta(minutes=1)


@pytest.mark.asyncio
async def test_of_ten_posts_at_once_six_are_begun_and_none_is_asked_for_too_often(
    tiktok_world: WorldOf, tmp_path: Path
) -> None:
    world = tiktok_world()
    world.server.limits = {"/init/": 6}
    async with world.adapter(minute=timedelta(seconds=60)) as adapter:
        posts = [Post(text=f"post {number}", media=(clip(tmp_path),)) for number in range(10)]
        tries = [Intent(adapter, post, key=post.text).next_try() for post in posts]
        became = await asyncio.gather(*map(adapter.publish, tries), return_exceptions=True)
    refused = [one for one in became if isinstance(one, BaseException)]
    assert len(refused) == 4
    assert all(isinstance(one, RateLimited) and "six posts a minute" in str(one) for one in refused)
    assert len([one for one in world.proxy.requests() if "/init/" in one.path]) == 6


def test_a_clock_that_is_set_back_makes_nobody_wait_for_longer_than_a_minute() -> None:
    times = [system_now()]
    rate = Rate("looks", 1, per=timedelta(minutes=1), now=lambda: times[-1])
    rate.note()
    assert rate.wait() == timedelta(minutes=1)
    times.append(times[0] - timedelta(hours=5))
    assert rate.wait() <= timedelta(minutes=1)


@pytest.mark.asyncio
async def test_those_who_waited_to_look_at_a_post_do_not_all_look_at_once(
    tiktok_world: WorldOf, tmp_path: Path
) -> None:
    world, looked = tiktok_world(), list[float]()
    every = timedelta(seconds=0.2)
    clock = asyncio.get_running_loop().time
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="hi", media=(clip(tmp_path),)))
        await adapter.publish(intent.next_try())
        adapter._api._looks = Rate("looks", 1, per=every, now=system_now)

        async def look() -> None:
            assert isinstance(await adapter.find(intent.last_try()), Found)
            looked.append(clock())

        began = clock()
        await asyncio.gather(*(look() for _ in range(4)))
    assert max(looked) - began >= 3 * every.total_seconds()


@pytest.mark.asyncio
async def test_what_an_account_cannot_post_is_refused_before_any_try(tiktok_world: WorldOf, tmp_path: Path) -> None:
    world = tiktok_world()
    lamp = picture(tmp_path)
    adapter = TikTokAdapter(world.settings, account="stage")
    adapter.keep_in(world.drawer)
    async with adapter:
        with pytest.raises(MediaRefused, match="needs a video or a picture"):
            adapter.prepare(Post(text="words alone"), key="k")
        with pytest.raises(MediaRefused, match="one or the other"):
            adapter.prepare(Post(text="both", media=(lamp, clip(tmp_path))), key="k")
        with pytest.raises(TooLong):
            adapter.prepare(Post(text="\U0001f4a1" * 1101, media=(clip(tmp_path),)), key="k")
        for post in (
            Post(text="hi", in_reply_to=PostRef(id="1")),
            Post(text="hi", direct_to="somebody"),
            Post(text="hi", room="somewhere"),
        ):
            with pytest.raises(Unsupported):
                adapter.prepare(post, key="k")
    adapter = TikTokAdapter(replace(world.settings, media_url=""), account="stage")
    adapter.keep_in(world.drawer)
    async with adapter:
        with pytest.raises(MediaRefused, match="media_url"):
            adapter.prepare(Post(text="hi", media=(lamp,)), key="k")
        adapter.prepare(Post(text="hi", media=(clip(tmp_path),)), key="k")


@pytest.mark.asyncio
async def test_the_address_of_an_upload_stands_in_no_message(
    tiktok_world: WorldOf, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = tiktok_world()
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="hush", media=(clip(tmp_path),)))
        await world.refuse_next()
        with pytest.raises(OutcomeUnknown) as caught, caplog.at_level("DEBUG"):
            await adapter.publish(intent.next_try())
    token = world.state.all("SELECT token FROM uploads")[0]["token"]
    assert token in (intent.state or b"").decode()
    assert token not in f"{caught.value!r}{caught.value}{caplog.text}{intent.last_try()!r}"


@pytest.mark.asyncio
async def test_an_address_for_bytes_that_is_none_is_no_way_for_a_video(tiktok_world: WorldOf, tmp_path: Path) -> None:
    world = tiktok_world()
    world.server.public = "file:///etc"
    async with world.adapter() as adapter:
        with pytest.raises(Unavailable, match="no address"):
            await adapter.publish(Intent(adapter, Post(text="hi", media=(clip(tmp_path),))).next_try())


@pytest.mark.asyncio
async def test_a_video_that_is_empty_gone_or_another_one_by_now_is_refused(
    tiktok_world: WorldOf, tmp_path: Path
) -> None:
    world, video = tiktok_world(), clip(tmp_path)
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="hi", media=(video,)))
        Path(video.path).write_bytes(b"")
        with pytest.raises(MediaRefused, match="is empty"):
            await adapter.publish(intent.next_try())
        Path(video.path).write_bytes(MP4)
        await world.refuse_next()
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        Path(video.path).write_bytes(MP4 + b" and goes on")
        with pytest.raises(MediaRefused, match="another file"):
            await adapter.publish(intent.next_try())
        Path(video.path).unlink()
        with pytest.raises(MediaRefused, match="cannot be read"):
            await adapter.publish(intent.next_try())
    assert posts(world) == []


@pytest.mark.asyncio
async def test_a_post_in_the_accounts_inbox_waits_for_a_person(tiktok_world: WorldOf, tmp_path: Path) -> None:
    world = tiktok_world()
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="hi", media=(clip(tmp_path),)))
        await world.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        world.state.all("UPDATE uploads SET status = 'SEND_TO_USER_INBOX'")
        with pytest.raises(OutcomeUnknown, match="finish it in the app"):
            await adapter.publish(intent.next_try())
        verdict = await adapter.find(intent.last_try())
        assert isinstance(verdict, Undecided)
        assert verdict.final
