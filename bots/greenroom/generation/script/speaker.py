"""How one persona speaks without a model: what it hears in what was said, and which sayings may answer that."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from greenroom.generation.engine import Brief, Line, NothingToAdd, Refused
from greenroom.generation.honesty import asks_about_bot
from greenroom.generation.script.hearing import LONGEST, Heard, hear
from greenroom.generation.script.memory import Conversation, Ears, echo, named
from greenroom.generation.script.patterns import Match, PatternIndex
from greenroom.generation.script.persona_words import PersonaWords
from greenroom.generation.script.quoting import quoted
from greenroom.generation.script.scene import Scene, Steps
from greenroom.generation.script.script import ANYTHING, ARE_YOU_A_BOT, IN_DANGER, REFUSED, Rule, Saying, Script
from greenroom.generation.script.weather import Moment
from greenroom.memory import Passage
from greenroom.personas.dates import date_in, month_in, weekday_in
from greenroom.personas.persona import Persona
from greenroom.personas.sameness import gist
from greenroom.personas.silences import Silence
from greenroom_adapters.contract import Surface
from greenroom_adapters.text import cut, fits

__all__ = ["Speaker"]

CUE_RANK = 7
"""Rules above this rank are answered before a follow-up of the last line."""
ANYTHING_RANK = 5
"""The same for a follow-up that takes any answer but a question."""
QUOTE_RANK = 1
"""Rules above this rank are answered before a document is quoted."""
QUOTED_FROM = 0.6
"""A passage is quoted when so much of what was asked stands in it."""
RECENT_POSTS = 4
"""A form of post is not used again within so many posts while there is another."""
REMEMBERED_POSTS = 24
"""What was posted before that may be said again, rather than nothing."""

STEPS_FOR_ANYTHING = 2
"""Those that are always there: what the script says to anything."""


class Speaker:
    """Speaks for one persona from one script. Pure: the same brief, lines and moment give the same text."""

    def __init__(self, persona: Persona, script: Script, plain: Script) -> None:
        self._persona = persona
        self._script = script
        self._plain = plain
        """Built from the persona alone: speaks where the script is silent."""
        self._words = PersonaWords(persona)
        self._ears = Ears(script, names=persona.names)
        danger = [rule for one in (script, plain) if (rule := one.rules.get(IN_DANGER)) is not None]
        self._danger = PatternIndex([pattern for rule in danger for pattern in rule.hears])
        self._helps: Steps = [(rule.says, {}) for rule in danger]

    def reply(
        self,
        brief: Brief,
        lines: Sequence[Line],
        now: datetime,
        passages: Sequence[Passage] = (),
        *,
        elsewhere: Sequence[str] = (),
    ) -> tuple[str, Passage | None]:
        """Answer `brief.said`; return the passage as well that the answer is taken from, where it is.

        What a rule of the script has to say comes first; a document is quoted before what is said to anything, and so
        is an example where there is no script.

        :raises Refused: the persona does not talk about this and has no line for it
        :raises NothingToAdd: no rule of the script hears it, and the persona is silent then
        :raises Overlong: no word of it fits into the limits
        """
        said = brief.said or ""
        heard = self._ears.hear(said)
        conversation = self._ears.read(lines, author=brief.author, said=brief.said)
        scene = replace(self._scene(self._script, brief, conversation, now), elsewhere="\n".join(elsewhere))
        if any(self._danger.matches(heard.words)):
            return scene.say(self._helps), None
        # before any topic: no persona can forbid itself to be honest about this
        if asks_about_bot(said[:LONGEST]):
            return self._admission(scene), None
        if self._words.is_forbidden(heard.words):
            return self._refusal(scene, brief.language), None
        traits = heard.traits | {"repeated"} if heard.key in conversation.said_by_them else heard.traits
        steps = list(self._steps(scene, heard, traits))
        text = self._by_example(scene, heard)
        if text is None and not any(rule.rank > QUOTE_RANK for rule, _ in self._fitting(heard, traits)):
            for passage in passages:
                if (quote := self._quote(scene, passage, said)) is not None:
                    return quote, passage
            text = self._out_of_examples(scene, heard, said)
        if text is None and brief.may_be_silent and len(steps) <= STEPS_FOR_ANYTHING:
            raise NothingToAdd(f"silent_when: {Silence.NOTHING_TO_ADD}")
        return text or scene.say(steps), None

    def post(self, brief: Brief, lines: Sequence[Line], now: datetime) -> str:
        """Write a post, about `brief.about` where the script has something to say about it.

        :raises Overlong: no word of it fits into the limits
        """
        script = self._script if self._script.posts else self._plain
        mine = tuple(line.text for line in lines if line.author is None)
        conversation = _past(mine)
        scene = self._scene(script, brief, conversation, now)
        wanted = frozenset(word.heard for word in hear(brief.about).words) if brief.about else frozenset[str]()
        if brief.item is not None:
            # the script has no words of its own for what happened; a frame for them, perhaps
            framed = [saying for saying in script.posts if "item" in saying.wording.variables]
            return scene.say_first([(framed, {})]) or cut(_headline(brief.item), scene.limits)
        fitting = [saying for saying in script.posts if saying.about & wanted]
        # Nothing about it in particular: then anything, rather than silence.
        others = list(script.posts)
        recent = "\n".join(mine[-RECENT_POSTS:])
        fresh: list[Saying] = []
        stale: list[Saying] = []
        for saying in fitting or others:
            mark = saying.wording.mark
            (stale if len(mark) > 5 and mark in recent else fresh).append(saying)
        groups: Steps = [(fresh, {}), (stale, {}), (others, {})]
        lately = replace(scene, conversation=replace(_past(mine[-REMEMBERED_POSTS:]), turn=conversation.turn))
        # Best what was never said, then what was not for a while; an example in another frame is better than silence.
        said = (one.say_first(groups) for one in (scene, lately, replace(lately, again=True)))
        text = next((text for text in said if text is not None), None)
        return text if text is not None else scene.say_again(groups)

    # What could be said

    def _scene(self, script: Script, brief: Brief, conversation: Conversation, now: datetime) -> Scene:
        persona = self._persona
        moment = Moment(now, seed=persona.persona, moods=persona.moods, drifts=script.drifts, chapters=script.chapters)
        # the plain script speaks English for everybody
        language = "en" if script is self._plain else persona.languages[0]
        variables: dict[str, str | int] = {
            **conversation.known,
            **self._words.variables,
            "time": f"{now:%H:%M}",
            "hour": now.hour,
            "weekday": weekday_in(language, now),
            "day": now.day,
            "month": month_in(language, now),
            "year": now.year,
            "date": date_in(language, now),
            "mood": moment.mood,
            "turn": conversation.turn,
        }
        if brief.about:
            variables["about"] = brief.about
        if brief.item is not None:
            variables["item"] = _headline(brief.item)
        return Scene(
            persona=persona,
            words=self._words,
            script=script,
            surface=brief.surface,
            limits=brief.limits,
            bounds=persona.bounds_on(brief.surface, is_caption=brief.is_caption),
            conversation=conversation,
            moment=moment,
            dice=random.Random(f"{brief.seed}\0{conversation.turn}\0{brief.correction}"),  # noqa: S311  repeatable, no secret
            variables=variables,
            is_post=brief.surface is Surface.POST,
            again=False,
            brevity=brief.correction is not None,
        )

    def _steps(
        self, scene: Scene, heard: Heard, traits: frozenset[str]
    ) -> Iterator[tuple[Sequence[Saying], Mapping[str, str]]]:
        """Yield what may answer, the best first."""
        rules = self._fitting(heard, traits)
        rank, follow = self._follow_up(scene, heard)
        for rule, match in rules:
            if follow and rule.rank <= rank:
                yield follow, {}
                follow = ()
            captures = self._captures(match)
            passed: set[str] = set()
            current: Rule | None = rule
            while current is not None and current.name not in passed:
                passed.add(current.name)
                yield current.says, captures
                current = self._script.rules[current.otherwise] if current.otherwise else None
        if follow:
            yield follow, {}
        yield self._script.rules[ANYTHING].says, {}
        yield self._plain.rules[ANYTHING].says, {}

    def _fitting(self, heard: Heard, traits: frozenset[str]) -> list[tuple[Rule, Match | None]]:
        script = self._script
        best: dict[str, Match | None] = {}
        for number, match in script.index.matches(heard.words):
            name = script.owners[number].name
            other = best.get(name)
            if other is None or match.weight > other.weight:
                best[name] = match
        if traits:
            for rule in script.noticing:
                if rule.notices & traits:
                    best.setdefault(rule.name, None)
        return sorted(
            ((script.rules[name], match) for name, match in best.items()),
            key=lambda pair: (-pair[0].rank, -(pair[1].weight if pair[1] else 0), pair[0].place),
        )

    def _captures(self, match: Match | None) -> dict[str, str]:
        if match is None:
            return {}
        captures: dict[str, str] = {}
        for name, words in match.captures.items():
            memory = self._script.remember.get(name)
            kept = named(words, memory) if memory is not None and memory.capital else echo(words)
            if kept is not None:
                captures[name] = kept
        return captures

    def _follow_up(self, scene: Scene, heard: Heard) -> tuple[int, tuple[Saying, ...]]:
        """Return what the bot's last line has ready for these words, and the highest rank that it goes before."""
        last = scene.conversation.last_leading(self._script)
        if last is None:
            return 0, ()
        cues = {self._script.cue_names[number] for number, _ in self._script.cue_index.matches(heard.words)}
        sayings = tuple(saying for cue, follow in last.then.items() if cue in cues for saying in follow)
        if sayings:
            return CUE_RANK, sayings
        return ANYTHING_RANK, () if "question" in heard.traits else last.then.get(ANYTHING, ())

    def _admission(self, scene: Scene) -> str:
        line = self._persona.disclosure_line
        if line not in scene.conversation.said and scene.fits_in(line):
            return line
        rule = self._script.rules.get(ARE_YOU_A_BOT) or self._plain.rules[ARE_YOU_A_BOT]
        groups: Steps = [(rule.says, {}), (self._plain.rules[ARE_YOU_A_BOT].says, {})]
        return scene.say(groups)

    def _by_example(self, scene: Scene, heard: Heard) -> str | None:
        """Without a script of its own a persona answers as its examples do, where somebody asks what they ask."""
        if self._script is not self._plain:
            return None
        say = self._words.answer(scene.surface, heard)
        if say is None or say in scene.conversation.said or not scene.fits_in(say):
            return None
        return say

    def _out_of_examples(self, scene: Scene, heard: Heard, said: str) -> str | None:
        """Without a script of its own a persona answers a question out of its examples of posts, where one is about
        it: nobody is told that it does not know what stands there."""
        if self._script is not self._plain or "question" not in heard.traits:
            return None
        for example in self._words.examples_about(said):
            answer = quoted(
                example,
                said,
                fits=lambda text: scene.fits_in(text) and text not in scene.conversation.said,
            )
            if answer is not None:
                return answer
        return None

    def _quote(self, scene: Scene, passage: Passage, said: str) -> str | None:
        """Return what of a passage answers what was said: whole sentences as they stand there, as many as fit; None:
        it is about something else, or was said before."""
        if passage.covers < QUOTED_FROM:
            return None
        knowledge = self._persona.knowledge
        if knowledge is None or not knowledge.cite:
            return self._quote_before(scene, passage, said, behind="")
        quote = self._quote_before(scene, passage, said, behind=f" ({passage.named})")
        if quote is None and passage.address:
            # there is no room for its address, or no link may be
            quote = self._quote_before(scene, passage, said, behind=f" ({passage.source})")
        return quote

    def _quote_before(self, scene: Scene, passage: Passage, said: str, *, behind: str) -> str | None:
        return quoted(
            passage.text,
            said,
            fits=lambda text: scene.fits_in(text + behind) and text not in scene.conversation.said,
            behind=behind,
        )

    def _refusal(self, scene: Scene, language: str | None) -> str:
        line = self._persona.line(self._persona.lines.refused, language)
        if line is not None and line not in scene.conversation.said and fits(line, scene.limits):
            return line
        rule = self._script.rules.get(REFUSED)
        text = scene.say_one(rule.says, {}) if rule is not None else None
        if text is None:
            text = line
        if text is None or not fits(text, scene.limits):
            raise Refused("the persona does not talk about this")
        return text


def _past(posts: tuple[str, ...]) -> Conversation:
    """Return what was posted, as what was said."""
    return Conversation(
        mine=posts,
        said_by_them=frozenset(),
        turn=len(posts),
        known={},
        said="\n".join(posts),
        gists=frozenset(map(gist, posts)),
    )


def _headline(item: str) -> str:
    """Return the first line of an item of a feed. Nobody is addressed by what stands there."""
    return item.partition("\n")[0].replace("@", "").strip()
