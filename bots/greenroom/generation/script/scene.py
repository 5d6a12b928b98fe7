"""The moment in which a text is said: what may be said in it, and how that is put together."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from greenroom.generation.engine import EngineUnavailable, Overlong
from greenroom.generation.script.bounds import keeps
from greenroom.generation.script.hearing import LONGEST
from greenroom.generation.script.loader import BUILT_IN_SYMBOLS
from greenroom.generation.script.memory import Conversation
from greenroom.generation.script.persona_words import PersonaWords
from greenroom.generation.script.script import Saying, Script
from greenroom.generation.script.weather import Moment
from greenroom.personas.persona import Persona
from greenroom.personas.sound import Bounds
from greenroom_adapters.contract import Surface, TextLimit
from greenroom_adapters.text import cut, fits

__all__ = ["Scene", "Steps"]

Steps = list[tuple[Sequence[Saying], Mapping[str, str]]]
"""What may be said, the best first, each with the words that were captured for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything that one text depends on."""

    persona: Persona
    words: PersonaWords
    """Those that the persona brings itself."""
    script: Script
    surface: Surface
    limits: tuple[TextLimit, ...]
    bounds: Bounds
    conversation: Conversation
    moment: Moment
    dice: random.Random
    variables: Mapping[str, str | int]
    is_post: bool
    again: bool
    """An example may be used that was used before."""
    elsewhere: str = ""
    """What the person was told in other conversations: other words are better."""
    brevity: bool
    """The last try was refused: shorter words first."""

    def say(self, steps: Steps) -> str:
        """Return a saying of the first step that has one to offer, or else what was said longest ago.

        :raises Overlong: no word of it fits into the limits
        """
        text = self.say_first(steps)
        return text if text is not None else self.say_again(steps)

    def say_first(self, steps: Steps) -> str | None:
        """Return a saying of the first step that has one to offer; None when none has."""
        said = (self.say_one(sayings, captures) for sayings, captures in steps)
        return next((text for text in said if text is not None), None)

    def fits_in(self, text: str) -> bool:
        """Say whether a text is short enough, and within the persona's bounds."""
        return fits(text, self.limits) and keeps(text, self.bounds)

    def say_one(self, sayings: Sequence[Saying], captures: Mapping[str, str]) -> str | None:
        """Return one of the sayings that was not said before and fits; None when there is none."""
        variables = {**self.variables, **captures}
        room = min((limit.length for limit in self.limits), default=LONGEST)
        candidates = [
            saying
            for saying in sayings
            if self._may_be_said(saying, variables)
            and saying.wording.shortest <= max(room, self.bounds.length.most)
            and (self.is_post or not self.conversation.was_said(saying))
        ]
        heard = [one for one in candidates if one.wording.mark and one.wording.mark in self.elsewhere]
        fresh = [one for one in candidates if one not in heard] if heard else candidates
        for saying in (*self._drawn(fresh), *self._drawn(heard)):
            for _ in range(3 if saying.wording.symbols else 1):
                text = self._put(saying, variables)
                if text is not None and not self.conversation.has(text) and self.fits_in(text):
                    return text
        return None

    def say_again(self, steps: Steps) -> str:
        """Everything was said, or nothing is short enough: return what was said longest ago, cut to what fits.

        :raises Overlong: no word of it fits into the limits
        """
        ready: list[tuple[int, int, str]] = []
        for sayings, captures in steps:
            variables = {**self.variables, **captures}
            for saying in sayings:
                if self._may_be_said(saying, variables):
                    text = self._put(saying, variables)
                    if text is not None:
                        ready.append((self.conversation.said.rfind(saying.wording.mark), len(ready), text))
            if ready:
                break
        limits = (*self.limits, TextLimit(length=self.bounds.length.most))
        for _, _, text in sorted(ready):
            shortened = cut(text, limits)
            if shortened.strip(" …") and fits(shortened, limits):
                return shortened
        raise Overlong("no word of it fits into the limits")

    def _put(self, saying: Saying, variables: Mapping[str, str | int]) -> str | None:
        """Put one text together; None when a symbol has nothing to offer now."""
        missing: list[str] = []
        used: list[str] = []

        def expand(name: str) -> str:
            if name in self.script.drifts:
                return self.moment.value(name)
            if name in BUILT_IN_SYMBOLS:
                own = self.words.symbol(name, self.dice, self.conversation.said, used, again=self.again)
                if own is None:
                    missing.append(name)
                    return ""
                used.append(own)
                return own
            told = self.script.told.get(name)
            choices = told[self.moment.chapter(name)] if told else self.script.symbols.get(name, ())
            open_now = [choice for choice in choices if self._may_be_said(choice, variables)]
            fresh = [choice for choice in open_now if not self.conversation.was_said(choice)]
            if not fresh and not told:
                # All were said: one of those that were said longest ago. What a chapter tells is told once.
                open_now.sort(key=lambda choice: self.conversation.said.rfind(choice.wording.mark))
                fresh = open_now[: len(open_now) // 2 + 1]
            chosen = next(self._drawn(fresh), None)
            if chosen is None:
                missing.append(name)
                return ""
            return chosen.wording.say(expand, variables)

        text = _rendered(saying, expand, variables)
        return None if missing else text

    def _may_be_said(self, saying: Saying, variables: Mapping[str, object]) -> bool:
        if saying.wording.rich is None and not saying.wording.variables <= variables.keys():
            return False
        if saying.surfaces and self.surface not in saying.surfaces:
            return False
        if saying.first is not None and saying.first != (self.conversation.turn == 0):
            return False
        if saying.after > self.conversation.turn:
            return False
        if saying.mood and self.moment.mood not in saying.mood:
            return False
        if saying.at and not any(self.moment.now.time() in span for span in saying.at):
            return False
        if saying.not_knowing & self.conversation.known.keys():
            return False
        if self.moment.now.weekday() not in saying.days:
            return False
        if saying.language is not None and saying.language not in self.persona.languages:
            return False
        return all(self.moment.value(name) in values for name, values in saying.when.items())

    def _drawn(self, sayings: Sequence[Saying]) -> Iterator[Saying]:
        """Yield the sayings in a drawn order, the heavier sooner; the shorter first when brevity was asked for."""
        if len(sayings) <= 1:
            yield from sayings
            return
        mood = self.moment.mood
        keyed = [(self.dice.random() ** (1 / saying.moods.get(mood, saying.weight)), saying) for saying in sayings]
        if self.brevity:
            keyed.sort(key=lambda pair: pair[1].wording.shortest)
        else:
            keyed.sort(key=lambda pair: -pair[0])
        for _, saying in keyed:
            yield saying


def _rendered(saying: Saying, expand: Callable[[str], str], variables: Mapping[str, str | int]) -> str:
    if saying.wording.rich is None:
        return saying.wording.say(expand, variables)
    from jinja2 import TemplateError  # loaded already: the wording is a template

    try:
        return saying.wording.say(expand, variables)
    except (TemplateError, TypeError, ValueError) as error:
        raise EngineUnavailable(f"a text of the script does not work: {error}", permanent=True) from error
