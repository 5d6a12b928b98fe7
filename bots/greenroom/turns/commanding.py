"""The commands that an account offers on a platform that has a menu of them, and what becomes of those that are given.

Which there are follows from what the bot can do: there is nothing to configure.
"""

from greenroom.personas import Persona
from greenroom.policy import ABOUT, FORGET_ME, ORDERS, PAUSE, RESUME, START, STATUS, STOP, Order, Word, read_order
from greenroom.settings import BotFile
from greenroom_adapters.contract import Audience, Command, CommandGiven, Kind

__all__ = ["commands_of", "is_for_an_engine", "order_in", "rule_of"]

ASK = "ask"
_RULES = {
    "stop": STOP,
    "start": START,
    **{rule.removeprefix("/"): rule for rule in (ABOUT, FORGET_ME, PAUSE, RESUME, STATUS, *ORDERS)},
}
"""Name of a command → the rule under which it becomes a turn."""
_ANSWERED = frozenset({Kind.MENTION, Kind.DIRECT_MESSAGE})
LONGEST_NAME = 40
"""So much of a persona's name stands in what describes a command."""


def is_for_an_engine(event: CommandGiven) -> bool:
    """Say whether somebody asks something, which goes the way of whatever is said to the bot."""
    return event.command == ASK


def rule_of(event: CommandGiven) -> str | None:
    """Return the rule under which the bot obeys a command; None: it knows no such command."""
    return _RULES.get(event.command)


def order_in(event: CommandGiven) -> Order | None:
    """Return what of a moderator's words a command orders, whoever gave it; None: it is none of them, or says how long
    in words that cannot be read."""
    return read_order(f"{event.command} {event.text}") if f"/{event.command}" in ORDERS else None


def commands_of(file: BotFile, persona: Persona, account: str) -> tuple[Command, ...]:
    """Return the commands that one account offers."""
    name = persona.persona[:LONGEST_NAME]
    here = [rule for rule in file.answer if not rule.places or account in {place.account for place in rule.places}]
    answers = any(not _ANSWERED.isdisjoint(rule.to) for rule in here)
    found = [Command(name=ASK, description=f"Ask {name} something", text="What you want to say")] if answers else []
    found += [
        Command(name="about", description=f"Who {name} is, and whose bot", is_private=True),
        Command(name="stop", description=f"{name} leaves you alone", is_private=True),
        Command(name="start", description=f"{name} answers you again", is_private=True),
        Command(name="forget-me", description=f"{name} forgets what you wrote and who you are", is_private=True),
    ]
    if any(person.account == account for person in file.people.owner):
        found += [
            Command(name=rule.removeprefix("/"), description=description, is_private=True, audience=Audience.OWNER)
            for rule, description in (
                (PAUSE, f"{name} says nothing more here until /resume"),
                (RESUME, f"{name} goes on"),
                (STATUS, f"How {name} is"),
            )
        ]
    found += [
        Command(
            name=word,
            description=description,
            text="How long, like: 2 hours. Without it, a day" if word is Word.QUIET else None,
            needs_text=False,
            is_private=True,
            audience=Audience.MODERATOR,
        )
        for word, description in (
            (Word.QUIET, f"{name} says nothing in this room for a while"),
            (Word.SPEAK, f"{name} speaks in this room again"),
            (Word.UNDO, f"{name} takes back what it said last in this room"),
            (Word.WHY, f"Why {name} said what it said last in this room"),
            (Word.LEAVE, f"{name} leaves"),
        )
    ]
    return tuple(found)
