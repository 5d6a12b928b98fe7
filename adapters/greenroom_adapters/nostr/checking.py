"""What an owner should know of the account before it runs, each trouble with its mend."""

from collections.abc import Iterator, Mapping, Sequence

from greenroom_adapters.contract import AdapterError, Author, Standing
from greenroom_adapters.nostr.profiles import Profile
from greenroom_adapters.nostr.relay import About

__all__ = ["standing"]


def standing(
    me: Author,
    profile: Profile,
    *,
    relays: Mapping[str, About | AdapterError],
    has_profile: bool,
    has_inbox: bool,
    silent: Sequence[AdapterError],
    has_media: bool,
) -> Standing:
    """Say what the account may do and what will not work. `relays` are those of the settings, with what each says of
    itself, or why it cannot be reached; `silent` is why some have not said whether they have its profile."""
    reached = [url for url, about in relays.items() if isinstance(about, About)]
    may = [
        f"hear mentions, answers, quotes, reactions, reposts and new followers at {', '.join(reached)}",
        "post, answer, quote, react, repost, follow and delete",
        "read and write direct messages (NIP-17)",
    ]
    if has_media:
        may.append("attach pictures and clips")
    warnings = [
        *_about_relays(relays),
        *_about_the_profile(me, profile, has_profile=has_profile, has_inbox=has_inbox),
    ]
    if silent and not (has_profile and has_inbox and profile.bot):
        warnings.append(
            "it is not marked as a bot while a relay does not answer, because that may have a newer profile: "
            f"{silent[0]}. Mend or take it out of `relays`."
        )
    return Standing(me=me, may=tuple(may), warnings=tuple(warnings))


def _about_relays(relays: Mapping[str, About | AdapterError]) -> Iterator[str]:
    if len(relays) == 1:
        yield "it has one relay: while that is away, the bot is deaf and mute. Name a second one under `relays`."
    for url, about in relays.items():
        if not isinstance(about, About):
            yield f"{url} cannot be reached: {about}. Mend or take it out of `relays`."
            continue
        limits = about.limitation
        if limits.payment_required:
            yield f"{url} wants to be paid before it takes anything: pay there, or take it out of `relays`."
        if limits.restricted_writes:
            yield f"{url} takes events only from whom it knows: ask its operator to let the bot in."
        if limits.min_pow_difficulty:
            yield f"{url} asks for proof of work, which the bot does not do: take it out of `relays`."


def _about_the_profile(me: Author, profile: Profile, *, has_profile: bool, has_inbox: bool) -> Iterator[str]:
    if not has_profile:
        yield (
            "none of its relays has a profile of it, so it has no name, is not marked as a bot, and does not say where "
            "it reads direct messages (kind 10050): a profile that is made here would replace one that is elsewhere. "
            "Give it a profile in any Nostr client, or name a relay that has it under `relays`."
        )
        return
    if not has_inbox:
        yield (
            "it has not said where it reads direct messages (kind 10050), so few clients can send it any: that is said "
            "when the bot starts, unless it is told not to mark its account; or say it in any Nostr client."
        )
    if not profile.name:
        yield f"it has no name: people see {me.handle[:12]}…. Give it a profile in any Nostr client."
    if not profile.bot:
        yield (
            "its profile does not say that it is a bot: that is said when the bot starts, unless it is told not to "
            "mark its account."
        )
