"""A real Stage in a process of its own, for tests of adapters and bots. Standard library only."""

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["RunningStage", "StageDidNotStart"]

START_DEADLINE = 20.0
STOP_DEADLINE = 10.0


class StageDidNotStart(Exception):
    """The server ended, or was not ready in time; the message holds what it said."""


class RunningStage:
    """One Stage: started by `start` or by entering, stopped by `stop` or by leaving.

    Its state lies in `data` and outlives `kill` and `stop`; without a path it lies in a folder that leaving removes.
    The server never outlives this process, however that ends.
    """

    def __init__(self, *options: str, data: Path | None = None, port: int = 0) -> None:
        """Take the options of `python -m greenroom_adapters.stage`, without `--data` and `--port`."""
        self._options = options
        self._folder = tempfile.TemporaryDirectory(prefix="stage-") if data is None else None
        self.data = Path(self._folder.name) / "stage.db" if self._folder is not None else Path(str(data))
        """The server's SQLite file. Others may read it at any time."""
        self._port = port
        self._process: subprocess.Popen[str] | None = None
        self._log: list[str] = []
        self._log_reader: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end; known after the first start, and the same after each other."""
        if self._port == 0:
            raise RuntimeError("the Stage was never started")
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        return self._running().pid

    @property
    def log(self) -> str:
        """What the server wrote to its standard error, over all starts."""
        return "".join(self._log)

    @property
    def alive(self) -> bool:
        """Whether the server runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start the server and return when it accepts requests.

        :raises StageDidNotStart: it did not, with its reason
        """
        if self.alive:
            raise RuntimeError("the Stage is running")
        command = [sys.executable, "-m", "greenroom_adapters.stage", "--data", str(self.data)]
        command += ["--port", str(self._port), "--with-parent", *self._options]
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own module, no shell
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        self._process = process
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read_output, args=(process, lines), daemon=True).start()
        self._log_reader = threading.Thread(target=self._read_log, args=(process,), daemon=True)
        self._log_reader.start()
        try:
            line = lines.get(timeout=START_DEADLINE)
        except queue.Empty:
            line = ""
        if not line.startswith("READY "):
            self.kill()
            raise StageDidNotStart(self.log.strip() or "the Stage was not ready in time")
        ready = json.loads(line.removeprefix("READY "))
        self._port = int(ready["url"].rpartition(":")[2])
        return self

    def kill(self) -> None:
        """Kill the server without a word (SIGKILL). Not running: nothing happens."""
        if self._process is not None:
            self._process.kill()
            self._ended()

    def stop(self) -> int:
        """Stop the server cleanly and return its exit code; 0 when it was not running."""
        if self._process is None:
            return 0
        self._process.terminate()
        try:
            self._process.wait(STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
        return self._ended()

    def restart(self) -> Self:
        """Start the server again on the same file and port; kill it first when it is running."""
        self.kill()
        return self.start()

    def freeze(self) -> None:
        """Stop the server in its tracks (SIGSTOP): connections stay open and nothing answers."""
        self._running().send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        self._running().send_signal(signal.SIGCONT)

    # Talking to it -----------------------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send one request with a JSON body and return the answer's JSON; None for an empty answer.

        :raises urllib.error.HTTPError: the Stage refused; its body holds `{"error", "message"}`
        """
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        request = urllib.request.Request(  # noqa: S310 - the address is our own
            self.url + path, None if body is None else json.dumps(body).encode(), sent, method=method
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the address is our own
            content = answer.read()
        return json.loads(content) if content else None

    def sign_in(self, handle: str, **person: object) -> str:
        """Sign in (registering on first sight) and return the token; `person` may have `name`, `bio`, `bot`."""
        token: str = self.call("POST", "/api/session", {"handle": handle, **person})["token"]
        return token

    def say(self, token: str, text: str, **place: object) -> Mapping[str, Any]:
        """Post as somebody and return the post; `place` may have `in_reply_to`, `room`, `direct_to` and the like."""
        post: Mapping[str, Any] = self.call("POST", "/api/posts", {"text": text, **place}, token=token)
        return post

    def order(self, kind: str, **details: object) -> str:
        """Order a fault (needs the option `--faults`) and return its id."""
        order: str = self.call("POST", "/api/admin/faults", {"kind": kind, **details})["id"]
        return order

    def ordered(self) -> Sequence[Mapping[str, Any]]:
        """Return the orders that are left."""
        left: Sequence[Mapping[str, Any]] = self.call("GET", "/api/admin/faults")["faults"]
        return left

    def clear_orders(self) -> None:
        """Forget all orders."""
        self.call("DELETE", "/api/admin/faults")

    def __enter__(self) -> Self:
        if not self.alive:
            self.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.stop()
        if self._folder is not None:
            self._folder.cleanup()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise RuntimeError("the Stage is not running")
        return self._process

    def _ended(self) -> int:
        process = self._running()
        code = process.wait(STOP_DEADLINE)
        if process.stdin is not None:
            process.stdin.close()
        if self._log_reader is not None:
            self._log_reader.join(STOP_DEADLINE)
        self._process = None
        return code

    def _read_output(self, process: subprocess.Popen[str], lines: "queue.SimpleQueue[str]") -> None:
        if process.stdout is not None:
            with process.stdout as output:
                for line in output:
                    lines.put(line)
        lines.put("")

    def _read_log(self, process: subprocess.Popen[str]) -> None:
        if process.stderr is not None:
            with process.stderr as log:
                self._log.extend(log)
