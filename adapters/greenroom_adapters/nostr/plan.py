"""What is fixed about one post: before its first try, and between its phases."""

import msgspec

from greenroom_adapters.contract import Post
from greenroom_adapters.nostr.keys import Keys
from greenroom_adapters.nostr.reading import KEY
from greenroom_adapters.nostr.references import event_of
from greenroom_adapters.nostr.wire import Tags, WireEvent, signed
from greenroom_adapters.nostr.wrapping import Rumor, rumor
from greenroom_adapters.nostr.writing import Attached, compose
from greenroom_adapters.remembering import Checkpoint, Prepared

__all__ = ["Plan", "Progress", "message_of", "note_of"]


class Plan(Prepared, frozen=True, kw_only=True):
    """What `prepare` fixes: it is stored with the intent and comes back with every try.

    With the words of the post and what stands in `Progress`, it makes the event to its last byte, and so its id.
    """

    key: str
    """Digest of the idempotency key. Everybody can read an event, so the key itself stays at home."""
    created_at: int
    relays: tuple[str, ...]
    """Where it goes, unless it is a direct message to somebody who reads elsewhere."""
    names: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """Whom the `@name`s in the text mean."""
    context: Tags | None = None
    """What it answers and quotes; None: that must be looked up first."""


class Progress(Checkpoint, frozen=True, kw_only=True):
    """What the phases before the sending have brought: the checkpoint of an attempt."""

    context: Tags | None = None
    attached: tuple[Attached, ...] = ()
    relays: tuple[str, ...] = ()
    """Where the person reads direct messages; empty: where the plan says."""


def note_of(post: Post, plan: Plan, progress: Progress, keys: Keys) -> WireEvent | None:
    """Return the event that a post is; None: a phase before it has not been reached, so it was never sent."""
    context = progress.context if plan.context is None else plan.context
    if context is None or len(progress.attached) < len(post.media):
        return None
    content, tags = compose(post, key=plan.key, context=context, names=plan.names, attached=progress.attached)
    return signed(keys, created_at=plan.created_at, kind=1, tags=tags, content=content)


def message_of(post: Post, plan: Plan, keys: Keys) -> Rumor:
    """Return the message that a direct post is."""
    answered = event_of(post.in_reply_to) if post.in_reply_to is not None else None
    tags: list[tuple[str, ...]] = [("p", post.direct_to or "")]
    if answered is not None and answered[1]:
        tags.append(("e", answered[0]))
    tags.append((KEY, plan.key))
    return rumor(keys.pubkey, created_at=plan.created_at, tags=tuple(tags), content=post.text)
