"""What goes out is what was asked for, within the limits."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from greenroom_adapters.contract import (
    Media,
    MediaRefused,
    Poll,
    Post,
    PostRef,
    PostRejected,
    SupportsDirectMessages,
    Surface,
    TargetGone,
    TooLong,
    Unsupported,
    Visibility,
)
from greenroom_adapters.testing.conformance.tools import Intent, texts_of, the_only_post
from greenroom_adapters.testing.conformance.world import World
from greenroom_adapters.text import fits

__all__ = ["Publishing"]

AWKWARD_TEXTS = (
    "plain",
    "two\nlines, \ttabbed",
    "\u2728 e\u0301 \u202eabc\u202c \U0001f469\u200d\U0001f467",
    "https://example.org/?a=1&b=<c>&amp;",
    '"quotes" \\ back\\slash {braces} %s',
)
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAC0lEQVR4nGNgAAIAAAUAAXpeqz8AAAAASUVORK5CYII=")
"""A picture of one transparent pixel."""


class Publishing:
    """What goes out is what was asked for."""

    @pytest.mark.parametrize("text", AWKWARD_TEXTS)
    @pytest.mark.asyncio
    async def test_published_text_is_what_was_asked_for(self, world: World, text: str) -> None:
        async with world.connect() as adapter:
            receipt = await adapter.publish(Intent(adapter, Post(text=text), key="k").next_try())
        assert receipt.key == "k"
        post = await the_only_post(world)
        assert (post.text, post.id) == (text, receipt.ref.id)
        assert receipt.published_at.tzinfo is not None
        assert abs(receipt.published_at - datetime.now(UTC)) < timedelta(minutes=5)

    @pytest.mark.asyncio
    async def test_an_answer_stands_below_what_it_answers(self, world: World) -> None:
        target = await world.post_of_somebody("who keeps the light?")
        async with world.connect() as adapter:
            if Surface.REPLY not in adapter.capabilities.surfaces:
                pytest.skip("this account answers nobody")
            await adapter.publish(Intent(adapter, Post(text="I do", in_reply_to=target)).next_try())
        post = await the_only_post(world)
        assert post.in_reply_to == target.id

    @pytest.mark.asyncio
    async def test_an_answer_to_what_is_gone_is_refused_as_such(self, world: World) -> None:
        target = await world.post_of_somebody("soon gone")
        await world.remove(target)
        async with world.connect() as adapter:
            if Surface.REPLY not in adapter.capabilities.surfaces:
                pytest.skip("this account answers nobody")
            intent = Intent(adapter, Post(text="late", in_reply_to=target))
            with pytest.raises(TargetGone):
                await adapter.publish(intent.next_try())
        assert await world.published() == []

    @pytest.mark.asyncio
    async def test_a_direct_message_reaches_one_person(self, world: World) -> None:
        async with world.connect() as adapter:
            if Surface.DIRECT_MESSAGE not in adapter.capabilities.surfaces:
                pytest.skip("this account cannot send direct messages")
            person = await world.message_bot("psst")
            assert isinstance(adapter, SupportsDirectMessages)
            assert await adapter.may_message(person)
            await adapter.publish(Intent(adapter, Post(text="yes?", direct_to=person)).next_try())
        post = await the_only_post(world)
        assert (post.text, post.direct_to) == ("yes?", person)

    @pytest.mark.asyncio
    async def test_a_quote_shows_what_it_quotes(self, world: World) -> None:
        async with world.connect() as adapter:
            if not adapter.capabilities.quotes:
                pytest.skip("posts quote nothing here")
            quoted = await world.post_of_somebody("worth repeating")
            await adapter.publish(Intent(adapter, Post(text="well said", quote=quoted)).next_try())
        post = await the_only_post(world)
        assert (post.text, post.quote) == ("well said", quoted.id)

    @pytest.mark.asyncio
    async def test_a_content_warning_stands_before_the_text(self, world: World) -> None:
        async with world.connect() as adapter:
            if not adapter.capabilities.content_warnings:
                pytest.skip("there are no content warnings here")
            warned = Post(text="the ship went down", content_warning="shipwreck")
            await adapter.publish(Intent(adapter, warned).next_try())
        post = await the_only_post(world)
        assert (post.text, post.content_warning) == ("the ship went down", "shipwreck")

    @pytest.mark.asyncio
    async def test_a_post_is_seen_by_those_it_is_for(self, world: World) -> None:
        async with world.connect() as adapter:
            visibilities = sorted(adapter.capabilities.visibilities)
            if not visibilities:
                pytest.skip("there is nothing to choose here")
            for visibility in visibilities:
                post = Post(text=f"{visibility} words", visibility=visibility)
                await adapter.publish(Intent(adapter, post, key=visibility).next_try())
        seen = {post.text: post.visibility for post in await world.published()}
        assert seen == {f"{visibility} words": visibility for visibility in visibilities}

    @pytest.mark.asyncio
    async def test_a_poll_has_its_answers_and_one_over_a_limit_is_refused(self, world: World) -> None:
        async with world.connect() as adapter:
            limit = adapter.capabilities.limits.poll
            if limit is None:
                pytest.skip("there are no polls here")
            poll = Poll(options=("calm", "rough"), open_for=max(timedelta(hours=1), limit.shortest))
            await adapter.publish(Intent(adapter, Post(text="The sea today?", poll=poll)).next_try())
            for wrong in (
                replace(poll, options=tuple(f"answer {number}" for number in range(limit.options + 1))),
                replace(poll, options=("calm", "r" * (limit.option_length + 1))),
                replace(poll, options=("calm",)),
                replace(poll, options=("calm", "calm")),
                replace(poll, open_for=limit.longest + timedelta(seconds=1)),
            ):
                with pytest.raises(PostRejected):
                    adapter.prepare(Post(text="The sea today?", poll=wrong), key="k")
        post = await the_only_post(world)
        assert (post.text, post.poll) == ("The sea today?", ("calm", "rough"))

    @pytest.mark.asyncio
    async def test_a_picture_goes_out_with_its_description(self, world: World, tmp_path: Path) -> None:
        picture = tmp_path / "pixel.png"
        picture.write_bytes(PIXEL)
        async with world.connect() as adapter:
            if adapter.capabilities.limits.media is None:
                pytest.skip("nothing can be attached here")
            media = Media(path=str(picture), media_type="image/png", alt="one pixel, very small")
            shown = media.alt if adapter.capabilities.limits.media.shows_alt else ""
            await adapter.publish(Intent(adapter, Post(text="look", media=(media,))).next_try())
        post = await the_only_post(world)
        assert (post.text, post.alts) == ("look", (shown,))

    @pytest.mark.asyncio
    async def test_attachments_over_a_limit_are_refused_before_anything_goes_out(
        self, world: World, tmp_path: Path
    ) -> None:
        picture = tmp_path / "pixel.png"
        picture.write_bytes(PIXEL)
        async with world.connect() as adapter:
            limit = adapter.capabilities.limits.media
            good = Media(path=str(picture), media_type="image/png", alt="a pixel")
            if limit is None:
                with pytest.raises(Unsupported):
                    adapter.prepare(Post(text="look", media=(good,)), key="k")
                return
            too_large = tmp_path / "large.png"
            with too_large.open("wb") as file:
                file.truncate(limit.bytes + 1)
            for media in (
                (good,) * (limit.count + 1),
                (replace(good, media_type="application/x-unheard-of"),),
                (replace(good, alt="a" * (limit.alt_length + 1)),),
                (replace(good, path=str(too_large)),),
            ):
                with pytest.raises(MediaRefused):
                    adapter.prepare(Post(text="look", media=media), key="k")
        assert await world.published() == []

    @pytest.mark.asyncio
    async def test_texts_at_and_below_the_limit_go_out(self, world: World) -> None:
        async with world.connect() as adapter:
            length = min(limit.length for limit in adapter.capabilities.limits.text)
            for number, text in enumerate(("a" * (length - 1), "b" * length)):
                await adapter.publish(Intent(adapter, Post(text=text), key=f"k{number}").next_try())
        assert await texts_of(world) == ["a" * (length - 1), "b" * length]

    @pytest.mark.asyncio
    async def test_a_text_over_the_limit_is_refused_before_anything_goes_out(self, world: World) -> None:
        async with world.connect() as adapter:
            length = min(limit.length for limit in adapter.capabilities.limits.text)
            with pytest.raises(TooLong):
                adapter.prepare(Post(text="a" * (length + 1)), key="k")
        assert await world.published() == []

    @pytest.mark.asyncio
    async def test_a_direct_message_is_as_long_as_the_platform_lets_it_be(self, world: World) -> None:
        async with world.connect() as adapter:
            if Surface.DIRECT_MESSAGE not in adapter.capabilities.surfaces:
                pytest.skip("the platform has no direct messages")
            person = await world.message_bot("hello")
            limits = adapter.capabilities.limits
            length = min(limit.length for limit in limits.text_on(Surface.DIRECT_MESSAGE))
            for number, text in enumerate(("a" * (length - 1), "b" * length)):
                post = Post(text=text, direct_to=person)
                await adapter.publish(Intent(adapter, post, key=f"k{number}").next_try())
            # naming the person may take less than is set aside for it, and never more
            over = Post(text="c" * (length + limits.addressing + 1), direct_to=person)
            with pytest.raises(TooLong):
                adapter.prepare(over, key="k2")
            if limits.direct is not None:
                # A limit of its own was said to be one: the platform is its judge.
                short = Intent(adapter, replace(over, text="short"), key="k3").next_try()
                with pytest.raises(PostRejected):
                    await adapter.publish(replace(short, post=over))
        assert await texts_of(world) == ["a" * (length - 1), "b" * length]

    @pytest.mark.asyncio
    async def test_the_platform_counts_awkward_characters_as_we_do(self, world: World) -> None:
        async with world.connect() as adapter:
            limits = adapter.capabilities.limits.text
            families = 1
            while fits(FAMILY * (families + 1), limits):
                families += 1
            rest = ""
            while fits(FAMILY * families + rest + "a", limits):
                rest += "a"
            fitting = FAMILY * families + rest
            await adapter.publish(Intent(adapter, Post(text=fitting), key="k1").next_try())
            with pytest.raises(TooLong):
                adapter.prepare(Post(text=fitting + "a"), key="k2")
            # The platform is the judge: past our own check, it refuses what we would have refused.
            attempt = replace(Intent(adapter, Post(text="short"), key="k3").next_try(), post=Post(text=fitting + "a"))
            with pytest.raises(PostRejected):
                await adapter.publish(attempt)
        assert await texts_of(world) == [fitting]

    @pytest.mark.asyncio
    async def test_preparing_publishes_nothing_and_asks_nobody(self, world: World) -> None:
        async with world.connect() as adapter:
            for _ in range(3):
                adapter.prepare(Post(text="not yet"), key="k")
        assert await world.published() == []

    @pytest.mark.asyncio
    async def test_what_an_account_cannot_do_is_unsupported(self, world: World) -> None:
        async with world.connect() as adapter:
            surfaces = adapter.capabilities.surfaces
            beside = (
                Post(text="hi", quote=PostRef(id="some post")),
                Post(text="hi", content_warning="careful"),
                *(Post(text="hi", visibility=visibility) for visibility in Visibility),
                Post(text="hi", poll=Poll(options=("yes", "no"), open_for=timedelta(days=1))),
            )
            impossible = [post for post in beside if adapter.capabilities.lacks(post) is not None]
            impossible += [
                post
                for surface, post in (
                    (Surface.DIRECT_MESSAGE, Post(text="hi", direct_to="somebody")),
                    (Surface.CHAT, Post(text="hi", room="some room")),
                    (Surface.REPLY, Post(text="hi", in_reply_to=PostRef(id="some post"))),
                )
                if surface not in surfaces
            ]
            if not impossible:
                pytest.skip("this account can speak everywhere")
            for post in impossible:
                with pytest.raises(Unsupported):
                    adapter.prepare(post, key="k")
