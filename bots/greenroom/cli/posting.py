"""Putting posts down in a bot's agenda, one by one or a whole file in one commit."""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from greenroom.cli.asking import ask, reading, runs, wake, writing_agenda
from greenroom.cli.places import places_of
from greenroom.cli.turn_words import as_object
from greenroom.cli.when import moment_of
from greenroom.clock import SystemClock, to_micros
from greenroom.policy import EVERY_ACCOUNT, SWITCH
from greenroom.scheduling.posts import SINGLE, picture
from greenroom.settings import BotFile, PollEntry
from greenroom.settings.model import not_a_word
from greenroom.settings.reasons import reason_of
from greenroom.settings.spelling import DURATION, PERIOD, SpellingError
from greenroom.storage import Card, Due, Ledger, State, Turn, Wish
from greenroom_adapters.contract import ConfigurationError, Media, Poll, Surface, Visibility

__all__ = ["Around", "PutDown", "poll_of", "put_file_down", "put_one_down", "step_of", "visibility_of"]

PATIENCE = 5.0
"""Seconds in which a post of now is watched on its way."""
LOOK = 0.1
"""Seconds between two looks."""
MOST_TOLD = 5
"""So many lines of a file that are too long are told, of the others how many they are."""
_Line = tuple[int, datetime, Due]
"""Number of a line, when its post comes, and the post."""
MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{1,2}:[0-9]{2})[ \t]+")
"""What a line of a file may begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PutDown:
    """What was put down."""

    items: Sequence[int]
    """Numbers in the agenda."""
    accounts: int
    """On how many accounts each post is."""
    first: datetime
    last: datetime
    now: datetime
    zone: tzinfo
    runs: bool
    """A bot runs on the ledger."""
    is_paused: bool = False
    """Nothing goes out on one of the accounts now."""
    turns: tuple[Turn, ...] = ()
    """What has come of them so far, for a post of now."""

    def as_object(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "items": list(self.items),
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "running": self.runs,
            "turns": [as_object(turn) for turn in self.turns],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What goes with the words of a post."""

    picture: Path | None = None
    """An absolute path: the running bot stands in another folder."""
    card: bool = False
    """A card of its words goes with it."""
    alt: str | None = None
    warning: str | None = None
    visibility: Visibility | None = None
    poll: Poll | None = None

    @property
    def media(self) -> tuple[Media, ...]:
        """The picture as it goes with a post.

        :raises ConfigurationError: it is not there, or its name does not tell what it is
        """
        return () if self.picture is None else (picture(self.picture, self.alt or ""),)

    @property
    def wish(self) -> Wish | None:
        """The card that is drawn for it."""
        return Wish(card=Card(show="quote"), alt=self.alt) if self.card else None

    @property
    def arguments(self) -> Mapping[str, Any]:
        """It as a command has it."""
        poll = self.poll
        return {
            "picture": None if self.picture is None else str(self.picture),
            "card": self.card,
            "alt": self.alt,
            "warning": self.warning,
            "visibility": None if self.visibility is None else str(self.visibility),
            "poll": None
            if poll is None
            else {"options": poll.options, "open_for": poll.open_for.total_seconds(), "several": poll.several},
        }


def poll_of(options: Sequence[str], *, open_for: str, several: bool) -> Poll:
    """Read a poll as an owner types it.

    :raises ConfigurationError: it is none
    """
    try:
        length = DURATION.read(open_for)
        entry = PollEntry(options=tuple(option.strip() for option in options), open_for=length, several=several)
    except SpellingError as error:
        raise ConfigurationError(str(error)) from error
    except ValidationError as error:
        raise ConfigurationError(reason_of(error.errors()[0])) from error
    return entry.poll


def visibility_of(word: str) -> Visibility:
    """Read who is to see a post.

    :raises ConfigurationError: it is none of the words for that
    """
    try:
        return Visibility(word)
    except ValueError as error:
        raise ConfigurationError(not_a_word(word, [*Visibility], "a visibility")) from error


def step_of(text: str) -> timedelta:
    """Read how far apart posts are.

    :raises ConfigurationError: it is no length of time
    """
    try:
        return PERIOD.read(text)
    except SpellingError as error:
        raise ConfigurationError(str(error)) from error


async def put_one_down(
    file: BotFile,
    *,
    text: str | None,
    about: str | None,
    at: str,
    places: Sequence[str],
    around: Around,
) -> PutDown:
    """Put one post down; one of now is watched for some seconds when the bot runs.

    :raises ConfigurationError: a place or the time is not understood, or there is nothing to say
    """
    if not (text or about or "").strip():
        raise ConfigurationError("there is nothing to say: the text is empty")
    now = SystemClock().now()
    moment = moment_of(at, now=now, zone=file.timezone)
    rooms = places_of(places, file)
    items: list[int] = []
    events: set[tuple[str, str]] = set()
    posts = [
        {"text": text, "about": about, "at": to_micros(moment), "accounts": accounts, "room": room, **around.arguments}
        for room, accounts in rooms.items()
    ]
    # what is refused in one place is put down in none
    for post in posts if len(posts) > 1 else ():
        await ask(file, "fits", post, makes=True)
    for post, (room, accounts) in zip(posts, rooms.items(), strict=True):
        answer = await ask(file, "post", post, makes=True)
        items += answer["items"]
        suffix = "" if room is None else f"#{room}"
        events |= {(account, f"{event}{suffix}") for account, event in zip(accounts, answer["events"], strict=True)}
    is_running = runs(file)
    async with reading(file) as ledger:
        paused = await ledger.paused()
        is_paused = EVERY_ACCOUNT in paused or SWITCH in paused or any(account in paused for account, _ in events)
        watches = is_running and not is_paused and moment <= SystemClock().now()
        turns = await _come_to_rest(ledger, events) if watches else ()
    return PutDown(
        items=items,
        accounts=len(items),
        first=moment,
        last=moment,
        now=now,
        zone=file.timezone,
        runs=is_running,
        is_paused=is_paused,
        turns=turns,
    )


async def put_file_down(
    file: BotFile,
    lines: Path,
    *,
    at: str,
    every: timedelta | None,
    places: Sequence[str],
    around: Around,
    shows_progress: bool,
) -> PutDown:
    """Put every line of a file down, in one commit for each room (usually one).

    :raises ConfigurationError: a line, a place or a time is not understood, or a line is too long for one of the
        places; then nothing was put down
    """
    from greenroom.app import put_all_down

    now = SystemClock().now()
    rooms = places_of(places, file)
    start = moment_of(at, now=now, zone=file.timezone)
    like = Due(
        name=SINGLE,
        period="",
        due=start,
        media=around.media,
        picture=around.wish,
        warning=around.warning,
        visibility=around.visibility,
        poll=around.poll,
    )
    text = _read(lines)
    read = _posts(lines, text, like=like, every=every, now=now, zone=file.timezone)
    posts = list(_with_progress(read, text.count("\n") + 1) if shows_progress else read)
    if not posts:
        raise ConfigurationError(f"{lines}: there is no post in it; write one a line")
    items: list[int] = []
    async with writing_agenda(file) as ledger:
        accounts_meant = dict.fromkeys(account for accounts in rooms.values() for account in accounts)
        await _must_fit(lines, posts, accounts_meant, ledger=ledger, file=file)
        for room, accounts in rooms.items():
            here = [(moment, event if room is None else _in_room(event, room)) for _, moment, event in posts]
            items += await put_all_down(ledger, here, accounts=accounts)
    await wake(file)
    moments = [moment for _, moment, _ in posts]
    return PutDown(
        items=items,
        accounts=sum(map(len, rooms.values())),
        first=min(moments),
        last=max(moments),
        now=now,
        zone=file.timezone,
        runs=runs(file),
    )


def _read(lines: Path) -> str:
    try:
        return lines.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{lines}: this is not UTF-8: save the file as UTF-8") from error
    except OSError as error:
        raise ConfigurationError(f"{lines}: {error.strerror}") from error


def _posts(
    path: Path,
    text: str,
    *,
    like: Due,
    every: timedelta | None,
    now: datetime,
    zone: tzinfo,
) -> Iterator[_Line]:
    """Yield number, when and what, line by line: posts as `like`, which is the first, each with words and a time of its
    own."""
    coming = like.due
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            yield from ()
            continue
        words, moment = line.strip(), coming
        if found := MOMENT.match(words):
            try:
                moment = moment_of(found[1], now=now, zone=zone)
            except ConfigurationError as error:
                raise ConfigurationError(f"{path}:{number}:1: {error}") from error
            words = words[found.end() :]
        elif every is not None:
            coming += every
        yield number, moment, replace(like, due=moment, say=words.replace("\\n", "\n"))


def _in_room(event: Due, room: str) -> Due:
    return replace(event, room=room)


async def _must_fit(
    path: Path, posts: Iterable[_Line], accounts: Iterable[str], *, ledger: Ledger, file: BotFile
) -> None:
    """Refuse lines that are too long for one of the accounts.

    :raises ConfigurationError: there are some, with their numbers
    """
    from greenroom.app.fitting import measure_of

    measures = [await measure_of(account, Surface.POST, ledger=ledger, file=file) for account in accounts]
    wrong = [
        f"{path}:{number}:1: {why}"
        for number, _, event in posts
        for measure in measures
        if (why := measure.wrong_with(event.say or "")) is not None
    ]
    if wrong:
        more = len(wrong) - MOST_TOLD
        raise ConfigurationError("\n".join([*wrong[:MOST_TOLD], *([f"and {more:,} more"] if more > 0 else [])]))


def _with_progress(posts: Iterable[_Line], count: int) -> Iterator[_Line]:
    from rich.console import Console
    from rich.progress import track

    yield from track(posts, "Reading", total=count, console=Console(stderr=True), transient=True, update_period=0.1)


async def _come_to_rest(ledger: Ledger, events: Set[tuple[str, str]]) -> tuple[Turn, ...]:
    """Return the turns of these (account, event id) when all have come to rest; none when that takes too long."""
    for _ in range(round(PATIENCE / LOOK)):
        turns = [turn for turn in await ledger.turns(limit=200) if (turn.account, turn.event_id) in events]
        if len(turns) == len(events) and all(turn.state >= State.HELD for turn in turns):
            return tuple(reversed(turns))
        await asyncio.sleep(LOOK)
    return ()
