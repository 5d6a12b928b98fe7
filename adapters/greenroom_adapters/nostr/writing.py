"""What the bot says, as the content and the tags of an event. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from greenroom_adapters.contract import Post
from greenroom_adapters.nostr.reading import KEY
from greenroom_adapters.nostr.references import Pointer, is_hex, nevent, npub
from greenroom_adapters.nostr.wire import Tags, WireEvent
from greenroom_adapters.text import as_one_word

__all__ = ["Attached", "compose", "context_of", "longest", "names_for"]

MENTION = re.compile(r"(?<![\w/.=&?:@-])(?:@|nostr:)?(npub1[qpzry9x8gf2tvdw0s3jn54khce6mua7l]{58})(?!\w)")
HASHTAG = re.compile(r"(?<![\w/&#])#(\w{1,100})")
LANGUAGE = re.compile(r"([a-z]{2})(?:-|$)", re.IGNORECASE)
HASHTAGS = 30
LINK_LENGTH = 200
"""Characters that are kept free for the link of one file, whose address is not known yet."""


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """A file on a media server."""

    url: str
    alt: str
    media_type: str
    sha256: str
    size: int
    width: int | None = None
    height: int | None = None

    def tag(self) -> tuple[str, ...]:
        """Return what the event says about it (NIP-92)."""
        said = [f"url {self.url}", f"m {self.media_type}", f"x {self.sha256}", f"size {self.size}"]
        if self.width is not None and self.height is not None:
            said.append(f"dim {self.width}x{self.height}")
        return ("imeta", *said, f"alt {self.alt}")


def compose(
    post: Post, *, key: str, context: Tags, names: Mapping[str, str], attached: Sequence[Attached] = ()
) -> tuple[str, Tags]:
    """Return content and tags of a note.

    `key` is the digest of the idempotency key; `context` what it answers and quotes, by `context_of`; `names` whom an
    `@name` in the text means, by `names_for`.
    """
    text, people = _named(_clean(post.text), names)
    parts = [text, *(file.url for file in attached)]
    quoted = [tag for tag in context if len(tag) == 4 and tag[0] == "q"]
    parts += [f"nostr:{nevent(event, author=author, relay=relay)}" for _, event, relay, author in quoted]
    tags: list[tuple[str, ...]] = list(context)
    there = {tag[1] for tag in tags if tag[0] == "p"}
    tags += [("p", person) for person in people if person not in there]
    tags += [("t", word) for word in _hashtags(post.text)]
    if post.content_warning is not None:
        tags.append(("content-warning", post.content_warning))
    tags += _language(post.language)
    tags += [file.tag() for file in attached]
    tags.append((KEY, key))
    return "\n\n".join(part for part in parts if part), tuple(tags)


def longest(post: Post, content: str) -> int:
    """Return how long a note will be at most, in characters, with the links of its files."""
    return len(content) + len(post.media) * LINK_LENGTH


def context_of(answering: Iterable[tuple[str, ...]], quoted: WireEvent | None, *, relay: str, me: str) -> Tags:
    """Return the tags of what a note answers, by `threads.answering`, and of what it quotes (NIP-18)."""
    tags = list(answering)
    if quoted is not None:
        tags.append(("q", quoted.id, relay, quoted.pubkey))
        if quoted.pubkey != me and ("p", quoted.pubkey) not in tags:
            tags.append(("p", quoted.pubkey))
    return tuple(tags)


def names_for(text: str, people: Mapping[str, str]) -> dict[str, str]:
    """Return whom the `@name`s in a text mean: name → public key. `people` are those who talk here, public key → name,
    which may stand in the text as one word; a name that two of them have means nobody."""
    found: dict[str, str] = {}
    shared: set[str] = set()
    for person, called in people.items():
        if not NAMELIKE.fullmatch(called):
            continue
        for name in {called, as_one_word(called)}:
            if name in found:
                shared.add(name)
            elif _mentions(name).search(text):
                found[name] = person
    return {name: person for name, person in found.items() if name not in shared}


NAMELIKE = re.compile(r"\w[\w .'-]{0,60}")


def _mentions(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w@/])@{re.escape(name)}(?!\w)")


def _named(text: str, names: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return the text with everybody who is named as a reference that clients show (NIP-27), and who they are."""
    people: dict[str, None] = {}

    def by_key(match: re.Match[str]) -> str:
        try:
            person = Pointer.read(match[1]).id
        except ValueError:
            return match[0]
        people[person] = None
        return f"nostr:{match[1]}"

    text = MENTION.sub(by_key, text)
    for name, person in sorted(names.items(), key=lambda one: -len(one[0])):
        if is_hex(person):
            written, count = _mentions(name).subn(f"nostr:{npub(person)}", text)
            if count:
                text = written
                people[person] = None
    return text, list(people)


def _clean(text: str) -> str:
    """Return the text without control characters: how they are written into an event is not agreed upon, and its id
    depends on it."""
    if text.isprintable():
        return text
    return "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter) != "Cc")


def _hashtags(text: str) -> list[str]:
    words = (word.lower() for word in HASHTAG.findall(text) if not word.isdigit())
    return list(dict.fromkeys(words))[:HASHTAGS]


def _language(language: str | None) -> list[tuple[str, ...]]:
    """Return the label of a language (NIP-32); none for one without a code of two letters."""
    found = LANGUAGE.match(language or "")
    return [("L", "ISO-639-1"), ("l", found[1].lower(), "ISO-639-1")] if found else []
