"""The first word to the owner, said before the bot runs, so that he knows that `tell` reaches him."""

import asyncio
import random

from greenroom.app.telling import HELLO, hello_turn, nobody_is, person_id
from greenroom.clock import Clock
from greenroom.delivery import Dispatcher, Means, Payments, recalled
from greenroom.policy import ALLOW, EVERY_ACCOUNT, SWITCH, Budget
from greenroom.settings import Person, Place
from greenroom.storage import Draft, Ledger, Part, State, Turn
from greenroom.turns.intent import key_of
from greenroom_adapters.contract import Adapter, Post, Trust

__all__ = ["hello_from_here"]

PATIENCE = 20.0
"""Seconds in which it must have gone out; later the running bot sees it through."""


async def hello_from_here(
    ledger: Ledger, adapter: Adapter, to: Person | Place, *, bot: str, clock: Clock, budget: Budget
) -> str:
    """Say hello where the owner will hear, unless that was done before, or nothing may go out there; return what became
    of it, in words.

    `ledger` is open for writing, `adapter` is entered, and what it costs comes out of `budget`. Goes through delivery
    as everything does, under a key, so what is interrupted is neither lost nor said twice.

    :raises AdapterError: the platform cannot be asked now
    """
    paused = await ledger.paused()
    if (why := paused.get(SWITCH)) is not None:
        return f"not tried, everything is stopped: {why}"
    if (why := paused.get(to.account) or paused.get(EVERY_ACCOUNT)) is not None:
        return f"not tried, {to.account} is paused: {why}"
    person: str | None = None
    if isinstance(to, Person) and (person := await person_id(ledger, adapter, to)) is None:
        return nobody_is(adapter, to)
    turn = hello_turn(to, ledger=ledger.id, person=person, now=clock.micros())
    if await ledger.seq_of_event(turn.account, turn.event_id) is not None:
        return "tried before"
    post = Post(text=HELLO, room=to.room if isinstance(to, Place) else None, direct_to=person)
    turn.draft = Draft(parts=(HELLO,), engine="say", trust=Trust.OWNER)
    turn.outbox = [Part(key=key_of(bot, turn.account, turn.event_id, 0), post=post)]
    ledger.receive(turn)
    _intend(turn)
    ledger.save(turn)
    await ledger.committed()
    means = Means(
        account=turn.account,
        adapter=adapter,
        ledger=ledger,
        pacer=await recalled(ledger, turn.account, clock=clock),
        clock=clock,
        chance=random.Random(),  # noqa: S311 - jitter
        payments=Payments(adapter, account=turn.account, budget=budget, clock=clock),
    )
    # a person has just asked for it
    dispatcher = Dispatcher(means, may_send=lambda turn: ALLOW)
    try:
        async with asyncio.timeout(PATIENCE):
            await dispatcher.deliver(turn)
    except TimeoutError:
        return "not yet gone out: the running bot sees it through"
    finally:
        await ledger.committed()
    return "said" if turn.state is State.SENT else f"not said: {turn.reason}"


def _intend(turn: Turn) -> None:
    turn.state = State.INTENDED
