"""What an owner should know of the account before it runs, each trouble with its mend."""

from collections.abc import Iterator

from greenroom_adapters.bluesky.settings import BlueskySettings
from greenroom_adapters.contract import Author, Standing

__all__ = ["standing"]


def standing(
    me: Author, settings: BlueskySettings, *, has_mail: bool, is_main_password: bool, no_stream: str | None
) -> Standing:
    """Say what the account may do and what will not work. `has_mail`: the app password allows direct messages;
    `no_stream`: why the stream that is wanted does not open; None: it does, or none is wanted."""
    may = [
        "read mentions, replies, quotes, likes, reposts and follows",
        "post, answer and quote",
        "like, repost, follow",
    ]
    if has_mail:
        may.append("read and send direct messages")
    if settings.stream:
        may.append("read what everybody posts, for words and deletions")
    warnings = [*_warnings(me, settings, has_mail=has_mail, is_main=is_main_password)]
    if no_stream is not None:
        warnings.append(f"no watched words and no deletions are heard while the stream is away: {no_stream}")
    return Standing(me=me, may=tuple(may), warnings=tuple(warnings))


def _warnings(me: Author, settings: BlueskySettings, *, has_mail: bool, is_main: bool) -> Iterator[str]:
    if is_main:
        yield (
            "it signs in with the account's own password, which may do everything: make an app password (Settings, "
            "Privacy and security, App passwords) and use that."
        )
    if settings.direct and not has_mail:
        yield (
            "its app password does not allow direct messages: make another one with `Allow access to your direct "
            "messages`, or write `direct: false`."
        )
    if not me.is_bot:
        yield "nothing marks it as a bot: the label is set when the bot starts, unless you forbid that."
