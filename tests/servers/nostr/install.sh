#!/usr/bin/env bash
# Install nostr-relay into a virtual environment of its own, so that its pins do not meet ours: install.sh [FOLDER]
# The tests look for it in .venv-nostr of the checkout, or where NOSTR_RELAY_PYTHON names an interpreter.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
folder="${1:-$here/../../../.venv-nostr}"
if "$folder/bin/python" -c 'import nostr_relay' 2>/dev/null && [ "$folder/done" -nt "$here/requirements.txt" ]; then
  exit 0
fi
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
touch "$folder/done"
