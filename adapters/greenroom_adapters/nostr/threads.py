"""Where an event stands in its thread (NIP-10), and what it quotes and names."""

from dataclasses import dataclass

from greenroom_adapters.nostr.references import is_hex
from greenroom_adapters.nostr.wire import WireEvent

__all__ = ["Place", "answering", "place_of", "quoted_by", "target_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The event that began a thread, and the one that is answered."""

    root: str | None
    parent: str | None


def place_of(event: WireEvent) -> Place:
    """Return the place of a note; of one that answers nothing, nothing."""
    tags = [tag for tag in event.tags if len(tag) > 1 and tag[0] == "e" and is_hex(tag[1])]
    marked = {tag[3]: tag[1] for tag in reversed(tags) if len(tag) > 3 and tag[3] in ("root", "reply")}
    if marked:
        root = marked.get("root")
        return Place(root=root or marked.get("reply"), parent=marked.get("reply") or root)
    # Older clients mark nothing: then the order tells (NIP-10, "Deprecated Positional e tags").
    plain = [tag[1] for tag in tags if len(tag) < 4 or not tag[3]]
    if not plain:
        return Place(root=None, parent=None)
    return Place(root=plain[0], parent=plain[-1])


def target_of(event: WireEvent) -> str | None:
    """Return the event that a reaction or a repost is for: the last that it names (NIP-25)."""
    named = [value for value in event.values("e") if is_hex(value)]
    return named[-1] if named else None


QUOTES = 10
"""Events that one note is believed to quote, at most: each of them must be asked for."""


def quoted_by(event: WireEvent) -> tuple[str, ...]:
    """Return the events that a note quotes (NIP-18), the first of them."""
    named = dict.fromkeys(value for value in event.values("q") if is_hex(value))
    return tuple(named)[:QUOTES]


def answering(parent: WireEvent, *, me: str, relay: str) -> list[tuple[str, ...]]:
    """Return the tags of an answer: its thread, what it answers, and whom it tells.

    It tells the author of what it answers. Whom else that author has tagged is his choice, and telling them would let
    anybody have the bot write to a crowd of strangers. Where the bot answers itself, as in a post of several parts, it
    tells whom it has told before.
    """
    above = place_of(parent)
    hint = relay
    tags: list[tuple[str, ...]] = []
    if above.root is None or above.root == parent.id:
        tags.append(("e", parent.id, hint, "root", parent.pubkey))
    else:
        tags.append(("e", above.root, hint, "root"))
        tags.append(("e", parent.id, hint, "reply", parent.pubkey))
    people = parent.values("p") if parent.pubkey == me else (parent.pubkey,)
    return [*tags, *(("p", person) for person in dict.fromkeys(people) if person != me and is_hex(person))]
