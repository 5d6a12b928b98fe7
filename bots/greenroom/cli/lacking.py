"""What posts lack on accounts that nobody has signed in yet: where one is, it says so itself."""

from collections.abc import Iterable, Iterator

from greenroom.settings import BotFile, Place, Platforms, account_folder, read_login
from greenroom_adapters.contract import ConfigurationError

__all__ = ["lacking"]


def lacking(file: BotFile, accounts: Iterable[str]) -> Iterator[str]:
    """Yield which posts of the file will not appear on one of these accounts, and what they need there."""
    platforms = Platforms.installed()
    for name in accounts:
        account = file.accounts[name]
        adapter = platforms.adapter(account.platform)
        try:
            login = read_login(account_folder(file.home, name))
        except ConfigurationError:
            # told where the account is signed in
            login = None
        settings = {**account.settings, **({} if login is None else login.settings)}
        has_place = not adapter.posts_need_fields or any(settings.get(field) for field in adapter.posts_need_fields)
        names = [
            f"`{entry.name}`"
            for entry in file.post
            if (not entry.places or Place(account=name) in entry.places)
            and not (has_place and (not adapter.posts_need_media or entry.picture or entry.origin))
        ]
        if names:
            yield f"{' and '.join(names)} will not appear on {name}: posts there need {adapter.posts_need}"
