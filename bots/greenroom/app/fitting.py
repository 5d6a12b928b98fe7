"""Whether words that a person puts down or writes anew fit where they are to stand."""

from collections.abc import Mapping
from dataclasses import dataclass

from greenroom.settings import BotFile, Platforms
from greenroom.storage import Due, Ledger
from greenroom.turns import AccountDesk
from greenroom.turns.form import Misfit, form_of_due
from greenroom.turns.measures import measures_of
from greenroom_adapters.contract import ConfigurationError, Surface, TextLimit
from greenroom_adapters.text import count, excess

__all__ = ["Measure", "measure_of", "must_fit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a text may measure on one account."""

    account: str
    limits: tuple[TextLimit, ...]
    usual: str | None = None
    """The platform, where only what accounts there usually take is known; None: the account's own server said it."""

    def wrong_with(self, text: str) -> str | None:
        """Return why a text does not fit, and what helps; None: it fits."""
        if not (over := excess(text, self.limits)):
            return None
        worst = max(self.limits, key=lambda limit: count(text, limit.rule) - limit.length)
        has = f"the text is {over:,} too long for {self.account}: it has {count(text, worst.rule):,}"
        if self.usual is None:
            return f"{has} of {worst.length:,}. Shorten it"
        return (
            f"{has} of the {worst.length:,} that {self.usual} usually takes. Shorten it; where its server takes more, "
            "say this again once the bot runs, for then that is known"
        )


async def measure_of(
    account: str, surface: Surface, *, ledger: Ledger, file: BotFile, desks: Mapping[str, AccountDesk] | None = None
) -> Measure:
    """Return what a text may measure on an account: as its platform says where it is connected (`desks` are those of
    the running bot), else as it said when that was so last, else as is usual there.

    :raises StorageError: the ledger cannot be read
    """
    desk = (desks or {}).get(account)
    if desk is not None and desk.is_connected:
        return Measure(account=account, limits=desk.adapter.capabilities.limits.text_on(surface))
    platform = file.accounts[account].platform
    known = await measures_of(ledger, account, file)
    if known is not None and surface in known:
        return Measure(account=account, limits=known[surface])
    try:
        usual = Platforms.installed().adapter(platform).usual_limits
    except ConfigurationError:
        # of a platform that is not installed nothing is known
        usual = None
    return Measure(account=account, limits=() if usual is None else usual.text_on(surface), usual=platform)


async def must_fit(
    event: Due, account: str, *, ledger: Ledger, file: BotFile, desks: Mapping[str, AccountDesk]
) -> None:
    """Refuse a post whose words the platform of its account would not take.

    :raises ConfigurationError: they are too long, with both figures
    :raises StorageError: the ledger cannot be read
    """
    if event.say is None:
        return
    measure = await measure_of(account, Surface.POST, ledger=ledger, file=file, desks=desks)
    desk = desks.get(account)
    if desk is not None and desk.is_connected:
        try:
            limits = form_of_due(event, desk.adapter.capabilities).room_for_words(measure.limits)
        except Misfit:
            # told where the post is to go out, with what is wrong about it
            return
        measure = Measure(account=account, limits=limits)
    if (why := measure.wrong_with(event.say)) is not None:
        raise ConfigurationError(why)
