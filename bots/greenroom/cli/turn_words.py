"""A turn as an owner reads it: what was said, to whom, why, and what became of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from greenroom.cli.showing import money
from greenroom.clock import from_micros
from greenroom.storage import CLOCK, TELL, Due, State, Turn
from greenroom.turns.reasons import reason_of
from greenroom_adapters.contract import (
    CommandGiven,
    FollowReceived,
    JoinReceived,
    ReactionReceived,
    RepostReceived,
    TextEvent,
)
from greenroom_adapters.text import plain

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["LONGEST", "STYLES", "as_object", "occasion", "post_lines", "turn_lines", "without_texts"]

STYLES: Mapping[State, str] = {
    State.SENT: "green",
    State.HELD: "yellow",
    State.UNKNOWN: "bold red",
    State.DEAD: "red",
    State.REFUSED: "yellow",
    State.STALE: "dim",
    State.IGNORED: "dim",
    State.WITHDRAWN: "dim",
}


LONGEST = 500
"""Characters of a text that a line of the log shows; `greenroom log --turn` shows all of it."""


def occasion(turn: Turn) -> str:
    """Return what the turn answers, or for what time it was planned; one line, safe to show."""
    event = turn.event
    if isinstance(event, Due):
        if event.name == TELL:
            return "to its owner"
        name = "a single post" if event.name == "single" else f"post `{event.name}`"
        return plain(name if event.about is None else f"{name}, about {event.about}", one_line=True)
    if isinstance(event, TextEvent):
        room = "" if event.room is None else f" in {event.room.name or event.room.id}"
        said = f"/{event.command} {event.text}".strip() if isinstance(event, CommandGiven) else event.text
        return plain(f"@{event.author.handle}{room}: {said}", one_line=True)
    if isinstance(event, ReactionReceived):
        return plain(f"@{event.author.handle} reacted: {event.reaction}", one_line=True)
    if isinstance(event, RepostReceived):
        return plain(f"@{event.author.handle} reposted", one_line=True)
    if isinstance(event, FollowReceived):
        return plain(f"@{event.author.handle} follows", one_line=True)
    if isinstance(event, JoinReceived):
        return plain(f"@{event.author.handle} came into {event.room.name or event.room.id}", one_line=True)
    return "its text is gone: `keep` was over, or somebody was forgotten"


def turn_lines(
    turn: Turn,
    zone: tzinfo,
    *,
    with_date: bool = False,
    with_number: bool = False,
    whole: bool = False,
    remark: str = "",
) -> "Table":
    """Return a turn as a few lines: when and what, the answer, where it is, why it rests where it does, and a remark
    on that. Long texts are cut, but for a `whole` turn."""
    from rich.table import Table
    from rich.text import Text

    moment = from_micros(turn.changed).astimezone(zone)
    head = f"{moment:%Y-%m-%d %H:%M:%S}" if with_date else f"{moment:%H:%M:%S}"
    if with_number:
        head = f"{turn.seq:>4}  {head}"
    lines = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
    lines.add_column(no_wrap=True, style="dim")
    lines.add_column(overflow="fold")
    state = (f"{turn.state.word:<9}", STYLES.get(turn.state, ""))
    because = occasion(turn)
    lines.add_row(
        head, Text.assemble(state, " ", (turn.account, "cyan"), "  ", because if whole else _short(because, turn))
    )
    for part in turn.draft.parts if turn.draft is not None else ():
        lines.add_row("", _quoted(plain(part if whole else _short(part, turn))))
    if done := _done(turn):
        lines.add_row("", Text(plain(done, one_line=True), "dim"))
    if isinstance(turn.event, Due) and (beside := _beside(turn.event)):
        lines.add_row("", Text(beside, "dim"))
    for url in (part.url for part in turn.outbox if part.url is not None):
        lines.add_row("", Text(plain(url, one_line=True), "dim"))
    tail = [turn.reason] if turn.reason and turn.state is not State.SENT else []
    if turn.draft is not None and turn.draft.cost:
        tail.append(f"{turn.draft.model or turn.draft.engine}, {money(turn.draft.cost)}")
    if remark:
        tail.append(remark)
    if tail:
        lines.add_row("", Text(plain("; ".join(tail), one_line=True), "dim"))
    return lines


def post_lines(turns: Sequence[Turn], zone: tzinfo) -> "Table":
    """Return a post on several accounts as a few lines: its words once where they are the same, and how it stands on
    each account."""
    from rich.table import Table
    from rich.text import Text

    moment = from_micros(max(turn.changed for turn in turns)).astimezone(zone)
    lines = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
    lines.add_column(no_wrap=True, style="dim")
    lines.add_column(overflow="fold")
    states = Counter(turn.state for turn in turns)
    how = Text(" ").join(
        Text(state.word if len(states) == 1 else f"{number} {state.word}", STYLES.get(state, ""))
        for state, number in states.items()
    )
    accounts = (", ".join(dict.fromkeys(turn.account for turn in turns)), "cyan")
    head = f"{turns[0].seq:>4}  {moment:%Y-%m-%d %H:%M:%S}"
    lines.add_row(head, Text.assemble(how, "  ", accounts, "  ", occasion(turns[0])))
    texts = [() if turn.draft is None else turn.draft.parts for turn in turns]
    for text in texts[0] if len(set(texts)) == 1 else ():
        lines.add_row("", _quoted(plain(_short(text, turns[0]))))
    for turn, parts in zip(turns, texts, strict=True):
        place = f"{turn.account}/{turn.event.room}" if isinstance(turn.event, Due) and turn.event.room else turn.account
        words = [f"turn {turn.seq}", turn.state.word]
        words += [turn.reason] if turn.reason and turn.state is not State.SENT else []
        words += [part.url for part in turn.outbox if part.url is not None]
        if len(set(texts)) > 1:
            words += [f"> {_short(part, turn)}" for part in parts]
        lines.add_row("", Text(plain(f"{place}: {', '.join(words)}", one_line=True), "dim"))
    return lines


def _done(turn: Turn) -> str:
    """Return what was done, or is to be, without words; one line, empty for nothing."""
    refused = {str(part.act) for part in turn.outbox if part.refused}
    acts = () if turn.draft is None else tuple(str(act) for act in turn.draft.acts)
    return ", ".join(f"{act} (refused)" if act in refused else act for act in acts)


def _beside(event: Due) -> str:
    """Return what goes with the words of a post, as it is wanted; one line, safe to show, empty for nothing."""
    found: list[str] = []
    if event.warning is not None:
        found.append(f"warning: {event.warning}")
    if event.poll is not None:
        found.append(f"poll: {' / '.join(event.poll.options)}")
    if event.embed is not None:
        found.append(f"embed: {event.embed.title or event.embed.text or 'without a title'}")
    if event.visibility is not None:
        found.append(f"visibility: {event.visibility}")
    return plain("; ".join(found), one_line=True)


def _short(text: str, turn: Turn) -> str:
    """Return as much of a text as a line of the log shows, and where the rest is."""
    more = len(text) - LONGEST
    return text if more <= 0 else f"{text[:LONGEST]}… ({more:,} more characters: greenroom log --turn {turn.seq})"


def _quoted(text: str) -> "Table":
    """Return what was said, marked as such however often its lines are broken."""
    from rich.table import Table
    from rich.text import Text

    quoted = Table.grid(padding=(0, 1, 0, 0), pad_edge=False)
    quoted.add_column(no_wrap=True, style="dim")
    quoted.add_column(overflow="fold")
    quoted.add_row(">", Text(text))
    return quoted


def without_texts(turn: Turn) -> dict[str, Any]:
    """Return a turn as `as_object`, without what people and the bot said, and without who they are: for logs that leave
    the machine, where nothing can be forgotten. Its reason is a word of `REASONS` and not a sentence."""
    shown = as_object(turn)
    for name in ("input", "answer", "notes"):
        del shown[name]
    return {**shown, "reason": reason_of(turn.reason)}


def as_object(turn: Turn) -> dict[str, Any]:
    """Return a turn as JSON: moments in ISO 8601, money in millionths of a dollar, texts as they came."""
    event = turn.event
    said: dict[str, Any] | None = None
    if isinstance(event, TextEvent):
        said = {"author": event.author.handle, "author_id": event.author.id, "text": event.text, "post": event.post.id}
        if isinstance(event, CommandGiven):
            said["command"] = event.command
        if event.room is not None:
            said["room"] = event.room.name or event.room.id
    elif isinstance(event, Due):
        said = {"schedule": event.name, "about": event.about, "due": event.due.isoformat()}
        if event.warning is not None:
            said["warning"] = event.warning
        if event.visibility is not None:
            said["visibility"] = event.visibility.value
        if event.poll is not None:
            said["poll"] = list(event.poll.options)
        if event.embed is not None:
            said["embed"] = event.embed.title or event.embed.text
    draft = turn.draft
    return {
        "turn": turn.seq,
        "post": turn.event_id.partition("#")[0] if turn.kind == CLOCK else None,
        "account": turn.account,
        "state": turn.state.word,
        "reason": turn.reason,
        "rule": turn.rule,
        "kind": turn.kind,
        "surface": turn.surface.value,
        "received": from_micros(turn.received).isoformat(),
        "changed": from_micros(turn.changed).isoformat(),
        "input": said,
        "answer": None if draft is None else list(draft.parts),
        "engine": None if draft is None else draft.engine,
        "model": None if draft is None else draft.model,
        "cost_micros": 0 if draft is None else draft.cost,
        "acts": [] if draft is None else list(map(str, draft.acts)),
        "notes": [] if draft is None else list(draft.notes),
        "persona": turn.persona,
        "posts": [
            {
                "key": part.key,
                "post": part.post_id,
                "url": part.url,
                "tries": part.number,
                "published": from_micros(part.published).isoformat() if part.published else None,
            }
            for part in turn.outbox
            if part.act is None
        ],
    }
