"""`greenroom explain`: why something would be answered, or was not."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenroom.cli.choosing import BotArgument, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, console, facts, say, write_json

if TYPE_CHECKING:
    from greenroom.personas import Persona
    from greenroom.settings import BotFile
    from greenroom_adapters.contract import Event

__all__ = ["explain"]


@for_owners
def explain(
    bot: BotArgument = None,
    text: Annotated[str | None, typer.Option(metavar="WORDS", help="What somebody writes.", show_default=False)] = None,
    kind: Annotated[
        str,
        typer.Option(metavar="KIND", help="mention, reply, quote, message, direct_message, join, follow, reaction."),
    ] = "mention",
    author: Annotated[str, typer.Option("--from", metavar="HANDLE", help="Who writes it.")] = "somebody",
    place: Annotated[
        str | None,
        typer.Option(
            "--in", metavar="PLACE", help="Account or account/room. Left out: the first account.", show_default=False
        ),
    ] = None,
    turn: Annotated[
        int | None, typer.Option(metavar="TURN", help="Explain this turn of the log instead.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say which rule would answer something, or why none.

    Every rule is told with what fits and what does not. Nothing is sent. The rules alone are asked: limits, approval
    and who has said stop come after them, and `greenroom log` shows what they did.

    Example: greenroom explain ada --text "is the sea calm?" --kind message --in home/lounge
    """
    if (text is None) == (turn is None) and not (text is None and kind in ("join", "follow", "reaction")):
        said = "" if bot is None or Path(bot).suffix else f" What somebody writes goes behind --text: --text {bot!r}"
        raise typer.BadParameter(f"say either --text WORDS or --turn TURN.{said}")
    file, persona = choose(bot).load()
    if turn is not None:
        asyncio.run(_turn(file, persona, turn, as_json=as_json))
        return
    account, event = _event(file, text or "", kind=kind, author=author, place=place)
    _tell(file, persona, event, account, as_json=as_json)


def _event(file: "BotFile", text: str, *, kind: str, author: str, place: str | None) -> "tuple[str, Event]":
    """Return the account and the event that the options describe."""
    from greenroom.cli.places import place_of
    from greenroom.settings.answering import ANSWERABLE
    from greenroom.settings.names import nearest
    from greenroom_adapters import contract

    kinds = {meant.value: meant for meant in ANSWERABLE.values()}
    meant = ANSWERABLE.get(kind) or kinds.get(kind)
    if meant is None:
        near = nearest(kind, kinds)
        raise contract.ConfigurationError(
            f"`{kind}` is not a kind of event. "
            + (f"Did you mean `{near}`?" if near else f"There are: {', '.join(kinds)}")
        )
    where = place_of(place, file)[0] if place is not None else None
    account = where.account if where is not None else next(iter(file.accounts))
    room = contract.Room(id=where.room, name=where.room) if where is not None and where.room is not None else None
    who = contract.Author(id=author, handle=author.removeprefix("@"))
    common: dict[str, Any] = {"id": "explained", "source": "", "cursor": "", "occurred_at": datetime.now(UTC)}
    if meant is contract.Kind.FOLLOW:
        return account, contract.FollowReceived(author=who, **common)
    if meant is contract.Kind.REACTION:
        return account, contract.ReactionReceived(author=who, post=contract.PostRef(id="explained"), **common)
    if meant is contract.Kind.JOIN:
        if room is None:
            raise contract.ConfigurationError("where does he come in? write --in account/room")
        return account, contract.JoinReceived(author=who, room=room, **common)
    classes = {
        contract.Kind.MENTION: contract.MentionReceived,
        contract.Kind.REPLY: contract.ReplyReceived,
        contract.Kind.QUOTE: contract.QuoteReceived,
        contract.Kind.MESSAGE: contract.MessageReceived,
        contract.Kind.DIRECT_MESSAGE: contract.DirectMessageReceived,
    }
    event = classes[meant](
        author=who, post=contract.PostRef(id="explained"), text=text, conversation="explained", room=room, **common
    )
    return account, event


async def _turn(file: "BotFile", persona: "Persona", seq: int, *, as_json: bool) -> None:
    from greenroom.cli.asking import reading
    from greenroom.policy import is_command
    from greenroom.storage import Due
    from greenroom_adapters.contract import ConfigurationError

    async with reading(file) as ledger:
        turn = await ledger.turn(seq)
    if turn is None:
        raise ConfigurationError(f"there is no turn {seq}; `greenroom log` lists them")
    event = turn.event
    if isinstance(event, Due) or is_command(turn):
        why = f"Turn {seq} is a command, {turn.rule}: the bot itself obeys it, whatever the rules are."
        if isinstance(event, Due):
            why = (
                f"Turn {seq} answers nobody: it is a post that was put down by hand."
                if event.name == "single"
                else f"Turn {seq} answers nobody: the entry `{event.name}` of `post` planned it."
            )
        if as_json:
            write_json({"answered": None, "why": why, "rules": []})
        else:
            say(why)
        return
    if not as_json:
        say(f"Turn {seq} is {turn.state.word}{f' ({turn.reason})' if turn.reason else ''}. By the rules of now:")
    _tell(file, persona, event, turn.account, as_json=as_json)


def _tell(file: "BotFile", persona: "Persona", event: "Event", account: str, *, as_json: bool) -> None:
    from greenroom.app import router_of
    from greenroom.routing import Hit
    from greenroom_adapters.contract import ConfigurationError

    if account not in file.accounts:
        raise ConfigurationError(f"the turn came on account `{account}`, which the bot file does not have any more")
    explanation = router_of(file, persona).explain(event, account)
    decision = explanation.decision
    if as_json:
        write_json(
            {
                "answered": isinstance(decision, Hit),
                "rule": decision.rule.name if isinstance(decision, Hit) else None,
                "why": explanation.why,
                "rules": [{"rule": one.name, "fits": one.fits, "why": one.why} for one in explanation.verdicts],
            }
        )
        return
    from rich.text import Text

    from greenroom.settings import Do
    from greenroom.settings.spelling import DURATION
    from greenroom_adapters.text import plain

    place = console()
    place.print(Text(plain(explanation.why), "green" if isinstance(decision, Hit) else "yellow"))
    rows = [(one.name, f"{'fits' if one.fits else 'does not fit'}: {one.why}") for one in explanation.verdicts]
    facts(rows, place)
    if isinstance(decision, Hit):
        if any(rule.tell and rule.name == decision.rule.name for rule in file.answer):
            say("Nobody is answered: it is told to you, and `greenroom held answer` answers it in your words.")
            return
        words = "the words of the rule" if decision.rule.say is not None else "what the engines write"
        if any(rule.filters and rule.name == decision.rule.name for rule in file.answer):
            words = "what was sent, under the filter that is asked for"
        rule = next((one for one in file.answer if one.name == decision.rule.name), None)
        acts = () if rule is None else tuple(one.value for one in rule.acts)
        if rule is not None and Do.CHOOSE in rule.do:
            choices = ("an answer", *acts) if Do.REPLY in rule.do else acts
            words = f"what a model chooses ({', '.join(choices)}, nothing)"
        elif rule is not None and acts and Do.REPLY not in rule.do:
            say(f"Nothing is said; what is done about it: {' and '.join(acts)}.")
            return
        elif acts:
            words = f"{words} (and {' and '.join(acts)})"
        patience = f", when nobody else answers within {DURATION.write(decision.wait)}" if decision.wait else ""
        within = DURATION.write(decision.rule.within)
        say(f"Answered with {words}, as a {decision.surface.value.replace('_', ' ')}, up to {within} later{patience}.")
