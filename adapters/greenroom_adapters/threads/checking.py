"""What an owner should know of the account before it runs, each trouble with its mend."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from greenroom_adapters.contract import Author, PostRejected, Standing, Wanted
from greenroom_adapters.meta.checking import first, readable
from greenroom_adapters.meta.tokens import about_the_end
from greenroom_adapters.threads.api import Api
from greenroom_adapters.transport import unfetched
from greenroom_adapters.webhooks import Lending

__all__ = ["standing"]


async def standing(
    api: Api, me: Author, lending: Lending | None, *, wanted: Wanted | None, ends_at: datetime | None, now: datetime
) -> Standing:
    """Say what the account may do and what will not work."""
    works, troubles = await readable(partial(api.feed, posts=1), lambda: first(api.mentions(most=1)))
    may = ["repost", "delete what it said", *works]
    warnings = [*_about_pictures(wanted, lending), *about_the_end(ends_at, now), *troubles]
    for what, answers, permission in (
        ("post", False, "threads_content_publish"),
        ("answer mentions and replies", True, "threads_manage_replies"),
    ):
        try:
            used, allowed = await api.used(answers=answers)
            may.append(f"{what} ({used} of {allowed} in 24 hours are used)")
        except PostRejected as refused:
            warnings.append(f"it cannot {what}: {refused}. Give the app `{permission}` and make a new token.")
    if lending is not None and (trouble := await unfetched(lending, platform="threads")) is not None:
        warnings.append(trouble)
    return Standing(me=me, may=tuple(may), warnings=tuple(warnings))


def _about_pictures(wanted: Wanted | None, lending: Lending | None) -> Iterator[str]:
    if wanted is not None and wanted.attaches and lending is None:
        yield (
            "its posts have pictures, and Threads fetches these from an address of yours: write `media_url` below the "
            "account."
        )
