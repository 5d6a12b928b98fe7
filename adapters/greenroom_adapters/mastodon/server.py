"""What a server is by its own account: whose software, which limits, where it streams."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from greenroom_adapters.contract import (
    Capabilities,
    ClipLimit,
    CountingRule,
    Idempotency,
    IdempotencyKind,
    Kind,
    Limits,
    MediaLimit,
    PollLimit,
    Surface,
    TextLimit,
    Visibility,
)
from greenroom_adapters.mastodon.wire import WireConfiguration, WireInstance, WireMediaLimits, WirePollLimits

__all__ = ["PUBLISH_DEADLINE", "VISIBLE_WITHIN", "Server"]

Family = Literal["mastodon", "snac", "other"]

PUBLISH_DEADLINE = timedelta(seconds=30)
VISIBLE_WITHIN = timedelta(seconds=15)
"""A status is in its author's list as soon as the server answers; this is for a server with replicas."""
KEY_WINDOW = timedelta(hours=1)
"""How long Mastodon remembers an `Idempotency-Key` (documentation, "Perform actions on a status", post)."""

MASTODON = re.compile(r"(\d+)\.(\d+)\.\d+(?:[-+][0-9A-Za-z.+-]*)?")
"""Versions of Mastodon and of forks of its code, which write theirs behind a plus sign (documentation, "Instance",
api_versions: "4.4+hometown-123"). Servers that only speak its API say so in words: `(compatible; Pleroma …)`."""
OLDEST = 3
"""GoToSocial, which speaks the API as well, writes plain versions of its own below this."""
QUOTES_SINCE = (4, 5)
LINK_LENGTH = 23

LONGEST = 10_000
"""However much a server takes: nobody reads more in one post, and some take a time that grows with its square."""
TEXT_WHERE_UNSAID = 500
ALT_WHERE_UNSAID = 1500
TYPES_WHERE_UNSAID = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4", "video/webm"})
PICTURE_WHERE_UNSAID = 16 * 1024 * 1024
CLIP_WHERE_UNSAID = 99 * 1024 * 1024
FILES_WHERE_UNSAID = 4
"""Mastodon's own figures (documentation, "Instance", configuration)."""
LARGEST = 100 * 1024 * 1024
"""However much a server takes: a file goes through memory, and must be gone within one try."""

HEARD = frozenset(
    {
        Kind.MENTION,
        Kind.REPLY,
        Kind.DIRECT_MESSAGE,
        Kind.REACTION,
        Kind.REPOST,
        Kind.FOLLOW,
    }
)
ALONG_THE_STREAM = frozenset({Kind.DELETION, Kind.EDIT})
"""What only the stream tells, while it happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server."""

    version: str
    family: Family
    release: tuple[int, int]
    """Of Mastodon; (0, 0) for other software."""
    domain: str
    """Its name in handles, in lower case."""
    streaming: str | None
    """Address of its streams, with http or https; None: it names none that the token may be sent to."""
    configuration: WireConfiguration
    longest_text: int

    @classmethod
    def of(cls, instance: WireInstance, *, address: str) -> "Server":
        """Return what the server at this address says of itself."""
        configuration = instance.configuration or WireConfiguration()
        told = configuration.statuses.max_characters if configuration.statuses is not None else None
        family, release = _software(instance.version)
        urls = configuration.urls or instance.urls
        streaming = (urls.streaming or urls.streaming_api) if urls is not None else None
        return cls(
            version=instance.version,
            family=family,
            release=release,
            domain=(instance.domain or instance.uri or "").removeprefix("https://").rstrip("/").lower(),
            streaming=_streams_at(streaming or address, address=address),
            configuration=configuration,
            longest_text=min(told or instance.max_toot_chars or TEXT_WHERE_UNSAID, LONGEST),
        )

    @property
    def honours_keys(self) -> bool:
        """Whether a status that is sent again under the same `Idempotency-Key` is the same status.

        No answer shows it, and no probe that posts is allowed. Mastodon documents it, and its forks have its code.
        Everywhere else our own posts are read back before anything is sent again.
        """
        return self.family == "mastodon"

    @property
    def tells_direct(self) -> bool:
        """Whether a private mention is told apart from a post for followers; snac calls both `private`."""
        return self.family != "snac"

    @property
    def keeps_connections(self) -> bool:
        """Whether a connection may be used twice; snac closes it after each answer, and does not say so."""
        return self.family != "snac"

    @property
    def deletes(self) -> bool:
        """Whether own posts can be taken down by the API."""
        return self.family != "snac"

    @property
    def lists_own_private(self) -> bool:
        """Whether the account's list of its own statuses has those that are not public, in the order of their ids."""
        return self.family == "mastodon"

    @property
    def attaches_links(self) -> bool:
        """Whether a status may have files that nobody attached: snac makes one of a picture's address in the text."""
        return self.family != "mastodon"

    @property
    def addressing(self) -> int:
        """Length of the mention that an answer begins with, at most: `@` and a name of 30, and a space. Where whole
        handles count, those of ordinary length."""
        return 32 if self.family == "mastodon" else 100

    def capabilities(
        self, *, publish_deadline: timedelta = PUBLISH_DEADLINE, visible_within: timedelta = VISIBLE_WITHIN
    ) -> Capabilities:
        """Return what an account can do here."""
        is_mastodon = self.family == "mastodon"
        kinds = set(HEARD)
        if is_mastodon:
            kinds.add(Kind.OWN_POST)
        if self.family != "snac":  # which has no streams
            kinds |= ALONG_THE_STREAM
        quotes = is_mastodon and self.release >= QUOTES_SINCE
        if quotes:
            kinds.add(Kind.QUOTE)
        idempotency = (
            Idempotency(kind=IdempotencyKind.KEYED, window=KEY_WINDOW)
            if self.honours_keys
            else Idempotency(kind=IdempotencyKind.LISTED)
        )
        return Capabilities(
            limits=Limits(
                text=(TextLimit(length=self.longest_text, rule=self._rule()),),
                media=self._media(),
                poll=self._poll(),
                addressing=self.addressing,
            ),
            idempotency=idempotency,
            settles_after=publish_deadline + visible_within,
            publish_deadline=publish_deadline,
            kinds=frozenset(kinds),
            live_only=ALONG_THE_STREAM & kinds,
            surfaces=frozenset({Surface.POST, Surface.REPLY, Surface.DIRECT_MESSAGE}),
            quotes=quotes,
            content_warnings=True,
            # snac shows "unlisted" as public, and "private" to those who are mentioned.
            visibilities=frozenset({Visibility.PUBLIC}) if self.family == "snac" else frozenset(Visibility),
        )

    def _rule(self) -> CountingRule:
        """Return how the server counts. Other software counts code points, whatever it says of links (GoToSocial)."""
        limits = self.configuration.statuses
        reserved = limits.characters_reserved_per_url if limits is not None else None
        if self.family == "mastodon" and (reserved or LINK_LENGTH) <= LINK_LENGTH:
            return CountingRule.URLS_AS_23
        return CountingRule.CODE_POINTS

    def _media(self) -> MediaLimit:
        told = self.configuration.media_attachments or WireMediaLimits()
        statuses = self.configuration.statuses
        types = frozenset(kind for kind in told.supported_mime_types or () if kind.startswith(("image/", "video/")))
        return MediaLimit(
            count=(statuses.max_media_attachments if statuses is not None else None) or FILES_WHERE_UNSAID,
            types=types or TYPES_WHERE_UNSAID,
            bytes=min(told.image_size_limit or PICTURE_WHERE_UNSAID, LARGEST),
            pixels=told.image_matrix_limit,
            alt_length=told.description_limit or ALT_WHERE_UNSAID,
            clip=ClipLimit(
                bytes=min(told.video_size_limit or CLIP_WHERE_UNSAID, LARGEST), pixels=told.video_matrix_limit
            ),
        )

    def _poll(self) -> PollLimit | None:
        told = self.configuration.polls
        # snac names limits, takes the post and leaves the poll out.
        if told is None or self.family == "snac":
            return None
        return _poll_limit(told)


def _poll_limit(told: WirePollLimits) -> PollLimit:
    return PollLimit(
        options=told.max_options or 4,
        option_length=told.max_characters_per_option or 50,
        shortest=timedelta(seconds=told.min_expiration if told.min_expiration is not None else 300),
        longest=timedelta(seconds=told.max_expiration or 2_629_746),
    )


def _software(version: str) -> tuple[Family, tuple[int, int]]:
    known = MASTODON.fullmatch(version.strip())
    if known is not None and int(known[1]) >= OLDEST:
        return "mastodon", (int(known[1]), int(known[2]))
    return ("snac" if "snac/" in version else "other"), (0, 0)


def _streams_at(told: str, *, address: str) -> str | None:
    """Return where to open streams. The token goes there: never without encryption where the server itself has it."""
    is_safe = told.startswith(("wss://", "https://"))
    if address.startswith("https://") and not is_safe:
        return None
    for known, meant in (("wss://", "https://"), ("ws://", "http://")):
        if told.startswith(known):
            told = meant + told.removeprefix(known)
    return told.rstrip("/") if told.startswith(("http://", "https://")) else None
