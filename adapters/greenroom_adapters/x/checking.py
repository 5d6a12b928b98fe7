"""What an owner should know of the account before it runs, each trouble with its mend."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from greenroom_adapters.contract import Author, Forbidden, PostRejected, Standing
from greenroom_adapters.x.api import FEWEST, Api
from greenroom_adapters.x.prices import PRICES, Priced
from greenroom_adapters.x.settings import XSettings
from greenroom_adapters.x.wire import WireUser

__all__ = ["standing"]

TOLD: Mapping[Priced, str] = {
    "post": "post",
    "post_with_link": "post with a link",
    "reply": "reply to who called for the bot",
    "own_read": "mention read",
    "message": "direct message",
    "message_read": "direct message read",
}
"""Kind of call → what an owner calls it; the others are rare."""


async def standing(api: Api, me: Author, profile: WireUser, *, settings: XSettings) -> Standing:
    """Say what the account may do and what will not work. Reads a handful of rows, which cost what reads cost."""
    may = ["read mentions", "post", "reply to who mentions or quotes it", "repost", "delete its own posts"]
    warnings = [*_about_the_profile(profile), *_about_answers(settings), *_about_money(settings)]
    if settings.bearer is not None and settings.dialect == "tweet":
        warnings.append(
            "with `dialect: tweet` X tells of follows alone: write `dialect: post`, and it tells of the rest."
        )
    if settings.access == "enterprise":
        may += ["reply to anybody", "quote posts"]
    try:
        await api.mentions(me.id, rows=FEWEST)
    except Forbidden as refused:
        may.remove("read mentions")
        warnings.append(
            f"mentions cannot be read: {refused}. Give the app the permission to read, then make new tokens."
        )
    if settings.direct_messages:
        try:
            await api.messages(rows=1)
            may.append("read and send direct messages")
        except PostRejected as refused:
            warnings.append(
                f"direct messages cannot be read: {refused}. Give the app the permission `Read and write and Direct "
                "message` and make new tokens, or write `direct_messages: false`."
            )
    return Standing(me=me, may=tuple(may), warnings=tuple(warnings))


def _about_the_profile(profile: WireUser) -> Iterator[str]:
    if "bot" not in profile.description.casefold() and "automated" not in profile.description.casefold():
        yield "its profile does not say that it is a bot, and X's automation rules ask for it: write so in the bio."
    yield (
        "X asks for the label of automated accounts, which no program can see or set: switch it on under Settings → "
        "Your account → Account information → Automation, and name the account of the person who runs it."
    )
    if profile.protected:
        yield "its posts are protected: only its followers see what it posts. Mend it under Settings → Privacy."


def _about_money(settings: XSettings) -> Iterator[str]:
    if settings.access == "enterprise":
        return
    prices = {**PRICES, **{kind: Decimal(str(price)) for kind, price in settings.prices.items()}}
    told = ", ".join(f"{prices[kind].normalize():f} for each {what}" for kind, what in TOLD.items())
    yield (
        f"X charges for what it does, in USD: {told}. Keep links out of posts where you can, and set a cap under "
        "Billing in X's console: what a day may cost here (`limits: spend`) counts this bot alone."
    )


def _about_answers(settings: XSettings) -> Iterator[str]:
    if not settings.ai_replies_approved:
        yield (
            "replies that a machine writes are held for you until X has approved them: apply in X's developer console, "
            "then write `ai_replies_approved: true`."
        )
