"""Where tools come from: functions of the owner's own, and real MCP servers over stdio and HTTP."""

import asyncio
import os
import shlex
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from greenroom.clock import SystemClock
from greenroom.personas.allowing import Allowed
from greenroom.settings.secrets import SecretRef
from greenroom.settings.tools import Tool
from greenroom.tools import Toolbox, ToolFailed, build_toolbox
from greenroom.tools.functions import FunctionSource
from greenroom.tools.mcp_server import McpServer
from greenroom_adapters.contract import ConfigurationError, Secret, Trust

SERVER = Path(__file__).parents[2] / "fakes" / "tide_server.py"
COMMAND = f"{sys.executable} {SERVER}"
FUNCTIONS = '''
import asyncio
import threading
import time

def tide(port: str, days: int = 1) -> str:
    """Tell the tide of a port."""
    return f"{port}: high at nine, {days} day(s)"

async def log(words: list[str]) -> dict[str, int]:
    """Count words."""
    await asyncio.sleep(0)
    return {word: len(word) for word in words}

def broken() -> str:
    """Fail."""
    raise ValueError("the password is 1234")

def odd() -> object:
    """Return what is no text."""
    return object()

def slow() -> str:
    """Take its time."""
    time.sleep(0.5)
    return "late"

def leaves() -> str:
    """End the process."""
    raise SystemExit(3)

async def leaves_too() -> str:
    """End the process."""
    raise SystemExit(3)

def hangs() -> str:
    """Never return."""
    threading.Event().wait()

def silent():
    return 1

def strange(value: "NoSuchType"):
    """Have parameters that nobody knows."""

word = "no function"
'''


@pytest.fixture
def functions(tmp_path: Path) -> Path:
    file = tmp_path / "own.py"
    file.write_text(FUNCTIONS)
    return file


HANGING = """
import asyncio, sys
from contextlib import suppress
from pathlib import Path
from greenroom.tools.functions import FunctionSource

async def main():
    source = FunctionSource(Path(sys.argv[1]), "hangs", tool="hangs")
    for _ in range(50):
        with suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                await source.call("", {})
    print(await asyncio.to_thread(lambda: "the disk is read"))

asyncio.run(main())
"""


# Functions


@pytest.mark.asyncio
async def test_functions_that_never_return_keep_neither_the_bot_nor_its_end_waiting(functions: Path) -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HANGING, str(functions), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        out, complaint = await asyncio.wait_for(program.communicate(), 60)
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    assert (program.returncode, out.decode().strip(), complaint) == (0, "the disk is read", b"")


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["leaves", "leaves_too"])
async def test_a_function_that_would_end_the_process_has_only_failed(functions: Path, name: str) -> None:
    with pytest.raises(ToolFailed, match="SystemExit: 3"):
        await FunctionSource(functions, name, tool=name).call("", {})


def test_a_file_that_ends_the_process_when_it_is_loaded_is_told(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text("raise SystemExit(0)\n")
    with pytest.raises(ConfigurationError, match=r"own\.py cannot be loaded: SystemExit"):
        FunctionSource(file, "clock", tool="clock")


@pytest.mark.asyncio
async def test_a_function_is_described_by_its_annotations_and_called_by_name(functions: Path) -> None:
    source = FunctionSource(functions, "tide", tool="tides")
    (offer,) = await source.offers()
    assert (offer.name, offer.description) == ("", "Tell the tide of a port.")
    assert offer.parameters["properties"]["port"]["type"] == "string"
    assert offer.parameters["required"] == ["port"]
    assert await source.call("", {"port": "Cascais"}) == "Cascais: high at nine, 1 day(s)"
    log = FunctionSource(functions, "log", tool="log")
    assert await log.call("", {"words": ["gull"]}) == '{"gull":4}'


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("tide", {}, "wrong arguments: port"),
        ("tide", {"port": "a", "days": "many"}, "wrong arguments: days"),
        ("tide", {"port": "a", "nobody": 1}, "wrong arguments: nobody"),
        ("broken", {}, "it raised ValueError"),
        ("odd", {}, "no text and no JSON"),
    ],
)
async def test_a_function_that_fails_says_why(functions: Path, name: str, arguments: dict[str, Any], why: str) -> None:
    with pytest.raises(ToolFailed, match=why):
        await FunctionSource(functions, name, tool="own").call("", arguments)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nobody", "own.py has no function nobody"),
        ("word", "own.py has no function word"),
        ("silent", "silent needs a docstring"),
        ("strange", "the parameters of strange cannot be described"),
    ],
)
def test_a_function_that_cannot_be_offered_is_told(functions: Path, name: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        FunctionSource(functions, name, tool="own")


def test_a_file_that_cannot_be_loaded_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no file own\.py"):
        FunctionSource(tmp_path / "own.py", "tide", tool="own")
    (tmp_path / "own.py").write_text("1 / 0")
    with pytest.raises(ConfigurationError, match=r"own\.py cannot be loaded: ZeroDivisionError"):
        FunctionSource(tmp_path / "own.py", "tide", tool="own")


# MCP


def mcp_server(where: str, *, key: Secret | None = None, env: Mapping[str, str] | None = None) -> McpServer:
    return McpServer(where, tool="tides", key=key, env=env or {}, clock=SystemClock(), within=timedelta(seconds=30))


@pytest.mark.asyncio
async def test_a_command_is_started_asked_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIDDEN", "a secret of the bot")
    server = mcp_server(COMMAND, env={"TIDE_KEY": "given"})
    try:
        offers = {offer.name: offer for offer in await server.offers()}
        assert list(offers) == ["high_water", "secrets", "sink", "die"]
        assert offers["high_water"].parameters["required"] == ["port"]
        assert await server.call("high_water", {"port": "Cascais"}) == "High water at Cascais: 09:12"
        assert await server.call("secrets", {}) == "given none"
        with pytest.raises(ToolFailed, match="it says that it failed"):
            await server.call("sink", {})
        with pytest.raises(ToolFailed):
            await server.call("high_water", {})
        with pytest.raises(ToolFailed):
            await server.call("die", {})
        # it is started again
        assert await server.call("high_water", {"port": "Cascais"}) == "High water at Cascais: 09:12"
    finally:
        await server.aclose()
        await server.aclose()
    with pytest.raises(ToolFailed, match="closed"):
        await server.call("high_water", {"port": "Cascais"})


@pytest.mark.asyncio
async def test_a_command_that_is_not_there_is_left_in_peace_for_a_while() -> None:
    server = mcp_server("no-such-command-anywhere")
    with pytest.raises(ToolFailed, match="cannot be reached: FileNotFoundError"):
        await server.offers()
    with pytest.raises(ToolFailed, match="a moment ago"):
        await server.offers()
    await server.aclose()


@pytest.mark.asyncio
async def test_a_command_whose_start_is_given_up_leaves_no_process(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    silent = f"import os, sys, pathlib; pathlib.Path({str(mark)!r}).write_text(str(os.getpid())); sys.stdin.read()"
    server = mcp_server(shlex.join([sys.executable, "-c", silent]))
    asking = asyncio.create_task(server.offers())
    async with asyncio.timeout(60):
        while not (mark.is_file() and mark.read_text()):
            await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await server.aclose()
        while is_running(int(mark.read_text())):
            await asyncio.sleep(0.01)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


class Guarded:
    """Takes nobody without the key."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers", ()))
        if scope["type"] == "http" and headers.get(b"authorization") != b"Bearer sk-tides":
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await self.app(scope, receive, send)


@asynccontextmanager
async def over_http() -> AsyncIterator[str]:
    from tide_server import tide_app

    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(Guarded(tide_app()), log_level="critical", ws="none", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
        finally:
            server.should_exit = True
            await task


@pytest.mark.asyncio
async def test_a_server_at_an_address_is_asked_with_its_key() -> None:
    async with over_http() as address:
        stranger = mcp_server(address)
        with pytest.raises(ToolFailed, match="cannot be reached"):
            await stranger.offers()
        await stranger.aclose()
        server = mcp_server(address, key=Secret("sk-tides"))
        assert "high_water" in [offer.name for offer in await server.offers()]
        assert await server.call("high_water", {"port": "Cascais"}) == "High water at Cascais: 09:12"
        await server.aclose()


# The toolbox


def toolbox(tools: Mapping[str, dict[str, Any]], environ: Mapping[str, str] | None = None, **allowed: Any) -> Toolbox:
    def resolve(reference: SecretRef, owner: str) -> Secret:
        return Secret("sk-tides")

    built = build_toolbox(
        {name: Tool.model_validate(tool) for name, tool in tools.items()},
        Allowed.model_validate(allowed),
        resolve=resolve,
        environ=environ or {},
        clock=SystemClock(),
    )
    assert built is not None
    return built


@pytest.mark.asyncio
async def test_each_level_has_its_own_tools_and_those_below(functions: Path) -> None:
    own = {name: {"python": f"{functions}:{name}"} for name in ("tide", "log", "broken")}
    box = toolbox(own, anyone=["tide"], moderators="log", owner=["broken"])
    names = {trust: sorted(tool.name for tool in await box.tools(trust)) for trust in Trust}
    assert names == {
        Trust.BLOCKED: [],
        Trust.ANYONE: ["tide"],
        Trust.MODERATOR: ["log", "tide"],
        Trust.OWNER: ["broken", "log", "tide"],
    }
    await box.aclose()


@pytest.mark.asyncio
async def test_one_tool_of_a_server_can_be_allowed_alone_and_a_server_that_is_gone_has_none() -> None:
    servers = {"tides": {"mcp": COMMAND}, "gone": {"mcp": "no-such-command-anywhere"}}
    box = toolbox(servers, anyone=["tides/high_water", "gone"], owner="tides")
    assert [tool.name for tool in await box.tools(Trust.ANYONE)] == ["tides__high_water"]
    assert [tool.title for tool in await box.tools(Trust.ANYONE)] == ["tides/high_water"]
    assert len(await box.tools(Trust.OWNER)) == 4
    await box.aclose()


@pytest.mark.asyncio
async def test_what_takes_too_long_is_given_up(functions: Path) -> None:
    box = toolbox({"slow": {"python": f"{functions}:slow", "within": timedelta(seconds=0.05)}}, anyone="slow")
    (tool,) = await box.tools(Trust.ANYONE)
    with pytest.raises(ToolFailed, match=r"longer than 0\.05 seconds"):
        await box.call(tool, {})
    await box.aclose()


def test_what_the_persona_names_must_be_there(functions: Path) -> None:
    tools = {"tides": {"python": f"{functions}:tide"}}
    with pytest.raises(ConfigurationError, match=r"Did you mean `tides`\?"):
        toolbox(tools, anyone="tide")
    with pytest.raises(ConfigurationError, match=r"Add it there: weather: \{mcp: COMMAND"):
        toolbox({}, owner="weather")
    with pytest.raises(ConfigurationError, match="the environment variable TIDE_KEY is not set"):
        toolbox({"tides": {"mcp": COMMAND, "env": "TIDE_KEY"}}, owner="tides")
