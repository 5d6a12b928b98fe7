"""`python -m greenroom_adapters.stage`: one Stage in the foreground, until it is told to stop."""

import argparse
import asyncio
import contextlib
import errno
import json
import logging
import os
import random
import secrets
import signal
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

import uvicorn
from typing_extensions import override

from greenroom_adapters.contract import CountingRule, Idempotency, IdempotencyKind, TextLimit
from greenroom_adapters.stage.attachments import MediaFolder
from greenroom_adapters.stage.connections import HTTPConnection, StreamConnection
from greenroom_adapters.stage.door import password_beside
from greenroom_adapters.stage.faults import Faults
from greenroom_adapters.stage.limiter import Writes
from greenroom_adapters.stage.objects import Options, stage_limits
from greenroom_adapters.stage.server import create_app
from greenroom_adapters.stage.state import StageState
from greenroom_adapters.stage.store import FileInUse, FileTooNew, Store
from greenroom_adapters.text import count
from greenroom_adapters.webhooks import is_loopback

__all__ = ["main"]

PING_INTERVAL = 1.0
PING_TIMEOUT = 2.0
DEFAULT_DATA = Path("data") / "stage.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What the command line asks for."""

    data: Path
    host: str
    port: int
    options: Options
    writes: Writes | None
    faults: bool
    with_parent: bool


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code.

    When requests are accepted, one line `READY {"url": …, "pid": …}` is written to standard output, and the same
    object to the file `<data>.json`, which is gone again after a clean stop.
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s stage %(levelname)s %(message)s")
    command = parsed(argv)
    try:
        with contextlib.ExitStack() as open_things:
            # people's words and pictures are in what it writes
            open_things.callback(os.umask, os.umask(0o077))
            store = Store(command.data, now=now())
            open_things.callback(store.close)
            listener = listening(command.host, command.port)
            open_things.callback(listener.close)
            state = StageState(
                store,
                MediaFolder(beside(command.data, ".media")),
                options=command.options,
                now=now,
                new_id=new_id,
                new_token=new_token,
                measure=count,
            )
            serve(command, state, listener)
    except (FileInUse, FileTooNew, OSError, sqlite3.DatabaseError) as error:
        sys.stderr.write(f"stage: {sentence(error, command)}\n")
        return 1
    return 0


def serve(command: Command, state: StageState, listener: socket.socket) -> None:
    """Serve on the listening socket until the process is told to stop."""
    url = url_of(listener, command.host)
    ready = json.dumps({"url": url, "pid": os.getpid()})
    note = beside(command.data, ".json")
    faults = Faults(chance=random.random, on_order=state.wake_streams) if command.faults else None
    password, new_password = (None, None) if is_loopback(command.host) else password_beside(command.data)
    app = create_app(
        state,
        base_url=url,
        new_id=new_id,
        faults=faults,
        writes=command.writes,
        hosts=names_of(command.host),
        password=password,
    )
    config = uvicorn.Config(
        app,
        http=HTTPConnection,
        ws=StreamConnection,
        loop="asyncio",
        lifespan="off",
        ws_ping_interval=PING_INTERVAL,
        ws_ping_timeout=PING_TIMEOUT,
        ws_max_size=64 * 1024,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
        server_header=False,
        access_log=False,
        log_config=None,
    )

    def on_ready() -> None:
        if new_password is not None:
            sys.stderr.write(
                f"stage: other machines are asked for a password: {new_password} (shown this once, any user name goes "
                f"with it; without {command.data.name}.password the next start makes a new one)\n"
            )
            sys.stderr.flush()
        write_whole(note, ready)
        sys.stdout.write(f"READY {ready}\n")
        sys.stdout.flush()

    server = StageServer(config, on_ready=on_ready, on_stop=state.stop)
    if command.with_parent:
        threading.Thread(target=server.stop_with_parent, daemon=True).start()
    try:
        asyncio.run(server.serve(sockets=[listener]))
    finally:
        note.unlink(missing_ok=True)


class StageServer(uvicorn.Server):
    """uvicorn that says when it is ready, lets the streams end first, and leaves the exit code to us."""

    def __init__(self, config: uvicorn.Config, *, on_ready: Callable[[], None], on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_stop = on_stop

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_stop()
        await super().shutdown(sockets)

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # The base class raises the signal again after a clean stop, which would make the exit code a failure.
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.should_exit = True

    def stop_with_parent(self) -> None:
        """Wait until standard input ends (its writer is gone, however it died), then stop."""
        # Read past Python's buffer: its lock must be free when the interpreter ends while this thread waits.
        with contextlib.suppress(OSError):
            while os.read(sys.stdin.fileno(), 1024):
                pass
        self.should_exit = True


def now() -> datetime:
    """Return the present moment, aware."""
    return datetime.now(UTC)


def new_id() -> str:
    """Return a text that never comes twice and that nobody can guess."""
    return secrets.token_hex(10)


def new_token() -> str:
    """Return a credential."""
    return secrets.token_urlsafe(24)


def beside(data: Path, suffix: str) -> Path:
    """Return the path of what belongs to a data file."""
    return data.with_name(data.name + suffix)


def write_whole(path: Path, text: str) -> None:
    """Write a small file that a reader sees whole or not at all."""
    unfinished = beside(path, f".{os.getpid()}.part")
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, path)


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that accepts connections."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048)
    # asyncio sets it only on sockets that name their protocol; without it each answer waits for a delayed ACK
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_of(listener: socket.socket, host: str) -> str:
    """Return the address at which this machine finds the socket."""
    port: int = listener.getsockname()[1]
    name = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - recognised, not bound
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def names_of(host: str) -> tuple[str, ...]:
    """Return under which names other machines reach what listens on an address, beside the loopback ones."""
    machine = socket.gethostname()
    if host not in ("0.0.0.0", "::", ""):  # noqa: S104 - recognised, not bound
        return (f"[{host}]" if ":" in host else host, machine)
    with contextlib.suppress(OSError):
        return machine, *{str(address[4][0]) for address in socket.getaddrinfo(machine, None)}
    return (machine,)


def sentence(error: Exception, command: Command) -> str:
    """Return what went wrong at the start, for a person."""
    if isinstance(error, FileInUse | FileTooNew):
        return str(error)
    if isinstance(error, sqlite3.DatabaseError):
        return f"{command.data} cannot be used as a data file: {error}"
    where = f"{command.host}:{command.port}"
    match error.errno if isinstance(error, OSError) else None:
        case errno.EADDRINUSE:
            return (
                f"cannot start on {where}: another program listens there already, perhaps another Stage. "
                f"Take another port (--port {command.port % 65_535 + 1}), or any free one (--port 0)"
            )
        case errno.EACCES if command.port < 1024:
            return f"cannot start on {where}: ports below 1024 are the administrator's. Take a higher one (--port 8765)"
        case errno.EADDRNOTAVAIL:
            return f"cannot start on {where}: this machine has no address {command.host}. Take 127.0.0.1 (--host)"
        case _:
            return f"cannot start on {where} with {command.data}: {error}"


# The command line ------------------------------------------------------------------------------------------------


def parsed(argv: Sequence[str] | None) -> Command:
    """Return what the command line asks for; leave with a message when it does not make sense."""
    parser = argparse.ArgumentParser(
        prog="python -m greenroom_adapters.stage", description="A small social network for this machine."
    )
    add = parser.add_argument
    add("--data", type=Path, default=DEFAULT_DATA, metavar="FILE", help=f"durable file (default: {DEFAULT_DATA})")
    add("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1, this machine alone)")
    add("--port", type=whole_from(0, 65_535), default=0, help="port to listen on (default: 0, any free one)")
    add("--name", default="Stage", help="what the network is called")
    add(
        "--idempotency",
        type=idempotency,
        default=Idempotency(kind=IdempotencyKind.KEYED),
        metavar="CLASS",
        help="keyed, keyed:SECONDS, two_phase, listed or none (default: keyed, for ever)",
    )
    add(
        "--visible-after",
        type=seconds,
        default=timedelta(0),
        metavar="SECONDS",
        help="how long a new post is missing from its author's listing (default: 0)",
    )
    add(
        "--listing-reach",
        type=whole_from(1, 1_000_000),
        default=Options().listing_reach,
        metavar="N",
        help="how many of its own posts an account can list (default: %(default)s)",
    )
    add(
        "--text-limit",
        type=text_limit,
        action="append",
        metavar="N[:RULE]",
        help="longest text, counted by code_points (default), graphemes, utf16_units, utf8_bytes, emoji_as_bytes,"
        " urls_as_23 or x_weighted; repeat it for several limits at once (default: 500)",
    )
    add("--writes", type=writes, metavar="N/SECONDS", help="writes of one account (default: 60000/60)")
    add("--faults", action="store_true", help="let faults be ordered at /api/admin; for rehearsals and tests")
    add("--closed", action="store_true", help="nobody registers by signing in; tokens come from /api/admin/tokens")
    add("--with-parent", action="store_true", help="stop when standard input ends, as it does when the parent dies")
    given = parser.parse_args(argv)
    limits = stage_limits()
    return Command(
        data=given.data,
        host=given.host,
        port=given.port,
        options=Options(
            name=given.name,
            idempotency=given.idempotency,
            visible_after=given.visible_after,
            listing_reach=given.listing_reach,
            limits=replace(limits, text=tuple(given.text_limit)) if given.text_limit else limits,
            closed=given.closed,
        ),
        writes=given.writes,
        faults=given.faults,
        with_parent=given.with_parent,
    )


def whole_from(least: int, most: int) -> Callable[[str], int]:
    """Return a reader of whole numbers in a range."""

    def number(text: str) -> int:
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
        return value

    return number


def seconds(text: str) -> timedelta:
    """Read a length of time in seconds."""
    try:
        return timedelta(seconds=float(text)) if 0 <= float(text) <= 10**8 else refuse_seconds(text)
    except ValueError:
        return refuse_seconds(text)


def refuse_seconds(text: str) -> timedelta:
    """Say what a length of time looks like."""
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")


def idempotency(text: str) -> Idempotency:
    """Read a class of idempotency."""
    kind, colon, window = text.partition(":")
    names = {known.name.lower(): known for known in IdempotencyKind}
    if kind not in names or (colon and names[kind] is not IdempotencyKind.KEYED):
        raise argparse.ArgumentTypeError(f"{text!r} is not one of keyed, keyed:SECONDS, two_phase, listed, none")
    return Idempotency(kind=names[kind], window=seconds(window) if colon else None)


def text_limit(text: str) -> TextLimit:
    """Read a limit with its rule."""
    length, colon, rule = text.partition(":")
    names = {known.name.lower(): known for known in CountingRule}
    if colon and rule not in names:
        raise argparse.ArgumentTypeError(f"{rule!r} is not one of {', '.join(names)}")
    return TextLimit(length=whole_from(1, 1_000_000)(length), rule=names[rule] if colon else CountingRule.CODE_POINTS)


def writes(text: str) -> Writes:
    """Read a number of writes in a length of time."""
    number, slash, per = text.partition("/")
    if not slash or not seconds(per):
        raise argparse.ArgumentTypeError(f"{text!r} is not like 300/60")
    return Writes(number=whole_from(1, 10**9)(number), per=seconds(per))


if __name__ == "__main__":
    sys.exit(main())
