"""The JSON of the AT Protocol, as far as it is used here; what strangers may write into it is read late."""

from collections.abc import Iterator

import msgspec

__all__ = [
    "COMMITS",
    "HANDLES",
    "NAMED_BLOBS",
    "NOTIFICATIONS",
    "NOTIFICATION_PAGES",
    "PEEKS",
    "POSTS",
    "POST_LISTS",
    "PROFILES",
    "PROFILE_LISTS",
    "PROFILE_RECORDS",
    "RECORDS",
    "SESSIONS",
    "STANDINGS",
    "TAGGED_POSTS",
    "THREADS",
    "UNREADABLE",
    "WRITTEN",
    "WireLabel",
    "WireNotification",
    "WireNotificationPage",
    "WirePost",
    "WirePostView",
    "WireProfile",
    "WireRecord",
    "WireSession",
    "WireStanding",
    "WireStrongRef",
    "WireTaggedPost",
    "WireThread",
    "WireWritten",
]


UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError)
"""What reading raises for what a stranger wrote, be it of another shape or nested without an end."""


class WireService(msgspec.Struct, frozen=True):
    """A service of an identity (DID core, "Services")."""

    id: str = ""
    endpoint: msgspec.Raw = msgspec.field(default=msgspec.Raw(b"null"), name="serviceEndpoint")


class WireIdentity(msgspec.Struct, frozen=True):
    """The document of an identity, as far as it says where its data is."""

    service: tuple[WireService, ...] = ()


class WireStanding(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """`com.atproto.server.getSession`."""

    did: str
    handle: str
    active: bool = True
    status: str = ""


class WireSession(WireStanding, frozen=True, rename="camel", kw_only=True):
    """`com.atproto.server.createSession` and `refreshSession`."""

    access_jwt: str
    refresh_jwt: str
    did_doc: msgspec.Raw = msgspec.Raw(b"{}")

    @property
    def data_server(self) -> str:
        """Address of the data server that the identity names; empty: none that can be read."""
        try:
            services = IDENTITIES.decode(self.did_doc).service
            found = [service.endpoint for service in services if service.id.endswith("#atproto_pds")]
            return ADDRESSES.decode(found[0]) if found else ""
        except (msgspec.DecodeError, UnicodeDecodeError):
            return ""


class WireLabel(msgspec.Struct, frozen=True):
    """`com.atproto.label.defs#label`."""

    val: str = ""
    src: str = ""
    neg: bool = False


class WireViewer(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """`app.bsky.feed.defs#viewerState` and `app.bsky.actor.defs#viewerState`: what we are to a post or a person."""

    like: str = ""
    repost: str = ""
    following: str = ""
    blocking: str = ""
    blocked_by: bool = False
    reply_disabled: bool = False
    embedding_disabled: bool = False


class WireProfile(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A person (`app.bsky.actor.defs#profileView` and its like)."""

    did: str
    handle: str = ""
    display_name: str = ""
    description: str = ""
    labels: tuple[WireLabel, ...] = ()
    viewer: WireViewer = WireViewer()


class WireProfileList(msgspec.Struct, frozen=True):
    """`app.bsky.actor.getProfiles`."""

    profiles: tuple[WireProfile, ...] = ()


class WireStrongRef(msgspec.Struct, frozen=True):
    """`com.atproto.repo.strongRef`."""

    uri: str
    cid: str


class WireReply(msgspec.Struct, frozen=True):
    """`app.bsky.feed.post#replyRef`."""

    root: WireStrongRef
    parent: WireStrongRef


class WireFeature(msgspec.Struct, frozen=True):
    """A feature of a facet; `did` is of mentions, `tag` of hashtags."""

    type: str = msgspec.field(default="", name="$type")
    did: str = ""
    tag: str = ""


class WireFacet(msgspec.Struct, frozen=True):
    """`app.bsky.richtext.facet`."""

    features: tuple[WireFeature, ...] = ()


class WireLink(msgspec.Struct, frozen=True):
    """A content id, as JSON has it (AT Protocol, "Data model")."""

    link: str = msgspec.field(default="", name="$link")


class WireBlob(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A file (AT Protocol, "Blob type")."""

    ref: WireLink = WireLink()
    mime_type: str = ""
    size: int = 0


class WireImage(msgspec.Struct, frozen=True):
    """`app.bsky.embed.images#image`, and of a gallery."""

    image: WireBlob = WireBlob()
    alt: str = ""


class WireQuoted(msgspec.Struct, frozen=True):
    """What a record embed embeds: a reference, or (with media beside it) another embed of one."""

    uri: str = ""
    record: WireStrongRef | None = None


class WireEmbed(msgspec.Struct, frozen=True):
    """The embed of a post, of whichever type."""

    type: str = msgspec.field(default="", name="$type")
    images: tuple[WireImage, ...] = ()
    items: tuple[WireImage, ...] = ()
    video: WireBlob | None = None
    alt: str = ""
    record: WireQuoted | None = None
    media: "WireEmbed | None" = None

    @property
    def quoted(self) -> str:
        """Address of the quoted record; empty: nothing is quoted."""
        if self.record is None:
            return ""
        return self.record.uri or (self.record.record.uri if self.record.record is not None else "")


class WirePost(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The record `app.bsky.feed.post`. It is whatever its author wrote."""

    text: str
    created_at: str = ""
    reply: WireReply | None = None
    facets: tuple[WireFacet, ...] = ()
    embed: WireEmbed | None = None
    langs: tuple[str, ...] = ()


class WireTaggedPost(WirePost, frozen=True, rename="camel", kw_only=True):
    """The same with the hashtags beside its text."""

    tags: tuple[str, ...] = ()

    def all_tags(self) -> Iterator[str]:
        """Yield the hashtags beside the text and those that are marked in it."""
        yield from self.tags
        yield from (feature.tag for facet in self.facets for feature in facet.features if feature.tag)


class WirePeek(msgspec.Struct, frozen=True, rename="camel"):
    """As much of a notification as its place needs."""

    uri: str
    indexed_at: str


class WireNotification(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """`app.bsky.notification.listNotifications#notification`."""

    uri: str
    cid: str
    author: WireProfile
    reason: str
    indexed_at: str
    record: msgspec.Raw = msgspec.Raw(b"{}")
    reason_subject: str = ""


class WireNotificationPage(msgspec.Struct, frozen=True):
    """`app.bsky.notification.listNotifications`: newest first."""

    notifications: tuple[msgspec.Raw, ...] = ()
    cursor: str | None = None


class WirePostView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """`app.bsky.feed.defs#postView`."""

    uri: str
    cid: str
    author: WireProfile
    record: msgspec.Raw
    indexed_at: str = ""
    like_count: int | None = None
    repost_count: int | None = None
    reply_count: int | None = None
    quote_count: int | None = None
    viewer: WireViewer = WireViewer()


class WirePostList(msgspec.Struct, frozen=True):
    """`app.bsky.feed.getPosts`."""

    posts: tuple[WirePostView, ...] = ()


class WireThread(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A post of a thread, or in its place what says that it is gone or behind a block."""

    post: WirePostView | None = None
    parent: "WireThread | None" = None
    blocked: bool = False


class WireThreadView(msgspec.Struct, frozen=True):
    """`app.bsky.feed.getPostThread`."""

    thread: WireThread


class WireRecord(msgspec.Struct, frozen=True):
    """`com.atproto.repo.getRecord`."""

    uri: str
    value: msgspec.Raw
    cid: str = ""


class WireProfileRecord(msgspec.Struct, frozen=True):
    """`com.atproto.repo.getRecord` of a profile, all of it."""

    value: dict[str, object]
    cid: str


class WireWritten(msgspec.Struct, frozen=True):
    """`com.atproto.repo.putRecord` and `createRecord`."""

    uri: str
    cid: str


class WireUpload(msgspec.Struct, frozen=True):
    """`com.atproto.repo.uploadBlob`: the blob goes into the record as it came."""

    blob: dict[str, object]


class WireCommit(msgspec.Struct, frozen=True):
    """`com.atproto.sync.getLatestCommit`."""

    rev: str


class WireHandle(msgspec.Struct, frozen=True):
    """`com.atproto.identity.resolveHandle`."""

    did: str


ADDRESSES = msgspec.json.Decoder(str)
IDENTITIES = msgspec.json.Decoder(WireIdentity)
SESSIONS = msgspec.json.Decoder(WireSession)
STANDINGS = msgspec.json.Decoder(WireStanding)
PROFILES = msgspec.json.Decoder(WireProfile)
PROFILE_LISTS = msgspec.json.Decoder(WireProfileList)
POSTS = msgspec.json.Decoder(WirePost)
TAGGED_POSTS = msgspec.json.Decoder(WireTaggedPost)
PEEKS = msgspec.json.Decoder(WirePeek)
NOTIFICATIONS = msgspec.json.Decoder(WireNotification)
NOTIFICATION_PAGES = msgspec.json.Decoder(WireNotificationPage)
POST_LISTS = msgspec.json.Decoder(WirePostList)
THREADS = msgspec.json.Decoder(WireThreadView)
RECORDS = msgspec.json.Decoder(WireRecord)
PROFILE_RECORDS = msgspec.json.Decoder(WireProfileRecord)
WRITTEN = msgspec.json.Decoder(WireWritten)
NAMED_BLOBS = msgspec.json.Decoder(WireUpload)
COMMITS = msgspec.json.Decoder(WireCommit)
HANDLES = msgspec.json.Decoder(WireHandle)
