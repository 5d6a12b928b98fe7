#!/usr/bin/env python3
"""A private nostr-relay (SQLite) on loopback.

Needs nostr-relay in the interpreter named by NOSTR_RELAY_PYTHON (default: the one that runs this). `--settings` is JSON
that is laid over the relay's own configuration, for example {"authentication": {"enabled": true}}.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from serving import Servers, arguments, free_port, missing

VALIDATORS = ["is_not_too_large", "is_signed", "is_recent", "is_not_hellthread"]


def configuration(state: Path, port: int) -> dict[str, Any]:
    """Return what the relay ships with, at this port and on this database."""
    return {
        "relay_name": "a relay on loopback",
        "storage": {
            "sqlalchemy.url": f"sqlite+aiosqlite:///{state / 'nostr.sqlite3'}",
            "num_concurrent_reqs": 10,
            "num_concurrent_adds": 2,
            "validators": [f"nostr_relay.validators.{name}" for name in VALIDATORS],
        },
        "gunicorn": {"bind": f"127.0.0.1:{port}", "loglevel": "info"},
        "authentication": {"enabled": False},
        "message_timeout": 1800,
        "subscription_limit": 32,
        "max_limit": 6000,
        "hellthread_limit": 100,
    }


def main() -> None:
    options = arguments(__doc__ or "", settings="JSON to be laid over the relay's configuration")
    python = os.environ.get("NOSTR_RELAY_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import nostr_relay"], capture_output=True, check=False).returncode != 0:
        missing("nostr-relay is not installed (pip install nostr-relay, or set NOSTR_RELAY_PYTHON)")
    with Servers(options) as servers:
        state, port = servers.directory, options.port or free_port()
        settings = configuration(state, port) | json.loads(options.settings or "{}")
        # YAML is a superset of JSON: no templates, no quoting.
        (state / "config.yaml").write_text(json.dumps(settings, indent=1))
        command = [str(Path(python).parent / "nostr-relay"), "-c", str(state / "config.yaml"), "serve", "--use-uvicorn"]
        # one process, and not gunicorn's several: a kill is the end of it
        server = servers.start("relay", command, env={"HOME": str(state)})
        servers.wait_for_port(port)
        servers.serve(url=f"http://127.0.0.1:{port}", server_pid=server.pid)


if __name__ == "__main__":
    main()
