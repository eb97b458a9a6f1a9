#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Check the files for Prometheus in deploy/ with its own tool, and run the tests
# of the alerts.
#
# usage: tests/deploy/rules.sh
#
# Exit status: 0 no check failed; 1 one failed; 2 invalid command line; 77, which
# CTest reports as skipped, if promtool is missing (TEST_SKIP_CODE sets another
# status).
#
# Example: tests/deploy/rules.sh
SCRIPT=$0
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 1
# shellcheck source=scripts/help.sh
. scripts/help.sh
read_help "$@"
[ $# -eq 0 ] || usage "unknown argument $1"

if ! command -v promtool >/dev/null; then
    echo "skipped: promtool is missing (Debian: prometheus)"
    exit "${TEST_SKIP_CODE:-77}"
fi
# The alerts are checked with the configuration that names them.
promtool check config deploy/prometheus.yml && promtool test rules deploy/alerts_test.yml
