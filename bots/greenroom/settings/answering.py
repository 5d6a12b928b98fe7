"""`answer:` of the bot file: what of all that comes in is answered, and how."""

import enum
from collections.abc import Mapping
from datetime import timedelta
from hashlib import blake2b
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, ValidationInfo, model_validator
from pydantic.json_schema import WithJsonSchema

from greenroom.settings.approve import ApproveWord
from greenroom.settings.embed import EmbedEntry
from greenroom.settings.model import Model, Reading, Text, Texts, Truth, not_a_word, one_or_many, word_of, wrong
from greenroom.settings.picture import Paints
from greenroom.settings.places import Places
from greenroom.settings.spelling import CHANCE, Duration
from greenroom_adapters.contract import Kind, Surface

__all__ = ["ANSWERABLE", "GATHER", "AnswerRule", "Do"]

ANSWERABLE: Mapping[str, Kind] = {
    "mentions": Kind.MENTION,
    "replies": Kind.REPLY,
    "quotes": Kind.QUOTE,
    "direct_messages": Kind.DIRECT_MESSAGE,
    "messages": Kind.MESSAGE,
    "joins": Kind.JOIN,
    "follows": Kind.FOLLOW,
    "reactions": Kind.REACTION,
}
"""Words of `to:` → the kind of event that each means."""

WITH_WORDS = frozenset({Kind.MENTION, Kind.REPLY, Kind.QUOTE, Kind.DIRECT_MESSAGE, Kind.MESSAGE})
"""Kinds of events in which somebody says something, and may attach something."""

GATHER = timedelta(seconds=4)
"""In rooms and direct conversations people write in pieces."""


def _kind(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, Kind) and not isinstance(info.context, Reading):
        return value
    if isinstance(value, str) and value in ANSWERABLE:
        return ANSWERABLE[value]
    raise wrong(not_a_word(value, ANSWERABLE, "a kind of event"))


AnswerKind = Annotated[
    Kind,
    BeforeValidator(_kind),
    PlainSerializer(lambda kind: next(word for word, meant in ANSWERABLE.items() if meant is kind)),
    WithJsonSchema({"type": "string", "enum": list(ANSWERABLE)}),
]


class Do(enum.StrEnum):
    """What is done about what fits a rule."""

    REPLY = "reply"
    """It is answered, in words."""
    LIKE = "like"
    REACT = "react"
    """With an emoji, the rule's `reaction`."""
    REPOST = "repost"
    FOLLOW = "follow"
    """Its author is followed."""
    CHOOSE = "choose"
    """A model chooses which of the others are done, or none."""


def _choice(done: tuple[Do, ...]) -> tuple[Do, ...]:
    """Let a model choose between an answer and a like where nothing else is named."""
    return (Do.CHOOSE, Do.REPLY, Do.LIKE) if done == (Do.CHOOSE,) else done


class AnswerRule(Model):
    """What of all that comes in is answered."""

    section: ClassVar[str] = "an `answer` rule"
    is_seen: ClassVar[bool] = True
    short_for: ClassVar[str | None] = "to"
    computed: ClassVar[frozenset[str]] = frozenset({"name"})

    to: Annotated[tuple[AnswerKind, ...], Field(min_length=1), one_or_many]
    """Kinds of events."""
    places: Places = Field(default=(), validation_alias="in", serialization_alias="in")
    """Accounts and rooms; none: everywhere."""
    words: Texts = ()
    """At least one of these words stands in the text; none: any text."""
    chance: Annotated[float, CHANCE] = 1.0
    """How often what fits is answered; in memory from 0 to 1."""
    quiet_for: Duration = timedelta(0)
    """Only when nobody else has answered for this long."""
    within: Duration | None = None
    """What is older than this is left alone; none: 6 hours, in rooms 30 minutes."""
    gather: Duration | None = None
    """Messages of one person that come within this time of each other get one answer; none: 4 seconds in rooms and
    direct messages, else nothing."""
    hands_off: Duration = timedelta(hours=12)
    """How long a thread is left to the person who wrote in it by hand from the bot's account."""
    approve: ApproveWord | None = None
    """Who lets these answers out; none: as the whole bot."""
    say: Text | None = None
    """Fixed words; none: the engines speak."""
    embed: EmbedEntry | None = None
    """What the answers show below their words, in a frame of its own; where there are no such frames, lines of the
    text."""
    filters: Annotated[tuple[Text, ...], one_or_many] = ()
    """What people may ask for with a photo or a clip, which comes back under the filter that they name: names of
    filters, or `all`; none: it is not offered."""
    do: Annotated[
        tuple[Annotated[Do, word_of(Do, "a thing to do")], ...],
        Field(min_length=1),
        one_or_many,
        AfterValidator(_choice),
    ] = (Do.REPLY,)
    """What is done: without `reply` nothing is said. With `choose` a model chooses among the others (alone: an answer
    or a like), or does nothing."""
    reaction: Text | None = None
    """The emoji of `react`."""
    pictures: Annotated[tuple[Annotated[Paints, word_of(Paints, "a thing to ask a model for")], ...], one_or_many] = ()
    """What people may ask `engines: image` for: `draw` what they say, `edit` the picture that they send; none: it is
    not offered."""
    tell: Truth = False
    """true answers nobody: who is named in the bot's `tell` is told, and answers by hand."""
    name: str = ""
    """How the log calls it: `answer 1` is the first rule of the file."""

    @property
    def identity(self) -> str:
        """What its turns are noted under: the kinds that it answers, and where it says more than that, a mark of all
        that it says. Another place in the file does not change it, any other edit does."""
        kinds = ", ".join(word for word, kind in ANSWERABLE.items() if kind in self.to)
        if self.model_copy(update={"name": ""}) == AnswerRule(to=self.to):
            return kinds
        # what was there before there were filters, embeds, pictures and other acts keeps the mark that it had
        later = ("filters", "embed", "pictures")
        left_out = {"name", *(key for key in later if not getattr(self, key))}
        left_out |= {"do", "reaction"} if self.do == (Do.REPLY,) else set[str]()
        whole = self.model_dump_json(exclude=left_out)
        return f"{kinds} ({blake2b(whole.encode(), digest_size=3).hexdigest()})"

    def gather_on(self, surface: Surface) -> timedelta:
        """Return how long more messages of the same person are waited for on `surface`."""
        if self.gather is not None:
            return self.gather
        return GATHER if surface in (Surface.CHAT, Surface.DIRECT_MESSAGE) else timedelta(0)

    @model_validator(mode="after")
    def _answered_by_one(self) -> "AnswerRule":
        if self.tell and self.say is not None:
            raise wrong("`say` answers and `tell: true` leaves the answer to a person: keep one of them")
        if self.embed is not None and (self.tell or self.filters):
            other = "`tell: true` leaves the answer to a person" if self.tell else "`filters` gives a picture back"
            raise wrong(f"`embed` goes with an answer in words, and {other}: keep one of them")
        if self.filters and (self.tell or self.say is not None):
            other = "tell" if self.tell else "say"
            raise wrong(f"`filters` answers with what was sent, and `{other}` otherwise: keep one of them")
        if self.filters and not set(self.to) <= WITH_WORDS:
            raise wrong("`filters` answers who says something: leave out joins, follows and reactions")
        if self.pictures and (self.tell or self.say is not None or self.filters):
            other = "tell" if self.tell else "filters" if self.filters else "say"
            raise wrong(f"`pictures` answers with what a model makes, and `{other}` otherwise: keep one of them")
        if self.pictures and not set(self.to) <= WITH_WORDS:
            raise wrong("`pictures` answers who says something: leave out joins, follows and reactions")
        self._can_be_done()
        return self

    @property
    def acts(self) -> tuple[Do, ...]:
        """What is done beside answering, each once."""
        return tuple(dict.fromkeys(one for one in self.do if one not in (Do.REPLY, Do.CHOOSE)))

    def _can_be_done(self) -> None:
        """See to it that what is to be done has a meaning for what fits."""
        if (Do.REACT in self.do) is not (self.reaction is not None):
            missing = "with which emoji? write `reaction`" if self.reaction is None else "`reaction` is for `do: react`"
            raise wrong(missing)
        if Do.CHOOSE in self.do:
            self._can_be_chosen()
        if not self.acts:
            return
        if self.tell:
            raise wrong("`do` acts and `tell: true` leaves it to a person: keep one of them")
        if Do.REPLY not in self.do and (self.say is not None or self.filters):
            key = "say" if self.say is not None else "filters"
            raise wrong(f"`{key}` is an answer: write `reply` among what is to be done as well")
        about_posts = {Do.LIKE, Do.REACT, Do.REPOST} & set(self.acts)
        if about_posts and not set(self.to) <= WITH_WORDS:
            raise wrong(f"`{min(about_posts)}` is about what somebody says: leave out joins, follows and reactions")
        if Do.REPOST in self.acts and {Kind.DIRECT_MESSAGE, Kind.MESSAGE} & set(self.to):
            raise wrong("`repost` shows everybody: leave out direct_messages and messages")

    def _can_be_chosen(self) -> None:
        """See to it that there is something for a model to choose."""
        other = next((key for key in ("say", "filters", "pictures", "embed") if getattr(self, key)), None)
        if other is not None:
            raise wrong(f"`choose` lets a model choose, and `{other}` is always the same answer: keep one of them")
        if not set(self.to) <= WITH_WORDS:
            raise wrong("`choose` is about what somebody says: leave out joins, follows and reactions")
