#!/usr/bin/env bash
# Install Synapse into a virtual environment of its own, so that its pins do not meet ours: install.sh [FOLDER]
# The tests look for it in .venv-synapse of the checkout, or where SYNAPSE_PYTHON names an interpreter.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
folder="${1:-$here/../../../.venv-synapse}"
if "$folder/bin/python" -c 'import synapse' 2>/dev/null && [ "$folder/done" -nt "$here/requirements.txt" ]; then
  exit 0
fi
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
touch "$folder/done"
