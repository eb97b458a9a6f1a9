# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# For the other scripts, which source it right after they have gone to the folder
# of the project. Answers --help and unknown options, then installs the packages
# that they need on Debian and its derivatives; on other systems it lists them.
case $0 in
/*) SCRIPT=$0 ;;
*) SCRIPT=$OLDPWD/$0 ;;
esac
. scripts/help.sh
# The arguments are those of the script that sources this file.
read_help "$@"

# need_packages PACKAGE...: install the missing ones.
need_packages() {
    local missing=() package as_root=()
    if ! command -v apt-get >/dev/null; then
        say "this is not Debian; install these packages, here by their Debian names: $*"
        say "then run: cmake --preset release && cmake --build --preset release"
        exit 1
    fi
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            say "these packages are missing, and sudo is not available; install them as root:"
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

# need_npm DIR: install the packages of DIR's lock file, if they are missing.
need_npm() {
    local stamp="$1/node_modules/.package-lock.json"
    if [ ! -e "$stamp" ] || [ "$1/package-lock.json" -nt "$stamp" ]; then
        say "installing the npm packages of $1"
        npm ci --prefix "$1" --no-progress >&2
    fi
}

# The packages for the build. npm, and Node.js with it, is added only if npm is
# missing, so that an npm from another source is kept.
BUILD_PACKAGES=(gcc libc6-dev cmake ninja-build pkg-config gzip
    libmicrohttpd-dev libcjson-dev libsodium-dev zlib1g-dev
    libcurl4-openssl-dev libcmocka-dev)
command -v npm >/dev/null || BUILD_PACKAGES+=(npm)
