"""What people say of themselves: heard by rule, without a model, and repeated to nobody who did not hear it."""

import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from greenroom.clock import MICROSECOND, Clock
from greenroom.personas.persona import Persona
from greenroom.personas.remembering import FactKind, Remembering
from greenroom.personas.tongues import base_of
from greenroom.storage import Audience, Ledger, PersonFact, Turn
from greenroom_adapters.contract import CommandGiven, DirectMessageReceived, Kind, TextEvent

__all__ = ["People", "audience_of", "heard", "usable"]

LONGEST = 500
"""Characters of a text that are listened to."""
LONGEST_FACT = 80
USED_EVERY = timedelta(days=1) // MICROSECOND
"""So often it is noted that what is known of somebody was of use."""
MOST_USED = 10_000
SINGLE = frozenset({str(FactKind.NAME), str(FactKind.LANGUAGE)})
"""Of these a person has one; a newer takes its place."""

SAID: Mapping[FactKind, tuple[str, ...]] = {
    FactKind.NAME: (
        "my name is *",
        "call me *",
        "ich heiße *",
        "mein name ist *",
        "nenn mich *",
        "me llamo *",
        "mi nombre es *",
        "je m'appelle *",
        "mon nom est *",
        "mi chiamo *",
        "il mio nome è *",
        "ik heet *",
        "mijn naam is *",
        "o meu nome é *",
        "meu nome é *",
        "chamo-me *",
    ),
    FactKind.INTERESTS: (
        "i like *",
        "i love *",
        "i am interested in *",
        "i'm interested in *",
        "ich mag *",
        "ich liebe *",
        "me gusta *",
        "me encanta *",
        "j'aime *",
        "j'adore *",
        "mi piace *",
        "ik hou van *",
        "eu gosto de *",
        "gosto de *",
    ),
    FactKind.PROMISES: (
        "i promise to *",
        "i promise that *",
        "i promise *",
        "ich verspreche *",
        "prometo *",
        "je promets de *",
        "prometto di *",
        "ik beloof *",
    ),
}
"""How people say it, in the languages that most personas speak."""
SHORT_WORD = 3
"""Letters; so short a word is known only whole."""
WORDS_OF_A_NAME = 3
_STOPS = '.,;:!?\n()"“”«»'
_NEVER: Mapping[str, str] = {
    "health": "ill sick disease cancer doctor depress anxious anxiety medic diabet pregnan hospital therap krank arzt "
    "enferm malad doente malat ziek hiv adhd autis disab surgery allerg",
    "religion": "god jesus allah bible quran christ muslim islam jew jewish hindu buddh atheis church mosque pray "
    "gott kirche glaube dios iglesia dieu église deus igreja dio chiesa",
    "sexuality": "sex sexual gay lesbian bisex trans transg queer hetero homosex schwul lesbisch porn nude",
    "politics": "vote voting election democrat republican socialis communis conservativ president trump wähl partei "
    "votar partido voter votare partito politic politik",
    "address": "street avenue postcode zip straße strasse wohne adress calle dirección rue rua morada straat",
}
"""Beginnings of words by which these are known; another topic is known by its own words."""
_ADDRESS = re.compile(r"\S*(?:://|@|www\.)\S*")
_NOT_KEPT = re.compile(r"\d{4,}|\d[\d\s/-]{5,}\d")
"""Numbers by which somebody could be found."""
_WORDS = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")  # noqa: RUF001 - an apostrophe of typography


def heard(text: str, memory: Remembering) -> Sequence[tuple[str, str]]:
    """Return what somebody says of himself in a text, each with what kind of thing it is."""
    return _sayings(memory).heard(text)


@dataclass(frozen=True, slots=True)
class _Sayings:
    """Everything that one persona listens for."""

    never: tuple[str, ...]
    by_kind: tuple[tuple[str, tuple["_Saying", ...]], ...]
    signs: frozenset[str]
    """Words of which a text has one, between spaces, in which any of the sayings is that has such a word."""
    parts: tuple[str, ...]
    """Single words, of which a text has one, wherever in it, in which any of the others is."""

    def heard(self, text: str) -> Sequence[tuple[str, str]]:
        """Return what somebody says of himself in a text, each with what kind of thing it is."""
        text = text[:LONGEST]
        if "’" in text:  # noqa: RUF001 - an apostrophe of typography
            text = text.replace("’", "'")  # noqa: RUF001 - the same
        folded = text.casefold()
        words = folded.split()
        # one look at its words spares nearly every message the rest
        if self.signs.isdisjoint(words):
            for part in self.parts:  # a plain loop: this runs for every message
                if part in folded:
                    break
            else:
                return ()
        return tuple(self._looked_for(text, " ".join(words)))

    def _looked_for(self, text: str, plain: str) -> Iterator[tuple[str, str]]:
        for kind, sayings in self.by_kind:
            for saying in sayings:
                said = saying.captured(_ADDRESS.sub("\n", text)) if saying.words in plain else None
                if said is not None and not _is_never(said, self.never):
                    yield kind, said
                    break


@dataclass(frozen=True, slots=True)
class _Saying:
    """One way to say something of oneself."""

    words: str
    """The longer half of it, without which nothing is said this way; folded."""
    sign: str | None
    """The longest of those words that stand between spaces wherever it is said; None: there may be punctuation beside
    each."""
    search: re.Pattern[str]
    is_name: bool

    def captured(self, text: str) -> str | None:
        found = self.search.search(text)
        if found is None:
            return None
        said = " ".join(found[1].split())
        if self.is_name:
            # "my name is Maria and I like soup"
            said = " ".join(itertools.takewhile(lambda word: word.casefold() not in _AND, said.split()))
        return said if said and len(said) <= LONGEST_FACT else None


def _sayings(memory: Remembering) -> _Sayings:
    return _read(memory.people, tuple(memory.remember.items()), memory.never)


@functools.lru_cache(maxsize=16)
def _read(
    people: tuple[FactKind, ...], remember: tuple[tuple[str, tuple[str, ...]], ...], never: tuple[str, ...]
) -> _Sayings:
    rules = [(str(kind), SAID[kind]) for kind in people if kind is not FactKind.LANGUAGE]
    by_kind = tuple(
        (kind, tuple(_saying(pattern, WORDS_OF_A_NAME if kind == FactKind.NAME else 12) for pattern in patterns))
        for kind, patterns in (*rules, *remember)
    )
    all_of_them = [saying for _, sayings in by_kind for saying in sayings]
    return _Sayings(
        never,
        by_kind,
        frozenset(saying.sign for saying in all_of_them if saying.sign is not None),
        tuple(dict.fromkeys(saying.words for saying in all_of_them if saying.sign is None)),
    )


def _saying(pattern: str, words: int) -> _Saying:
    before, _, behind = (" ".join(half.split()) for half in pattern.partition("*"))
    spelled = [half.replace(r"\ ", r"\s+") for half in map(re.escape, (before, behind))]
    lead = rf"(?<!\w){spelled[0]}\s+" if before else r"^\s*"
    tail = rf"\s+{spelled[1]}(?!\w)" if behind else ""
    lazy = "?" if tail else ""
    one = rf"[^\s{re.escape(_STOPS)}]+"
    search = re.compile(rf"{lead}((?:{one}\s+){{0,{words - 1}}}{lazy}{one}){tail}", re.IGNORECASE)
    # the first word may follow a bracket, the last one stand before a full stop
    between = (*before.casefold().split()[1:], *behind.casefold().split()[:-1])
    sign = max(between, key=len, default=None)
    return _Saying(max(before, behind, key=len).casefold(), sign, search, words == WORDS_OF_A_NAME)


_AND = frozenset(("and", "but", "i", "und", "ich", "y", "et", "e", "en", "please", "from"))


def _is_never(said: str, never: Sequence[str]) -> bool:
    if _NOT_KEPT.search(said):
        return True
    words = [word.casefold() for word in _WORDS.findall(said)]
    for topic in never:
        known = _NEVER.get(topic.casefold(), topic.casefold()).split()
        stems = tuple(stem for stem in known if len(stem) > SHORT_WORD)
        if any(word in known or (stems and word.startswith(stems)) for word in words):
            return True
    return False


def audience_of(event: TextEvent, account: str) -> tuple[Audience, str]:
    """Return who could read what somebody wrote, and in which room or narrower conversation it was."""
    if isinstance(event, DirectMessageReceived):
        return Audience.PERSON, ""
    if isinstance(event, CommandGiven) and Kind.DIRECT_MESSAGE in event.also:
        return Audience.PERSON, ""
    if event.room is not None:
        return Audience.ROOM, f"{account}/{event.room.id}"
    if event.is_limited:
        return Audience.ROOM, f"{account}/{event.conversation}"
    return Audience.EVERYBODY, ""


def usable(facts: Iterable[PersonFact], audience: Audience, place: str) -> tuple[PersonFact, ...]:
    """Return what may be used where only this audience reads it: what was said in public anywhere, what was said in a
    room there and to that person alone, what was said to the bot alone only to that person."""
    return tuple(
        fact
        for fact in facts
        if fact.audience is Audience.EVERYBODY
        or audience is Audience.PERSON
        or (fact.audience is Audience.ROOM and audience is Audience.ROOM and fact.place == place)
    )


class People:
    """What one account hears people say of themselves, and what of it may be used in its answers."""

    def __init__(self, ledger: Ledger, *, platform: str, account: str, clock: Clock) -> None:
        self._ledger = ledger
        self._platform = platform
        self._account = account
        self._clock = clock
        self._listened: Remembering | None = None
        self._sayings: _Sayings | None = None
        self._used: dict[str, int] = {}
        """Person → when it was noted last that what is known of him is of use."""

    def hear(self, turn: Turn, event: TextEvent, persona: Persona, more: Sequence[str] = ()) -> None:
        """Queue what somebody says of himself in a message that is answered. May be told twice."""
        memory = persona.memory
        if memory is not self._listened:
            self._listened, self._sayings = memory, _sayings(memory) if memory.is_on else None
        if (sayings := self._sayings) is None:
            return
        spoken = event.language
        told = [*sayings.heard(event.text)]
        for text in more:
            told += sayings.heard(text)
        if spoken and FactKind.LANGUAGE in memory.people and base_of(spoken) != base_of(persona.languages[0]):
            told.append((str(FactKind.LANGUAGE), base_of(spoken)))
        if not told:
            return
        author, at = event.author, turn.received
        audience, place = audience_of(event, self._account)
        for kind, text in told:
            self._ledger.note_fact(
                PersonFact(
                    platform=self._platform,
                    person=author.id,
                    kind=kind,
                    text=text,
                    audience=audience,
                    place=place,
                    account=self._account,
                    event_id=turn.event_id,
                    said=at,
                ),
                single=kind in SINGLE,
            )

    async def known(self, event: TextEvent, persona: Persona) -> tuple[PersonFact, ...]:
        """Return what may be used in an answer to a message, the newest first."""
        if not persona.memory.is_on:
            return ()
        audience, place = audience_of(event, self._account)
        facts = await self._ledger.facts_about(self._platform, event.author.id)
        now = self._clock.micros()
        if facts and now - self._used.get(event.author.id, 0) >= USED_EVERY:
            if len(self._used) >= MOST_USED:
                self._used.clear()
            self._used[event.author.id] = now
            self._ledger.spoke(self._platform, event.author.id, now)
        kinds = {*map(str, persona.memory.people), *persona.memory.remember}
        return tuple(fact for fact in usable(facts, audience, place) if fact.kind in kinds)
