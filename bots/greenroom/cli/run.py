"""`greenroom run`: a bot in the foreground, until it is told to stop."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Annotated

import typer

from greenroom.cli.choosing import BotArgument, Chosen, bots_here, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson
from greenroom.interpreter import keep_what_is_built, suit_a_bot

__all__ = ["run"]


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

    With --json every line is one JSON object.

    With --observe it answers at /live, /ready, /health (as `greenroom status`) and /metrics (for Prometheus). Elsewhere
    than on 127.0.0.1 that takes a password, which is made and printed once.

    Example: greenroom run config/bots/ada.yaml
    """
    suit_a_bot()
    asyncio.run(_run(choose(bot), take_over=take_over, as_json=as_json, observe=observe, debug=debug))


async def _run(chosen: Chosen, *, take_over: bool, as_json: bool, observe: str | None, debug: bool) -> None:
    from greenroom.app import Bot, Options
    from greenroom.cli.live import JsonLog, LiveLog
    from greenroom.cli.stopping import stopping

    options, tally = Options(take_over=take_over), None
    if observe is not None:
        from greenroom.observation.tally import Tally

        tally = Tally(options.clock)
        options = replace(options, watches=(tally.watch,), through=tally.through)
    bot = Bot.load(chosen.path, options, state=chosen.state)
    others = bots_here() if chosen.is_demo else []
    log = JsonLog() if as_json else LiveLog(bot.file.timezone)

    def at_once() -> None:
        log.stopped_at_once()
        for local in bot.local.values():
            if local.process is not None and local.process.returncode is None:
                local.process.kill()

    with log.listening(debug=debug), stopping(on_first=log.stopping, on_second=at_once) as stop:
        try:
            async with AsyncExitStack() as stack:
                observation = None
                if observe is not None and tally is not None:
                    from greenroom.observation.server import Observation

                    observation = await stack.enter_async_context(
                        Observation(
                            observe, beside=bot.file.store, tally=tally, clock=options.clock, environ=options.environ
                        )
                    )
                    log.observed(observation)
                await stack.enter_async_context(bot)
                if observation is not None:
                    observation.show(bot)
                    stack.callback(observation.show, None)
                keep_what_is_built()
                await log.running(bot, others=others)
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(bot.run())
                    tasks.create_task(log.follow(bot.ledger))
        except asyncio.CancelledError:
            if not stop.asked:
                raise
    log.stopped()
