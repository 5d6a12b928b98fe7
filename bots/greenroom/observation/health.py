"""Whether a bot is well, and if not what a person must do: the same sentences on the command line and over HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from greenroom.policy import SWITCH, why_paused
from greenroom.settings import BotFile
from greenroom.settings.telling import UNHEARD, tell_words
from greenroom.storage import Ledger, State
from greenroom.telemetry import Vitals

__all__ = ["UNOBSERVED", "AccountHealth", "Condition", "condition_of"]

BROKEN = "The files have mistakes, so the version that was valid last is in force: `greenroom check` names them."
SILENT = "The running bot does not answer: it is busy, or it hangs; where that stays, stop it and start it again."
UNOBSERVED = "unobserved"
"""Fact of a running bot: the address that another program has, so that nobody can observe the bot there."""
AWAY = 120_000_000
"""Microseconds without its platform after which an account needs a person; short losses mend themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountHealth:
    """How one account is."""

    name: str
    platform: str
    is_live: bool
    is_connected: bool | None
    """None: nobody knows, because no bot runs or it does not answer."""
    paused: str | None
    """Why nothing goes out on it."""
    away: int = 0
    """Microseconds for which nothing has been heard from its platform; 0: it is listened to, or nobody knows."""
    late: int = 0
    """Posts whose time is over, and that neither went out nor were given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How a bot is."""

    accounts: Sequence[AccountHealth]
    aside: Mapping[State, int]
    """State → how many turns wait for a person in it."""
    needs: Sequence[str]
    """What a person must do, each a sentence with its command; none: all is well."""


async def condition_of(
    file: BotFile,
    ledger: Ledger,
    *,
    now: int,
    vitals: Mapping[str, Vitals] | None,
    is_valid: bool,
    strayed: str | None,
    start: str | None = None,
) -> Condition:
    """Return how a bot is. `now` is in microseconds since 1970; `vitals` are what the running bot says of its
    accounts, None where it does not answer; `start` is the command that starts a bot that does not run; and
    `is_valid`: no file on disk has mistakes. `strayed`: why everything rehearses, None where it does not.

    :raises StorageError: its ledger cannot be read
    """
    paused = await ledger.paused()
    aside = await ledger.aside()
    accounts: list[AccountHealth] = []
    for name, account in file.accounts.items():
        own = (vitals or {}).get(name)
        accounts.append(
            AccountHealth(
                name=name,
                platform=account.platform,
                is_live=account.live,
                is_connected=None if own is None else own.is_connected,
                paused=why_paused(paused, name),
                away=now - own.away_since if own is not None and own.away_since else 0,
                late=0 if own is None else own.late,
            )
        )
    needs = [] if is_valid else [BROKEN]
    if strayed is not None:
        needs.append(f"It rehearses, for {strayed}: `greenroom run {file.bot} --take-over` ends that.")
    if start is not None:
        needs.append(f"It does not run: `{start}` starts it.")
    elif vitals is None:
        needs.append(SILENT)
    if start is None and (taken := (await ledger.facts(UNOBSERVED)).get(UNOBSERVED)):
        needs.append(
            f"Nobody can observe it, for another program has {taken}: end that one, or start the bot with another "
            "`--observe`."
        )
    if (unheard := _unheard(file, await ledger.facts(UNHEARD))) is not None:
        needs.append(unheard)
    if (stopped := paused.get(SWITCH)) is not None:
        needs.append(f"Everything is stopped ({stopped}): `greenroom resume` ends it.")
    else:
        needs += [need for account in accounts if (need := _need_of(account)) is not None]
        needs += _waiting(aside)
    return Condition(accounts=accounts, aside=aside, needs=needs)


def _unheard(file: BotFile, facts: Mapping[str, str]) -> str | None:
    """Return that nobody hears what needs a person, although the file names somebody."""
    to = file.tell
    if to is None or not file.accounts[to.account].live or facts.get(UNHEARD) != tell_words(to):
        return None
    return (
        f"You are not told what needs you: {to.account} knows nobody of the name in `tell: {tell_words(to)}`. It is "
        "asked again every minute; if the name is wrong, mend it in the bot file. `greenroom held` lists what was to "
        "be passed on to you."
    )


def _need_of(account: AccountHealth) -> str | None:
    """Return what an account needs of a person; None: nothing. Of several things the one that is behind the others."""
    name = account.name
    if account.paused is not None:
        return f"Nothing goes out on {name}: `greenroom resume {name}` ends the pause."
    if account.away > AWAY:
        long = _span(account.away)
        return f"Nothing has been heard from {name} for {long}, and it is tried again: `greenroom check` asks why."
    if account.late:
        posts = "1 post" if account.late == 1 else f"{account.late:,} posts"
        return f"{posts} should have gone out on {name} by now: `greenroom log` shows what it does instead."
    return None


def _waiting(aside: Mapping[State, int]) -> list[str]:
    needs: list[str] = []
    if held := aside.get(State.HELD, 0):
        needs.append(f"{held:,} {'draft waits' if held == 1 else 'drafts wait'} for you: `greenroom held` shows them.")
    waiting = {state: aside.get(state, 0) for state in (State.UNKNOWN, State.DEAD)}
    if any(waiting.values()):
        what = ", ".join(f"{count:,} {state.word}" for state, count in waiting.items() if count)
        needs.append(f"Something could not be brought to its end ({what}): `greenroom dead list` says why.")
    return needs


def _span(micros: int) -> str:
    minutes = micros // 60_000_000
    for size, unit in ((1440, "days"), (60, "hours")):
        if minutes >= 2 * size:
            return f"{minutes // size} {unit}"
    return f"{minutes} minutes"
