"""The line on which the page hears that something changed."""

import asyncio
from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

from greenroom_adapters.stage.objects import Change
from greenroom_adapters.stage.state import StageState

__all__ = ["live"]

HEARTBEAT_S = 15.0


def live(state: StageState, *, viewer: str) -> StreamingResponse:
    """Answer with server-sent events: one message for every change that this account may see, its kind as data.

    A message says only *that* something changed; the page then asks for itself again, so there is one way to render and
    one place that decides who sees what. The stream ends when the Stage stops or the browser goes.
    """
    return StreamingResponse(
        lines(state, viewer),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def lines(state: StageState, viewer: str) -> AsyncIterator[str]:
    """Yield the stream's lines; a comment now and then shows a broken connection to both ends."""
    with state.watch() as changes:
        yield "retry: 1000\n\n"
        upcoming = asyncio.ensure_future(following(changes))
        try:
            while True:
                # Not `wait_for`: it would cancel the read, and with it the iterator.
                await asyncio.wait({upcoming}, timeout=HEARTBEAT_S)
                if not upcoming.done():
                    yield ": still here\n\n"
                    continue
                change = upcoming.result()
                if change is None:
                    return
                upcoming = asyncio.ensure_future(following(changes))
                if change.visible_to(viewer):
                    yield f"data: {change.kind.value}\n\n"
        finally:
            upcoming.cancel()
            await asyncio.gather(upcoming, return_exceptions=True)


async def following(changes: AsyncIterator[Change]) -> Change | None:
    """Return the next change; None after the last one."""
    return await anext(changes, None)
