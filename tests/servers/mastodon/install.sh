#!/usr/bin/env bash
# Unpack snac2, a small server with the Mastodon API, from Debian's backports without changing the system: install.sh [FOLDER]
# The tests look for it in .snac of the checkout, or where SNAC names its program. Needs apt, and a C compiler for hurry.c.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
folder="${1:-$here/../../../.snac}"
mkdir -p "$folder"
folder="$(cd "$folder" && pwd)"
if [ ! -x "$folder/usr/bin/snac" ]; then
  mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial"
  mirror="$(apt-get indextargets --format '$(REPO_URI)' | grep -m1 '/debian/*$')" # the Debian mirror of this machine
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm-backports main" >"$folder/apt/sources.list"
  options=(-o "Dir::Etc::SourceList=$folder/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$folder/apt/lists" -o "Dir::Cache=$folder/apt/cache" -o APT::Sandbox::User=root)
  apt-get "${options[@]}" update -qq
  (cd "$folder" && apt-get "${options[@]}" download -qq snac2 && dpkg-deb -x snac2_*.deb .)
  rm -rf "$folder/apt"
fi
if [ ! "$folder/hurry.so" -nt "$here/hurry.c" ]; then
  "${CC:-cc}" -O2 -Wall -shared -fPIC -o "$folder/hurry.so" "$here/hurry.c" -ldl
fi
