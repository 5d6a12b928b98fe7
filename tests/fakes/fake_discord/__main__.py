"""python -m fake_discord --data FILE [--port N] ...: serves until its parent is gone; says READY and a JSON object."""

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path

from aiohttp import web

from fake_discord.admin import Admin
from fake_discord.contract import Contract
from fake_discord.gateway import Gateway
from fake_discord.limits import Limits
from fake_discord.objects import Objects
from fake_discord.rest import PREFIX, Rest
from fake_discord.saying import Saying
from fake_discord.store import Store


async def serve(options: argparse.Namespace) -> None:
    """Serve until the standard input ends."""
    store = Store(options.data)
    objects = Objects(store)
    gateway = Gateway(store, objects, heartbeat=options.heartbeat, starts=options.starts)
    saying = Saying(store, objects, gateway)
    most, _, seconds = options.writes.partition("/")
    limits = Limits(writes=(int(most), float(seconds)), overall=options.overall)
    contract = Contract(options.contract) if options.contract else None
    rest = Rest(
        store,
        objects,
        gateway,
        saying,
        limits,
        contract=contract,
        nonce_window=options.nonce_window,
        tells_nonce=options.tells_nonce,
    )
    admin = Admin(store, objects, gateway, saying, rest, limits, contract)
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/_fake/{name}", admin.serve)
    app.router.add_get("/gateway", gateway.serve)
    app.router.add_route("*", PREFIX + "/{path:.*}", rest.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", options.port)
    await site.start()
    port = runner.addresses[0][1]
    gateway.url = f"ws://127.0.0.1:{port}/gateway"
    print("READY", json.dumps({"url": f"http://127.0.0.1:{port}", "pid": os.getpid()}), flush=True)  # noqa: T201
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()
    store.close()


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--heartbeat", type=float, default=41.25, help="seconds between two heartbeats")
    parser.add_argument("--writes", default="5/5", help="messages to a channel in seconds")
    parser.add_argument("--overall", type=int, default=50, help="requests of a bot in a second")
    parser.add_argument("--starts", type=int, default=1000, help="sessions that a bot may begin in a day")
    parser.add_argument("--nonce-window", type=float, default=180.0, help="seconds for which a nonce is compared")
    parser.add_argument("--tells-nonce", action="store_true", help="history shows the nonces of one's own messages")
    parser.add_argument("--contract", type=Path, help="the vendor's contract, which judges what is asked and answered")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
