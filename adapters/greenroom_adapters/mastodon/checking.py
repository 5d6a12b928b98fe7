"""What an owner should know of the account before it runs, each trouble with its mend."""

from collections.abc import Iterator

from greenroom_adapters.contract import AuthenticationFailed, PostRejected, Standing
from greenroom_adapters.mastodon.api import Api
from greenroom_adapters.mastodon.login import NEEDED
from greenroom_adapters.mastodon.people import author
from greenroom_adapters.mastodon.server import Server
from greenroom_adapters.mastodon.wire import WireAccount, WirePolicy

__all__ = ["standing"]

FILTERED = {
    "for_not_following": "people whom it does not follow",
    "for_not_followers": "people who do not follow it",
    "for_new_accounts": "new accounts",
    "for_private_mentions": "people who write privately without being asked",
    "for_limited_accounts": "accounts that the server's moderators limited",
}
WHERE = "on the server's pages, under Preferences → Notifications"


async def standing(api: Api, server: Server) -> Standing:
    """Say what the account may do and what will not work."""
    me = await api.me()
    warnings = [
        *_about_the_account(me),
        *_about_the_server(server),
        *await _about_the_token(api),
        *await _about_what_is_filtered(api),
    ]
    may = ["hear mentions, answers, private mentions, favourites, boosts and follows", "post and answer"]
    may += ["write privately", "favour, boost and follow", "edit its posts"]
    if server.deletes:
        may.append("delete its posts")
    return Standing(me=author(me), may=tuple(may), warnings=tuple(warnings))


def _about_the_account(me: WireAccount) -> Iterator[str]:
    if not me.bot:
        yield (
            "the account is not marked as a bot: Greenroom sets the mark when the bot first runs live, or set it under "
            "Preferences → Public profile."
        )
    if me.limited:
        yield "the server's moderators have limited the account: few people see what it says. Ask them."
    if me.suspended:
        yield "the account is suspended: it can say nothing. Ask the server's moderators."


def _about_the_server(server: Server) -> Iterator[str]:
    if not server.honours_keys:
        yield (
            f"this server ({server.version}) is not known to recognise a post that is sent twice. When an answer is "
            "lost, the bot looks through its own posts first, which takes up to a minute."
        )
    if server.streaming is None:
        yield "the server's streams are not encrypted, so they are not used: what happens is heard some seconds later."
    if not server.deletes:
        yield "this server takes no post down by its API: delete what must go on its own pages."


async def _about_the_token(api: Api) -> list[str]:
    try:
        scopes = (await api.application()).scopes
    except (PostRejected, AuthenticationFailed):
        return []
    if scopes is None:  # servers before Mastodon 4.3 do not tell
        return []
    missing = [scope for scope in NEEDED if not {scope, scope.partition(":")[0]} & set(scopes)]
    # The scope `follow` is the older name of some.
    if "follow" in scopes:
        missing = [scope for scope in missing if not scope.endswith(":follows")]
    if not missing:
        return []
    return [f"the token may not do all that a bot does: make one with {', '.join(missing)} as well."]


async def _about_what_is_filtered(api: Api) -> list[str]:
    try:
        policy: WirePolicy = await api.policy()
    except (PostRejected, AuthenticationFailed):
        return []
    silent = [who for name, who in FILTERED.items() if getattr(policy, name) in ("filter", "drop")]
    # That is Mastodon's own setting for those whom moderators limited, and a good one.
    silent = [who for who in silent if who != FILTERED["for_limited_accounts"]]
    return [f"the account does not hear {', nor '.join(silent)}: let them through {WHERE}."] if silent else []
