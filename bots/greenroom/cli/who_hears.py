"""Who hears what, and who does not: what `greenroom check` says about `tell`, and about rooms that cannot be read."""

import asyncio

from greenroom.app import Bot, hello_from_here
from greenroom.cli.asking import ask, is_there, reading, runs
from greenroom.cli.failing import words_of
from greenroom.clock import SystemClock
from greenroom.policy import Budget
from greenroom.settings import BotFile, Person, Place, Platforms
from greenroom.storage import StorageError
from greenroom_adapters.contract import GreenroomError, SupportsLookup

__all__ = ["tried", "unheard", "unread"]

PATIENCE = 40.0
WORDS = {
    "said": 'wrote there once for real: "This is where I will tell you …". Look whether it came',
    "on its way": 'the running bot writes there now: "This is where I will tell you …". Look whether it comes',
    "tried before": "wrote there at an earlier check",
}


def unheard(file: BotFile) -> list[str]:
    """Return why the owner may not hear of what needs him, each with its mend."""
    passed_on = [rule.name for rule in file.answer if rule.tell]
    if file.tell is None:
        what = f" ({', '.join(passed_on)} passes mentions on to you)" if passed_on else ""
        return [f"nobody is told what needs a person{what}: it is only printed. {_how_to_be_told(file)}"]
    if not file.accounts[file.tell.account].live:
        account = file.tell.account
        return [f"`tell` goes over `{account}`, which rehearses: you hear nothing until `greenroom live {account}`"]
    return []


def _how_to_be_told(file: BotFile) -> str:
    platforms = Platforms.installed()
    adapters = {name: platforms.adapter(account.platform) for name, account in file.accounts.items()}
    able = [name for name, adapter in adapters.items() if issubclass(adapter, SupportsLookup)]
    if not able:
        return "`greenroom status` and `greenroom held` show it"
    name, adapter = able[0], adapters[able[0]]
    mend = f"Write `tell: {name}/{adapter.person_form}` to hear of it at once"
    return f"{mend}. {adapter.person_hint}" if adapter.person_hint else mend


async def unread(file: BotFile) -> list[str]:
    """Return the rooms that the running bot found it cannot read, each with its reason."""
    if not is_there(file):
        return []
    try:
        async with reading(file) as ledger:
            return [f"the bot {words}" for words in (await ledger.facts("unreadable:")).values()]
    except StorageError:
        # whatever is wrong with it, the commands that need it say so
        return []


async def tried(bot: Bot, to: Person | Place) -> tuple[str, bool]:
    """Write once to whoever is told, through the running bot or from here; return what came of it, in words, and
    whether he may not hear what needs him. That the account rehearses is told elsewhere."""
    file = bot.file
    if not file.accounts[to.account].live:
        return "not tried, its account rehearses", False
    try:
        if runs(file):
            answer = str((await ask(file, "try-tell", {}))["done"])
        else:
            async with asyncio.timeout(PATIENCE), bot.ledger as ledger, await bot.adapter(to.account) as adapter:
                clock = SystemClock()
                budget = Budget(ledger, clock=clock, zone=file.timezone, limit=file.limits.spend.amount.micros)
                answer = await hello_from_here(ledger, adapter, to, bot=file.bot, clock=clock, budget=budget)
    except TimeoutError:
        return f"could not be tried: the platform did not answer within {PATIENCE:.0f} seconds", True
    except GreenroomError as error:
        return f"could not be tried: {words_of(error)}", True
    return WORDS.get(answer, answer), answer not in WORDS
