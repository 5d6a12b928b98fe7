"""What an owner is told, in lines of fixed words: each says what happened and names the command that helps.

Reasons stay in the log, where only the owner reads: they may hold the text of an exception or of a provider, and no
such text ever reaches a platform.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from greenroom.app.declaring import NOT_DECLARED
from greenroom.app.weekly import WEEK
from greenroom.policy import REPEATED
from greenroom.scheduling.bringing import UNREADABLE_FEED
from greenroom.storage import JournalEntry, State, Turn
from greenroom.turns.aftermath import COMPLAINT
from greenroom.turns.backlog import WAS_AWAY
from greenroom.turns.by_hand import ANOTHER_COPY
from greenroom.turns.moderating import ORDERED
from greenroom.turns.places import STRANGER
from greenroom.turns.quoting import quoted
from greenroom_adapters.contract import TextEvent
from greenroom_adapters.text import plain

__all__ = ["TOLD", "Notice", "lines_of", "notice_of"]

MOST_ALIKE = 3
"""Of a kind that comes more often at once only the number is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """One kind of notice."""

    many: str | None
    """The line that stands for several; None: each is told by itself."""
    still: frozenset[State] | None = None
    """Where its turn must still stand when it is told; None: anywhere."""


TOLD: Mapping[str, _Kind] = {
    "held": _Kind(many="{count} drafts are held. See them: greenroom held", still=frozenset({State.HELD})),
    "unknown": _Kind(
        many="{count} posts may or may not have gone out. See them: greenroom dead list",
        still=frozenset({State.UNKNOWN}),
    ),
    "dead": _Kind(many="{count} turns could not be done. See them: greenroom dead list", still=frozenset({State.DEAD})),
    "account paused": _Kind(many="Accounts were paused {count} times. See them: greenroom status"),
    NOT_DECLARED: _Kind(many=None),
    "budget": _Kind(many=None),
    "edit refused": _Kind(many="{count} edits of the bot's files were refused. Their mistakes: greenroom check"),
    UNREADABLE_FEED: _Kind(many="{count} feeds cannot be read. Which: greenroom log"),
    "unreadable": _Kind(many="{count} rooms cannot be read. Which: greenroom log"),
    WAS_AWAY: _Kind(many=None),
    "passed on": _Kind(many=None),
    REPEATED: _Kind(many=None),
    WEEK: _Kind(many=None),
    ORDERED: _Kind(many="{count} words of moderators were obeyed. Which: greenroom log"),
    STRANGER: _Kind(many="{count} rooms or servers want the bot. Which: greenroom rooms"),
    ANOTHER_COPY: _Kind(many=None),
    COMPLAINT: _Kind(many="There were {count} complaints of the bot. Which: greenroom log"),
}
"""What an entry of the journal is called → how its owner is told. All other entries are for the log alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to tell."""

    kind: str
    line: str
    """Of what has several lines, all of them."""


def notice_of(entry: JournalEntry, turn: Turn | None) -> Notice | None:
    """Return what an entry of the journal is to an owner; None: nothing, or nothing any more. `turn` is the one that
    it is about."""
    kind = TOLD.get(entry.what)
    if kind is None or (kind.still is not None and (turn is None or turn.state not in kind.still)):
        return None
    return Notice(kind=entry.what, line=_line(entry, turn))


def lines_of(notices: Iterable[Notice]) -> list[str]:
    """Return one line for each notice, in their order; for many of a kind one line for all."""
    alike: dict[str, list[str]] = {}
    for notice in notices:
        alike.setdefault(notice.kind, []).extend(notice.line.split("\n"))
    return [line for kind, lines in alike.items() for line in _gathered(kind, list(dict.fromkeys(lines)))]


def _gathered(kind: str, lines: Sequence[str]) -> Sequence[str]:
    many = TOLD[kind].many
    return lines if many is None or len(lines) <= MOST_ALIKE else [many.format(count=len(lines))]


def _line(entry: JournalEntry, turn: Turn | None) -> str:
    match entry.what:
        case "held":
            return f"Held for you: {_what(turn)}. See it: greenroom held"
        case "unknown":
            number = 0 if turn is None else turn.seq
            return (
                f"It may have gone out, and the platform cannot tell: {_what(turn)}. "
                f"Look there, then: greenroom dead sent {number} or greenroom dead retry {number}"
            )
        case "dead":
            return f"It could not be done: {_what(turn)}. Why: greenroom log --turn {0 if turn is None else turn.seq}"
        case "account paused":
            account = turn.account if turn is not None else entry.why.partition(":")[0]
            return (
                f"{account} is paused: its platform does not take its credentials any more. "
                f"Mend them, then: greenroom resume {account}"
            )
        case "not declared":
            account = entry.why.partition(":")[0]
            return (
                f"{account} could not be marked as a bot: do it in its profile by hand. "
                f"Why, and what its credentials lack: greenroom log"
            )
        case "edit refused":
            return "An edit of the bot's files has mistakes; what was valid last goes on. Which: greenroom check"
        case "feed unreadable":
            post = entry.why.partition(":")[0]
            return f"The feed of {_safe(post)} cannot be read; it is tried again. Why: greenroom log"
        case "unreadable":
            return f"The bot {_safe(entry.why)}. Let it read there, or take it out of that room"
        case "moderator":
            return f"A moderator's word was obeyed. {_safe(entry.why)}"
        case "stranger":
            place, _, what = entry.why.partition(": ")
            return (
                f"{_safe(what)}. It says nothing there until you decide: greenroom rooms stay {_safe(place)} "
                "(or listen, or leave)"
            )
        case "another copy":
            account = entry.why.rpartition(" on ")[2].partition(" ")[0]
            return (
                f"Another copy of the bot may be running: on {_safe(account)} stands a post that this one never meant "
                "to send. Stop one of the two; where the other ran last, greenroom status says it"
            )
        case "complaint":
            return f"A complaint of the bot: {_safe(entry.why)}{_said_there(turn)}"
        case "repeated":
            number, account = (0, "an account") if turn is None else (turn.seq, turn.account)
            return (
                f"A post on {account} was left out: written twice, it said both times what was posted a short while "
                f"ago. More examples and topics in the persona, a model, or fewer posts help. "
                f"Which: greenroom log --turn {number}. (Told once a day; greenroom week counts them.)"
            )
        case "passed on":
            how = "" if turn is None else f". To answer: greenroom held answer {turn.seq} TEXT"
            return f"For you: {_words_of(turn)}{how}"
        case _:
            # written by this program as it is told, without words of others
            return entry.why


def _what(turn: Turn | None) -> str:
    if turn is None:
        return "a turn"
    event = turn.event
    if not isinstance(event, TextEvent):
        return f"turn {turn.seq}, a post on {turn.account}"
    link = f" ({event.post.url})" if event.post.url else ""
    return f"turn {turn.seq}, an answer to {_safe(event.author.handle)} on {turn.account}{link}"


def _words_of(turn: Turn | None) -> str:
    if turn is None or not isinstance(turn.event, TextEvent):
        return f"something on {turn.account}" if turn is not None else "something"
    event = turn.event
    text = quoted(event.text)
    link = f" {event.post.url}" if event.post.url else ""
    return f"{_safe(event.author.handle)} on {turn.account} wrote: {_safe(text)}{link}"


def _said_there(turn: Turn | None) -> str:
    """Return what the bot had said, and why."""
    if turn is None or turn.draft is None:
        return ""
    text = quoted(" ".join(turn.draft.parts))
    event = turn.event
    why = f"upon what {_safe(event.author.handle)} wrote" if isinstance(event, TextEvent) else "as it was planned"
    return f'. It had said, {why} (rule: {turn.rule}): "{_safe(text)}"'


def _safe(text: str) -> str:
    """Return somebody's words so that they address nobody where they are told, and hide nothing."""
    return plain(text, one_line=True).replace("@", "(at)")
