"""Brings one post out: a video that goes up in pieces, or pictures that TikTok fetches; and waits until it is there."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from typing_extensions import override

from greenroom_adapters.contract import (
    AdapterError,
    Attempt,
    AuthenticationFailed,
    Capabilities,
    ConfigurationError,
    Forbidden,
    MediaRefused,
    OutcomeUnknown,
    Post,
    PostRef,
    PostRejected,
    RateLimited,
    Receipt,
    TargetGone,
    TooLong,
    Unavailable,
    Unsupported,
)
from greenroom_adapters.media import glance
from greenroom_adapters.recognising import Claims, is_like
from greenroom_adapters.remembering import Checkpoint
from greenroom_adapters.text import fits
from greenroom_adapters.tiktok.abilities import LEVELS, LONGEST_DESCRIPTION, PICTURES, SHOWN, media_limit_of
from greenroom_adapters.tiktok.api import Api, Upload
from greenroom_adapters.tiktok.chunks import Pieces, pieces_of
from greenroom_adapters.tiktok.errors import failure
from greenroom_adapters.tiktok.rates import Rate
from greenroom_adapters.tiktok.refs import ref_of
from greenroom_adapters.tiktok.settings import TikTokSettings
from greenroom_adapters.tiktok.wire import WireCreatorData, WireStatusData, WireVideo
from greenroom_adapters.transport import Answer, answered_at
from greenroom_adapters.webhooks import Lending

__all__ = ["COMPLETE", "FAILED", "INBOX", "LIES_THERE", "Progress", "Publishing", "is_of_pictures"]

ADDRESS_GOOD_FOR = timedelta(minutes=70)
"""TikTok lets an upload begin and go on for an hour. What is not whole after that never will be."""
SKEW = timedelta(minutes=5)
"""How far TikTok's clock and the one that recorded the try may differ."""
PAGES = 5
LAST_MOMENT = 2**33
"""A later one, in epoch seconds, is a mistake and must not overflow anything."""
COMPLETE, FAILED, INBOX = "PUBLISH_COMPLETE", "FAILED", "SEND_TO_USER_INBOX"
LIES_THERE = "it lies in the account's inbox: finish it in the app"


class Progress(Checkpoint, frozen=True, kw_only=True):
    """How far a post is: the checkpoint of an attempt."""

    begun_at: datetime
    """When it was announced; aware."""
    publishing: str = ""
    """What it is called while it comes into being; empty: pictures are announced, and TikTok's answer is not known."""
    address: str = ""
    """Where the bytes of a video go: whoever has it can send them, for an hour. Empty: of pictures."""
    size: int = 0
    piece: int = 0

    @override
    def __repr__(self) -> str:
        return f"Progress(begun_at={self.begun_at!r}, publishing={self.publishing!r})"

    @property
    def pieces(self) -> Pieces:
        """How the video was cut."""
        return Pieces(size=self.size, piece=self.piece)

    def is_whole(self, told: WireStatusData) -> bool:
        """Say whether TikTok has all that it needs, so that the post comes by itself."""
        return not self.address or told.uploaded_bytes >= self.size or told.status != "PROCESSING_UPLOAD"


class Publishing:
    """The mouth of one account."""

    def __init__(
        self,
        api: Api,
        claims: Claims,
        lending: Lending | None,
        *,
        settings: TikTokSettings,
        capabilities: Callable[[], Capabilities],
        handle: Callable[[], str],
        beginnings: Rate,
        now: Callable[[], datetime],
        look_every: float,
    ) -> None:
        """`lending` gives pictures out; None: there are none. `beginnings` is how often a post may be announced, and
        `look_every` the seconds between two looks at one."""
        self._api = api
        self._claims = claims
        self._lending = lending
        self._settings = settings
        self._capabilities = capabilities
        self._handle = handle
        self._beginnings = beginnings
        self._now = now
        self._look_every = look_every

    # Before the first try --------------------------------------------------------------------------------------------

    def prepare(self, post: Post, *, key: str) -> bytes:
        """Refuse what TikTok would refuse; nothing has to be fixed."""
        lacking = self._capabilities().lacks(post) or _misdirected(post)
        if lacking is not None:
            raise self._error(Unsupported, lacking)
        limits = self._capabilities().limits
        for limit in limits.text:
            if not fits(post.text, (limit,)):
                raise self._error(TooLong, f"the text is over {limit.length} {limit.rule}")
        if is_of_pictures(post) and not fits(self.words(post), LONGEST_DESCRIPTION):
            raise self._error(TooLong, "the text is too long with `generated_line` below it")
        if not post.media:
            raise self._error(MediaRefused, "a post on TikTok needs a video or a picture: write `picture` below it")
        if is_of_pictures(post) and self._lending is None:
            raise self._error(
                MediaRefused, "TikTok fetches pictures from an address of yours: write `media_url` below the account"
            )
        if limits.media is not None:
            try:
                glance(post.media, limits.media)
            except MediaRefused as refused:
                raise self._error(MediaRefused, str(refused)) from None
        return b""

    def words(self, post: Post) -> str:
        """Return what stands beside the video or the pictures of a post."""
        line = self._settings.generated_line
        if line and is_of_pictures(post) and any(one.is_generated for one in post.media):
            return f"{post.text}\n\n{line}" if post.text else line
        return post.text

    # One try ---------------------------------------------------------------------------------------------------------

    async def publish(self, attempt: Attempt) -> Receipt:
        """Make one try: go on with what an earlier one began, or begin."""
        clock = asyncio.get_running_loop().time
        ends = clock() + self._capabilities().publish_deadline.total_seconds()

        def left() -> timedelta:
            return timedelta(seconds=ends - clock())

        progress = Progress.read(attempt.state)
        if progress is not None and progress.publishing:
            told, answer = await self._known(progress)
            if told.status == COMPLETE:
                return self.receipt(attempt, progress, told, answer)
            if not self._is_over(progress, told):
                return await self._go_on(attempt, progress, told, left)
        return await self._begin(attempt, left)

    async def _known(self, progress: Progress) -> tuple[WireStatusData, Answer]:
        try:
            return await self._api.status(progress.publishing)
        except TargetGone as gone:
            raise self._error(OutcomeUnknown, f"what became of it is not known to TikTok any more: {gone}") from None

    def _is_over(self, progress: Progress, told: WireStatusData) -> bool:
        """Say whether nothing will become of what an earlier try began, so that it may be begun anew.

        :raises PostRejected: nor would anything become of another
        """
        if told.status == FAILED:
            failed = failure(self._api.http, told.fail_reason)
            if isinstance(failed, PostRejected):
                raise failed
            return True
        return not progress.is_whole(told) and self._now() - progress.begun_at > ADDRESS_GOOD_FOR

    async def _begin(self, attempt: Attempt, left: Callable[[], timedelta]) -> Receipt:
        post = attempt.post
        if is_of_pictures(post):
            return await self._pictures(attempt, None, left)
        if not post.media:
            raise self._error(MediaRefused, "a post on TikTok needs a video or a picture")
        creator = await self._ready(post)
        pieces = pieces_of(await self._size(post))
        begun = await self._api.begin_video(self._info(post, creator), pieces, deadline=left())
        progress = Progress(
            begun_at=self._now(),
            publishing=begun.publish_id,
            address=begun.upload_url,
            size=pieces.size,
            piece=pieces.piece,
        )
        await attempt.checkpoint(progress.stored())
        await self._send(attempt, progress, 0, left)
        return await self._wait_for(attempt, progress, left)

    async def _go_on(
        self, attempt: Attempt, progress: Progress, told: WireStatusData, left: Callable[[], timedelta]
    ) -> Receipt:
        if not progress.address:
            return await self._pictures(attempt, progress, left)
        if not progress.is_whole(told):
            await self._send(attempt, progress, told.uploaded_bytes, left)
        return await self._wait_for(attempt, progress, left)

    async def _send(self, attempt: Attempt, progress: Progress, arrived: int, left: Callable[[], timedelta]) -> None:
        """Send the pieces of a video that TikTok has not yet, one after the other."""
        media, pieces = attempt.post.media[0], progress.pieces
        if await self._size(attempt.post) != pieces.size:
            raise self._error(MediaRefused, "the video is another file than the one that was announced")
        async with Upload(self._api, progress.address, media.media_type) as way:
            for number in range(pieces.after(arrived), pieces.count):
                if left() <= timedelta(0):
                    raise self._error(Unavailable, "the video is still on its way up; it is gone on with")
                first, end = pieces.span(number)
                content = await asyncio.to_thread(_read, media.path, first, end)
                is_last = pieces.is_last(number)
                await way.send(content, first, pieces.size, is_last=is_last, deadline=left())

    async def _pictures(self, attempt: Attempt, progress: Progress | None, left: Callable[[], timedelta]) -> Receipt:
        """Have TikTok fetch the pictures, which are given out meanwhile."""
        post, lending = attempt.post, self._lending
        if lending is None:
            raise self._error(MediaRefused, "there is no `media_url` any more, from which TikTok fetches pictures")
        try:
            async with lending.lent(attempt.key, post.media) as addresses:
                if progress is None:
                    creator = await self._ready(post)
                    progress = Progress(begun_at=self._now())
                    # from here on it may go out: that is on disk first
                    await attempt.checkpoint(progress.stored())
                    begun = await self._api.begin_pictures(self._info(post, creator), addresses, deadline=left())
                    progress = msgspec.structs.replace(progress, publishing=begun.publish_id)
                    await attempt.checkpoint(progress.stored())
                return await self._wait_for(attempt, progress, left)
        except ConfigurationError as trouble:
            raise self._error(Unavailable, f"TikTok cannot fetch the pictures: {trouble}") from None

    async def _wait_for(self, attempt: Attempt, progress: Progress, left: Callable[[], timedelta]) -> Receipt:
        """Return when the post is there. All that TikTok needs is on its way, so what cannot be seen now may be."""
        while True:
            match await self._seen(progress):
                case WireStatusData(status="PUBLISH_COMPLETE") as told, answer:
                    return self.receipt(attempt, progress, told, answer)
                case WireStatusData(status="FAILED") as told, _:
                    raise failure(self._api.http, told.fail_reason)
                case WireStatusData(status="SEND_TO_USER_INBOX"), _:
                    raise self._error(OutcomeUnknown, LIES_THERE)
                case _:
                    pass
            if left() < timedelta(seconds=self._look_every):
                raise self._error(OutcomeUnknown, "TikTok has it, and still works on it")
            await asyncio.sleep(self._look_every)

    async def _seen(self, progress: Progress) -> tuple[WireStatusData, Answer] | None:
        """Return how far a post is; None: that cannot be seen now."""
        try:
            return await self._api.status(progress.publishing)
        except Unavailable:
            return None
        except (AuthenticationFailed, PostRejected) as lost:
            raise self._error(OutcomeUnknown, f"it cannot be seen what became of it: {lost}") from None

    async def _ready(self, post: Post) -> WireCreatorData:
        """Return what the account may post now, where it may post this at all."""
        if wait := self._beginnings.wait():
            http = self._api.http
            words = "TikTok lets an account begin six posts a minute"
            raise RateLimited(words, retry_after=wait, platform=http.platform, account=http.account)
        # before anything is waited for: others begin meanwhile
        self._beginnings.note()
        creator = await self._api.creator()
        level = self._level(post)
        if level not in creator.privacy_level_options:
            named = " or ".join(word for word, one in LEVELS.items() if one in creator.privacy_level_options)
            words = f"TikTok lets posts of the account be seen by {named or 'nobody'}: change `privacy`"
            raise self._error(Forbidden, words)
        if self._settings.promotes == "paid" and level == LEVELS["me"]:
            raise self._error(Forbidden, "what somebody pays for cannot be for `me` alone: change `privacy`")
        try:
            glance(post.media, media_limit_of(creator))
        except MediaRefused as refused:
            raise self._error(MediaRefused, str(refused)) from None
        return creator

    async def _size(self, post: Post) -> int:
        path = Path(post.media[0].path)
        try:
            size = (await asyncio.to_thread(path.stat)).st_size
        except OSError as error:
            raise self._error(MediaRefused, f"{path.name} cannot be read: {error.strerror}") from None
        if not size:
            raise self._error(MediaRefused, f"{path.name} is empty")
        return size

    def _level(self, post: Post) -> str:
        return LEVELS[self._settings.privacy] if post.visibility is None else SHOWN[post.visibility]

    def _info(self, post: Post, creator: WireCreatorData) -> dict[str, Any]:
        """Return what is told of a post beside what it shows."""
        settings = self._settings
        shared = {
            "privacy_level": self._level(post),
            "disable_comment": creator.comment_disabled or not settings.comments,
            "brand_content_toggle": settings.promotes == "paid",
            "brand_organic_toggle": settings.promotes == "own",
        }
        if is_of_pictures(post):
            return {"description": self.words(post), "auto_add_music": False, **shared}
        return {
            "title": self.words(post),
            "disable_duet": creator.duet_disabled or not settings.duets,
            "disable_stitch": creator.stitch_disabled or not settings.stitches,
            "is_aigc": any(one.is_generated for one in post.media),
            **shared,
        }

    # What is there ---------------------------------------------------------------------------------------------------

    def receipt(self, attempt: Attempt, progress: Progress, told: WireStatusData, answer: Answer) -> Receipt:
        """Return the receipt of a post of which the status says that it is there."""
        ref = ref_of(
            told.post, publishing=progress.publishing, handle=self._handle(), is_video=not is_of_pictures(attempt.post)
        )
        self._claims.claim(ref.id, attempt.key)
        quota = self._beginnings.quota()
        return Receipt(key=attempt.key, ref=ref, published_at=answered_at(answer, self._now), quota=quota)

    async def listed(self, attempt: Attempt) -> Receipt | None:
        """Return the receipt of a post that stands among those which everybody sees; None: it does not, or has no words
        by which it would be known."""
        words = self.words(attempt.post)
        if not words.strip():
            return None
        oldest: Receipt | None = None
        async with aclosing(self._own(self._api.http.dated(attempt.first_tried_at)[0] - SKEW)) as posts:
            async for post, at in posts:
                is_it = is_like(words, post.video_description) or is_like(words, post.title)
                if is_it and self._claims.is_free_for(attempt.key, post.id):
                    ref = PostRef(id=post.id, url=post.share_url or None)
                    oldest = Receipt(key=attempt.key, ref=ref, published_at=at)
        if oldest is not None:
            self._claims.claim(oldest.ref.id, attempt.key)
        return oldest

    async def _own(self, since: datetime) -> AsyncGenerator[tuple[WireVideo, datetime], None]:
        """Yield the public posts from a moment on, newest first, and when each came."""
        async with aclosing(self._api.own(most=PAGES)) as pages:
            async for page in pages:
                for post in page:
                    at = datetime.fromtimestamp(min(max(post.create_time, 0), LAST_MOMENT), UTC)
                    if at < since:
                        return
                    yield post, at

    def _error(self, kind: type[AdapterError], words: str) -> AdapterError:
        return self._api.http.error(kind, words)


def is_of_pictures(post: Post) -> bool:
    """Say whether TikTok fetches what a post shows, which publishes it in one phase."""
    return any(one.media_type in PICTURES for one in post.media)


def _misdirected(post: Post) -> str | None:
    """Say why a post has nowhere to go; None: it has."""
    if post.room is not None:
        return "there are no rooms here to post in"
    if post.direct_to is not None:
        return "TikTok lets no program write to people"
    if post.in_reply_to is not None:
        return "TikTok lets no program comment"
    return None


def _read(path: str, first: int, end: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(first)
        return file.read(end - first)
