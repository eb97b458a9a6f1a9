# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# For the tests of packages, which source it, and have a function fail TEXT.

# expect TEXT COMMAND...: the output of the command is the text.
expect() {
    local expected=$1 actual
    shift
    actual=$("$@") || true
    [ "$actual" = "$expected" ] || fail "$*: '$actual', expected '$expected'"
}
