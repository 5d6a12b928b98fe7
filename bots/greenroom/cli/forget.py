"""`greenroom forget`: the owner has one person forgotten, who asked for it by other ways than the bot's."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from greenroom.cli.choosing import BotOption, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, Yes, say, write_json

if TYPE_CHECKING:
    from greenroom.settings import BotFile
    from greenroom.storage import Ledger, Published

__all__ = ["forget"]

MOST_LINKS = 20
PATIENCE = 60.0
"""Seconds in which a running bot must have looked through all that it keeps."""


@dataclass(slots=True, kw_only=True)
class _Known:
    """What the ledger keeps of one person on one platform, or one server of it."""

    platform: str
    person: str
    handle: str
    turns: int = 0
    waiting: int = 0
    has_stopped: bool = False
    posts: "tuple[Published, ...]" = ()

    @property
    def name(self) -> str:
        return f"@{self.handle}" if self.handle else self.person


@for_owners
def forget(
    person: Annotated[
        str, typer.Argument(metavar="PERSON", help="His handle, like @maria, or his id.", show_default=False)
    ],
    account: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The account that knows him, where several do or might.", show_default=False),
    ] = None,
    yes: Yes = False,
    bot: BotOption = None,
    as_json: AsJson = False,
) -> None:
    """Forget one person: his texts, names and drafts.

    Does what /forget-me does, on all accounts of his platform, while the bot runs or not. Says first what would be
    emptied, then asks. Nothing is answered twice afterwards, and a stop stays one. What the bot has posted stays on the
    platform: the links are told, for they are known by nobody afterwards.

    Example: greenroom forget @maria --account home
    """
    from greenroom.cli.asking import ask
    from greenroom.cli.confirming import confirm

    file = choose(bot).in_force()
    known = asyncio.run(_known(file, person, account))
    confirm("Forget all of that?", tell=lambda: _tell(known), yes=yes, as_json=as_json)
    arguments = {"platform": known.platform, "person": known.person}
    answer = asyncio.run(ask(file, "forget", arguments, patience=PATIENCE))
    if as_json:
        posts = [{"account": one.account, "post": one.post_id, "url": one.url} for one in known.posts]
        write_json({"platform": known.platform, "emptied": answer["turns"], "posts": posts})
        return
    say(f"Forgotten: {_turns(int(answer['turns']))} emptied.")
    if known.turns > answer["turns"]:
        say("What the bot works on at the moment is emptied when it is at rest.")


async def _known(file: "BotFile", person: str, account: str | None) -> _Known:
    """Return what is kept of the one person who is meant.

    :raises ConfigurationError: there is none, or more than one
    """
    from greenroom.app.accounts import must_be_an_account
    from greenroom.cli.asking import reading
    from greenroom.storage import accounts_in, realms_of
    from greenroom_adapters.contract import ConfigurationError

    before, slash, after = person.partition("/")
    if slash and account is None and before in file.accounts:
        account, person = before, after
    if account is not None:
        must_be_an_account(file, account)
    async with reading(file) as ledger:
        realms = await realms_of(ledger, {name: one.platform for name, one in file.accounts.items()})
        meant = [realms[account]] if account else sorted(set(realms.values()))
        found = [one for realm in meant for one in await _on(realm, person, accounts_in(realms, realm), ledger)]
        # whoever is called by what is another one's id is not meant
        found = [one for one in found if one.person == person] or found
        if not found:
            raise ConfigurationError(f"the ledger keeps nothing of anybody called `{person}`")
        if len(found) > 1:
            several = ", ".join(f"{one.name} on {one.platform} with the id {one.person}" for one in found)
            raise ConfigurationError(
                f"`{person}` may be {several}: write the id, and --account where that is not enough"
            )
        (known,) = found
        known.posts = tuple(await ledger.said_to(known.person, accounts=accounts_in(realms, known.platform)))
    return known


async def _on(platform: str, person: str, accounts: list[str], ledger: "Ledger") -> list[_Known]:
    """Return who of a platform is called so, by his id or by his handle."""
    handle = person.removeprefix("@")
    found: dict[str, _Known] = {}
    for one in await ledger.people_called(person, handle, accounts=accounts):
        found[one.person] = _Known(
            platform=platform, person=one.person, handle=one.handle, turns=one.turns, waiting=one.waiting
        )
    for stopped in await ledger.stopped():
        if stopped.platform != platform:
            continue
        if stopped.person in found:
            found[stopped.person].has_stopped = True
        elif (stopped.handle and handle.casefold() == stopped.handle.casefold()) or person == stopped.person:
            found[stopped.person] = _Known(
                platform=platform, person=stopped.person, handle=stopped.handle, has_stopped=True
            )
    return list(found.values())


def _tell(known: _Known) -> None:
    say(f"Of {known.name} on {known.platform} the bot would forget:")
    say(f"  {_turns(known.turns)}: what he wrote or was told, his names, and the drafts for him")
    if known.waiting:
        say(f"  {known.waiting:,} of them {'waits' if known.waiting == 1 else 'wait'} for you, and would be over")
    if known.has_stopped:
        say("  his name among those who said stop; he is still left alone")
    if known.posts:
        posts = "1 post that was" if len(known.posts) == 1 else f"{len(known.posts):,} posts that were"
        say(f"It would not delete {posts} said to him and may quote him:")
    for one in known.posts[:MOST_LINKS]:
        say(f"  {one.url or f'{one.post_id} on {one.account}'}")
    if len(known.posts) > MOST_LINKS:
        say(f"  and {len(known.posts) - MOST_LINKS:,} more (--json lists all)")


def _turns(number: int) -> str:
    return "1 turn" if number == 1 else f"{number:,} turns"
