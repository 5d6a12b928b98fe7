"""The JSON of API v2, as far as it is used here, in both vocabularies; what single posts hold is read late."""

from typing import Annotated, TypeVar

import msgspec

__all__ = [
    "ADDED",
    "DONE",
    "IDS",
    "INCLUDES",
    "MADE_WEBHOOK",
    "MEDIA",
    "MESSAGES",
    "PAGES",
    "PERSONS",
    "POSTS",
    "PROBLEMS",
    "SENT_MESSAGES",
    "SUBSCRIPTIONS",
    "TOKENS",
    "UPLOADS",
    "WEBHOOKS",
    "WRAPPED",
    "WireEntities",
    "WireIncludes",
    "WireMedia",
    "WireMessage",
    "WirePage",
    "WirePost",
    "WireProblem",
    "WireProcessing",
    "WireSubscription",
    "WireUpload",
    "WireUser",
    "WireWebhook",
    "WireWrapped",
    "first",
]

T = TypeVar("T")

Id = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,19}$")]


class WireUser(msgspec.Struct, frozen=True):
    """A person."""

    id: str
    username: str
    name: str = ""
    description: str = ""
    protected: bool = False
    receives_your_dm: bool | None = None


class WireWrapped(msgspec.Struct, frozen=True):
    """A person with `data` around it, as X sends it; the contract knows the person alone."""

    data: WireUser | None = None
    id: str = ""
    username: str = ""
    name: str = ""
    description: str = ""
    protected: bool = False

    @property
    def user(self) -> WireUser:
        """The person.

        :raises ValueError: there is none
        """
        if self.data is not None:
            return self.data
        if not (self.id and self.username):
            raise ValueError("it does not say who")
        return WireUser(
            id=self.id,
            username=self.username,
            name=self.name,
            description=self.description,
            protected=self.protected,
        )


class WireUrl(msgspec.Struct, frozen=True):
    """A link of a text; in the text it stands as `url`, an address of t.co."""

    url: str = ""
    expanded_url: str = ""
    media_key: str | None = None
    start: int = 0
    end: int = 0


class WireMention(msgspec.Struct, frozen=True):
    """A person named in a text."""

    username: str | None = None
    id: str | None = None
    start: int = 0
    end: int = 0


class WireEntities(msgspec.Struct, frozen=True):
    """What X found in a text."""

    urls: tuple[WireUrl, ...] | None = None
    mentions: tuple[WireMention, ...] | None = None


class WireReference(msgspec.Struct, frozen=True):
    """Another post that a post refers to: `retweeted`, `quoted` or `replied_to`."""

    type: str
    id: str


class WireAttachments(msgspec.Struct, frozen=True):
    media_keys: tuple[str, ...] = ()


class WireNote(msgspec.Struct, frozen=True):
    """The whole of a text that is longer than an ordinary post."""

    text: str
    entities: WireEntities | None = None


class WireMetrics(msgspec.Struct, frozen=True):
    like_count: int | None = None
    reply_count: int | None = None
    quote_count: int | None = None
    impression_count: int | None = None
    retweet_count: int | None = None
    repost_count: int | None = None


class WirePost(msgspec.Struct, frozen=True):
    """A post."""

    id: Id
    text: str = ""
    author_id: str = ""
    conversation_id: str = ""
    created_at: str = ""
    in_reply_to_user_id: str | None = None
    lang: str | None = None
    display_text_range: tuple[int, int] | None = None
    entities: WireEntities | None = None
    attachments: WireAttachments | None = None
    public_metrics: WireMetrics = WireMetrics()
    referenced_tweets: tuple[WireReference, ...] | None = None
    referenced_posts: tuple[WireReference, ...] | None = None
    note_tweet: WireNote | None = None
    note_post: WireNote | None = None

    def referred(self, kind: str) -> str | None:
        """Return the id of the post to which this one refers in this way."""
        references = self.referenced_posts or self.referenced_tweets or ()
        return next((reference.id for reference in references if reference.type == kind), None)

    @property
    def whole(self) -> tuple[str, WireEntities]:
        """The text with what X found in it."""
        note = self.note_post or self.note_tweet
        if note is not None:
            return note.text, note.entities or WireEntities()
        return self.text, self.entities or WireEntities()


class WireMessage(msgspec.Struct, frozen=True):
    """An event of a direct conversation."""

    id: Id
    event_type: str
    text: str = ""
    sender_id: str = ""
    dm_conversation_id: str = ""
    created_at: str = ""
    attachments: WireAttachments | None = None
    entities: WireEntities | None = None
    urls: tuple[WireUrl, ...] | None = None
    """Where contract 2.159 has them, beside the event's `entities` field of the newer one."""


class WireMedia(msgspec.Struct, frozen=True):
    """A picture or clip of a post."""

    media_key: str = ""
    type: str = ""
    url: str = ""
    preview_image_url: str = ""
    alt_text: str = ""


class WireIncludes(msgspec.Struct, frozen=True):
    """What the answer's posts refer to. Each is read by itself: one that is broken spoils no other."""

    users: tuple[msgspec.Raw, ...] | None = None
    media: tuple[msgspec.Raw, ...] | None = None
    tweets: tuple[msgspec.Raw, ...] | None = None
    posts: tuple[msgspec.Raw, ...] | None = None


class WireProblem(msgspec.Struct, frozen=True):
    """What went wrong (RFC 7807), or the older form of it."""

    type: str = ""
    title: str = ""
    detail: str = ""
    period: str = ""
    resource_id: str = ""
    value: str = ""
    message: str = ""
    errors: tuple[msgspec.Raw, ...] | None = None
    error: str = ""
    error_description: str = ""


class WireMeta(msgspec.Struct, frozen=True):
    next_token: str | None = None
    result_count: int = 0


class WirePage(msgspec.Struct, frozen=True):
    """A page of posts, of messages, or of anything else that comes in rows."""

    data: tuple[msgspec.Raw, ...] | None = None
    includes: msgspec.Raw = msgspec.Raw(b"{}")
    meta: WireMeta = WireMeta()
    errors: tuple[msgspec.Raw, ...] | None = None
    """Why what was asked for is not among it."""


class WirePerson(msgspec.Struct, frozen=True):
    """One person; none where nobody was found."""

    data: WireUser | None = None


class WireId(msgspec.Struct, frozen=True):
    id: Id


class WireAdded(msgspec.Struct, frozen=True):
    """What was created."""

    data: WireId


class WireSentMessage(msgspec.Struct, frozen=True):
    dm_event_id: Id
    dm_conversation_id: str = ""


class WireSent(msgspec.Struct, frozen=True):
    data: WireSentMessage


class WireProcessing(msgspec.Struct, frozen=True):
    """What X still does with an upload: `pending`, `in_progress`, `succeeded` or `failed`."""

    state: str = "succeeded"
    check_after_secs: int = 1


class WireUpload(msgspec.Struct, frozen=True):
    id: Id
    processing_info: WireProcessing = WireProcessing()


class WireUploaded(msgspec.Struct, frozen=True):
    data: WireUpload


class WireSubscription(msgspec.Struct, frozen=True):
    """What X was asked to tell of."""

    event_type: str = ""
    filter: dict[str, str] = {}
    webhook_id: str = ""


class WireSubscriptions(msgspec.Struct, frozen=True):
    data: tuple[WireSubscription, ...] | None = None


class WireWebhook(msgspec.Struct, frozen=True):
    """An address to which X tells things."""

    id: Id
    url: str = ""
    valid: bool = True


class WireWebhooks(msgspec.Struct, frozen=True):
    data: tuple[WireWebhook, ...] | None = None


class WireMadeWebhook(msgspec.Struct, frozen=True):
    data: WireWebhook


class WireDone(msgspec.Struct, frozen=True):
    """An answer in which nothing is of interest."""


class WireTokens(msgspec.Struct, frozen=True):
    """Tokens of OAuth 2 (RFC 6749, section 5.1)."""

    access_token: str
    refresh_token: str = ""
    expires_in: int = 7200


def first(decoder: "msgspec.json.Decoder[T]", raws: tuple[msgspec.Raw, ...] | None) -> list[T]:
    """Return those of the values that can be read."""
    found: list[T] = []
    for raw in raws or ():
        try:
            found.append(decoder.decode(raw))
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    return found


PAGES = msgspec.json.Decoder(WirePage)
POSTS = msgspec.json.Decoder(WirePost)
MESSAGES = msgspec.json.Decoder(WireMessage)
SUBSCRIPTIONS = msgspec.json.Decoder(WireSubscriptions)
WRAPPED = msgspec.json.Decoder(WireWrapped)
WEBHOOKS = msgspec.json.Decoder(WireWebhooks)
MADE_WEBHOOK = msgspec.json.Decoder(WireMadeWebhook)
PERSONS = msgspec.json.Decoder(WirePerson)
MEDIA = msgspec.json.Decoder(WireMedia)
PROBLEMS = msgspec.json.Decoder(WireProblem)
INCLUDES = msgspec.json.Decoder(WireIncludes)
IDS = msgspec.json.Decoder(WireId)
ADDED = msgspec.json.Decoder(WireAdded)
SENT_MESSAGES = msgspec.json.Decoder(WireSent)
UPLOADS = msgspec.json.Decoder(WireUploaded)
DONE = msgspec.json.Decoder(WireDone)
TOKENS = msgspec.json.Decoder(WireTokens)
