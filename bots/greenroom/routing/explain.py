"""Why an event is answered or left alone, rule by rule, in an owner's words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time, tzinfo

from greenroom.policy import UNASKED as JOINING_IN
from greenroom.routing.decision import Explanation, Hit, Miss, Verdict
from greenroom.routing.index import SPOKEN_IN, UNASKED, AccountIndex, Phrase, Setting, Source, TalkLine
from greenroom.routing.words import contains, cut
from greenroom.settings.answering import ANSWERABLE
from greenroom.settings.rooms import RoomMode
from greenroom.settings.spelling import CHANCE, PLACE, SPAN
from greenroom_adapters.contract import Event, JoinReceived, Kind, TextEvent

__all__ = ["explain"]

PLURALS = {kind: word for word, kind in ANSWERABLE.items()}
LEVELS = ("everywhere", "on this account", "in this room")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What there is to know about an event before the rules are asked."""

    account: str
    setting: Setting
    kinds: frozenset[Kind]
    """All that it is at once."""
    words: list[str]
    name: str | None
    """The name by which a message in a room addressed the bot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """That a rule fits, and how particularly."""

    source: Source
    rank: tuple[bool, int, int, int]
    why: str


def explain(
    event: Event,
    account: str,
    *,
    decision: Hit | Miss,
    index: AccountIndex,
    sources: Sequence[Source],
    names: Sequence[Phrase],
    talkative: Sequence[TalkLine],
    timezone: tzinfo,
) -> Explanation:
    """Say why `decision` was made, by asking every rule by itself, without the router's tables."""
    facts = _facts(event, account, index=index, names=names)
    judged = [(source, _judge(source, facts)) for source in sources]
    fits = sorted((one for _, one in judged if isinstance(one, _Fit)), key=lambda fit: fit.rank)
    verdicts = tuple(
        Verdict(name=source.rule.name, fits=isinstance(one, _Fit), why=one.why if isinstance(one, _Fit) else one)
        for source, one in judged
    )
    if facts.setting.mode is RoomMode.OPEN and facts.kinds == frozenset({Kind.MESSAGE}):
        at = event.occurred_at.astimezone(timezone).time()
        verdicts += tuple(_judge_line(line, facts, at) for line in talkative)
    if isinstance(decision, Hit) and decision.rule.identity == JOINING_IN:
        why = (
            f"Joined in by {decision.rule.name}, unasked, as its chance says for this message: "
            "unless the bot spoke last there, or would say more than one in four of the messages."
        )
    elif isinstance(decision, Hit):
        why = f"Answered by {decision.rule.name}: {_why_first(fits)}."
    elif decision in (Miss.CHANCE, Miss.QUIET_HOURS) and fits:
        why = f"Left alone although {fits[0].source.rule.name} fits: {decision.reason}."
    else:
        why = f"Left alone: {decision.reason}."
    if facts.name is not None:
        why += f' The name "{facts.name}" makes it a mention.'
    return Explanation(decision=decision, why=why, verdicts=verdicts)


def _facts(event: Event, account: str, *, index: AccountIndex, names: Sequence[Phrase]) -> _Facts:
    room = event.room if isinstance(event, (TextEvent, JoinReceived)) else None
    setting = index.setting_of(room)
    if not isinstance(event, TextEvent):
        return _Facts(account=account, setting=setting, kinds=frozenset({event.kind}), words=[], name=None)
    kinds = frozenset({event.kind, *event.also})
    words = cut(event.text)
    called = [" ".join(name) for name in names if contains(words, name)]
    name = called[0] if called and Kind.MESSAGE in kinds and setting.mode in SPOKEN_IN else None
    if name is not None:
        kinds |= {Kind.MENTION}
    return _Facts(account=account, setting=setting, kinds=kinds, words=words, name=name)


def _judge(source: Source, facts: _Facts) -> _Fit | str:
    """Return that the rule fits, or the first thing that does not."""
    rule, setting = source.rule, facts.setting
    answered = " and ".join(dict.fromkeys(PLURALS[kind] for kind in rule.to))
    kinds = facts.kinds & set(rule.to)
    if not kinds:
        return f"it answers {answered}, and this is a {' and a '.join(sorted(map(_singular, facts.kinds)))}"
    level = source.level(facts.account, setting.room)
    if level is None:
        places = ", ".join(
            place.account if place.room is None else f"{place.account}/{place.room}" for place in rule.places
        )
        return f"it is for {places} only"
    if setting.mode in (RoomMode.IGNORE, RoomMode.LISTEN):
        return setting.miss.reason
    if setting.mode is not None and kinds <= UNASKED and level < 2:
        return "in a room it answers who addresses the bot; for more, name the room in its `in`"
    matching = [phrase for phrase in source.phrases if contains(facts.words, phrase)]
    if source.phrases and not matching:
        return "none of its words is in the text"
    why = f"it answers {' and '.join(sorted(PLURALS[kind] for kind in kinds))} {LEVELS[level]}"
    if matching:
        why += f', and the text has "{" ".join(matching[0])}"'
    return _Fit(source=source, rank=source.rank(level), why=why)


def _judge_line(line: TalkLine, facts: _Facts, at: time) -> Verdict:
    """Say whether a line of `talkative` is about this message."""
    if not line.is_for(facts.account, facts.setting.room):
        here = ", ".join(str(PLACE.write(place)) for place in line.places or ())
        return Verdict(name=line.name, fits=False, why=f"it is for {here} only")
    if line.at is not None and at not in line.at:
        return Verdict(name=line.name, fits=False, why=f"it is for {SPAN.write(line.at)} only")
    chance = CHANCE.write(line.chance)
    return Verdict(name=line.name, fits=True, why=f"it joins in at {chance} of what is said to nobody in particular")


def _why_first(fits: Sequence[_Fit]) -> str:
    """Return what puts the first of the fitting rules before the second."""
    first = fits[0]
    if len(fits) == 1:
        return "no other rule fits"
    second = fits[1]
    other = second.source.rule.name
    if first.rank[0] != second.rank[0]:
        return f"it waits for words and {other} does not"
    if first.rank[1] != second.rank[1]:
        return f"it is for what happens {LEVELS[-first.rank[1]]}, {other} for what happens {LEVELS[-second.rank[1]]}"
    if first.rank[2] != second.rank[2]:
        return f"it answers fewer kinds of events than {other}"
    return f"it stands before {other} in the file"


def _singular(kind: Kind) -> str:
    return kind.value.replace("_", " ")
