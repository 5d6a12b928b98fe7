"""`greenroom held`: drafts that wait for a person, and what he can do about each or all of them."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenroom.cli.choosing import BotOption, Chosen, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.naming import lists_alone
from greenroom.cli.showing import AsJson, console, say, write_json
from greenroom.cli.waiting import Limit, show_waiting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenroom.settings import BotFile

__all__ = ["held"]

held = typer.Typer(
    help="Let out, edit or refuse drafts that wait for you. `approve` in the bot file says what waits.",
    invoke_without_command=True,
)

WAITING = {"posts": "post", "replies": "reply"}
"""What each of the words names that stand for turns, one of them; any other: drafts."""

Which = Annotated[
    list[str],
    typer.Argument(metavar="TURN...", help="Numbers from `held list`, or all, posts or replies.", show_default=False),
]


@held.command("list")
@for_owners
def list_(limit: Limit = 20, bot: BotOption = None, as_json: AsJson = False) -> None:
    """List what waits, and why, and what was passed on to you.

    Example: greenroom held list
    """
    from greenroom.storage import State

    show_waiting(
        bot,
        (State.HELD,),
        limit,
        as_json=as_json,
        nothing="No draft waits for you.",
        helps=(
            (
                "greenroom held approve TURN",
                "let it out as it stands (also: approve all, approve posts, approve replies)",
            ),
            ("greenroom held edit TURN TEXT", "other words; with --approve they go out at once"),
            ("greenroom held answer TURN TEXT", "your words at once; also to what was passed on to you"),
            ("greenroom held redraft TURN", "let the persona of now write it anew"),
            ("greenroom held refuse TURN", "it shall not go out"),
        ),
        helps_with_passed_on=(("greenroom held answer TURN TEXT", "your words, from the bot's account"),),
    )


lists_alone(held, list_)


@held.command()
@for_owners
def approve(turns: Which, bot: BotOption = None, as_json: AsJson = False) -> None:
    """Let drafts out as they stand.

    Example: greenroom held approve 41 42
    """
    _each(bot, "approve", turns, "is let out", "are let out", as_json=as_json)


@held.command()
@for_owners
def refuse(turns: Which, bot: BotOption = None, as_json: AsJson = False) -> None:
    """Say that drafts shall not go out. What they would have answered is not answered again.

    Example: greenroom held refuse 41
    """
    _each(bot, "refuse", turns, "does not go out", "do not go out", as_json=as_json)


@held.command()
@for_owners
def redraft(turns: Which, bot: BotOption = None, as_json: AsJson = False) -> None:
    """Have drafts written anew, by the persona of now.

    A draft of an earlier persona is marked so in the list. The engine is asked again, and paid again where it costs
    something; what it writes is looked at as if it were the first. A draft that you have rewritten stays as it is.

    Example: greenroom held redraft all
    """
    _each(bot, "redraft", turns, "is written anew", "are written anew", as_json=as_json)


@held.command()
@for_owners
def edit(
    turn: Annotated[int, typer.Argument(metavar="TURN", help="Number from `held list`.", show_default=False)],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The new words.", show_default=False)],
    let_out: Annotated[bool, typer.Option("--approve", help="Let it out as well.", show_default=False)] = False,
    bot: BotOption = None,
    as_json: AsJson = False,
) -> None:
    """Give a draft other words.

    Example: greenroom held edit 41 "Ask the harbour office." --approve
    """
    from greenroom.cli.asking import ask

    arguments = {"turn": turn, "text": text, "approve": let_out}
    chosen = choose(bot)
    file = chosen.in_force()
    answer = asyncio.run(ask(file, "rewrite", arguments))
    if as_json:
        write_json(answer)
    elif let_out:
        _tell_outcome(chosen, file, turn, answer)
    else:
        say(f"Turn {turn} has new words, and waits: `greenroom held approve {turn}` lets it out.")


@held.command()
@for_owners
def answer(
    turn: Annotated[
        int,
        typer.Argument(metavar="TURN", help="Number from `held list`, `log` or what `tell` said.", show_default=False),
    ],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Your words.", show_default=False)],
    bot: BotOption = None,
    as_json: AsJson = False,
) -> None:
    """Answer in your own words what was passed on or is held.

    A rule with `tell: true` passes on and says nothing; this answers from the bot's account, through the same checks,
    limits and log as all that it says. Shows what has become of it after a few seconds.

    Example: greenroom held answer 41 "I am sorry. Write to help@example.com, please."
    """
    from greenroom.cli.asking import ask

    chosen = choose(bot)
    file = chosen.in_force()
    done = asyncio.run(ask(file, "answer", {"turn": turn, "text": text}))
    if as_json:
        write_json(done)
    else:
        _tell_outcome(chosen, file, turn, done)


def _tell_outcome(chosen: Chosen, file: "BotFile", turn: int, answer: "Mapping[str, Any]") -> None:
    """Say what became of words that were written by hand: what the platform has of them, or what they wait for."""
    from greenroom.cli.asking import come_to_rest, runs
    from greenroom.cli.turn_words import turn_lines

    noted = f"Your words for turn {turn} are noted"
    if waits := _waiting(answer, file):
        say(f"{noted}.{waits}")
    elif when := _when(answer, file):
        say(f"{noted}, and go out{when}.")
    elif not runs(file):
        say(f"{noted}. No bot runs on this ledger: they go out when `{chosen.start}` starts it.")
    elif done := asyncio.run(come_to_rest(file, turn)):
        console().print(turn_lines(done, file.timezone, with_number=True))
    else:
        say(f"{noted}, and wait to go out: `greenroom log --turn {turn}` shows what becomes of them.")


def _when(answer: "Mapping[str, Any]", file: "BotFile") -> str:
    """Return when that is, where it is not at once."""
    from greenroom.clock import from_micros

    if (waits_until := answer.get("waits_until")) is None:
        return ""
    return f" when the quiet hours end, at {from_micros(waits_until).astimezone(file.timezone):%H:%M}"


def _waiting(answer: "Mapping[str, Any]", file: "BotFile") -> str:
    """Return what keeps it from going out, and what ends that; nothing where it goes."""
    from greenroom.clock import from_micros

    if (why := answer.get("waits_for")) is None:
        return ""
    worth_until = from_micros(answer["worth_until"]).astimezone(file.timezone)
    return (
        f" It waits, for {why}. `greenroom resume` lets it go, as long as it is worth it: {worth_until:%Y-%m-%d %H:%M}."
    )


def _each(bot: str | None, command: str, turns: list[str], one: str, many: str, *, as_json: bool) -> None:
    from greenroom.cli.asking import ask
    from greenroom_adapters.contract import ConfigurationError

    numbers = [int(turn) for turn in turns if turn.isascii() and turn.isdigit()]
    if len(numbers) != len(turns) and len(turns) > 1:
        raise ConfigurationError("name turns by their numbers, or write one of the words all, posts and replies alone")
    file = choose(bot).in_force()
    answer = asyncio.run(ask(file, command, {"turns": numbers or turns[0]}))
    if as_json:
        write_json(answer)
        return
    done, left = answer["turns"], answer["left"]
    if len(done) == 1:
        say(f"Turn {done[0]} {one}{_when(answer, file)}.{_waiting(answer, file)}")
    elif done:
        say(f"{len(done)} drafts {many}{_when(answer, file)}.{_waiting(answer, file)}")
    elif not left:
        say(f"No {WAITING.get(turns[0], 'draft')} waits for you.")
    for other in left:
        say(f"Left as it is: {other['why']}")
