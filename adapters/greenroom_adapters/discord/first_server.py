"""Which server gives channels their names when the owner lists none: the first, remembered for good."""

from greenroom_adapters.contract import Keep

__all__ = ["FirstServer"]

KEPT = "first_server"


class FirstServer:
    """The server that was the only one of the bot, so that its owner brought it there. Without a place to keep it in it
    is forgotten with the process."""

    def __init__(self) -> None:
        self._keep: Keep | None = None
        self._kept: str | None = None

    def keep_in(self, keep: Keep) -> None:
        """Remember it there."""
        self._keep = keep

    async def recall(self) -> str | None:
        """Return its id; None: there was none yet."""
        kept = (None if self._keep is None else await self._keep.load(KEPT)) or b""
        self._kept = kept.decode() if kept.isdigit() else None
        return self._kept

    async def remember(self, server: str | None) -> None:
        """Remember it, once."""
        if self._keep is not None and server is not None and self._kept is None:
            await self._keep.store(KEPT, server.encode())
            self._kept = server
