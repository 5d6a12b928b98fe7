"""`greenroom run`: a bot in the foreground, until it is told to stop."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, cast

import typer

from greenroom.cli.choosing import BotArgument, Chosen, bots_here, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson
from greenroom.interpreter import keep_what_is_built, suit_a_bot
from greenroom.stores import Database

if TYPE_CHECKING:
    from greenroom.cli.watching import Watching
    from greenroom.storage import LedgerLost

__all__ = ["run"]

AGAIN = 1.0
"""Seconds after a loss of the ledger before it is looked for again."""


@for_owners
def run(
    bot: BotArgument = None,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over",
            help="Publish here, where its ledger ran elsewhere before: nothing else runs of it.",
            show_default=False,
        ),
    ] = False,
    as_json: AsJson = False,
    observe: Annotated[
        str | None,
        typer.Option(
            metavar="[HOST:]PORT",
            envvar="GREENROOM_OBSERVE",
            show_envvar=False,
            help="Tell at this address whether it is alive, ready and well, and its metrics.",
        ),
    ] = None,
    traces: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="GREENROOM_TRACES",
            show_envvar=False,
            help="Send a trace of each turn to this collector of OpenTelemetry (OTLP over HTTP).",
            show_default=False,
        ),
    ] = None,
    debug: bool = False,
) -> None:
    """Run a bot until Ctrl-C.

    Prints where everything is, then a line for whatever the bot says or leaves alone. Ctrl-C stops it cleanly: what is
    being sent is finished or noted down, and goes on at the next start. A second Ctrl-C stops at once, which loses
    nothing either.

    It watches its files: a valid edit takes effect within two seconds, between two answers. One with mistakes is told
    with its place, and what was valid last goes on, also after a restart.

    A ledger knows where it ran last. Found on another machine, under another path, or older than it was, it is a copy:
    every account rehearses then, until you say with --take-over that no other copy runs. What the other one may have
    said meanwhile is looked up or left alone, so that nothing is said twice.

    With a ledger on PostgreSQL (`store: postgresql://…`) any number of workers may run the same bot: one does, the
    others stand by and take over within seconds when it stops, dies or is cut off.

    With --json every line is one JSON object.

    With --observe it answers at /live, /ready, /health (as `greenroom status`) and /metrics (for Prometheus). Elsewhere
    than on 127.0.0.1 that takes a password, which is made and printed once. With --traces every turn is told to a
    collector, http://127.0.0.1:4318: its models and its posts, without a word of what was said.

    Example: greenroom run config/bots/ada.yaml
    """
    suit_a_bot()
    from greenroom.cli.watching import Watching

    asyncio.run(
        _run(
            choose(bot),
            take_over=take_over,
            as_json=as_json,
            watching=Watching(observe=observe, traces=traces),
            debug=debug,
        )
    )


async def _run(chosen: Chosen, *, take_over: bool, as_json: bool, watching: "Watching", debug: bool) -> None:
    from greenroom.app import Bot, Options
    from greenroom.cli.live import JsonLog, LiveLog
    from greenroom.cli.stopping import stopping
    from greenroom.storage import LedgerLost
    from greenroom.telemetry import get_log

    options = watching.options(Options(take_over=take_over), bot=chosen.in_force(tell=None).bot)
    others = bots_here() if chosen.is_demo else []
    has_database = False

    def standing_by(who: str) -> None:
        nonlocal has_database
        has_database = True
        get_log().info("another worker runs this bot; standing by", worker=who)

    def load() -> Bot:
        return Bot.load(chosen.path, replace(options, standing_by=standing_by), state=chosen.state)

    bot = load()
    log = JsonLog() if as_json else LiveLog(bot.file.timezone)

    def at_once() -> None:
        log.stopped_at_once()
        for local in bot.local.values():
            if local.process is not None and local.process.returncode is None:
                local.process.kill()

    with log.listening(debug=debug), stopping(on_first=log.stopping, on_second=at_once) as stop:
        try:
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(watching.listening(bot, options, log))
                while True:
                    try:
                        async with bot, AsyncExitStack() as shown:
                            watching.show(bot)
                            shown.callback(watching.show, None)
                            keep_what_is_built()
                            has_database = has_database or isinstance(bot.file.store, Database)
                            await log.running(bot, others=others)
                            async with asyncio.TaskGroup() as tasks:
                                tasks.create_task(bot.run())
                                tasks.create_task(log.follow(bot.ledger))
                    except (LedgerLost, BaseExceptionGroup) as error:
                        # on a database that it has reached before; whoever begins with a wrong address is told so
                        if stop.asked or not has_database or (lost := _lost(error)) is None:
                            raise
                        get_log().warning("the ledger is lost; standing by until it is there again", why=str(lost))
                    await asyncio.sleep(AGAIN)
                    # nothing that is in memory is known to be true any more
                    bot = load()
        except asyncio.CancelledError:
            if not stop.asked:
                raise
    log.stopped()


def _lost(error: BaseException) -> "LedgerLost | None":
    """Return the loss of the ledger that an error is, or has among its causes."""
    from greenroom.storage import LedgerLost

    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return next((lost for one in group.exceptions if (lost := _lost(one)) is not None), None)
    return error if isinstance(error, LedgerLost) else None
