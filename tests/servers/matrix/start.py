#!/usr/bin/env python3
"""A private Synapse (SQLite, no federation) on loopback.

Needs matrix-synapse in the interpreter named by SYNAPSE_PYTHON (default: the one that runs this).
SYNAPSE_REAL_LIMITS=1 keeps Synapse's own rate limits instead of practically none.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from serving import Servers, arguments, free_port, missing

SERVER_NAME = "bot.test"
SECRET = "loopback-registration-secret"  # for tests; the listener is on loopback only


def configuration(state: Path, port: int, *, real_limits: bool) -> dict[str, object]:
    settings: dict[str, object] = {
        "server_name": SERVER_NAME,
        "report_stats": False,
        "pid_file": str(state / "synapse.pid"),
        "signing_key_path": str(state / "signing.key"),
        "log_config": str(state / "log.json"),
        "media_store_path": str(state / "media"),
        "database": {"name": "sqlite3", "args": {"database": str(state / "homeserver.db")}},
        "registration_shared_secret": SECRET,
        "macaroon_secret_key": "loopback-macaroon",
        "form_secret": "loopback-form",
        "enable_registration": False,
        "suppress_key_server_warning": True,
        "trusted_key_servers": [],
        "federation_domain_whitelist": [],
        "bcrypt_rounds": 4,  # passwords of an hour
        "presence": {"enabled": False},
        "url_preview_enabled": False,
        "listeners": [
            {
                "port": port,
                "bind_addresses": ["127.0.0.1"],
                "type": "http",
                "tls": False,
                "x_forwarded": False,
                "resources": [{"names": ["client", "media"], "compress": False}],
            }
        ],
    }
    if not real_limits:
        open_ = {"per_second": 10000, "burst_count": 10000}
        settings |= {
            "rc_message": open_,
            "rc_registration": open_,
            "rc_login": {"address": open_, "account": open_, "failed_attempts": open_},
            "rc_joins": {"local": open_, "remote": open_},
            "rc_invites": {"per_room": open_, "per_user": open_, "per_issuer": open_},
            "rc_media_create": open_,
        }
    return settings


def main() -> None:
    options = arguments(__doc__ or "")
    python = os.environ.get("SYNAPSE_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import synapse"], capture_output=True, check=False).returncode != 0:
        missing("matrix-synapse is not installed (pip install matrix-synapse, or set SYNAPSE_PYTHON)")
    with Servers(options) as servers:
        state, port = servers.directory, options.port or free_port()
        # YAML is a superset of JSON: no templates, no quoting.
        (state / "homeserver.yaml").write_text(
            json.dumps(configuration(state, port, real_limits=os.environ.get("SYNAPSE_REAL_LIMITS") == "1"), indent=1)
        )
        handler = {"class": "logging.FileHandler", "filename": str(state / "synapse-server.log")}
        (state / "log.json").write_text(
            json.dumps(
                {"version": 1, "handlers": {"file": handler}, "root": {"level": "WARNING", "handlers": ["file"]}}
            )
        )
        command = [python, "-m", "synapse.app.homeserver", "-c", str(state / "homeserver.yaml")]
        if not (state / "signing.key").exists():
            subprocess.run([*command, "--generate-keys"], check=True, capture_output=True)
        server = servers.start("synapse", command)
        url = f"http://127.0.0.1:{port}"

        def healthy() -> bool:
            try:
                with urllib.request.urlopen(f"{url}/health", timeout=1):
                    return True
            except (urllib.error.URLError, OSError):
                return False

        servers.wait("synapse", healthy)
        servers.serve(url=url, server_pid=server.pid, server_name=SERVER_NAME, registration_secret=SECRET)


if __name__ == "__main__":
    main()
