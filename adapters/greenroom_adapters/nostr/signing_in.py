"""How a person gets a key and relays for a bot: a new key, or one that he has. Publishes nothing."""

from collections.abc import Mapping
from datetime import timedelta

from greenroom_adapters.contract import AdapterError, Clerk, ConfigurationError, Credentials, Unavailable
from greenroom_adapters.nostr.keys import Keys
from greenroom_adapters.nostr.references import npub
from greenroom_adapters.nostr.relay import Relay, address
from greenroom_adapters.transport import system_now

__all__ = ["login"]

SUGGESTED = "wss://relay.damus.io, wss://nos.lol"
"""Large public relays that anybody may write to."""
REACHED_WITHIN = timedelta(seconds=10)


async def login(clerk: Clerk, known: Mapping[str, str]) -> Credentials:
    """Walk a person through it."""
    clerk.tell(
        "An account on Nostr is a key, and nothing else: nobody hands it out, and nobody can give it back. The bot "
        "should have a key of its own, not yours."
    )
    given = await clerk.ask_secret("The bot's secret key (nsec1…); leave it empty for a new one")
    is_new = not given.reveal().strip()
    keys = Keys.new() if is_new else Keys.read(given)
    name = npub(keys.pubkey)
    clerk.tell(f"The bot is {name}.")
    urls = await _relays(clerk, known)
    reached, why = await _reached(urls, keys)
    if not reached:
        raise Unavailable(f"none of these relays can be reached: {why}", platform="nostr")
    notes = [f"{url} cannot be reached now." for url in urls if url not in reached]
    if is_new:
        notes.append(
            "The key is new: keep a copy of the secret in a safe place. Whoever has it is the bot, and without it the "
            "bot's name and followers are lost for good."
        )
        notes.append("It has no name yet: sign in with the key in any Nostr client and give it a profile.")
    settings = {} if "relays" in known else {"relays": ", ".join(urls)}
    return Credentials(settings=settings, secrets={"key": keys.nsec()}, handle=name, notes=tuple(notes))


async def _relays(clerk: Clerk, known: Mapping[str, str]) -> list[str]:
    written = known.get("relays") or await clerk.ask("Relays, with commas between", default=SUGGESTED)
    urls = list(dict.fromkeys(address(url) for url in written.replace(",", " ").split()))
    if not urls:
        raise ConfigurationError("without a relay nobody hears the bot")
    return urls


async def _reached(urls: list[str], keys: Keys) -> tuple[list[str], str]:
    """Return the relays that can be reached, and why the last of the others cannot."""
    reached: list[str] = []
    why = ""
    for url in urls:
        async with Relay(url, keys, account="login", now=system_now) as relay:
            try:
                await relay.connection(within=REACHED_WITHIN)
            except AdapterError as error:
                why = str(error)
            else:
                reached.append(url)
    return reached, why
