"""`greenroom run`: a bot in the foreground, until it is told to stop."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from greenroom.cli.choosing import BotArgument, Chosen, bots_here, choose, complete_bot
from greenroom.cli.failing import for_owners
from greenroom.cli.several import members_of, run_several
from greenroom.cli.showing import AsJson
from greenroom.interpreter import keep_what_is_built, suit_a_bot

if TYPE_CHECKING:
    from greenroom.cli.watching import Watching

__all__ = ["run"]

TRACES_BY_ENVIRONMENT = "GREENROOM_TRACES"


@for_owners
def run(
    bot: BotArgument = None,
    more: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MORE",
            help="More bots, each in a process of its own.",
            show_default=False,
            autocompletion=complete_bot,
        ),
    ] = None,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over",
            help="Publish here, where its ledger ran elsewhere before: nothing else runs of it.",
            show_default=False,
        ),
    ] = False,
    as_json: AsJson = False,
    texts: Annotated[
        bool,
        typer.Option(
            "--texts/--no-texts",
            help="Log what people and the bot say, or only what became of it.",
            show_default=False,
        ),
    ] = True,
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
            envvar=TRACES_BY_ENVIRONMENT,
            show_envvar=False,
            help="Send a trace of each turn to this collector of OpenTelemetry (OTLP over HTTP).",
            show_default=False,
        ),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            envvar="GREENROOM_HOST",
            show_envvar=False,
            help="How this machine is called among those that share a database. Left out: as the system calls it.",
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
    others stand by and take over within seconds when it stops, dies or is cut off. Many bots of one database are spread
    over the hosts whose workers stand by for them; where each container has a name of its own, give that of its machine
    with --host. After a backup of the database was restored, let the first one begin with --take-over.

    With --json every line is one JSON object. With --no-texts nothing of what was said stands in the log, nor who said
    it: a log that is kept elsewhere forgets nobody. `greenroom log` has it, as long as `keep` says.

    With --observe it answers at /live, /ready, /health (as `greenroom status`) and /metrics (for Prometheus). Elsewhere
    than on 127.0.0.1 that takes a password, which is made and printed once. With --traces every turn is told to a
    collector, http://127.0.0.1:4318: its models and its posts, without a word of what was said.

    Several bots run beside each other, a process for each: one that dies takes no other with it and starts again, after
    5 s, then after twice as long each time; one that another process runs is tried once more, after 30 s. Each line
    begins with the name of its bot; the first one is observed at the port of --observe, the others at the next ones.

    Example: greenroom run config/bots/ada.yaml
    """
    if bot is not None and more:
        options = [
            *(["--json"] if as_json else []),
            "--texts" if texts else "--no-texts",
            *([] if host is None else ["--host", host]),
            *(["--debug"] if debug else []),
        ]
        # every user of this machine can read command lines, and the address of a collector may hold a password
        environ = {} if traces is None else {TRACES_BY_ENVIRONMENT: traces}
        members = members_of(
            [bot, *more], options, environ=environ, take_over=take_over, observe=observe, as_json=as_json
        )
        raise typer.Exit(asyncio.run(run_several(members)))
    suit_a_bot()
    from greenroom.cli.watching import Watching

    asyncio.run(
        _run(
            choose(bot),
            take_over=take_over,
            as_json=as_json,
            texts=texts,
            watching=Watching(observe=observe, traces=traces),
            host=host,
            debug=debug,
        )
    )


async def _run(
    chosen: Chosen,
    *,
    take_over: bool,
    as_json: bool,
    texts: bool,
    watching: "Watching",
    host: str | None,
    debug: bool,
) -> None:
    from greenroom.app import Bot, Options, keep_running
    from greenroom.cli.live import JsonLog, LiveLog
    from greenroom.cli.stopping import stopping

    options = watching.options(Options(take_over=take_over, host=host), bot=chosen.in_force(tell=None).bot)
    bot = Bot.load(chosen.path, options, state=chosen.state)
    others = bots_here() if chosen.is_demo else []
    log = JsonLog(bot.file.bot, texts=texts) if as_json else LiveLog(bot.file.timezone, texts=texts)

    def load(standing_by: Callable[[str], None]) -> Bot:
        nonlocal bot

        def stands_by(who: str) -> None:
            watching.stand_by()
            standing_by(who)

        bot = Bot.load(chosen.path, replace(options, standing_by=stands_by), state=chosen.state)
        return bot

    def at_once() -> None:
        for local in bot.local.values():
            local.kill()
        log.stopped_at_once()

    async def live(bot: Bot) -> None:
        nonlocal options
        # that is done; who stands by again later takes nothing over that way
        options = replace(options, take_over=False)
        watching.show(bot)
        try:
            keep_what_is_built()
            await log.running(bot, others=others)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(bot.run())
                tasks.create_task(log.follow(bot.ledger))
        finally:
            watching.show(None)

    with log.listening(debug=debug), stopping(on_first=log.stopping, on_second=at_once) as stop:
        try:
            async with watching.listening(bot, options, log):
                await keep_running(load, live, is_stopping=lambda: stop.asked)
        except asyncio.CancelledError:
            if not stop.asked:
                raise
    log.stopped()
