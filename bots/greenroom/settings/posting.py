"""`post:` of the bot file: what is said without being asked."""

from datetime import datetime, time, timedelta
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from greenroom.settings.approve import ApproveWord
from greenroom.settings.embed import EmbedEntry
from greenroom.settings.model import Model, Name, Text, one_or_many, word_of, wrong
from greenroom.settings.origin import Origin, check_item_words
from greenroom.settings.picture import Picture
from greenroom.settings.places import Places
from greenroom.settings.poll import PollEntry
from greenroom.settings.spelling import CRON, DAYS, PERIOD, WHEN, Duration
from greenroom_adapters.contract import ConfigurationError, Visibility

__all__ = ["PostEntry"]


class PostEntry(Model):
    """What is said without being asked, and when."""

    section: ClassVar[str] = "a `post` entry"
    is_seen: ClassVar[bool] = True

    name: Name = "post"
    """Its identity in the ledger: required when there is more than one."""
    at: Annotated[tuple[Annotated[time | datetime, WHEN], ...], one_or_many] = ()
    """Times of every day, or moments that come once, in the file's time zone; in memory without a zone of their own."""
    every: Annotated[timedelta, PERIOD] | None = None
    """Again and again, counted from midnight."""
    cron: Annotated[str, CRON] | None = None
    """Five fields as crontab has them; weekday 0 and 7 are Sunday."""
    origin: Origin | None = Field(default=None, validation_alias="from", serialization_alias="from")
    """What it says comes from there: with `at`, `every` or `cron` one at each of these times, else each as it comes."""
    days: Annotated[frozenset[int], DAYS] | None = None
    """Only on these days of the week; none: on all. In memory Monday is 0."""
    spread: Duration = timedelta(0)
    """Each time up to this much later."""
    late_ok: Duration = timedelta(hours=1)
    """How late it may still be posted after an outage."""
    about: Text | None = None
    """What the engines write about; none: one of the persona's topics."""
    say: Text | None = None
    """Fixed words instead."""
    picture: Picture | None = None
    """A picture that goes with it."""
    warning: Text | None = None
    """What readers are told before they open it; where there are no such warnings it is the first line of the text."""
    poll: PollEntry | None = None
    """A question to its readers, which the text asks; where there are no polls its answers are lines of the text."""
    embed: EmbedEntry | None = None
    """What it shows below the words, in a frame of its own; where there are no such frames, lines of the text."""
    visibility: Annotated[Visibility, word_of(Visibility, "a visibility")] | None = None
    """Who sees it, on the account's own timeline; none: as the account says. Left out where there is nothing to
    choose."""
    approve: ApproveWord | None = None
    """Who lets it out; none: as the whole bot."""
    places: Places = Field(default=(), validation_alias="in", serialization_alias="in")
    """Accounts and rooms; none: all accounts."""

    @model_validator(mode="after")
    def _one_time_and_one_source(self) -> "PostEntry":
        if self.name == "tell":
            raise wrong("`tell` is the name of what the bot tells its owner: give the post another name")
        times = [key for key, there in (("at", self.at), ("every", self.every), ("cron", self.cron)) if there]
        if not times and self.origin is None:
            raise wrong("when? write `at`, `every` or `cron`")
        if len(times) > 1:
            raise wrong(f"`{times[0]}` and `{times[1]}` both say when: keep one of them")
        if self.poll is not None and self.embed is not None:
            raise wrong("`poll` and `embed` both stand below the words: keep one of them")
        if self.about is not None and self.say is not None:
            raise wrong("`about` lets the engines write and `say` is fixed: keep one of them")
        if self.origin is not None:
            self._fits_its_origin(self.origin, times)
        return self

    def _fits_its_origin(self, origin: Origin, times: list[str]) -> None:
        """See to it that what is written beside `from` has a meaning there."""
        if self.name == "single":
            raise wrong("`single` is the name of what is put down by hand: give the post another name")
        if self.picture is not None or self.poll is not None:
            key = "poll" if self.poll is not None else "picture"
            raise wrong(f"`{key}` is for a post of your own words: with `from` leave it out")
        if origin.calendar is not None and (times or self.days is not None or self.spread):
            key = times[0] if times else "spread" if self.spread else "days"
            raise wrong(f"`{key}`: the rows of a calendar say when they come. Leave it out")
        if self.spread and not times:
            raise wrong("`spread` is counted from a time: write `at`, `every` or `cron` as well")
        if origin.feed is None and (self.about is not None or self.say is not None):
            key = "say" if self.say is not None else "about"
            raise wrong(f"`{key}`: what stands in the folder or the calendar is said as it is. Leave it out")
        if self.say is not None:
            try:
                check_item_words(self.say)
            except ConfigurationError as error:
                raise wrong(str(error)) from error
