"""Brings one post or answer out: a container that is filled, and its publishing."""

from typing_extensions import override

from greenroom_adapters.contract import (
    AdapterError,
    Attempt,
    Capabilities,
    Media,
    MediaRefused,
    Post,
    PostRef,
    Receipt,
    Unavailable,
)
from greenroom_adapters.meta.graph import OutOfReach
from greenroom_adapters.meta.moments import moment
from greenroom_adapters.meta.phases import Clock, PhasedBringing
from greenroom_adapters.meta.reading_back import Seen, oldest_of
from greenroom_adapters.recognising import Claims
from greenroom_adapters.text import Askers
from greenroom_adapters.threads.api import Api
from greenroom_adapters.threads.refs import name_of, post_ref
from greenroom_adapters.threads.wire import POSTS, WirePost
from greenroom_adapters.webhooks import Lending

__all__ = ["Publishing"]

PAGES = 4
IN_THE_FILE = "INVALID_"
"""Begins the words of an error that lies in the file, so that a new container has it as well."""


class Publishing(PhasedBringing):
    """The mouth of one account."""

    def __init__(
        self,
        api: Api,
        claims: Claims,
        lending: Lending | None,
        askers: Askers,
        *,
        capabilities: Capabilities,
        now: Clock,
        look_every: float,
    ) -> None:
        """`lending` gives the files out; None: posts have words alone."""
        super().__init__(api, claims, lending, askers, capabilities=capabilities, now=now, look_every=look_every)
        self._api = api

    @override
    def prepare(self, post: Post, *, key: str) -> bytes:
        """Refuse what Threads would refuse, and fix whom the words may name."""
        self._check(post, post.text, is_place=lambda ref: name_of(ref) is not None, is_person=lambda _: False)
        if post.media and self._lending is None:
            raise self._error(
                MediaRefused, "Threads fetches pictures from an address of yours: write `media_url` below the account"
            )
        self._check_files(post)
        return self._asker(post)

    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        """Make one try."""
        return await self._post(attempt, self._time())

    @override
    def _words(self, attempt: Attempt) -> dict[str, str]:
        post, text = attempt.post, self.said(attempt)
        above = name_of(post.in_reply_to) if post.in_reply_to is not None else None
        return {**({"text": text} if text else {}), **({"reply_to_id": above} if above is not None else {})}

    @override
    def _file(self, media: Media, address: str, *, alone: bool) -> dict[str, str]:
        if media.media_type.startswith("video/"):
            return {"media_type": "VIDEO", "video_url": address, "alt_text": media.alt}
        return {"media_type": "IMAGE", "image_url": address, "alt_text": media.alt}

    @override
    def _meaning(self, why: str) -> tuple[type[AdapterError], str]:
        return (MediaRefused, "") if IN_THE_FILE in why else (Unavailable, "")

    @override
    def _ref(self, name: str, url: str | None) -> PostRef:
        return post_ref(name, url)

    @override
    async def listed(self, attempt: Attempt) -> Seen | None:
        above = attempt.post.in_reply_to
        text = self.said(attempt)
        if not text.strip():
            # any other without words would look the same
            raise OutOfReach

        def seen(post: WirePost) -> tuple[Seen, bool]:
            stands = above is None or (post.replied_to is not None and post.replied_to.id == above.id)
            is_it = stands and self.is_like(attempt, post.text)
            return (post_ref(post.id, post.permalink), moment(post.timestamp)), is_it

        pages = self._api.own(answers=above is not None, most=PAGES)
        return await oldest_of(pages, POSTS, seen, since=self._api.since(attempt), key=attempt.key, claims=self._claims)
