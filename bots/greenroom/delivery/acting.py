"""What is done about posts and people without words, through the adapter's optional actions."""

from datetime import UTC, datetime

from greenroom.storage import Act
from greenroom_adapters.contract import (
    Adapter,
    PostRef,
    Receipt,
    SupportsFollow,
    SupportsReact,
    SupportsRepost,
    Unsupported,
)

__all__ = ["can_do", "do"]


def can_do(adapter: Adapter, kind: str) -> bool:
    """Say whether the account's platform has such an act at all."""
    match kind:
        case "like" | "react":
            return isinstance(adapter, SupportsReact)
        case "repost":
            return isinstance(adapter, SupportsRepost)
        case _:
            return isinstance(adapter, SupportsFollow)


async def do(adapter: Adapter, act: Act, *, now: datetime, key: str) -> Receipt:
    """Do it, once or again: the contract promises that twice is once. Return what stands for a receipt.

    :raises AdapterError: it is not done, for all that is known
    """
    if act.kind in ("like", "react") and act.post is not None and isinstance(adapter, SupportsReact):
        await adapter.react(act.post, act.reaction if act.kind == "react" else "like")
    elif act.kind == "repost" and act.post is not None and isinstance(adapter, SupportsRepost):
        await adapter.repost(act.post)
    elif act.kind == "follow" and act.person is not None and isinstance(adapter, SupportsFollow):
        await adapter.follow(act.person)
    else:
        raise Unsupported(f"there is no {act.kind} here", platform=adapter.platform)
    return Receipt(ref=PostRef(id=key), key=key, published_at=now.astimezone(UTC))
