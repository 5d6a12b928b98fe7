"""What an account on a platform of Meta may read, tried before it runs."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from greenroom_adapters.contract import PostRejected
from greenroom_adapters.meta.mail import Mail
from greenroom_adapters.meta.wire import WirePage

__all__ = ["first", "readable"]


async def readable(
    feed: Callable[[], Awaitable[object]],
    mentions: Callable[[], Awaitable[object]],
    mail: Mail | None = None,
    *,
    permit_mail: str = "",
) -> tuple[list[str], list[str]]:
    """Return what can be read, and a warning for each list that cannot; `permit_mail` is its mend for messages."""
    permit = "Give the app the permission and make a new token."
    tries = [
        (what, look, f"it cannot {what}", permit)
        for what, look in (("read comments", feed), ("read mentions", mentions))
    ]
    if mail is not None:
        words = "read and answer messages, within 24 hours of the last one"
        tries.append((words, lambda: first(mail.conversations(most=1)), "messages cannot be read", permit_mail))
    may: list[str] = []
    warnings: list[str] = []
    for what, look, trouble, mend in tries:
        try:
            await look()
            may.append(what)
        except PostRejected as refused:
            warnings.append(f"{trouble}: {refused}. {mend}")
    return may, warnings


async def first(pages: AsyncGenerator[WirePage, None]) -> None:
    """Read the first page of a list."""
    async with aclosing(pages):
        async for _ in pages:
            return
