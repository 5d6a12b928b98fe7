"""What a bot does with each of its accounts, as its file says."""

from greenroom.settings.answering import Do
from greenroom.settings.bot import BotFile
from greenroom.settings.origin import Origin
from greenroom.settings.rooms import RoomMode
from greenroom.settings.spelling import Place
from greenroom_adapters.contract import Kind, Wanted

__all__ = ["rooms_of", "wanted_of"]


def wanted_of(file: BotFile, account: str) -> Wanted:
    """Return what the rules and posts of the file want of one account."""
    rules = [rule for rule in file.answer if not rule.places or account in {place.account for place in rule.places}]
    posts = [entry for entry in file.post if not entry.places or account in {place.account for place in entry.places}]
    kinds = {kind for rule in rules for kind in rule.to}
    is_open = (room for room in file.rooms.values() if room.mode is RoomMode.OPEN)
    if any(place.account == account for room in is_open for place in room.is_):
        # it joins in upon what nobody wrote to it
        kinds.add(Kind.MESSAGE)
    return Wanted(
        kinds=frozenset(kinds),
        posts=bool(posts),
        attaches=any(entry.picture is not None or _may_attach(entry.origin) for entry in posts)
        or any(rule.filters or rule.pictures for rule in rules),
        reacts=any({Do.LIKE, Do.REACT} & set(rule.do) for rule in rules),
        embeds=any(entry.embed is not None for entry in posts) or any(rule.embed is not None for rule in rules),
        rooms=frozenset(
            place.room
            for entry in posts
            for place in entry.places
            if place.account == account and place.room is not None
        ),
    )


def rooms_of(file: BotFile, account: str, *, ignored: bool = False) -> tuple[str, ...]:
    """Return the rooms of one account in which the file wants the bot, as it writes them; with `ignored` those as well
    in which it does not."""
    modes = () if ignored else (RoomMode.IGNORE,)
    avoided = {place for room in file.rooms.values() if room.mode in modes for place in room.is_}
    named = [
        *(place for room in file.rooms.values() for place in room.is_),
        *(place for rule in file.answer for place in rule.places),
        *(place for entry in file.post for place in entry.places),
        *((file.tell,) if isinstance(file.tell, Place) else ()),
    ]
    return tuple(
        dict.fromkeys(
            place.room
            for place in named
            if place.account == account and place.room is not None and place not in avoided
        )
    )


def _may_attach(origin: Origin | None) -> bool:
    """Say whether what comes from there may have pictures."""
    return origin is not None and origin.feed is None
