#!/usr/bin/env python3
"""A private snac2, which speaks the Mastodon API, on a loopback address of its own.

snac's reader of mentions stops at a colon, so its host must carry no port: it needs port 80 (root,
CAP_NET_BIND_SERVICE or net.ipv4.ip_unprivileged_port_start) of the first address that nobody has. SNAC names the
program.
People are added by `snac adduser`, also while it runs.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from serving import Servers, arguments, missing, program

ADDRESSES = [f"127.0.0.{number}" for number in range(77, 97)]
CHANGES = {
    "protocol": "http",
    "num_threads": 16,  # it delivers to itself: with the usual few, each delivery could wait for all the others
}


def free(addresses: list[str]) -> str:
    """Return the first address whose port 80 can be had."""
    reason = "all are taken"
    for address in addresses:
        try:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, 80))
        except PermissionError:
            missing("port 80 needs root or CAP_NET_BIND_SERVICE")
        except OSError as taken:
            reason = str(taken.strerror)
        else:
            return address
    missing(f"port 80 of {addresses[0]} cannot be had: {reason}")


def main() -> None:
    options = arguments(__doc__ or "")
    snac = Path(os.environ.get("SNAC") or program("snac", "tests/servers/mastodon/install.sh")).resolve()
    hurry = snac.parents[2] / "hurry.so"
    if not snac.exists() or not hurry.exists():
        missing("snac is not installed: run tests/servers/mastodon/install.sh, or set SNAC")
    with Servers(options) as servers:
        data = servers.directory / "data"
        known = data / "server.json"
        # started again, it is where it was
        address = free([json.loads(known.read_text())["address"]] if known.exists() else ADDRESSES)
        if not data.exists():
            # What `snac init` asks: address, port, host name, path before everything, the administrator's mail.
            answers = f"{address}\n80\n{address}\n\nadmin@example.com\n"
            subprocess.run([snac, "init", str(data)], input=answers, text=True, check=True, capture_output=True)
            settings = data / "server.json"
            settings.write_text(json.dumps(json.loads(settings.read_text()) | CHANGES))
        # SIGTERM makes it wait for its threads; what it has written is on disk.
        command = [str(snac), "httpd", str(data)]
        server = servers.start("snac", command, env={"LD_PRELOAD": str(hurry)}, stop=signal.SIGKILL)
        servers.wait_for_port(80, address)
        servers.serve(url=f"http://{address}:80", server_pid=server.pid, snac=str(snac), data=str(data))


if __name__ == "__main__":
    main()
