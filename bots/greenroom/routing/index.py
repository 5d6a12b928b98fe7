"""The rules of a bot, sorted beforehand by account, place, kind and word."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from greenroom.clock import MICROSECOND
from greenroom.personas import Talkative
from greenroom.routing.decision import Miss, Rule
from greenroom.routing.words import cut
from greenroom.settings.answering import AnswerRule
from greenroom.settings.bot import People
from greenroom.settings.rooms import RoomMode, RoomRule
from greenroom.settings.spelling import Person, Place, Span
from greenroom_adapters.contract import Author, ConfigurationError, Kind, Room, Surface, Trust

__all__ = [
    "SPOKEN_IN",
    "UNASKED",
    "AccountIndex",
    "Choice",
    "Desk",
    "Phrase",
    "Setting",
    "Source",
    "TalkLine",
    "read_rules",
    "read_talkative",
]

WITHIN, WITHIN_IN_ROOMS = timedelta(hours=6), timedelta(minutes=30)
ELSEWHERE = "elsewhere"
"""The name in `rooms` of all that nobody listed."""
UNASKED = frozenset({Kind.MESSAGE, Kind.JOIN})
"""Kinds that do not address the bot. In a room they are answered only by rules that name the room."""

SPOKEN_IN = frozenset({RoomMode.MENTIONS, RoomMode.OPEN})
"""Modes of rooms in which the bot may write."""

Phrase = list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkLine:
    """One line of the persona's `talkative`, read for one bot."""

    name: str
    """As the log calls it: `talkative 1` is the first one of the persona."""
    places: tuple[Place, ...] | None
    """Only there; None: in every open room. Those that this bot does not have are left out."""
    at: Span | None
    chance: float

    def is_for(self, account: str, room: str | None) -> bool:
        """Say whether it is about a room, as the file writes it."""
        return self.places is None or any(
            place.account == account and place.room in (None, room) for place in self.places
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One rule of the file, read but not yet sorted in."""

    rule: AnswerRule
    order: int
    """Its place in the file."""
    phrases: tuple[Phrase, ...]
    """Its words, cut; none: it answers any text."""

    def level(self, account: str, room: str | None) -> int | None:
        """Say how particular the rule is about this place: 2 names the room, 1 the account, 0 neither.

        None: the rule is for other places. `room` is as the file writes it; None: not in a room that the file knows.
        """
        if not self.rule.places:
            return 0
        here = {place.room for place in self.rule.places if place.account == account}
        if room is not None and room in here:
            return 2
        return 1 if None in here else None

    def rank(self, level: int) -> tuple[bool, int, int, int]:
        """Return what decides between rules that fit; the smallest is the most particular.

        Words before place, a room before an account before everywhere, few kinds before many, and the order of the
        file.
        """
        return (not self.phrases, -level, len(set(self.rule.to)), self.order)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A rule at a desk."""

    rank: tuple[bool, int, int, int]
    in_room: Rule
    direct: Rule
    """In a direct conversation."""
    outside: Rule
    wait: timedelta
    chance: float
    phrases: Mapping[str, tuple[Phrase, ...]]
    """First word → the phrases of several words that begin with it. A word that stands here alone has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What can answer one kind of event at one place."""

    always: Choice | None
    """The most particular rule without words."""
    words: tuple[Mapping[str, tuple[Choice, ...]], ...]
    """First word of a phrase → the rules that wait for it."""
    watch: frozenset[str]
    """Every key of `words` and `names`: a text without any of them is none of their business."""
    miss: Miss
    """Said when nothing here fits."""
    names: Mapping[str, tuple[Phrase, ...]] = field(default_factory=dict[str, tuple[Phrase, ...]])
    """First word → names of the bot; who says one addresses it. Only for messages in rooms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A place where something can happen: the world outside of rooms, one room, or all rooms that nobody listed."""

    room: str | None
    """As the file writes it; None: none that the file knows."""
    mode: RoomMode | None
    """None: not a room."""
    desks: Mapping[Kind, Desk]
    miss: Miss
    """Said about kinds that have no desk."""
    talk: tuple[TalkLine, ...] = ()
    """What says whether the bot joins in unasked, in an open room; none: it never does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountIndex:
    """All settings of one account, and the people whom the bot knows there."""

    outside: Setting
    """Timelines and direct conversations."""
    rooms: Mapping[str, Setting]
    """Listed rooms by what the file calls them: platform id or name."""
    elsewhere: Setting
    """Rooms that nobody listed."""
    staying: Setting
    """Such rooms where the owner let the bot stay."""
    ids: Mapping[str, Trust]
    handles: Mapping[str, Trust]
    """Case-folded, without the @ that marks them as handles."""
    covers_elsewhere: bool = False
    """The owner has said what holds in rooms that he did not list."""
    moderators: tuple[Person, ...] = ()
    """Who keeps order, as the owner says; none: whom the platform says so of."""
    knows_people: bool = False
    """The owner has named somebody on this account."""
    by_name: Mapping[str, Setting] = field(init=False)
    """`rooms` by their names, case-folded."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {name.casefold(): setting for name, setting in self.rooms.items()})

    def setting_of(self, room: Room | None, *, stays: bool = False) -> Setting:
        """Return where an event in `room` happens; an id goes before a name, which may be written in any case. The
        owner may have let the bot stay there."""
        if room is None:
            return self.outside
        rooms = self.rooms
        if rooms and (listed := rooms.get(room.id) or self.by_name.get(room.name.casefold())):
            return listed
        return self.staying if stays else self.elsewhere

    def trust_of(self, author: Author) -> Trust:
        """Return how far the bot trusts `author`: blocked before owner before moderator, which is whoever the owner
        says, or else whom the platform says so of.

        As with `Person.is_author`, a text without @ is compared with the stable id alone.
        """
        if not self.knows_people:
            return author.trust
        listed = (self.ids.get(author.id), self.handles.get(author.handle.casefold()) if self.handles else None)
        if Trust.BLOCKED in listed:
            return Trust.BLOCKED
        if Trust.OWNER in listed:
            return Trust.OWNER
        if not self.moderators:
            return author.trust
        return Trust.MODERATOR if any(one.is_author(author) for one in self.moderators) else Trust.ANYONE

    @classmethod
    def build(
        cls,
        account: str,
        *,
        sources: Sequence[Source],
        rooms: Mapping[str, RoomRule],
        people: People,
        names: Sequence[Phrase],
        talkative: Sequence[TalkLine] = (),
    ) -> "AccountIndex":
        """Sort the rules in for one account.

        Listed is what `rooms` or the `in` of a rule names. A listed room has the mode that `rooms` gives it, else
        `mentions`. Any other room has the mode of `elsewhere`; without one it is ignored as soon as the account has
        a listed room, and has `mentions` while the owner has drawn no line at all.
        """
        modes = {
            place.room: RoomMode.MENTIONS
            for source in sources
            for place in source.rule.places
            if place.account == account and place.room is not None
        }
        for rule in rooms.values():
            modes |= {place.room: rule.mode for place in rule.is_ if place.account == account and place.room}
        unlisted = RoomMode.IGNORE if modes else RoomMode.MENTIONS
        if ELSEWHERE in rooms:
            unlisted = rooms[ELSEWHERE].mode

        general = [(source, level) for source in sources if (level := source.level(account, None)) is not None]
        asked = _desks(general, kinds=[kind for kind in Kind if kind not in UNASKED])
        outside = {**asked, **_desks(general, kinds=UNASKED)}

        def in_room(room: str | None, mode: RoomMode) -> Setting:
            if mode not in SPOKEN_IN:
                miss = Miss.IGNORED_ROOM if mode is RoomMode.IGNORE else Miss.LISTENED_ROOM
                return Setting(room=room, mode=mode, desks={}, miss=miss)
            own = [(source, 2) for source in sources if room is not None and source.level(account, room) == 2]
            desks = _joined(asked, _desks(own, kinds=Kind)) if own else dict(asked)
            if Kind.MENTION in desks:
                desks[Kind.MESSAGE] = _named(desks.get(Kind.MESSAGE), names)
            talk = tuple(line for line in talkative if line.is_for(account, room)) if mode is RoomMode.OPEN else ()
            return Setting(room=room, mode=mode, desks=desks, miss=Miss.KIND, talk=talk)

        trusted = [(person.who, Trust.OWNER) for person in people.owner if person.account == account]
        moderators = tuple(person for person in people.moderators if person.account == account)
        trusted += [(person.who, Trust.BLOCKED) for person in people.blocked if person.account == account]
        return cls(
            outside=Setting(room=None, mode=None, desks=outside, miss=Miss.KIND),
            rooms={room: in_room(room, mode) for room, mode in modes.items()},
            elsewhere=in_room(None, unlisted),
            staying=in_room(None, RoomMode.MENTIONS),
            covers_elsewhere=ELSEWHERE in rooms,
            ids=dict(trusted),
            handles={who[1:].casefold(): trust for who, trust in trusted if who.startswith("@")},
            moderators=moderators,
            knows_people=bool(trusted or moderators),
        )


def read_talkative(lines: Sequence[Talkative], rooms: Mapping[str, RoomRule]) -> tuple[TalkLine, ...]:
    """Return the lines of a persona, for a bot with these rooms. A place that this bot does not have is no mistake:
    one persona may serve several bots."""
    return tuple(
        TalkLine(
            name=f"talkative {number}",
            places=tuple(place for text in line.places for place in _places(text, rooms)) if line.places else None,
            at=line.at,
            chance=line.chance,
        )
        for number, line in enumerate(lines, 1)
    )


def _places(text: str, rooms: Mapping[str, RoomRule]) -> Sequence[Place]:
    if text in rooms:
        return rooms[text].is_
    account, slash, room = (part.strip() for part in text.partition("/"))
    return (Place(account=account, room=room if slash else None),)


def read_rules(rules: Sequence[AnswerRule]) -> tuple[Source, ...]:
    """Return the rules with their words cut.

    :raises ConfigurationError: a word has nothing in it that could be found
    """
    sources: list[Source] = []
    for order, rule in enumerate(rules):
        name = rule.name or f"answer {order + 1}"
        phrases = tuple(map(cut, rule.words))
        for word, phrase in zip(rule.words, phrases, strict=True):
            if not phrase:
                raise ConfigurationError(
                    f"{name}: `{word}` in `words` has no letter, digit or emoji that could be found"
                )
        sources.append(Source(rule=rule.model_copy(update={"name": name}), order=order, phrases=phrases))
    return tuple(sources)


def _choice(source: Source, level: int) -> Choice:
    rule = source.rule
    phrases: dict[str, tuple[Phrase, ...]] = {}
    alone = {phrase[0] for phrase in source.phrases if len(phrase) == 1}
    for phrase in source.phrases:
        first = phrase[0]
        phrases[first] = () if first in alone else (*phrases.get(first, ()), phrase)

    def resolved(within: timedelta, surface: Surface) -> Rule:
        return Rule(
            name=rule.name,
            identity=rule.identity,
            within=within if rule.within is None else rule.within,
            say=rule.say,
            gather=rule.gather_on(surface) // MICROSECOND,
        )

    return Choice(
        rank=source.rank(level),
        in_room=resolved(WITHIN_IN_ROOMS, Surface.CHAT),
        direct=resolved(WITHIN, Surface.DIRECT_MESSAGE),
        outside=resolved(WITHIN, Surface.REPLY),
        wait=rule.quiet_for,
        chance=rule.chance,
        phrases=phrases,
    )


def _desks(found: Iterable[tuple[Source, int]], *, kinds: Collection[Kind] | type[Kind]) -> dict[Kind, Desk]:
    """Return a desk for each of `kinds` that one of the rules answers; each rule comes with its level."""
    choices = [(source.rule.to, _choice(source, level)) for source, level in found]
    desks: dict[Kind, Desk] = {}
    for kind in kinds:
        here = sorted((choice for to, choice in choices if kind in to), key=lambda choice: choice.rank)
        if not here:
            continue
        words: dict[str, tuple[Choice, ...]] = {}
        for choice in here:
            for first in choice.phrases:
                words[first] = (*words.get(first, ()), choice)
        desks[kind] = Desk(
            always=next((choice for choice in here if not choice.phrases), None),
            words=(words,) if words else (),
            watch=frozenset(words),
            miss=Miss.WORDS,
        )
    return desks


def _joined(general: Mapping[Kind, Desk], own: Mapping[Kind, Desk]) -> dict[Kind, Desk]:
    """Return the desks of a room: those of the whole account, with the room's own rules before them."""
    desks = {**general, **own}
    for kind in general.keys() & own.keys():
        one, other = general[kind], own[kind]
        fallbacks = [choice for choice in (one.always, other.always) if choice is not None]
        desks[kind] = Desk(
            always=min(fallbacks, key=lambda choice: choice.rank, default=None),
            words=(*one.words, *other.words),
            watch=one.watch | other.watch,
            miss=Miss.WORDS,
        )
    return desks


def _named(desk: Desk | None, names: Sequence[Phrase]) -> Desk:
    """Return the desk for messages in a room, which also hears the bot's names."""
    by_first: dict[str, tuple[Phrase, ...]] = {}
    for name in names:
        by_first[name[0]] = (*by_first.get(name[0], ()), name)
    return Desk(
        always=desk.always if desk else None,
        words=desk.words if desk else (),
        watch=desk.watch | by_first.keys() if desk else frozenset(by_first),
        miss=desk.miss if desk else Miss.UNADDRESSED,
        names=by_first,
    )
