"""What X is asked to tell by itself, by stream or by webhook."""

import logging
from collections.abc import Mapping

from greenroom_adapters.contract import PostRejected
from greenroom_adapters.x.api import Api

__all__ = ["subscribe"]

logger = logging.getLogger(__name__)

TAG = "greenroom"


async def subscribe(api: Api, wanted: Mapping[str, Mapping[str, str]], *, webhook: str | None = None) -> None:
    """Have X tell what is wanted (type of activity → its filter), to the webhook with this id, or on streams: what is
    missing among the subscriptions is added, others' are left alone.

    :raises AdapterError: it cannot be asked now
    """
    there = await api.subscriptions()
    for kind, chosen in wanted.items():
        if any((one.event_type, one.filter, one.webhook_id or None) == (kind, chosen, webhook) for one in there):
            continue
        try:
            await api.subscribe(kind, chosen, tag=TAG, webhook=webhook)
        except PostRejected as refused:
            logger.warning("X does not tell of %s: %s", kind, refused)
