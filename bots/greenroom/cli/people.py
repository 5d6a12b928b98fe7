"""`greenroom people`: who wants to be left alone, and what is known of somebody."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from greenroom.cli.choosing import BotArgument, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, say, write_json

if TYPE_CHECKING:
    from greenroom.settings import BotFile
    from greenroom.storage import PersonFact, Stopped

__all__ = ["people"]


@for_owners
def people(
    bot: BotArgument = None,
    about: Annotated[
        str | None,
        typer.Option(metavar="PERSON", help="What he said of himself: his handle, or his id.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List who has said stop, or what somebody said of himself.

    Who said stop is left alone, on every account of that platform, until he says start. With --about: what is kept of
    one person, who could read it when it was said, and by which message it is known. `greenroom forget` takes it away.

    Example: greenroom people config/bots/ada.yaml
    """
    from greenroom.clock import from_micros

    file = choose(bot).in_force()
    if about is not None:
        _tell(file, asyncio.run(_said(file, about)), as_json=as_json)
        return
    stopped = asyncio.run(_stopped(file))
    if as_json:
        write_json(
            [
                {
                    "platform": one.platform,
                    "id": one.person,
                    "handle": one.handle,
                    "since": from_micros(one.at).isoformat(),
                }
                for one in stopped
            ]
        )
        return
    if not stopped:
        say("Nobody has said stop.")
    for one in stopped:
        called = f"@{one.handle}" if one.handle else one.person
        say(f"{called} on {one.platform}, since {from_micros(one.at).astimezone(file.timezone):%Y-%m-%d %H:%M}")


async def _stopped(file: "BotFile") -> "list[Stopped]":
    from greenroom.cli.asking import reading

    async with reading(file) as ledger:
        return await ledger.stopped()


async def _said(file: "BotFile", person: str) -> "list[PersonFact]":
    """Return what is kept of whoever is called so, on every platform.

    :raises ConfigurationError: nobody is
    """
    from greenroom.cli.asking import reading
    from greenroom.storage import accounts_in, realms_of
    from greenroom_adapters.contract import ConfigurationError

    found: list[PersonFact] = []
    is_known = False
    async with reading(file) as ledger:
        realms = await realms_of(ledger, {name: one.platform for name, one in file.accounts.items()})
        for platform in sorted(set(realms.values())):
            accounts = accounts_in(realms, platform)
            kept = await ledger.people_called(person, person.removeprefix("@"), accounts=accounts)
            is_known = is_known or bool(kept)
            for id in dict.fromkeys([*(one.person for one in kept), person]):
                found += await ledger.facts_about(platform, id)
    if not found and not is_known:
        raise ConfigurationError(f"the ledger keeps nothing of anybody called `{person}`")
    return found


def _tell(file: "BotFile", facts: "list[PersonFact]", *, as_json: bool) -> None:
    from greenroom.cli.showing import console
    from greenroom.cli.showing import facts as rows
    from greenroom.clock import from_micros

    if as_json:
        write_json(
            [
                {
                    "platform": one.platform,
                    "id": one.person,
                    "kind": one.kind,
                    "text": one.text,
                    "audience": one.audience,
                    "place": one.place or None,
                    "account": one.account,
                    "event": one.event_id,
                    "said": from_micros(one.said).isoformat(),
                }
                for one in facts
            ]
        )
        return
    if not facts:
        say("Nothing that he said of himself is kept.")
    rows(
        [
            (
                one.kind,
                f"{one.text}  ({one.audience}{f' {one.place}' if one.place else ''}, "
                f"{from_micros(one.said).astimezone(file.timezone):%Y-%m-%d %H:%M}, {one.account} {one.event_id})",
            )
            for one in facts
        ],
        console(),
    )
