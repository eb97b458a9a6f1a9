#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes the certificates of the tests of TLS in FOLDER, with openssl. Each NAME
# has NAME.crt and NAME.key:
#
#   ca           signs the others, but those that sign themselves
#   localhost    ECDSA P-256, for localhost and 127.0.0.1
#   rsa          RSA-2048, the same names
#   chain        signed by an intermediate, which is behind it in chain.crt
#   unsorted     the same chain in the wrong order
#   expired      has expired; later is not valid yet; weak has RSA-1024
#   encrypted    the key of localhost, with a password
#
# usage: tests/tls/certificates.sh FOLDER
#
# Exit status: 0 they are there, 1 openssl failed, 2 invalid command line.
#
# Example: tests/tls/certificates.sh build/certificates
set -eu
SCRIPT=$0
# shellcheck source=scripts/help.sh
. "$(dirname "$(readlink -f "$0")")/../../scripts/help.sh"
read_help "$@"
[ $# -eq 1 ] || usage "no folder given"
mkdir -p "$1"
cd "$1"
# A second call, as by another variant of a test, finds them.
[ ! -e complete ] || exit 0

names=subjectAltName=DNS:localhost,IP:127.0.0.1
curve="ec -pkeyopt ec_paramgen_curve:P-256"

# sign_self NAME KEY OPTION...
sign_self() {
    name=$1 kind=$2
    shift 2
    # shellcheck disable=SC2086 # the words of the kind
    openssl req -x509 -newkey $kind -nodes -keyout "$name.key" -out "$name.crt" \
        -subj "/CN=$name" "$@"
}

# sign NAME KEY ISSUER EXTENSION
sign() {
    # shellcheck disable=SC2086 # the words of the kind
    openssl req -newkey $2 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1"
    echo "$4" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA "$3.crt" -CAkey "$3.key" -CAcreateserial \
        -days 60 -extfile "$1.ext" -out "$1.crt"
}

# sign_dated NAME BEGIN END: self-signed, with the key of localhost. Only
# `openssl ca` sets dates, and it wants a folder for its books.
sign_dated() {
    mkdir -p "$1.books"
    : >"$1.books/index"
    cat >"$1.books/config" <<CONFIG
[ca]
default_ca = own
[own]
database = $1.books/index
new_certs_dir = $1.books
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
CONFIG
    cp localhost.key "$1.key"
    openssl ca -batch -selfsign -config "$1.books/config" -keyfile "$1.key" \
        -in localhost.csr -out "$1.crt" -startdate "$2" -enddate "$3" -notext
}

make_all() {
    sign_self ca "$curve" -days 60
    sign localhost "$curve" ca $names
    sign rsa rsa:2048 ca $names
    sign weak rsa:1024 ca $names
    sign intermediate "$curve" ca basicConstraints=critical,CA:true
    sign chain "$curve" intermediate $names
    cat intermediate.crt chain.crt >unsorted.crt
    cp chain.key unsorted.key
    cat intermediate.crt >>chain.crt
    sign_dated expired 20200101000000Z 20200201000000Z
    sign_dated later 20900101000000Z 20910101000000Z
    cp localhost.crt encrypted.crt
    openssl pkey -in localhost.key -aes256 -passout pass:secret -out encrypted.key
}

trap '[ -e complete ] || cat log >&2' EXIT
make_all >log 2>&1
chmod 600 ./*.key
touch complete
