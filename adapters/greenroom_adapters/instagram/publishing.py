"""Brings one post, answer or message out: a post in two phases, a container that is filled, and its publishing."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from typing_extensions import override

from greenroom_adapters.contract import (
    AdapterError,
    Attempt,
    Capabilities,
    Media,
    MediaRefused,
    Post,
    PostRef,
    PostRejected,
    Receipt,
    Unavailable,
)
from greenroom_adapters.instagram.api import Api
from greenroom_adapters.instagram.refs import Place, comment_ref, media_ref, mention_ref, place_of
from greenroom_adapters.instagram.settings import InstagramSettings
from greenroom_adapters.instagram.wire import MEDIA, WireMedia
from greenroom_adapters.media import dimensions
from greenroom_adapters.meta.errors import meaning_of
from greenroom_adapters.meta.graph import OutOfReach
from greenroom_adapters.meta.mail import message_ref
from greenroom_adapters.meta.moments import moment
from greenroom_adapters.meta.phases import PhasedBringing
from greenroom_adapters.meta.reading_back import Seen, oldest_of
from greenroom_adapters.recognising import Claims, is_like
from greenroom_adapters.text import Askers
from greenroom_adapters.transport import Answer, answered_at
from greenroom_adapters.webhooks import Lending

__all__ = ["Publishing"]

HASHTAG = re.compile(r"(?<![\w&])#\w+")
NARROWEST, WIDEST = 4 / 5, 1.91
"""Width of a picture by its height."""
ROUNDING = 0.01
CODE = re.compile(r"\b(22070\d\d)\b")
PAGES = 4


class Publishing(PhasedBringing):
    """The mouth of one account."""

    def __init__(
        self,
        api: Api,
        claims: Claims,
        lending: Lending | None,
        askers: Askers,
        *,
        settings: InstagramSettings,
        capabilities: Capabilities,
        now: Callable[[], datetime],
        look_every: float,
    ) -> None:
        """`lending` gives the files out; None: nothing can be posted."""
        super().__init__(api, claims, lending, askers, capabilities=capabilities, now=now, look_every=look_every)
        self._api = api
        self._settings = settings

    # Before the first try --------------------------------------------------------------------------------------------

    @override
    def prepare(self, post: Post, *, key: str) -> bytes:
        """Refuse what Instagram would refuse, and fix whom the words of an answer may name."""
        is_direct, is_answer = post.direct_to is not None, post.in_reply_to is not None
        text = post.text if is_direct or is_answer else self.caption(post)
        self._check(post, text, is_place=lambda ref: place_of(ref) is not None, is_person=str.isdigit)
        if is_direct or is_answer:
            if post.media:
                raise self._error(MediaRefused, "answers and messages carry no pictures on Instagram")
            return self._asker(post)
        self._check_post(post)
        return b""

    def _check_post(self, post: Post) -> None:
        if not post.media:
            raise self._error(
                MediaRefused, "a post on Instagram needs a picture or a video: write `picture` below the post"
            )
        if self._lending is None:
            raise self._error(
                MediaRefused, "Instagram fetches pictures from an address of yours: write `media_url` below the account"
            )
        self._check_files(post)
        for one in post.media:
            if one.media_type == "image/jpeg" and (words := _misshapen(one)) is not None:
                raise self._error(MediaRefused, words)
        found, allowed = len(HASHTAG.findall(post.text)), self._settings.hashtags
        if found > allowed:
            raise self._error(
                PostRejected,
                f"the caption has {found} hashtags, and {self._settings.hashtags} are allowed (`hashtags`)",
            )

    def caption(self, post: Post) -> str:
        """Return what stands below the pictures of a post."""
        line = self._settings.generated_line
        if line and any(one.is_generated for one in post.media):
            return f"{post.text}\n\n{line}" if post.text else line
        return post.text

    # One try ---------------------------------------------------------------------------------------------------------

    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        """Make one try."""
        left, post = self._time(), attempt.post
        if post.direct_to is not None:
            name, answer = await self._api.create_message(post.direct_to, post.text, deadline=left())
            return self._receipt(attempt, message_ref(name), answered_at(answer, self._now), answer)
        above = place_of(post.in_reply_to) if post.in_reply_to is not None else None
        if above is not None:
            ref, answer = await self._answer(above, self.said(attempt), left())
            return self._receipt(attempt, ref, answered_at(answer, self._now), answer)
        return await self._post(attempt, left)

    async def _answer(self, above: Place, text: str, left: timedelta) -> tuple[PostRef, Answer]:
        if above.is_mention:
            name, answer = await self._api.answer_mention(above.media, above.comment, text, deadline=left)
            return mention_ref(above.media, name), answer
        if above.comment is not None:
            name, answer = await self._api.answer_comment(above.comment, text, deadline=left)
        else:
            name, answer = await self._api.comment_on(above.media, text, deadline=left)
        return comment_ref(above.media, name), answer

    @override
    def _words(self, attempt: Attempt) -> dict[str, str]:
        return {"caption": self.caption(attempt.post)}

    @override
    def _file(self, media: Media, address: str, *, alone: bool) -> dict[str, str]:
        if media.media_type.startswith("video/"):
            # videos have no description there
            return {"media_type": "REELS" if alone else "VIDEO", "video_url": address}
        return {"image_url": address, "alt_text": media.alt}

    @override
    def _meaning(self, why: str) -> tuple[type[AdapterError], str]:
        code = CODE.search(why)
        return meaning_of(int(code[1])) if code is not None else (Unavailable, "")

    @override
    def _ref(self, name: str, url: str | None) -> PostRef:
        return media_ref(name, url)

    # What is listed --------------------------------------------------------------------------------------------------

    @override
    async def listed(self, attempt: Attempt) -> Seen | None:
        caption = self.caption(attempt.post)
        if not caption.strip():
            # any other without words would look the same
            raise OutOfReach

        def seen(media: WireMedia) -> tuple[Seen, bool]:
            return (media_ref(media.id, media.permalink), moment(media.timestamp)), is_like(caption, media.caption)

        pages, since = self._api.own(most=PAGES), self._api.since(attempt)
        return await oldest_of(pages, MEDIA, seen, since=since, key=attempt.key, claims=self._claims)


def _misshapen(media: Media) -> str | None:
    """Say that a picture is too high or too wide; None: it is not, or its shape cannot be told."""
    try:
        with open(media.path, "rb") as file:
            shape = dimensions(file.read(256 * 1024))
    except OSError:
        return None
    if shape is None or not shape[1] or NARROWEST - ROUNDING <= shape[0] / shape[1] <= WIDEST + ROUNDING:
        return None
    return f"the picture is {shape[0]} x {shape[1]}, and Instagram takes 4:5 to 1.91:1: crop it"
