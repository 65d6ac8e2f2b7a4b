#!/usr/bin/env bash
# Unpacks a program of Debian sid into a folder, and prints its path. The package has the program's name, and
# the program says its version as `PROGRAM version`:
#
#   conformance/support/fetch-from-sid.sh PROGRAM FOLDER
#
# apt works with sources, lists, cache and pins of its own inside that folder, so the system's stay as
# they are, nothing is installed and root is not needed. The package comes from wherever this machine
# gets Debian from. A second run with the same folder only prints the path.
set -euo pipefail

if [ $# != 2 ]; then
  echo "usage: $0 PROGRAM FOLDER" >&2
  exit 2
fi
program=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
binary=$folder/$program/usr/bin/$program
if [ -x "$binary" ]; then
  echo "$binary"
  exit 0
fi

# Origin and label are known only after an `apt-get update`; before it, the name of the release must do.
targets() { apt-get indextargets "$@" 'Created-By: Packages' 'Component: main'; }
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
mirror=$(targets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' | sed -n 's/^Debian|Debian|//p' | head -n 1)
[ -n "$mirror" ] || mirror=$(targets --no-release-info --format '$(RELEASE)|$(REPO_URI)' |
  sed -n "s/^$release|//p" | head -n 1)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
if [ -z "$mirror" ] || [ ! -r "$keyring" ]; then
  echo "$0: this machine has no Debian sources, or no keyring of Debian's archive" >&2
  exit 1
fi

apt=$folder/apt
mkdir -p "$apt/lists/partial" "$apt/archives/partial"
echo "deb [signed-by=$keyring] $mirror sid main" >"$apt/sources.list"
printf 'Package: *\nPin: release n=sid\nPin-Priority: 100\n' >"$apt/preferences"
# As root, apt would download as a user of its own, who may have no way into this folder.
own=(
  -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::Etc::preferences=$apt/preferences" -o Dir::Etc::preferencesparts=/dev/null
  -o "Dir::State=$apt" -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt"
  -o "Dir::Cache::archives=$apt/archives" -o APT::Sandbox::User=root
  -o Acquire::Languages=none -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false
)
apt-get "${own[@]}" -qq update >&2

download=$(mktemp -d "$folder/download.XXXXXX")
trap 'rm -rf "$download"' EXIT
(cd "$download" && apt-get "${own[@]}" -qq download "$program/sid" >&2)
dpkg -x "$download/$program"_*.deb "$download/$program"
# Only a binary that runs here gets its place.
"$download/$program/usr/bin/$program" version >&2
rm -rf "${folder:?}/$program"
mv "$download/$program" "$folder/$program"
rm -rf "$apt"
echo "$binary"
