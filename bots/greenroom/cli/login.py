"""`greenroom login`: get an account's credentials, and keep them where the bot finds them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenroom.cli.choosing import BotOption, Chosen, choose, complete_account
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, say, warn, write_json

if TYPE_CHECKING:
    from greenroom.settings import Login
    from greenroom_adapters.contract import Adapter, Wanted

__all__ = ["login"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    """What is signed in, before it is."""

    name: str
    platform: str
    folder: Path
    """Where it is kept."""
    keyring: str
    """What it is called in the keyring."""
    written: Mapping[str, Any]
    """What stands in the bot file below it; nothing where it is in none."""
    is_written: bool
    """It stands in a bot file."""
    has_file: bool
    """There is a bot file that it could stand in."""
    running: bool = False
    """The bot runs now."""
    wanted: "Wanted | None" = None
    """What the bot does with it; None: it has no file yet."""


@for_owners
def login(
    account: Annotated[
        str,
        typer.Argument(
            metavar="ACCOUNT",
            autocompletion=complete_account,
            help="Name of the account in the bot file; or of a platform, for an account that stands in none yet.",
            show_default=False,
        ),
    ],
    keyring: Annotated[
        bool,
        typer.Option("--keyring", help="Keep the secrets in the system's keyring, not in files.", show_default=False),
    ] = False,
    no_browser: Annotated[
        bool,
        typer.Option(
            "--no-browser",
            help="Open no browser: you open the page on any machine, and paste the address at which it ended.",
            show_default=False,
        ),
    ] = False,
    bot: BotOption = None,
    as_json: AsJson = False,
) -> None:
    """Sign an account in.

    Walks you through getting what the account's platform wants, asks for nothing that the bot file says already, and
    keeps the result beside the bot's ledger, in files that only your user can read. The bot file needs no secret then;
    what stands in it wins. Signing in again takes the place of the sign-in before.

    Without a terminal the answers are read from standard input, one a line.

    Example: greenroom login masto
    """
    from greenroom.cli.clerk import TerminalClerk
    from greenroom.settings import Platforms, secret_keys, store_login, text_of
    from greenroom_adapters.contract import ConfigurationError, SupportsLogin, SupportsWanted

    found = _find(account, choose(bot))
    adapter = Platforms.installed().adapter(found.platform)
    if not issubclass(adapter, SupportsLogin):
        raise ConfigurationError(_nothing_to_sign_in(found, adapter))
    secrets = secret_keys(adapter)
    known = {key: text_of(value) for key, value in found.written.items() if key not in secrets}
    clerk = TerminalClerk(opens_browser=not no_browser)
    if found.wanted is not None and issubclass(adapter, SupportsWanted):
        credentials = asyncio.run(adapter.login_for(clerk, known, found.wanted))
    else:
        credentials = asyncio.run(adapter.login(clerk, known))
    kept = store_login(found.folder, found.platform, credentials, in_keyring=found.keyring if keyring else None)
    in_the_way = [key for key in kept.secrets if key in found.written]
    for key in in_the_way:
        warn(f"`{key}` stands in the bot file, and what stands there wins: take that line out")
    for note in credentials.notes:
        clerk.tell(f"- {note}")
    lines = _lines(found, adapter, kept)
    if as_json:
        write_json(
            {
                "account": found.name,
                "platform": found.platform,
                "handle": kept.handle,
                "settings": dict(kept.settings),
                "secrets": {key: dict(place) for key, place in kept.secrets.items()},
                "add": lines,
                "running": found.running,
            }
        )
        return
    say(f"{found.name} is signed in as @{kept.handle} on {found.platform}.")
    where = "the system's keyring" if keyring else f"{found.folder}, which only your user can read"
    say(f"Kept in {where}: {', '.join([*kept.secrets, *kept.settings])}.")
    if lines is None:
        say("Nothing has to be written into the bot file. Look with: greenroom check")
    else:
        say(f"Write into {'the bot file' if found.has_file else 'a bot file'}:\n\n{lines}")
    if found.running:
        say("The running bot signs in with it at its next start.")


def _find(account: str, chosen: Chosen) -> _Account:
    """Return what is to be signed in.

    :raises ConfigurationError: `account` is neither an account of the bot nor a platform
    """
    from greenroom.cli.asking import runs
    from greenroom.settings import Platforms, account_folder, wanted_of
    from greenroom_adapters.contract import ConfigurationError

    platforms = Platforms.installed()
    if chosen.is_demo:
        platforms.adapter(account)  # raises where there is no such platform
        return _Account(
            name=account,
            platform=account,
            folder=Path.cwd() / "data" / "logins" / account,
            keyring=account,
            written={},
            is_written=False,
            has_file=False,
        )
    file = chosen.file()
    written = file.accounts.get(account)
    if written is None and account not in platforms.names:
        raise ConfigurationError(
            f"the bot has no account `{account}`; it has: {', '.join(sorted(file.accounts))}. "
            f"For an account that is not in its file yet name the platform: {', '.join(platforms.names)}"
        )
    return _Account(
        name=account,
        platform=account if written is None else written.platform,
        folder=account_folder(file.home, account),
        keyring=f"{file.bot}/{account}",
        written={} if written is None else written.settings,
        is_written=written is not None,
        has_file=True,
        running=runs(file),
        wanted=wanted_of(file, account),
    )


def _lines(found: _Account, adapter: "type[Adapter]", kept: "Login") -> str | None:
    """Return what belongs into the bot file, as YAML; None: it is complete."""
    import yaml

    from greenroom.settings import written_settings

    if found.is_written:
        return None
    if found.has_file:
        # what was signed in is found by the account's name
        return f"accounts:\n  {found.name}: {found.platform}\n"
    secrets = {key: dict(place) for key, place in kept.secrets.items()}
    account = {"platform": found.platform, **written_settings(adapter, kept.settings), **secrets}
    text: str = yaml.safe_dump({"accounts": {found.name: account}}, sort_keys=False, allow_unicode=True, width=1000)
    return text


def _nothing_to_sign_in(found: _Account, adapter: "type[Adapter]") -> str:
    from greenroom.cli.writing import needed

    missing = [key for key in needed(adapter, secret=True) if key not in found.written]
    if not missing:
        return (
            f"there is nothing to sign in on {found.platform}: an account there needs no secret but what its file has"
        )
    reference = f"`{missing[0]}: {{env: NAME}}`"
    return (
        f"{found.platform} has no way to sign in from here: its page in the documentation says how to get "
        f"{' and '.join(missing)}; write {reference} into the bot file"
    )
