"""What the contract promises, as tests that every adapter must pass.

Subclass `AdapterConformance`, give it a `world` fixture, and pytest collects the rest. The truth is read past the
adapter, so an adapter cannot vouch for itself. A test that needs something which a platform cannot play is skipped with
the reason; a test that a platform fails for a reason of its own is marked `xfail(reason=...)`, never overridden.
"""

import abc
import asyncio
import base64
import logging
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest

from greenroom_adapters.contract import (
    Absent,
    Adapter,
    AdapterError,
    Attempt,
    AuthenticationFailed,
    DirectMessageReceived,
    Event,
    Found,
    IdempotencyKind,
    Kind,
    Media,
    MediaRefused,
    MentionReceived,
    OutcomeUnknown,
    Post,
    PostRef,
    PostRejected,
    RateLimited,
    ReplyReceived,
    SupportsDelete,
    SupportsDirectMessages,
    SupportsEdit,
    SupportsFollow,
    SupportsMetrics,
    SupportsReact,
    SupportsRepost,
    SupportsThread,
    Surface,
    TargetGone,
    TextEvent,
    TooLong,
    Unavailable,
    Undecided,
    Unsupported,
)
from greenroom_adapters.text import fits

__all__ = ["AdapterConformance", "Intent", "Published", "World", "take"]

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
WORLD = "world:"
"""How the names of tasks begin that a world runs in the test's loop: they are not the adapter's."""
PATIENCE = 10.0
"""How long an event or a fact may take before the test fails, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One post of the bot as it stands on the platform."""

    text: str
    id: str
    in_reply_to: str | None = None
    direct_to: str | None = None
    """Stable id of the person who alone received it."""
    alts: tuple[str, ...] = ()
    """Descriptions of what is attached, in order."""


def cannot(what: str) -> NoReturn:
    """Skip the test: its platform has no way to play this."""
    pytest.skip(f"this world cannot {what}")


class World(abc.ABC):
    """The platform as seen from outside the adapter: other people, the stored truth, and what can go wrong.

    Three methods are needed. Each of the others says what it plays; left alone, it skips the tests that need it. Tasks
    that a world runs in the test's loop have names that begin with `world:`.
    """

    @abc.abstractmethod
    def connect(self) -> Adapter:
        """Return a fresh, unentered adapter for the bot's account, always the same account."""

    @abc.abstractmethod
    async def mention_bot(self, text: str) -> None:
        """Mention the bot in a public post of somebody else that contains `text`; return when the platform has it."""

    @abc.abstractmethod
    async def published(self) -> Sequence[Published]:
        """Return what the bot has published and what is not deleted, oldest first, read past the adapter."""

    def secrets(self) -> Sequence[str]:
        """Return the credentials that the adapter was given: no log, message or representation may show them."""
        cannot("say which credentials the adapter has")

    # Other people ----------------------------------------------------------------------------------------------------

    async def post_of_somebody(self, text: str) -> PostRef:
        """Let somebody else publish `text`, without addressing the bot."""
        cannot("post as somebody else")

    async def reply_to_bot(self, ref: PostRef, text: str) -> None:
        """Let somebody else answer a post of the bot."""
        cannot("answer the bot as somebody else")

    async def message_bot(self, text: str) -> str:
        """Let somebody else write to the bot alone; return the person's stable id."""
        cannot("send a direct message")

    async def remove(self, ref: PostRef) -> None:
        """Delete a post of anybody, the bot included, past the adapter."""
        cannot("delete a post by hand")

    async def bot_says_elsewhere(self, text: str) -> None:
        """Publish `text` from the bot's own account past the adapter, mentioning the bot itself."""
        cannot("post as the bot past the adapter")

    async def likes(self, ref: PostRef) -> int:
        """Return how many likes a post has."""
        cannot("count likes")

    # What goes wrong with the next publication -----------------------------------------------------------------------

    async def lose_next_answer(self) -> None:
        """Let the platform take the next post and lose its answer."""
        cannot("lose an answer")

    async def refuse_next(self) -> None:
        """Cut the next publication off before the platform has taken it."""
        cannot("cut a request off")

    async def commit_next_late(self, seconds: float) -> None:
        """Cut the next publication off at once; the platform takes it `seconds` later all the same."""
        cannot("take a post late")

    async def delay_next(self, seconds: float) -> None:
        """Let the answer to the next publication take `seconds` longer."""
        cannot("answer late")

    async def garble_next(self) -> None:
        """Let the platform take the next post and answer with nonsense."""
        cannot("answer with nonsense")

    async def answer_next(self, status: int, *, retry_after: int | None = None) -> None:
        """Let the platform answer the next publication with this HTTP status, without taking it."""
        cannot("answer with a status of choice")

    # What goes wrong with the account and the way to it --------------------------------------------------------------

    async def revoke_token(self) -> None:
        """Make the credentials of every connected adapter worthless."""
        cannot("revoke credentials")

    def unreachable(self) -> Adapter:
        """Return an unentered adapter whose platform is not there."""
        cannot("be away")

    async def drop_stream(self) -> None:
        """Cut the adapter's open stream."""
        cannot("cut a stream")

    async def silence_stream(self) -> None:
        """Keep the adapter's open stream open and send nothing on it any more."""
        cannot("silence a stream")

    async def redeliver_next(self) -> None:
        """Deliver the next event twice."""
        cannot("deliver an event twice")

    async def reorder_next(self) -> None:
        """Deliver the next event after the one that follows it."""
        cannot("deliver events in another order")

    # What passes on the wire -----------------------------------------------------------------------------------------

    def arrived_keys(self) -> Sequence[str]:
        """Return the idempotency keys that have come with publications, in order."""
        cannot("see the keys that arrive")

    def open_connections(self) -> int:
        """Return how many connections adapters have open to the platform."""
        cannot("count connections")


class Intent:
    """One post that is to go out, kept as delivery keeps it: key, prepared bytes, times, the latest checkpoint."""

    def __init__(self, adapter: Adapter, post: Post, *, key: str = "intent-1", age: timedelta = timedelta(0)) -> None:
        """Prepare `post`. `age` is how long ago the first try is said to have been."""
        self.post = post
        self.key = key
        self.prepared = adapter.prepare(post, key=key)
        self.state: bytes | None = None
        self.first_tried_at = datetime.now(UTC) - age
        self._tried_at = self.first_tried_at
        self._number = 0

    def next_try(self) -> Attempt:
        """Return the attempt to publish with."""
        self._number += 1
        if self._number > 1:
            self._tried_at = datetime.now(UTC)
        return self.last_try()

    def last_try(self) -> Attempt:
        """Return the latest attempt as `find` gets it."""
        return Attempt(
            post=self.post,
            key=self.key,
            prepared=self.prepared,
            number=max(1, self._number),
            first_tried_at=self.first_tried_at,
            last_tried_at=self._tried_at,
            state=self.state,
            save=self._save,
        )

    def grow_old(self, age: timedelta) -> Attempt:
        """Return the latest attempt as if it had been made `age` earlier."""
        attempt = self.last_try()
        return replace(attempt, first_tried_at=attempt.first_tried_at - age, last_tried_at=attempt.last_tried_at - age)

    async def _save(self, state: bytes) -> None:
        self.state = state


async def take(adapter: Adapter, count: int, *, after: Mapping[str, str]) -> list[Event]:
    """Return the next `count` events after the cursors."""
    seen: list[Event] = []
    async with asyncio.timeout(PATIENCE), aclosing(adapter.events(after=after)) as stream:
        async for event in stream:
            seen.append(event)
            if len(seen) == count:
                return seen
    raise AssertionError("the stream of events ended")


async def wait_until(happened: Callable[[], Awaitable[bool]], what: str, *, patience: float | None = None) -> None:
    """Return when `happened`; fail after `patience` seconds (`PATIENCE`), saying that `what` did not happen."""
    deadline = asyncio.get_running_loop().time() + (PATIENCE if patience is None else patience)
    while not await happened():
        assert asyncio.get_running_loop().time() < deadline, f"in vain: {what}"
        await asyncio.sleep(0.02)


class Listener:
    """Collects events in the background, for tests that look at several moments of one run."""

    def __init__(self) -> None:
        self.seen: list[Event] = []
        self._arrived = asyncio.Event()

    async def run(self, adapter: Adapter, after: Mapping[str, str]) -> None:
        """Collect until cancelled."""
        async with aclosing(adapter.events(after=after)) as stream:
            async for event in stream:
                self.seen.append(event)
                self._arrived.set()

    async def until(self, text: str) -> None:
        """Return when an event with this text is there; fail after a while."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not any(text in seen for seen in self.texts()):
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            raise AssertionError(f"no event with {text!r} among {self.texts()}") from None

    def texts(self) -> list[str]:
        """Return the texts so far."""
        return [event.text for event in self.seen if isinstance(event, TextEvent)]


@asynccontextmanager
async def listening(adapter: Adapter, *, after: Mapping[str, str]) -> AsyncGenerator[Listener, None]:
    """Collect events until the block ends."""
    listener = Listener()
    task = asyncio.create_task(listener.run(adapter, after))
    try:
        yield listener
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def no_new_task(before: set["asyncio.Task[Any]"]) -> None:
    """Return when no task but those of `before` and the world's is left; fail after a second."""

    async def done() -> bool:
        return not any(task not in before and not task.get_name().startswith(WORLD) for task in asyncio.all_tasks())

    await wait_until(done, "the end of the adapter's tasks", patience=1.0)


def shown(error: BaseException) -> str:
    """Return everything that a log or a person may get to see of an error."""
    return "".join([*traceback.format_exception(error), str(error), repr(error), repr(error.args)])


async def the_only_post(world: World) -> Published:
    """Return what the bot has published, which must be one post."""
    posts = await world.published()
    assert len(posts) == 1, f"published: {[post.text for post in posts]}"
    return posts[0]


async def texts_of(world: World) -> list[str]:
    """Return the texts of what the bot has published, oldest first."""
    return [post.text for post in await world.published()]


class AdapterConformance:
    """What the contract promises, as tests. Do not override; mark `xfail` with a reason instead."""

    @pytest.fixture
    def world(self) -> World:
        """Return a platform on which the bot has published nothing yet."""
        raise NotImplementedError("provide a `world` fixture for this adapter")

    # Who we are ------------------------------------------------------------------------------------------------------

    @pytest.mark.asyncio
    async def test_an_adapter_knows_who_it_is_and_what_it_may_do(self, world: World) -> None:
        async with world.connect() as adapter:
            standing = await adapter.check()
            assert standing.me == adapter.me
            assert standing.may
            assert adapter.me.id
            assert not adapter.me.handle.startswith("@")
            assert adapter.capabilities.limits.text
            assert adapter.capabilities.settles_after >= adapter.capabilities.publish_deadline
            assert Kind.UNKNOWN not in adapter.capabilities.kinds

    @pytest.mark.asyncio
    async def test_checking_publishes_nothing(self, world: World) -> None:
        async with world.connect() as adapter:
            await adapter.check()
        assert await world.published() == []

    def test_making_an_adapter_needs_no_loop_and_no_platform(self, world: World) -> None:
        adapter = world.connect()
        assert type(adapter).platform

    # Publishing ------------------------------------------------------------------------------------------------------

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
            await adapter.publish(Intent(adapter, Post(text="I do", in_reply_to=target)).next_try())
        post = await the_only_post(world)
        assert post.in_reply_to == target.id

    @pytest.mark.asyncio
    async def test_an_answer_to_what_is_gone_is_refused_as_such(self, world: World) -> None:
        target = await world.post_of_somebody("soon gone")
        await world.remove(target)
        async with world.connect() as adapter:
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
    async def test_a_picture_goes_out_with_its_description(self, world: World, tmp_path: Path) -> None:
        picture = tmp_path / "pixel.png"
        picture.write_bytes(PIXEL)
        async with world.connect() as adapter:
            if adapter.capabilities.limits.media is None:
                pytest.skip("nothing can be attached here")
            media = Media(path=str(picture), media_type="image/png", alt="one pixel, very small")
            await adapter.publish(Intent(adapter, Post(text="look", media=(media,))).next_try())
        post = await the_only_post(world)
        assert post.alts == ("one pixel, very small",)

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
            impossible = [
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

    # Never twice -----------------------------------------------------------------------------------------------------

    @pytest.mark.asyncio
    async def test_publishing_twice_under_one_key_posts_once(self, world: World) -> None:
        async with world.connect() as adapter:
            if adapter.capabilities.idempotency.kind is not IdempotencyKind.KEYED:
                pytest.skip("this platform knows no keys")
            intent = Intent(adapter, Post(text="once"))
            first = await adapter.publish(intent.next_try())
        async with world.connect() as adapter:
            again = await adapter.publish(intent.next_try())
        assert again.ref == first.ref
        assert again.published_at == first.published_at
        assert await texts_of(world) == ["once"]

    @pytest.mark.asyncio
    async def test_publishing_at_the_same_time_under_one_key_posts_once(self, world: World) -> None:
        async with world.connect() as adapter, world.connect() as other:
            if adapter.capabilities.idempotency.kind is not IdempotencyKind.KEYED:
                pytest.skip("this platform knows no keys")
            intent = Intent(adapter, Post(text="once"))
            first, second = await asyncio.gather(adapter.publish(intent.next_try()), other.publish(intent.next_try()))
        assert first.ref == second.ref
        assert await texts_of(world) == ["once"]

    @pytest.mark.asyncio
    async def test_every_try_carries_the_key_that_delivery_made(self, world: World) -> None:
        async with world.connect() as adapter:
            if adapter.capabilities.idempotency.kind is not IdempotencyKind.KEYED:
                pytest.skip("this platform knows no keys")
            before = len(world.arrived_keys())
            await world.refuse_next()
            intent = Intent(adapter, Post(text="once"), key="made-by-delivery")
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(intent.next_try())
            await adapter.publish(intent.next_try())
            await adapter.publish(Intent(adapter, Post(text="twice"), key="another").next_try())
        first, second, third = world.arrived_keys()[before:]
        assert first == second
        assert third != first

    @pytest.mark.asyncio
    async def test_different_keys_are_different_posts(self, world: World) -> None:
        async with world.connect() as adapter:
            first = await adapter.publish(Intent(adapter, Post(text="the same words"), key="k1").next_try())
            second = await adapter.publish(Intent(adapter, Post(text="the same words"), key="k2").next_try())
        assert first.ref != second.ref
        assert await texts_of(world) == ["the same words"] * 2

    @pytest.mark.asyncio
    async def test_two_phases_resume_from_their_checkpoint_and_post_once(self, world: World) -> None:
        async with world.connect() as adapter:
            if adapter.capabilities.idempotency.kind is not IdempotencyKind.TWO_PHASE:
                pytest.skip("this platform publishes in one phase")
            await world.lose_next_answer()
            intent = Intent(adapter, Post(text="once"))
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(intent.next_try())
            assert intent.state is not None
        async with world.connect() as adapter:
            receipt = await adapter.publish(intent.next_try())
        post = await the_only_post(world)
        assert post.id == receipt.ref.id

    @pytest.mark.asyncio
    async def test_nothing_goes_out_before_the_checkpoint_is_on_disk(self, world: World) -> None:
        async def full(state: bytes) -> None:
            raise OSError("the disk is full")

        async with world.connect() as adapter:
            if adapter.capabilities.idempotency.kind is not IdempotencyKind.TWO_PHASE:
                pytest.skip("this platform publishes in one phase")
            attempt = replace(Intent(adapter, Post(text="not yet")).next_try(), save=full)
            with pytest.raises(OSError, match="the disk is full"):
                await adapter.publish(attempt)
        assert await world.published() == []

    # What went wrong, and whether it went out ------------------------------------------------------------------------

    @pytest.mark.asyncio
    async def test_an_answer_that_is_lost_leaves_the_outcome_unknown(self, world: World) -> None:
        async with world.connect() as adapter:
            await world.lose_next_answer()
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(Intent(adapter, Post(text="did it?")).next_try())
        assert await texts_of(world) == ["did it?"]

    @pytest.mark.asyncio
    async def test_a_request_that_is_cut_off_leaves_the_outcome_unknown_and_is_not_repeated(self, world: World) -> None:
        async with world.connect() as adapter:
            await world.refuse_next()
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(Intent(adapter, Post(text="did it?")).next_try())
        assert await world.published() == []

    @pytest.mark.asyncio
    async def test_an_answer_that_is_nonsense_leaves_the_outcome_unknown(self, world: World) -> None:
        async with world.connect() as adapter:
            await world.garble_next()
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(Intent(adapter, Post(text="did it?")).next_try())
        assert await texts_of(world) == ["did it?"]

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    @pytest.mark.asyncio
    async def test_a_server_that_fails_leaves_the_outcome_unknown(self, world: World, status: int) -> None:
        async with world.connect() as adapter:
            await world.answer_next(status)
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(Intent(adapter, Post(text="did it?")).next_try())

    @pytest.mark.asyncio
    async def test_being_asked_to_wait_says_how_long_and_nothing_goes_out(self, world: World) -> None:
        async with world.connect() as adapter:
            await world.answer_next(429, retry_after=7)
            with pytest.raises(RateLimited) as caught:
                await adapter.publish(Intent(adapter, Post(text="too fast")).next_try())
        assert caught.value.retry_after == timedelta(seconds=7)
        assert (caught.value.platform, caught.value.account) != ("", "")
        assert await world.published() == []

    @pytest.mark.asyncio
    async def test_a_platform_that_is_not_there_is_unavailable(self, world: World) -> None:
        with pytest.raises(Unavailable):
            async with world.unreachable():
                pass

    @pytest.mark.asyncio
    async def test_credentials_that_stopped_working_are_said_to_be_the_reason(self, world: World) -> None:
        async with world.connect() as adapter:
            intent = Intent(adapter, Post(text="who am I?"))
            after = await adapter.now()
            await world.revoke_token()
            with pytest.raises(AuthenticationFailed):
                await adapter.publish(intent.next_try())
            with pytest.raises(AuthenticationFailed):
                await take(adapter, 1, after=after)

    @pytest.mark.asyncio
    async def test_credentials_that_stop_working_end_the_events_with_the_reason(self, world: World) -> None:
        async with world.connect() as adapter:
            after = await adapter.now()
            listener = asyncio.create_task(take(adapter, 1, after=after))
            await asyncio.sleep(0.1)
            await world.revoke_token()
            with pytest.raises(AuthenticationFailed):
                await listener

    # Did it go out? --------------------------------------------------------------------------------------------------

    @pytest.mark.asyncio
    async def test_a_post_whose_answer_was_lost_is_found(self, world: World) -> None:
        async with world.connect() as adapter:
            await world.lose_next_answer()
            intent = Intent(adapter, Post(text="did it?"))
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(intent.next_try())
        post = await the_only_post(world)
        async with world.connect() as adapter:
            if adapter.capabilities.idempotency.kind is IdempotencyKind.NONE:
                verdict = await adapter.find(intent.last_try())
                assert isinstance(verdict, Undecided)
                assert verdict.final
                return
            found = await self._found(adapter, intent)
        assert (found.receipt.key, found.receipt.ref.id) == (intent.key, post.id)
        assert await texts_of(world) == ["did it?"]

    @pytest.mark.asyncio
    async def test_an_answer_whose_answer_was_lost_is_found_below_its_target(self, world: World) -> None:
        one, two = await world.post_of_somebody("one"), await world.post_of_somebody("two")
        async with world.connect() as adapter:
            if adapter.capabilities.idempotency.kind is IdempotencyKind.NONE:
                pytest.skip("nothing can be looked up here")
            await adapter.publish(Intent(adapter, Post(text="aye", in_reply_to=one), key="k1").next_try())
            await world.lose_next_answer()
            intent = Intent(adapter, Post(text="aye", in_reply_to=two), key="k2")
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(intent.next_try())
            found = await self._found(adapter, intent)
        assert [post.id for post in await world.published() if post.in_reply_to == two.id] == [found.receipt.ref.id]

    @pytest.mark.asyncio
    async def test_a_post_that_is_taken_late_is_never_said_to_be_absent(self, world: World) -> None:
        async with world.connect() as adapter:
            await world.commit_next_late(0.5)
            intent = Intent(adapter, Post(text="slowly"))
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(intent.next_try())
            verdict = await adapter.find(intent.last_try())
            assert isinstance(verdict, Undecided)
            if adapter.capabilities.idempotency.kind is not IdempotencyKind.NONE:
                assert not verdict.final
                await self._found(adapter, intent)

            async def is_there() -> bool:
                return await texts_of(world) == ["slowly"]

            await wait_until(is_there, "the late post")

    @pytest.mark.asyncio
    async def test_absence_is_not_said_before_it_is_certain(self, world: World) -> None:
        async with world.connect() as adapter:
            intent = Intent(adapter, Post(text="never sent"))
            fresh = await adapter.find(intent.last_try())
            assert isinstance(fresh, Undecided)
            settles_after = adapter.capabilities.settles_after
            almost = await adapter.find(intent.grow_old(settles_after - timedelta(seconds=2)))
            assert isinstance(almost, Undecided)
            certain = await adapter.find(intent.grow_old(settles_after + timedelta(seconds=2)))
            if adapter.capabilities.idempotency.kind is IdempotencyKind.NONE:
                assert isinstance(certain, Undecided)
                assert certain.final
            else:
                assert isinstance(certain, Absent)
        assert await world.published() == []

    @pytest.mark.asyncio
    async def test_a_retry_moves_the_moment_from_which_absence_is_certain(self, world: World) -> None:
        async with world.connect() as adapter:
            old = Intent(adapter, Post(text="never sent")).grow_old(adapter.capabilities.settles_after * 2)
            verdict = await adapter.find(replace(old, number=2, last_tried_at=datetime.now(UTC)))
        assert isinstance(verdict, Undecided)

    @pytest.mark.asyncio
    async def test_finding_invents_nothing(self, world: World) -> None:
        target = await world.post_of_somebody("what about this?")
        async with world.connect() as adapter:
            published = Intent(adapter, Post(text="the same words"), key="k1")
            await adapter.publish(published.next_try())
            if adapter.capabilities.idempotency.kind is not IdempotencyKind.NONE:
                await self._found(adapter, published)  # it is listed by now: what could be mistaken is there
            answer = Intent(adapter, Post(text="the same words", in_reply_to=target), key="k2")
            assert not isinstance(await adapter.find(answer.last_try()), Found)
            other = Intent(adapter, Post(text="other words"), key="k3")
            assert not isinstance(await adapter.find(other.last_try()), Found)
        assert await texts_of(world) == ["the same words"]

    @pytest.mark.asyncio
    async def test_an_older_post_with_the_same_words_is_not_taken_for_this_one(self, world: World) -> None:
        async with world.connect() as adapter:
            yesterday = Intent(adapter, Post(text="good morning"), key="yesterday")
            await adapter.publish(yesterday.next_try())
            if adapter.capabilities.idempotency.kind is not IdempotencyKind.NONE:
                await self._found(adapter, yesterday)
            later = Intent(adapter, Post(text="good morning"), key="today", age=-timedelta(hours=1))
            assert not isinstance(await adapter.find(later.last_try()), Found)

    @pytest.mark.asyncio
    async def test_a_post_that_somebody_deleted_is_not_absent(self, world: World) -> None:
        async with world.connect() as adapter:
            await world.lose_next_answer()
            intent = Intent(adapter, Post(text="taken down"))
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(intent.next_try())
            post = await the_only_post(world)
            await world.remove(PostRef(id=post.id))
            verdict = await adapter.find(intent.grow_old(adapter.capabilities.settles_after * 2))
        assert not isinstance(verdict, Absent)

    # Listening -------------------------------------------------------------------------------------------------------

    @pytest.mark.asyncio
    async def test_mentions_arrive_and_resume_after_a_cursor(self, world: World) -> None:
        async with world.connect() as adapter:
            after = dict(await adapter.now())
        for text in ("one", "two", "three"):
            await world.mention_bot(text)
        async with world.connect() as adapter:
            seen = await take(adapter, 3, after=after)
        for event, text in zip(seen, ("one", "two", "three"), strict=True):
            assert isinstance(event, MentionReceived)
            assert text in event.text
            assert event.author.id
            assert event.conversation
            assert event.occurred_at.tzinfo is not None
        assert len({event.id for event in seen}) == 3
        for place, event in enumerate(seen[:-1]):
            async with world.connect() as adapter:
                rest = await take(adapter, 2 - place, after={**after, event.source: event.cursor})
            assert [again.id for again in rest] == [later.id for later in seen[place + 1 :]]

    @pytest.mark.asyncio
    async def test_what_was_said_before_a_new_account_began_is_not_heard(self, world: World) -> None:
        await world.mention_bot("long ago")
        async with world.connect() as adapter:
            after = await adapter.now()
            await world.mention_bot("just now")
            (event,) = await take(adapter, 1, after=after)
        assert isinstance(event, TextEvent)
        assert "just now" in event.text

    @pytest.mark.asyncio
    async def test_nothing_is_lost_or_doubled_between_what_was_missed_and_the_live_stream(self, world: World) -> None:
        texts = [f"mention {number:02}" for number in range(24)]
        async with world.connect() as adapter:
            after = await adapter.now()
            await world.mention_bot(texts[0])
            async with listening(adapter, after=after) as listener:
                for text in texts[1:]:
                    await world.mention_bot(text)
                    await asyncio.sleep(0.02)
                await listener.until(texts[-1])
                assert [text[-10:] for text in listener.texts()] == texts
                assert len({event.id for event in listener.seen}) == len(texts)

    @pytest.mark.asyncio
    async def test_an_answer_to_us_is_a_reply_to_that_post(self, world: World) -> None:
        async with world.connect() as adapter:
            after = await adapter.now()
            receipt = await adapter.publish(Intent(adapter, Post(text="lamp lit")).next_try())
            await world.reply_to_bot(receipt.ref, "well done")
            (event,) = await take(adapter, 1, after=after)
        assert isinstance(event, ReplyReceived)
        assert event.in_reply_to is not None
        assert event.in_reply_to.id == receipt.ref.id

    @pytest.mark.asyncio
    async def test_a_direct_message_is_heard_as_one(self, world: World) -> None:
        async with world.connect() as adapter:
            if Kind.DIRECT_MESSAGE not in adapter.capabilities.kinds:
                pytest.skip("this account hears no direct messages")
            after = await adapter.now()
            person = await world.message_bot("between us")
            (event,) = await take(adapter, 1, after=after)
        assert isinstance(event, DirectMessageReceived)
        assert (event.text, event.author.id) == ("between us", person)

    @pytest.mark.asyncio
    async def test_the_bot_does_not_hear_itself(self, world: World) -> None:
        async with world.connect() as adapter:
            after = await adapter.now()
            async with listening(adapter, after=after) as listener:
                await adapter.publish(Intent(adapter, Post(text=f"I am @{adapter.me.handle}")).next_try())
                await world.bot_says_elsewhere("an echo")
                await world.mention_bot("the end")
                await listener.until("the end")
                assert len(listener.texts()) == 1

    @pytest.mark.asyncio
    async def test_a_stream_that_is_cut_comes_back_without_a_loss(self, world: World) -> None:
        async with world.connect() as adapter:
            after = await adapter.now()
            async with listening(adapter, after=after) as listener:
                await world.mention_bot("before")
                await listener.until("before")
                await world.drop_stream()
                await world.mention_bot("meanwhile")
                await listener.until("meanwhile")
                await world.mention_bot("afterwards")
                await listener.until("afterwards")
                self._same_event_has_the_same_id(listener.seen, 3)

    @pytest.mark.asyncio
    async def test_a_stream_that_is_open_and_silent_is_noticed(self, world: World) -> None:
        async with world.connect() as adapter:
            after = await adapter.now()
            async with listening(adapter, after=after) as listener:
                await world.mention_bot("before")
                await listener.until("before")
                await asyncio.sleep(0.5)  # let everything that still announces it come in before the silence
                await world.silence_stream()
                await world.mention_bot("into the silence")
                await listener.until("into the silence")

    @pytest.mark.asyncio
    async def test_an_event_that_is_delivered_twice_keeps_its_id(self, world: World) -> None:
        async with world.connect() as adapter:
            after = await adapter.now()
            async with listening(adapter, after=after) as listener:
                await world.redeliver_next()
                await world.mention_bot("said once")
                await world.mention_bot("the end")
                await listener.until("the end")
                self._same_event_has_the_same_id(listener.seen, 2)

    @pytest.mark.asyncio
    async def test_events_in_another_order_are_all_heard(self, world: World) -> None:
        async with world.connect() as adapter:
            after = await adapter.now()
            async with listening(adapter, after=after) as listener:
                await world.reorder_next()
                await world.mention_bot("first")
                await world.mention_bot("second")
                await listener.until("first")
                await listener.until("second")
                self._same_event_has_the_same_id(listener.seen, 2)
        async with world.connect() as adapter:
            latest = max(listener.seen, key=lambda event: event.occurred_at)
            await world.mention_bot("third")
            (event,) = await take(adapter, 1, after={**after, latest.source: latest.cursor})
        assert isinstance(event, TextEvent)
        assert "third" in event.text

    # Coming and going ------------------------------------------------------------------------------------------------

    @pytest.mark.asyncio
    async def test_leaving_leaves_no_task_and_no_connection(self, world: World) -> None:
        tasks = asyncio.all_tasks()
        async with world.connect() as adapter:
            await adapter.publish(Intent(adapter, Post(text="hi")).next_try())
            after = await adapter.now()
            await world.mention_bot("one")
            await take(adapter, 1, after=after)
        await no_new_task(tasks)

        async def closed() -> bool:
            return world.open_connections() == 0

        await wait_until(closed, "the end of every connection")

    @pytest.mark.asyncio
    async def test_leaving_while_listening_leaves_no_task(self, world: World) -> None:
        tasks = asyncio.all_tasks()
        async with world.connect() as adapter:
            after = await adapter.now()
            await world.mention_bot("one")
            stream = adapter.events(after=after)
            async with asyncio.timeout(PATIENCE):
                await anext(stream)
        await no_new_task(tasks)
        await stream.aclose()

    @pytest.mark.asyncio
    async def test_leaving_twice_is_fine(self, world: World) -> None:
        adapter = world.connect()
        await adapter.__aenter__()
        await adapter.__aexit__(None, None, None)
        await adapter.__aexit__(None, None, None)

    @pytest.mark.asyncio
    async def test_a_publication_that_is_cancelled_leaves_no_task_and_a_working_adapter(self, world: World) -> None:
        async with world.connect() as adapter:
            await adapter.check()
            tasks = asyncio.all_tasks()
            await world.delay_next(2.0)
            publication = asyncio.create_task(
                adapter.publish(Intent(adapter, Post(text="cancelled"), key="k1").next_try())
            )
            await asyncio.sleep(0.2)
            publication.cancel()
            with pytest.raises(asyncio.CancelledError):
                await publication
            await no_new_task(tasks)
            await adapter.publish(Intent(adapter, Post(text="goes on"), key="k2").next_try())
        assert (await texts_of(world))[-1] == "goes on"

    @pytest.mark.asyncio
    async def test_secrets_are_in_no_log_no_message_and_no_representation(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        secrets = world.secrets()
        seen: list[str] = []
        with caplog.at_level(logging.DEBUG):
            async with world.connect() as adapter:
                seen.append(f"{adapter!r}{adapter.me!r}{await adapter.check()!r}{vars(adapter)!r}")
                after = await adapter.now()
                orders: tuple[Callable[[], Awaitable[None]], ...] = (
                    lambda: world.answer_next(500),
                    lambda: world.answer_next(429, retry_after=1),
                    world.garble_next,
                    world.lose_next_answer,
                    world.revoke_token,
                )
                for order in orders:
                    await order()
                    intent = Intent(adapter, Post(text="hush"))
                    seen.append(repr(intent.next_try()))
                    with pytest.raises(AdapterError) as caught:
                        await adapter.publish(intent.next_try())
                    seen.append(shown(caught.value))
                with pytest.raises(AuthenticationFailed) as refused:
                    await take(adapter, 1, after=after)
                seen.append(shown(refused.value))
        seen.extend(f"{record.getMessage()}{record.exc_text}{record.args}" for record in caplog.records)
        for secret in secrets:
            assert secret
            assert not any(secret in text for text in seen)

    # What can be done beside posting ---------------------------------------------------------------------------------

    @pytest.mark.asyncio
    async def test_deleting_twice_is_fine(self, world: World) -> None:
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsDelete):
                pytest.skip("this adapter cannot delete")
            receipt = await adapter.publish(Intent(adapter, Post(text="hi")).next_try())
            await adapter.delete(receipt.ref)
            await adapter.delete(receipt.ref)
        assert await world.published() == []

    @pytest.mark.asyncio
    async def test_editing_replaces_the_text_and_says_when_the_post_is_gone(self, world: World) -> None:
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsEdit):
                pytest.skip("this adapter cannot edit")
            receipt = await adapter.publish(Intent(adapter, Post(text="wind wset")).next_try())
            await adapter.edit(receipt.ref, "wind west")
            await adapter.edit(receipt.ref, "wind west")
            assert await texts_of(world) == ["wind west"]
            await world.remove(receipt.ref)
            with pytest.raises(TargetGone):
                await adapter.edit(receipt.ref, "wind north")

    @pytest.mark.asyncio
    async def test_reacting_twice_leaves_one_reaction(self, world: World) -> None:
        target = await world.post_of_somebody("like me")
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsReact):
                pytest.skip("this adapter cannot react")
            await adapter.react(target)
            await adapter.react(target)
            assert await world.likes(target) == 1
            await world.remove(target)
            with pytest.raises(TargetGone):
                await adapter.react(target)

    @pytest.mark.asyncio
    async def test_reposting_twice_is_reposting_once(self, world: World) -> None:
        target = await world.post_of_somebody("share me")
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsRepost):
                pytest.skip("this adapter cannot repost")
            await adapter.repost(target)
            await adapter.repost(target)
            if isinstance(adapter, SupportsMetrics):
                assert (await adapter.metrics(target)).reposts in (1, None)
            await world.remove(target)
            with pytest.raises(TargetGone):
                await adapter.repost(target)

    @pytest.mark.asyncio
    async def test_following_twice_is_fine(self, world: World) -> None:
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsFollow):
                pytest.skip("this adapter cannot follow")
            after = await adapter.now()
            await world.mention_bot("follow me")
            (event,) = await take(adapter, 1, after=after)
            assert isinstance(event, TextEvent)
            await adapter.follow(event.author.id)
            await adapter.follow(event.author.id)

    @pytest.mark.asyncio
    async def test_a_thread_is_what_was_said_above_oldest_first(self, world: World) -> None:
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsThread):
                pytest.skip("this adapter cannot read threads")
            above: list[PostRef] = []
            for number, text in enumerate(("one", "two", "three")):
                post = Post(text=text, in_reply_to=above[-1] if above else None)
                above.append((await adapter.publish(Intent(adapter, post, key=f"k{number}").next_try())).ref)
            thread = await adapter.thread(above[2])
            assert [(post.text, post.ref.id) for post in thread] == [("one", above[0].id), ("two", above[1].id)]
            assert {post.author.id for post in thread} == {adapter.me.id}
            assert [post.text for post in await adapter.thread(above[2], limit=1)] == ["two"]
            assert await adapter.thread(above[0]) == ()

    @pytest.mark.asyncio
    async def test_counting_says_what_a_post_received_and_when_it_is_gone(self, world: World) -> None:
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsMetrics):
                pytest.skip("this adapter cannot count")
            receipt = await adapter.publish(Intent(adapter, Post(text="count me")).next_try())
            await world.reply_to_bot(receipt.ref, "one")
            assert (await adapter.metrics(receipt.ref)).replies in (1, None)
            await world.remove(receipt.ref)
            with pytest.raises(TargetGone):
                await adapter.metrics(receipt.ref)

    # The suite itself ------------------------------------------------------------------------------------------------

    def test_no_conformance_test_is_overridden(self) -> None:
        for name, test in vars(AdapterConformance).items():
            mine = getattr(type(self), name, None)
            if not name.startswith("test_") or mine is test:
                continue
            marks = getattr(mine, "pytestmark", [])
            assert any(mark.name == "xfail" and mark.kwargs.get("reason") for mark in marks), (
                f"{name} is overridden: mark it xfail with a reason instead"
            )

    async def _found(self, adapter: Adapter, intent: Intent) -> Found:
        """Ask until the post is found; `Absent` on the way, or no end, fails."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while asyncio.get_running_loop().time() < deadline:
            verdict = await adapter.find(intent.last_try())
            if isinstance(verdict, Found):
                return verdict
            assert isinstance(verdict, Undecided), "it went out, and is said to be absent"
            assert not verdict.final, verdict.reason
            await asyncio.sleep(0.05)
        raise AssertionError("the post is not found")

    def _same_event_has_the_same_id(self, seen: Sequence[Event], different: int) -> None:
        ids: dict[str, str] = {}
        for event in seen:
            if isinstance(event, TextEvent):
                assert ids.setdefault(event.text, event.id) == event.id
        assert len(ids) == len(set(ids.values())) == different
