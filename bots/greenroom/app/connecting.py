"""One account's adapter: built from what its file says and what its sign-in left, with a place to keep things in, and
at home on a local platform where it names none."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from greenroom.app.keeping import FolderKeep, kept_folder
from greenroom.app.local import LocalPlatform, is_local, start_local
from greenroom.personas import Persona
from greenroom.settings import BotFile, Platforms, account_folder, read_login, settings_for
from greenroom_adapters.contract import Adapter, ConfigurationError, SupportsKeeping
from greenroom_adapters.webhooks import SupportsWebhooks, Webhooks

__all__ = ["build_adapter"]


async def build_adapter(
    name: str,
    *,
    file: BotFile,
    persona: Persona,
    platforms: Platforms,
    local: dict[str, LocalPlatform],
    keeps: dict[str, FolderKeep],
    environ: Mapping[str, str],
    warn: Callable[[str], None],
    webhooks: Webhooks,
) -> Adapter:
    """Return the adapter of an account, not yet entered. A local platform that is not in `local` yet is started, and
    put there: whoever calls stops it. So it is with the place of an account that keeps something, in `keeps`: whoever
    calls closes it. Who is called by its platform is called on `webhooks`.

    :raises SecretMissing: a secret is not where its reference says
    :raises ConfigurationError: what the account's sign-in left cannot be used, or what its file says is not enough
    """
    account = file.accounts[name]
    adapter = platforms.adapter(account.platform)
    settings: dict[str, Any] = dict(account.settings)
    if is_local(account.platform):
        if "server" not in settings:
            if account.platform not in local:
                local[account.platform] = await start_local(account.platform, file.home.parent)
            settings["server"] = local[account.platform].url
        settings.setdefault("handle", file.bot)
        settings.setdefault("name", persona.persona)
        settings.setdefault("bio", persona.disclosure_line)
    folder = account_folder(file.home, name)
    login = read_login(folder)
    built = settings_for(
        name,
        account.model_copy(update={"settings": settings}),
        file=file.file or Path.cwd() / "bot.yaml",
        adapter=adapter,
        environ=environ,
        warn=warn,
        login=login,
    )
    try:
        made = adapter.for_account(built, account=name)
    except ConfigurationError as error:
        # adapters know nothing of other accounts, and an owner may have several on a platform
        raise ConfigurationError(f"account `{name}`: {error}") from error
    if isinstance(made, SupportsWebhooks):
        made.receive_at(webhooks)
    if isinstance(made, SupportsKeeping):
        if name not in keeps:
            place = kept_folder(folder, built, login, fields=adapter.session_fields)
            keeps[name] = FolderKeep(place, account=name, platform=account.platform)
        made.keep_in(keeps[name])
    return made
