"""Words that an owner may write by mistake: nearest right names, other systems' keys, and what is not there yet."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["FOREIGN", "NOT_YET", "RENAMED", "Renamed", "is_clear", "nearest", "unknown_key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """A key that is called otherwise since a version. It is understood in that minor version and the next."""

    to: str
    since: tuple[int, int]

    @property
    def until(self) -> tuple[int, int]:
        """The version that does not understand it any more."""
        major, minor = self.since
        return major, minor + 2


RENAMED: dict[str, dict[str, Renamed]] = {}
"""Keys that were renamed, for each section: the old name → the new one. A test fails for those whose time is over."""

NOT_YET: Mapping[str, frozenset[str]] = {
    "the bot file": frozenset({"page"}),
    "a `post` entry": frozenset({"video"}),
    "a room": frozenset({"threads"}),
}
"""Keys of the finished product that this release refuses by name instead of ignoring them, for each section."""

FOREIGN: Mapping[str, Mapping[str, str]] = {
    "the bot file": {
        "schedule": "post",
        "schedules": "post",
        "cron_jobs": "post",
        "cron": "post",
        "posts": "post",
        "triggers": "answer",
        "trigger": "answer",
        "listen": "answer",
        "replies": "answer",
        "character": "persona",
        "name": "bot",
        "model": "engines",
        "llm": "engines",
        "clients": "accounts",
        "platforms": "accounts",
        "time_zone": "timezone",
        "tz": "timezone",
        "channels": "rooms",
        "budget": "limits",
        "retention": "keep",
        "database": "store",
        "ledger": "store",
    },
    "`engines`": {"model": "text", "llm": "text"},
    "an image engine": {"base_url": "server", "url": "server", "api_key": "key", "api_base": "server", "token": "key"},
    "an engine": {"base_url": "server", "url": "server", "api_key": "key", "api_base": "server", "token": "key"},
    "an `answer` rule": {
        "listen": "to",
        "trigger": "to",
        "on": "to",
        "keywords": "words",
        "probability": "chance",
        "action": "do",
        "actions": "do",
        "emoji": "reaction",
        "max_age": "within",
        "text": "say",
        "where": "in",
        "places": "in",
        "channels": "in",
    },
    "a `post` entry": {
        "prompt": "about",
        "topic": "about",
        "jitter": "spread",
        "schedule": "at",
        "time": "at",
        "interval": "every",
        "text": "say",
        "image": "picture",
        "cw": "warning",
        "embeds": "embed",
        "content_warning": "warning",
        "spoiler_text": "warning",
        "audience": "visibility",
        "privacy": "visibility",
        "accounts": "in",
        "where": "in",
        "places": "in",
        "channels": "in",
        "grace": "late_ok",
        "misfire_grace_time": "late_ok",
    },
    "`poll`": {"choices": "options", "answers": "options", "expires_in": "open_for", "multiple": "several"},
    "`picture`": {"path": "file", "alt_text": "alt", "description": "alt", "size": "shape", "prompt": "about"},
    "`card`": {"text": "say", "type": "show", "author": "by", "data": "rows", "values": "rows", "csv": "table"},
    "`look`": {"palette": "colours", "colors": "colours", "typeface": "font"},
    "`embed`": {
        "description": "text",
        "url": "link",
        "color": "colour",
        "table": "fields",
        "picture": "image",
        "thumbnail": "image",
    },
    "a field of `embed`": {"inline": "beside", "title": "name", "text": "value"},
    "`limits`": {"budget": "spend", "cost": "spend", "quiet_hours": "quiet"},
    "a tool": {
        "command": "mcp",
        "url": "mcp",
        "server": "mcp",
        "function": "python",
        "timeout": "within",
        "cost": "price",
        "max_calls": "calls",
        "api_key": "key",
        "token": "key",
    },
    "`tools` of a persona": {"everyone": "anyone", "strangers": "anyone", "moderator": "moderators", "owners": "owner"},
    "the persona file": {
        "name": "persona",
        "bio": "who",
        "system_prompt": "who",
        "system": "who",
        "prompt": "who",
        "description": "who",
        "personality": "voice",
        "style": "voice",
        "tone": "voice",
        "post_examples": "examples.post",
        "message_examples": "examples.reply",
        "adjectives": "voice",
        "aliases": "nicknames",
        "limits": "bounds",
        "taboos": "never",
        "forbidden": "never",
        "language": "languages",
        "mood": "moods",
    },
    "`bounds`": {"max_length": "length", "characters": "length", "banned_words": "banned", "forbidden": "banned"},
}
"""What other systems call it → what it is called here, for each section."""


SHORT = 4
"""Words of fewer letters are not told apart by one."""


def nearest(word: str, names: Iterable[str]) -> str | None:
    """Return the name that `word` was most likely meant to be; None: nothing is near."""
    by_plain = {name.casefold(): name for name in sorted(names)}
    found = difflib.get_close_matches(word.casefold(), by_plain, n=1, cutoff=0.7)
    return by_plain[found[0]] if found else None


def is_clear(key: str, meant: str, *, section: str, names: Iterable[str]) -> bool:
    """Say whether nobody who wrote `key` can have meant another key of `section` (`names`) than `meant`: other systems
    call that so, or it is written with one mistake, and nothing else can be."""
    if any(_plain(name) == _plain(key) for name in FOREIGN.get(section, {})):
        return True
    word = _plain(key)
    return [name for name in names if _is_one_slip(word, _plain(name))] == [meant]


def _is_one_slip(one: str, other: str) -> bool:
    """Say whether two words are the same, but for one letter too many, too few or wrong, or two that changed places;
    short words are all alike."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    if len(long) < SHORT or len(long) - len(short) > 1:
        return False
    at = next((at for at, (ours, theirs) in enumerate(zip(short, long, strict=False)) if ours != theirs), len(short))
    if len(long) > len(short):
        return short[at:] == long[at + 1 :]
    return short[at + 1 :] == long[at + 1 :] or (
        short[at : at + 2] == long[at : at + 2][::-1] and short[at + 2 :] == long[at + 2 :]
    )


def unknown_key(key: str, *, section: str, names: Iterable[str]) -> tuple[str, str | None]:
    """Say why `key` cannot stand in `section`, and which of its keys (`names`) was meant; None: nobody can tell."""
    not_yet = NOT_YET.get(section, frozenset())
    if key in not_yet:
        return f"`{key}` is not there yet", None
    names, shown = list(names), _short(key)
    theirs = {_plain(name): ours for name, ours in FOREIGN.get(section, {}).items()}
    if ours := theirs.get(_plain(key)):
        return f"`{shown}` is called `{ours}` here", ours if ours in names else None
    if key == "version" and ("bot" in names or "persona" in names):
        return f"`{shown}` is not written: a version is the file's hash", None
    if near := nearest(key, names):
        return f"`{shown}` is not a key of {section}. Did you mean `{near}`?", near
    if near := nearest(key, not_yet):
        return f"`{shown}` is not a key of {section} (and `{near}` is not there yet)", None
    return f"`{shown}` is not a key of {section}. Its keys: {', '.join(names)}", None


def _plain(key: str) -> str:
    """Return a key without its style of writing: `cron jobs`, `cron_jobs` and `cronJobs` are one."""
    return "".join(character for character in key if character.isalnum()).casefold()


def _short(key: str) -> str:
    line = " ".join(key.split())
    return line if len(line) <= 40 else line[:39] + "…"
