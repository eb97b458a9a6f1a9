#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run.sh COMMAND [ARGUMENT...]: run a command from the npm packages of this
# directory. If node, the packages or one of the programs that LUNAR_NEEDS lists
# is missing, exit with 77, which CTest reports as skipped; LUNAR_SKIP_CODE sets
# another code, so that it fails.
#
# Debian's nginx is in /usr/sbin, which only root has in PATH.
PATH="$PATH:/usr/sbin"
cd "$(dirname "$0")" || exit 1
if ! command -v node >/dev/null; then
    echo "skipped: node is missing (Debian: nodejs)"
    exit "${LUNAR_SKIP_CODE:-77}"
fi
if [ ! -d node_modules ]; then
    echo "skipped: the npm packages are missing: npm ci --prefix tests/browser"
    exit "${LUNAR_SKIP_CODE:-77}"
fi
for program in $LUNAR_NEEDS; do
    if ! command -v "$program" >/dev/null; then
        echo "skipped: $program is missing"
        exit "${LUNAR_SKIP_CODE:-77}"
    fi
done
PATH="$PWD/node_modules/.bin:$PATH"
exec "$@"
