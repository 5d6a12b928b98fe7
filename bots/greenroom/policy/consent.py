"""Consent: who says stop is left alone from then on, until he says start."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any, Self

from typing_extensions import override

from greenroom.clock import MICROSECOND
from greenroom.policy.guard import FORGET_ME, START, STOP, WHAT_YOU_KNOW, Guard, Terms, is_word
from greenroom.policy.verdict import ALLOW, Refuse, Verdict
from greenroom.settings import AnswerRule
from greenroom.storage import TELL, Due, Ledger, Turn, asked_at, author_of
from greenroom_adapters.contract import Author, Kind, TextEvent

__all__ = ["LAST_WORD", "START", "STOP", "Consent"]

LAST_WORD = "said:"
"""Beginning of the facts that keep each person's last word, which is all that tells an older one apart."""
CONFIRMED_EVERY = timedelta(days=1) // MICROSECOND
"""So often a stop, and a start, is confirmed to a person at the most."""
LATELY = timedelta(days=3) // MICROSECOND
"""Longer than a turn that says stop or start has until it is over."""
MANY = 10_000
"""Words at which those are forgotten that do not matter any more; later at twice as many as are left."""
_AT_NAME = re.compile(r"@[^\s,]+")
_AROUND = " \t\n,:.!?"
_SEPARATORS = re.compile(r"[\s,:]*")
_ADDRESSED = frozenset({Kind.MENTION, Kind.REPLY, Kind.QUOTE, Kind.DIRECT_MESSAGE, Kind.COMMAND})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Language:
    stop: tuple[str, ...]
    start: tuple[str, ...]
    stopped: str
    started: str
    forget: tuple[str, ...]
    asks: tuple[str, ...]
    """Asks what is known of whoever says it."""


_LANGUAGES: Mapping[str, _Language] = {
    "en": _Language(
        stop=("stop", "unsubscribe"),
        start=("start",),
        stopped='Understood, I leave you alone. Say "start" should you want me again.',
        started="Good. I answer you again.",
        forget=("forget me", "forget about me"),
        asks=("what do you know about me", "what do you remember about me", "what do you know of me"),
    ),
    "de": _Language(
        stop=("stopp", "stop", "halt"),
        start=("start",),
        stopped="Verstanden, ich lasse dich in Ruhe. Sag „start“, wenn du mich wieder möchtest.",
        started="Gut. Ich antworte dir wieder.",
        forget=("vergiss mich", "vergiss mich bitte"),
        asks=("was weißt du über mich", "was weisst du über mich", "was weißt du von mir"),
    ),
    "es": _Language(
        stop=("para", "basta", "stop"),
        start=("empieza", "start"),
        stopped="Entendido, te dejo en paz. Di «start» si me quieres de vuelta.",
        started="Bien. Vuelvo a responderte.",
        forget=("olvídame", "olvidame"),
        asks=("qué sabes de mí", "que sabes de mi", "qué sabes sobre mí"),
    ),
    "fr": _Language(
        stop=("arrête", "arrete", "stop"),
        start=("reprends", "start"),
        stopped="Compris, je te laisse tranquille. Dis « start » si tu veux que je revienne.",
        started="Bien. Je te réponds de nouveau.",
        forget=("oublie-moi", "oublie moi"),
        asks=("que sais-tu de moi", "que sais tu de moi", "qu'est-ce que tu sais de moi"),
    ),
    "it": _Language(
        stop=("basta", "smettila", "stop"),
        start=("riprendi", "start"),
        stopped="Capito, ti lascio in pace. Scrivi «start» se mi vuoi di nuovo.",
        started="Bene. Ti rispondo di nuovo.",
        forget=("dimenticami",),
        asks=("cosa sai di me", "che cosa sai di me"),
    ),
    "nl": _Language(
        stop=("stop", "hou op"),
        start=("start",),
        stopped='Begrepen, ik laat je met rust. Zeg "start" als je me weer wilt.',
        started="Goed. Ik antwoord je weer.",
        forget=("vergeet me", "vergeet mij"),
        asks=("wat weet je over mij", "wat weet je van mij"),
    ),
    "pt": _Language(
        stop=("pare", "para", "parar", "stop"),
        start=("volta", "start"),
        stopped='Entendido, deixo-te em paz. Diz "start" se me quiseres de novo.',
        started="Bem. Volto a responder-te.",
        forget=("esquece-me", "esqueça-me", "me esqueça"),
        asks=("o que sabes de mim", "o que sabes sobre mim", "o que você sabe sobre mim"),
    ),
}
"""The words that count in each language, and what is answered where the persona has no line of its own."""


@dataclass(frozen=True, slots=True)
class _Word:
    """What is known of the last word of a person."""

    seq: int
    """Of its turn. The ledger gives them in the order of arrival, whatever the clock does."""
    since: int
    """Seq of the turn that brought about what he wants now: that one is confirmed, no other."""
    said: int
    """When he said it, as the platform knows, but not after it came in; in microseconds since 1970."""
    stop_confirmed: int = 0
    """When a stop of his was confirmed last, in microseconds since 1970; 0: never."""
    start_confirmed: int = 0
    at: int = 0
    """When it came in."""

    @classmethod
    def read(cls, fact: str) -> Self:
        """Return what is kept in a fact. An earlier program kept fewer numbers; what a later one adds is left out."""
        return cls(*map(int, fact.split()[: len(fields(cls))]))

    def confirmed(self, word: str) -> int:
        """Return when this word was confirmed to him last."""
        return self.stop_confirmed if word == STOP else self.start_confirmed

    @property
    def fact(self) -> str:
        """What is kept of it."""
        return f"{self.seq} {self.since} {self.said} {self.stop_confirmed} {self.start_confirmed} {self.at}"


class Consent(Guard):
    """Remembers who wants to be left alone: a person on a platform, by his stable id, in every room and on every
    account there.

    The word counts only as the whole message, apart from the bot's name: "please stop the rain" is talk, and "@bob
    stop" is said to Bob. English always counts, beside the persona's languages. What came in last holds, whichever turn
    is worked on first, also over restarts; only a "start" that is heard of late, and was said before the last word,
    does not: in doubt he is left alone. What it changed is confirmed once, and each of the two once a day at the most.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._stopped: set[tuple[str, str]] = set()
        """(platform, person) of those who want to be left alone."""
        self._words: dict[str, _Word] = {}
        """Name of the fact that keeps it → the last word of a person who wants to be left alone, and of everybody who
        has said one lately: nothing else hangs on it."""
        self._many = MANY

    async def load(self) -> None:
        """Read who wants to be left alone."""
        self._stopped = {(one.platform, one.person) for one in await self._ledger.stopped()}
        for name, value in (await self._ledger.facts(LAST_WORD)).items():
            self._words[name] = _Word.read(value)
        if self._words:
            self._sweep(now=max(word.at for word in self._words.values()))

    @override
    def use(self, terms: Terms) -> None:
        self._terms = terms
        spoken = [tag.partition("-")[0].lower() for tag in terms.persona.languages]
        known = [_LANGUAGES[tag] for tag in dict.fromkeys(("en", *spoken)) if tag in _LANGUAGES]
        self._meanings = {word.casefold(): STOP for one in known for word in one.stop} | {
            word.casefold(): START for one in known for word in one.start
        }
        for one in known:
            for meaning, phrases in ((FORGET_ME, one.forget), (WHAT_YOU_KNOW, one.asks)):
                # a question mark belongs to what is asked: "stop?" is none of these
                self._meanings |= {f"{phrase.casefold()}{end}": meaning for phrase in phrases for end in ("", "?")}
        spelled = {tuple(sorted(word.rstrip("?").split(), key=len)) for word in self._meanings if word.strip()}
        self._spelled = tuple((words[-1], words[:-1]) for words in spelled)
        """The longest word of each, and its others: what has not all of one of these is none."""
        self._names = (terms.persona.persona, *terms.persona.nicknames, terms.file.bot)
        self._addressed: dict[tuple[str, str], _Addressed] = {}

    def word(
        self, event: TextEvent, me: Author | None = None, *, names_me: Callable[[TextEvent], bool] | None = None
    ) -> str | None:
        """Return `STOP` or `START` where somebody says that to the bot, which is `me` on that account, `FORGET_ME` or
        `WHAT_YOU_KNOW` where he asks for that; else None.

        In a room the word alone is talk; it is said to the bot where `names_me` says that the message names it. Case
        does not matter, in any of its forms (the long s is an s). A name with @ that is not the bot's own (its handle,
        or what the owner's files call it) says that somebody else is spoken to.
        """
        if not self.may_be_word(event.text):
            return None
        text = event.text.casefold()
        if event.kind in _ADDRESSED:
            return self._said_to(me).word(text)
        if event.kind is not Kind.MESSAGE or names_me is None:
            return None
        word = self._said_to(me).word(text)
        return word if word is not None and names_me(event) else None

    def may_be_word(self, text: str) -> bool:
        """Tell soon, and erring on the side of yes, whether any of that is said in a text."""
        text = text.casefold()
        for longest, others in self._spelled:  # a plain loop: this runs for everything that is said in a room
            if longest in text:
                for other in others:
                    if other not in text:
                        break
                else:
                    return True
        return False

    def said(
        self, event: TextEvent, me: Author | None = None, *, names_me: Callable[[TextEvent], bool] | None = None
    ) -> str | None:
        """Return what somebody says to the bot, without its name, case-folded; None: it is not said to the bot, by the
        rules of `word`."""
        is_addressed = event.kind in _ADDRESSED or (
            event.kind is Kind.MESSAGE and names_me is not None and names_me(event)
        )
        return self._said_to(me).rest(event.text.casefold()) if is_addressed else None

    def note(self, turn: Turn) -> None:
        """Note at once, and with the next commit on disk, what the author of such a turn wants, unless he has said
        something since. May be told twice."""
        author, realm = author_of(turn.event), self._terms.realm(turn.account)
        if author is None:
            return
        name, person = self._name(turn), (realm, author.id)
        before = self._words.get(name, _Word(0, 0, 0))
        said = asked_at(turn)
        if turn.seq <= before.seq or (turn.rule == START and said < before.said):
            return
        if turn.rule == STOP and person not in self._stopped:
            self._stopped.add(person)
            self.changed()
            self._ledger.stop_speaking(realm, author.id, author.handle, at=turn.received)
            since = turn.seq
        elif turn.rule == START and person in self._stopped:
            self._stopped.discard(person)
            self.changed()
            self._ledger.speak_again(realm, author.id)
            since = turn.seq
        else:
            since = before.since
        self._keep(name, replace(before, seq=turn.seq, since=since, said=said, at=turn.received))
        if len(self._words) > self._many:
            self._sweep(now=turn.received)

    def confirmation(self, turn: Turn) -> str | None:
        """Return what is said to somebody who has said stop or start; None: it changed nothing, or does no longer
        hold, or was said to him within a day: whoever turns to and fro is obeyed in silence.

        Notes what a stop of the bot between the inbox and the note left out.
        """
        self.note(turn)
        last = self._words.get(self._name(turn))
        if last is None or last.since != turn.seq:
            return None
        confirmed = last.confirmed(turn.rule)
        return None if confirmed and turn.received - confirmed < CONFIRMED_EVERY else self._line(turn)

    def confirmed(self, turn: Turn) -> None:
        """Note, with the next commit, that such a turn is confirmed."""
        name = self._name(turn)
        if (last := self._words.get(name)) is not None:
            at = max(turn.received, 1)
            self._keep(name, replace(last, **{f"{turn.rule}_confirmed": at}))

    def _name(self, turn: Turn) -> str:
        author = author_of(turn.event)
        return f"{LAST_WORD}{self._terms.realm(turn.account)}/{'' if author is None else author.id}"

    def _sweep(self, *, now: int) -> None:
        """Forget the words of those who may be answered and have said none lately: every turn that they were about is
        over, and who says stop in the past, as far as the bot hears of it only now, is left alone in any case."""
        stopped = {f"{LAST_WORD}{realm}/{person}" for realm, person in self._stopped}
        for name, word in list(self._words.items()):
            if name not in stopped and word.at < now - LATELY:
                del self._words[name]
                self._ledger.forget_fact(name)
        self._many = max(MANY, 2 * len(self._words))

    def _keep(self, name: str, word: _Word) -> None:
        self._words[name] = word
        self._ledger.remember(name, word.fact)

    @override
    def asked(self, question: str, rule: AnswerRule | None) -> Callable[..., Any] | None:
        if question not in ("may_answer", "may_send"):
            return super().asked(question, rule)
        return self._agreed if self._stopped else None

    @override
    def may_answer(self, turn: Turn) -> Verdict:
        return self._agreed(turn)

    @override
    def may_send(self, turn: Turn) -> Verdict:
        return self._agreed(turn)

    def _agreed(self, turn: Turn) -> Verdict:
        if not self._stopped or turn.rule in (STOP, TELL) or is_word(turn):
            return ALLOW
        if isinstance(turn.event, Due):
            person, called = turn.event.direct_to, "the reader"
        elif (author := author_of(turn.event)) is not None:
            person, called = author.id, f"@{author.handle}"
        else:
            return ALLOW
        if person is None or (self._terms.realm(turn.account), person) not in self._stopped:
            return ALLOW
        return Refuse(f'{called} has said "stop", and is left alone until he says "start"')

    def _said_to(self, me: Author | None) -> "_Addressed":
        key = ("", "") if me is None else (me.handle, me.name)
        if (addressed := self._addressed.get(key)) is None:
            addressed = self._addressed[key] = _Addressed(self._meanings, self._names, *key)
        return addressed

    def _line(self, turn: Turn) -> str:
        persona = self._terms.persona
        language = turn.event.language if isinstance(turn.event, TextEvent) else None
        if turn.rule == STOP and (own := persona.line(persona.lines.stopped, language)) is not None:
            return own
        tags = (language or "", *persona.languages, "en")
        spoken = next(_LANGUAGES[base] for tag in tags if (base := tag.partition("-")[0].lower()) in _LANGUAGES)
        return spoken.stopped if turn.rule == STOP else spoken.started


class _Addressed:
    """Tells what is said to the bot under one handle. Takes case-folded texts, in time that grows with their length
    alone, whatever the bot is called."""

    def __init__(self, meanings: Mapping[str, str], names: Sequence[str], handle: str, display: str) -> None:
        self._meanings = meanings
        called = [name.casefold() for name in (*names, display) if name.strip()]
        handle = handle.casefold()
        self._local = _local_part(handle)
        self._is_whole = self._local != handle
        """The handle names its server, so that one of another server is somebody else's."""
        self._own = {"".join(name.split()) for name in called} | {handle, self._local} - {""}
        spoken = [_alternatives([name]) for name in dict.fromkeys(called)]
        self._before = [re.compile(rf"{name}[\s,:]+") for name in spoken]
        self._behind = [re.compile(rf"[\s,]+{name}") for name in spoken]
        self._at_the_end = [re.compile(rf"[\s,]{name}$") for name in spoken]
        self._mine = re.compile(rf"@(?:{_alternatives([*called, handle])})[.:!?]*(?![^\s,])")
        """The bot's names behind an @, spaces in them included; a name of the platform's own has none."""
        words = _alternatives(meanings)
        self._word = re.compile(rf"({words})(?![^\s.!,])")

    def rest(self, text: str) -> str | None:
        """Return a text without the bot's names around it; None: somebody else is spoken to."""
        stripped = self._without_handles(text)
        if stripped is None:
            return None
        rest = stripped.strip(_AROUND)
        while (found := next(filter(None, (before.match(rest) for before in self._before)), None)) is not None:
            rest = rest[found.end() :]
        while (found := next(filter(None, (name.search(rest) for name in self._at_the_end)), None)) is not None:
            rest = rest[: found.start()].rstrip(_AROUND)
        return rest

    def _without_handles(self, text: str) -> str | None:
        text = self._mine.sub(" ", text)
        return _AT_NAME.sub(" ", text) if all(map(self._is_own, _names_in(text))) else None

    def word(self, text: str) -> str | None:
        """Return what is said to the bot, else None."""
        stripped = self._without_handles(text)
        if stripped is None:
            return None
        text = stripped
        beginning = _SEPARATORS.match(text)
        begins = _along(self._before, text, {0 if beginning is None else beginning.end()})
        end = _end_of(text)
        said = [found for at in begins if (found := self._word.match(text, at)) is not None]
        for meaning in (STOP, START, FORGET_ME, WHAT_YOU_KNOW):
            ends = {found.end() for found in said if self._meanings[found[1]] == meaning}
            if any(at >= end for at in _along(self._behind, text, ends)):
                return meaning
        return None

    def _is_own(self, name: str) -> bool:
        return name in self._own or (not self._is_whole and self._local != "" and _local_part(name) == self._local)


def _alternatives(names: Iterable[str]) -> str:
    """Return a pattern of any of these, as much as can be; spaces in them are any."""
    longest = sorted(filter(str.strip, names), key=len, reverse=True)
    return "|".join(r"\s+".join(map(re.escape, name.split())) for name in longest)


def _along(steps: Sequence[re.Pattern[str]], text: str, starts: set[int]) -> set[int]:
    """Return where one comes to in the text from any of `starts`, by any number of `steps`, none as well.

    Every place is left once, so that names which are rows of other names cost no more than others.
    """
    reached, ahead = set(starts), list(starts)
    while ahead:
        at = ahead.pop()
        for step in steps:
            if (found := step.match(text, at)) is not None and found.end() not in reached:
                reached.add(found.end())
                ahead.append(found.end())
    return reached


def _end_of(text: str) -> int:
    """Return where what ends a message begins: spaces, dots, commas and exclamation marks."""
    end = len(text)
    while end and (text[end - 1] in ".!," or text[end - 1].isspace()):
        end -= 1
    return end


def _names_in(text: str) -> Iterator[str]:
    """Return who is called by an @ in the text, without it."""
    return (name[1:].rstrip(".:!?") for name in _AT_NAME.findall(text))


def _local_part(handle: str) -> str:
    """Return a handle without its server: `ada` of `ada@example.social` and of `ada:example.org`."""
    return re.split("[@:]", handle, maxsplit=1)[0]
