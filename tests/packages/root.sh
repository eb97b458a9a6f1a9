#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Make a fresh, minimal Debian in build/packages/root for the tests of packages,
# from this machine's own sources of Debian. One of the same day is kept. Needs
# root, or sudo. Takes from ten seconds to a minute.
#
# usage: tests/packages/root.sh
#
# Exit status: 0 it is there, 1 it is not, 2 invalid command line, 77 no namespaces
# can be made here.
#
# Example: tests/packages/root.sh
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
. scripts/packages.sh
. tests/packages/namespaces.sh
[ $# -eq 0 ] || usage "unexpected argument $1"

root=build/packages/root
include=systemd,dbus,man-db,bash-completion,curl,procps

need_packages mmdebstrap
become_root "$@"
umask 022
need_namespaces
[ -z "$(find "$root.made" -mtime -1 2>/dev/null)" ] || exit 0
say "making a fresh Debian ($root)"
mkdir -p build/packages
rm -rf "$root" "$root.made"
# shellcheck disable=SC2016 # apt-get replaces these
apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' 'Origin: Debian' | sort -u >"$root.list"
# A proxy, if this machine has one.
apt-config dump --format '%f "%v";%n' Acquire::http >"$root.conf"
# The lists of packages stay, so that the tests can install more.
mmdebstrap --quiet --variant=minbase --include="$include" --skip=cleanup/apt \
    --aptopt="$root.conf" --dpkgopt=force-unsafe-io \
    "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$root" "$root.list"
touch "$root.made"
