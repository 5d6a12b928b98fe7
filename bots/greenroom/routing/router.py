"""Every event's first stop: a pure decision over an index, made before anything is written to disk.

Most of what a busy room says is not for the bot. A miss costs microseconds and no write, and a thousand rules cost
what one costs: what can be decided about a rule without an event was decided when the router was built.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta, tzinfo
from hashlib import blake2b
from typing import Self

from greenroom.clock import MICROSECOND
from greenroom.personas import Talkative
from greenroom.policy import UNASKED
from greenroom.routing.decision import Explanation, Hit, Miss, Rule
from greenroom.routing.explain import explain
from greenroom.routing.index import (
    SPOKEN_IN,
    WITHIN_IN_ROOMS,
    AccountIndex,
    Choice,
    Desk,
    Phrase,
    Setting,
    Source,
    TalkLine,
    read_rules,
    read_talkative,
)
from greenroom.routing.words import contains, cut
from greenroom.settings.answering import GATHER, AnswerRule
from greenroom.settings.bot import People
from greenroom.settings.rooms import RoomRule
from greenroom.settings.spelling import Span
from greenroom_adapters.contract import (
    Author,
    Event,
    FollowReceived,
    JoinReceived,
    Kind,
    ReactionReceived,
    RepostReceived,
    Room,
    Surface,
    TextEvent,
    Trust,
)

__all__ = ["Router"]

# Bound once: the members of an enumeration are looked up by a descriptor each time.
BLOCKED, CHAT, DIRECT_MESSAGE, REPLY = Trust.BLOCKED, Surface.CHAT, Surface.DIRECT_MESSAGE, Surface.REPLY
MESSAGE = Kind.MESSAGE


class Router:
    """Decides which rule answers an event. Immutable, without clock, disk or chance of its own.

    The most particular rule that fits wins: one with `words` before one without, then one that names the room before
    one that names the account before one for everywhere, then the one for fewer kinds, then the first in the file.
    The winner's `chance` is drawn from the event's id, so an event that comes again is decided alike; when chance says
    no, no other rule steps in.

    In an open room a message that no rule answers may be joined in: by the first line of the persona's `talkative` that
    fits, whose chance is drawn from the event's id as well.
    """

    def __init__(
        self,
        *,
        accounts: Mapping[str, AccountIndex],
        sources: Sequence[Source],
        names: Sequence[Phrase],
        talkative: Sequence[TalkLine],
        quiet: Span | None,
        timezone: tzinfo,
    ) -> None:
        """Take an index; `compile` makes it from what an owner wrote."""
        self._talkative = talkative
        self._joining = {line.name: _joining_in(line) for line in talkative}
        self._accounts = accounts
        self._sources = sources
        self._names = names
        self._quiet = quiet
        self._timezone = timezone

    @classmethod
    def compile(
        cls,
        rules: Sequence[AnswerRule],
        *,
        rooms: Mapping[str, RoomRule],
        people: People,
        persona_names: Sequence[str],
        quiet: Span | None,
        timezone: tzinfo,
        accounts: Collection[str],
        talkative: Sequence[Talkative] = (),
    ) -> Self:
        """Sort the rules of a bot file in.

        `persona_names` are the persona's name and nicknames: in rooms, who says one addresses the bot. `quiet` is a
        stretch of the day in `timezone` in which nothing is answered; None: there is none.

        :raises ConfigurationError: a rule waits for a word that has nothing in it that could be found
        """
        sources = read_rules(rules)
        names = [name for name in map(cut, persona_names) if name]
        lines = read_talkative(talkative, rooms)
        index = {
            account: AccountIndex.build(
                account, sources=sources, rooms=rooms, people=people, names=names, talkative=lines
            )
            for account in accounts
        }
        return cls(accounts=index, sources=sources, names=names, talkative=lines, quiet=quiet, timezone=timezone)

    def decide(self, event: Event, account: str, *, stays: bool = False) -> Hit | Miss:
        """Say what is done with an event of one of the bot's accounts. The same event is always decided alike.

        `stays`: the owner let the bot stay where it happened, though his file does not list it.

        :raises KeyError: the router knows no such account
        """
        index = self._accounts[account]
        if isinstance(event, TextEvent):
            room = event.room
            setting = index.outside if room is None else index.setting_of(room, stays=stays)
            desk = setting.desks.get(event.kind)
            if desk is None and not event.also and not setting.talk:
                return setting.miss
            trust = index.trust_of(event.author) if index.knows_people else event.author.trust
            if event.author.is_bot:
                return Miss.BOT
            if trust is BLOCKED:
                return Miss.BLOCKED
            choice = _choose(setting, desk, event.text) if not event.also else _choose_among(setting, event)
            if isinstance(choice, Miss):
                if setting.talk and event.kind is MESSAGE:
                    return self._join_in(setting, event, account, trust)
                return choice
            if room is not None:
                return self._hit(choice, choice.in_room, event, account, CHAT, event.conversation, trust)
            if event.kind is Kind.DIRECT_MESSAGE or Kind.DIRECT_MESSAGE in event.also:
                return self._hit(choice, choice.direct, event, account, DIRECT_MESSAGE, event.conversation, trust)
            return self._hit(choice, choice.outside, event, account, REPLY, event.conversation, trust)
        if isinstance(event, (FollowReceived, JoinReceived, ReactionReceived, RepostReceived)):
            room = event.room if isinstance(event, JoinReceived) else None
            setting = index.setting_of(room, stays=stays)
            desk = setting.desks.get(event.kind)
            if desk is None:
                return setting.miss
            trust = index.trust_of(event.author)
            if event.author.is_bot:
                return Miss.BOT
            if trust is BLOCKED:
                return Miss.BLOCKED
            fallback = desk.always
            if fallback is None:
                return desk.miss
            if room is not None:
                return self._hit(fallback, fallback.in_room, event, account, CHAT, room.id, trust)
            return self._hit(fallback, fallback.outside, event, account, REPLY, event.author.id, trust)
        return Miss.NO_OCCASION

    def trusts(self, account: str) -> Callable[[Author], Trust]:
        """Return what says how far the bot trusts somebody whom it met on one of its accounts.

        :raises KeyError: the router knows no such account
        """
        return self._accounts[account].trust_of

    def may_write(self, room: Room, account: str, *, stays: bool = False) -> bool:
        """Say whether the bot may write in a room of one of its accounts; `stays` as in `decide`.

        :raises KeyError: the router knows no such account
        """
        return self._accounts[account].setting_of(room, stays=stays).mode in SPOKEN_IN

    def covers(self, room: Room, account: str) -> bool:
        """Say whether the owner's file says what holds in a room.

        :raises KeyError: the router knows no such account
        """
        index = self._accounts[account]
        return index.covers_elsewhere or index.setting_of(room) is not index.elsewhere

    def names_the_bot(self, text: str) -> bool:
        """Say whether a text has the persona's name or a nickname in it, by which a message in a room addresses it."""
        words = cut(text)
        return any(contains(words, name) for name in self._names)

    def explain(self, event: Event, account: str) -> Explanation:
        """Say what `decide` decides, and for every rule why it fits or does not. For a person; takes its time.

        :raises KeyError: the router knows no such account
        """
        return explain(
            event,
            account,
            decision=self.decide(event, account),
            index=self._accounts[account],
            sources=self._sources,
            names=self._names,
            talkative=self._talkative,
            timezone=self._timezone,
        )

    def _join_in(self, setting: Setting, event: TextEvent, account: str, trust: Trust) -> Hit | Miss:
        """Say whether the bot joins in where nobody spoke to it."""
        local = event.occurred_at.astimezone(self._timezone).time()
        line = next((line for line in setting.talk if line.at is None or local in line.at), None)
        if line is None or _drawn(UNASKED, event, account) >= line.chance:
            return Miss.TALKATIVE
        if self._quiet is not None and local in self._quiet:
            return Miss.QUIET_HOURS
        return Hit(
            rule=self._joining[line.name],
            surface=CHAT,
            lane=f"{account}/{event.conversation}",
            trust=trust,
            wait=timedelta(0),
        )

    def _hit(
        self,
        choice: Choice,
        rule: Rule,
        event: Event,
        account: str,
        surface: Surface,
        conversation: str,
        trust: Trust,
    ) -> Hit | Miss:
        """Return the hit that `choice` makes, unless chance or the hour is against it."""
        if choice.chance < 1 and _drawn(rule.name, event, account) >= choice.chance:
            return Miss.CHANCE
        if self._quiet is not None and event.occurred_at.astimezone(self._timezone).time() in self._quiet:
            return Miss.QUIET_HOURS
        return Hit(rule=rule, surface=surface, lane=f"{account}/{conversation}", trust=trust, wait=choice.wait)


def _choose(setting: Setting, desk: Desk | None, text: str) -> Choice | Miss:
    """Return the most particular rule at a desk that fits `text`."""
    if desk is None:
        return setting.miss
    if desk.watch:
        words = cut(text)
        if not desk.watch.isdisjoint(words):
            return _most_particular(setting, desk, words) or desk.miss
    return desk.always or desk.miss


def _choose_among(setting: Setting, event: TextEvent) -> Choice | Miss:
    """Return the most particular rule for an event of several kinds at once."""
    desks = [desk for kind in (event.kind, *event.also) if (desk := setting.desks.get(kind)) is not None]
    words = cut(event.text) if any(desk.watch for desk in desks) else []
    found = [choice for desk in desks if (choice := _most_particular(setting, desk, words)) is not None]
    return min(found, key=lambda choice: choice.rank) if found else next((desk.miss for desk in desks), setting.miss)


def _most_particular(setting: Setting, desk: Desk, words: list[str]) -> Choice | None:
    best = desk.always
    addressed = False
    for word in desk.watch.intersection(words):
        for table in desk.words:
            for choice in table.get(word, ()):
                if best is not None and best.rank <= choice.rank:
                    break
                phrases = choice.phrases[word]
                if not phrases or any(contains(words, phrase) for phrase in phrases):
                    best = choice
                    break
        if desk.names and not addressed:
            addressed = any(contains(words, name) for name in desk.names.get(word, ()))
    if addressed:
        mentioned = _most_particular(setting, setting.desks[Kind.MENTION], words)
        if best is None or (mentioned is not None and mentioned.rank < best.rank):
            best = mentioned
    return best


def _joining_in(line: TalkLine) -> Rule:
    """Return what a line of `talkative` is to the log, and to whoever speaks."""
    return Rule(name=line.name, identity=UNASKED, within=WITHIN_IN_ROOMS, say=None, gather=GATHER // MICROSECOND)


def _drawn(name: str, event: Event, account: str) -> float:
    """Return a number from 0 to 1 that depends on the rule and the event alone."""
    digest = blake2b(f"{name}\0{account}\0{event.id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
