"""Every post of a bot file comes some time."""

from collections.abc import Iterator
from pathlib import Path

from greenroom.scheduling.schedule import Schedule
from greenroom.settings import BotFile, Mistake, Mistakes
from greenroom.settings.document import parse, place_of
from greenroom_adapters.contract import ConfigurationError

__all__ = ["must_come"]


def must_come(file: BotFile, *, body: bytes) -> None:
    """See to it that every post of a bot file comes some time. `body` is what stands in the file.

    :raises Mistakes: with every post that never does, or whose cron line is none
    """
    missing = list(_never_coming(file))
    if not missing:
        return
    path = file.file or Path("the bot")
    document = parse(body, path=path)
    places = [place_of(document, steps) for steps, _ in missing]
    raise Mistakes(
        Mistake(path=path, line=line, column=column, reason=reason)
        for (line, column), (_, reason) in zip(places, missing, strict=True)
    )


def _never_coming(file: BotFile) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Yield where a post stands that never comes, and why it does not."""
    for number, entry in enumerate(file.post):
        key = "cron" if entry.cron is not None else "every" if entry.every is not None else "at"
        try:
            Schedule.of(entry, timezone=file.timezone)
        except ConfigurationError as error:
            yield ("post", number, key), str(error)
