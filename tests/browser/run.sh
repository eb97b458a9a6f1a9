#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Run a command from the npm packages of this directory.
#
# usage: tests/browser/run.sh COMMAND [ARGUMENT...]
#
# Exit status: that of the command; 2 invalid command line; 77, which CTest
# reports as skipped, if node, the packages or one of the programs that
# LUNAR_NEEDS lists is missing. TEST_SKIP_CODE sets another status than 77, so
# that it fails.
#
# Example: tests/browser/run.sh redocly --version
SCRIPT=$0
# shellcheck source=scripts/help.sh
. "$(dirname "$(readlink -f "$0")")/../../scripts/help.sh"
# The command has options of its own.
read_help "${1-}"
[ $# -gt 0 ] || usage "no command given"

# Debian's nginx is in /usr/sbin, which only root has in PATH.
PATH="$PATH:/usr/sbin"
cd "$(dirname "$(readlink -f "$0")")" || exit 1
if ! command -v node >/dev/null; then
    echo "skipped: node is missing (Debian: nodejs)"
    exit "${TEST_SKIP_CODE:-77}"
fi
if [ ! -d node_modules ]; then
    echo "skipped: the npm packages are missing: npm ci --prefix tests/browser"
    exit "${TEST_SKIP_CODE:-77}"
fi
for program in $LUNAR_NEEDS; do
    if ! command -v "$program" >/dev/null; then
        echo "skipped: $program is missing"
        exit "${TEST_SKIP_CODE:-77}"
    fi
done
PATH="$PWD/node_modules/.bin:$PATH"
exec "$@"
