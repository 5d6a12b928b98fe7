#!/usr/bin/env bash
# Puts the image that deploy/Containerfile begins with into podman's store. Where its registry cannot be reached, a
# stand-in is made of Debian's packages: the same release, the same Python, and its programs where the image has them.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v podman >/dev/null; then
  echo "podman is not here: apt-get install podman buildah catatonit mmdebstrap runc" >&2
  exit 1
fi
image="$(sed -n 's/^FROM \([^ ]*\).*/\1/p' deploy/Containerfile | sort --unique)"
if podman image exists "$image" || timeout 300 podman pull --quiet "$image"; then
  exit
fi
if ! command -v mmdebstrap >/dev/null; then
  echo "$image cannot be had, nor a stand-in be made for it without mmdebstrap: apt-get install mmdebstrap" >&2
  exit 1
fi
echo "Making a stand-in for $image of Debian's packages (a minute) ..."
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
# shellcheck disable=SC2016 - mmdebstrap gives the folder to the hook
mmdebstrap --quiet --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates,netbase,tzdata \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --customize-hook='ln -s /usr/bin/python3 "$1/usr/local/bin/python"; ln -s /usr/bin/pip "$1/usr/local/bin/pip"' \
  trixie "$folder/base.tar"
podman import --quiet --change 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' \
  "$folder/base.tar" "$image" >/dev/null
