"""How an account stands: what its adapter says of it, looked up here or by the running bot that is signed in."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from greenroom.app.outlay import outlay_of
from greenroom.delivery import can_do
from greenroom.generation import FixedWords
from greenroom.origins import read_calendar, read_drafts
from greenroom.settings import AnswerRule, BotFile, Mistakes, Paints, Place, PostEntry, wanted_of
from greenroom.settings.loader import body_of
from greenroom.turns.form import PLAIN, Form, Misfit, form_of, form_with_embed
from greenroom_adapters.contract import (
    Adapter,
    Author,
    Capabilities,
    Kind,
    SupportsDeclaration,
    SupportsFetching,
    SupportsPresence,
    SupportsWanted,
    Surface,
)
from greenroom_adapters.text import excess

__all__ = ["Standing", "standing_of"]

A_DAY = timedelta(days=1)
SURFACES = {Kind.DIRECT_MESSAGE: Surface.DIRECT_MESSAGE, Kind.MESSAGE: Surface.CHAT, Kind.JOIN: Surface.CHAT}
"""Where an answer to these kinds of events stands; one to any other is a reply."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What signing an account in showed."""

    handle: str
    may: tuple[str, ...]
    """What it may do, in words for its owner."""
    warnings: tuple[str, ...]
    """What will not work as the file has it, each with its mend."""
    is_bot: bool | None
    """Its platform marks it as a bot; None: the platform has no mark that a program could set."""
    costs: tuple[str, ...] = ()
    """What a day on it costs, in words; empty: its platform charges nothing."""


async def standing_of(adapter: Adapter, file: BotFile, account: str, *, now: datetime) -> Standing:
    """Ask the platform how an account of this file stands; `adapter` is entered. Changes nothing there.

    :raises AdapterError: it cannot be asked now
    """
    if isinstance(adapter, SupportsWanted):
        adapter.want(wanted_of(file, account))
    found = await adapter.check()
    capabilities = adapter.capabilities
    outlay = outlay_of(adapter, file, account, now=now)
    speaks_to_all = Surface.POST in capabilities.surfaces
    return Standing(
        handle=found.me.handle,
        may=found.may,
        warnings=(
            *found.warnings,
            *(() if speaks_to_all else _homeless(file, account)),
            *(() if capabilities.kinds else _deaf(file, account)),
            *(() if Surface.CHAT in capabilities.surfaces else _roomless(file, account)),
            *_misfits(file, account, capabilities),
            *_wordy(file, account, capabilities),
            *await asyncio.to_thread(lambda: tuple(_overlong(file, account, capabilities))),
            *_unfiltered(file, account, adapter),
            *_undone(file, account, adapter),
            *outlay.warnings,
            *_kept(adapter, file),
        ),
        costs=outlay.costs,
        is_bot=found.me.is_bot if isinstance(adapter, SupportsDeclaration) else None,
    )


def _misfits(file: BotFile, account: str, capabilities: Capabilities) -> Iterator[str]:
    """Yield what of the file's posts the account cannot show as it is wanted, and what becomes of it."""
    for entry in file.post:
        if _is_plain(entry):
            continue
        here = [place for place in entry.places if place.account == account]
        if entry.places and not here:
            continue
        try:
            form = form_of(
                capabilities,
                visibility=entry.visibility,
                warning=entry.warning,
                poll=None if entry.poll is None else entry.poll.poll,
                embed=None if entry.embed is None else entry.embed.embed,
                has_media=entry.picture is not None,
                is_public=not here or any(place.room is None for place in here),
            )
        except Misfit as misfit:
            yield f"post `{entry.name}` will not go out: {misfit}"
            continue
        yield from (f"post `{entry.name}`: {change}" for change in form.changes)
        if entry.say is not None and (over := excess(entry.say, form.room_for_words(capabilities.limits.text))):
            yield f"post `{entry.name}` will not go out: with what goes with it, it is {over} too long"
    for rule in file.answer:
        if rule.places and all(place.account != account for place in rule.places):
            continue
        try:
            form = PLAIN if rule.embed is None else form_with_embed(rule.embed.embed, capabilities)
            over = _excess_of(rule, form, capabilities, bot=file.bot)
        except Misfit as misfit:
            yield f"{rule.name} answers nobody there: {misfit}"
            continue
        yield from (f"{rule.name}: {change}" for change in form.changes)
        if over:
            yield f"{rule.name} does not answer there: its `say` is {over:,} too long"


def _excess_of(rule: AnswerRule, form: Form, capabilities: Capabilities, *, bot: str) -> int:
    """Return by how much the fixed words of a rule are too long where it answers, said to somebody of a short name.

    :raises Misfit: what goes with them leaves no room for words
    """
    if rule.say is None:
        return 0
    words = FixedWords(rule.say, rule=rule.name).render(Author(id="1", handle="x"), bot=bot)
    surfaces = {SURFACES.get(kind, Surface.REPLY) for kind in rule.to}
    return max(excess(words, form.room_for_words(capabilities.limits.text_on(surface))) for surface in surfaces)


def _is_plain(entry: PostEntry) -> bool:
    """Say whether a post is words, and perhaps a picture, for everybody."""
    return entry.visibility is None and entry.warning is None and entry.poll is None and entry.embed is None


def _wordy(file: BotFile, account: str, capabilities: Capabilities) -> Iterator[str]:
    """Yield which descriptions of pictures are longer than the account takes."""
    limit = capabilities.limits.media
    for entry in file.post if limit is not None else ():
        is_here = not entry.places or any(place.account == account for place in entry.places)
        alt = None if entry.picture is None else entry.picture.alt
        if is_here and limit is not None and alt is not None and len(alt) > limit.alt_length:
            yield f"post `{entry.name}` will not go out: its `alt` has {len(alt)} characters of {limit.alt_length}"


def _overlong(file: BotFile, account: str, capabilities: Capabilities) -> Iterator[str]:
    """Yield which fixed words, rows of calendars and drafts are too long for the account. Reads files."""
    for entry in file.post:
        if entry.places and not any(place.account == account for place in entry.places):
            continue
        origin = entry.origin
        if origin is None:
            # with something beside them the words have less room, which is told where that is looked at
            if entry.say is not None and _is_plain(entry) and (over := excess(entry.say, capabilities.limits.text)):
                yield f"post `{entry.name}` will not go out: it is {over:,} too long"
            continue
        try:
            if origin.calendar is not None:
                items = read_calendar(origin.calendar, body_of(origin.calendar), file=file)
            elif origin.folder is not None:
                items = read_drafts(origin.folder, timezone=file.timezone).items
            else:
                continue
        except Mistakes:
            # told elsewhere, with each place
            continue
        for item in items:
            is_here = not item.places or any(place.account == account for place in item.places)
            if is_here and (over := excess(item.text, capabilities.limits.text)):
                yield f"post `{entry.name}`: {item.text[:30]!r} will not go out: it is {over} too long"


def _kept(adapter: Adapter, file: BotFile) -> Iterator[str]:
    """Yield that words of deleted posts stay, where that is not as the platform wants it."""
    if isinstance(adapter, SupportsPresence) and adapter.price_of_look() is None and file.keep > A_DAY:
        yield (
            f"what people delete there is kept for up to {file.keep.days} days: its platform wants it forgotten, and "
            "does not tell of all deletions. Write `keep: 1 day`, or let the account look for them (its page says how)"
        )


def _unfiltered(file: BotFile, account: str, adapter: Adapter) -> Iterator[str]:
    """Yield which rules offer what this account cannot do: get at pictures of people, or send some."""
    sends = adapter.capabilities.limits.media is not None
    fetches = sends and isinstance(adapter, SupportsFetching)
    for rule in file.answer:
        if rule.places and not any(place.account == account for place in rule.places):
            continue
        if rule.filters and not fetches:
            yield f"`filters` of {rule.name} is of no use there: what people attach cannot be fetched or sent back"
        if Paints.EDIT in rule.pictures and not fetches:
            yield f"`pictures: edit` of {rule.name} is of no use there: what people attach cannot be got at or sent"
        if Paints.DRAW in rule.pictures and not sends:
            yield f"`pictures: draw` of {rule.name} is of no use there: no pictures can be sent"


def _roomless(file: BotFile, account: str) -> Iterator[str]:
    """Yield what of the file would be said in rooms of an account that says nothing in rooms."""
    for entry in file.post:
        if any(place.account == account and place.room is not None for place in entry.places):
            yield f"post `{entry.name}` will not go out: there are no rooms to post in. Leave the room out of its `in`"
    for rule in file.answer:
        if not rule.tell and any(place.account == account and place.room is not None for place in rule.places):
            yield (
                f"{rule.name} answers nobody there: the account reads in rooms, and says nothing in them. Leave the "
                "room out of its `in`, or write `tell: true` to hear of it yourself"
            )


def _undone(file: BotFile, account: str, adapter: Adapter) -> Iterator[str]:
    """Yield which rules want something done that this account cannot do."""
    for rule in file.answer:
        if rule.places and not any(place.account == account for place in rule.places):
            continue
        for act in rule.acts:
            if not can_do(adapter, act.value):
                yield f"{rule.name} cannot `{act}` there: its platform has no such thing for bots, and it is left out"


def _deaf(file: BotFile, account: str) -> Iterator[str]:
    """Yield what of the file waits for something that is said, on an account that hears nothing."""
    for rule in file.answer:
        if not rule.places or any(place.account == account for place in rule.places):
            yield f"{rule.name} answers nobody there: the account only posts, and hears nothing. Leave it out of `in`"


def _homeless(file: BotFile, account: str) -> list[str]:
    """Return why the file's posts cannot go out on an account that has no timeline of its own, with the mend."""
    names = [f"`{entry.name}`" for entry in file.post if not entry.places or Place(account=account) in entry.places]
    if not names:
        return []
    return [
        f"has no place for {' and '.join(names)}, which would be posted there: give the account a `home` "
        f"(a room it is in), or name a room in the post, `in: {account}/...`"
    ]
