"""What an owner should know of the page before it runs, each trouble with its mend."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial

from greenroom_adapters.contract import AdapterError, Author, Standing
from greenroom_adapters.facebook.api import Api
from greenroom_adapters.facebook.settings import FacebookSettings
from greenroom_adapters.facebook.wire import WireTokenFacts
from greenroom_adapters.meta.checking import first, readable
from greenroom_adapters.meta.mail import Mail
from greenroom_adapters.meta.moments import from_epoch

__all__ = ["PERMISSIONS", "about_the_end", "standing"]

PERMISSIONS: Mapping[str, str] = {
    "pages_manage_posts": "post",
    "pages_read_engagement": "read what the page posted",
    "pages_read_user_content": "read comments and mentions",
    "pages_manage_engagement": "comment, like and delete",
    "pages_messaging": "read and answer messages",
    "pages_manage_metadata": "be told by a webhook",
}
"""Permission of a token → what it lets the bot do."""
SOON = timedelta(days=14)


async def standing(api: Api, mail: Mail, me: Author, *, settings: FacebookSettings, now: datetime) -> Standing:
    """Say what the page may do and what will not work."""
    works, warnings = await readable(
        partial(api.feed, posts=1),
        lambda: first(api.tagged(most=1)),
        mail if settings.direct_messages else None,
        permit_mail="Give the app the permission `pages_messaging` and make a new token, or write "
        "`direct_messages: false`.",
    )
    may = ["post", "answer comments and mentions", "like", "delete its own posts", *works]
    if settings.app_secret is not None and settings.app_id:
        try:
            facts = await api.inspect(app=f"{settings.app_id}|{settings.app_secret.reveal()}")
        except AdapterError as refused:
            warnings.append(f"how long the token lasts cannot be asked with this `app_id` and `app_secret`: {refused}")
        else:
            warnings += _about_the_token(facts, settings, now)
    else:
        warnings.append(
            "how long the token lasts is not known: write `app_id` and `app_secret`, with which Facebook tells."
        )
    return Standing(me=me, may=tuple(may), warnings=tuple(warnings))


def about_the_end(ends_at: int, now: datetime) -> str | None:
    """Say when a token ends, where that is soon; 0: it does not."""
    if not ends_at or from_epoch(ends_at) - now > SOON:
        return None
    ends = from_epoch(ends_at)
    days = max(0, (ends - now).days)
    return f"the token ends on {ends:%d %B %Y} (in {days} days): sign in anew with `greenroom login` before that."


def _about_the_token(facts: WireTokenFacts, settings: FacebookSettings, now: datetime) -> Iterator[str]:
    for ends_at in (facts.expires_at, facts.data_access_expires_at):
        if (words := about_the_end(ends_at, now)) is not None:
            yield words
            break
    needed = {name for name in PERMISSIONS if name != "pages_messaging" or settings.direct_messages}
    if not settings.webhook:
        needed.discard("pages_manage_metadata")
    for name in sorted(needed - set(facts.scopes)):
        yield f"the token lacks `{name}`, so the page cannot {PERMISSIONS[name]}: add it and make a new token."
