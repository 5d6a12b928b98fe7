"""What a bot does with each of its accounts, as its file says."""

from greenroom.settings.bot import BotFile
from greenroom_adapters.contract import Wanted

__all__ = ["wanted_of"]


def wanted_of(file: BotFile, account: str) -> Wanted:
    """Return what the rules and posts of the file want of one account."""
    rules = [rule for rule in file.answer if not rule.places or account in {place.account for place in rule.places}]
    posts = [entry for entry in file.post if not entry.places or account in {place.account for place in entry.places}]
    return Wanted(
        kinds=frozenset(kind for rule in rules for kind in rule.to),
        posts=bool(posts),
        attaches=any(entry.picture is not None for entry in posts) or any(rule.filters for rule in rules),
    )
