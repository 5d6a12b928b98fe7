"""Every command that is about a bot takes `--bot`: also those whose first word names it, and groups of commands."""

import inspect
import os
from collections.abc import Callable, Mapping
from typing import Annotated, Any, get_args

import typer
from typing_extensions import override

from greenroom.cli.choosing import BOT_BY_ENVIRONMENT, HELP, BotOption, bot_among, complete_bot
from greenroom.cli.showing import AsJson
from greenroom.cli.usage import Commands

__all__ = ["bot_out_of_place", "lists_alone", "takes_bot"]

OPTION = "bot_by_option"
PLACES = ("BOT", "WHO")
"""What the word is called in the help of such a command."""
ByOption = Annotated[
    str | None,
    typer.Option("--bot", "-b", metavar="BOT", help=HELP, show_default=False, autocompletion=complete_bot),
]


def takes_bot(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with `--bot`, which is the same as its first word; as it is, where that names no bot."""
    signature = inspect.signature(command)
    words = [one.name for one in signature.parameters.values() if _argument(one) is not None]
    if not words or getattr(_argument(signature.parameters[words[0]]), "metavar", None) not in PLACES:
        return command
    place, *others = words
    behind = [name for name in others if signature.parameters[name].annotation.__origin__ != list[str] | None]

    def named(*args: Any, **options: Any) -> None:
        by_option, by_word = options.pop(OPTION, None), options.get(place)
        if by_option is not None:
            if by_word is not None and by_word != os.environ.get(BOT_BY_ENVIRONMENT):
                # the word is what else would have come second
                if not behind or options[behind[0]] is not None:
                    raise typer.BadParameter(f"the bot is named twice: {by_word} and {by_option}")
                options[behind[0]] = by_word
            options[place] = by_option
        command(*args, **options)

    option = inspect.Parameter(OPTION, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=ByOption)
    kept = list(signature.parameters.values())
    before = next((at for at, one in enumerate(kept) if one.name == "as_json"), len(kept))
    as_keywords = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in kept[before:]]
    named.__signature__ = signature.replace(parameters=[*kept[:before], option, *as_keywords])  # type: ignore[attr-defined]  # functions take attributes
    named.__annotations__ = {**command.__annotations__, OPTION: ByOption}
    named.__name__, named.__doc__ = command.__name__, command.__doc__
    return named


def lists_alone(group: typer.Typer, list_: Callable[..., None]) -> None:
    """Let a group of commands list where no command of it is named. `--bot` and `--json` may stand before the command
    as well as behind it."""

    @group.callback(cls=_Group)
    def alone(  # pyright: ignore[reportUnusedFunction]  # registered
        context: typer.Context, bot: BotOption = None, as_json: AsJson = False
    ) -> None:
        if context.invoked_subcommand is None:
            list_(bot=bot, as_json=as_json)
        else:
            given = {name: value for name, value in (("bot", bot), ("as_json", as_json)) if value}
            context.default_map = {context.invoked_subcommand: given}


def bot_out_of_place(given: Mapping[str, Any]) -> str | None:
    """Return how a bot is named that stands where a command takes another word; None: all is in its place."""
    if given.get("bot") is not None or given.get(OPTION) is not None:
        return None
    named = bot_among(value for value in given.values() if isinstance(value, str))
    return None if named is None else f"`{named}` is a bot, and another word belongs there: write `--bot {named}`"


class _Group(Commands):
    """A group of commands that knows a bot's name where a command belongs."""

    @override
    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # typer has its context from click, or brings its own
        found = super().get_command(ctx, cmd_name)
        if found is None and (named := bot_among([cmd_name])) is not None:
            ctx.fail(f"`{named}` is a bot, and a command belongs there: write `{ctx.command_path} --bot {named}`")
        return found


def _argument(parameter: inspect.Parameter) -> Any:
    """Return what typer knows of a word without a name; None: it is an option."""
    of_typer = get_args(parameter.annotation)[1:]
    return next((one for one in of_typer if not getattr(one, "param_decls", None) and hasattr(one, "metavar")), None)
