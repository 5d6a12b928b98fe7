"""The conformance suite is itself tested: each planted bug makes the test fail that is there for it.

A weakened assertion is noticed here. That the same tests pass without the bug is `test_stage_conformance.py`.
"""

import asyncio
import itertools
import unicodedata
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Self

import pytest
from typing_extensions import override

from greenroom_adapters.contract import (
    Absent,
    AdapterError,
    Attempt,
    Event,
    Forbidden,
    Found,
    MentionReceived,
    OutcomeUnknown,
    OwnPostSeen,
    Post,
    PostRef,
    RateLimited,
    Receipt,
    TargetGone,
    Unavailable,
    Undecided,
)
from greenroom_adapters.stage import StageAdapter, StageSettings
from greenroom_adapters.testing import AdapterConformance
from greenroom_adapters.testing.conformance import tools

# Publishing ----------------------------------------------------------------------------------------------------------


class PostsTwice(StageAdapter):
    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        await super().publish(replace(attempt, key=f"{attempt.key}-again"))
        return await super().publish(attempt)


class ComposesAccents(StageAdapter):
    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        text = unicodedata.normalize("NFC", attempt.post.text)
        return await super().publish(replace(attempt, post=replace(attempt.post, text=text)))


class ForgetsTheTarget(StageAdapter):
    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        return await super().publish(replace(attempt, post=replace(attempt.post, in_reply_to=None)))


class WritesItsOwnKeyOnReceipts(StageAdapter):
    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        return replace(await super().publish(attempt), key="mine")


class NewKeyPerTry(StageAdapter):
    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        receipt = await super().publish(replace(attempt, key=f"{attempt.key}-{attempt.number}"))
        return replace(receipt, key=attempt.key)


class ChecksNoLength(StageAdapter):
    @override
    def prepare(self, post: Post, *, key: str) -> bytes:
        return b""


class CountsOneTooMany(StageAdapter):
    @override
    def prepare(self, post: Post, *, key: str) -> bytes:
        return super().prepare(replace(post, text=post.text[:-1]), key=key)


class ForgetsTheFirstPhase(StageAdapter):
    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        return await super().publish(replace(attempt, state=None))


class SavesNoCheckpoint(StageAdapter):
    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        async def save(state: bytes) -> None:
            return

        return await super().publish(replace(attempt, save=save))


class RepeatsByItself(StageAdapter):
    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        try:
            return await super().publish(attempt)
        except OutcomeUnknown:
            return await super().publish(attempt)


class SaysNothingWentOut(StageAdapter):
    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        try:
            return await super().publish(attempt)
        except OutcomeUnknown as error:
            raise Unavailable(str(error)) from error


class GuessesTheWait(StageAdapter):
    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        try:
            return await super().publish(attempt)
        except RateLimited as error:
            raise RateLimited(str(error), retry_after=timedelta(minutes=1), platform="p", account="a") from error


class ShowsItsToken(StageAdapter):
    def __init__(self, settings: StageSettings, *, account: str) -> None:
        super().__init__(settings, account=account)
        self.token = settings.token

    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        try:
            return await super().publish(attempt)
        except OutcomeUnknown as error:
            shown = self.token.reveal() if self.token else ""
            raise OutcomeUnknown(f"{error}: Authorization: Bearer {shown}") from error


class GoesOnAfterCancellation(StageAdapter):
    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        return await asyncio.shield(asyncio.ensure_future(super().publish(attempt)))


# Finding -------------------------------------------------------------------------------------------------------------


class FindsNothing(StageAdapter):
    @override
    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        return Absent()


class FindsAnything(StageAdapter):
    last: Receipt | None = None

    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        self.last = await super().publish(attempt)
        return self.last

    @override
    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        return Found(receipt=self.last) if self.last else await super().find(attempt)


class SaysAbsentTooEarly(StageAdapter):
    @override
    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        verdict = await super().find(attempt)
        return Absent() if isinstance(verdict, Undecided) else verdict


class CountsFromTheFirstTry(StageAdapter):
    @override
    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        return await super().find(replace(attempt, last_tried_at=attempt.first_tried_at))


class TakesTheWordsOfYesterday(StageAdapter):
    @override
    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        return await super().find(replace(attempt, first_tried_at=attempt.first_tried_at - timedelta(days=1)))


class OverlooksDeletions(StageAdapter):
    @override
    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        verdict = await super().find(attempt)
        return Absent() if isinstance(verdict, Undecided) and verdict.final else verdict


# Listening -----------------------------------------------------------------------------------------------------------


class IgnoresTheCursor(StageAdapter):
    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        async for event in super().events(after=dict.fromkeys(after, "0")):
            yield event


class LosesWhatComesInBetween(StageAdapter):
    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        await asyncio.sleep(0.1)
        async for event in super().events(after=await self.now()):
            yield event


class TellsNoDigestOfTheKey(StageAdapter):
    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        async for event in super().events(after=after):
            yield replace(event, key=event.post.id) if isinstance(event, OwnPostSeen) else event


class HearsItself(StageAdapter):
    echo: list[Receipt]

    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        receipt = await super().publish(attempt)
        self.echo = [receipt]
        return receipt

    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        async for event in super().events(after=after):
            if self.echo:
                yield MentionReceived(
                    id="echo",
                    source=event.source,
                    cursor=event.cursor,
                    occurred_at=event.occurred_at,
                    post=self.echo.pop().ref,
                    author=self.me,
                    text="that was me",
                    conversation="c",
                )
            yield event


class NewIdPerDelivery(StageAdapter):
    numbers = itertools.count()

    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        async for event in super().events(after=after):
            yield replace(event, id=f"{next(self.numbers)}")


class TrustsTheStream(StageAdapter):
    def __init__(self, settings: StageSettings, *, account: str) -> None:
        super().__init__(settings, account=account, poll_every=timedelta(hours=1))


class ListensOnWithoutRights(StageAdapter):
    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        try:
            async for event in super().events(after=after):
                yield event
        except AdapterError:
            await asyncio.sleep(3600)


# Coming and going ----------------------------------------------------------------------------------------------------


class LeaksATask(StageAdapter):
    @override
    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.task = asyncio.create_task(asyncio.sleep(3600))
        return self


class DeletesOnce(StageAdapter):
    @override
    async def delete(self, ref: PostRef) -> None:
        await self.metrics(ref)
        await super().delete(ref)


class ComesInOnce(StageAdapter):
    _rooms: frozenset[str] = frozenset()

    @override
    async def come_in(self, room: str) -> None:
        if room in self._rooms:
            raise Forbidden("it is in there already", platform=self.platform, account="bot")
        self._rooms |= {room}
        await super().come_in(room)


class StaysOutside(StageAdapter):
    @override
    async def come_in(self, room: str) -> None:
        return


class ReactsToWhatIsGone(StageAdapter):
    @override
    async def react(self, ref: PostRef, reaction: str = "like") -> None:
        try:
            await super().react(ref, reaction)
        except TargetGone:
            return


@dataclass(frozen=True, kw_only=True)
class Plant:
    """A bug, and the test that must fail because of it."""

    bug: type[StageAdapter]
    test: str
    platform: str = "keyed"
    arguments: Mapping[str, object] | None = None


AWKWARD = "e\u0301"
COMING_IN = "who_comes_into_a_room_twice_is_in_it_and_hears_what_is_said_there_once"
PLANTS = (
    Plant(bug=PostsTwice, test="published_text_is_what_was_asked_for", arguments={"text": "plain"}),
    Plant(bug=ComposesAccents, test="published_text_is_what_was_asked_for", arguments={"text": AWKWARD}),
    Plant(bug=WritesItsOwnKeyOnReceipts, test="published_text_is_what_was_asked_for", arguments={"text": "plain"}),
    Plant(bug=ForgetsTheTarget, test="an_answer_stands_below_what_it_answers"),
    Plant(bug=NewKeyPerTry, test="publishing_twice_under_one_key_posts_once"),
    Plant(bug=NewKeyPerTry, test="every_try_carries_the_key_that_delivery_made"),
    Plant(bug=ChecksNoLength, test="a_text_over_the_limit_is_refused_before_anything_goes_out"),
    Plant(bug=CountsOneTooMany, test="a_text_over_the_limit_is_refused_before_anything_goes_out"),
    Plant(bug=CountsOneTooMany, test="the_platform_counts_awkward_characters_as_we_do"),
    Plant(
        bug=ForgetsTheFirstPhase,
        test="two_phases_resume_from_their_checkpoint_and_post_once",
        platform="two_phase",
    ),
    Plant(bug=SavesNoCheckpoint, test="two_phases_resume_from_their_checkpoint_and_post_once", platform="two_phase"),
    Plant(bug=SavesNoCheckpoint, test="nothing_goes_out_before_the_checkpoint_is_on_disk", platform="two_phase"),
    Plant(
        bug=RepeatsByItself,
        test="a_request_that_is_cut_off_leaves_the_outcome_unknown_and_is_not_repeated",
        platform="listed",
    ),
    Plant(bug=SaysNothingWentOut, test="an_answer_that_is_lost_leaves_the_outcome_unknown"),
    Plant(bug=SaysNothingWentOut, test="an_answer_that_is_nonsense_leaves_the_outcome_unknown"),
    Plant(bug=SaysNothingWentOut, test="a_server_that_fails_leaves_the_outcome_unknown", arguments={"status": 503}),
    Plant(bug=GuessesTheWait, test="being_asked_to_wait_says_how_long_and_nothing_goes_out"),
    Plant(bug=ShowsItsToken, test="secrets_are_in_no_log_no_message_and_no_representation"),
    Plant(bug=GoesOnAfterCancellation, test="a_publication_that_is_cancelled_leaves_no_task_and_a_working_adapter"),
    Plant(bug=FindsNothing, test="a_post_whose_answer_was_lost_is_found"),
    Plant(bug=FindsNothing, test="a_post_whose_answer_was_lost_is_found", platform="none"),
    Plant(bug=FindsAnything, test="finding_invents_nothing", platform="listed"),
    Plant(bug=SaysAbsentTooEarly, test="absence_is_not_said_before_it_is_certain", platform="listed"),
    Plant(bug=SaysAbsentTooEarly, test="a_post_that_is_taken_late_is_never_said_to_be_absent", platform="two_phase"),
    Plant(bug=CountsFromTheFirstTry, test="a_retry_moves_the_moment_from_which_absence_is_certain"),
    Plant(bug=TakesTheWordsOfYesterday, test="an_older_post_with_the_same_words_is_not_taken_for_this_one"),
    Plant(bug=FindsAnything, test="an_older_post_with_the_same_words_is_not_taken_for_this_one", platform="two_phase"),
    Plant(bug=OverlooksDeletions, test="a_post_that_somebody_deleted_is_not_absent", platform="listed"),
    Plant(bug=IgnoresTheCursor, test="mentions_arrive_and_resume_after_a_cursor"),
    Plant(bug=IgnoresTheCursor, test="what_was_said_before_a_new_account_began_is_not_heard"),
    Plant(
        bug=LosesWhatComesInBetween,
        test="nothing_is_lost_or_doubled_between_what_was_missed_and_the_live_stream",
    ),
    Plant(bug=HearsItself, test="the_bot_does_not_hear_itself"),
    Plant(bug=TellsNoDigestOfTheKey, test="the_bot_does_not_hear_itself"),
    Plant(bug=NewIdPerDelivery, test="mentions_arrive_and_resume_after_a_cursor"),
    Plant(bug=TrustsTheStream, test="a_stream_that_is_open_and_silent_is_noticed"),
    Plant(bug=ListensOnWithoutRights, test="credentials_that_stop_working_end_the_events_with_the_reason"),
    Plant(bug=LeaksATask, test="leaving_leaves_no_task_and_no_connection"),
    Plant(bug=DeletesOnce, test="deleting_twice_is_fine"),
    Plant(bug=ComesInOnce, test=COMING_IN, arguments={"is_there": True}),
    Plant(bug=StaysOutside, test=COMING_IN, arguments={"is_there": True}),
    Plant(bug=StaysOutside, test=COMING_IN, arguments={"is_there": False}),
    Plant(bug=ReactsToWhatIsGone, test="reacting_twice_leaves_one_reaction"),
)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.bug.__name__}-{plant.test}")
@pytest.mark.asyncio
async def test_the_suite_catches(
    plant: Plant,
    stage_world: Callable[..., Awaitable[Any]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tools, "PATIENCE", 2.0)
    world = await stage_world(plant.platform, lambda settings, account: plant.bug(settings, account=account))
    test = getattr(AdapterConformance(), f"test_{plant.test}")
    arguments = dict(plant.arguments or {})
    if "caplog" in test.__code__.co_varnames:
        arguments["caplog"] = caplog
    with pytest.raises((AssertionError, pytest.fail.Exception, AdapterError, TimeoutError)):
        await test(world, **arguments)


def test_a_conformance_test_that_is_overridden_is_noticed() -> None:
    class Softened(AdapterConformance):
        @override
        async def test_deleting_twice_is_fine(self, world: Any) -> None:
            return

    with pytest.raises(AssertionError, match="test_deleting_twice_is_fine is overridden"):
        Softened().test_no_conformance_test_is_overridden()


def test_a_conformance_test_that_is_expected_to_fail_may_be_overridden_with_its_reason() -> None:
    class Honest(AdapterConformance):
        @pytest.mark.xfail(reason="this platform keeps what was deleted")
        @override
        async def test_deleting_twice_is_fine(self, world: Any) -> None:
            await super().test_deleting_twice_is_fine(world)

    Honest().test_no_conformance_test_is_overridden()
