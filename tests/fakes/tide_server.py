"""An MCP server of the tests, over stdio: `python tide_server.py`, or over HTTP by `tide_app()`."""

import os
import sys
from typing import Any

from mcp.server import MCPServer

server = MCPServer("tides")


@server.tool()
def high_water(port: str) -> str:
    """Tell when the tide is high in a port."""
    return f"High water at {port}: 09:12"


@server.tool()
def secrets() -> str:
    """Tell what the process was given."""
    return f"{os.environ.get('TIDE_KEY', 'none')} {os.environ.get('HIDDEN', 'none')}"


@server.tool()
def sink() -> str:
    """Fail."""
    raise RuntimeError("the harbour office's password is 1234")


@server.tool()
def die() -> str:
    """End the process in the middle of a call."""
    os._exit(3)


def tide_app() -> Any:
    """Return the application that serves it over HTTP."""
    return server.streamable_http_app()


if __name__ == "__main__":
    sys.exit(server.run("stdio"))
