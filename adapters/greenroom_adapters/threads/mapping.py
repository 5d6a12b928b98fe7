"""Events out of what Threads lists and tells: posts and answers, which are the same thing there."""

from greenroom_adapters.contract import (
    Event,
    Kind,
    MentionReceived,
    MessageReceived,
    OwnPostSeen,
    RemoteMedia,
    ReplyReceived,
    TextEvent,
)
from greenroom_adapters.meta.moments import moment
from greenroom_adapters.meta.people import author_or_nobody, names
from greenroom_adapters.meta.wire import WirePerson
from greenroom_adapters.remembering import Recent
from greenroom_adapters.text import undefused
from greenroom_adapters.threads.refs import post_ref
from greenroom_adapters.threads.wire import WirePost

__all__ = ["Ours", "post_event"]

REMEMBERED = 10_000


class Ours:
    """The names of the account's own posts, as far as this process has met them; the oldest are forgotten first."""

    def __init__(self) -> None:
        self._names = Recent[str, None](REMEMBERED)

    def add(self, name: str) -> None:
        """Remember that a post is the account's."""
        self._names[name] = None

    def __contains__(self, name: str) -> bool:
        return name in self._names


def is_own(post: WirePost, handle: str) -> bool:
    """Say whether the account wrote it."""
    return post.is_reply_owned_by_me or (bool(handle) and post.username.casefold() == handle.casefold())


def post_event(post: WirePost, *, ours: Ours, handle: str, source: str, cursor: str, named: bool = False) -> Event:
    """Return the event that a post is; `named` says that Threads lists it as one that names the account.

    What answers a post of the account is a reply; what names it is a mention, perhaps as well; what people say to each
    other below its posts is a message. All that stands below one post is one conversation.
    """
    at, ref = moment(post.timestamp), post_ref(post.id, post.permalink)
    above = post_ref(post.replied_to.id) if post.replied_to is not None else None
    conversation = post.root_post.id if post.root_post is not None else post.id
    # its handle may be another by now
    if post.id in ours or is_own(post, handle):
        return OwnPostSeen(
            id=post.id,
            source=source,
            cursor=cursor,
            occurred_at=at,
            post=ref,
            text=undefused(post.text),
            conversation=conversation,
            in_reply_to=above,
        )
    kinds: list[tuple[Kind, type[TextEvent]]] = []
    if above is not None and above.id in ours:
        kinds.append((Kind.REPLY, ReplyReceived))
    if named or names(post.text, handle):
        kinds.append((Kind.MENTION, MentionReceived))
    if not kinds:
        kinds.append((Kind.MESSAGE, MessageReceived))
    # who wrote it, Threads tells by handle alone
    person = WirePerson(id=f"@{post.username}", username=post.username) if post.username else None
    held = post.media_type == "IMAGE" and post.media_url
    return kinds[0][1](
        id=post.id,
        source=source,
        cursor=cursor,
        occurred_at=at,
        post=ref,
        author=author_or_nobody(person, post.id),
        text=post.text,
        conversation=conversation,
        also=tuple(kind for kind, _ in kinds[1:]),
        in_reply_to=above,
        media=(RemoteMedia(url=post.media_url, media_type="image/jpeg"),) if held else (),
    )
