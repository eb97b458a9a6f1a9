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
# Python writes no files beside the sources.
export PYTHONDONTWRITEBYTECODE=1

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

# become_root ARGUMENT...: go on as root, by sudo, with these arguments.
become_root() {
    [ "$(id -u)" -ne 0 ] || return 0
    command -v sudo >/dev/null || {
        say "needs root, and sudo is not available: run it as root"
        exit 1
    }
    exec sudo --preserve-env=CI -- "$(realpath "$SCRIPT")" "$@"
}

# need_npm DIR...: install the packages of each DIR's lock file, if they are
# missing.
need_npm() {
    local folder stamp
    for folder in "$@"; do
        stamp=$folder/node_modules/.package-lock.json
        [ -e "$stamp" ] && [ ! "$folder/package-lock.json" -nt "$stamp" ] && continue
        say "installing the npm packages of $folder"
        npm ci --prefix "$folder" --no-progress >&2 || return
    done
}

# not_installed FILE LOG: report why the packages of FILE could not be installed,
# and the remedy, and exit. In CI it is an error.
not_installed() {
    tail -n 5 "$2" >&2
    # A wrong hash is not a network problem, so it is never skipped.
    if grep -qE 'DO NOT MATCH THE HASHES|EINTEGRITY' "$2"; then
        say "a package does not match its hash in $1"
        exit 1
    fi
    say "could not install the packages of $1 (see $2)"
    case $1 in
    *.txt)
        say "pip needs a package index: set PIP_INDEX_URL to an index that you can reach,"
        say "or PIP_NO_INDEX=1 and PIP_FIND_LINKS to a folder of packages, and try again"
        ;;
    *.xml) say "Maven needs a repository: set a mirror in ~/.m2/settings.xml, and try again" ;;
    *) say "npm needs a registry: set npm_config_registry to one that you can reach, and try again" ;;
    esac
    [ "${CI:-}" != true ] || exit 1
    exit 77
}

# need_venv FOLDER REQUIREMENTS: install the packages of a file of requirements
# with hashes in FOLDER/venv, if they are missing or have changed. Exit with 77 if
# that fails, or 1 in CI.
need_venv() {
    local venv=$1/venv
    if ! cmp -s "$2" "$venv/requirements.txt"; then
        say "installing the Python packages of $2"
        rm -rf "$venv"
        { /usr/bin/python3 -m venv "$venv" &&
            "$venv/bin/pip" install --disable-pip-version-check --require-hashes \
                -r "$2"; } >"$1/pip.log" 2>&1 || {
            rm -rf "$venv"
            not_installed "$2" "$1/pip.log"
        }
        cp "$2" "$venv/requirements.txt"
    fi
}

# build_targets PRESET LOG TARGET...: build the targets; exit if that fails.
build_targets() {
    say "building (build/$1)"
    mkdir -p "$(dirname "$2")"
    if ! { cmake --preset "$1" &&
        cmake --build --preset "$1" --target "${@:3}"; } >"$2" 2>&1; then
        tail -n 50 "$2" >&2
        say "the build failed: see above"
        exit 1
    fi
}

# The packages for the build. npm, and Node.js with it, is added only if npm is
# missing, so that an npm from another source is kept.
BUILD_PACKAGES=(gcc libc6-dev cmake ninja-build pkg-config gzip
    libmicrohttpd-dev libgnutls28-dev libcjson-dev libsodium-dev libsqlite3-dev
    zlib1g-dev librdkafka-dev libcurl4-openssl-dev libcmocka-dev)
command -v npm >/dev/null || BUILD_PACKAGES+=(npm)
# What makes packages of it, and what tests them.
# shellcheck disable=SC2034 # for other scripts
PACKAGING_PACKAGES=(dpkg-dev debhelper git python3)
# shellcheck disable=SC2034
PACKAGES_TEST_PACKAGES=(binutils ca-certificates curl docker-compose faketime
    iproute2 lintian locales mmdebstrap openssl podman procps python3-venv runc
    systemd util-linux)
