#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Check the dashboard without a browser: its types, its lint, or its unit tests,
# which are tests/web/*.test.ts. Each of them is bundled with what it imports from
# web/src into the folder LUNAR_ARTEFACTS, default build/web, and run by node.
#
# usage: tests/web/run.sh types
#        tests/web/run.sh lint [FILE...]     default all
#        tests/web/run.sh unit [NAME...]     default all; a NAME without .test.ts
#
# Exit status: 0 no fault, 1 a fault, 2 invalid command line; 77, which CTest
# reports as skipped, if node or the packages are missing. TEST_SKIP_CODE sets
# another status than 77, so that it fails.
#
# Example: tests/web/run.sh unit numbers
SCRIPT=$0
# shellcheck source=scripts/help.sh
. "$(dirname "$(readlink -f "$0")")/../../scripts/help.sh"
read_help "$@"

cd "$(dirname "$(readlink -f "$0")")/../.." || exit 1
if ! command -v node >/dev/null; then
    echo "skipped: node is missing (Debian: nodejs)"
    exit "${TEST_SKIP_CODE:-77}"
fi
for folder in web tests/web; do
    if [ ! -d $folder/node_modules ]; then
        echo "skipped: the npm packages are missing: npm ci --prefix $folder"
        exit "${TEST_SKIP_CODE:-77}"
    fi
done

# check_types: of the page and, with the types of node, of its tests.
check_types() {
    tsc=tests/web/node_modules/typescript/bin/tsc
    node $tsc --project web && node $tsc --project tests/web
}

# check_lint FILE...
check_lint() {
    node tests/web/node_modules/eslint/bin/eslint.js --max-warnings=0 \
        --config tests/web/eslint.config.mjs "$@"
}

# run_units FILE...: imports that are not relative are packages of the page. Of
# the signals there must be one copy, the one that the page imports.
run_units() {
    bundles=${LUNAR_ARTEFACTS:-build/web}/unit
    rm -rf "$bundles"
    NODE_PATH=web/node_modules web/node_modules/esbuild/bin/esbuild "$@" \
        --bundle --platform=node --target=node18 --format=esm \
        --alias:@preact/signals=./web/node_modules/@preact/signals/dist/signals.mjs \
        --jsx=automatic --jsx-import-source=preact --sourcemap=inline \
        --log-level=warning --outdir="$bundles" --out-extension:.js=.mjs &&
        node --enable-source-maps --test "$bundles"/*.test.mjs
}

command=${1-}
[ $# -eq 0 ] || shift
case $command in
types)
    [ $# -eq 0 ] || usage "unexpected argument $1"
    check_types
    ;;
lint)
    [ $# -gt 0 ] || set -- web/src tests/web
    check_lint "$@"
    ;;
unit)
    [ $# -gt 0 ] || set -- tests/web/*.test.ts
    for name in "$@"; do
        shift
        name=${name##*/}
        set -- "$@" "tests/web/${name%.test.ts}.test.ts"
    done
    run_units "$@"
    ;;
*) usage "one of types, lint and unit is needed" ;;
esac
