"""Where posts come from: feeds, folders of drafts, calendars. Each gives items, which can be told again for ever."""

from greenroom.origins.apart import feed_items
from greenroom.origins.calendar import read_calendar
from greenroom.origins.drafts import Drafts, files_of_drafts, read_drafts
from greenroom.origins.feed import FeedBroken, read_feed
from greenroom.origins.item import Item, period_of
from greenroom.origins.wording import unaddressed, words_of

__all__ = [
    "Drafts",
    "FeedBroken",
    "Item",
    "feed_items",
    "files_of_drafts",
    "period_of",
    "read_calendar",
    "read_drafts",
    "read_feed",
    "unaddressed",
    "words_of",
]
