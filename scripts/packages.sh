# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the other scripts, in the project's folder: gets what they need,
# on Debian and its relatives, and says what that is elsewhere.

say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }

# usage WHAT: what is wrong with the arguments, and the script's own lines on
# them.
usage() {
    say "$1"
    sed -n '/^# usage:/,/^[^#]/s/^# \{0,1\}//p' "scripts/$(basename "$0")" >&2
    exit 2
}

# need_packages PACKAGE...: install those that are missing.
need_packages() {
    local missing=() package as_root=()
    if ! command -v apt-get >/dev/null; then
        say "this is no Debian; what is needed, by Debian's names: $*"
        say "install it, then: cmake --preset release && cmake --build --preset release"
        exit 1
    fi
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            say "these packages are missing, and there is no sudo to install them with:"
            say "  apt-get install --no-install-recommends ${missing[*]}"
            exit 1
        fi
        as_root=(sudo)
    fi
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get update -q >&2
    "${as_root[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
}

# need_npm DIR: the files of DIR's lock file, if they are not there yet.
need_npm() {
    local stamp="$1/node_modules/.package-lock.json"
    if [ ! -e "$stamp" ] || [ "$1/package-lock.json" -nt "$stamp" ]; then
        say "getting the npm files of $1"
        npm ci --prefix "$1" --no-progress >&2
    fi
}

# What the build itself needs. Node.js comes with npm where it is missing; a
# machine that has npm from elsewhere keeps it.
BUILD_PACKAGES=(gcc libc6-dev cmake ninja-build pkg-config gzip
    libmicrohttpd-dev libcjson-dev libsodium-dev libcurl4-openssl-dev
    libcmocka-dev)
command -v npm >/dev/null || BUILD_PACKAGES+=(npm)
