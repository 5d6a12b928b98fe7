"""X's rule on answers of machines: only to people who call for the bot."""

from collections.abc import Callable

from greenroom_adapters.contract import (
    Author,
    Event,
    Forbidden,
    MentionReceived,
    QuoteReceived,
    ReplyReceived,
    TextEvent,
)
from greenroom_adapters.remembering import Recent
from greenroom_adapters.x.api import Api
from greenroom_adapters.x.mapping import Included, is_summons

__all__ = ["Summons"]

REMEMBERED = 10_000
WORDS = (
    "X lets this app answer only posts that mention the bot or quote it, and this one does neither; an app with "
    "`access: enterprise` may answer others"
)


class Summons:
    """Knows which posts call for the bot, and asks X about the others, each once.

    Since 23 February 2026 X rejects other answers of self-serve apps. They are refused here, before they cost anything
    or count against the account.
    """

    def __init__(self, api: Api, *, me: Callable[[], Author]) -> None:
        self._api = api
        self._me = me
        self._answerable = Recent[str, bool](REMEMBERED)

    def hear(self, event: Event) -> None:
        """Learn from what comes in that it may be answered: X lists under mentions what mentions the account."""
        if isinstance(event, TextEvent) and isinstance(event, MentionReceived | ReplyReceived | QuoteReceived):
            self._answerable[event.post.id] = True

    def own(self, post_id: str) -> None:
        """Learn of a post of the account itself: a thread goes on below it."""
        self._answerable[post_id] = True

    async def require(self, post_id: str) -> None:
        """Return when the post may be answered.

        :raises Forbidden: it may not
        :raises TargetGone: it is not there any more
        """
        if post_id not in self._answerable:
            post, page = await self._api.post(post_id)
            me = self._me()
            is_answerable = post.author_id == me.id or is_summons(post, Included.of(page.includes), me=me)
            self._answerable[post_id] = is_answerable
        if not self._answerable[post_id]:
            raise self._api.http.error(Forbidden, WORDS)
