"""`greenroom run`: a bot in the foreground, until it is told to stop."""

import asyncio

from greenroom.cli.choosing import BotArgument, Chosen, bots_here, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson
from greenroom.interpreter import keep_what_is_built, suit_a_bot

__all__ = ["run"]


@for_owners
def run(bot: BotArgument = None, as_json: AsJson = False, debug: bool = False) -> None:
    """Run a bot until Ctrl-C.

    Prints where everything is, then a line for whatever the bot says or leaves alone. Ctrl-C stops it cleanly: what is
    being sent is finished or noted down, and goes on at the next start. A second Ctrl-C stops at once, which loses
    nothing either.

    It watches its files: a valid edit takes effect within two seconds, between two answers. One with mistakes is told
    with its place, and what was valid last goes on, also after a restart.

    With --json every line is one JSON object.

    Example: greenroom run config/bots/ada.yaml
    """
    suit_a_bot()
    asyncio.run(_run(choose(bot), as_json=as_json, debug=debug))


async def _run(chosen: Chosen, *, as_json: bool, debug: bool) -> None:
    from greenroom.app import Bot, Options
    from greenroom.cli.live import JsonLog, LiveLog
    from greenroom.cli.stopping import stopping

    bot = Bot.load(chosen.path, Options(), state=chosen.state)
    others = bots_here() if chosen.is_demo else []
    log = JsonLog() if as_json else LiveLog(bot.file.timezone)

    def at_once() -> None:
        log.stopped_at_once()
        for local in bot.local.values():
            if local.process is not None and local.process.returncode is None:
                local.process.kill()

    with log.listening(debug=debug), stopping(on_first=log.stopping, on_second=at_once) as stop:
        try:
            async with bot:
                keep_what_is_built()
                await log.running(bot, others=others)
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(bot.run())
                    tasks.create_task(log.follow(bot.ledger))
        except asyncio.CancelledError:
            if not stop.asked:
                raise
    log.stopped()
