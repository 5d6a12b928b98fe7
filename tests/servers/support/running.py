"""Platform servers as processes of their own, for the tests that need a real one."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

RECIPES = Path(__file__).resolve().parents[1]
CHECKOUT = RECIPES.parents[1]
START_SECONDS = 120.0
STOP_SECONDS = 15.0


def unavailable(reason: str) -> None:
    """Skip on a developer's machine; on a build server, where everything is installed first, fail."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


class RunningServer:
    """One server of the recipe `tests/servers/NAME/start.py`: started by entering, stopped by leaving.

    Only its own process is signalled, by its own id; that one stops its children. Its state outlives `kill` and lies in
    a folder of its own that anybody may read: some servers run as another user when the tests run as root.
    """

    def __init__(self, recipe: str, *options: str, environment: Mapping[str, str] | None = None) -> None:
        self._recipe = recipe
        self._options = options
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[str] | None = None
        self.directory = Path(tempfile.mkdtemp(prefix=f"greenroom-{recipe}-"))
        self.directory.chmod(0o755)
        self.facts: dict[str, Any] = {}
        """What its READY line says: addresses and credentials."""

    def start(self) -> Self:
        """Start it, again on the same port when it ran before; return when it accepts requests."""
        command = [sys.executable, str(RECIPES / self._recipe / "start.py"), "--dir", str(self.directory)]
        port = str(self.facts["url"]).rpartition(":")[2] if self.facts else "0"
        command += ["--port", port, "--with-parent", *self._options]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self._environment
        )
        said = self._said_until_ready(self._process)
        if not said[-1].startswith("READY "):
            self.stop()
            if said[-1].startswith("MISSING "):
                unavailable(said[-1].removeprefix("MISSING "))
            pytest.fail("".join(said), pytrace=False)
        self.facts = json.loads(said[-1].removeprefix("READY "))
        return self

    def kill(self) -> None:
        """Kill the server itself without a word."""
        os.kill(int(self.facts["server_pid"]), signal.SIGKILL)
        self._wait()

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
        self._wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _said_until_ready(self, process: "subprocess.Popen[str]") -> list[str]:
        assert process.stdout is not None
        said: list[str] = []
        deadline = time.monotonic() + START_SECONDS
        while not (said and said[-1].startswith(("READY ", "MISSING "))):
            readable, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            line = process.stdout.readline() if readable else ""
            said.append(line.strip() if line else f"{self._recipe} said nothing more; logs: {self.directory}")
            if not line:
                break
        return said

    def _wait(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def own_python(variable: str, folder: str) -> str | None:
    """Return the interpreter of a server's own environment: named by a variable, else in the checkout."""
    named = os.environ.get(variable)
    default = CHECKOUT / folder / "bin" / "python"
    return named or (str(default) if default.exists() else None)
