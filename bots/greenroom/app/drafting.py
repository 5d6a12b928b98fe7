"""Drafts of posts before their time: written by request, and put where the posts to come are."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from greenroom.clock import from_micros
from greenroom.generation import BudgetSpent, EngineUnavailable, GenerationError
from greenroom.scheduling.scheduler import Scheduler
from greenroom.storage import AgendaItem, Ledger
from greenroom.turns import AccountDesk
from greenroom.turns.form import Misfit
from greenroom_adapters.contract import ConfigurationError

__all__ = ["Drafting"]


class Drafting:
    """Writes ahead what the bot file has an engine write. `desks` and `scheduler` are those of the running bot: no
    other can."""

    def __init__(self, ledger: Ledger, *, desks: Mapping[str, AccountDesk], scheduler: Scheduler | None) -> None:
        self._ledger = ledger
        self._desks = desks
        self._scheduler = scheduler

    async def draft(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """`until` (microseconds): write every post up to then that has no words yet. Each is put down when it has them,
        so what was written before a crash is not paid again. What could not be written is left, with why."""
        if self._scheduler is None:
            raise ConfigurationError(
                "only a running bot can write drafts: start it with `greenroom run`, then say it again"
            )
        items: list[int] = []
        left: list[Mapping[str, Any]] = []
        for item, turn in await self._scheduler.to_write(from_micros(int(arguments["until"]))):
            desk = self._desks[item.account]
            try:
                if not desk.is_connected:
                    raise EngineUnavailable(f"{item.account} is not signed in, so what fits there is not known")
                draft = await desk.write_ahead(turn)
            except (GenerationError, Misfit) as error:
                left.append({"post": item.event.id, "account": item.account, "why": str(error)})
                if isinstance(error, BudgetSpent):
                    break
                continue
            if len(draft.parts) != 1 or draft.media:
                why = "it becomes more than one post: it is written at its time"
                left.append({"post": item.event.id, "account": item.account, "why": why})
                continue
            event = replace(item.event, say=draft.parts[0], written=draft.model or draft.engine, trust=draft.trust)
            put = AgendaItem(id=0, due=item.due, late=item.late, account=item.account, event=event)
            self._scheduler.has_drafts = True
            # one at a time: several of one post would be taken for the same command given twice
            items += await self._ledger.add_agenda([put])
        self._scheduler.wake()
        return {"done": "drafted", "items": items, "left": left}
