#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run.sh <command> [argument...]: run a command of this directory's npm
# packages. Exits with 77, which ctest shows as skipped, where they are
# missing; LUNAR_SKIP_CODE makes that another code, to have it fail.
cd "$(dirname "$0")" || exit 1
if ! command -v node >/dev/null; then
    echo "skipped: node is missing (Debian: nodejs)"
    exit "${LUNAR_SKIP_CODE:-77}"
fi
if [ ! -d node_modules ]; then
    echo "skipped: get the packages with: npm ci --prefix tests/browser"
    exit "${LUNAR_SKIP_CODE:-77}"
fi
PATH="$PWD/node_modules/.bin:$PATH"
exec "$@"
