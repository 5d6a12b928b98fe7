"""How a command ends: its exit code, and what an owner reads when it could not be done."""

import errno
import functools
import inspect
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, cast

import typer

from greenroom.cli.naming import bot_out_of_place, takes_bot

__all__ = ["FAILED", "NEEDS_A_PERSON", "RUNS_ALREADY", "STOPPED_AT_ONCE", "USAGE", "cause_of", "for_owners", "words_of"]

FAILED = 1
"""It could not be done; the message says why and what helps."""
USAGE = 2
"""The command line is not understood."""
NEEDS_A_PERSON = 3
"""`status` and `check`: it works, and something waits for a person."""
RUNS_ALREADY = 4
"""Another process runs the bot, so this one may not have its ledger."""
STOPPED_AT_ONCE = 130
"""A second Ctrl-C."""

MENDS = {
    errno.EACCES: "give this user the right to it, or take another folder",
    errno.EPERM: "give this user the right to it, or take another folder",
    errno.EROFS: "nothing can be written there: take another folder",
    errno.ENOENT: "look at the path, and at the folder that you are in",
    errno.ENOTDIR: "a part of this path is a file: look at the path",
    errno.EISDIR: "this is a folder: name a file",
    errno.ENOSPC: "make room on the disk",
}
"""What helps against the failures of a system that an owner can cause."""

Debug = Annotated[
    bool, typer.Option("--debug", help="Say more, and show where in the program a failure arose.", show_default=False)
]


def for_owners(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with `--debug`, with `--bot` where its first word names the bot, and with every failure told
    in an owner's words.

    What an owner can cause or repair is a message on standard error and exit code 1. So is a mistake of our own, which
    is called that. A traceback is shown only with `--debug`.
    """
    command = takes_bot(command)
    signature = inspect.signature(command)
    wants_debug = "debug" in signature.parameters

    @functools.wraps(command)
    def told(*args: Any, debug: bool = False, **options: Any) -> None:
        try:
            command(*args, **options, **({"debug": debug} if wants_debug else {}))
        except (KeyboardInterrupt, typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, an owner reads words
            if debug:
                import traceback

                traceback.print_exception(error)
            cause = cause_of(error)
            if isinstance(cause, BrokenPipeError):
                # whoever read our output has gone; nothing may be flushed to it at the end of the program
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                raise typer.Exit(FAILED) from None
            hint = bot_out_of_place(options)
            _tell(cause, as_json=bool(options.get("as_json")), is_ours=not _is_for_owners(cause), hint=hint)
            raise typer.Exit(_code_of(cause)) from None

    parameters = [one for one in signature.parameters.values() if one.name != "debug"]
    parameters.append(inspect.Parameter("debug", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Debug))
    told.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # functions take attributes
    told.__annotations__ = {**command.__annotations__, "debug": Debug}
    return told


def cause_of(error: BaseException) -> BaseException:
    """Return the one error that an owner must hear of: out of a group of tasks the one that was raised on purpose."""
    from greenroom_adapters.contract import GreenroomError

    leaves = _leaves(error)
    return next((leaf for leaf in leaves if isinstance(leaf, GreenroomError)), leaves[0])


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return [leaf for part in group.exceptions for leaf in _leaves(part)]
    return [error]


def _is_for_owners(error: BaseException) -> bool:
    from greenroom_adapters.contract import GreenroomError

    return isinstance(error, (GreenroomError, OSError))


def _code_of(error: BaseException) -> int:
    from greenroom.storage import AlreadyRunning

    return RUNS_ALREADY if isinstance(error, AlreadyRunning) else FAILED


def _tell(error: BaseException, *, as_json: bool, is_ours: bool, hint: str | None) -> None:
    from greenroom.cli.showing import complain, write_json

    words = words_of(error)
    if is_ours:
        words = f"Greenroom failed by a mistake of its own ({words}); the same command with --debug shows where"
    elif hint is not None:
        words = f"{words}\n{hint}"
    complain(words)
    if as_json:
        write_json({"error": words})


def words_of(error: BaseException) -> str:
    """Return what happened, why, and what helps."""
    from greenroom.settings import Mistakes
    from greenroom_adapters.contract import AuthenticationFailed, GreenroomError, Unavailable

    if isinstance(error, Mistakes):
        return str(error)
    if isinstance(error, AuthenticationFailed):
        return f"{error}; mend the account's credentials, then look with `greenroom check`"
    if isinstance(error, Unavailable):
        return f"{error}; is the server's address right, and does it run?"
    if isinstance(error, GreenroomError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        mend = MENDS.get(error.errno or 0)
        what = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
        return f"{what}; {mend}" if mend else what
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
