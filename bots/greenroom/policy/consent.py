"""Consent: who says stop is left alone from then on, until he says start."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any, Self

from typing_extensions import override

from greenroom.clock import MICROSECOND
from greenroom.policy.addressing import Addressed
from greenroom.policy.guard import FORGET_ME, START, STOP, WHAT_YOU_KNOW, Guard, Terms, is_word
from greenroom.policy.verdict import ALLOW, Refuse, Verdict
from greenroom.policy.wishes import LANGUAGES
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
_ADDRESSED = frozenset({Kind.MENTION, Kind.REPLY, Kind.QUOTE, Kind.DIRECT_MESSAGE, Kind.COMMAND})


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
        known = [LANGUAGES[tag] for tag in dict.fromkeys(("en", *spoken)) if tag in LANGUAGES]
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
        self._addressed: dict[tuple[str, str], Addressed] = {}

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

    def _said_to(self, me: Author | None) -> Addressed:
        key = ("", "") if me is None else (me.handle, me.name)
        if (addressed := self._addressed.get(key)) is None:
            addressed = self._addressed[key] = Addressed(self._meanings, self._names, *key)
        return addressed

    def _line(self, turn: Turn) -> str:
        persona = self._terms.persona
        language = turn.event.language if isinstance(turn.event, TextEvent) else None
        if turn.rule == STOP and (own := persona.line(persona.lines.stopped, language)) is not None:
            return own
        tags = (language or "", *persona.languages, "en")
        spoken = next(LANGUAGES[base] for tag in tags if (base := tag.partition("-")[0].lower()) in LANGUAGES)
        return spoken.stopped if turn.rule == STOP else spoken.started
