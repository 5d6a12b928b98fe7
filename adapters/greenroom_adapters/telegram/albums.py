"""Albums: several pictures that were sent as one, and that Telegram tells as messages of their own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from greenroom_adapters.telegram.wire import WireUpdate

__all__ = ["Albums", "Told"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One update."""

    number: int
    raw: bytes = field(repr=False)
    update: WireUpdate | None
    """None: it cannot be read."""

    @property
    def album(self) -> tuple[int, str] | None:
        """The chat and the name of the album that its message belongs to; None: to none."""
        message = None if self.update is None else self.update.message or self.update.channel_post
        return None if message is None or message.media_group_id is None else (message.chat.id, message.media_group_id)


class Albums:
    """Gathers what belongs together.

    An album at the end of an answer may go on in the next one: it is left there, for it is told again, and taken when
    it has not grown meanwhile.
    """

    def __init__(self) -> None:
        self._seen_up_to: int | None = None

    @property
    def is_open(self) -> bool:
        """An album was left, and is to be asked for again."""
        return self._seen_up_to is not None

    def gathered(self, news: Sequence[Told]) -> Iterator[Sequence[Told]]:
        """Yield each update alone, and those of an album together."""
        seen_up_to, self._seen_up_to = self._seen_up_to, None
        begin = 0
        while begin < len(news):
            end = begin + 1
            album = news[begin].album
            while album is not None and end < len(news) and news[end].album == album:
                end += 1
            if album is not None and end == len(news) and news[-1].number != seen_up_to:
                self._seen_up_to = news[-1].number
                return
            yield news[begin:end]
            begin = end
