"""How a person gives a bot its account: the questions, and the proof that the answers work."""

from collections.abc import Mapping

from greenroom_adapters.bluesky.session import Session
from greenroom_adapters.bluesky.settings import SERVER, BlueskySettings
from greenroom_adapters.contract import Clerk, ConfigurationError, Credentials

__all__ = ["login"]

EXPLAINED = """\
A bot signs in with an app password, not with the password of its account. In the Bluesky app, signed in as the bot:
Settings, Privacy and security, App passwords, Add app password. Tick `Allow access to your direct messages` if people
shall be able to write to the bot alone. The password is shown once, in the form xxxx-xxxx-xxxx-xxxx."""


async def login(clerk: Clerk, known: Mapping[str, str], *, platform: str) -> Credentials:
    """Ask for handle and app password, sign in with them, and return what the bot file needs.

    :raises ConfigurationError: what was given cannot be right
    :raises AuthenticationFailed: the server does not accept it
    :raises Unavailable: the server cannot be reached
    """
    handle = known.get("handle") or await clerk.ask("Handle of the bot's account (for example ada.bsky.social)")
    handle = handle.removeprefix("@").strip().lower()
    if "." not in handle or "@" in handle or not handle.isascii():
        raise ConfigurationError(f"{handle!r} is no handle: it looks like ada.bsky.social, and is no e-mail address")
    server = known.get("server", SERVER)
    clerk.tell(EXPLAINED)
    password = await clerk.ask_secret("App password")
    settings = BlueskySettings(handle=handle, password=password, server=server, pds=known.get("pds", ""))
    async with Session(settings, platform=platform, account=handle) as session:
        notes: list[str] = []
        if session.is_main_password:
            notes.append(
                "That is the account's own password, which may do everything: an app password is safer, and can be "
                "taken back by itself."
            )
        elif not session.allows_mail:
            notes.append(
                "This app password does not allow direct messages; write `direct: false`, or make another one."
            )
    settings_made = {"handle": handle} | ({"server": server} if server != SERVER else {})
    return Credentials(settings=settings_made, secrets={"password": password}, handle=handle, notes=tuple(notes))
