"""The entities of the Mastodon API, as far as they are read (documentation, "Entities").

Servers differ in what they leave out or send as null, so nothing is required without which there is still a meaning.
"""

from datetime import datetime
from typing import Annotated

import msgspec

__all__ = [
    "ACCOUNTS",
    "APPLICATIONS",
    "ATTACHMENTS",
    "CONTEXTS",
    "FRAMES",
    "IDS",
    "INSTANCES",
    "NOTIFIED",
    "OWNERS",
    "PAGES",
    "POLICIES",
    "RELATIONSHIPS",
    "SOURCES",
    "STATUSES",
    "TOKENS",
    "WireAccount",
    "WireApplication",
    "WireAttachment",
    "WireContext",
    "WireField",
    "WireFrame",
    "WireInstance",
    "WireMention",
    "WireNotification",
    "WirePolicy",
    "WireRelationship",
    "WireSource",
    "WireStatus",
    "WireToken",
]

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class WireField(msgspec.Struct, frozen=True):
    """A line of a profile's table."""

    name: str = ""
    value: str = ""


class WireAccount(msgspec.Struct, frozen=True):
    """Somebody."""

    id: str
    acct: str
    """`who` for the server's own people, `who@where` for others; some servers write the latter always."""
    username: str = ""
    display_name: str | None = None
    note: str | None = None
    """The profile's text, as HTML."""
    fields: tuple[WireField, ...] | None = None
    bot: bool | None = None
    locked: bool | None = None
    limited: bool | None = None
    suspended: bool | None = None
    url: str | None = None


class WireMention(msgspec.Struct, frozen=True):
    """Somebody who is named in a status."""

    id: str
    acct: str = ""
    url: str | None = None


class WireAttachment(msgspec.Struct, frozen=True):
    """A file."""

    id: str
    type: str = "unknown"
    url: str | None = None
    """None: it is not ready yet."""
    description: str | None = None


class WireQuoted(msgspec.Struct, frozen=True):
    """The status that another one quotes."""

    id: str
    account: WireAccount | None = None


class WireQuote(msgspec.Struct, frozen=True):
    """What a status quotes: since Mastodon 4.5 wrapped with the state of the permission; on some other servers the
    quoted status itself."""

    quoted_status: WireQuoted | None = None
    quoted_status_id: str | None = None
    id: str | None = None
    account: WireAccount | None = None

    @property
    def of(self) -> str | None:
        """Id of the quoted status; None: it is not shown."""
        return self.quoted_status.id if self.quoted_status is not None else self.quoted_status_id or self.id

    @property
    def author(self) -> str | None:
        """Id of whoever is quoted; None: it is not shown."""
        quoted = self.quoted_status.account if self.quoted_status is not None else self.account
        return None if quoted is None else quoted.id


class WireOption(msgspec.Struct, frozen=True):
    """One answer of a poll."""

    title: str = ""


class WirePoll(msgspec.Struct, frozen=True):
    """The poll of a status."""

    options: tuple[WireOption, ...] = ()


class WireStatus(msgspec.Struct, frozen=True):
    """A post."""

    id: str
    account: WireAccount
    created_at: Moment
    content: str | None = ""
    """HTML."""
    text: str | None = None
    """What was written, before it became HTML; few servers tell it here."""
    visibility: str = "public"
    spoiler_text: str | None = None
    sensitive: bool | None = None
    language: str | None = None
    in_reply_to_id: str | None = None
    in_reply_to_account_id: str | None = None
    """Whom it answers; where somebody answers himself, whom his first answer was for (documentation, "Status")."""
    media_attachments: tuple[WireAttachment, ...] | None = None
    mentions: tuple[WireMention, ...] | None = None
    quote: WireQuote | None = None
    poll: WirePoll | None = None
    reblog: "WireBoosted | None" = None
    url: str | None = None
    edited_at: Moment | None = None
    favourited: bool | None = None
    reblogged: bool | None = None
    """By us."""
    favourites_count: int | None = None
    reblogs_count: int | None = None
    replies_count: int | None = None
    quotes_count: int | None = None


class WireBoosted(msgspec.Struct, frozen=True):
    """The status that a boost shows."""

    id: str


class WireContext(msgspec.Struct, frozen=True):
    """What stands above and below a status."""

    ancestors: tuple[WireStatus, ...] = ()
    descendants: tuple[WireStatus, ...] = ()


class WireSource(msgspec.Struct, frozen=True):
    """A status as it was written."""

    text: str = ""
    spoiler_text: str = ""


class WireNotification(msgspec.Struct, frozen=True):
    """Something that concerns the account."""

    id: str
    type: str
    created_at: Moment
    account: WireAccount | None = None
    status: WireStatus | None = None


class WireId(msgspec.Struct, frozen=True):
    """Whatever has an id."""

    id: str


class WireFrame(msgspec.Struct, frozen=True):
    """One message of the WebSocket; its payload is JSON once more (documentation, "Streaming")."""

    event: str = ""
    payload: str = ""
    error: str | None = None


class WireOwner(msgspec.Struct, frozen=True):
    """Who wrote a status, and whether it is a boost."""

    account: WireId
    reblog: WireBoosted | None = None


class WireStatusLimits(msgspec.Struct, frozen=True):
    max_characters: int | None = None
    max_media_attachments: int | None = None
    characters_reserved_per_url: int | None = None


class WireMediaLimits(msgspec.Struct, frozen=True):
    supported_mime_types: tuple[str, ...] | None = None
    image_size_limit: int | None = None
    image_matrix_limit: int | None = None
    video_size_limit: int | None = None
    video_matrix_limit: int | None = None
    description_limit: int | None = None


class WirePollLimits(msgspec.Struct, frozen=True):
    max_options: int | None = None
    max_characters_per_option: int | None = None
    min_expiration: int | None = None
    max_expiration: int | None = None


class WireUrls(msgspec.Struct, frozen=True):
    streaming: str | None = None
    streaming_api: str | None = None


class WireConfiguration(msgspec.Struct, frozen=True):
    statuses: WireStatusLimits | None = None
    media_attachments: WireMediaLimits | None = None
    polls: WirePollLimits | None = None
    urls: WireUrls | None = None


class WireInstance(msgspec.Struct, frozen=True):
    """The server, by `/api/v2/instance` or by the older `/api/v1/instance`."""

    version: str = ""
    domain: str | None = None
    uri: str | None = None
    source_url: str | None = None
    configuration: WireConfiguration | None = None
    urls: WireUrls | None = None
    max_toot_chars: int | None = None
    rules: tuple[msgspec.Raw, ...] | None = None


class WirePolicy(msgspec.Struct, frozen=True):
    """Whose notifications the account lets through (documentation, "NotificationPolicy"): `accept`, `filter` or `drop`
    for each."""

    for_not_following: str = "accept"
    for_not_followers: str = "accept"
    for_new_accounts: str = "accept"
    for_private_mentions: str = "accept"
    for_limited_accounts: str = "accept"


class WireRelationship(msgspec.Struct, frozen=True):
    """How two accounts stand."""

    blocking: bool | None = None
    blocked_by: bool | None = None


class WireApplication(msgspec.Struct, frozen=True):
    """What a token was given to."""

    client_id: str = ""
    client_secret: str = ""
    scopes: tuple[str, ...] | None = None


class WireToken(msgspec.Struct, frozen=True):
    """What a person's yes is exchanged for."""

    access_token: str
    scope: str = ""


ACCOUNTS = msgspec.json.Decoder(WireAccount)
APPLICATIONS = msgspec.json.Decoder(WireApplication)
ATTACHMENTS = msgspec.json.Decoder(WireAttachment)
CONTEXTS = msgspec.json.Decoder(WireContext)
FRAMES = msgspec.json.Decoder(WireFrame)
IDS = msgspec.json.Decoder(WireId)
INSTANCES = msgspec.json.Decoder(WireInstance)
NOTIFIED = msgspec.json.Decoder(WireNotification)
OWNERS = msgspec.json.Decoder(WireOwner)
PAGES = msgspec.json.Decoder(tuple[msgspec.Raw, ...])
POLICIES = msgspec.json.Decoder(WirePolicy)
RELATIONSHIPS = msgspec.json.Decoder(tuple[WireRelationship, ...])
SOURCES = msgspec.json.Decoder(WireSource)
STATUSES = msgspec.json.Decoder(WireStatus)
TOKENS = msgspec.json.Decoder(WireToken)
