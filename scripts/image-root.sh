#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes the folder that is the root of the container image: the service without
# its symbols, the libraries that its loader finds for it, the certificates of the
# system, the user lunar (65532), an empty /data that is its own, and the licences. No
# shell, and no other program. Which versions of the packages of Debian are in it
# stands where scanners look for it. Needs root, as the files belong to root, and
# the packages binutils and ca-certificates.
#
# usage: scripts/image-root.sh BINARY FOLDER
#   FOLDER  is made, and must not exist
#
# Exit status: 0 it is made, 1 it is not, 2 invalid command line.
#
# Example: scripts/image-root.sh build/release/lunar.service build/image
set -euo pipefail
SCRIPT=$0
SOURCE=$(dirname "$(readlink -f "$0")")/..
# shellcheck source=scripts/help.sh
. "$SOURCE/scripts/help.sh"
read_help "$@"
[ $# -eq 2 ] || usage "one BINARY and one FOLDER are needed"
BINARY=$1
ROOT=$2
CERTIFICATES=/etc/ssl/certs/ca-certificates.crt
readonly UID_OF_LUNAR=65532

fail() {
    say "$1"
    exit 1
}

# libraries: the paths of all libraries, and of the loader. Which ones it is,
# the loader says; ldd prints "NAME => PATH (ADDRESS)", or "PATH (ADDRESS)".
libraries() {
    local found
    found=$(ldd "$BINARY") || fail "$BINARY cannot be loaded here"
    ! grep 'not found' <<<"$found" >&2 || fail "install these libraries"
    sed -n 's/^.*[[:blank:]]\(\/[^ ]*\) (0x[0-9a-f]*)$/\1/p' <<<"$found"
}

# package_of FILE: dpkg knows a file below /lib by that name, or by /usr/lib.
package_of() {
    local found
    found=$(dpkg-query -S "$1" 2>/dev/null || dpkg-query -S "/usr$1") ||
        fail "no package has $1"
    echo "${found%%: *}"
}

# add_package PACKAGE: its licences, and its entry for scanners.
add_package() {
    local name=${1%%:*} path copyright=/usr/share/doc/${1%%:*}/copyright
    install -D -m 644 "$copyright" "$ROOT$copyright"
    # Texts that it refers to; most refer to one.
    sed -n 's/.*\(\/usr\/share\/common-licenses\/[A-Za-z0-9.-]*[A-Za-z0-9]\).*/\1/p' \
        "$copyright" | sort -u |
        while read -r path; do
            [ ! -e "$path" ] || install -D -m 644 "$path" "$ROOT$path"
        done
    dpkg-query -s "$1" >"$ROOT/var/lib/dpkg/status.d/$name"
}

add_files() {
    local path
    install -D -m 755 "$BINARY" "$ROOT/usr/bin/lunar.service"
    strip --strip-all "$ROOT/usr/bin/lunar.service"
    for path in "${LIBRARIES[@]}"; do
        install -D -m 755 "$path" "$ROOT$path"
    done
    install -D -m 644 "$CERTIFICATES" "$ROOT$CERTIFICATES"
    # OpenSSL, by which librdkafka speaks to brokers, looks here.
    install -d "$ROOT/usr/lib/ssl"
    ln -s "$CERTIFICATES" "$ROOT/usr/lib/ssl/cert.pem"
    for path in LICENSE docs/third-party.md openapi/third-party.txt; do
        install -D -m 644 "$SOURCE/$path" "$ROOT/usr/share/doc/lunar-service/$path"
    done
}

# getaddrinfo(3) needs no file: the C library has the modules for /etc/hosts and for
# the DNS in itself since glibc 2.34, and asks them in this order without
# nsswitch.conf. A runtime makes hosts and resolv.conf.
add_user_and_folders() {
    local id=$UID_OF_LUNAR
    printf '%s\n' 'root:x:0:0:root:/:/nonexistent' \
        "lunar:x:$id:$id:lunar.service:/data:/nonexistent" >"$ROOT/etc/passwd"
    printf '%s\n' root:x:0: "lunar:x:$id:" >"$ROOT/etc/group"
    install -d -m 700 -o $id -g $id "$ROOT/data"
    install -d -m 1777 "$ROOT/tmp"
}

[ ! -e "$ROOT" ] || fail "$ROOT exists already: remove it, or choose another folder"
[ "$(id -u)" -eq 0 ] || fail "the files of an image belong to root: run this as root"
[ -r "$CERTIFICATES" ] || fail "$CERTIFICATES is missing: install ca-certificates"
umask 022
found=$(libraries)
mapfile -t LIBRARIES <<<"$found"
mkdir -p "$ROOT/var/lib/dpkg/status.d"
add_files
add_user_and_folders
for path in "${LIBRARIES[@]}" /usr/share/doc/ca-certificates; do
    package=$(package_of "$path")
    add_package "$package"
done
