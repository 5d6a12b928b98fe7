"""Brings one post out: what it refers to, its files, then the record itself."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from greenroom_adapters.bluesky.api import Api
from greenroom_adapters.bluesky.dates import written
from greenroom_adapters.bluesky.facets import facets, marks
from greenroom_adapters.bluesky.identifiers import POST, AtUri, Tids, reference
from greenroom_adapters.bluesky.mail import Mail
from greenroom_adapters.bluesky.plan import Plan, Progress
from greenroom_adapters.bluesky.records import Attached, compose
from greenroom_adapters.bluesky.targets import Targets
from greenroom_adapters.contract import (
    Attempt,
    Capabilities,
    Media,
    MediaRefused,
    Post,
    PostRejected,
    Quota,
    Receipt,
    Surface,
    TooLong,
    Unavailable,
    Unsupported,
)
from greenroom_adapters.media import glance, load
from greenroom_adapters.text import fits
from greenroom_adapters.transport import Answer, Effect, read_quota

__all__ = ["Publishing", "quota_of"]

POINTS = 2
"""What one `putRecord` costs of the two limits below, whether it makes a record or not (the data server's own code)."""
POINT_LIMITS = frozenset({5000, 35000})
"""Limits of writes, an hour and a day, that are counted in points; others count requests."""
VIDEO = "video/"


class Publishing:
    """The mouth of one account."""

    def __init__(
        self,
        api: Api,
        targets: Targets,
        mail: Mail,
        *,
        capabilities: Capabilities,
        now: Callable[[], datetime],
    ) -> None:
        self._api = api
        self._targets = targets
        self._mail = mail
        self._capabilities = capabilities
        self._now = now
        self._tids = Tids()

    # Before the first try --------------------------------------------------------------------------------------------

    def prepare(self, post: Post, *, key: str) -> bytes:
        """Fix what must not change between tries."""
        self._check_kind(post)
        surface = Surface.POST if post.direct_to is None else Surface.DIRECT_MESSAGE
        limits = self._capabilities.limits.text_on(surface)
        if not fits(post.text, limits):
            raise self._api.error(
                TooLong, f"the text is over {' or '.join(f'{one.length} {one.rule}' for one in limits)}"
            )
        media = self._capabilities.limits.media
        if post.media and media is not None:
            try:
                glance(post.media, media)
            except MediaRefused as refused:
                raise self._api.error(MediaRefused, str(refused)) from None
        now = self._now()
        return Plan.of(post, rkey=self._tids.make(now), created_at=written(now)).stored()

    def _check_kind(self, post: Post) -> None:
        wrong = self._capabilities.lacks(post)
        if post.room is not None:
            wrong = "Bluesky has no rooms"
        elif post.direct_to is not None and Surface.DIRECT_MESSAGE not in self._capabilities.surfaces:
            wrong = "this account sends no direct messages: its app password does not allow them, or `direct` is off"
        elif post.direct_to is not None and (post.media or post.quote is not None or post.content_warning is not None):
            wrong = "a direct message is text alone"
        elif post.direct_to is None and post.in_reply_to is not None and AtUri.read(post.in_reply_to.id) is None:
            wrong = f"{post.in_reply_to.id!r} is no post on Bluesky"
        if wrong is not None:
            raise self._api.error(Unsupported, wrong)

    # One try ---------------------------------------------------------------------------------------------------------

    async def publish(self, attempt: Attempt) -> Receipt:
        """Make one try."""
        clock = asyncio.get_running_loop().time
        ends = clock() + self._capabilities.publish_deadline.total_seconds()

        def left() -> timedelta:
            remaining = timedelta(seconds=ends - clock())
            if remaining <= timedelta(0):
                raise self._api.error(Unavailable, "the server took too long before the post could be sent")
            return remaining

        plan, post = Plan.read(attempt.prepared), attempt.post
        if post.direct_to is not None:
            people = await self._people(post.text, {}, only=frozenset({post.direct_to}))
            return await self._mail.send(attempt, facets(post.text, marks(post.text), people), left)
        answered = await self._targets.answered(post.in_reply_to) if post.in_reply_to is not None else None
        quoted = await self._targets.quoted(post.quote) if post.quote is not None else None
        if answered is None:
            people = await self._people(post.text, {}, only=None)
        else:
            people = await self._people(post.text, answered.people, only=answered.spoken_to)
        attached = [await self._upload(media, left()) for media in post.media]
        if attempt.state is None:
            await attempt.checkpoint(Progress(revision=await self._revision()).stored())
        record = compose(
            post.text,
            created_at=plan.created_at,
            facets=facets(post.text, marks(post.text), people),
            answered=answered,
            quoted=quoted,
            attached=attached,
            language=post.language,
            warning=post.content_warning,
        )
        uri = AtUri(self._api.me, POST, plan.rkey)
        made, answer = await self._api.put(uri, record, replaces=None, effect=Effect.KEYED, deadline=left())
        return Receipt(
            key=attempt.key,
            ref=reference(AtUri.read(made.uri) or uri),
            published_at=datetime.fromisoformat(plan.created_at),
            quota=quota_of(answer, now=self._now()),
        )

    async def _revision(self) -> str:
        """Return the revision of our repository before this post; empty: the server does not tell."""
        try:
            return await self._api.revision()
        except PostRejected:
            return ""

    async def _people(self, text: str, known: Mapping[str, str], *, only: frozenset[str] | None) -> dict[str, str]:
        """Return who is mentioned, by handle; whoever has none of these handles is left out, and so is who is not among
        `only`: who asks must not make the account write to others."""
        if only is not None and not only:
            return {}
        people: dict[str, str] = {}
        for handle in {mark.value.casefold() for mark in marks(text) if mark.kind == "mention"}:
            try:
                people[handle] = known[handle] if handle in known else await self._api.resolve(handle)
            except PostRejected:
                continue
        return {handle: did for handle, did in people.items() if only is None or did in only}

    async def _upload(self, media: Media, left: timedelta) -> Attached:
        try:
            file = await load(media)
            blob = await self._api.upload(file.content, media_type=file.media_type, deadline=left)
        except PostRejected as refused:
            raise self._api.error(MediaRefused, str(refused)) from None
        return Attached(
            blob=blob,
            alt=file.alt,
            is_video=file.media_type.startswith(VIDEO),
            width=file.width or 0,
            height=file.height or 0,
        )


def quota_of(answer: Answer, *, now: datetime) -> Quota | None:
    """Return the limit that an answer tells of, counted in posts; None: it tells of none."""
    policy = answer.headers.get("RateLimit-Policy", "")
    told = read_quota(answer.headers, prefix="RateLimit", bucket=f"writes {policy}".strip(), now=now)
    if told is None or told.limit not in POINT_LIMITS:
        return told
    return Quota(
        bucket=told.bucket,
        limit=told.limit // POINTS,
        remaining=told.remaining // POINTS,
        resets_at=told.resets_at,
    )
