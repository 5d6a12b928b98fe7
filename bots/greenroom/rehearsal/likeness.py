"""How somebody writes, measured from his own posts: bounds, examples and topics to begin a persona with. No model."""

import csv
import difflib
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from greenroom.generation.bounds import count_emoji, count_hashtags, count_links
from greenroom.personas.foreign import Character
from greenroom.personas.tongues import TONGUES, words_of_tongues
from greenroom.settings import Range
from greenroom_adapters.contract import ConfigurationError
from greenroom_adapters.text import plain

__all__ = ["FEWEST", "likeness_of", "own_posts", "posts_in"]

FEWEST = 5
"""Posts: fewer tell nothing."""
MOST = 5_000
"""Posts that are looked at, the last ones of the file."""
LARGEST = 20_000_000
"""Bytes of a file."""
LONGEST = 5_000
"""Characters of a post."""
EXAMPLES = 6
TOPICS = 5
COMMON = 0.02
"""A language in which at least so many of the posts are is one of his."""

_TEXTS = ("text", "full_text", "content", "post", "body", "message", "status", "caption")
_AUTHORS = ("author", "user", "username", "screen_name", "handle", "account", "from")
_REPOST = re.compile(r"^(?:RT|QT|MT) @\w")
_REPLY = re.compile(r"^\s*@\w")
_MARKUP = re.compile(r"https?://\S+|(?<!\w)[@#]\S+")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_SENTENCE = re.compile(r"[.!?…]+(?=\s|$)|\n+")
_TOPIC = re.compile(r"(?<![\w&/])#(\w*[^\W\d_]\w*)")


def posts_in(path: Path) -> list[str]:
    """Return the posts of one person in a file: CSV or TSV with a column `text`, JSON (a list, or lines), or plain text
    with an empty line between two posts. Answers to others and what is only passed on are left out.

    :raises ConfigurationError: the file cannot be read, has none, or those of several people
    """
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigurationError(
                f"{path} is larger than {LARGEST // 1_000_000} MB: take the last few thousand posts"
            )
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8: save it as UTF-8") from error
    kind = path.suffix.casefold()
    if kind in (".csv", ".tsv"):
        found = _of_rows(list(_rows(text, path, "\t" if kind == ".tsv" else ",")), path)
    elif kind in (".json", ".jsonl", ".ndjson"):
        found = _of_rows(_objects(text, path), path)
    else:
        found = re.split(r"\n\s*\n", text.replace("\r\n", "\n"))
    return own_posts(found)


def own_posts(texts: Sequence[str]) -> list[str]:
    """Return those texts that somebody said himself and to everybody, each once, the last few thousand of them."""
    cleaned = (plain(" ".join(text[:LONGEST].split(" "))).strip() for text in texts)
    kept = [one for one in cleaned if one and not _REPOST.match(one) and not _REPLY.match(one)]
    return list(dict.fromkeys(kept))[-MOST:]


def likeness_of(posts: Sequence[str], *, name: str, who: str) -> Character:
    """Return somebody who writes as these posts do: bounds that nine in ten of them keep, the most different of them as
    examples, the topics that recur.

    :raises ConfigurationError: there are too few
    """
    if len(posts) < FEWEST:
        raise ConfigurationError(
            f"fewer than {FEWEST} posts tell nothing of how somebody writes. Found: {len(posts)} (answers to others, "
            "reposts and repetitions are left out)"
        )
    lengths = sorted(map(len, posts))
    bounds = {
        "length": Range(least=max(1, _part(lengths, 0.05) // 2), most=_rounded(_part(lengths, 0.95))),
        "emoji": _usual([count_emoji(post) for post in posts]),
        "hashtags": _usual([count_hashtags(post) for post in posts]),
        "links": _usual([count_links(post) for post in posts]),
    }
    return Character(
        name=name,
        who=who,
        voice=_voice(posts),
        topics=_topics(posts),
        posts=_diverse([post for post in posts if len(post) in bounds["length"]], EXAMPLES),
        languages=_languages(posts),
        bounds=bounds,
    )


def _rows(text: str, path: Path, delimiter: str) -> Iterator[Mapping[str, Any]]:
    try:
        yield from csv.DictReader(io.StringIO(text), delimiter=delimiter)
    except csv.Error as error:
        raise ConfigurationError(f"{path} is no table: {error}") from error


def _objects(text: str, path: Path) -> list[object]:
    try:
        try:
            found: object = json.loads(text)
        except json.JSONDecodeError:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is no JSON: {error}") from error
    return list(cast("list[object]", found)) if isinstance(found, list) else [found]


def _of_rows(rows: Sequence[object], path: Path) -> list[str]:
    texts = [row for row in rows if isinstance(row, str)]
    if len(texts) == len(rows):
        return texts
    objects = [cast("Mapping[str, Any]", row) for row in rows if isinstance(row, Mapping)]
    keys = {str(key).strip().casefold(): key for row in objects for key in row}
    column = next((keys[name] for name in _TEXTS if name in keys), None)
    if column is None:
        columns = ", ".join(map(str, keys.values())) or "none"
        raise ConfigurationError(f"{path} has no column `text` with the posts. Its columns: {columns[:200]}")
    of = next((keys[name] for name in _AUTHORS if name in keys), None)
    authors = {str(row.get(of)).strip() for row in objects if of is not None and row.get(of)}
    if len(authors) > 1:
        some = ", ".join(sorted(plain(author, one_line=True)[:30] for author in authors)[:5])
        raise ConfigurationError(f"{path} has posts of several people ({some}): leave only your own in it")
    return [text for row in objects if isinstance(text := row.get(column), str)]


def _part(ordered: Sequence[int], part: float) -> int:
    """Return the value below which that part of the values lies."""
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def _rounded(length: int) -> int:
    return max(20, -(-length // 10) * 10)


def _usual(counts: Sequence[int]) -> Range:
    """Return the range that nineteen in twenty keep; at least one only where all but a few have one."""
    ordered = sorted(counts)
    return Range(least=1 if _part(ordered, 0.05) >= 1 else 0, most=_part(ordered, 0.95))


def _voice(posts: Sequence[str]) -> str:
    """Return what can be counted of how somebody sounds, in words for a prompt."""
    texts = [_MARKUP.sub(" ", post) for post in posts]
    lengths = [len(_WORD.findall(part)) for text in texts for part in _SENTENCE.split(text)]
    sentences = [length for length in lengths if length]
    words = Counter(word.casefold() for text in texts for word in _WORD.findall(text))

    def share(pattern: str) -> float:
        return sum(re.search(pattern, text) is not None for text in texts) / len(texts)

    usual = sum(sentences) / len(sentences) if sentences else 0.0
    traits = ["short sentences" if usual <= 9 else "long sentences" if usual >= 20 else "sentences of middling length"]
    if share(r"!") <= 0.02:
        traits.append("never an exclamation mark")
    elif share(r"!") >= 0.4:
        traits.append("often an exclamation mark")
    if share(r"\?") >= 0.3:
        traits.append("often asks its readers something")
    if sum(text.strip()[:1].islower() for text in texts) >= 0.7 * len(texts):
        traits.append("begins in lower case")
    if words["we"] + words["our"] > 2 * (words["i"] + words["my"]):
        traits.append("says we, not I")
    elif words["i"] + words["my"] > 2 * (words["we"] + words["our"]):
        traits.append("says I")
    return "; ".join(traits)


def _languages(posts: Sequence[str]) -> tuple[str, ...]:
    """Return the languages of the posts, the most frequent first; none where they cannot be told."""
    found: Counter[str] = Counter()
    for post in posts:
        by_tongue = words_of_tongues(_MARKUP.sub(" ", post))
        likeliest, second = sorted(by_tongue, key=lambda tag: -by_tongue[tag])[:2]
        if by_tongue[likeliest] > by_tongue[second]:
            found[likeliest] += 1
    least = max(2, COMMON * len(posts))
    return tuple(tag for tag, count in found.most_common() if count >= least)


def _topics(posts: Sequence[str]) -> tuple[str, ...]:
    """Return what recurs: hashtags, else the words that stand in most posts and in no list of small ones."""
    small = {word for words in TONGUES.values() for word in words}
    tags = Counter(tag.casefold() for post in posts for tag in set(_TOPIC.findall(post)))
    words = Counter(
        word.casefold()
        for post in posts
        for word in {word.casefold() for word in _WORD.findall(_MARKUP.sub(" ", post))}
        if len(word) >= 4 and word not in small
    )
    least = max(3, len(posts) // 50)
    ranked = [tag for tag, count in tags.most_common() if count >= least]
    ranked += [word for word, count in words.most_common() if least <= count < 0.7 * len(posts) and word not in ranked]
    return tuple(ranked[:TOPICS])


def _diverse(posts: Sequence[str], many: int) -> tuple[str, ...]:
    """Return the posts that have least in common: each next one is the furthest from those that were picked."""
    pool = list(posts[-300:])
    if not pool:
        return ()
    middle = sorted(map(len, pool))[len(pool) // 2]
    picked = [min(pool, key=lambda post: abs(len(post) - middle))]
    nearest = {post: 0.0 for post in pool}
    while len(picked) < min(many, len(pool)):
        for post in pool:
            nearest[post] = max(nearest[post], difflib.SequenceMatcher(None, post, picked[-1]).quick_ratio())
        picked.append(min((post for post in pool if post not in picked), key=lambda post: nearest[post]))
    return tuple(picked)
