"""Whether the words of a post that is put down by hand fit where they are to stand."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping

from greenroom.settings import BotFile, Platforms
from greenroom.storage import Due
from greenroom.turns import AccountDesk
from greenroom.turns.form import Misfit, form_of_due
from greenroom_adapters.contract import ConfigurationError, Surface, TextLimit
from greenroom_adapters.text import count, excess

__all__ = ["must_fit", "usually_too_long"]


def must_fit(event: Due, account: str, desks: Mapping[str, AccountDesk]) -> None:
    """Refuse words that the platform of a connected account would not take. It says itself how much it takes.

    :raises ConfigurationError: they are too long, with both figures
    """
    desk = desks.get(account)
    if event.say is None or desk is None or not desk.is_connected:
        return
    capabilities = desk.adapter.capabilities
    try:
        limits = form_of_due(event, capabilities).room_for_words(capabilities.limits.text_on(Surface.POST))
    except Misfit:
        # told where the post is to go out, with what is wrong about it
        return
    if over := excess(event.say, limits):
        raise ConfigurationError(
            f"the text is {over:,} too long for {account}: {_figures(event.say, limits)}. Shorten it"
        )


def usually_too_long(events: Iterable[Due], account: str, file: BotFile) -> Iterator[str]:
    """Yield for each post whose words are longer than the platform of an account usually takes that they are. How much
    its server takes is known when the account is connected."""
    platform = file.accounts[account].platform
    with contextlib.suppress(ConfigurationError):
        # of a platform that is not installed nothing is known
        usual = Platforms.installed().adapter(platform).usual_limits
        limits = () if usual is None else usual.text_on(Surface.POST)
        for event in events:
            if event.say is not None and excess(event.say, limits):
                yield (
                    f"{event.say[:30]!r}… is longer than what {platform} usually takes, and will not go out on "
                    f"{account}: {_figures(event.say, limits)}"
                )


def _figures(text: str, limits: tuple[TextLimit, ...]) -> str:
    """Return the length of a text and the limit that it breaks most, as the platform counts."""
    worst = max(limits, key=lambda limit: count(text, limit.rule) - limit.length)
    return f"it has {count(text, worst.rule):,} of {worst.length:,}"
