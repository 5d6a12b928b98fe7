"""What an owner should know of the page before it runs, each trouble with its mend."""

from collections.abc import Iterator, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta

from greenroom_adapters.contract import AdapterError, Author, PostRejected, Standing
from greenroom_adapters.facebook.api import Api
from greenroom_adapters.facebook.settings import FacebookSettings
from greenroom_adapters.facebook.wire import WireTokenFacts
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
    may = ["post", "answer comments and mentions", "like", "delete its own posts"]
    warnings: list[str] = []
    for what, look in (("read comments", _feed), ("read mentions", _tagged)):
        try:
            await look(api)
            may.append(what)
        except PostRejected as refused:
            warnings.append(f"it cannot {what}: {refused}. Give the app the permission and make a new token.")
    if settings.direct_messages:
        try:
            async with aclosing(mail.conversations(most=1)) as pages:
                async for _ in pages:
                    break
            may.append("read and answer messages, within 24 hours of the last one")
        except PostRejected as refused:
            warnings.append(
                f"messages cannot be read: {refused}. Give the app the permission `pages_messaging` and make a new "
                "token, or write `direct_messages: false`."
            )
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


async def _feed(api: Api) -> None:
    await api.feed(posts=1)


async def _tagged(api: Api) -> None:
    async with aclosing(api.tagged(most=1)) as pages:
        async for _ in pages:
            return


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
