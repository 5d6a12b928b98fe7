"""Hosts on one machine: networks of their own (namespaces of Linux), each with a link to this one that can go down."""

import ctypes
import os
import shutil
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["Host", "why_no_hosts"]

NETWORK = 0x40000000
"""CLONE_NEWNET."""


def why_no_hosts() -> str | None:
    """Return why this process may make no networks; None: it may."""
    if os.geteuid() != 0:
        return "networks of their own are made by root"
    if shutil.which("ip") is None:
        return "the program `ip` is not installed: apt-get install iproute2"
    name = f"gr{os.getpid()}-try"
    made = _ip("netns", "add", name, check=False)
    if made.returncode == 0:
        _ip("netns", "del", name)
        return None
    return f"networks of their own are not allowed here: {made.stderr.strip()}"


class Host:
    """A context manager: the network lives as long as it."""

    def __init__(self, number: int) -> None:
        """`number`: another one for each host of this process, from 0 to 63."""
        self._name = f"gr{os.getpid()}-{number}"
        self._near, self._far = f"gr{os.getpid() % 100_000}n{number}", f"gr{os.getpid() % 100_000}f{number}"
        network = f"10.{200 + os.getpid() // 256 % 56}.{os.getpid() % 256}"
        self.here = f"{network}.{4 * number + 1}"
        """Address of this machine, as the host reaches it."""
        self._there = f"{network}.{4 * number + 2}"

    @property
    def command(self) -> list[str]:
        """What begins the command line of a program that is to run there."""
        return ["ip", "netns", "exec", self._name]

    def __enter__(self) -> Self:
        _ip("netns", "add", self._name)
        try:
            _ip("link", "add", self._near, "type", "veth", "peer", "name", self._far, "netns", self._name)
            _ip("addr", "add", f"{self.here}/30", "dev", self._near)
            _ip("link", "set", self._near, "up")
            _ip("-n", self._name, "addr", "add", f"{self._there}/30", "dev", self._far)
            for link in ("lo", self._far):
                _ip("-n", self._name, "link", "set", link, "up")
        except BaseException:
            _ip("netns", "del", self._name)
            raise
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        # the link goes with it, at once: what still runs there may keep the network itself for a while
        _ip("link", "del", self._near, check=False)
        _ip("netns", "del", self._name)

    def link(self, state: str) -> None:
        """Set the link `up` or `down`; the host goes on sending, and nothing arrives."""
        _ip("link", "set", self._near, state)

    def listen(self, port: int) -> socket.socket:
        """Return a socket that listens on 127.0.0.1 of that host, to be used from here."""

        def listen() -> socket.socket:
            libc = ctypes.CDLL(None, use_errno=True)
            with Path(f"/run/netns/{self._name}").open("rb") as network:
                # of this thread only, which ends here
                if libc.setns(network.fileno(), NETWORK):
                    raise OSError(ctypes.get_errno(), "the network of the host cannot be entered")
            return socket.create_server(("127.0.0.1", port))

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(listen).result()


def _ip(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    made = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607 - ours
    if check and made.returncode:
        raise OSError(f"ip {' '.join(arguments)}: {made.stderr.strip()}")
    return made
