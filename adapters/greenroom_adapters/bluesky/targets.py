"""What a post refers to: that it is still there, that we may refer to it, and which version of it stands there."""

from dataclasses import dataclass

import msgspec

from greenroom_adapters.bluesky.api import Api
from greenroom_adapters.bluesky.facets import MENTION_FEATURE
from greenroom_adapters.bluesky.identifiers import AtUri
from greenroom_adapters.bluesky.wire import POSTS, UNREADABLE, WirePostView, WireStrongRef
from greenroom_adapters.contract import AdapterError, Forbidden, PostRef, PostRejected, TargetGone

__all__ = ["Answered", "Targets"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What is answered, and the post at the top of its thread."""

    parent: WireStrongRef
    root: WireStrongRef
    people: dict[str, str]
    """Handle of its author → identity: whoever answers often writes to that one."""
    spoken_to: frozenset[str]
    """Identities of those whom an answer may name: its author; below a post of our own, those whom it names."""


class Targets:
    """Looks up what posts refer to. A data server takes an answer to anything, a deleted post or none at all."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def answered(self, ref: PostRef) -> Answered:
        """Return the post that is to be answered.

        :raises TargetGone: it is gone
        :raises Forbidden: its author lets us not answer there, or whoever began the thread has blocked us, or we them
        """
        uri = self._address(ref)
        if uri.repo == self._api.me:
            # The AppView learns of our own posts a moment later; our data server knows them at once.
            record = await self._api.record(uri)
            own = WireStrongRef(uri=record.uri, cid=record.cid)
            root = await self._root(own, record.value)
            return Answered(parent=own, root=root, people={}, spoken_to=_named(record.value))
        view = await self.seen(ref)
        if view.viewer.reply_disabled:
            raise self._api.error(Forbidden, "its author has restricted who may answer in that thread")
        parent = WireStrongRef(uri=view.uri, cid=view.cid)
        return Answered(
            parent=parent,
            root=await self._root(parent, view.record),
            people={view.author.handle.casefold(): view.author.did},
            spoken_to=frozenset({view.author.did}),
        )

    async def quoted(self, ref: PostRef) -> WireStrongRef:
        """Return the post that is to be quoted.

        :raises TargetGone: it is gone
        :raises Forbidden: its author does not want it quoted
        """
        uri = self._address(ref)
        if uri.repo == self._api.me:
            record = await self._api.record(uri)
            return WireStrongRef(uri=record.uri, cid=record.cid)
        view = await self.seen(ref)
        if view.viewer.embedding_disabled:
            raise self._api.error(Forbidden, "its author does not let it be quoted")
        return WireStrongRef(uri=view.uri, cid=view.cid)

    async def seen(self, ref: PostRef) -> WirePostView:
        """Return a post as the account may see it.

        :raises TargetGone: it is gone
        :raises Forbidden: one of the two has blocked the other
        """
        uri = self._address(ref)
        view = await self._api.post(uri)
        if view is not None:
            return view
        thread = await self._api.thread(uri, above=0)
        if thread.blocked:
            raise self._api.error(Forbidden, "it stands behind a block")
        if thread.post is None:
            raise self._gone(ref)
        return thread.post

    def _address(self, ref: PostRef) -> AtUri:
        uri = AtUri.read(ref.id)
        if uri is None:
            raise self._gone(ref)
        return uri

    async def _root(self, parent: WireStrongRef, record: msgspec.Raw) -> WireStrongRef:
        """Return the post at the top of the thread, which may be gone.

        :raises Forbidden: it stands behind a block
        """
        try:
            reply = POSTS.decode(record).reply
        except UNREADABLE:
            return parent
        if reply is None:
            return parent
        if reply.root.uri != parent.uri and await self._is_blocked(reply.root):
            raise self._api.error(Forbidden, "the thread was begun behind a block")
        return reply.root

    async def _is_blocked(self, ref: WireStrongRef) -> bool:
        """Say whether a post stands behind a block. What is named as the top of a thread may be anything."""
        uri = AtUri.read(ref.uri)
        if uri is None or uri.repo == self._api.me:
            return False
        try:
            return await self._api.post(uri) is None and (await self._api.thread(uri, above=0)).blocked
        except PostRejected:
            return False

    def _gone(self, ref: PostRef) -> AdapterError:
        return self._api.error(TargetGone, f"there is no post {ref.id!r} (any more)")


def _named(record: msgspec.Raw) -> frozenset[str]:
    """Return the identities of those whom a post names."""
    try:
        facets = POSTS.decode(record).facets
    except UNREADABLE:
        return frozenset()
    return frozenset(feature.did for facet in facets for feature in facet.features if feature.type == MENTION_FEATURE)
