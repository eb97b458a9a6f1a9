#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run.sh COMMAND [ARGUMENT...]: run a command from the npm packages of this
# directory. If node or the packages are missing, exit with 77, which CTest
# reports as skipped; LUNAR_SKIP_CODE sets another code, so that it fails.
cd "$(dirname "$0")" || exit 1
if ! command -v node >/dev/null; then
    echo "skipped: node is missing (Debian: nodejs)"
    exit "${LUNAR_SKIP_CODE:-77}"
fi
if [ ! -d node_modules ]; then
    echo "skipped: the npm packages are missing: npm ci --prefix tests/browser"
    exit "${LUNAR_SKIP_CODE:-77}"
fi
PATH="$PWD/node_modules/.bin:$PATH"
exec "$@"
