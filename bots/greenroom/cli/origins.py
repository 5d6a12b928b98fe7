"""What there is to say of the feeds, folders and calendars of a bot before it runs."""

import asyncio
import csv
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from greenroom.origins import FeedBroken, feed_items, read_calendar, read_drafts
from greenroom.origins.calendar import at_once, has_ids, with_ids
from greenroom.origins.feed import LARGEST
from greenroom.settings import BotFile, Mistakes, PostEntry
from greenroom.settings.loader import body_of
from greenroom.settings.spelling import DURATION
from greenroom_adapters.contract import AdapterError
from greenroom_adapters.web import read_page

__all__ = ["feed_words", "give_ids", "warnings_of_origins"]

PATIENCE = timedelta(seconds=15)


def warnings_of_origins(file: BotFile, *, now: datetime) -> Iterator[str]:
    """Yield what of the calendars and drafts may not be meant so, or cannot be posted.

    :raises Mistakes: a calendar cannot be used
    """
    for entry in file.post:
        origin = entry.origin
        if origin is None:
            continue
        if origin.calendar is not None:
            body = body_of(origin.calendar)
            rows = read_calendar(origin.calendar, body, file=file)
            yield from (f"{origin.calendar}: {words}" for words in at_once(rows, now=now))
            if not has_ids(body.decode("utf-8-sig")):
                yield (
                    f"{origin.calendar} has no column `id`, so a row is known by its time: one whose time is edited "
                    "after it was posted is posted again. `greenroom check --fix` adds the column"
                )
        if origin.folder is not None:
            try:
                drafts = read_drafts(origin.folder, timezone=file.timezone)
            except Mistakes as mistakes:
                yield from (str(mistake) for mistake in mistakes.mistakes)
            else:
                yield from (f"{mistake} (it is not posted like this)" for mistake in drafts.mistakes)


async def feed_words(file: BotFile) -> list[tuple[str, bool]]:
    """Look at every feed once; return a line for each, and whether it can be read."""
    entries = [entry for entry in file.post if entry.origin is not None and entry.origin.feed is not None]
    return list(await asyncio.gather(*map(_looked_at, entries)))


async def _looked_at(entry: PostEntry) -> tuple[str, bool]:
    origin = entry.origin
    assert origin is not None  # noqa: S101 - whoever calls has looked
    assert origin.feed is not None  # noqa: S101 - whoever calls has looked
    try:
        page = await read_page(
            origin.feed, called="the feed", most=LARGEST, is_private=origin.private, patience=PATIENCE
        )
        items = await feed_items(page.body or b"", address=page.address, media_type=page.media_type)
    except (AdapterError, FeedBroken, TimeoutError) as error:
        hint = "" if origin.private or "not public" not in str(error) else ": write `private: true` if it is your own"
        return f"post `{entry.name}`: its feed cannot be read: {error}{hint}", False
    old = f"the newest {origin.old} of them" if origin.old else "none of them"
    every = DURATION.write(origin.look_every)
    newest = f", the newest: {items[-1].title or items[-1].text[:60]}" if items else ""
    return (
        f"{entry.name}: {len(items)} items{newest}; a bot that reads it for the first time posts {old}, and looks "
        f"again every {every}"
    ), True


def give_ids(file: BotFile) -> list[Path]:
    """Add a column `id` to every calendar that has rows without one; return those that were written.

    :raises Mistakes: a calendar cannot be used as it stands
    """
    written: list[Path] = []
    for entry in file.post:
        if entry.origin is None or (path := entry.origin.calendar) is None:
            continue
        body = body_of(path)
        read_calendar(path, body, file=file)
        text = body.decode("utf-8-sig")
        fixed = with_ids(text)
        if list(csv.reader(io.StringIO(fixed))) != list(csv.reader(io.StringIO(text))):
            # the mark at the beginning tells Excel that it is UTF-8
            encoding = "utf-8-sig" if body.startswith(b"\xef\xbb\xbf") else "utf-8"
            beside = path.with_name(f"{path.name}.new")
            beside.write_text(fixed, encoding=encoding, newline="")
            beside.replace(path)
            written.append(path)
    return written
